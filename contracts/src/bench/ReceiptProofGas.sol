// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Receipts} from "../proofs/Receipts.sol";

/// @title  Gas of a receipt proof
/// @notice What `npm run bench` calls; never part of a deployment. Measures as the peers' figures were measured: one call
///         to a warm contract, with the callee's own decoding and the hash of what was proven, without the transaction's
///         base cost and calldata.
contract ReceiptProofGas {
    /// @notice The proof did not verify. @param reason Revert data of the library.
    error ReceiptProofGas_Failed(bytes reason);

    /// @notice Gas of proving the log at `logIndex` of the receipt at `txIndex`.
    function measure(bytes32 root, uint256 txIndex, uint256 logIndex, bytes calldata nodes)
        external
        view
        returns (uint256 gasUsed, bytes32 digest)
    {
        bytes memory call = abi.encodeCall(this.prove, (root, txIndex, logIndex, nodes));
        uint256 before = gasleft();
        (bool success, bytes memory result) = address(this).staticcall(call);
        gasUsed = before - gasleft();
        if (!success) revert ReceiptProofGas_Failed(result);
        digest = abi.decode(result, (bytes32));
    }

    /// @notice Hash of the proven log's emitter, topics and data.
    function prove(bytes32 root, uint256 txIndex, uint256 logIndex, bytes calldata nodes)
        external
        pure
        returns (bytes32 digest)
    {
        (address emitter, bytes32[] memory topics, bytes memory data) =
            Receipts.logAt(Receipts.verify(root, txIndex, nodes), logIndex);
        digest = keccak256(abi.encodePacked(emitter, topics, keccak256(data)));
    }
}
