// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {MerklePatricia} from "./MerklePatricia.sol";
import {RLP} from "./RLP.sol";

/// @title  Receipts and their logs, proven and read in place on calldata
/// @notice A receipt is `type || rlp([status, cumulativeGasUsed, bloom, logs])` (EIP-2718), or that list alone for a
///         legacy one. The type is the first byte of what was proven, never a parameter: a prover who may choose it can
///         make a legacy receipt's bytes read as another receipt.
library Receipts {
    using RLP for bytes;

    /// @dev Least and greatest type byte of EIP-2718 in use; from 0xc0 on the byte starts a legacy receipt's list.
    uint256 private constant TYPE_MIN = 0x01;
    uint256 private constant TYPE_MAX = 0x7f;
    /// @dev Bytes of a receipt's bloom filter.
    uint256 private constant BLOOM_SIZE = 256;
    /// @dev Bytes of a topic with its prefix.
    uint256 private constant TOPIC_ITEM = 33;
    /// @dev Prefix of a topic: a string of 32 bytes.
    uint256 private constant TOPIC_PREFIX = 0xa0;
    /// @dev LOG4 has the most topics.
    uint256 private constant TOPICS_MAX = 4;

    /// @notice The receipt starts with no known type and no list. @param given Its first byte.
    error Receipts_Type(uint256 given);
    /// @notice The bloom filter has another length. @param expected Bytes. @param given Bytes.
    error Receipts_BloomLength(uint256 expected, uint256 given);
    /// @notice The topics are not 0 to 4 words. @param limit Bytes. @param given Bytes.
    error Receipts_Topics(uint256 limit, uint256 given);
    /// @notice A topic is not a string of 32 bytes.
    error Receipts_TopicLength();
    /// @notice The receipt has fewer logs. @param limit Logs. @param given Index asked for.
    error Receipts_LogIndex(uint256 limit, uint256 given);
    /// @notice No block has so many transactions. @param limit Greatest index. @param given Index.
    error Receipts_TransactionIndex(uint256 limit, uint256 given);

    /// @notice The receipt of transaction `txIndex`; reverts unless `nodes` shows it.
    /// @param  nodes Trie nodes from the root to the leaf, concatenated.
    function verify(bytes32 receiptsRoot, uint256 txIndex, bytes calldata nodes)
        internal
        pure
        returns (bytes calldata receipt)
    {
        (bytes32 key, uint256 length) = trieKey(txIndex);
        return MerklePatricia.verify(receiptsRoot, key, length, nodes);
    }

    /// @notice As above, with nodes that several proofs share.
    /// @param  path Indices into `nodes` from the root to the leaf, two bytes each, big-endian.
    function verify(bytes32 receiptsRoot, uint256 txIndex, bytes[] calldata nodes, bytes calldata path)
        internal
        pure
        returns (bytes calldata receipt)
    {
        (bytes32 key, uint256 length) = trieKey(txIndex);
        return MerklePatricia.verify(receiptsRoot, key, length, nodes, path);
    }

    /// @notice The log at `logIndex`, counted inside the receipt from 0.
    function logAt(bytes calldata receipt, uint256 logIndex)
        internal
        pure
        returns (address emitter, bytes32[] memory topics, bytes calldata data)
    {
        (uint256 ptr, uint256 limit) = logs(receipt).bounds();
        for (uint256 i = 0; i != logIndex && ptr != limit; ++i) {
            (, ptr) = RLP.listAt(ptr, limit);
        }
        if (ptr == limit) revert Receipts_LogIndex(logCount(receipt), logIndex);
        (uint256 from, uint256 to) = RLP.listAt(ptr, limit);
        return _log(from, to);
    }

    /// @notice How many logs the receipt has.
    function logCount(bytes calldata receipt) internal pure returns (uint256 total) {
        (uint256 ptr, uint256 limit) = logs(receipt).bounds();
        while (ptr != limit) {
            (, ptr) = RLP.listAt(ptr, limit);
            ++total;
        }
    }

    /// @notice The receipt's logs, for `nextLog`. Empty if it has none.
    function logs(bytes calldata receipt) internal pure returns (bytes calldata items) {
        (uint256 ptr, uint256 limit) = receipt.bounds();
        if (ptr == limit) revert RLP.RLP_OutOfBounds(1, 0);
        uint256 first = RLP.loadAt(ptr) >> 248;
        if (first < RLP.LIST_SHORT) {
            if (first < TYPE_MIN || first > TYPE_MAX) revert Receipts_Type(first);
            unchecked {
                ++ptr;
            }
        }
        uint256 end;
        (ptr, end) = RLP.listAt(ptr, limit);
        if (end != limit) revert RLP.RLP_TrailingBytes(receipt.length + end - limit, receipt.length);
        (, ptr) = RLP.stringAt(ptr, limit); // status, or the state root before Byzantium
        (, ptr) = RLP.stringAt(ptr, limit); // cumulativeGasUsed
        uint256 from;
        (from, ptr) = RLP.stringAt(ptr, limit);
        unchecked {
            if (ptr - from != BLOOM_SIZE) revert Receipts_BloomLength(BLOOM_SIZE, ptr - from);
        }
        (from, ptr) = RLP.listAt(ptr, limit);
        if (ptr != limit) revert RLP.RLP_TrailingBytes(receipt.length + ptr - limit, receipt.length);
        return RLP.slice(from, ptr);
    }

    /// @notice The first log of `items`, and the logs that follow it.
    /// @param  items What `logs` returned or what this function left; must not be empty.
    function nextLog(bytes calldata items)
        internal
        pure
        returns (address emitter, bytes32[] memory topics, bytes calldata data, bytes calldata rest)
    {
        (uint256 ptr, uint256 limit) = items.bounds();
        (uint256 from, uint256 to) = RLP.listAt(ptr, limit);
        (emitter, topics, data) = _log(from, to);
        rest = RLP.slice(to, limit);
    }

    /// @notice Key of a transaction's receipt in the trie: the RLP of its index, left-aligned. @return length Bytes.
    function trieKey(uint256 txIndex) internal pure returns (bytes32 key, uint256 length) {
        if (txIndex > type(uint64).max) revert Receipts_TransactionIndex(type(uint64).max, txIndex);
        unchecked {
            if (txIndex == 0) return (bytes32(RLP.STRING_SHORT << 248), 1);
            if (txIndex < RLP.STRING_SHORT) return (bytes32(txIndex << 248), 1);
            uint256 size = 1; // bytes of the index, at most 8
            while (txIndex >> (8 * size) != 0) ++size;
            key = bytes32(((RLP.STRING_SHORT + size) << 248) | (txIndex << (248 - 8 * size)));
            length = 1 + size;
        }
    }

    /// @dev The log with payload `[ptr, limit)`: exactly an address, 0 to 4 topics and data.
    function _log(uint256 ptr, uint256 limit)
        private
        pure
        returns (address emitter, bytes32[] memory topics, bytes calldata data)
    {
        (emitter, ptr) = RLP.addressAt(ptr, limit);
        uint256 from;
        (from, ptr) = RLP.listAt(ptr, limit);
        uint256 length;
        unchecked {
            length = ptr - from;
        }
        if (length > TOPICS_MAX * TOPIC_ITEM || length % TOPIC_ITEM != 0) {
            revert Receipts_Topics(TOPICS_MAX * TOPIC_ITEM, length);
        }
        topics = new bytes32[](length / TOPIC_ITEM);
        bool words = true;
        // Fills exactly the `length / TOPIC_ITEM` elements that were allocated, from as many items of `[from, ptr)`.
        assembly ("memory-safe") {
            let to := add(topics, 32)
            for { let item := from } lt(item, ptr) { item := add(item, TOPIC_ITEM) } {
                words := and(words, eq(byte(0, calldataload(item)), TOPIC_PREFIX))
                mstore(to, calldataload(add(item, 1)))
                to := add(to, 32)
            }
        }
        if (!words) revert Receipts_TopicLength();
        uint256 end;
        (from, end) = RLP.stringAt(ptr, limit);
        if (end != limit) revert RLP.RLP_TrailingBytes(end - ptr, limit - ptr);
        data = RLP.slice(from, end);
    }
}
