// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ILightClient} from "../light-clients/ILightClient.sol";
import {IMapoExecutor} from "../mos/interfaces/IMapoExecutor.sol";
import {IMessageService} from "../mos/interfaces/IMessageService.sol";
import {IMOSV3} from "../mos/interfaces/IMOSV3.sol";
import {DeliveryGas} from "../mos/libraries/DeliveryGas.sol";
import {Inbound, Source} from "../mos/libraries/Inbound.sol";
import {MessageCodec} from "../mos/libraries/MessageCodec.sol";
import {Receipts} from "../proofs/Receipts.sol";
import {IHub} from "./IHub.sol";
import {RelayCredit} from "./RelayCredit.sol";
import {RelayCall} from "./RelayCall.sol";

/// @title  Relaying
/// @notice Runs the target of a message here and sends what it returned on as a new message of this chain's. An order is
///         relayed, or fails and can be retried, or expires; its target's effects and the sending happen both or neither.
/// @dev    Needs no lock: who may call `relay` and `retryRelay` is never called by anybody.
abstract contract Relaying is RelayCredit {
    /// @dev What the hub hands to itself, in a call that reverts as one.
    struct Attempt {
        uint256 fromChain;
        uint256 toChain;
        bytes32 orderId;
        address sender;
        address target;
        uint256 gasLimit;
        uint64 deadline;
        bytes payload;
    }

    /// @dev In place of the commitment of a failed message, as in MOS: it expired, without or with an attempt before.
    bytes32 private constant EXPIRED = bytes32(uint256(1));
    bytes32 private constant EXPIRED_AFTER_ATTEMPT = bytes32(uint256(2));

    /// @dev Gas around an attempt, at most, for an empty message: a storage write from zero (22,100), three events with the
    ///      capped reason (about 15,000), and the code around them; rounded up. For each byte of the message as in MOS.
    uint256 private constant KEPT_GAS = 60_000;
    /// @dev Gas inside an attempt besides the target's own and what it takes to send on: the call of the hub itself, of MOS'
    ///      list of forbidden targets and of the cold target, and reading what was returned.
    uint256 private constant CALL_GAS = 15_000;
    /// @dev Gas to send a message on, at most, for an empty one: the sender's deployment (about 44,000), its call, and MOS'
    ///      own part (nonce, fee and its escrow, and an event, about 90,000); rounded up.
    uint256 private constant SEND_GAS = 190_000;
    /// @dev Each of these for a byte of the message: copied for each call (6 gas a word with memory), for the event (8 a
    ///      byte) and to be hashed (6 a word); quadratic memory below 1 a byte.
    uint256 private constant GAS_PER_BYTE = 12;

    mapping(uint256 fromChain => mapping(bytes32 orderId => bytes32 commitment)) private _stored;

    /// @dev See `Hub_NotFromAnAccount`. Restricts who may call; nothing is believed or allowed because of it.
    modifier onlyAccount() {
        if (msg.sender != tx.origin || msg.sender.code.length != 0) revert Hub_NotFromAnAccount(tx.origin, msg.sender);
        _;
    }

    modifier onlySelf() {
        if (msg.sender != address(this)) revert Hub_NotSelf(msg.sender);
        _;
    }

    /// @inheritdoc IHub
    function relay(
        uint256 fromChain,
        bytes[] calldata updates,
        address payee,
        uint256 logIndex,
        bytes calldata receiptProof
    ) external onlyAccount {
        Source memory source = _source(fromChain);
        source.payee = payee == address(0) ? msg.sender : payee;
        _update(source, updates);
        (address emitter, bytes32[] memory topics, bytes calldata data) =
            Receipts.logAt(_receipt(source, receiptProof), logIndex);
        (
            IMessageService.SkipReason reason,
            uint256 toChain,
            Inbound memory message,
            bytes calldata messageData,
            bytes calldata payload
        ) = _inspect(source, emitter, topics, data);
        if (reason != IMessageService.SkipReason.Relay) {
            _revertUnfit(reason, source, emitter, topics, message.orderId);
        }
        // MOS sends neither: whoever vouches for this lies.
        if (message.msgType != IMOSV3.MessageType.MESSAGE || message.options.sequence != 0) revert Hub_MalformedLog();
        _settle(source, toChain, message, messageData, payload);
    }

    /// @inheritdoc IHub
    function retryRelay(IMessageService.StoredMessage calldata stored) external onlyAccount {
        bytes32 commitment = keccak256(abi.encode(stored));
        if (_stored[stored.fromChain][stored.orderId] != commitment) revert Hub_NotStored(commitment);
        delete _stored[stored.fromChain][stored.orderId];
        Source memory source = _source(stored.fromChain);
        if (address(stored.lightClient) != address(source.lightClient)) {
            revert Hub_NotVouchedFor(source.lightClient, stored.lightClient);
        }
        if (stored.fromMos != source.mos) revert Hub_ForeignMos(source.mos, stored.fromMos);
        ILightClient.Status status = source.lightClient.status();
        if (status == ILightClient.Status.Frozen) revert Hub_LightClientStatus(status);
        _requireOpen(stored.toChain);

        Inbound memory message;
        bytes calldata payload;
        (, message.options) = MessageCodec.inspectOptions(stored.options);
        if (_isPast(message.options.deadline)) revert Hub_Expired(message.options.deadline, block.timestamp);
        (,,, message.target, message.gasLimit, payload) = MessageCodec.inspect(stored.messageData);
        message.orderId = stored.orderId;
        message.sender = address(bytes20(stored.fromAddress));
        // All the gas that is there, as when MOS retries.
        uint256 kept = _keptGas(stored.messageData.length);
        uint256 reserved = CALL_GAS + _sendGas(MessageCodec.MAX_LENGTH);
        uint256 available = gasleft() > kept ? DeliveryGas.callGas(DeliveryGas.callGas(gasleft() - kept)) : 0;
        if (available > message.gasLimit + reserved) message.gasLimit = available - reserved;
        (bytes32 onward, bool ok, bytes memory reason) = _run(source, stored.toChain, message, kept, payload);
        if (!ok) revert Hub_RetryFailed(reason);
        emit MessageRelayed(stored.fromChain, stored.toChain, stored.orderId, message.target, onward, true, "");
    }

    /// @notice Runs the target and sends on what it returned. By the hub itself: all of it happens, or nothing.
    /// @return onwardOrderId Of what was sent on.
    function attempt(Attempt calldata given) external onlySelf returns (bytes32 onwardOrderId) {
        if (given.target == address(this) || mos.isForbiddenTarget(given.target)) {
            revert Hub_ForbiddenTarget(given.target);
        }
        if (given.target.code.length == 0) revert Hub_TargetHasNoCode(given.target);
        bytes memory input = abi.encodeCall(
            IMapoExecutor.mapoExecute,
            (given.fromChain, given.toChain, abi.encodePacked(given.sender), given.orderId, given.payload)
        );
        bytes memory newMessage = RelayCall.run(given.target, given.gasLimit, input);
        uint256 needed = _sendGas(newMessage.length);
        if (DeliveryGas.callGas(gasleft()) < needed) revert Hub_InsufficientGas(needed, gasleft());
        return this.sendOn(given.target, given.toChain, newMessage, given.deadline);
    }

    /// @notice Sends on what a target returned, paid from its credit. By the hub itself, which so has the message in calldata,
    ///         where it is read by the same code as every other message.
    function sendOn(address target, uint256 toChain, bytes calldata newMessage, uint64 deadline)
        external
        onlySelf
        returns (bytes32 onwardOrderId)
    {
        // Asked after the target ran: whoever may execute what a timelock has ready may do so while it runs.
        _requireOpen(toChain);
        (,, uint256 gasLimit,) = MessageCodec.decode(newMessage);
        uint256 fee = mos.quote(toChain, address(0), gasLimit, newMessage.length);
        _takeCredit(target, fee);
        return _sender(target).send{value: fee}(toChain, newMessage, deadline);
    }

    /// @inheritdoc IHub
    function storedRelay(uint256 fromChain, bytes32 orderId) external view returns (bytes32 commitment) {
        return _stored[fromChain][orderId];
    }

    /// @dev What becomes of a proven message that is to be relayed; as `Orders` in MOS decides it.
    function _settle(
        Source memory source,
        uint256 toChain,
        Inbound memory message,
        bytes calldata messageData,
        bytes calldata payload
    ) private {
        bool attempted = _pass(source, toChain, message.orderId);
        bytes32 stored = _stored[source.chainId][message.orderId];
        if (attempted && stored == 0) revert Hub_AlreadyForwarded(source.chainId, message.orderId);
        if (_isPast(message.options.deadline)) {
            if (stored != EXPIRED && stored != EXPIRED_AFTER_ATTEMPT) {
                stored = attempted ? EXPIRED_AFTER_ATTEMPT : EXPIRED;
                _stored[source.chainId][message.orderId] = stored;
            }
            emit ExpiryRecordForwarded(
                source.chainId,
                toChain,
                message.orderId,
                address(0),
                message.options.refundRecipient,
                stored == EXPIRED_AFTER_ATTEMPT
            );
            return;
        }
        bytes32 commitment = _commitment(source, toChain, message, messageData);
        if (attempted) {
            if (stored == commitment) revert Hub_AlreadyForwarded(source.chainId, message.orderId);
            _store(source, message.orderId, commitment);
            return;
        }
        _requireOpen(toChain);
        uint256 kept = _keptGas(messageData.length);
        (bytes32 onward, bool ok, bytes memory reason) = _run(source, toChain, message, kept, payload);
        emit MessageRelayed(source.chainId, toChain, message.orderId, message.target, onward, ok, reason);
        emit DeliveryRecordForwarded(source.chainId, toChain, message.orderId, address(0), source.payee);
        if (!ok) _store(source, message.orderId, commitment);
    }

    /// @dev One attempt, with all gas but `kept`. Reverts, and so consumes nothing, where it failed for want of gas: with
    ///      `Hub_InsufficientGas`, or without any data, which nothing in it reverts with otherwise, save a fee service or an
    ///      oracle that is broken, and then it waits until that is mended.
    function _run(
        Source memory source,
        uint256 toChain,
        Inbound memory message,
        uint256 kept,
        bytes calldata payload
    ) private returns (bytes32 onward, bool ok, bytes memory reason) {
        bytes memory input = abi.encodeCall(
            this.attempt,
            (Attempt(
                    source.chainId,
                    toChain,
                    message.orderId,
                    message.sender,
                    message.target,
                    message.gasLimit,
                    message.options.deadline,
                    payload
                ))
        );
        uint256 left = gasleft();
        if (left <= kept) revert Hub_InsufficientGas(kept, left);
        bytes memory returned;
        (ok, returned) = RelayCall.capped(address(this), left - kept, input);
        if (ok) return (abi.decode(returned, (bytes32)), true, reason);
        if (returned.length == 0 || bytes4(returned) == Hub_InsufficientGas.selector) {
            revert Hub_InsufficientGas(kept + message.gasLimit + CALL_GAS + _sendGas(0), left);
        }
        return (onward, false, returned);
    }

    function _store(Source memory source, bytes32 orderId, bytes32 commitment) private {
        _stored[source.chainId][orderId] = commitment;
        emit RelayStored(source.chainId, orderId, commitment, source.lightClient, source.mos);
    }

    function _isPast(uint64 deadline) private view returns (bool) {
        return deadline != 0 && block.timestamp >= deadline;
    }

    function _commitment(
        Source memory source,
        uint256 toChain,
        Inbound memory message,
        bytes calldata messageData
    ) private pure returns (bytes32) {
        return keccak256(
            abi.encode(
                IMessageService.StoredMessage({
                    fromChain: source.chainId,
                    lightClient: source.lightClient,
                    hub: address(0),
                    fromMos: source.mos,
                    toChain: toChain,
                    orderId: message.orderId,
                    fromAddress: abi.encodePacked(message.sender),
                    messageData: messageData,
                    options: MessageCodec.encodeOptions(message.options)
                })
            )
        );
    }

    function _keptGas(uint256 length) private pure returns (uint256) {
        return KEPT_GAS + GAS_PER_BYTE * length;
    }

    function _sendGas(uint256 length) private pure returns (uint256) {
        return SEND_GAS + GAS_PER_BYTE * length;
    }
}
