// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {BridgeFungible} from "@openzeppelin/contracts/crosschain/bridges/abstract/BridgeFungible.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {InteroperableAddress} from "@openzeppelin/contracts/utils/draft-InteroperableAddress.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {IGatewayAttributes} from "../gateway/IGatewayAttributes.sol";
import {IMosGateway} from "../gateway/IMosGateway.sol";
import {ILightClient} from "../light-clients/ILightClient.sol";
import {IMessageService} from "../mos/interfaces/IMessageService.sol";
import {Records} from "../mos/libraries/Records.sol";
import {BridgeLanes} from "./BridgeLanes.sol";
import {ITokenBridge} from "./ITokenBridge.sol";

/// @title  Token bridge
/// @notice OpenZeppelin's `BridgeFungible` sends and receives, in its own format. What surrounds that is here: tokens are
///         taken before and measured, limits make transfers wait, and what never arrives comes back.
/// @dev    Not locked but for the moment in which a token is measured: a lock would let somebody deliver another's transfer
///         from inside a refund of his own and so make it fail. State is settled before every other call.
abstract contract TokenBridge is BridgeLanes {
    using SafeCast for uint256;

    /// @dev Domain of the ids of queued transfers, so that none is a send id or an order id.
    bytes32 private constant QUEUED_DOMAIN = keccak256("meridian.bridge.queued.v1");
    /// @dev `abi.encode(bytes from, bytes to, uint256 amount)`: three words, then the length and 20 bytes of `to`, then the
    ///      length of `from`, whose bytes follow. Bytes.
    uint256 private constant PAYLOAD_FIXED = 0xc0;
    uint256 private constant WORD = 0x20;

    /// @inheritdoc ITokenBridge
    uint256 public immutable unit;

    /// @dev keccak256(abi.encode(SentTransfer)) of transfers that a refund may bring back.
    mapping(bytes32 sendId => bytes32 commitment) private _refundable;
    mapping(bytes32 id => bool) private _outbound;
    /// @dev keccak256(abi.encode(InboundTransfer)).
    mapping(bytes32 id => bytes32 commitment) private _inbound;
    uint256 private _outboundCount;
    /// @dev Shared units.
    uint128 private _waitingInbound;
    uint128 private _waitingOutbound;

    /// @dev What a message is sent with, from where it is decided to where OpenZeppelin's code sends it. Transient.
    uint256 private transient _value;
    uint64 private transient _deadline;
    uint64 private transient _gasLimit;
    address private transient _refundRecipient;
    /// @dev What is being received, from where it arrives to where OpenZeppelin's code has read it. Transient.
    bytes32 private transient _receiveId;
    uint256 private transient _fromChain;
    /// @dev Set while a token is measured. Transient.
    bool private transient _measuring;

    /// @param token What is bridged. @param sharedDecimals Decimals of amounts between chains: those of the token that has
    ///        the fewest.
    constructor(address token, uint8 sharedDecimals) {
        _requireContract(token);
        uint8 decimals = IERC20Metadata(token).decimals();
        if (decimals < sharedDecimals) revert Bridge_Decimals(sharedDecimals, decimals);
        unit = 10 ** (decimals - sharedDecimals);
    }

    /// @inheritdoc ITokenBridge
    function crosschainTransfer(bytes calldata to, uint256 amount, Options calldata options)
        external
        payable
        returns (bytes32 id)
    {
        return _start(_msgSender(), to, amount, options, msg.value);
    }

    /// @inheritdoc ITokenBridge
    function sendQueued(OutboundTransfer calldata transfer) external payable returns (bytes32 sendId) {
        bytes32 id = _takeQueued(transfer);
        (uint256 toChain,) = _parse(transfer.to);
        _requireOpen(toChain, true);
        (bool paid, uint256 fee) = _isPaid(toChain, msg.value);
        if (!paid) revert Bridge_NotPaid(fee);
        if (!_passOutbound(toChain, transfer.amount)) {
            revert Bridge_LimitReached(_availableOutbound(toChain), transfer.amount);
        }
        sendId = _send(
            transfer.from, transfer.to, toChain, transfer.amount, Options(transfer.deadline, 0, msg.sender), msg.value
        );
        emit OutboundSent(id, sendId);
    }

    /// @inheritdoc ITokenBridge
    function cancelQueued(OutboundTransfer calldata transfer) external {
        bytes32 id = _takeQueued(transfer);
        (uint256 toChain,) = _parse(transfer.to);
        _requireOpen(toChain, true);
        _requireMayCancel(transfer.from, transfer.deadline);
        emit TransferCancelled(id, transfer.from, transfer.amount);
        _give(transfer.from, transfer.amount * unit);
    }

    /// @inheritdoc ITokenBridge
    function refund(SentTransfer calldata transfer, bytes calldata proof) external {
        bytes32 sendId = transfer.sendId;
        if (_refundable[sendId] != keccak256(abi.encode(transfer))) revert Bridge_NotRefundable(sendId);
        _requireOpenInbound(transfer.toChain);
        // Nothing leaves before it is paid for, so the send id is the order id.
        bytes32 orderId = _verifyExpiry(transfer.toChain, transfer.remoteMos, proof);
        if (orderId != sendId) revert Bridge_OrderMismatch(sendId, orderId);
        delete _refundable[sendId];
        _bookUnsent(transfer.toChain, transfer.amount);
        emit TransferRefunded(sendId, transfer.from, transfer.amount);
        _arrive(sendId, transfer.toChain, transfer.from, transfer.amount, true);
    }

    /// @inheritdoc ITokenBridge
    function release(InboundTransfer calldata transfer) external {
        _requireQueued(transfer);
        _requireOpenInbound(transfer.fromChain);
        if (!_isVouchedFor(transfer)) revert Bridge_NotVouchedFor(transfer.lightClient);
        uint256 amount = _availableInbound(transfer.fromChain, transfer.vouchingChain);
        if (amount == 0) revert Bridge_LimitReached(0, transfer.amount);
        if (amount > transfer.amount) amount = transfer.amount;
        _passInbound(transfer.fromChain, transfer.vouchingChain, amount);
        InboundTransfer memory rest = transfer;
        rest.amount -= amount;
        _inbound[transfer.id] = rest.amount == 0 ? bytes32(0) : keccak256(abi.encode(rest));
        _waitingInbound -= amount.toUint128();
        emit InboundReleased(transfer.id, transfer.to, amount, rest.amount);
        _give(transfer.to, amount * unit);
    }

    /// @inheritdoc ITokenBridge
    function redirect(InboundTransfer calldata transfer, address to) external {
        _requireQueued(transfer);
        _requireOpen(transfer.fromChain, false);
        if (msg.sender != transfer.to) revert Bridge_NotRecipient(transfer.to, msg.sender);
        InboundTransfer memory changed = transfer;
        changed.to = to;
        _inbound[transfer.id] = keccak256(abi.encode(changed));
        emit InboundQueued(transfer.id, changed);
    }

    /// @inheritdoc ITokenBridge
    function resolveUnvouched(InboundTransfer calldata transfer, bool pay) external onlyTimelock {
        _requireQueued(transfer);
        if (_isVouchedFor(transfer)) revert Bridge_StillVouchedFor(transfer.lightClient);
        delete _inbound[transfer.id];
        _waitingInbound -= transfer.amount.toUint128();
        emit UnvouchedTransferResolved(transfer.id, pay, transfer.amount);
        if (pay) _give(transfer.to, transfer.amount * unit);
        else if (transfer.isRefund) _bookSent(transfer.fromChain, transfer.amount);
        else _bookUnreceived(transfer.fromChain, transfer.amount);
    }

    /// @inheritdoc ITokenBridge
    function setGasLimit(uint256 chainId, uint64 gasLimit) external onlyTimelock {
        (IMosGateway gateway,) = _link(chainId);
        gateway.setGasLimit(chainId, gasLimit);
    }

    /// @inheritdoc ITokenBridge
    function quoteTransfer(uint256 chainId, uint256 gasLimit) external view returns (uint256 fee) {
        (IMosGateway gateway,) = _link(chainId);
        return _quote(gateway, chainId, gasLimit);
    }

    /// @inheritdoc ITokenBridge
    function queued() external view returns (uint256 inbound, uint256 outbound) {
        return (_waitingInbound * unit, _waitingOutbound * unit);
    }

    /// @dev Takes `amount` token units from `from`. @return received What arrived. Token units.
    function _take(address from, uint256 amount) internal virtual returns (uint256 received);

    /// @dev Gives `amount` token units to `to`.
    function _give(address to, uint256 amount) internal virtual;

    /// @dev OpenZeppelin's `crosschainTransfer(to, amount)` comes here.
    function _crosschainTransfer(address from, bytes memory to, uint256 amount)
        internal
        virtual
        override
        returns (bytes32 id)
    {
        return _start(from, to, amount, Options(0, 0, address(0)), 0);
    }

    /// @dev Sends at once, or where nobody pays or the limit does not let it pass, keeps it to be sent later and returns the
    ///      coin. What nobody pays for must not use up the limit: it could be taken back and sent again for nothing.
    function _start(address from, bytes memory to, uint256 amount, Options memory options, uint256 value)
        internal
        returns (bytes32 id)
    {
        (uint256 toChain, address recipient) = _parse(to);
        _requireOpen(toChain, true);
        _requireDeparture(toChain, recipient, options.deadline);
        uint256 shared = _takeShared(from, amount);
        if (options.refundRecipient == address(0)) options.refundRecipient = from;
        _requireBelowCapacity(toChain, shared);
        (bool paid,) = _isPaid(toChain, value);
        if (paid && _passOutbound(toChain, shared)) return _send(from, to, toChain, shared, options, value);
        OutboundTransfer memory transfer = OutboundTransfer(_outboundCount++, from, to, shared, options.deadline);
        id = _queuedId(transfer);
        _outbound[id] = true;
        _waitingOutbound += shared.toUint128();
        emit OutboundQueued(id, transfer);
        _returnCoin(options.refundRecipient, value);
    }

    function _measured() internal view returns (bool) {
        return _measuring;
    }

    function _returnCoin(address to, uint256 value) internal {
        if (value == 0) return;
        (bool paid,) = to.call{value: value}("");
        if (!paid) revert Bridge_PaymentFailed(to, value);
    }

    /// @dev Books, then sends with OpenZeppelin's code, which calls `_onSend` (nothing: it is taken) and
    ///      `_sendMessageToCounterpart`.
    function _send(
        address from,
        bytes memory to,
        uint256 toChain,
        uint256 shared,
        Options memory options,
        uint256 value
    ) private returns (bytes32 sendId) {
        _bookSent(toChain, shared);
        (IMosGateway gateway,) = _link(toChain);
        uint256 least = gateway.gasLimitOf(address(this), toChain);
        if (options.gasLimit < least) options.gasLimit = least.toUint64();
        // Where the bridge's credit pays, the sender says neither for how much gas nor who gets the fee back.
        if (value == 0) (options.gasLimit, options.refundRecipient) = (least.toUint64(), timelock);
        (_value, _deadline, _gasLimit, _refundRecipient) =
        (value, options.deadline, options.gasLimit, options.refundRecipient);
        sendId = BridgeFungible._crosschainTransfer(from, to, shared);
        (_value, _deadline, _gasLimit, _refundRecipient) = (0, 0, 0, address(0));
        if (options.deadline != 0) {
            address remoteMos = mos.route(toChain).remoteMos;
            if (remoteMos == address(0)) revert Bridge_NoRoute(toChain);
            SentTransfer memory transfer = SentTransfer(sendId, toChain, remoteMos, from, shared);
            _refundable[sendId] = keccak256(abi.encode(transfer));
            emit RefundableTransferSent(sendId, transfer);
        }
    }

    /// @dev Called by OpenZeppelin's code without attributes. `requestRelay` is always there, so that the gateway parks nothing.
    function _sendMessageToCounterpart(bytes memory chain, bytes memory payload, bytes[] memory)
        internal
        virtual
        override
        returns (bytes32)
    {
        (uint256 value, uint64 deadline) = (_value, _deadline);
        bytes[] memory attributes = new bytes[](deadline == 0 ? 1 : 2);
        attributes[0] = abi.encodeCall(IGatewayAttributes.requestRelay, (0, _gasLimit, _refundRecipient));
        if (deadline != 0) attributes[1] = abi.encodeCall(IGatewayAttributes.deadline, (deadline));
        (address gateway, bytes memory counterpart) = getLink(chain);
        return IMosGateway(gateway).sendMessage{value: value}(counterpart, payload, attributes);
    }

    /// @dev OpenZeppelin's code reads the payload and calls `_onReceive`.
    function _processMessage(address gateway, bytes32 receiveId, bytes calldata sender, bytes calldata payload)
        internal
        virtual
        override
    {
        (uint256 fromChain,) = InteroperableAddress.parseEvmV1Calldata(sender);
        _requireOpen(fromChain, false);
        (_receiveId, _fromChain) = (receiveId, fromChain);
        super._processMessage(gateway, receiveId, sender, payload);
    }

    /// @dev A transfer of the message that `_processMessage` began to read.
    function _receiveTransfer(address to, uint256 amount) internal {
        (bytes32 id, uint256 fromChain) = (_receiveId, _fromChain);
        _bookReceived(fromChain, amount);
        _arrive(id, fromChain, to, amount, false);
    }

    /// @dev Pays out, or where a limit does not let it pass, keeps it to be paid out later.
    function _arrive(bytes32 id, uint256 fromChain, address to, uint256 amount, bool isRefund) private {
        IMessageService.Route memory route = mos.route(fromChain);
        if (address(route.lightClient) == address(0)) revert Bridge_NoRoute(fromChain);
        uint256 vouchingChain = route.lightClient.chainId();
        if (_passInbound(fromChain, vouchingChain, amount)) {
            _give(to, amount * unit);
            return;
        }
        if (_inbound[id] != 0) revert Bridge_AlreadyQueued(id);
        InboundTransfer memory transfer =
            InboundTransfer(id, fromChain, vouchingChain, route.lightClient, route.hub, to, amount, isRefund);
        _inbound[id] = keccak256(abi.encode(transfer));
        _waitingInbound += amount.toUint128();
        emit InboundQueued(id, transfer);
    }

    /// @dev The order of this chain that `remoteMos` on `toChain` recorded as expired. Reverts unless `proof` shows it: of that
    ///      record, or where a hub vouches for `toChain`, of the hub's log that forwards it.
    function _verifyExpiry(uint256 toChain, address remoteMos, bytes calldata proof)
        private
        view
        returns (bytes32 orderId)
    {
        IMessageService.Route memory route = mos.route(toChain);
        Records.Record memory record;
        if (route.hub == address(0)) {
            (address emitter, bytes32[] memory topics, bytes memory data) = prover.verifyLog(toChain, proof);
            record = Records.read(emitter, topics, data);
            if (emitter != remoteMos) revert Bridge_ForeignEmitter(remoteMos, emitter);
        } else {
            uint256 vouchingChain = route.lightClient.chainId();
            // The prover asks the route from the hub's chain: it must be the light client that vouches for `toChain`.
            ILightClient proving = mos.route(vouchingChain).lightClient;
            if (proving != route.lightClient) revert Bridge_NotVouchedFor(proving);
            (address emitter, bytes32[] memory topics, bytes memory data) = prover.verifyLog(vouchingChain, proof);
            if (emitter != route.hub) revert Bridge_ForeignEmitter(route.hub, emitter);
            record = Records.readForwarded(toChain, topics, data);
        }
        if (record.kind != Records.Kind.Expiry || record.originChain != block.chainid) {
            revert Bridge_NotAnExpiryRecord();
        }
        if (record.mos != remoteMos) revert Bridge_ForeignEmitter(remoteMos, record.mos);
        return record.orderId;
    }

    /// @dev Takes no more than whole shared units, and gives back what a token that takes its cut leaves over.
    /// @return shared What arrived. Shared units.
    function _takeShared(address from, uint256 amount) private returns (uint256 shared) {
        if (_measuring) revert Bridge_Reentered();
        if (amount < unit) revert Bridge_AmountTooSmall(unit, amount);
        _measuring = true;
        uint256 received = _take(from, amount - amount % unit);
        _measuring = false;
        shared = received / unit;
        if (shared == 0) revert Bridge_AmountTooSmall(unit, received);
        uint256 dust = received % unit;
        if (dust != 0) _give(from, dust);
    }

    function _takeQueued(OutboundTransfer calldata transfer) private returns (bytes32 id) {
        id = _queuedId(transfer);
        if (!_outbound[id]) revert Bridge_NotQueued(id);
        delete _outbound[id];
        _waitingOutbound -= transfer.amount.toUint128();
    }

    /// @dev Whether a message to `toChain` is paid for: by coin, which the gateway compares with the fee, or by credit.
    function _isPaid(uint256 toChain, uint256 value) private view returns (bool paid, uint256 fee) {
        if (value != 0) return (true, 0);
        (IMosGateway gateway,) = _link(toChain);
        fee = _quote(gateway, toChain, 0);
        return (gateway.creditOf(address(this)) >= fee, fee);
    }

    function _quote(IMosGateway gateway, uint256 chainId, uint256 gasLimit) private view returns (uint256 fee) {
        uint256 from = InteroperableAddress.formatEvmV1(block.chainid, address(this)).length;
        uint256 least = gateway.gasLimitOf(address(this), chainId);
        return gateway.quote(
            chainId, gasLimit < least ? least : gasLimit, PAYLOAD_FIXED + (from + WORD - 1) / WORD * WORD, false
        );
    }

    function _requireDeparture(uint256 toChain, address recipient, uint64 deadline) private view {
        (, bytes memory counterpart) = _link(toChain);
        (, address remote) = InteroperableAddress.parseEvmV1(counterpart);
        if (recipient == remote) revert Bridge_RecipientIsCounterpart(recipient);
        if (deadline != 0 && deadline <= block.timestamp) revert Bridge_DeadlinePassed(deadline, block.timestamp);
    }

    function _requireMayCancel(address from, uint64 deadline) private view {
        if (msg.sender != from && (deadline == 0 || block.timestamp < deadline)) {
            revert Bridge_NotSender(from, msg.sender);
        }
    }

    function _requireQueued(InboundTransfer calldata transfer) private view {
        if (_inbound[transfer.id] != keccak256(abi.encode(transfer))) revert Bridge_NotQueued(transfer.id);
    }

    /// @dev As for a message that MOS retries: its light client and hub are still the route's, and the one not frozen.
    function _isVouchedFor(InboundTransfer calldata transfer) private view returns (bool) {
        IMessageService.Route memory route = mos.route(transfer.fromChain);
        return address(route.lightClient) == address(transfer.lightClient) && route.hub == transfer.hub
            && transfer.lightClient.status() != ILightClient.Status.Frozen;
    }

    /// @dev What comes without MOS obeys MOS' pause as well.
    function _requireOpenInbound(uint256 chainId) private view {
        _requireOpen(chainId, false);
        if (mos.isLanePaused(chainId, false)) revert Bridge_LanePaused(chainId, false);
    }

    function _queuedId(OutboundTransfer memory transfer) private view returns (bytes32) {
        return keccak256(abi.encode(QUEUED_DOMAIN, block.chainid, address(this), transfer));
    }
}
