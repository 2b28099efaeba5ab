// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title  Reference for the fuzz tests: RLP and Merkle-Patricia proofs the plain way
/// @dev    Decodes into memory, nibble by nibble, with checked arithmetic and no assembly.
contract TrieReference {
    struct Item {
        bool isList;
        bytes payload;
        bytes raw;
    }

    /// @notice The first item of `data` and how many bytes it takes.
    function item(bytes memory data) external pure returns (Item memory found, uint256 size) {
        return itemFrom(data, 0);
    }

    /// @dev The item of `data` that begins at `begin`.
    function itemFrom(bytes memory data, uint256 begin) internal pure returns (Item memory found, uint256 size) {
        require(data.length > begin, "no item");
        uint256 prefix = uint8(data[begin]);
        uint256 start = 1;
        uint256 length;
        if (prefix < 0x80) {
            (start, length) = (0, 1);
        } else {
            found.isList = prefix >= 0xc0;
            length = prefix - (found.isList ? 0xc0 : 0x80);
            if (length > 55) {
                uint256 lengthSize = length - 55;
                require(data.length > begin + lengthSize, "length cut off");
                require(data[begin + 1] != 0, "leading zero");
                length = 0;
                for (uint256 i = 1; i <= lengthSize; ++i) {
                    length = length * 256 + uint8(data[begin + i]);
                }
                require(length > 55, "long form of a short length");
                start = 1 + lengthSize;
            } else if (!found.isList && length == 1) {
                require(data.length > begin + 1 && uint8(data[begin + 1]) >= 0x80, "byte behind a prefix");
            }
        }
        size = start + length;
        require(begin + size <= data.length, "cut off");
        found.payload = part(data, begin + start, length);
        found.raw = part(data, begin, size);
    }

    /// @dev All items of a list's payload.
    function items(bytes memory payload) internal pure returns (Item[] memory found) {
        Item[] memory room = new Item[](payload.length);
        uint256 count;
        for (uint256 next = 0; next < payload.length; ++count) {
            uint256 size;
            (room[count], size) = itemFrom(payload, next);
            next += size;
        }
        found = new Item[](count);
        for (uint256 i = 0; i < count; ++i) {
            found[i] = room[i];
        }
    }

    /// @notice The value at `key`, or a revert. Nodes are concatenated.
    function verify(bytes32 root, bytes memory key, bytes memory nodes) external pure returns (bytes memory value) {
        value = find(root, key, nodes);
        require(value.length != 0, "absent");
    }

    /// @notice The value at `key`, empty if the nodes show that there is none, or a revert. No nodes for the empty trie.
    function get(bytes32 root, bytes memory key, bytes memory nodes) external pure returns (bytes memory value) {
        if (root == keccak256(hex"80") && nodes.length == 0) {
            require(key.length > 0 && key.length <= 32, "key length");
            return "";
        }
        return find(root, key, nodes);
    }

    function find(bytes32 root, bytes memory key, bytes memory nodes) internal pure returns (bytes memory value) {
        require(key.length > 0 && key.length <= 32, "key length");
        bytes memory path = nibbles(key);
        bytes32 expected = root;
        uint256 start;
        bool done;
        for (uint256 depth = 0; !done;) {
            (Item memory node, uint256 size) = itemFrom(nodes, start);
            require(node.isList, "node is a string");
            require(keccak256(node.raw) == expected, "hash");
            require(start == 0 || size >= 32, "short node by hash");
            start += size;
            (done, expected, depth, value) = follow(items(node.payload), path, depth);
        }
        require(start == nodes.length, "trailing");
    }

    function follow(Item[] memory node, bytes memory path, uint256 depth)
        internal
        pure
        returns (bool done, bytes32 child, uint256, bytes memory value)
    {
        Item memory next;
        if (node.length == 17) {
            for (uint256 i = 0; i < 16; ++i) {
                requireChild(node[i]);
            }
            require(!node[16].isList, "value is a list");
            if (depth == path.length) return (true, 0, depth, node[16].payload);
            next = node[uint8(path[depth])];
            if (!next.isList && next.payload.length == 0) return (true, 0, depth, "");
            depth += 1;
        } else {
            require(node.length == 2, "items");
            require(!node[0].isList && node[0].payload.length > 0, "path");
            bytes memory hp = nibbles(node[0].payload);
            uint256 flag = uint8(hp[0]);
            require(flag <= 3, "flag");
            require(flag % 2 == 1 || hp[1] == 0, "padding");
            uint256 matched = depth;
            bool leads = true;
            for (uint256 i = 2 - flag % 2; i < hp.length; ++i) {
                leads = leads && matched < path.length && path[matched] == hp[i];
                matched += 1;
            }
            if (flag >= 2) {
                require(!node[1].isList && node[1].payload.length > 0, "value");
                return (true, 0, depth, leads && matched == path.length ? node[1].payload : bytes(""));
            }
            require(hp.length > 2 - flag % 2, "extension of nothing");
            requireChild(node[1]);
            next = node[1];
            require(next.isList || next.payload.length == 32, "extension to nothing");
            if (!leads) return (true, 0, depth, "");
            depth = matched;
        }
        if (next.isList) return follow(items(next.payload), path, depth);
        return (false, bytes32(next.payload), depth, "");
    }

    function requireChild(Item memory child) internal pure {
        if (child.isList) require(child.payload.length > 0 && child.raw.length < 32, "embedded");
        else require(child.payload.length == 0 || child.payload.length == 32, "child");
    }

    function nibbles(bytes memory data) internal pure returns (bytes memory out) {
        out = new bytes(2 * data.length);
        for (uint256 i = 0; i < data.length; ++i) {
            out[2 * i] = bytes1(uint8(data[i]) / 16);
            out[2 * i + 1] = bytes1(uint8(data[i]) % 16);
        }
    }

    function part(bytes memory data, uint256 start, uint256 length) internal pure returns (bytes memory out) {
        out = new bytes(length);
        for (uint256 i = 0; i < length; ++i) {
            out[i] = data[start + i];
        }
    }
}
