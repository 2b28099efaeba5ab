// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {RLP} from "./RLP.sol";

/// @title  Inclusion in and absence from a Merkle-Patricia trie, verified in place on calldata
/// @notice Checks each node's hash, its kind, its length and its canonical encoding, that the key's path is consumed
///         exactly, or ends at the deepest node that shares it, that no value is empty and that nothing follows. Nodes of
///         less than 32 bytes live inside their parent, as in the trie itself, and never count as nodes of the proof.
/// @dev    The key is a word whose first `keyLength` bytes count: 32 for the secure tries of accounts and storage,
///         the RLP of the index for the tries of receipts and transactions. The empty trie has no node and an empty proof.
library MerklePatricia {
    using RLP for bytes;

    /// @dev Bytes of a hash, and the size below which a node is embedded in its parent instead of hashed.
    uint256 private constant HASH_SIZE = 32;
    /// @dev Prefix of an empty string: a branch's empty slot.
    uint256 private constant EMPTY = 0x80;
    /// @dev Prefix of a 32-byte string: a child by hash. It is `EMPTY` and the bit `HASH_SIZE`.
    uint256 private constant HASH = 0xa0;
    /// @dev Prefix of the longest list that is embedded: 31 bytes, its prefix included.
    uint256 private constant EMBEDDED_MAX = RLP.LIST_SHORT + HASH_SIZE - 2;
    /// @dev Children of a branch; its value follows them.
    uint256 private constant CHILDREN = 16;
    /// @dev First bytes of a branch's 17 items, child 0 in the lowest byte, as they are without bit 5 of the children.
    uint256 private constant MARKS = 0x8080808080808080808080808080808080;
    uint256 private constant MARKS_MASK = 0xffdfdfdfdfdfdfdfdfdfdfdfdfdfdfdfdf;
    /// @dev A one in each of the lowest 16 bytes, and in each of a word's.
    uint256 private constant ONES = 0x01010101010101010101010101010101;
    uint256 private constant ALL_ONES = 0x0101010101010101010101010101010101010101010101010101010101010101;
    /// @dev Longest payload, in bytes, that a one-byte prefix can announce; as `RLP.SHORT_MAX`.
    uint256 private constant SHORT_MAX = 55;
    /// @dev Bytes of one index into the nodes of a batch.
    uint256 private constant PATH_ELEMENT = 2;
    /// @dev Longest key in bytes: one word.
    uint256 private constant KEY_MAX = 32;
    /// @notice keccak-256 of the RLP of an empty string: root of the trie without entries.
    bytes32 internal constant EMPTY_ROOT = 0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421;

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
        uint256 left;
        (value, left) = _find(root, key, keyLength, nodes);
        if (value.length == 0) revert MerklePatricia_KeyMismatch(left);
    }

    /// @notice The value at `key` in the trie with this root, or that there is none; reverts if the proof shows neither.
    /// @param  key       Left-aligned; the bytes behind `keyLength` do not count.
    /// @param  keyLength Bytes, 1 to 32.
    /// @param  nodes     From the root to the node that holds the value or, if there is none, to the one that has no way
    ///                   on for the key: a branch without that child, a leaf or an extension of another path.
    ///                   Concatenated; empty if and only if the trie is.
    function get(bytes32 root, bytes32 key, uint256 keyLength, bytes calldata nodes)
        internal
        pure
        returns (bool present, bytes calldata value)
    {
        if (nodes.length == 0 && root == EMPTY_ROOT) {
            _nibbles(keyLength);
            return (false, nodes);
        }
        (value,) = _find(root, key, keyLength, nodes);
        present = value.length != 0;
    }

    /// @notice As `verify`, with nodes that several proofs share.
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
        for (bool done = false; !done;) {
            if (step == end) revert MerklePatricia_PathTooShort(path.length / PATH_ELEMENT);
            uint256 index = RLP.loadAt(step) >> 240;
            if (index >= nodes.length) revert MerklePatricia_NodeIndex(nodes.length, index);
            bytes calldata node = nodes[index];
            (uint256 ptr, uint256 limit) = node.bounds();
            step += PATH_ELEMENT;
            if (left != 0) {
                (bytes32 child, uint256 next) = _plainBranch(ptr, limit, expected, uint256(key) >> 252);
                // An empty node can lie at 0: offsets in an array of slices may wrap.
                if (next != 0 && next == limit) {
                    expected = child;
                    least = HASH_SIZE;
                    key <<= 4;
                    // Not zero.
                    unchecked {
                        --left;
                    }
                    continue;
                }
            }
            (uint256 from, uint256 to) = RLP.listAt(ptr, limit);
            if (to != limit) revert MerklePatricia_TrailingNodes(to - ptr, node.length);
            _checkNode(expected, least, ptr, to);
            (done, expected, key, left, value) = _descend(from, to, key, left);
            least = HASH_SIZE;
        }
        if (step != end) revert MerklePatricia_TrailingNodes(path.length + step - end, path.length);
        if (value.length == 0) revert MerklePatricia_KeyMismatch(left);
    }

    /// @dev The value at `key`, empty if the nodes show that there is none; then `left` of its nibbles lead nowhere.
    function _find(bytes32 root, bytes32 key, uint256 keyLength, bytes calldata nodes)
        private
        pure
        returns (bytes calldata value, uint256 left)
    {
        left = _nibbles(keyLength);
        (uint256 ptr, uint256 limit) = nodes.bounds();
        bytes32 expected = root;
        uint256 least; // the root is hashed whatever its size
        value = RLP.slice(ptr, ptr);
        for (bool done = false; !done;) {
            if (left != 0) {
                (bytes32 child, uint256 next) = _plainBranch(ptr, limit, expected, uint256(key) >> 252);
                if (next != 0) {
                    expected = child;
                    least = HASH_SIZE;
                    ptr = next;
                    key <<= 4;
                    // Not zero.
                    unchecked {
                        --left;
                    }
                    continue;
                }
            }
            (uint256 from, uint256 to) = RLP.listAt(ptr, limit);
            _checkNode(expected, least, ptr, to);
            (done, expected, key, left, value) = _descend(from, to, key, left);
            least = HASH_SIZE;
            ptr = to;
        }
        if (ptr != limit) revert MerklePatricia_TrailingNodes(nodes.length + ptr - limit, nodes.length);
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

    /// @dev Does a node's whole work for the branch that nearly all are: children empty or by hash, of which it has at
    ///      least two, no value. Gives the hash that the child at `nibble` has and where the node ends, or `to = 0` for
    ///      every other node, for one that is wrong and for an empty child: then the functions below look at it from its
    ///      start, and they say what is wrong. So this accepts a part of what they accept, with the same child.
    ///
    ///      The copy that is hashed is what is walked; it goes behind the free memory pointer, which stays, and has all
    ///      of `[ptr, to)`. `at` is 31 before the item that it stands for, less the number of items before that: the
    ///      lowest byte of the word there is the item's first. In bit 5 that byte has what the item has beside it: 0 for
    ///      an empty child (0x80), 32 for a hash (0xa0). Each word goes to the scratch space 1 byte before the one before
    ///      it, so that its lowest byte stays: the word at 31 then has the first bytes of all 17 items, child 0's lowest.
    ///      They are compared in one go, all bits but bit 5 of the children. With the 17th item, a single byte, the walk
    ///      must have come to the node's last: 17 items that end at `to` have no other reading, so a node accepted here
    ///      is a branch, whatever it begins with. A child is where the number of hashes before it says: a product with
    ///      ones sums their bits up, 15 at most, in the highest byte.
    ///
    ///      No sum wraps: `ptr` is below 2^64 where calldata is not zeros, and a node is shorter than 2^16. The walk goes
    ///      16 * 33 bytes at most; behind the copy it reads what it may, and cannot come back to the copy's end.
    function _plainBranch(uint256 ptr, uint256 limit, bytes32 expected, uint256 nibble)
        private
        pure
        returns (bytes32 child, uint256 to)
    {
        assembly ("memory-safe") {
            let word := calldataload(ptr)
            let from := 0
            switch shr(248, word)
            case 0xf9 {
                let length := and(shr(232, word), 0xffff)
                if gt(length, 0xff) {
                    from := add(ptr, 3)
                    to := add(from, length)
                }
            }
            case 0xf8 {
                let length := byte(1, word)
                if gt(length, SHORT_MAX) {
                    from := add(ptr, 2)
                    to := add(from, length)
                }
            }
            // A first byte that is neither of the two is that of a path: a leaf or an extension.
            switch or(gt(to, limit), or(iszero(to), and(xor(byte(0, calldataload(from)), EMPTY), 0xdf)))
            case 0 {
                let scratch := mload(0x40)
                let size := sub(to, ptr)
                calldatacopy(scratch, ptr, size)
                let at := sub(add(scratch, sub(from, ptr)), 31)
                let first := at
                let item
                item := mload(at)
                mstore(31, item)
                at := add(at, and(item, HASH_SIZE))
                item := mload(add(at, 1))
                mstore(30, item)
                at := add(at, and(item, HASH_SIZE))
                item := mload(add(at, 2))
                mstore(29, item)
                at := add(at, and(item, HASH_SIZE))
                item := mload(add(at, 3))
                mstore(28, item)
                at := add(at, and(item, HASH_SIZE))
                item := mload(add(at, 4))
                mstore(27, item)
                at := add(at, and(item, HASH_SIZE))
                item := mload(add(at, 5))
                mstore(26, item)
                at := add(at, and(item, HASH_SIZE))
                item := mload(add(at, 6))
                mstore(25, item)
                at := add(at, and(item, HASH_SIZE))
                item := mload(add(at, 7))
                mstore(24, item)
                at := add(at, and(item, HASH_SIZE))
                item := mload(add(at, 8))
                mstore(23, item)
                at := add(at, and(item, HASH_SIZE))
                item := mload(add(at, 9))
                mstore(22, item)
                at := add(at, and(item, HASH_SIZE))
                item := mload(add(at, 10))
                mstore(21, item)
                at := add(at, and(item, HASH_SIZE))
                item := mload(add(at, 11))
                mstore(20, item)
                at := add(at, and(item, HASH_SIZE))
                item := mload(add(at, 12))
                mstore(19, item)
                at := add(at, and(item, HASH_SIZE))
                item := mload(add(at, 13))
                mstore(18, item)
                at := add(at, and(item, HASH_SIZE))
                item := mload(add(at, 14))
                mstore(17, item)
                at := add(at, and(item, HASH_SIZE))
                item := mload(add(at, 15))
                mstore(16, item)
                at := add(at, and(item, HASH_SIZE))
                mstore(15, mload(add(at, CHILDREN)))
                let marks := mload(31)
                let hashes := and(shr(5, marks), ONES)
                let bits := shl(3, nibble)
                if or(
                    or(xor(and(marks, MARKS_MASK), MARKS), xor(add(at, 48), add(scratch, size))),
                    or(xor(keccak256(scratch, size), expected), iszero(and(shr(bits, hashes), 1)))
                ) { to := 0 }
                child := mload(
                    add(add(first, add(nibble, 32)), shl(5, shr(248, mul(shl(sub(256, bits), hashes), ALL_ONES))))
                )
            }
            default { to := 0 }
        }
    }

    /// @dev Follows `key` from the node whose payload is `[from, to)` through the nodes embedded in it, to a child by
    ///      hash, or to the end: the value, which is empty where there is none for the key. `key` is what is left of it,
    ///      left-aligned, and `left` its nibbles. Ends, since an embedded node is shorter than its parent.
    ///
    ///      Unchecked is safe: positions stay below 2^64 plus a node's items, `left` is compared before each subtraction.
    function _descend(uint256 from, uint256 to, bytes32 key, uint256 left)
        private
        pure
        returns (bool done, bytes32 child, bytes32 keyLeft, uint256 nibblesLeft, bytes calldata value)
    {
        value = RLP.slice(to, to);
        unchecked {
            while (true) {
                uint256 slot;
                uint256 last;
                bool leads = true;
                if (_isBranch(from, to)) {
                    (slot, last) = _walkBranch(from, uint256(key) >> 252);
                    (uint256 own, uint256 end) = RLP.stringAt(last, to);
                    if (end != to) revert MerklePatricia_ItemCount(end, to);
                    if (left == 0) return (true, 0, key, 0, RLP.slice(own, end));
                    if (RLP.loadAt(slot) >> 248 == EMPTY) return (true, 0, key, left, value);
                    key <<= 4;
                    --left;
                } else {
                    uint256 matched;
                    bool leaf;
                    (slot, matched, leaf, leads) = _matchPath(from, to, key, left);
                    if (leaf) {
                        bytes calldata held = _value(slot, to);
                        return leads && matched == left
                            ? (true, bytes32(0), key, 0, held)
                            : (true, bytes32(0), key, left, value);
                    }
                    (, last,) = RLP.itemAt(slot, to);
                    if (last != to) revert MerklePatricia_ItemCount(last, to);
                    if (leads) {
                        key <<= 4 * matched;
                        left -= matched;
                    }
                }
                uint256 prefix = RLP.loadAt(slot) >> 248;
                bool embedded = prefix > RLP.LIST_SHORT && prefix <= EMBEDDED_MAX;
                if (prefix != HASH && !embedded) revert MerklePatricia_Child(prefix);
                if (!leads) return (true, 0, key, left, value);
                if (!embedded) return (false, bytes32(RLP.loadAt(slot + 1)), key, left, value);
                from = slot + 1;
                to = from + prefix - RLP.LIST_SHORT;
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
    /// @return leads   Whether the key begins with the path.
    function _matchPath(uint256 from, uint256 to, bytes32 key, uint256 left)
        private
        pure
        returns (uint256 slot, uint256 matched, bool leaf, bool leads)
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
            leads = matched <= left && (path ^ uint256(key)) >> (256 - 4 * matched) == 0;
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
