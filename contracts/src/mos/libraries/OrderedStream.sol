// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title  Ordered stream
/// @notice Which message of a stream is to come next, where some that would come later have expired already.
/// @dev    Sequences count from 1. Sequences that expired out of turn are kept as runs, joined with their neighbours, so that
///         finding the next one costs the same however many expired.
library OrderedStream {
    struct Stream {
        /// @dev Everything up to here was delivered or expired.
        uint64 done;
        /// @dev Last sequence of the run of expired ones that starts here; 0 if none starts here.
        mapping(uint64 first => uint64 last) lastOf;
        /// @dev First sequence of the run of expired ones that ends here; 0 if none ends here.
        mapping(uint64 last => uint64 first) firstOf;
    }

    /// @notice The sequence that is to come next.
    function next(Stream storage self) internal view returns (uint64 sequence) {
        sequence = self.done + 1;
        uint64 last = self.lastOf[sequence];
        if (last != 0) sequence = last + 1;
    }

    /// @notice `sequence` is done with: delivered in its turn, or expired in or out of it. Once a sequence.
    function pass(Stream storage self, uint64 sequence) internal {
        uint64 done = self.done;
        // Behind a run at the head of the stream, which is passed with it.
        if (sequence == done + 1 || sequence == next(self)) {
            self.done = sequence;
            return;
        }
        if (sequence <= done) return;
        uint64 before = self.firstOf[sequence - 1];
        uint64 behind = self.lastOf[sequence + 1];
        uint64 first = before == 0 ? sequence : before;
        uint64 last = behind == 0 ? sequence : behind;
        self.lastOf[first] = last;
        self.firstOf[last] = first;
    }
}
