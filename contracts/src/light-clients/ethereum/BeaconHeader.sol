// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {SszBranch} from "../../proofs/SszBranch.sol";
import {Calldata} from "./Calldata.sol";

/// @title  Root of a beacon block header around one of its fields
/// @notice Where a branch leads to a field, the field need not be sent, nor what hashes together with it: the slot and
///         two siblings are enough. The caller has checked that they lie inside its own calldata.
/// @dev    Five fields in a tree of eight, by generalized index:
///
///             1 ─┬─ 2 ─┬─ 4 ─┬─  8  slot
///                │     │     └─  9  proposer_index
///                │     └─ 5 ─┬─ 10  parent_root
///                │           └─ 11  state_root
///                └─ 3 ─┬─ 6 ─┬─ 12  body_root
///                      │     └─ 13  zero
///                      └─ 7  two zeros, hashed
///
///         The slot is hashed at 8 whichever field the root is computed around, so no proof can lend a header another
///         slot, and with it another fork's layout.
library BeaconHeader {
    /// @dev `slot(8) ‖ proposer_index(8) ‖ node 5`.
    uint256 internal constant AROUND_BODY_BYTES = 48;
    /// @dev `slot(8) ‖ proposer_index(8) ‖ parent_root(32) ‖ node 3`.
    uint256 internal constant AROUND_STATE_BYTES = 80;

    /// @dev Node 7: SHA-256 of two zero words.
    bytes32 private constant ZERO_PAIR = 0xf5a5fd42d16a20302798ef6ed309979b43003d2320d9f0e8ea9831a92759fb4b;
    /// @dev Lower half of each pair of bytes, of each pair of pairs, of each half of an integer; two integers of 64 bits.
    uint256 private constant BYTES = 0x00ff00ff00ff00ff00ff00ff00ff00ff;
    uint256 private constant PAIRS = 0x0000ffff0000ffff0000ffff0000ffff;
    uint256 private constant HALVES = 0x00000000ffffffff00000000ffffffff;

    /// @notice Root of the header whose `body_root` is given and whose rest, `AROUND_BODY_BYTES`, is at `offset`.
    function rootAroundBody(uint256 offset, bytes32 bodyRoot) internal view returns (bytes32) {
        bytes32 left = SszBranch.hashPair(_slotAndProposer(offset), Calldata.wordAt(offset + 16));
        return SszBranch.hashPair(left, SszBranch.hashPair(SszBranch.hashPair(bodyRoot, 0), ZERO_PAIR));
    }

    /// @notice Root of the header whose `state_root` is given and whose rest, `AROUND_STATE_BYTES`, is at `offset`.
    function rootAroundState(uint256 offset, bytes32 stateRoot) internal view returns (bytes32) {
        bytes32 roots = SszBranch.hashPair(Calldata.wordAt(offset + 16), stateRoot);
        return SszBranch.hashPair(SszBranch.hashPair(_slotAndProposer(offset), roots), Calldata.wordAt(offset + 48));
    }

    /// @dev Node 4. Both integers at once, each turned to little-endian: neighbouring bytes, then pairs, then halves
    ///      change places. The masks keep the two from mixing.
    function _slotAndProposer(uint256 offset) private view returns (bytes32) {
        uint256 v = Calldata.uintAt(offset) >> 128;
        v = ((v >> 8) & BYTES) | ((v & BYTES) << 8);
        v = ((v >> 16) & PAIRS) | ((v & PAIRS) << 16);
        v = ((v >> 32) & HALVES) | ((v & HALVES) << 32);
        return SszBranch.hashPair(bytes32((v >> 64) << 192), bytes32(v << 192));
    }
}
