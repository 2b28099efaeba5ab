// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMosGateway} from "../gateway/IMosGateway.sol";
import {ILightClient} from "../light-clients/ILightClient.sol";
import {IMessageService} from "../mos/interfaces/IMessageService.sol";
import {IProver} from "../prover/IProver.sol";

/// @title  Token bridge
/// @notice What Meridian adds to OpenZeppelin's `BridgeFungible`: limits that make transfers wait, decimals, refunds, pauses
///         and the books of each lane. `docs/spec/assets.md`.
/// @dev    Amounts between chains, in the books and in limits are in shared units: `10^sharedDecimals` to a whole token. An
///         amount in the token's own units is a multiple of `unit()` of them.
interface ITokenBridge {
    /// @notice What the books of a lane say. Shared units; only grow, save that a refund takes back what was sent.
    struct Books {
        /// @dev Sent to the chain and not refunded.
        uint128 sent;
        /// @dev Received from the chain.
        uint128 received;
    }

    /// @notice A bucket that holds `capacity` and fills again in `window`.
    struct Limit {
        /// @dev Shared units.
        uint208 capacity;
        /// @dev Seconds.
        uint48 window;
        /// @dev What may pass now. Shared units.
        uint256 available;
    }

    /// @notice What a sender may ask for.
    struct Options {
        /// @dev Unix seconds on the target chain, from which on the transfer is refunded instead. 0: never.
        uint64 deadline;
        /// @dev For the bridge there, where coin pays; the gateway's `gasLimitOf` this bridge at least. Gas.
        uint64 gasLimit;
        /// @dev Who gets what is left of the coin that pays the fee, and the fee if the transfer expires undelivered. Zero:
        ///      the sender. Where the bridge's credit pays, its fee goes back to the timelock instead.
        address refundRecipient;
    }

    /// @notice A transfer that waits here to be sent. Its id commits to every field.
    struct OutboundTransfer {
        uint256 nonce;
        address from;
        /// @dev ERC-7930, chain and address.
        bytes to;
        /// @dev Shared units.
        uint256 amount;
        uint64 deadline;
    }

    /// @notice A transfer that arrived and waits here to be paid out.
    struct InboundTransfer {
        /// @dev Order id, or for a refund the send id.
        bytes32 id;
        uint256 fromChain;
        /// @dev The chain whose light client vouched for it: `fromChain`, or a hub.
        uint256 vouchingChain;
        ILightClient lightClient;
        /// @dev The hub whose log that light client vouched for; zero: none.
        address hub;
        address to;
        /// @dev What is still to be paid out. Shared units.
        uint256 amount;
        /// @dev Whether it was sent from here, and expired there.
        bool isRefund;
    }

    /// @notice A transfer with a deadline that was sent: what its refund needs.
    struct SentTransfer {
        /// @dev The order id.
        bytes32 sendId;
        uint256 toChain;
        /// @dev MOS on that chain when it was sent: the only one whose record counts. Another MOS there, that never saw it
        ///      delivered, would record it as expired.
        address remoteMos;
        address from;
        /// @dev Shared units.
        uint256 amount;
    }

    /// @notice A lane's limit in one direction changed.
    event LimitSet(uint256 indexed chainId, bool outbound, uint256 capacity, uint256 window);
    /// @notice The limit of what a chain's light client may vouch for in sum changed.
    event VouchingLimitSet(uint256 indexed chainId, uint256 capacity, uint256 window);
    /// @notice A lane was paused or unpaused in one direction.
    event LanePaused(uint256 indexed chainId, bool outbound, bool paused);
    /// @notice A transfer with a deadline left: its refund needs these fields.
    event RefundableTransferSent(bytes32 indexed sendId, SentTransfer transfer);
    /// @notice A transfer was taken and waits for the outbound limit, or for somebody who pays.
    event OutboundQueued(bytes32 indexed id, OutboundTransfer transfer);
    /// @notice A queued transfer was sent. @param sendId The order id.
    event OutboundSent(bytes32 indexed id, bytes32 indexed sendId);
    /// @notice A queued transfer was given back. @param amount Shared units.
    event TransferCancelled(bytes32 indexed id, address indexed from, uint256 amount);
    /// @notice A transfer arrived and waits for a limit, or goes on waiting for what is left of it.
    event InboundQueued(bytes32 indexed id, InboundTransfer transfer);
    /// @notice A transfer that waited was paid out, in part or in full. @param remaining Shared units.
    event InboundReleased(bytes32 indexed id, address indexed to, uint256 amount, uint256 remaining);
    /// @notice The timelock decided on a transfer that nobody vouches for any more.
    event UnvouchedTransferResolved(bytes32 indexed id, bool paid, uint256 amount);
    /// @notice A transfer expired on its target chain and came back. @param amount Shared units.
    event TransferRefunded(bytes32 indexed sendId, address indexed to, uint256 amount);

    /// @notice Only the timelock may administer. @param expected Timelock. @param given Account.
    error Bridge_NotTimelock(address expected, address given);
    /// @notice The account that pauses must not be the account that unpauses.
    error Bridge_PauserIsUnpauser(address account);
    /// @notice The address has no code.
    error Bridge_NotAContract(address account);
    /// @notice The token has fewer decimals than are shared. @param shared Decimals. @param token Decimals.
    error Bridge_Decimals(uint8 shared, uint8 token);
    /// @notice The gateway is not of the bridge's MOS. @param expected MOS. @param given MOS.
    error Bridge_GatewayOfAnotherMos(address expected, address given);
    /// @notice The address is not a canonical ERC-7930 address of an account on another EIP-155 chain.
    error Bridge_MalformedAddress(bytes given);
    /// @notice No counterpart on the chain.
    error Bridge_NoLink(uint256 chainId);
    /// @notice No route from the chain.
    error Bridge_NoRoute(uint256 chainId);
    /// @notice What is sent to the counterpart itself would be lost.
    error Bridge_RecipientIsCounterpart(address recipient);
    /// @notice The lane is paused in this direction.
    error Bridge_LanePaused(uint256 chainId, bool outbound);
    /// @notice A window is at least a second.
    error Bridge_ZeroWindow();
    /// @notice The amount is less than the smallest that is carried. @param least Token units. @param given Token units.
    error Bridge_AmountTooSmall(uint256 least, uint256 given);
    /// @notice The amount is more than can ever be sent at once. @param limit Shared units. @param given Shared units.
    error Bridge_AboveLimit(uint256 limit, uint256 given);
    /// @notice The limit does not let it pass now. @param available Shared units. @param given Shared units.
    error Bridge_LimitReached(uint256 available, uint256 given);
    /// @notice More would be released than was locked, or burnt than was minted, on this lane. Shared units.
    error Bridge_Unbacked(uint256 chainId, uint256 backing, uint256 claimed);
    /// @notice There is neither coin nor enough credit. @param fee Wei.
    error Bridge_NotPaid(uint256 fee);
    /// @notice The deadline is not ahead. @param deadline Unix seconds. @param timestamp Unix seconds now.
    error Bridge_DeadlinePassed(uint256 deadline, uint256 timestamp);
    /// @notice No transfer waits here under this id with these fields.
    error Bridge_NotQueued(bytes32 id);
    /// @notice A transfer with this id waits already.
    error Bridge_AlreadyQueued(bytes32 id);
    /// @notice Only its sender, or from its deadline on anybody, gives a transfer back. @param expected Sender.
    error Bridge_NotSender(address expected, address given);
    /// @notice Only its recipient sends a waiting transfer elsewhere. @param expected Recipient. @param given Caller.
    error Bridge_NotRecipient(address expected, address given);
    /// @notice The light client that vouched for the transfer was frozen since, or it or its hub is not the route's any more; or
    ///         the light client that would prove a record is not the one that vouches for the lane.
    error Bridge_NotVouchedFor(ILightClient lightClient);
    /// @notice The light client that vouched for the transfer still does: anybody can release it.
    error Bridge_StillVouchedFor(ILightClient lightClient);
    /// @notice No refundable transfer with these fields.
    error Bridge_NotRefundable(bytes32 sendId);
    /// @notice The record was not made by the MOS that the transfer was sent to, or not forwarded by the route's hub.
    /// @param  expected MOS, or hub. @param given Who it is by.
    error Bridge_ForeignEmitter(address expected, address given);
    /// @notice The log is not the record that this chain's order expired.
    error Bridge_NotAnExpiryRecord();
    /// @notice The record is of another order. @param expected Order. @param given In the log.
    error Bridge_OrderMismatch(bytes32 expected, bytes32 given);
    /// @notice The token called back while what it brought was being measured.
    error Bridge_Reentered();
    /// @notice Coin that is not needed could not be returned.
    error Bridge_PaymentFailed(address to, uint256 amount);
    /// @notice Coin that is not for a transfer.
    error Bridge_UnexpectedCoin(address from);
    /// @notice The value that came with the call does not cover the amount. @param expected Wei. @param given Wei.
    error Bridge_ValueTooLow(uint256 expected, uint256 given);
    /// @notice The gas left does not cover paying out coin. @param expected Gas. @param given Gas.
    error Bridge_InsufficientGas(uint256 expected, uint256 given);

    /// @notice As OpenZeppelin's `crosschainTransfer(to, amount)`, with options and with coin that pays the fee.
    ///         Without coin the bridge's credit at the gateway pays; where that does not, the transfer waits for a payer.
    /// @param  to ERC-7930, chain and address. @param amount Token units; what is below a shared unit stays with the caller.
    /// @return id The order id, or where it waits, the id of the queued transfer.
    function crosschainTransfer(bytes calldata to, uint256 amount, Options calldata options)
        external
        payable
        returns (bytes32 id);

    /// @notice Sends a queued transfer, when the limit lets it pass. Anybody; coin pays the fee and the rest is returned, or
    ///         the bridge's credit pays.
    function sendQueued(OutboundTransfer calldata transfer) external payable returns (bytes32 sendId);

    /// @notice Gives a queued transfer back to its sender. The sender, or from its deadline on anybody.
    function cancelQueued(OutboundTransfer calldata transfer) external;

    /// @notice Gives a transfer back that expired on its target chain. Anybody.
    /// @param  proof For `IProver.verifyLog`, of the `ExpiryRecord` that MOS emitted there; where a hub vouches for that chain,
    ///         of the hub's `ExpiryRecordForwarded`, and the route from the hub's chain must have the same light client.
    function refund(SentTransfer calldata transfer, bytes calldata proof) external;

    /// @notice Pays out a queued transfer as far as the limits let it pass now. Anybody.
    function release(InboundTransfer calldata transfer) external;

    /// @notice Sends a queued transfer to another account here. Its recipient only.
    function redirect(InboundTransfer calldata transfer, address to) external;

    /// @notice Decides on a queued transfer whose light client was frozen since or is not the route's any more: pays it out,
    ///         or strikes it from the books. Timelock only.
    function resolveUnvouched(InboundTransfer calldata transfer, bool pay) external;

    /// @notice Links the counterpart of a chain, in place of the one before. Timelock only.
    /// @param  counterpart ERC-7930, chain and address.
    function setLink(IMosGateway gateway, bytes calldata counterpart) external;

    /// @notice Sets a lane's limit in one direction. Without one nothing passes. Timelock only.
    function setLimit(uint256 chainId, bool outbound, uint208 capacity, uint48 window) external;

    /// @notice Sets the limit of all that `chainId`'s light client vouches for, whatever the chain of origin. Timelock only.
    function setVouchingLimit(uint256 chainId, uint208 capacity, uint48 window) external;

    /// @notice Chooses the gas that the bridge on `chainId` gets, in place of the gateway's default. 0: the default again.
    ///         Timelock only.
    function setGasLimit(uint256 chainId, uint64 gasLimit) external;

    /// @notice Pauses a lane in one direction. Pauser only.
    function pauseLane(uint256 chainId, bool outbound) external;

    /// @notice Unpauses a lane in one direction. Unpauser only.
    function unpauseLane(uint256 chainId, bool outbound) external;

    /// @notice Fee of a transfer to `chainId` for a `gasLimit` of the bridge there. Wei.
    function quoteTransfer(uint256 chainId, uint256 gasLimit) external view returns (uint256 fee);

    /// @notice The books of a lane.
    function books(uint256 chainId) external view returns (Books memory);

    /// @notice Chains that were ever linked.
    function linkedChains() external view returns (uint256[] memory);

    /// @notice What waits here, to be paid out and to be sent. Token units.
    function queued() external view returns (uint256 inbound, uint256 outbound);

    /// @notice A lane's limit in one direction.
    function limit(uint256 chainId, bool outbound) external view returns (Limit memory);

    /// @notice The limit of what a chain's light client vouches for in sum.
    function vouchingLimit(uint256 chainId) external view returns (Limit memory);

    /// @notice Whether a lane is paused in one direction.
    function isLanePaused(uint256 chainId, bool outbound) external view returns (bool);

    /// @notice Token units in a shared unit.
    function unit() external view returns (uint256);

    /// @notice The message service behind the gateways.
    function mos() external view returns (IMessageService);

    /// @notice Proves the records of expiry.
    function prover() external view returns (IProver);

    /// @notice The only account that administers.
    function timelock() external view returns (address);
}
