// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMessageService} from "../mos/interfaces/IMessageService.sol";
import {Inbound, Source} from "../mos/libraries/Inbound.sol";
import {ProofPointer} from "../mos/libraries/ProofPointer.sol";
import {Records} from "../mos/libraries/Records.sol";
import {Receipts} from "../proofs/Receipts.sol";
import {IHub} from "./IHub.sol";
import {Passage} from "./Passage.sol";

/// @title  Forwarding
/// @notice Logs again what another chain's MOS logged: messages with their origin intact, once an order unless asked for
///         again, and records of delivery and expiry as often as anybody asks.
abstract contract Forwarding is Passage {
    /// @inheritdoc IHub
    function forward(uint256 fromChain, bytes[] calldata updates, uint256 logIndex, bytes calldata receiptProof)
        external
        returns (bytes32 orderId)
    {
        return _forward(fromChain, updates, logIndex, receiptProof, false);
    }

    /// @inheritdoc IHub
    function forwardAgain(uint256 fromChain, bytes[] calldata updates, uint256 logIndex, bytes calldata receiptProof)
        external
        returns (bytes32 orderId)
    {
        return _forward(fromChain, updates, logIndex, receiptProof, true);
    }

    /// @inheritdoc IHub
    function forwardBatch(uint256 fromChain, bytes[] calldata updates, bytes calldata batchProof)
        external
        returns (uint256 forwarded)
    {
        Source memory source = _source(fromChain);
        _update(source, updates);
        IMessageService.BatchProof calldata batch = ProofPointer.asBatchProof(batchProof);
        bytes32 receiptsRoot = source.lightClient.verifyReceiptsRoot(batch.blockProof);
        for (uint256 i = 0; i != batch.members.length; ++i) {
            IMessageService.BatchMember calldata member = batch.members[i];
            bytes calldata receipt = Receipts.verify(receiptsRoot, member.txIndex, batch.nodes, member.path);
            IMessageService.SkipReason reason = _forwardMember(source, receipt, member.logIndex);
            if (reason == IMessageService.SkipReason.None) ++forwarded;
            else emit MessageSkipped(fromChain, member.txIndex, member.logIndex, reason);
        }
        if (forwarded == 0) revert Hub_NothingForwarded(fromChain);
    }

    /// @inheritdoc IHub
    function forwardRecords(uint256 recordChain, bytes[] calldata updates, bytes calldata receiptProof)
        external
        returns (uint256 forwarded)
    {
        Source memory source = _source(recordChain);
        _update(source, updates);
        bytes calldata rest = Receipts.logs(_receipt(source, receiptProof));
        while (rest.length != 0) {
            address emitter;
            bytes32[] memory topics;
            bytes calldata data;
            (emitter, topics, data, rest) = Receipts.nextLog(rest);
            if (emitter == source.emitter && _forwardRecord(recordChain, Records.read(emitter, topics, data))) {
                ++forwarded;
            }
        }
        if (forwarded == 0) revert Hub_NothingForwarded(recordChain);
    }

    function _forward(
        uint256 fromChain,
        bytes[] calldata updates,
        uint256 logIndex,
        bytes calldata receiptProof,
        bool again
    ) private returns (bytes32 orderId) {
        Source memory source = _source(fromChain);
        _update(source, updates);
        (address emitter, bytes32[] memory topics, bytes calldata data) =
            Receipts.logAt(_receipt(source, receiptProof), logIndex);
        (IMessageService.SkipReason reason, uint256 toChain, Inbound memory message,,) =
            _inspect(source, emitter, topics, data);
        orderId = message.orderId;
        if (reason != IMessageService.SkipReason.None) _revertUnfit(reason, source, emitter, topics, orderId);
        _requireOpen(toChain);
        if (again) {
            if (!_hasPassed(source, toChain, orderId)) revert Hub_NotForwarded(fromChain, orderId);
        } else if (_pass(source, toChain, orderId)) {
            revert Hub_AlreadyForwarded(fromChain, orderId);
        }
        _logAgain(topics, data);
    }

    function _forwardMember(Source memory source, bytes calldata receipt, uint256 logIndex)
        private
        returns (IMessageService.SkipReason reason)
    {
        (address emitter, bytes32[] memory topics, bytes calldata data) = Receipts.logAt(receipt, logIndex);
        uint256 toChain;
        Inbound memory message;
        (reason, toChain, message,,) = _inspect(source, emitter, topics, data);
        if (reason != IMessageService.SkipReason.None) return reason;
        if (!_isOpen(toChain)) return IMessageService.SkipReason.LaneClosed;
        if (_pass(source, toChain, message.orderId)) return IMessageService.SkipReason.AlreadyDelivered;
        _logAgain(topics, data);
    }

    /// @dev Emits the record again, if it is one that passes here.
    function _forwardRecord(uint256 recordChain, Records.Record memory record) private returns (bool) {
        uint256 origin = record.originChain;
        if (record.kind == Records.Kind.None || origin == block.chainid || origin == recordChain || !_isOpen(origin)) {
            return false;
        }
        if (record.kind == Records.Kind.Delivery) {
            emit DeliveryRecordForwarded(origin, recordChain, record.orderId, record.mos, record.account);
        } else {
            emit ExpiryRecordForwarded(
                origin, recordChain, record.orderId, record.mos, record.account, record.attempted
            );
        }
        return true;
    }

    /// @dev Logs what was proven and found to be canonical, byte for byte. `_inspect` has seen to it that there are three
    ///      topics, the first that of either message event. The data is copied to free memory, which nothing else uses before
    ///      it is logged.
    function _logAgain(bytes32[] memory topics, bytes calldata data) private {
        (bytes32 signature, bytes32 fromChain, bytes32 toChain) = (topics[0], topics[1], topics[2]);
        assembly ("memory-safe") {
            let start := mload(0x40)
            calldatacopy(start, data.offset, data.length)
            log3(start, data.length, signature, fromChain, toChain)
        }
    }
}
