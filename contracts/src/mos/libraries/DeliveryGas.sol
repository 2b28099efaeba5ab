// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMessageService} from "../interfaces/IMessageService.sol";
import {MessageCodec} from "./MessageCodec.sol";

/// @title  What a delivery costs besides its target
/// @notice Where a figure falls short, the whole call reverts and nothing is consumed: safety depends on none of them.
library DeliveryGas {
    /// @dev Gas that MOS spends on one message besides the target's own, at most, for an empty payload. Two storage
    ///      writes from zero (44,200: the nonce word, and the commitment of a failure or the stream's place), five cold
    ///      reads (10,500), the cold target (2,600), three events with the capped return data (about 15,000), and the code
    ///      around them; rounded up.
    ///      Safety does not depend on it: where it falls short, the whole call reverts and nothing is consumed.
    uint256 private constant RESERVE = 85_000;
    /// @dev The same for each byte of the payload: copied for the call (6 gas a word with memory), for the event (8 a
    ///      byte and 6 a word) and for the commitment (12 a word and 6 to hash); quadratic memory below 1 a byte.
    uint256 private constant RESERVE_PER_BYTE = 12;
    /// @notice Gas that MOS spends besides to record that an ordered message expired out of its turn, at most: both ends of
    ///         the run of expired ones that it joins, two more storage writes from zero (44,200), rounded up.
    uint256 internal constant STREAM_RUN = 45_000;

    /// @dev Gas to verify one byte of a receipt: copied and hashed (12 a word with memory), and quadratic memory, below 3.3
    ///      a byte for the longest receipt that a transaction can carry (1.67 MB, EIP-7623 and EIP-7825).
    uint256 private constant GAS_PER_RECEIPT_BYTE = 4;
    /// @dev Gas to pass over one log of a receipt; measured 501.
    uint256 private constant GAS_PER_LOG = 600;

    /// @notice EIP-150: the most that a call can receive of `available`.
    function callGas(uint256 available) internal pure returns (uint256) {
        return available - available / 64;
    }

    /// @notice Gas that MOS keeps for itself around a message of `length` bytes.
    function reserve(uint256 length) internal pure returns (uint256) {
        return RESERVE + RESERVE_PER_BYTE * length;
    }

    /// @notice Gas that a retried target receives: all but what MOS needs around it, and at least the message's own limit.
    /// @param  left What `gasleft()` says.
    function forRetry(uint256 left, uint256 gasLimit, uint256 length) internal pure returns (uint256) {
        uint256 available = callGas(left);
        uint256 reserved = reserve(length);
        return available > gasLimit + reserved ? available - reserved : gasLimit;
    }

    /// @notice Gas that a batch member needs at least, besides the reserve: its receipt, in the node at the end of the
    ///         path, is hashed and read up to its log, then a message is delivered. What is no path is for the verifier to
    ///         refuse.
    function leastOfMember(bytes[] calldata nodes, IMessageService.BatchMember calldata member)
        internal
        pure
        returns (uint256)
    {
        bytes calldata path = member.path;
        uint256 index = path.length < 2 ? nodes.length : uint16(bytes2(path[path.length - 2:]));
        uint256 length = index < nodes.length ? nodes[index].length : 0;
        uint256 logsBefore = member.logIndex < length ? member.logIndex : length;
        return MessageCodec.MIN_GAS_LIMIT + GAS_PER_RECEIPT_BYTE * length + GAS_PER_LOG * logsBefore;
    }
}
