// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ILightClient} from "../light-clients/ILightClient.sol";
import {IFeeService} from "../mos/interfaces/IFeeService.sol";
import {IMessageService} from "../mos/interfaces/IMessageService.sol";

/// @title  Hub
/// @notice Stands between chains that have no light client of each other: verifies what one of them logged and logs it
///         again, for the others that have a light client of this chain. `docs/spec/hub.md`.
/// @dev    Has no owner and no parameters: whom it believes it reads from its MOS, where a timelock sets it. Only direct
///         routes count, so a message passes one hub at most.
interface IHub {
    /// @notice A message is forwarded: the log of its origin's MOS again, byte for byte but for the emitter.
    event mapMessageOut(
        uint256 indexed fromChain, uint256 indexed toChain, bytes32 orderId, bytes fromAddrss, bytes callData
    );
    /// @notice A message with options is forwarded.
    event mapMessageOutWithOptions(
        uint256 indexed fromChain,
        uint256 indexed toChain,
        bytes32 orderId,
        bytes fromAddrss,
        bytes callData,
        bytes options
    );
    /// @notice `DeliveryRecord` of an order of `originChain`, made on `recordChain`; for a relayed message made here.
    /// @dev    Proven on the origin chain, where the fee lies. Can be made again, and always says the same.
    /// @param  recordMos The MOS on `recordChain` that made it. Zero: this hub did, of a message that it relayed.
    event DeliveryRecordForwarded(
        uint256 indexed originChain,
        uint256 indexed recordChain,
        bytes32 indexed orderId,
        address recordMos,
        address payee
    );
    /// @notice `ExpiryRecord` of an order of `originChain`, made on `recordChain`; for a relayed message made here.
    /// @param  recordMos The MOS on `recordChain` that made it. Zero: this hub did, of a message that it was to relay.
    /// @param  attempted Whether it was run before, and failed: then its fee is the deliverer's.
    event ExpiryRecordForwarded(
        uint256 indexed originChain,
        uint256 indexed recordChain,
        bytes32 indexed orderId,
        address recordMos,
        address refundRecipient,
        bool attempted
    );
    /// @notice A member of the batch was passed over.
    event MessageSkipped(
        uint256 indexed fromChain, uint256 txIndex, uint256 logIndex, IMessageService.SkipReason reason
    );
    /// @notice A relayed message was run here.
    /// @param  toChain Where it goes on to. @param onwardOrderId Of the message that its target returned; zero if it failed.
    /// @param  result Whether the target succeeded and what it returned was sent. @param reason Why not; capped.
    event MessageRelayed(
        uint256 indexed fromChain,
        uint256 indexed toChain,
        bytes32 indexed orderId,
        address target,
        bytes32 onwardOrderId,
        bool result,
        bytes reason
    );
    /// @notice A relayed message failed, or a failed one was proven again on a new route: anybody may `retryRelay` it.
    /// @param  commitment `keccak256(abi.encode(IMessageService.StoredMessage))`, its `hub` zero.
    event RelayStored(
        uint256 indexed fromChain,
        bytes32 indexed orderId,
        bytes32 commitment,
        ILightClient lightClient,
        address fromMos
    );
    /// @notice Credit that pays for what `target` sends on was raised.
    event Funded(address indexed target, address indexed from, uint256 amount);
    /// @notice Credit was paid out.
    event Withdrawn(address indexed target, address indexed to, uint256 amount);

    /// @notice No contract is at MOS' address.
    error Hub_NotAContract(address account);
    /// @notice MOS here has no route from the chain. @param chainId EIP-155 id.
    error Hub_NoRoute(uint256 chainId);
    /// @notice MOS' route from the chain goes over a hub itself: a message passes one hub at most.
    error Hub_NotDirect(uint256 chainId);
    /// @notice MOS' lane with the chain is paused in this direction.
    error Hub_LanePaused(uint256 chainId, bool outbound);
    /// @notice The log was not emitted by the chain's MOS. @param expected MOS. @param given Emitter.
    error Hub_ForeignEmitter(address expected, address given);
    /// @notice The log is no message. @param given Topic 0, zero if there is none.
    error Hub_ForeignTopic(bytes32 given);
    /// @notice The log is of a lane that does not pass here: of another origin, back to it, or to this very chain.
    error Hub_ForeignLane(uint256 fromChain, uint256 toChain);
    /// @notice The log's data is not what MOS emits.
    error Hub_MalformedLog();
    /// @notice The order id does not commit to the log's own fields. @param given In the log.
    error Hub_OrderIdMismatch(bytes32 given);
    /// @notice The order was forwarded or relayed before.
    error Hub_AlreadyForwarded(uint256 fromChain, bytes32 orderId);
    /// @notice The order was not forwarded before.
    error Hub_NotForwarded(uint256 fromChain, bytes32 orderId);
    /// @notice The message is to be relayed, not forwarded.
    error Hub_RelayMessage(bytes32 orderId);
    /// @notice The message is to be forwarded, not relayed.
    error Hub_NotARelayMessage(bytes32 orderId);
    /// @notice Nothing of the batch or of the receipt could be forwarded.
    error Hub_NothingForwarded(uint256 fromChain);
    /// @notice A transaction that relays is a call of this hub by an account without code and nothing else: what it logs
    ///         besides could make the receipt with the onward message too long to be proven.
    /// @param  origin Of the transaction. @param given Caller.
    error Hub_NotFromAnAccount(address origin, address given);
    /// @notice Only the hub itself may call. @param given Caller.
    error Hub_NotSelf(address given);
    /// @notice The gas left does not cover the message; nothing was consumed. @param expected Gas. @param given Gas.
    error Hub_InsufficientGas(uint256 expected, uint256 given);
    /// @notice No failed relayed message is stored under this commitment.
    error Hub_NotStored(bytes32 commitment);
    /// @notice The message failed under another light client than the route's: prove it again on the route first.
    error Hub_NotVouchedFor(ILightClient expected, ILightClient given);
    /// @notice The message failed on the route to another MOS. @param expected MOS. @param given MOS.
    error Hub_ForeignMos(address expected, address given);
    /// @notice The route's light client is not usable.
    error Hub_LightClientStatus(ILightClient.Status status);
    /// @notice The message's deadline is past. @param deadline Unix seconds. @param timestamp Unix seconds now.
    error Hub_Expired(uint256 deadline, uint256 timestamp);
    /// @notice The retried message failed again; it stays stored. @param reason As in `MessageRelayed`.
    error Hub_RetryFailed(bytes reason);
    /// @notice Not a fee service that MOS has or had.
    error Hub_NotAFeeService(address account);
    /// @notice Coin that no function takes. @param from Who sent it.
    error Hub_UnexpectedCoin(address from);
    /// @notice The coin could not be paid out.
    error Hub_PaymentFailed(address to, uint256 amount);

    /// @notice In `MessageRelayed.reason`: the hub calls neither itself nor what MOS does not call.
    error Hub_ForbiddenTarget(address target);
    /// @notice In `MessageRelayed.reason`: the target has no code.
    error Hub_TargetHasNoCode(address target);
    /// @notice In `MessageRelayed.reason`: the target reverted. @param reason Its return data, capped.
    error Hub_TargetFailed(bytes reason);
    /// @notice In `MessageRelayed.reason`: what the target returned is not `abi.encode` of one byte string.
    error Hub_MalformedOutput();
    /// @notice In `MessageRelayed.reason`, and from `withdraw`. @param expected Wei. @param given Credit in wei.
    error Hub_CreditTooLow(uint256 expected, uint256 given);

    /// @notice Forwards one message of `fromChain` to another chain. Once an order.
    /// @param  updates For `ILightClient.update` of the origin's light client, in order; may be empty.
    /// @param  logIndex Counted inside the receipt. @param receiptProof `abi.encode(IMessageService.ReceiptProof)`.
    function forward(uint256 fromChain, bytes[] calldata updates, uint256 logIndex, bytes calldata receiptProof)
        external
        returns (bytes32 orderId);

    /// @notice Forwards a message again that was forwarded. For who finds its log in a receipt that is too long to be proven,
    ///         or in a block that the target's new light client does not reach. The target runs it once all the same.
    function forwardAgain(uint256 fromChain, bytes[] calldata updates, uint256 logIndex, bytes calldata receiptProof)
        external
        returns (bytes32 orderId);

    /// @notice Forwards many messages of one block. A bad proof reverts all; a log that was forwarded already, is foreign or
    ///         malformed, or is to be relayed, is skipped and reported. Reverts if nothing was forwarded.
    /// @param  batchProof `abi.encode(IMessageService.BatchProof)`.
    function forwardBatch(uint256 fromChain, bytes[] calldata updates, bytes calldata batchProof)
        external
        returns (uint256 forwarded);

    /// @notice Forwards to their origins all records of delivery and expiry in one receipt of `recordChain`. Can be repeated.
    ///         Passes over what is of this chain's own orders, of `recordChain`'s, or of a chain that has no open direct lane
    ///         here. Reverts if nothing is left.
    /// @param  receiptProof `abi.encode(IMessageService.ReceiptProof)`.
    function forwardRecords(uint256 recordChain, bytes[] calldata updates, bytes calldata receiptProof)
        external
        returns (uint256 forwarded);

    /// @notice Runs the target of a message with `relay` set, with exactly its gas limit, and sends what it returned on as a
    ///         message of `senderOf(target)`. Consumes the order: it succeeds, or fails and is stored, or if its deadline is
    ///         past it expires, and that can be recorded again. By an account without code, calling directly.
    /// @dev    The target is called as by MOS: `IMapoExecutor.mapoExecute(fromChain, toChain, fromAddress, orderId, payload)`,
    ///         but by the hub, and `toChain` is where its answer goes on to.
    /// @param  payee Who receives the fee on the origin chain. Zero: the caller.
    function relay(
        uint256 fromChain,
        bytes[] calldata updates,
        address payee,
        uint256 logIndex,
        bytes calldata receiptProof
    ) external;

    /// @notice Runs a failed relayed message again with all the gas that is there and at least its own gas limit. Reverts,
    ///         and keeps it, if it fails again or its deadline is past. By an account without code, calling directly.
    /// @param  stored As it was stored: `toChain` is where it goes on to, `hub` is zero.
    function retryRelay(IMessageService.StoredMessage calldata stored) external;

    /// @notice Raises the credit that pays for what `target` sends on. Anybody.
    function fund(address target) external payable;

    /// @notice Pays the caller's credit out to `to`. @param amount Wei.
    function withdraw(address to, uint256 amount) external;

    /// @notice Brings the fees of onward messages that expired unrun back from `feeService` into `target`'s credit. Anybody.
    /// @param  feeService MOS' fee service, or one that it had.
    function reclaim(address target, IFeeService feeService) external returns (uint256 amount);

    /// @notice The credit of a relay target. Wei.
    function creditOf(address target) external view returns (uint256);

    /// @notice The account that sends on what `target` returns: nobody else speaks for it, and `target` itself never is it.
    ///         The same before it is deployed.
    function senderOf(address target) external view returns (address);

    /// @notice Whether the order with `nonce` of the lane from `fromMos` on `fromChain` to `toChain` was forwarded or relayed.
    function isForwarded(uint256 fromChain, address fromMos, uint256 toChain, uint64 nonce)
        external
        view
        returns (bool);

    /// @notice `keccak256(abi.encode(IMessageService.StoredMessage))` of a relayed order that failed; 1 if it expired without
    ///         having been run, 2 if it expired after it failed; else zero.
    function storedRelay(uint256 fromChain, bytes32 orderId) external view returns (bytes32 commitment);

    /// @notice The message service whose routes name the light clients, and which sends relayed messages on.
    function mos() external view returns (IMessageService);
}
