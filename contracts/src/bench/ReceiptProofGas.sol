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
        returns (uint256 gasUsed, address emitter, uint256 topicCount, bytes32 dataHash)
    {
        bytes memory input = abi.encodeCall(this.prove, (root, txIndex, logIndex, nodes));
        bool success;
        // Nothing but the call is between the two readings; what it returned is copied afterwards.
        assembly ("memory-safe") {
            let before := gas()
            success := staticcall(gas(), address(), add(input, 0x20), mload(input), 0, 0)
            gasUsed := sub(before, gas())
        }
        bytes memory result;
        // A buffer of the returned length behind the free memory pointer, which then moves past it.
        assembly ("memory-safe") {
            result := mload(0x40)
            mstore(result, returndatasize())
            returndatacopy(add(result, 0x20), 0, returndatasize())
            mstore(0x40, add(add(result, 0x20), and(add(returndatasize(), 0x1f), not(0x1f))))
        }
        if (!success) revert ReceiptProofGas_Failed(result);
        (emitter, topicCount, dataHash) = abi.decode(result, (address, uint256, bytes32));
    }

    /// @notice The proven log's emitter and number of topics, and the hash of its data.
    function prove(bytes32 root, uint256 txIndex, uint256 logIndex, bytes calldata nodes)
        external
        pure
        returns (address emitter, uint256 topicCount, bytes32 dataHash)
    {
        bytes32[] memory topics;
        bytes calldata data;
        (emitter, topics, data) = Receipts.logAt(Receipts.verify(root, txIndex, nodes), logIndex);
        return (emitter, topics.length, keccak256(data));
    }
}
