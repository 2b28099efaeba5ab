// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ILightClient} from "../light-clients/ILightClient.sol";
import {Receipts} from "../proofs/Receipts.sol";

/// @title  Gas of a log proven through a light client
/// @notice What `npm run bench` calls; never part of a deployment. Measures one call that has a light client prove a block,
///         proves a receipt of it and extracts a log: with everything that the light client reads cold, as it is in a
///         transaction of its own, without that transaction's base cost and calldata.
contract LogProofGas {
    /// @notice The proof did not verify. @param reason Revert data.
    error LogProofGas_Failed(bytes reason);

    /// @notice Gas of proving the log at `logIndex` of the receipt at `txIndex` of the block that `blockProof` proves.
    function measure(
        ILightClient client,
        bytes calldata blockProof,
        uint256 txIndex,
        uint256 logIndex,
        bytes calldata nodes
    ) external view returns (uint256 gasUsed, address emitter, uint256 topicCount, bytes32 dataHash) {
        bytes memory input = abi.encodeCall(this.prove, (client, blockProof, txIndex, logIndex, nodes));
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
        if (!success) revert LogProofGas_Failed(result);
        (emitter, topicCount, dataHash) = abi.decode(result, (address, uint256, bytes32));
    }

    /// @notice The proven log's emitter and number of topics, and the hash of its data.
    function prove(
        ILightClient client,
        bytes calldata blockProof,
        uint256 txIndex,
        uint256 logIndex,
        bytes calldata nodes
    ) external view returns (address emitter, uint256 topicCount, bytes32 dataHash) {
        bytes32 root = client.verifyReceiptsRoot(blockProof);
        bytes32[] memory topics;
        bytes calldata data;
        (emitter, topics, data) = Receipts.logAt(Receipts.verify(root, txIndex, nodes), logIndex);
        return (emitter, topics.length, keccak256(data));
    }
}
