// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ILightClient} from "../light-clients/ILightClient.sol";
import {Receipts} from "../proofs/Receipts.sol";
import {IFeeService} from "./interfaces/IFeeService.sol";
import {IMapoExecutor} from "./interfaces/IMapoExecutor.sol";
import {IMessageService} from "./interfaces/IMessageService.sol";
import {IMOSV3} from "./interfaces/IMOSV3.sol";
import {Lanes} from "./Lanes.sol";
import {DeliveryGas} from "./libraries/DeliveryGas.sol";
import {MessageCodec} from "./libraries/MessageCodec.sol";
import {Outbound} from "./Outbound.sol";

/// @title  Message service (MOS)
/// @notice Sends messages as events and delivers those that a light client of their source chain vouches for.
/// @dev    Not upgradeable, holds no funds, grants no approvals, has no owner but the timelock. This file is the receiving
///         half. Receiving is locked while a target runs, so that MOS never re-enters an application that is in the
///         middle of a message; sending works there.
contract MessageService is Outbound {
    /// @dev Who vouches for the messages that are being delivered.
    struct Source {
        uint256 chainId;
        ILightClient lightClient;
        address mos;
    }

    /// @dev A message on its way to its target. Its dynamic parts stay in calldata.
    struct Inbound {
        bytes32 orderId;
        address sender;
        MessageType msgType;
        address target;
        uint256 gasLimit;
    }

    /// @notice Bytes of a failed target's return data that are kept.
    uint256 public constant RETURN_DATA_CAP = 512;

    /// @dev topic0 of the only log that carries a message.
    bytes32 private constant MESSAGE_OUT = IMOSV3.mapMessageOut.selector;
    /// @dev Topics of `mapMessageOut`: its signature, fromChain, toChain.
    uint256 private constant MESSAGE_OUT_TOPICS = 3;
    /// @dev `getOrderStatus`' word for "verified by a light client".
    uint256 private constant NODE_TYPE_LIGHT_CLIENT = 1;
    /// @dev Nonces in one word of the replay bitmap: 2^8.
    uint256 private constant NONCE_WORD_BITS = 8;
    /// @dev What `abi.encode` of one dynamic struct starts with.
    uint256 private constant TUPLE_OFFSET = 0x20;

    /// @dev By keccak256(abi.encode(origin chain, origin MOS, nonce >> 8)): one bit a nonce.
    mapping(bytes32 key => uint256 word) private _consumed;
    mapping(uint256 fromChain => mapping(bytes32 orderId => bytes32 commitment)) private _stored;
    /// @notice Whether `target` permits CALLDATA messages from `fromAddress` on `fromChain`.
    mapping(address target => mapping(uint256 fromChain => mapping(bytes fromAddress => bool))) public callerList;

    /// @dev Set while a target runs. Transient.
    bool private transient _receiving;

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
        Source memory source = _source(chainId);
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
                _requireGas(message.gasLimit, messageData.length);
                _consume(source, message, messageData, payload);
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
        _deliver(_source(chainId), logIndex, receiptProof);
    }

    /// @inheritdoc IMessageService
    function updateAndTransferIn(
        uint256 chainId,
        bytes[] calldata updates,
        uint256 logIndex,
        bytes calldata receiptProof
    ) external receiving {
        Source memory source = _source(chainId);
        _update(source, updates);
        _deliver(source, logIndex, receiptProof);
    }

    /// @inheritdoc IMessageService
    function transferInBatch(uint256 chainId, bytes[] calldata updates, bytes calldata batchProof)
        external
        receiving
        returns (uint256 delivered)
    {
        Source memory source = _source(chainId);
        _update(source, updates);
        BatchProof calldata batch = _asBatchProof(batchProof);
        bytes32 receiptsRoot = source.lightClient.verifyBlock(batch.blockProof).receiptsRoot;
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
                if (!_gasCovers(message.gasLimit, messageData.length)) {
                    if (delivered == 0) _requireGas(message.gasLimit, messageData.length);
                    emit BatchStopped(chainId, i);
                    return delivered;
                }
                _consume(source, message, messageData, payload);
                ++delivered;
            } else {
                emit MessageSkipped(chainId, member.txIndex, member.logIndex, reason);
            }
            _releaseMemory(memoryBefore);
        }
    }

    /// @inheritdoc IMessageService
    function retry(StoredMessage calldata stored) external receiving {
        bytes32 commitment = keccak256(abi.encode(stored));
        if (_stored[stored.fromChain][stored.orderId] != commitment) revert MOS_NotStored(commitment);
        Source memory source = _source(stored.fromChain);
        if (address(stored.lightClient) != address(source.lightClient)) {
            revert MOS_NotVouchedFor(source.lightClient, stored.lightClient);
        }
        if (stored.toChain != block.chainid) revert MOS_ForeignLane(stored.fromChain, stored.toChain);
        if (stored.fromMos != source.mos) revert MOS_ForeignEmitter(source.mos, stored.fromMos);
        ILightClient.Status status = source.lightClient.status();
        if (status == ILightClient.Status.Frozen) revert MOS_LightClientStatus(status);

        (MessageType msgType, address target, uint256 gasLimit, bytes calldata payload) =
            MessageCodec.decode(stored.messageData);
        delete _stored[stored.fromChain][stored.orderId];
        _requireGas(gasLimit, stored.messageData.length);
        address sender = address(bytes20(stored.fromAddress));
        Inbound memory message = Inbound(
            stored.orderId,
            sender,
            msgType,
            target,
            DeliveryGas.forRetry(gasleft(), gasLimit, stored.messageData.length)
        );
        (bool ok, bytes memory reason) = _execute(source, message, payload);
        if (!ok) revert MOS_RetryFailed(reason);
        emit mapMessageIn(stored.fromChain, block.chainid, stored.orderId, stored.fromAddress, payload, true, bytes(""));
    }

    /// @inheritdoc IMOSV3
    function addRemoteCaller(uint256 fromChain, bytes calldata fromAddress, bool tag) external {
        callerList[msg.sender][fromChain][fromAddress] = tag;
        emit AddRemoteCaller(msg.sender, fromChain, fromAddress, tag);
    }

    /// @inheritdoc IMOSV3
    function getExecutePermission(address target, uint256 fromChain, bytes calldata fromAddress)
        external
        view
        returns (bool)
    {
        return callerList[target][fromChain][fromAddress];
    }

    /// @inheritdoc IMOSV3
    function getOrderStatus(uint256 chainId, uint256, bytes32 orderId)
        external
        view
        returns (bool exists, bool verifiable, uint256 nodeType)
    {
        Lane storage lane = _lanes[chainId];
        ILightClient lightClient = lane.lightClient;
        exists = isConsumed(chainId, lane.remoteMos, MessageCodec.nonceOf(orderId));
        verifiable = address(lightClient) != address(0) && lightClient.status() != ILightClient.Status.Frozen;
        nodeType = NODE_TYPE_LIGHT_CLIENT;
    }

    /// @inheritdoc IMessageService
    function outcome(uint256 fromChain, bytes32 orderId) external view returns (Outcome) {
        if (_stored[fromChain][orderId] != 0) return Outcome.Failed;
        bool consumed = isConsumed(fromChain, _lanes[fromChain].remoteMos, MessageCodec.nonceOf(orderId));
        return consumed ? Outcome.Delivered : Outcome.None;
    }

    /// @inheritdoc IMessageService
    function storedMessage(uint256 fromChain, bytes32 orderId) external view returns (bytes32 commitment) {
        return _stored[fromChain][orderId];
    }

    /// @inheritdoc IMessageService
    function isConsumed(uint256 fromChain, address fromMos, uint64 nonce) public view returns (bool) {
        return _consumed[_nonceKey(fromChain, fromMos, nonce)] & _nonceBit(nonce) != 0;
    }

    function _update(Source memory source, bytes[] calldata updates) private {
        for (uint256 i = 0; i != updates.length; ++i) {
            source.lightClient.update(updates[i]);
        }
    }

    function _deliver(Source memory source, uint256 logIndex, bytes calldata receiptProof) private {
        (bytes calldata receipt,) = _receipt(source, receiptProof);
        (SkipReason reason, Inbound memory message, bytes calldata messageData, bytes calldata payload) =
            _inspect(source, receipt, logIndex);
        if (reason != SkipReason.None) _revertUndeliverable(reason, source, receipt, logIndex);
        _requireGas(message.gasLimit, messageData.length);
        _consume(source, message, messageData, payload);
    }

    /// @dev Marks the order, then runs its target. A failure is kept for `retry`.
    function _consume(Source memory source, Inbound memory message, bytes calldata messageData, bytes calldata payload)
        private
    {
        uint64 nonce = MessageCodec.nonceOf(message.orderId);
        bytes32 key = _nonceKey(source.chainId, source.mos, nonce);
        uint256 word = _consumed[key];
        if (word & _nonceBit(nonce) != 0) {
            _store(source, message, messageData);
            return;
        }
        _consumed[key] = word | _nonceBit(nonce);
        (bool ok, bytes memory reason) = _execute(source, message, payload);
        emit mapMessageIn(
            source.chainId, block.chainid, message.orderId, abi.encodePacked(message.sender), payload, ok, reason
        );
        if (!ok) _store(source, message, messageData);
    }

    function _store(Source memory source, Inbound memory message, bytes calldata messageData) private {
        bytes32 commitment = _commitment(source, message, messageData);
        _stored[source.chainId][message.orderId] = commitment;
        emit MessageStored(source.chainId, message.orderId, commitment, source.lightClient, source.mos);
    }

    /// @dev Calls the target with exactly `message.gasLimit` gas, or says why it must not be called.
    function _execute(Source memory source, Inbound memory message, bytes calldata payload)
        private
        returns (bool ok, bytes memory reason)
    {
        address target = message.target;
        if (_forbidden[target]) return (false, abi.encodeWithSelector(MOS_ForbiddenTarget.selector, target));
        if (target.code.length == 0) return (false, abi.encodeWithSelector(MOS_TargetHasNoCode.selector, target));
        bytes memory from = abi.encodePacked(message.sender);
        bytes memory input;
        if (message.msgType == MessageType.MESSAGE) {
            input = abi.encodeCall(
                IMapoExecutor.mapoExecute, (source.chainId, block.chainid, from, message.orderId, payload)
            );
        } else {
            if (_feeService.isFeeToken(target)) {
                return (false, abi.encodeWithSelector(MOS_ForbiddenTarget.selector, target));
            }
            if (!callerList[target][source.chainId][from]) {
                return (false, abi.encodeWithSelector(MOS_CallNotPermitted.selector, target, source.chainId, from));
            }
            // Its arguments say who sent what on which chain: only MOS may fill them in, not the sender of a payload.
            if (bytes4(payload) == IMapoExecutor.mapoExecute.selector) {
                return (false, abi.encodeWithSelector(MOS_ForbiddenSelector.selector, bytes4(payload)));
            }
            input = payload;
        }
        uint256 gasLimit = message.gasLimit;
        if (DeliveryGas.callGas(gasleft()) < gasLimit) {
            revert MOS_InsufficientGas(gasLimit, DeliveryGas.callGas(gasleft()));
        }
        // The target's return data is copied up to the cap, only where it failed. The copy goes to free memory, and the
        // free-memory pointer moves past it.
        assembly ("memory-safe") {
            ok := call(gasLimit, target, 0, add(input, 0x20), mload(input), 0, 0)
            reason := mload(0x40)
            let size := 0
            if iszero(ok) {
                size := returndatasize()
                if gt(size, RETURN_DATA_CAP) { size := RETURN_DATA_CAP }
                returndatacopy(add(reason, 0x20), 0, size)
            }
            mstore(reason, size)
            mstore(0x40, and(add(add(reason, 0x3f), size), not(0x1f)))
        }
    }

    /// @dev The route from `chainId`, if messages may come in on it.
    function _source(uint256 chainId) private view returns (Source memory source) {
        Lane storage lane = _lanes[chainId];
        source.lightClient = lane.lightClient;
        if (address(source.lightClient) == address(0)) revert MOS_NoRoute(chainId);
        if (lane.inboundPaused) revert MOS_LanePaused(chainId, false);
        source.chainId = chainId;
        source.mos = lane.remoteMos;
    }

    /// @dev The receipt that the source's light client vouches for.
    function _receipt(Source memory source, bytes calldata receiptProof)
        private
        view
        returns (bytes calldata receipt, uint256 txIndex)
    {
        ReceiptProof calldata proof = _asReceiptProof(receiptProof);
        txIndex = proof.txIndex;
        bytes32 receiptsRoot = source.lightClient.verifyBlock(proof.blockProof).receiptsRoot;
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

    /// @dev Reads a proven log. Every field that is executed later comes from it and is bound by the order id.
    function _inspect(Source memory source, address emitter, bytes32[] memory topics, bytes calldata data)
        private
        view
        returns (SkipReason reason, Inbound memory message, bytes calldata messageData, bytes calldata payload)
    {
        messageData = data[:0];
        payload = data[:0];
        if (emitter != source.mos) return (SkipReason.ForeignEmitter, message, messageData, payload);
        if (topics.length != MESSAGE_OUT_TOPICS || topics[0] != MESSAGE_OUT) {
            return (SkipReason.ForeignTopic, message, messageData, payload);
        }
        if (topics[1] != bytes32(source.chainId) || topics[2] != bytes32(block.chainid)) {
            return (SkipReason.ForeignLane, message, messageData, payload);
        }
        bool canonical;
        (canonical, message.orderId, message.sender, messageData) = MessageCodec.inspectLog(data);
        if (!canonical) return (SkipReason.MalformedLog, message, messageData, payload);
        if (message.orderId != _orderId(source, message, messageData)) {
            return (SkipReason.OrderIdMismatch, message, messageData, payload);
        }
        MessageCodec.Fault fault;
        (fault,, message.msgType, message.target, message.gasLimit, payload) = MessageCodec.inspect(messageData);
        if (fault != MessageCodec.Fault.None) return (SkipReason.MalformedMessage, message, messageData, payload);
        if (
            isConsumed(source.chainId, source.mos, MessageCodec.nonceOf(message.orderId))
                && !_needsNewVoucher(source, message, messageData)
        ) reason = SkipReason.AlreadyDelivered;
    }

    /// @dev Whether the order failed under a light client that is no longer the route's: proving it again makes it
    ///      retriable again.
    function _needsNewVoucher(Source memory source, Inbound memory message, bytes calldata messageData)
        private
        view
        returns (bool)
    {
        bytes32 stored = _stored[source.chainId][message.orderId];
        return stored != 0 && stored != _commitment(source, message, messageData);
    }

    function _revertUndeliverable(SkipReason reason, Source memory source, bytes calldata receipt, uint256 logIndex)
        private
        view
    {
        (address emitter, bytes32[] memory topics, bytes calldata data) = Receipts.logAt(receipt, logIndex);
        if (reason == SkipReason.ForeignEmitter) revert MOS_ForeignEmitter(source.mos, emitter);
        if (reason == SkipReason.ForeignTopic) {
            revert MOS_ForeignTopic(MESSAGE_OUT, topics.length == 0 ? bytes32(0) : topics[0]);
        }
        if (reason == SkipReason.ForeignLane) revert MOS_ForeignLane(uint256(topics[1]), uint256(topics[2]));
        if (reason == SkipReason.MalformedLog) revert MOS_MalformedLog();
        Inbound memory message;
        bytes calldata messageData;
        (, message.orderId, message.sender, messageData) = MessageCodec.inspectLog(data);
        if (reason == SkipReason.OrderIdMismatch) {
            revert MOS_OrderIdMismatch(_orderId(source, message, messageData), message.orderId);
        }
        if (reason == SkipReason.MalformedMessage) MessageCodec.decode(messageData);
        revert MOS_AlreadyDelivered(source.chainId, message.orderId);
    }

    function _orderId(Source memory source, Inbound memory message, bytes calldata messageData)
        private
        view
        returns (bytes32)
    {
        uint64 nonce = MessageCodec.nonceOf(message.orderId);
        return MessageCodec.orderId(source.chainId, source.mos, block.chainid, nonce, message.sender, messageData);
    }

    function _commitment(Source memory source, Inbound memory message, bytes calldata messageData)
        private
        view
        returns (bytes32)
    {
        return keccak256(
            abi.encode(
                StoredMessage({
                    fromChain: source.chainId,
                    lightClient: source.lightClient,
                    fromMos: source.mos,
                    toChain: block.chainid,
                    orderId: message.orderId,
                    fromAddress: abi.encodePacked(message.sender),
                    messageData: messageData
                })
            )
        );
    }

    function _gasCovers(uint256 gasLimit, uint256 length) private view returns (bool) {
        return DeliveryGas.callGas(gasleft()) >= gasLimit + DeliveryGas.reserve(length);
    }

    /// @dev What is left after all costs of MOS must cover the gas limit even of the 63/64 that a call can pass on.
    function _requireGas(uint256 gasLimit, uint256 length) private view {
        if (!_gasCovers(gasLimit, length)) {
            revert MOS_InsufficientGas(gasLimit + DeliveryGas.reserve(length), DeliveryGas.callGas(gasleft()));
        }
    }

    function _nonceKey(uint256 fromChain, address fromMos, uint64 nonce) private pure returns (bytes32) {
        return keccak256(abi.encode(fromChain, fromMos, nonce >> NONCE_WORD_BITS));
    }

    function _nonceBit(uint64 nonce) private pure returns (uint256) {
        return uint256(1) << (nonce & 0xff);
    }

    /// @dev Points a struct at `data` behind its first word, without copying. Where the offsets inside it lead, inside the
    ///      calldata or beyond (Solidity checks each against its end), is the prover's affair: every byte is hashed.
    function _asReceiptProof(bytes calldata data) private pure returns (ReceiptProof calldata proof) {
        _requireTuple(data);
        assembly ("memory-safe") {
            proof := add(data.offset, 0x20)
        }
    }

    /// @dev As `_asReceiptProof`.
    function _asBatchProof(bytes calldata data) private pure returns (BatchProof calldata proof) {
        _requireTuple(data);
        assembly ("memory-safe") {
            proof := add(data.offset, 0x20)
        }
    }

    /// @dev Four words: the offset and the three words of either struct's head.
    function _requireTuple(bytes calldata data) private pure {
        if (data.length < 0x80 || uint256(bytes32(data)) != TUPLE_OFFSET) {
            revert MOS_MalformedProof(data.length < 0x20 ? 0 : uint256(bytes32(data)));
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
