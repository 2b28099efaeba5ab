// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ILightClient} from "../light-clients/ILightClient.sol";
import {Receipts} from "../proofs/Receipts.sol";
import {IFeeService} from "./interfaces/IFeeService.sol";
import {IMessageService} from "./interfaces/IMessageService.sol";
import {IMOSV3} from "./interfaces/IMOSV3.sol";
import {Lanes} from "./Lanes.sol";
import {DeliveryGas} from "./libraries/DeliveryGas.sol";
import {Inbound, Options, Source} from "./libraries/Inbound.sol";
import {MessageCodec} from "./libraries/MessageCodec.sol";
import {MessageLog} from "./libraries/MessageLog.sol";
import {ProofPointer} from "./libraries/ProofPointer.sol";
import {Outbound} from "./Outbound.sol";

/// @title  Message service (MOS)
/// @notice Sends messages as events and delivers those that a light client of their source chain vouches for.
/// @dev    Not upgradeable, holds no funds, grants no approvals, has no owner but the timelock. This file is the entry to
///         the receiving half: it reads what is proven; `Orders` decides what becomes of it. Receiving is locked while a
///         target runs, so that MOS never re-enters an application that is in the middle of a message; sending works there.
contract MessageService is Outbound {
    modifier receiving() {
        if (_receiving) revert MOS_Reentered();
        _receiving = true;
        _;
        _receiving = false;
    }

    /// @param timelock_ Administers routes, the fee service and roles. @param feeService_ Prices and keeps fees.
    /// @param pauser Pauses lanes. @param unpauser Unpauses them; another account.
    constructor(address timelock_, IFeeService feeService_, address pauser, address unpauser)
        Lanes(timelock_, feeService_, pauser, unpauser)
    {}

    /// @inheritdoc IMOSV3
    function transferIn(uint256 chainId, bytes calldata receiptProof) external receiving {
        Source memory source = _source(chainId, msg.sender);
        (bytes calldata receipt, uint256 txIndex) = _receipt(source, receiptProof);
        bytes calldata rest = Receipts.logs(receipt);
        bool delivered;
        for (uint256 logIndex = 0; rest.length != 0; ++logIndex) {
            uint256 memoryBefore = _freeMemory();
            address emitter;
            bytes32[] memory topics;
            bytes calldata data;
            (emitter, topics, data, rest) = Receipts.nextLog(rest);
            (SkipReason reason, Inbound memory message, bytes calldata messageData, bytes calldata payload) =
                _inspect(source, emitter, topics, data);
            if (reason == SkipReason.None) {
                _requireGas(message, messageData.length);
                _settle(source, message, messageData, payload);
                delivered = true;
            } else if (
                reason != SkipReason.ForeignEmitter && reason != SkipReason.ForeignTopic
                    && reason != SkipReason.ForeignLane
            ) {
                emit MessageSkipped(chainId, txIndex, logIndex, reason);
            }
            _releaseMemory(memoryBefore);
        }
        if (!delivered) revert MOS_NothingDelivered();
    }

    /// @inheritdoc IMOSV3
    function transferInWithIndex(uint256 chainId, uint256 logIndex, bytes calldata receiptProof) external receiving {
        _deliver(_source(chainId, msg.sender), 0, logIndex, receiptProof);
    }

    /// @inheritdoc IMessageService
    function deliver(
        uint256 chainId,
        bytes[] calldata updates,
        bytes32 hint,
        address payee,
        uint256 logIndex,
        bytes calldata receiptProof
    ) external receiving {
        Source memory source = _source(chainId, payee);
        if (hint != 0 && _isSettled(chainId, source.mos, hint)) revert MOS_AlreadyDelivered(chainId, hint);
        _update(source, updates);
        _deliver(source, hint, logIndex, receiptProof);
    }

    /// @inheritdoc IMessageService
    function transferInBatch(
        uint256 chainId,
        bytes[] calldata updates,
        bytes32[] calldata hints,
        address payee,
        bytes calldata batchProof
    ) external receiving returns (uint256 delivered) {
        Source memory source = _source(chainId, payee);
        _requireOneUnsettled(source, hints);
        _update(source, updates);
        BatchProof calldata batch = ProofPointer.asBatchProof(batchProof);
        bytes32 receiptsRoot = source.lightClient.verifyReceiptsRoot(batch.blockProof);
        for (uint256 i = 0; i != batch.members.length; ++i) {
            uint256 memoryBefore = _freeMemory();
            BatchMember calldata member = batch.members[i];
            // No member needs less. Without this, verifying a long receipt could use up the gas that those which ran have
            // left, and undo them.
            if (delivered != 0 && !_gasCovers(DeliveryGas.leastOfMember(batch.nodes, member), 0)) {
                emit BatchStopped(chainId, i);
                return delivered;
            }
            bytes calldata receipt = Receipts.verify(receiptsRoot, member.txIndex, batch.nodes, member.path);
            (SkipReason reason, Inbound memory message, bytes calldata messageData, bytes calldata payload) =
                _inspect(source, receipt, member.logIndex);
            if (reason == SkipReason.None) {
                // Asked once: what barely passes would not pass again.
                if (delivered == 0) {
                    _requireGas(message, messageData.length);
                } else if (!_gasCovers(_gasNeeded(message), messageData.length)) {
                    emit BatchStopped(chainId, i);
                    return delivered;
                }
                _settle(source, message, messageData, payload);
                ++delivered;
            } else {
                emit MessageSkipped(chainId, member.txIndex, member.logIndex, reason);
            }
            _releaseMemory(memoryBefore);
        }
    }

    /// @inheritdoc IMessageService
    function retry(StoredMessage calldata stored) external receiving {
        _takeStored(stored);
        Source memory source = _source(stored.fromChain, msg.sender);
        if (address(stored.lightClient) != address(source.lightClient)) {
            revert MOS_NotVouchedFor(source.lightClient, stored.lightClient);
        }
        if (stored.hub != source.hub) revert MOS_NotByThisHub(source.hub, stored.hub);
        if (stored.toChain != block.chainid) revert MOS_ForeignLane(stored.fromChain, stored.toChain);
        if (stored.fromMos != source.mos) revert MOS_ForeignEmitter(source.mos, stored.fromMos);
        ILightClient.Status status = source.lightClient.status();
        if (status == ILightClient.Status.Frozen) revert MOS_LightClientStatus(status);

        Inbound memory message;
        bytes calldata payload;
        (, message.options) = MessageCodec.inspectOptions(stored.options);
        if (_isPast(message.options.deadline)) revert MOS_Expired(message.options.deadline, block.timestamp);
        (message.msgType, message.target, message.gasLimit, payload) = MessageCodec.decode(stored.messageData);
        message.orderId = stored.orderId;
        message.sender = address(bytes20(stored.fromAddress));
        _requireGas(message, stored.messageData.length);
        message.gasLimit = DeliveryGas.forRetry(gasleft(), message.gasLimit, stored.messageData.length);
        (bool ok, bytes memory reason) = _execute(source.chainId, message, payload);
        if (!ok) revert MOS_RetryFailed(reason);
        emit mapMessageIn(stored.fromChain, block.chainid, stored.orderId, stored.fromAddress, payload, true, bytes(""));
        _leaveStream(source, message);
    }

    function _update(Source memory source, bytes[] calldata updates) private {
        for (uint256 i = 0; i != updates.length; ++i) {
            source.lightClient.update(updates[i]);
        }
    }

    function _deliver(Source memory source, bytes32 hint, uint256 logIndex, bytes calldata receiptProof) private {
        (bytes calldata receipt,) = _receipt(source, receiptProof);
        (SkipReason reason, Inbound memory message, bytes calldata messageData, bytes calldata payload) =
            _inspect(source, receipt, logIndex);
        if (reason != SkipReason.None) {
            if (hint == 0 && reason == SkipReason.AlreadyDelivered && _recordAgain(source, message)) return;
            _revertUndeliverable(reason, source, receipt, logIndex);
        }
        if (hint != 0 && hint != message.orderId) revert MOS_HintMismatch(hint, message.orderId);
        _requireGas(message, messageData.length);
        _settle(source, message, messageData, payload);
    }

    /// @dev The route from `chainId`, if messages may come in on it.
    function _source(uint256 chainId, address payee) private view returns (Source memory source) {
        Lane storage lane = _lanes[chainId];
        source.lightClient = lane.lightClient;
        if (address(source.lightClient) == address(0)) revert MOS_NoRoute(chainId);
        if (lane.inboundPaused) revert MOS_LanePaused(chainId, false);
        source.chainId = chainId;
        source.mos = lane.remoteMos;
        source.hub = lane.viaHub ? lane.hub : address(0);
        source.emitter = lane.viaHub ? source.hub : source.mos;
        source.payee = payee == address(0) ? msg.sender : payee;
    }

    function _requireOneUnsettled(Source memory source, bytes32[] calldata hints) private view {
        uint256 count = hints.length;
        for (uint256 i = 0; i != count; ++i) {
            if (!_isSettled(source.chainId, source.mos, hints[i])) return;
        }
        if (count != 0) revert MOS_AlreadyDelivered(source.chainId, hints[0]);
    }

    /// @dev The receipt that the source's light client vouches for.
    function _receipt(Source memory source, bytes calldata receiptProof)
        private
        view
        returns (bytes calldata receipt, uint256 txIndex)
    {
        ReceiptProof calldata proof = ProofPointer.asReceiptProof(receiptProof);
        txIndex = proof.txIndex;
        bytes32 receiptsRoot = source.lightClient.verifyReceiptsRoot(proof.blockProof);
        receipt = Receipts.verify(receiptsRoot, txIndex, proof.nodes);
    }

    function _inspect(Source memory source, bytes calldata receipt, uint256 logIndex)
        private
        view
        returns (SkipReason reason, Inbound memory message, bytes calldata messageData, bytes calldata payload)
    {
        (address emitter, bytes32[] memory topics, bytes calldata data) = Receipts.logAt(receipt, logIndex);
        return _inspect(source, emitter, topics, data);
    }

    /// @dev Reads a proven log, and says what is to become of it here.
    function _inspect(Source memory source, address emitter, bytes32[] memory topics, bytes calldata data)
        private
        view
        returns (SkipReason reason, Inbound memory message, bytes calldata messageData, bytes calldata payload)
    {
        (reason, message, messageData, payload) = MessageLog.inspect(source, block.chainid, emitter, topics, data);
        if (reason == SkipReason.None) reason = _admit(source, message, messageData);
    }

    function _revertUndeliverable(SkipReason reason, Source memory source, bytes calldata receipt, uint256 logIndex)
        private
        view
    {
        (address emitter, bytes32[] memory topics, bytes calldata data) = Receipts.logAt(receipt, logIndex);
        if (reason == SkipReason.ForeignEmitter) revert MOS_ForeignEmitter(source.emitter, emitter);
        if (reason == SkipReason.ForeignTopic) {
            revert MOS_ForeignTopic(MessageLog.MESSAGE_OUT, topics.length == 0 ? bytes32(0) : topics[0]);
        }
        if (reason == SkipReason.ForeignLane) revert MOS_ForeignLane(uint256(topics[1]), uint256(topics[2]));
        if (reason == SkipReason.MalformedLog) revert MOS_MalformedLog();
        Inbound memory message;
        (, bytes32 expected, bytes calldata messageData) = MessageLog.read(source, topics, data, message);
        if (reason == SkipReason.OrderIdMismatch) revert MOS_OrderIdMismatch(expected, message.orderId);
        (, message.target,,) = MessageCodec.decode(messageData);
        if (reason == SkipReason.OutOfOrder) {
            revert MOS_OutOfOrder(_awaited(source, message), message.options.sequence);
        }
        revert MOS_AlreadyDelivered(source.chainId, message.orderId);
    }

    /// @dev Gas besides the reserve: what the message's target must get, or, since that is not called once the deadline is
    ///      past, what its stream needs.
    function _gasNeeded(Inbound memory message) private view returns (uint256) {
        if (!_isPast(message.options.deadline)) return message.gasLimit;
        return message.options.sequence == 0 ? 0 : DeliveryGas.STREAM_RUN;
    }

    function _gasCovers(uint256 gasLimit, uint256 length) private view returns (bool) {
        return DeliveryGas.callGas(gasleft()) >= gasLimit + DeliveryGas.reserve(length);
    }

    /// @dev What is left after all costs of MOS must cover the gas limit even of the 63/64 that a call can pass on.
    function _requireGas(Inbound memory message, uint256 length) private view {
        uint256 needed = _gasNeeded(message);
        if (!_gasCovers(needed, length)) {
            revert MOS_InsufficientGas(needed + DeliveryGas.reserve(length), DeliveryGas.callGas(gasleft()));
        }
    }

    function _freeMemory() private pure returns (uint256 pointer) {
        assembly ("memory-safe") {
            pointer := mload(0x40)
        }
    }

    /// @dev Gives back what one message of several used, so that memory does not grow with their number. Nothing that was
    ///      allocated after `pointer` was read is used after this.
    function _releaseMemory(uint256 pointer) private pure {
        assembly ("memory-safe") {
            mstore(0x40, pointer)
        }
    }
}
