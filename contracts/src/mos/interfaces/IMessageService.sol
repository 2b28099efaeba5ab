// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ILightClient} from "../../light-clients/ILightClient.sol";
import {IFeeService} from "./IFeeService.sol";
import {IMOSV3} from "./IMOSV3.sol";

/// @title  Message service (MOS)
/// @notice `IMOSV3` and what Meridian adds to it: batches, update and delivery in one transaction, retry.
interface IMessageService is IMOSV3 {
    /// @notice Outcome of an order on its target chain.
    enum Outcome {
        None,
        Failed,
        Delivered
    }

    /// @notice Proof that a receipt is in a final block. `receiptProof` of `transferIn…` is `abi.encode(ReceiptProof)`.
    struct ReceiptProof {
        /// @dev For `ILightClient.verifyBlock`.
        bytes blockProof;
        /// @dev Index of the transaction in the block; the trie key is its RLP.
        uint256 txIndex;
        /// @dev Trie nodes from the root to the leaf, concatenated (each node's RLP delimits itself).
        bytes nodes;
    }

    /// @notice One message of a batch.
    struct BatchMember {
        uint256 txIndex;
        /// @dev Counted inside the receipt.
        uint256 logIndex;
        /// @dev Indices into `BatchProof.nodes`, from the root to the leaf, two bytes each, big-endian.
        bytes path;
    }

    /// @notice Many messages of one block: they share the block proof and the trie nodes.
    struct BatchProof {
        bytes blockProof;
        bytes[] nodes;
        BatchMember[] members;
    }

    /// @notice Why a member of a batch or a log of a receipt was passed over.
    enum SkipReason {
        AlreadyDelivered,
        ForeignEmitter,
        ForeignTopic,
        ForeignLane,
        MalformedLog,
        LanePaused
    }

    /// @notice A failed message, as `mapMessageIn` and `MessageStored` described it: everything `retry` needs.
    struct StoredMessage {
        uint256 fromChain;
        /// @dev MOS on the source chain, 20 bytes.
        address fromMos;
        uint256 toChain;
        bytes32 orderId;
        /// @dev Sender on the source chain.
        bytes fromAddress;
        /// @dev The encoded `MessageData`, byte for byte as sent.
        bytes messageData;
    }

    /// @notice The light client and MOS that vouch for messages from `fromChain`. One at a time.
    struct Route {
        ILightClient lightClient;
        /// @dev MOS on the source chain: the only emitter whose logs count.
        address remoteMos;
    }

    /// @notice The target failed; the message is kept and anybody may `retry` it.
    /// @param  commitment `keccak256(abi.encode(StoredMessage))`.
    event MessageStored(uint256 indexed fromChain, bytes32 indexed orderId, bytes32 commitment);
    /// @notice A log of the receipt or a member of the batch was passed over.
    event MessageSkipped(uint256 indexed fromChain, uint256 txIndex, uint256 logIndex, SkipReason reason);
    /// @notice The batch stopped before `next` for want of gas; everything before it is done.
    event BatchStopped(uint256 indexed fromChain, uint256 next);
    /// @notice The route for a source chain changed.
    event RouteSet(uint256 indexed fromChain, ILightClient lightClient, address remoteMos);
    /// @notice A lane was paused or unpaused in one direction.
    event LanePaused(uint256 indexed chainId, bool outbound, bool paused);
    /// @notice The fee service changed.
    event FeeServiceSet(IFeeService previous, IFeeService current);

    /// @notice No route for the chain. @param chainId EIP-155 id.
    error MOS_NoRoute(uint256 chainId);
    /// @notice The lane is paused in this direction.
    error MOS_LanePaused(uint256 chainId, bool outbound);
    /// @notice `transferOut` to this very chain.
    error MOS_SameChain(uint256 chainId);
    /// @notice The message is in neither of the two accepted encodings, or not canonically.
    error MOS_MalformedMessage();
    /// @notice The message is longer than this MOS carries. @param limit Bytes. @param given Bytes.
    error MOS_MessageTooLong(uint256 limit, uint256 given);
    /// @notice The target is not an EVM address. @param expected Bytes. @param given Bytes.
    error MOS_TargetLength(uint256 expected, uint256 given);
    /// @notice `value` must be 0.
    error MOS_ValueNotSupported(uint256 given);
    /// @notice `relay` needs a hub, and this chain pair has none.
    error MOS_RelayNotSupported();
    /// @notice The gas limit is outside what MOS carries. @param min Gas. @param max Gas. @param given Gas.
    error MOS_GasLimit(uint256 min, uint256 max, uint256 given);
    /// @notice `msg.value` does not cover the fee. @param expected Wei. @param given Wei.
    error MOS_FeeTooLow(uint256 expected, uint256 given);
    /// @notice Native coin was sent along with a token fee.
    error MOS_UnexpectedValue(uint256 given);
    /// @notice The excess fee could not be returned to the caller.
    error MOS_RefundFailed(address to, uint256 amount);
    /// @notice The log was not emitted by the source chain's MOS. @param expected MOS. @param given Emitter.
    error MOS_ForeignEmitter(address expected, address given);
    /// @notice The log is not `mapMessageOut`. @param expected Topic 0. @param given Topic 0, zero if there is none.
    error MOS_ForeignTopic(bytes32 expected, bytes32 given);
    /// @notice The log is of another lane. @param fromChain Of the log. @param toChain Of the log.
    error MOS_ForeignLane(uint256 fromChain, uint256 toChain);
    /// @notice The log's data is not what MOS emits.
    error MOS_MalformedLog();
    /// @notice The order id does not commit to the log's own fields. @param expected Recomputed. @param given In the log.
    error MOS_OrderIdMismatch(bytes32 expected, bytes32 given);
    /// @notice The order was consumed before.
    error MOS_AlreadyDelivered(uint256 fromChain, bytes32 orderId);
    /// @notice The gas left does not cover the message's gas limit; nothing was consumed.
    /// @param  expected Gas needed. @param given Gas left.
    error MOS_InsufficientGas(uint256 expected, uint256 given);
    /// @notice No failed message is stored under this commitment.
    error MOS_NotStored(bytes32 commitment);
    /// @notice The retried message failed again; it stays stored. @param reason The target's return data, capped.
    error MOS_RetryFailed(bytes reason);
    /// @notice None of the receipt's logs could be delivered.
    error MOS_NothingDelivered();
    /// @notice The route's light client is not usable.
    error MOS_LightClientStatus(ILightClient.Status status);

    /// @notice Applies updates to the source chain's light client, then delivers one message, in one transaction.
    /// @param  updates For `ILightClient.update`, in order. One that turns out not to be new is no error.
    function updateAndTransferIn(
        uint256 chainId,
        bytes[] calldata updates,
        uint256 logIndex,
        bytes calldata receiptProof
    ) external;

    /// @notice Delivers many messages of one block. A bad proof reverts all; a log that is already delivered, foreign or
    ///         malformed is skipped and reported; the batch stops where the gas left does not cover the next member.
    /// @param  updates    For `ILightClient.update`, may be empty.
    /// @param  batchProof `abi.encode(BatchProof)`.
    /// @return delivered How many members were consumed, failed ones included.
    function transferInBatch(uint256 chainId, bytes[] calldata updates, bytes calldata batchProof)
        external
        returns (uint256 delivered);

    /// @notice Runs a failed message again with at least its own gas limit. Reverts, and keeps it, if it fails again.
    function retry(StoredMessage calldata message) external;

    /// @notice Sets the light client and MOS that vouch for `fromChain`. Timelock only.
    function setRoute(uint256 fromChain, ILightClient lightClient, address remoteMos) external;

    /// @notice Sets the fee service. Timelock only.
    function setFeeService(IFeeService feeService) external;

    /// @notice Pauses a lane in one direction. Pauser only.
    function pauseLane(uint256 chainId, bool outbound) external;

    /// @notice Unpauses a lane in one direction. Unpauser only.
    function unpauseLane(uint256 chainId, bool outbound) external;

    /// @notice The route for a source chain; zeros if there is none.
    function route(uint256 fromChain) external view returns (Route memory);

    /// @notice Outcome of an order from `fromChain`; means something only for ids that the source issued.
    function outcome(uint256 fromChain, bytes32 orderId) external view returns (Outcome);

    /// @notice Next nonce of the lane to `toChain`.
    function laneNonce(uint256 toChain) external view returns (uint64);

    /// @notice Whether a lane is paused in one direction.
    function isLanePaused(uint256 chainId, bool outbound) external view returns (bool);

    /// @notice The fee service.
    function feeService() external view returns (IFeeService);
}
