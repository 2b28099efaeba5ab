// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ILightClient} from "../light-clients/ILightClient.sol";
import {IMessageService} from "../mos/interfaces/IMessageService.sol";

/// @title  Prover
/// @notice Proves logs, receipts, transactions and storage of every chain that MOS has a route from, to contracts that
///         need no MOS on the other side. Stateless: nothing is consumed, so an application that acts on a proof must see
///         to it that it acts once.
/// @dev    Vouched for by the route's light client, as messages are: whoever administers MOS' routes decides which it is.
///         Lanes' pauses do not apply. A frozen light client's own error comes through. `proof` is `abi.encode` of the
///         struct named at the function, exactly; see docs/spec/proofs.md.
interface IProver {
    /// @notice Proof of a log.
    struct LogProof {
        /// @dev For `ILightClient.verifyReceiptsRoot`, or for `verifyBlock` where a block is returned.
        bytes blockProof;
        /// @dev Index of the transaction in the block.
        uint256 txIndex;
        /// @dev Counted inside the receipt.
        uint256 logIndex;
        /// @dev Nodes of the receipts trie from the root to the leaf, concatenated.
        bytes nodes;
    }

    /// @notice Proof of a receipt.
    struct ReceiptProof {
        /// @dev For `ILightClient.verifyReceiptsRoot`.
        bytes blockProof;
        uint256 txIndex;
        /// @dev Nodes of the receipts trie from the root to the leaf, concatenated.
        bytes nodes;
    }

    /// @notice Proof of a transaction.
    struct TransactionProof {
        /// @dev For `ILightClient.verifyBlock`.
        bytes blockProof;
        uint256 txIndex;
        /// @dev Nodes of the transactions trie from the root to the leaf, concatenated.
        bytes nodes;
    }

    /// @notice Proof of a storage slot's value after a block.
    struct StorageProof {
        /// @dev For `ILightClient.verifyBlock`.
        bytes blockProof;
        address account;
        bytes32 slot;
        /// @dev Nodes of the state trie from the root on, concatenated.
        bytes accountNodes;
        /// @dev Nodes of the account's storage trie from its root on, concatenated; none if that is empty.
        bytes storageNodes;
    }

    /// @notice MOS has no route from the chain. @param chainId EIP-155 id.
    error Prover_NoRoute(uint256 chainId);
    /// @notice A hub vouches for the chain here: the route's light client follows the hub's chain, and what it proves are
    ///         logs and storage of that chain, which is not this one.
    error Prover_HubRoute(uint256 chainId);
    /// @notice The address has no code.
    error Prover_NotAContract(address account);

    /// @notice A log of a final block. Two blocks whose receipts are the same have the same receipts root and so the same
    ///         proof: who must tell apart two logs that look the same takes `verifyLogInBlock`.
    /// @param  proof `abi.encode(LogProof)`; its block proof may be the shorter one for the receipts root alone.
    function verifyLog(uint256 chainId, bytes calldata proof)
        external
        view
        returns (address emitter, bytes32[] memory topics, bytes memory data);

    /// @notice A log of a final block, and where it is: (`finalBlock.hash`, `txIndex`, `logIndex`) names it once.
    /// @param  proof `abi.encode(LogProof)`, its block proof for `ILightClient.verifyBlock`.
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
        );

    /// @notice A receipt of a final block, with all its logs: `type || rlp([status, cumulativeGasUsed, bloom, logs])`.
    ///         What is said of `verifyLog` holds: the same receipts have the same proof.
    /// @param  proof `abi.encode(ReceiptProof)`.
    function verifyReceipt(uint256 chainId, bytes calldata proof)
        external
        view
        returns (bytes memory receipt, uint256 txIndex);

    /// @notice A transaction of a final block, as it was signed; whether it succeeded says its receipt.
    /// @param  proof `abi.encode(TransactionProof)`.
    function verifyTransaction(uint256 chainId, bytes calldata proof)
        external
        view
        returns (bytes memory transaction, uint256 txIndex, ILightClient.Block memory finalBlock);

    /// @notice The value of a storage slot after a final block: zero if the slot or the account is not there. A proof
    ///         stays valid when the slot changes: who needs the present value compares the block's time.
    /// @param  proof `abi.encode(StorageProof)`.
    function verifyStorage(uint256 chainId, bytes calldata proof)
        external
        view
        returns (address account, bytes32 slot, bytes32 value, ILightClient.Block memory finalBlock);

    /// @notice The message service whose routes name the light clients.
    function mos() external view returns (IMessageService);
}
