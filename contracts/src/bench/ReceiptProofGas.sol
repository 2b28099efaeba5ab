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
        returns (uint256 gasUsed, address emitter, bytes32 topic, bytes32 dataHash)
    {
        bytes memory call = abi.encodeCall(this.prove, (root, txIndex, logIndex, nodes));
        uint256 before = gasleft();
        (bool success, bytes memory result) = address(this).staticcall(call);
        gasUsed = before - gasleft();
        if (!success) revert ReceiptProofGas_Failed(result);
        (emitter, topic, dataHash) = abi.decode(result, (address, bytes32, bytes32));
    }

    /// @notice The proven log's emitter and first topic, and the hash of its data.
    function prove(bytes32 root, uint256 txIndex, uint256 logIndex, bytes calldata nodes)
        external
        pure
        returns (address emitter, bytes32 topic, bytes32 dataHash)
    {
        bytes32[] memory topics;
        bytes calldata data;
        (emitter, topics, data) = Receipts.logAt(Receipts.verify(root, txIndex, nodes), logIndex);
        return (emitter, topics[0], keccak256(data));
    }
}
