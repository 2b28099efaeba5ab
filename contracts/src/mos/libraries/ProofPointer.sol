// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMessageService} from "../interfaces/IMessageService.sol";

/// @title  Proofs, pointed at in calldata
/// @notice Points a struct at `abi.encode` of it behind its first word, without copying. Where the offsets inside it lead,
///         inside the calldata or beyond (Solidity checks each against its end), is the prover's affair: every byte is hashed.
library ProofPointer {
    /// @dev What `abi.encode` of one dynamic struct starts with.
    uint256 private constant TUPLE_OFFSET = 0x20;
    /// @dev That word and the three words of either struct's head. Bytes.
    uint256 private constant MIN_LENGTH = 0x80;

    /// @notice `data` as `abi.encode(ReceiptProof)`.
    function asReceiptProof(bytes calldata data) internal pure returns (IMessageService.ReceiptProof calldata proof) {
        _requireTuple(data);
        assembly ("memory-safe") {
            proof := add(data.offset, 0x20)
        }
    }

    /// @notice `data` as `abi.encode(BatchProof)`.
    function asBatchProof(bytes calldata data) internal pure returns (IMessageService.BatchProof calldata proof) {
        _requireTuple(data);
        assembly ("memory-safe") {
            proof := add(data.offset, 0x20)
        }
    }

    function _requireTuple(bytes calldata data) private pure {
        if (data.length < MIN_LENGTH || uint256(bytes32(data)) != TUPLE_OFFSET) {
            revert IMessageService.MOS_MalformedProof(data.length < TUPLE_OFFSET ? 0 : uint256(bytes32(data)));
        }
    }
}
