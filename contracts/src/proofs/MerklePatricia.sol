// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {RLP} from "./RLP.sol";

/// @title  Inclusion in a Merkle-Patricia trie, verified in place on calldata
/// @notice Checks each node's hash, its kind, its length and its canonical encoding, that the key's path is consumed
///         exactly, that the value is not empty and that nothing follows. Nodes of less than 32 bytes live inside their
///         parent, as in the trie itself, and never count as nodes of the proof.
/// @dev    The key is a word whose first `keyLength` bytes count: 32 for the secure tries of accounts and storage,
///         the RLP of the index for the tries of receipts and transactions.
library MerklePatricia {
    using RLP for bytes;

    /// @dev Bytes of a hash, and the size below which a node is embedded in its parent instead of hashed.
    uint256 private constant HASH_SIZE = 32;
    /// @dev Prefix of an empty string: a branch's empty slot.
    uint256 private constant EMPTY = 0x80;
    /// @dev `EMPTY` as the first byte of a word.
    uint256 private constant PLAIN = 0x8000000000000000000000000000000000000000000000000000000000000000;
    /// @dev Prefix of a 32-byte string: a child by hash.
    uint256 private constant HASH = RLP.STRING_SHORT + HASH_SIZE;
    /// @dev Prefix of the longest list that is embedded: 31 bytes, its prefix included.
    uint256 private constant EMBEDDED_MAX = RLP.LIST_SHORT + HASH_SIZE - 2;
    /// @dev Doubles a byte at bit 64, and keeps of the upper one what neither an empty child nor a hash has.
    uint256 private constant SPREAD = 0x10000000000000001;
    uint256 private constant SIZE = 0xdf00000000000000ff;
    /// @dev Children of a branch; its value follows them.
    uint256 private constant CHILDREN = 16;
    /// @dev Bytes of one index into the nodes of a batch.
    uint256 private constant PATH_ELEMENT = 2;
    /// @dev Longest key in bytes: one word.
    uint256 private constant KEY_MAX = 32;

    /// @notice The key is empty or longer than a word. @param limit Bytes. @param given Bytes.
    error MerklePatricia_KeyLength(uint256 limit, uint256 given);
    /// @notice The node is not the one that its parent, or the root, names.
    error MerklePatricia_NodeHash(bytes32 expected, bytes32 given);
    /// @notice A node this short is embedded in its parent, not hashed. @param expected Least bytes. @param given Bytes.
    error MerklePatricia_NodeTooShort(uint256 expected, uint256 given);
    /// @notice A child is neither empty, nor a hash, nor an embedded node. @param prefix Its first byte.
    error MerklePatricia_Child(uint256 prefix);
    /// @notice Items follow the node's last. @param expected Where the node's items end. @param given Where it ends.
    error MerklePatricia_ItemCount(uint256 expected, uint256 given);
    /// @notice The path of a leaf or an extension is not in canonical hex-prefix form. @param given Its first byte.
    error MerklePatricia_HexPrefix(uint256 given);
    /// @notice The key leads elsewhere: it is not in the trie under this proof. @param nibblesLeft Of the key.
    error MerklePatricia_KeyMismatch(uint256 nibblesLeft);
    /// @notice The value is empty.
    error MerklePatricia_EmptyValue();
    /// @notice Bytes follow the last node. @param expected Bytes that the proof takes. @param given Bytes there are.
    error MerklePatricia_TrailingNodes(uint256 expected, uint256 given);
    /// @notice The path is not a whole number of two-byte indices. @param given Bytes.
    error MerklePatricia_PathLength(uint256 given);
    /// @notice The path ends before the value. @param given Indices in it.
    error MerklePatricia_PathTooShort(uint256 given);
    /// @notice An index of the path is not below the number of nodes. @param limit Nodes. @param given Index.
    error MerklePatricia_NodeIndex(uint256 limit, uint256 given);

    /// @notice The value at `key` in the trie with this root; reverts if the proof does not show it.
    /// @param  key       Left-aligned; the bytes behind `keyLength` do not count.
    /// @param  keyLength Bytes, 1 to 32.
    /// @param  nodes     From the root to the node that holds the value, concatenated: each delimits itself.
    function verify(bytes32 root, bytes32 key, uint256 keyLength, bytes calldata nodes)
        internal
        pure
        returns (bytes calldata value)
    {
        uint256 left = _nibbles(keyLength);
        (uint256 ptr, uint256 limit) = nodes.bounds();
        bytes32 expected = root;
        uint256 least; // the root is hashed whatever its size
        value = RLP.slice(ptr, ptr);
        while (value.length == 0) {
            (uint256 from, uint256 to) = RLP.listAt(ptr, limit);
            _checkNode(expected, least, ptr, to);
            (expected, key, left, value) = _descend(from, to, key, left);
            least = HASH_SIZE;
            ptr = to;
        }
        if (ptr != limit) revert MerklePatricia_TrailingNodes(nodes.length + ptr - limit, nodes.length);
    }

    /// @notice As above, with nodes that several proofs share.
    /// @param  nodes One trie node each, in any order.
    /// @param  path  Indices into `nodes` from the root to the node that holds the value, two bytes each, big-endian.
    function verify(bytes32 root, bytes32 key, uint256 keyLength, bytes[] calldata nodes, bytes calldata path)
        internal
        pure
        returns (bytes calldata value)
    {
        if (path.length % PATH_ELEMENT != 0) revert MerklePatricia_PathLength(path.length);
        uint256 left = _nibbles(keyLength);
        (uint256 step, uint256 end) = path.bounds();
        bytes32 expected = root;
        uint256 least; // the root is hashed whatever its size
        value = RLP.slice(step, step);
        while (value.length == 0) {
            if (step == end) revert MerklePatricia_PathTooShort(path.length / PATH_ELEMENT);
            uint256 index = RLP.loadAt(step) >> 240;
            if (index >= nodes.length) revert MerklePatricia_NodeIndex(nodes.length, index);
            bytes calldata node = nodes[index];
            (uint256 ptr, uint256 limit) = node.bounds();
            (uint256 from, uint256 to) = RLP.listAt(ptr, limit);
            if (to != limit) revert MerklePatricia_TrailingNodes(to - ptr, node.length);
            _checkNode(expected, least, ptr, to);
            (expected, key, left, value) = _descend(from, to, key, left);
            least = HASH_SIZE;
            step += PATH_ELEMENT;
        }
        if (step != end) revert MerklePatricia_TrailingNodes(path.length + step - end, path.length);
    }

    /// @dev Nibbles of a key of `keyLength` bytes.
    function _nibbles(uint256 keyLength) private pure returns (uint256) {
        if (keyLength == 0 || keyLength > KEY_MAX) revert MerklePatricia_KeyLength(KEY_MAX, keyLength);
        return 2 * keyLength;
    }

    /// @dev Reverts unless the node in `[ptr, to)` has this hash and at least `least` bytes.
    function _checkNode(bytes32 expected, uint256 least, uint256 ptr, uint256 to) private pure {
        uint256 length;
        bytes32 given;
        // `ptr < to`. The copy goes behind the free memory pointer, which stays: nothing allocated is touched or kept.
        assembly ("memory-safe") {
            length := sub(to, ptr)
            let scratch := mload(0x40)
            calldatacopy(scratch, ptr, length)
            given := keccak256(scratch, length)
        }
        if (given != expected) revert MerklePatricia_NodeHash(expected, given);
        if (length < least) revert MerklePatricia_NodeTooShort(least, length);
    }

    /// @dev Follows `key` from the node whose payload is `[from, to)` through the nodes embedded in it, to a child by
    ///      hash (`value` is empty, never so at the end) or to the value. `key` is what is left of it, left-aligned, and
    ///      `left` its nibbles. Ends, since an embedded node is shorter than its parent.
    ///
    ///      Unchecked is safe: positions stay below 2^64 plus a node's items, `left` is compared before each subtraction.
    function _descend(uint256 from, uint256 to, bytes32 key, uint256 left)
        private
        pure
        returns (bytes32 child, bytes32 keyLeft, uint256 nibblesLeft, bytes calldata value)
    {
        value = RLP.slice(to, to);
        unchecked {
            while (true) {
                (uint256 slot, uint256 last) = _walkPlainBranch(from, to, uint256(key) >> 252);
                if (last == to && left != 0) {
                    key <<= 4;
                    --left;
                } else if (_isBranch(from, to)) {
                    (slot, last) = _walkBranch(from, uint256(key) >> 252);
                    if (left == 0) return (0, key, 0, _value(last, to));
                    key <<= 4;
                    --left;
                    (, last) = RLP.stringAt(last, to);
                } else {
                    bool leaf;
                    uint256 matched;
                    (slot, matched, leaf) = _matchPath(from, to, key, left);
                    key <<= 4 * matched;
                    left -= matched;
                    if (leaf) {
                        if (left != 0) revert MerklePatricia_KeyMismatch(left);
                        return (0, key, 0, _value(slot, to));
                    }
                    (, last,) = RLP.itemAt(slot, to);
                }
                if (last != to) revert MerklePatricia_ItemCount(last, to);
                uint256 prefix = RLP.loadAt(slot) >> 248;
                if (prefix == HASH) return (bytes32(RLP.loadAt(slot + 1)), key, left, value);
                if (prefix == EMPTY) revert MerklePatricia_KeyMismatch(left);
                if (prefix <= RLP.LIST_SHORT || prefix > EMBEDDED_MAX) revert MerklePatricia_Child(prefix);
                from = slot + 1;
                to = from + prefix - RLP.LIST_SHORT;
            }
        }
    }

    /// @dev As `_walkBranch`, for the branch that nearly all are: children empty or by hash, no value. Then `last` is
    ///      `to`; anything else gives 0 and is for the functions below. As 17 items that end at `to` have no other
    ///      reading, a node accepted here is a branch, whatever it begins with.
    ///
    ///      The first byte of an item, less 0x80, is 0 for an empty child and 32 for a hash: what the item has beside its
    ///      first byte. Any other byte sends `ptr` far beyond calldata: the byte is doubled at bit 64 and up, and there
    ///      all bits but bit 5 are kept, so that `ptr` is below 2^64 if and only if all bytes were one of those two (16
    ///      such terms cannot wrap). The item behind the children is a single byte that must end at `to`, which bounds
    ///      all places.
    ///
    ///      The places go to the scratch space, each 2 bytes before that of the item before it, so that its lowest 2
    ///      bytes stay; as such a branch is shorter than 2^16 they tell the distance from `from`. Written out, because
    ///      a loop costs half as much again.
    function _walkPlainBranch(uint256 from, uint256 to, uint256 nibble)
        private
        pure
        returns (uint256 slot, uint256 last)
    {
        assembly ("memory-safe") {
            let ptr := from
            // Else a path that is not of 32 bytes: a leaf or an extension.
            if iszero(and(shr(248, xor(calldataload(from), PLAIN)), 0xdf)) {
                mstore(30, ptr)
                ptr := add(add(ptr, 1), and(mul(shr(248, xor(calldataload(ptr), PLAIN)), SPREAD), SIZE))
                mstore(28, ptr)
                ptr := add(add(ptr, 1), and(mul(shr(248, xor(calldataload(ptr), PLAIN)), SPREAD), SIZE))
                mstore(26, ptr)
                ptr := add(add(ptr, 1), and(mul(shr(248, xor(calldataload(ptr), PLAIN)), SPREAD), SIZE))
                mstore(24, ptr)
                ptr := add(add(ptr, 1), and(mul(shr(248, xor(calldataload(ptr), PLAIN)), SPREAD), SIZE))
                mstore(22, ptr)
                ptr := add(add(ptr, 1), and(mul(shr(248, xor(calldataload(ptr), PLAIN)), SPREAD), SIZE))
                mstore(20, ptr)
                ptr := add(add(ptr, 1), and(mul(shr(248, xor(calldataload(ptr), PLAIN)), SPREAD), SIZE))
                mstore(18, ptr)
                ptr := add(add(ptr, 1), and(mul(shr(248, xor(calldataload(ptr), PLAIN)), SPREAD), SIZE))
                mstore(16, ptr)
                ptr := add(add(ptr, 1), and(mul(shr(248, xor(calldataload(ptr), PLAIN)), SPREAD), SIZE))
                mstore(14, ptr)
                ptr := add(add(ptr, 1), and(mul(shr(248, xor(calldataload(ptr), PLAIN)), SPREAD), SIZE))
                mstore(12, ptr)
                ptr := add(add(ptr, 1), and(mul(shr(248, xor(calldataload(ptr), PLAIN)), SPREAD), SIZE))
                mstore(10, ptr)
                ptr := add(add(ptr, 1), and(mul(shr(248, xor(calldataload(ptr), PLAIN)), SPREAD), SIZE))
                mstore(8, ptr)
                ptr := add(add(ptr, 1), and(mul(shr(248, xor(calldataload(ptr), PLAIN)), SPREAD), SIZE))
                mstore(6, ptr)
                ptr := add(add(ptr, 1), and(mul(shr(248, xor(calldataload(ptr), PLAIN)), SPREAD), SIZE))
                mstore(4, ptr)
                ptr := add(add(ptr, 1), and(mul(shr(248, xor(calldataload(ptr), PLAIN)), SPREAD), SIZE))
                mstore(2, ptr)
                ptr := add(add(ptr, 1), and(mul(shr(248, xor(calldataload(ptr), PLAIN)), SPREAD), SIZE))
                mstore(0, ptr)
                ptr := add(add(ptr, 1), and(mul(shr(248, xor(calldataload(ptr), PLAIN)), SPREAD), SIZE))
                if iszero(or(xor(byte(0, calldataload(ptr)), EMPTY), xor(add(ptr, 1), to))) {
                    let place := mload(sub(30, shl(1, nibble)))
                    slot := add(from, and(sub(place, from), 0xffff))
                    last := to
                }
            }
        }
    }

    /// @dev Whether the node with payload `[from, to)` can only be a branch. A path is a non-empty string, so an empty
    ///      first item or a list makes a branch. A first item of 32 bytes can be a child's hash or a path of 62 or 63
    ///      nibbles: then it is a branch unless exactly one more item follows.
    function _isBranch(uint256 from, uint256 to) private pure returns (bool) {
        uint256 prefix = RLP.loadAt(from) >> 248;
        if (prefix == HASH) {
            unchecked {
                (, uint256 second,) = RLP.itemAt(from + 1 + HASH_SIZE, to);
                return second != to;
            }
        }
        return prefix == EMPTY || prefix >= RLP.LIST_SHORT;
    }

    /// @dev Where the child at `nibble` of the branch with payload from `from` starts, and where the 17th item does.
    ///      Positions are not compared with the branch's end: they only grow, and the caller parses the 17th item
    ///      against that end, which covers all before it.
    function _walkBranch(uint256 from, uint256 nibble) private pure returns (uint256 slot, uint256 last) {
        unchecked {
            last = from;
            for (uint256 i = 0; i != CHILDREN; ++i) {
                if (i == nibble) slot = last;
                uint256 prefix = RLP.loadAt(last) >> 248;
                // EMPTY and HASH differ in the bit that is also their difference in size.
                if (prefix & ~HASH_SIZE == EMPTY) {
                    last += 1 + (prefix & HASH_SIZE);
                } else {
                    if (prefix <= RLP.LIST_SHORT || prefix > EMBEDDED_MAX) revert MerklePatricia_Child(prefix);
                    last += 1 + prefix - RLP.LIST_SHORT;
                }
            }
        }
    }

    /// @dev Matches the path of the leaf or extension with payload `[from, to)` with the start of `key`.
    /// @return slot    Where the second item starts.
    /// @return matched Nibbles of the path.
    /// @return leaf    Whether the node is a leaf.
    function _matchPath(uint256 from, uint256 to, bytes32 key, uint256 left)
        private
        pure
        returns (uint256 slot, uint256 matched, bool leaf)
    {
        unchecked {
            (from, slot) = RLP.stringAt(from, to);
            uint256 word = RLP.loadAt(from);
            uint256 first = word >> 248;
            uint256 odd = first >> 4 & 1;
            leaf = first >> 5 == 1;
            // Bits 7 and 6 are zero; without an odd nibble the low half is padding of zeros. `slot > from`: _isBranch
            // took the empty string.
            if (first >> 6 != 0 || (odd == 0 && first & 0x0f != 0)) revert MerklePatricia_HexPrefix(first);
            matched = 2 * (slot - from - 1) + odd;
            if (!leaf && matched == 0) revert MerklePatricia_HexPrefix(first);
            // At most 64 nibbles are compared: an odd path from its first half byte, an even one from its second byte.
            uint256 path = odd == 1 ? word << 4 : RLP.loadAt(from + 1);
            if (matched > left || (path ^ uint256(key)) >> (256 - 4 * matched) != 0) {
                revert MerklePatricia_KeyMismatch(left);
            }
        }
    }

    /// @dev The string at `ptr`, which must be the last item before `to` and not empty.
    function _value(uint256 ptr, uint256 to) private pure returns (bytes calldata) {
        (uint256 from, uint256 last) = RLP.stringAt(ptr, to);
        if (last != to) revert MerklePatricia_ItemCount(last, to);
        if (from == last) revert MerklePatricia_EmptyValue();
        return RLP.slice(from, last);
    }
}
