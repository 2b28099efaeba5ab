// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMessageService} from "../mos/interfaces/IMessageService.sol";
import {Inbound, Source} from "../mos/libraries/Inbound.sol";
import {MessageCodec} from "../mos/libraries/MessageCodec.sol";
import {MessageLog} from "../mos/libraries/MessageLog.sol";
import {ProofPointer} from "../mos/libraries/ProofPointer.sol";
import {Receipts} from "../proofs/Receipts.sol";
import {IHub} from "./IHub.sol";

/// @title  What passes a hub
/// @notice Whom the hub believes, where it passes things on to, and which orders have passed: each once.
abstract contract Passage is IHub {
    /// @dev Nonces in one word of the bitmap: 2^8.
    uint256 private constant NONCE_WORD_BITS = 8;
    uint256 private constant NONCE_BIT_MASK = 0xff;

    /// @inheritdoc IHub
    IMessageService public immutable mos;

    /// @dev By keccak256(abi.encode(origin chain, origin MOS, target chain, nonce >> 8)): one bit a nonce, as MOS' own.
    mapping(bytes32 key => uint256 word) private _passed;

    constructor(IMessageService mos_) {
        if (address(mos_).code.length == 0) revert Hub_NotAContract(address(mos_));
        mos = mos_;
    }

    /// @inheritdoc IHub
    function isForwarded(uint256 fromChain, address fromMos, uint256 toChain, uint64 nonce)
        external
        view
        returns (bool)
    {
        return _passed[_key(fromChain, fromMos, toChain, nonce)] & _bit(nonce) != 0;
    }

    /// @dev The direct route from `chainId`, if what comes on it passes. `payee` and `hub` are left empty.
    function _source(uint256 chainId) internal view returns (Source memory source) {
        IMessageService.Route memory route = mos.route(chainId);
        if (address(route.lightClient) == address(0)) revert Hub_NoRoute(chainId);
        if (route.hub != address(0)) revert Hub_NotDirect(chainId);
        if (mos.isLanePaused(chainId, false)) revert Hub_LanePaused(chainId, false);
        source.chainId = chainId;
        source.lightClient = route.lightClient;
        source.mos = route.remoteMos;
        source.emitter = route.remoteMos;
    }

    function _update(Source memory source, bytes[] calldata updates) internal {
        for (uint256 i = 0; i != updates.length; ++i) {
            source.lightClient.update(updates[i]);
        }
    }

    /// @dev The receipt that the source's light client vouches for. @param receiptProof `IMessageService.ReceiptProof`.
    function _receipt(Source memory source, bytes calldata receiptProof)
        internal
        view
        returns (bytes calldata receipt)
    {
        IMessageService.ReceiptProof calldata proof = ProofPointer.asReceiptProof(receiptProof);
        bytes32 receiptsRoot = source.lightClient.verifyReceiptsRoot(proof.blockProof);
        return Receipts.verify(receiptsRoot, proof.txIndex, proof.nodes);
    }

    /// @dev Reads a proven log as a message of whatever lane passes here. @return toChain 0 where the log is no message.
    function _inspect(Source memory source, address emitter, bytes32[] memory topics, bytes calldata data)
        internal
        view
        returns (
            IMessageService.SkipReason reason,
            uint256 toChain,
            Inbound memory message,
            bytes calldata messageData,
            bytes calldata payload
        )
    {
        if (topics.length > 2) toChain = uint256(topics[2]);
        (reason, message, messageData, payload) = MessageLog.inspect(source, toChain, emitter, topics, data);
        bool isMessage = reason == IMessageService.SkipReason.None || reason == IMessageService.SkipReason.Relay;
        if (isMessage && (toChain == block.chainid || toChain == source.chainId)) {
            reason = IMessageService.SkipReason.ForeignLane;
        }
    }

    /// @dev Reverts with why the log is not one that the caller looked for.
    function _revertUnfit(
        IMessageService.SkipReason reason,
        Source memory source,
        address emitter,
        bytes32[] memory topics,
        bytes32 orderId
    ) internal pure {
        if (reason == IMessageService.SkipReason.ForeignEmitter) revert Hub_ForeignEmitter(source.emitter, emitter);
        if (reason == IMessageService.SkipReason.ForeignTopic) {
            revert Hub_ForeignTopic(topics.length == 0 ? bytes32(0) : topics[0]);
        }
        if (reason == IMessageService.SkipReason.ForeignLane) {
            revert Hub_ForeignLane(uint256(topics[1]), uint256(topics[2]));
        }
        if (reason == IMessageService.SkipReason.OrderIdMismatch) revert Hub_OrderIdMismatch(orderId);
        if (reason == IMessageService.SkipReason.Relay) revert Hub_RelayMessage(orderId);
        if (reason == IMessageService.SkipReason.None) revert Hub_NotARelayMessage(orderId);
        revert Hub_MalformedLog();
    }

    /// @dev Reverts unless something may be passed on to `chainId`.
    function _requireOpen(uint256 chainId) internal view {
        IMessageService.Route memory route = mos.route(chainId);
        if (address(route.lightClient) == address(0)) revert Hub_NoRoute(chainId);
        if (route.hub != address(0)) revert Hub_NotDirect(chainId);
        if (mos.isLanePaused(chainId, true)) revert Hub_LanePaused(chainId, true);
    }

    /// @dev As `_requireOpen`, for who passes over what cannot go on.
    function _isOpen(uint256 chainId) internal view returns (bool) {
        IMessageService.Route memory route = mos.route(chainId);
        return address(route.lightClient) != address(0) && route.hub == address(0) && !mos.isLanePaused(chainId, true);
    }

    /// @dev Marks the order as passed. @return already Whether it was.
    function _pass(Source memory source, uint256 toChain, bytes32 orderId) internal returns (bool already) {
        uint64 nonce = MessageCodec.nonceOf(orderId);
        bytes32 key = _key(source.chainId, source.mos, toChain, nonce);
        uint256 word = _passed[key];
        already = word & _bit(nonce) != 0;
        if (!already) _passed[key] = word | _bit(nonce);
    }

    function _hasPassed(Source memory source, uint256 toChain, bytes32 orderId) internal view returns (bool) {
        uint64 nonce = MessageCodec.nonceOf(orderId);
        return _passed[_key(source.chainId, source.mos, toChain, nonce)] & _bit(nonce) != 0;
    }

    function _key(uint256 fromChain, address fromMos, uint256 toChain, uint64 nonce) private pure returns (bytes32) {
        return keccak256(abi.encode(fromChain, fromMos, toChain, nonce >> NONCE_WORD_BITS));
    }

    function _bit(uint64 nonce) private pure returns (uint256) {
        return uint256(1) << (nonce & NONCE_BIT_MASK);
    }
}
