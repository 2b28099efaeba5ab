// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ILightClient} from "../light-clients/ILightClient.sol";
import {IMessageService} from "../mos/interfaces/IMessageService.sol";
import {Receipts} from "../proofs/Receipts.sol";
import {StateProof} from "../proofs/StateProof.sol";
import {Transactions} from "../proofs/Transactions.sol";
import {IProver} from "./IProver.sol";
import {ProofEncoding} from "./ProofEncoding.sol";

/// @title  Prover
/// @notice See `IProver`. Has no owner, no storage and no way to be changed.
contract Prover is IProver {
    using ProofEncoding for bytes;

    /// @inheritdoc IProver
    IMessageService public immutable mos;

    /// @param mos_ The message service whose routes name the light clients.
    constructor(IMessageService mos_) {
        if (address(mos_).code.length == 0) revert Prover_NotAContract(address(mos_));
        mos = mos_;
    }

    /// @inheritdoc IProver
    function verifyLog(uint256 chainId, bytes calldata proof)
        external
        view
        returns (address emitter, bytes32[] memory topics, bytes memory data)
    {
        (bytes calldata blockProof, uint256 txIndex, uint256 logIndex, bytes calldata nodes) = _logProof(proof);
        return _log(_lightClient(chainId).verifyReceiptsRoot(blockProof), txIndex, logIndex, nodes);
    }

    /// @inheritdoc IProver
    function verifyLogInBlock(uint256 chainId, bytes calldata proof)
        external
        view
        returns (
            address emitter,
            bytes32[] memory topics,
            bytes memory data,
            uint256 txIndex,
            uint256 logIndex,
            ILightClient.Block memory finalBlock
        )
    {
        bytes calldata blockProof;
        bytes calldata nodes;
        (blockProof, txIndex, logIndex, nodes) = _logProof(proof);
        finalBlock = _lightClient(chainId).verifyBlock(blockProof);
        (emitter, topics, data) = _log(finalBlock.receiptsRoot, txIndex, logIndex, nodes);
    }

    /// @inheritdoc IProver
    function verifyReceipt(uint256 chainId, bytes calldata proof)
        external
        view
        returns (bytes memory receipt, uint256 txIndex)
    {
        bytes calldata blockProof;
        bytes calldata nodes;
        (blockProof, txIndex, nodes) = proof.item();
        receipt = Receipts.verify(_lightClient(chainId).verifyReceiptsRoot(blockProof), txIndex, nodes);
    }

    /// @inheritdoc IProver
    function verifyTransaction(uint256 chainId, bytes calldata proof)
        external
        view
        returns (bytes memory transaction, uint256 txIndex, ILightClient.Block memory finalBlock)
    {
        bytes calldata blockProof;
        bytes calldata nodes;
        (blockProof, txIndex, nodes) = proof.item();
        finalBlock = _lightClient(chainId).verifyBlock(blockProof);
        transaction = Transactions.verify(finalBlock.transactionsRoot, txIndex, nodes);
    }

    /// @inheritdoc IProver
    function verifyStorage(uint256 chainId, bytes calldata proof)
        external
        view
        returns (address account, bytes32 slot, bytes32 value, ILightClient.Block memory finalBlock)
    {
        uint256 next = proof.begin(5);
        bytes calldata blockProof;
        bytes calldata accountNodes;
        bytes calldata storageNodes;
        (blockProof, next) = proof.tail(0, next);
        account = proof.addressAt(1);
        slot = proof.word(2);
        (accountNodes, next) = proof.tail(3, next);
        (storageNodes, next) = proof.tail(4, next);
        proof.end(next);
        finalBlock = _lightClient(chainId).verifyBlock(blockProof);
        value = StateProof.storageAt(finalBlock.stateRoot, account, slot, accountNodes, storageNodes);
    }

    /// @dev The light client that vouches for the chain.
    function _lightClient(uint256 chainId) private view returns (ILightClient lightClient) {
        IMessageService.Route memory route = mos.route(chainId);
        if (address(route.lightClient) == address(0)) revert Prover_NoRoute(chainId);
        if (route.hub != address(0)) revert Prover_HubRoute(chainId);
        return route.lightClient;
    }

    function _log(bytes32 receiptsRoot, uint256 txIndex, uint256 logIndex, bytes calldata nodes)
        private
        pure
        returns (address emitter, bytes32[] memory topics, bytes memory data)
    {
        return Receipts.logAt(Receipts.verify(receiptsRoot, txIndex, nodes), logIndex);
    }

    /// @dev `LogProof`.
    function _logProof(bytes calldata proof)
        private
        pure
        returns (bytes calldata blockProof, uint256 txIndex, uint256 logIndex, bytes calldata nodes)
    {
        uint256 next = proof.begin(4);
        (blockProof, next) = proof.tail(0, next);
        txIndex = uint256(proof.word(1));
        logIndex = uint256(proof.word(2));
        (nodes, next) = proof.tail(3, next);
        proof.end(next);
    }
}
