// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMessageService} from "./interfaces/IMessageService.sol";
import {IMOSV3} from "./interfaces/IMOSV3.sol";
import {ILightClient} from "../light-clients/ILightClient.sol";
import {Execution} from "./Execution.sol";
import {Inbound, Source} from "./libraries/Inbound.sol";
import {MessageCodec} from "./libraries/MessageCodec.sol";
import {OrderedStream} from "./libraries/OrderedStream.sol";

/// @title  What became of each order
/// @notice An order is consumed once, by the bit of its nonce. It is then Delivered, or Failed, or Expired; a failed one can
///         still become either of the others, and nothing else ever changes.
abstract contract Orders is Execution {
    using OrderedStream for OrderedStream.Stream;

    /// @dev Nonces in one word of the replay bitmap: 2^8.
    uint256 private constant NONCE_WORD_BITS = 8;
    /// @dev In place of the commitment of a failed message: the order expired, without or with an attempt before. No
    ///      commitment is 1 or 2.
    bytes32 private constant EXPIRED = bytes32(uint256(1));
    bytes32 private constant EXPIRED_AFTER_ATTEMPT = bytes32(uint256(2));
    /// @dev `getOrderStatus`' word for "verified by a light client".
    uint256 private constant NODE_TYPE_LIGHT_CLIENT = 1;

    /// @dev By keccak256(abi.encode(origin chain, origin MOS, this chain, nonce >> 8)): one bit a nonce. Its storage slot is part of
    ///      the interface: `RemoteMos.CONSUMED_SLOT` on other chains proves that a bit is not set.
    mapping(bytes32 key => uint256 word) private _consumed;
    mapping(uint256 fromChain => mapping(bytes32 orderId => bytes32 commitment)) private _stored;
    /// @dev By keccak256(abi.encode(origin chain, origin MOS, sender, target)).
    mapping(bytes32 key => OrderedStream.Stream) private _streams;

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
        bytes32 stored = _stored[fromChain][orderId];
        if (_isExpired(stored)) return Outcome.Expired;
        if (stored != 0) return Outcome.Failed;
        bool consumed = isConsumed(fromChain, _lanes[fromChain].remoteMos, MessageCodec.nonceOf(orderId));
        return consumed ? Outcome.Delivered : Outcome.None;
    }

    /// @inheritdoc IMessageService
    function storedMessage(uint256 fromChain, bytes32 orderId) external view returns (bytes32 commitment) {
        return _stored[fromChain][orderId];
    }

    /// @inheritdoc IMessageService
    function awaitedSequence(uint256 fromChain, address fromMos, address sender, address target)
        external
        view
        returns (uint64)
    {
        return _streams[_streamKey(fromChain, fromMos, sender, target)].next();
    }

    /// @inheritdoc IMessageService
    function isConsumed(uint256 fromChain, address fromMos, uint64 nonce) public view returns (bool) {
        return _consumed[_nonceKey(fromChain, fromMos, nonce)] & _nonceBit(nonce) != 0;
    }

    /// @dev Whether nothing can become of the order any more: it was consumed, and did not fail.
    function _isSettled(uint256 fromChain, address fromMos, bytes32 orderId) internal view returns (bool) {
        if (!isConsumed(fromChain, fromMos, MessageCodec.nonceOf(orderId))) return false;
        bytes32 stored = _stored[fromChain][orderId];
        return stored == 0 || _isExpired(stored);
    }

    /// @dev Whether a proof of the order changes anything now: it was not consumed and its stream awaits it or it expired;
    ///      or it failed, and expired since or failed under a light client or over a hub that is no longer the route's
    ///      (proving it again makes it retriable again).
    function _admit(Source memory source, Inbound memory message, bytes calldata messageData)
        internal
        view
        returns (SkipReason)
    {
        bool expired = _isPast(message.options.deadline);
        if (!isConsumed(source.chainId, source.mos, MessageCodec.nonceOf(message.orderId))) {
            uint64 sequence = message.options.sequence;
            if (sequence == 0 || expired) return SkipReason.None;
            return _stream(source, message).next() == sequence ? SkipReason.None : SkipReason.OutOfOrder;
        }
        bytes32 stored = _stored[source.chainId][message.orderId];
        if (stored == 0 || _isExpired(stored)) return SkipReason.AlreadyDelivered;
        if (expired || stored != _commitment(source, message, messageData)) return SkipReason.None;
        return SkipReason.AlreadyDelivered;
    }

    /// @dev What becomes of an admitted order: it expires if its deadline is past; a failed one is stored anew; any other is
    ///      consumed and run, and stored if its target fails.
    function _settle(Source memory source, Inbound memory message, bytes calldata messageData, bytes calldata payload)
        internal
    {
        uint64 nonce = MessageCodec.nonceOf(message.orderId);
        bytes32 key = _nonceKey(source.chainId, source.mos, nonce);
        uint256 word = _consumed[key];
        bool attempted = word & _nonceBit(nonce) != 0;
        if (!attempted) _consumed[key] = word | _nonceBit(nonce);
        if (_isPast(message.options.deadline)) {
            _stored[source.chainId][message.orderId] = attempted ? EXPIRED_AFTER_ATTEMPT : EXPIRED;
            if (message.options.sequence != 0) _stream(source, message).pass(message.options.sequence);
            emit ExpiryRecord(source.chainId, message.orderId, message.options.refundRecipient, attempted);
            return;
        }
        if (attempted) {
            _store(source, message, messageData);
            return;
        }
        (bool ok, bytes memory reason) = _execute(source.chainId, message, payload);
        emit mapMessageIn(
            source.chainId, block.chainid, message.orderId, abi.encodePacked(message.sender), payload, ok, reason
        );
        emit DeliveryRecord(source.chainId, message.orderId, source.payee);
        if (ok) _leaveStream(source, message);
        else _store(source, message, messageData);
    }

    /// @dev Emits an expired order's record again, the same as the first time: who made that one chose what else is in its
    ///      receipt, and can have made it too long to be proven. @return Whether the order is expired.
    function _recordAgain(Source memory source, Inbound memory message) internal returns (bool) {
        bytes32 stored = _stored[source.chainId][message.orderId];
        if (!_isExpired(stored)) return false;
        bool attempted = stored == EXPIRED_AFTER_ATTEMPT;
        emit ExpiryRecord(source.chainId, message.orderId, message.options.refundRecipient, attempted);
        return true;
    }

    /// @dev Takes a failed message out of the store, for a retry that reverts if it fails.
    function _takeStored(StoredMessage calldata stored) internal {
        bytes32 commitment = keccak256(abi.encode(stored));
        if (_stored[stored.fromChain][stored.orderId] != commitment) revert MOS_NotStored(commitment);
        delete _stored[stored.fromChain][stored.orderId];
    }

    /// @dev The next message of the stream may come, now that this one succeeded.
    function _leaveStream(Source memory source, Inbound memory message) internal {
        if (message.options.sequence != 0) _stream(source, message).pass(message.options.sequence);
    }

    /// @dev The sequence that the message's stream awaits.
    function _awaited(Source memory source, Inbound memory message) internal view returns (uint64) {
        return _stream(source, message).next();
    }

    function _isPast(uint64 deadline) internal view returns (bool) {
        return deadline != 0 && block.timestamp >= deadline;
    }

    function _isExpired(bytes32 stored) private pure returns (bool) {
        return stored == EXPIRED || stored == EXPIRED_AFTER_ATTEMPT;
    }

    function _store(Source memory source, Inbound memory message, bytes calldata messageData) private {
        bytes32 commitment = _commitment(source, message, messageData);
        _stored[source.chainId][message.orderId] = commitment;
        emit MessageStored(source.chainId, message.orderId, commitment, source.lightClient, source.hub, source.mos);
    }

    function _stream(Source memory source, Inbound memory message) private view returns (OrderedStream.Stream storage) {
        return _streams[_streamKey(source.chainId, source.mos, message.sender, message.target)];
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
                    hub: source.hub,
                    fromMos: source.mos,
                    toChain: block.chainid,
                    orderId: message.orderId,
                    fromAddress: abi.encodePacked(message.sender),
                    messageData: messageData,
                    options: MessageCodec.encodeOptions(message.options)
                })
            )
        );
    }

    function _streamKey(uint256 fromChain, address fromMos, address sender, address target)
        private
        pure
        returns (bytes32)
    {
        return keccak256(abi.encode(fromChain, fromMos, sender, target));
    }

    function _nonceKey(uint256 fromChain, address fromMos, uint64 nonce) private view returns (bytes32) {
        return keccak256(abi.encode(fromChain, fromMos, block.chainid, nonce >> NONCE_WORD_BITS));
    }

    function _nonceBit(uint64 nonce) private pure returns (uint256) {
        return uint256(1) << (nonce & 0xff);
    }
}
