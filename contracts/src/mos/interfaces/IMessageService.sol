// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ILightClient} from "../../light-clients/ILightClient.sol";
import {IFeeService} from "./IFeeService.sol";
import {IMOSV3} from "./IMOSV3.sol";

/// @title  Message service (MOS)
/// @notice `IMOSV3` and what Meridian adds to it: options, batches, update and delivery in one transaction, retry, expiry,
///         and records of delivery and expiry that the source chain can have proven to it.
interface IMessageService is IMOSV3 {
    /// @notice Outcome of an order on its target chain. Delivered and Expired are final, and exclude each other.
    enum Outcome {
        None,
        Failed,
        Delivered,
        Expired
    }

    /// @notice What a sender may ask for beside the message.
    struct MessageOptions {
        /// @dev Unix seconds on the target chain; from then on the message is not run any more. 0: it never expires.
        uint64 deadline;
        /// @dev Whether it runs after the sender's earlier ordered messages to the same target, and only then.
        bool ordered;
        /// @dev Who gets the fee back if the message expires without having been run. Zero: the sender.
        address refundRecipient;
    }

    /// @notice Proof that a receipt is in a final block. `receiptProof` of `transferIn…` is `abi.encode(ReceiptProof)`.
    struct ReceiptProof {
        /// @dev For `ILightClient.verifyReceiptsRoot`.
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

    /// @notice Why a member of a batch or a log of a receipt was passed over, by MOS or by a hub. `None`: it was not.
    /// @dev    `AlreadyDelivered`: consumed here before, or at a hub forwarded before. `Relay`: a hub runs it before it goes
    ///         on; MOS never does, and a hub not by forwarding it. `LaneClosed`: at a hub, that to the target.
    enum SkipReason {
        None,
        AlreadyDelivered,
        ForeignEmitter,
        ForeignTopic,
        ForeignLane,
        MalformedLog,
        OrderIdMismatch,
        MalformedMessage,
        OutOfOrder,
        Relay,
        LaneClosed
    }

    /// @notice A failed message: everything `retry` needs. `MessageStored` has what is not in `mapMessageOut`.
    struct StoredMessage {
        uint256 fromChain;
        /// @dev The light client that vouched for it: a retry never has more authority than the delivery had.
        ILightClient lightClient;
        /// @dev The hub whose log that light client vouched for; zero: MOS' own log on the source chain.
        address hub;
        /// @dev MOS on the source chain, 20 bytes.
        address fromMos;
        uint256 toChain;
        bytes32 orderId;
        /// @dev Sender on the source chain.
        bytes fromAddress;
        /// @dev The encoded `MessageData`, byte for byte as sent.
        bytes messageData;
        /// @dev The encoded options, byte for byte as sent; empty if there are none.
        bytes options;
    }

    /// @notice Who vouches for messages from a source chain. One route at a time: direct, or over a hub.
    /// @dev    Over a hub the light client follows the hub's chain: what it proves are that chain's logs, and nothing of the
    ///         source chain itself.
    struct Route {
        ILightClient lightClient;
        /// @dev MOS on the source chain: order ids commit to it, and replay keys and streams name it, whatever the route.
        address remoteMos;
        /// @dev The hub on the light client's chain: the only emitter whose logs count. Zero: direct, and that is `remoteMos`.
        address hub;
    }

    /// @notice A message with options left this chain. Otherwise as `mapMessageOut`.
    /// @param  options `abi.encode(uint64 deadline, uint64 sequence, address refundRecipient)`; sequence 0: not ordered.
    event mapMessageOutWithOptions(
        uint256 indexed fromChain,
        uint256 indexed toChain,
        bytes32 orderId,
        bytes fromAddrss,
        bytes callData,
        bytes options
    );
    /// @notice An order was consumed here by running it, whether it succeeded or failed: its fee is due.
    /// @dev    Proven on the source chain, where the fee lies. Once an order at most.
    /// @param  payee Whom the deliverer named to receive the fee there.
    event DeliveryRecord(uint256 indexed fromChain, bytes32 indexed orderId, address payee);
    /// @notice An order was proven here after its deadline: it is not run, and never will be.
    /// @dev    Proven on the source chain for a refund, which must be given once: the record of an order is made again,
    ///         and always says the same, when the order is proven again without a hint.
    /// @param  attempted Whether it was run before, and failed: then its fee is the deliverer's.
    event ExpiryRecord(uint256 indexed fromChain, bytes32 indexed orderId, address refundRecipient, bool attempted);
    /// @notice The target failed, or a failed message was proven again on a new route: anybody may `retry` it.
    /// @param  commitment `keccak256(abi.encode(StoredMessage))`.
    event MessageStored(
        uint256 indexed fromChain,
        bytes32 indexed orderId,
        bytes32 commitment,
        ILightClient lightClient,
        address hub,
        address fromMos
    );
    /// @notice A member of the batch, or a log of the receipt that MOS did emit as a message, was passed over.
    event MessageSkipped(uint256 indexed fromChain, uint256 txIndex, uint256 logIndex, SkipReason reason);
    /// @notice The batch stopped before `next` for want of gas; everything before it is done.
    event BatchStopped(uint256 indexed fromChain, uint256 next);
    /// @notice The route for a source chain changed, and is direct now or ended.
    event RouteSet(uint256 indexed fromChain, ILightClient lightClient, address remoteMos);
    /// @notice The route for a source chain changed, and goes over a hub now.
    event HubRouteSet(uint256 indexed fromChain, ILightClient lightClient, address remoteMos, address hub);
    /// @notice A lane was paused or unpaused in one direction.
    event LanePaused(uint256 indexed chainId, bool outbound, bool paused);
    /// @notice The fee service changed.
    event FeeServiceSet(IFeeService previous, IFeeService current);

    /// @notice No route for the chain. @param chainId EIP-155 id.
    error MOS_NoRoute(uint256 chainId);
    /// @notice A route for this very chain, or with a light client or a MOS missing.
    error MOS_InvalidRoute(uint256 fromChain, ILightClient lightClient, address remoteMos);
    /// @notice The light client follows another chain. @param expected EIP-155 id. @param given EIP-155 id.
    error MOS_LightClientChain(uint256 expected, uint256 given);
    /// @notice A route over a hub with the MOS or the hub missing, or for this very chain.
    error MOS_InvalidHubRoute(uint256 fromChain, ILightClient lightClient, address remoteMos, address hub);
    /// @notice A hub is on a third chain. @param fromChain EIP-155 id. @param given EIP-155 id of the light client's chain.
    error MOS_HubChain(uint256 fromChain, uint256 given);
    /// @notice The address has no code.
    error MOS_NotAContract(address account);
    /// @notice The lane is paused in this direction.
    error MOS_LanePaused(uint256 chainId, bool outbound);
    /// @notice Only the timelock may administer. @param expected Timelock. @param given Account.
    error MOS_NotTimelock(address expected, address given);
    /// @notice The account that pauses must not be the account that unpauses.
    error MOS_PauserIsUnpauser(address account);
    /// @notice A message is being received: until its target has returned, no other can be received, and neither a route
    ///         nor the fee service changes.
    error MOS_Reentered();
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
    /// @notice `relay` needs a hub, and this chain pair has none; or it has come to its last chain, where no hub is.
    error MOS_RelayNotSupported();
    /// @notice A hub runs messages of type MESSAGE only.
    error MOS_RelayByCallData();
    /// @notice A message that a hub runs has no place in an ordered stream: it does not come to its last chain itself.
    error MOS_RelayOrdered();
    /// @notice The gas limit is outside what MOS carries. @param min Gas. @param max Gas. @param given Gas.
    error MOS_GasLimit(uint256 min, uint256 max, uint256 given);
    /// @notice `msg.value` does not cover the fee. @param expected Wei. @param given Wei.
    error MOS_FeeTooLow(uint256 expected, uint256 given);
    /// @notice Native coin was sent along with a token fee.
    error MOS_UnexpectedValue(uint256 given);
    /// @notice The fee token took its own cut or did not move. @param expected Units. @param given Units received.
    error MOS_FeeNotReceived(uint256 expected, uint256 given);
    /// @notice The excess fee could not be returned to the caller.
    error MOS_RefundFailed(address to, uint256 amount);
    /// @notice The log was not emitted by the source chain's MOS, or by the hub of the route.
    /// @param  expected MOS, or the hub. @param given Emitter.
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
    /// @notice The message failed under another light client than the route's: prove it again on the route first.
    error MOS_NotVouchedFor(ILightClient expected, ILightClient given);
    /// @notice The message failed when it came over another hub than the route's, or directly: prove it again on the route
    ///         first. @param expected Hub, zero: none. @param given Hub, zero: none.
    error MOS_NotByThisHub(address expected, address given);
    /// @notice The message is not the next of its stream. @param expected Next sequence. @param given Of the message.
    error MOS_OutOfOrder(uint64 expected, uint64 given);
    /// @notice The message's deadline is past. @param deadline Unix seconds. @param timestamp Unix seconds now.
    error MOS_Expired(uint256 deadline, uint256 timestamp);
    /// @notice The deadline is not ahead. @param deadline Unix seconds. @param timestamp Unix seconds now.
    error MOS_DeadlinePassed(uint256 deadline, uint256 timestamp);
    /// @notice The proven order is not the one that the caller hinted at.
    error MOS_HintMismatch(bytes32 expected, bytes32 given);
    /// @notice The fee service keeps the fees of another MOS. @param expected This one. @param given Its.
    error MOS_FeeServiceOfAnother(address expected, address given);
    /// @notice None of the receipt's logs could be delivered.
    error MOS_NothingDelivered();
    /// @notice The route's light client is not usable.
    error MOS_LightClientStatus(ILightClient.Status status);
    /// @notice The proof is not `abi.encode` of the struct that the function takes. @param given Its first word.
    error MOS_MalformedProof(uint256 given);

    /// @notice In `mapMessageIn.reason`: MOS calls neither itself nor what it relies on nor what administers it, and
    ///         by CALLDATA no fee token.
    error MOS_ForbiddenTarget(address target);
    /// @notice In `mapMessageIn.reason`: the target has no code.
    error MOS_TargetHasNoCode(address target);
    /// @notice In `mapMessageIn.reason`: the target has not permitted this sender by `addRemoteCaller`.
    error MOS_CallNotPermitted(address target, uint256 fromChain, bytes fromAddress);
    /// @notice In `mapMessageIn.reason`: a CALLDATA message calls `mapoExecute`, whose arguments only MOS may fill in.
    error MOS_ForbiddenSelector(bytes4 selector);

    /// @notice Sends a message with options. Otherwise as `transferOut`.
    function transferOutWithOptions(
        uint256 toChain,
        bytes calldata messageData,
        address feeToken,
        MessageOptions calldata options
    ) external payable returns (bytes32 orderId);

    /// @notice Applies updates to the source chain's light client, then delivers one message, in one transaction. A
    ///         message whose deadline is past is recorded as expired, and that is a success; without a hint as often as it is
    ///         proven, so that nobody can leave its only record in a receipt that is too long to be proven.
    /// @param  updates For `ILightClient.update`, in order; may be empty. One that turns out not to be new is no error.
    /// @param  hint The order id; fails at once where it is consumed, before any proof is paid for. Zero: no hint.
    /// @param  payee Who receives the fee on the source chain. Zero: the caller.
    /// @param  logIndex Counted inside the receipt.
    function deliver(
        uint256 chainId,
        bytes[] calldata updates,
        bytes32 hint,
        address payee,
        uint256 logIndex,
        bytes calldata receiptProof
    ) external;

    /// @notice Delivers many messages of one block. A bad proof reverts all; a log that is already delivered, foreign or
    ///         malformed is skipped and reported; the batch stops where the gas left does not cover the next member, and
    ///         reverts if that is the first. So `eth_estimateGas` finds the gas of one member: a relayer adds up.
    /// @param  updates    For `ILightClient.update`, may be empty.
    /// @param  hints      Order ids; fails at once if all of them are consumed. Empty: no hints.
    /// @param  payee      Who receives the fees on the source chain. Zero: the caller.
    /// @param  batchProof `abi.encode(BatchProof)`.
    /// @return delivered How many members were consumed, failed and expired ones included.
    function transferInBatch(
        uint256 chainId,
        bytes[] calldata updates,
        bytes32[] calldata hints,
        address payee,
        bytes calldata batchProof
    ) external returns (uint256 delivered);

    /// @notice Runs a failed message again with all the gas that is there and at least its own gas limit. Reverts, and
    ///         keeps it, if it fails again or its deadline is past.
    function retry(StoredMessage calldata message) external;

    /// @notice Sets the light client and MOS that vouch for `fromChain`, or with zeros ends the route. Timelock only.
    function setRoute(uint256 fromChain, ILightClient lightClient, address remoteMos) external;

    /// @notice Has a hub vouch for `fromChain`, in place of the route before. Timelock only.
    /// @param  lightClient Follows the hub's chain, which is neither `fromChain` nor this one.
    /// @param  remoteMos MOS on `fromChain`. @param hub The hub on the light client's chain.
    function setHubRoute(uint256 fromChain, ILightClient lightClient, address remoteMos, address hub) external;

    /// @notice Sets the fee service. Timelock only.
    function setFeeService(IFeeService feeService) external;

    /// @notice Pauses a lane in one direction. Pauser only.
    function pauseLane(uint256 chainId, bool outbound) external;

    /// @notice Unpauses a lane in one direction. Unpauser only.
    function unpauseLane(uint256 chainId, bool outbound) external;

    /// @notice The route for a source chain; zeros if there is none.
    function route(uint256 fromChain) external view returns (Route memory);

    /// @notice Outcome of an order from `fromChain`; means something only for ids that the route's MOS issued.
    function outcome(uint256 fromChain, bytes32 orderId) external view returns (Outcome);

    /// @notice Whether the order with `nonce` on the lane from `fromMos` on `fromChain` was consumed here.
    function isConsumed(uint256 fromChain, address fromMos, uint64 nonce) external view returns (bool);

    /// @notice What a message of `length` bytes (encoded `MessageData`) costs. `getMessageFee` is this for every length that
    ///         the fee service's terms include.
    /// @return amount Units of `feeToken`, charged exactly.
    function quote(uint256 toChain, address feeToken, uint256 gasLimit, uint256 length)
        external
        view
        returns (uint256 amount);

    /// @notice Sequence of the next ordered message from `sender` here to `target` on `toChain`; the first is 1.
    function nextSequence(uint256 toChain, address sender, address target) external view returns (uint64);

    /// @notice Sequence of the ordered message from `sender` by `fromMos` on `fromChain` that `target` here is to run next.
    function awaitedSequence(uint256 fromChain, address fromMos, address sender, address target)
        external
        view
        returns (uint64);

    /// @notice `keccak256(abi.encode(StoredMessage))` of a failed order; 1 if it expired without having been run, 2 if
    ///         it expired after it failed; else zero.
    function storedMessage(uint256 fromChain, bytes32 orderId) external view returns (bytes32 commitment);

    /// @notice Next nonce of the lane to `toChain`.
    function laneNonce(uint256 toChain) external view returns (uint64);

    /// @notice Whether a lane is paused in one direction.
    function isLanePaused(uint256 chainId, bool outbound) external view returns (bool);

    /// @notice Whether messages to `target` always fail: MOS, light clients, fee services, the timelock.
    function isForbiddenTarget(address target) external view returns (bool);

    /// @notice The fee service.
    function feeService() external view returns (IFeeService);
}
