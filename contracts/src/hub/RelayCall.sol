// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DeliveryGas} from "../mos/libraries/DeliveryGas.sol";
import {MessageCodec} from "../mos/libraries/MessageCodec.sol";
import {IHub} from "./IHub.sol";

/// @title  Calls of relay targets
/// @notice With the gas that the sender asked for, and with no more of the return data than is used.
library RelayCall {
    /// @notice Bytes of a failed target's return data that are kept, as in MOS.
    uint256 internal constant RETURN_DATA_CAP = 512;
    /// @dev Bytes of a failed attempt's return data that are kept: `Hub_TargetFailed` with that much.
    uint256 private constant REASON_CAP = 4 + 0x40 + RETURN_DATA_CAP;
    /// @dev `abi.encode(bytes)` starts with its offset and its length. Bytes.
    uint256 private constant WORD = 0x20;
    uint256 private constant HEAD = 0x40;
    /// @dev Gas between asking how much is left and the call: its own price with a warm target, and the code around it.
    uint256 private constant CALL_MARGIN = 1_000;

    /// @notice Calls a target and takes what it returned as `abi.encode(bytes newMessage)`, exactly. Reverts with
    ///         `Hub_InsufficientGas` where it would get less than `gasLimit`, else with why it failed.
    function run(address target, uint256 gasLimit, bytes memory input) internal returns (bytes memory newMessage) {
        uint256 available = DeliveryGas.callGas(gasleft());
        if (available < gasLimit + CALL_MARGIN) {
            revert IHub.Hub_InsufficientGas(gasLimit + CALL_MARGIN, available);
        }
        bool ok;
        uint256 size;
        assembly ("memory-safe") {
            ok := call(gasLimit, target, 0, add(input, 0x20), mload(input), 0, 0)
            size := returndatasize()
        }
        if (!ok) revert IHub.Hub_TargetFailed(_returned(0, size, RETURN_DATA_CAP));
        if (size < HEAD || size > HEAD + MessageCodec.MAX_LENGTH) revert IHub.Hub_MalformedOutput();
        bytes memory offset = _returned(0, WORD, WORD);
        newMessage = _returned(WORD, size - WORD, size);
        // In place: what follows the offset is the length and the bytes, as in memory; the length in front is that of both.
        uint256 length;
        assembly ("memory-safe") {
            newMessage := add(newMessage, 0x20)
            length := mload(newMessage)
        }
        uint256 space = size - HEAD;
        if (uint256(bytes32(offset)) != WORD || length > space || space - length >= WORD || space % WORD != 0) {
            revert IHub.Hub_MalformedOutput();
        }
        // The padding: at most 31 bytes, behind the message in its last word.
        uint256 padding = space - length;
        uint256 last;
        assembly ("memory-safe") {
            last := mload(add(newMessage, space))
        }
        if (padding != 0 && last << (8 * (WORD - padding)) != 0) revert IHub.Hub_MalformedOutput();
    }

    /// @notice Calls with at most `gasGiven` gas. @return returned What came back, up to a cap.
    function capped(address target, uint256 gasGiven, bytes memory input)
        internal
        returns (bool ok, bytes memory returned)
    {
        uint256 size;
        assembly ("memory-safe") {
            ok := call(gasGiven, target, 0, add(input, 0x20), mload(input), 0, 0)
            size := returndatasize()
        }
        return (ok, _returned(0, size, REASON_CAP));
    }

    /// @dev `size` bytes of the last call's return data from `from`, at most `cap`. The caller has checked that they are there.
    ///      They are copied to free memory, and the free-memory pointer moves past them.
    function _returned(uint256 from, uint256 size, uint256 cap) private pure returns (bytes memory data) {
        if (size > cap) size = cap;
        assembly ("memory-safe") {
            data := mload(0x40)
            mstore(data, size)
            returndatacopy(add(data, 0x20), from, size)
            mstore(0x40, and(add(add(data, 0x3f), size), not(0x1f)))
        }
    }
}
