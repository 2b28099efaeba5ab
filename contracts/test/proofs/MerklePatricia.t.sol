// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {TrieProof} from "@openzeppelin/contracts/utils/cryptography/TrieProof.sol";
import {MerklePatricia} from "../../src/proofs/MerklePatricia.sol";
import {RLP} from "../../src/proofs/RLP.sol";
import {Test} from "../utils/Test.sol";
import {ProofsHarness} from "./ProofsHarness.sol";
import {TrieReference} from "./TrieReference.sol";

/// @notice Makes OpenZeppelin's proofs callable.
contract OpenZeppelinTrie {
    function traverse(bytes32 root, bytes memory key, bytes[] memory proof) external pure returns (bytes memory) {
        return TrieProof.traverse(root, key, proof);
    }
}

contract MerklePatriciaTest is Test {
    ProofsHarness private harness;
    TrieReference private plain;
    OpenZeppelinTrie private openZeppelin;

    function setUp() public {
        harness = ProofsHarness(vm.deployCode("ProofsHarness.sol:ProofsHarness"));
        plain = new TrieReference();
        openZeppelin = new OpenZeppelinTrie();
    }

    /// @dev `key` left-aligned in a word; a longer one is cut, its length still tells.
    function _word(bytes memory key) private pure returns (bytes32) {
        return bytes32(key);
    }

    function test_HostileNodes() public view {
        string memory json = vm.readFile("vectors/tries.json");
        uint256 count = vm.parseJsonUint(json, ".count");
        for (uint256 i = 0; i < count; ++i) {
            string memory path = string.concat(".cases[", vm.toString(i), "]");
            string memory name = vm.parseJsonString(json, string.concat(path, ".name"));
            bytes32 root = vm.parseJsonBytes32(json, string.concat(path, ".root"));
            bytes memory key = vm.parseJsonBytes(json, string.concat(path, ".key"));
            bytes memory nodes = vm.parseJsonBytes(json, string.concat(path, ".nodes"));
            bytes memory value = vm.parseJsonBytes(json, string.concat(path, ".value"));
            bytes memory selector = vm.parseJsonBytes(json, string.concat(path, ".selector"));
            string memory verdict = vm.parseJsonString(json, string.concat(path, ".verdict"));
            _expectGet(verdict, Proof(root, key, nodes), value, bytes4(selector), name);
            if (value.length != 0) {
                vm.assertEq(harness.value(root, _word(key), key.length, nodes), value, name);
                vm.assertEq(plain.verify(root, key, nodes), value, name);
            } else {
                try harness.value(root, _word(key), key.length, nodes) {
                    vm.assertTrue(false, name);
                } catch (bytes memory reason) {
                    vm.assertEq(bytes32(bytes4(reason)), bytes32(selector), name);
                }
                try plain.verify(root, key, nodes) {
                    vm.assertTrue(false, string.concat("reference: ", name));
                } catch {}
            }
        }
    }

    struct Proof {
        bytes32 root;
        bytes key;
        bytes nodes;
    }

    /// @dev `get` gives a value, says that there is none, or reverts, and the reference does the same.
    function _expectGet(
        string memory verdict,
        Proof memory proof,
        bytes memory value,
        bytes4 selector,
        string memory name
    ) private view {
        bool refused = keccak256(bytes(verdict)) == keccak256("refused");
        try harness.get(proof.root, _word(proof.key), proof.key.length, proof.nodes) returns (
            bool present, bytes memory found
        ) {
            vm.assertFalse(refused, name);
            vm.assertEq(present, keccak256(bytes(verdict)) == keccak256("present"));
            vm.assertEq(found, value, name);
        } catch (bytes memory reason) {
            vm.assertTrue(refused, name);
            vm.assertEq(bytes32(bytes4(reason)), bytes32(selector), name);
        }
        try plain.get(proof.root, proof.key, proof.nodes) returns (bytes memory found) {
            vm.assertFalse(refused, string.concat("reference: ", name));
            vm.assertEq(found, value, string.concat("reference: ", name));
        } catch {
            vm.assertTrue(refused, string.concat("reference: ", name));
        }
    }

    /// @dev A proof of `lengths.length` nodes: the last is `last`, each above it a branch or extension that names it.
    function _chain(bytes memory last, uint256 shape, uint256 depth)
        private
        pure
        returns (bytes32 root, bytes memory path, bytes[] memory nodes)
    {
        nodes = new bytes[](depth + 1);
        nodes[depth] = last;
        for (uint256 i = depth; i != 0; --i) {
            uint256 nibble = (shape >> (8 * i)) & 0x0f;
            bytes memory below = abi.encodePacked(bytes1(0xa0), keccak256(nodes[i]));
            if ((shape >> (8 * i + 4)) & 3 == 0) {
                nodes[i - 1] = abi.encodePacked(bytes1(0xe2), uint8(0x10 + nibble), below);
            } else {
                bytes memory payload;
                for (uint256 j = 0; j < 17; ++j) {
                    bool filled = j < 16 && (shape >> (64 + (i * 16 + j) % 192)) & 1 == 1;
                    payload = bytes.concat(
                        payload,
                        j == nibble
                            ? below
                            : filled ? abi.encodePacked(bytes1(0xa0), keccak256(abi.encode(j))) : bytes(hex"80")
                    );
                }
                nodes[i - 1] = _list(payload);
            }
            path = bytes.concat(abi.encodePacked(uint8(nibble)), path);
        }
        root = keccak256(nodes[0]);
    }

    function _list(bytes memory payload) private pure returns (bytes memory) {
        if (payload.length < 56) return abi.encodePacked(uint8(0xc0 + payload.length), payload);
        if (payload.length < 256) return abi.encodePacked(bytes1(0xf8), uint8(payload.length), payload);
        return abi.encodePacked(bytes1(0xf9), uint16(payload.length), payload);
    }

    /// @dev Nibbles to bytes; an odd one out is padded with 0.
    function _pack(bytes memory nibbles) private pure returns (bytes memory key) {
        key = new bytes(nibbles.length / 2);
        for (uint256 i = 0; i < key.length; ++i) {
            key[i] = bytes1((uint8(nibbles[2 * i]) << 4) | uint8(nibbles[2 * i + 1]));
        }
    }

    function _concat(bytes[] memory nodes) private pure returns (bytes memory all) {
        for (uint256 i = 0; i < nodes.length; ++i) {
            all = bytes.concat(all, nodes[i]);
        }
    }

    function _shared(bytes32 root, bytes memory key, bytes[] memory nodes)
        private
        view
        returns (bool accepted, bytes memory value)
    {
        bytes memory path;
        for (uint256 i = 0; i < nodes.length; ++i) {
            path = abi.encodePacked(path, uint16(i));
        }
        try harness.valueShared(root, _word(key), key.length, nodes, path) returns (bytes memory found) {
            return (true, found);
        } catch {}
    }

    /// @dev The libraries, the reference and OpenZeppelin on one proof.
    function _compare(bytes32 root, bytes memory key, bytes[] memory nodes) private view returns (bool accepted) {
        bytes memory all = _concat(nodes);
        bytes memory value;
        try harness.value(root, _word(key), key.length, all) returns (bytes memory found) {
            (accepted, value) = (true, found);
        } catch {}
        (bool acceptedShared, bytes memory valueShared) = _shared(root, key, nodes);
        // Split by the nodes' own prefixes or by the caller: if both accept, the value is one.
        if (accepted && acceptedShared) vm.assertEq(value, valueShared, "shared nodes");
        try plain.verify(root, key, all) returns (bytes memory expected) {
            vm.assertTrue(accepted, "rejected what the reference accepts");
            vm.assertEq(value, expected, "reference");
        } catch {
            vm.assertFalse(accepted, "accepted what the reference rejects");
        }
        if (acceptedShared) vm.assertEq(openZeppelin.traverse(root, key, nodes), valueShared, "OpenZeppelin");
        _compareGet(root, key, all, accepted);
    }

    /// @dev As `_compare`, for values and their absence.
    function _compareGet(bytes32 root, bytes memory key, bytes memory all, bool accepted) private view {
        bool answered;
        bool present;
        bytes memory value;
        try harness.get(root, _word(key), key.length, all) returns (bool found, bytes memory read) {
            (answered, present, value) = (true, found, read);
        } catch {}
        vm.assertEq(present, accepted);
        try plain.get(root, key, all) returns (bytes memory expected) {
            vm.assertTrue(answered, "refused what the reference answers");
            vm.assertEq(present, expected.length != 0);
            vm.assertEq(value, expected, "reference, get");
        } catch {
            vm.assertFalse(answered, "answered what the reference refuses");
        }
    }

    /// @dev Sound proofs of every shape: extensions and branches of any filling above a leaf.
    function testFuzz_SoundProof(uint256 shape, uint8 depth, bytes32 rest, bytes memory value) public view {
        value = bytes.concat(rest, value); // a leaf that is long enough to be hashed
        uint256 above = 2 * (depth % 4) + 1; // an odd number of nibbles above makes an odd path below
        bytes memory string_ = value.length < 56
            ? abi.encodePacked(uint8(0x80 + value.length), value)
            : value.length < 256
                ? abi.encodePacked(bytes1(0xb8), uint8(value.length), value)
                : abi.encodePacked(bytes1(0xb9), uint16(value.length), value);
        bytes memory hp = abi.encodePacked(bytes1(0x88), uint8(0x30 + uint8(rest[0]) % 16), bytes7(rest));
        bytes memory leaf = _list(bytes.concat(hp, string_));
        (bytes32 root, bytes memory path, bytes[] memory nodes) = _chain(leaf, shape, above);
        path = abi.encodePacked(path, uint8(rest[0]) % 16);
        for (uint256 i = 0; i < 7; ++i) {
            path = abi.encodePacked(path, uint8(rest[i]) >> 4, uint8(rest[i]) & 0x0f);
        }
        bytes memory key = _pack(path);
        vm.assertEq(harness.value(root, _word(key), key.length, _concat(nodes)), value);
        vm.assertTrue(_compare(root, key, nodes));
    }

    /// @dev The key of a sound proof with one nibble changed, and the nodes as far as it leads.
    function testFuzz_AbsentKey(uint256 shape, uint8 depth, bytes32 rest, uint8 where, uint8 other) public view {
        uint256 above = 2 * (depth % 4) + 1;
        bytes memory leaf =
            _list(abi.encodePacked(bytes1(0x88), uint8(0x30 + uint8(rest[0]) % 16), bytes7(rest), bytes1(0xa0), rest));
        (bytes32 root, bytes memory path, bytes[] memory nodes) = _chain(leaf, shape, above);
        path = abi.encodePacked(path, uint8(rest[0]) % 16);
        for (uint256 i = 0; i < 7; ++i) {
            path = abi.encodePacked(path, uint8(rest[i]) >> 4, uint8(rest[i]) & 0x0f);
        }
        uint256 place = where % path.length;
        path[place] = bytes1((uint8(path[place]) + 1 + other % 15) % 16);
        bytes memory key = _pack(path);
        vm.assertFalse(_compare(root, key, nodes));
        // Without a way on where the nibble differs, the nodes up to there show it; a leaf shows it by itself.
        bytes[] memory reached = new bytes[](place < above ? place + 1 : nodes.length);
        for (uint256 i = 0; i < reached.length; ++i) {
            reached[i] = nodes[i];
        }
        vm.assertFalse(_compare(root, key, reached));
        bool empty = place >= above || nodes[place].length < 56 || _childIsEmpty(nodes[place], uint8(path[place]));
        if (!empty) return;
        (bool present,) = harness.get(root, _word(key), key.length, _concat(reached));
        vm.assertFalse(present);
    }

    /// @dev Whether the child at `nibble` of a branch of empty children and hashes is empty.
    function _childIsEmpty(bytes memory node, uint256 nibble) private pure returns (bool) {
        uint256 place = uint8(node[0]) == 0xf9 ? 3 : 2;
        for (uint256 i = 0; i < nibble; ++i) {
            place += uint8(node[place]) == 0x80 ? 1 : 33;
        }
        return uint8(node[place]) == 0x80;
    }

    /// @dev Solidity lets the offset of an array's element wrap, if the element is empty: the slice may then lie at any
    ///      position, at 0 and at the last of all, where sums wrap. Such a node is refused like any empty one.
    function test_Regression_EmptyNodeWhereSumsWrap() public view {
        uint256[5] memory positions =
            [uint256(0), 1, type(uint256).max, type(uint256).max - 31, type(uint256).max - 0x10000];
        for (uint256 i = 0; i < positions.length; ++i) {
            // The array's elements start behind the selector, five words of arguments and its length.
            uint256 offset;
            unchecked {
                offset = positions[i] - 32 - (4 + 6 * 32);
            }
            bytes memory callData = bytes.concat(
                ProofsHarness.valueShared.selector,
                abi.encode(bytes32(0), bytes32(0), uint256(32), uint256(0xa0), uint256(0xe0)),
                abi.encode(uint256(1), offset),
                abi.encode(uint256(2), bytes32(0))
            );
            (bool success, bytes memory reason) = address(harness).staticcall(callData);
            vm.assertFalse(success);
            vm.assertEq(bytes32(bytes4(reason)), bytes32(RLP.RLP_OutOfBounds.selector), vm.toString(i));
        }
    }

    /// @dev The last node is anything at all, and every hash above it fits.
    function testFuzz_AnyLastNode(bytes memory payload, uint256 shape, uint8 depth, bytes32 key, uint8 length)
        public
        view
    {
        (bytes32 root, bytes memory path, bytes[] memory nodes) = _chain(_list(payload), shape, depth % 4);
        bytes memory full = abi.encodePacked(_pack(path), key);
        _compare(root, _cut(full, length % 33), nodes);
    }

    /// @dev A branch with items of every kind, right and wrong, in every number around 17.
    function testFuzz_AnyBranch(uint256 kinds, uint256 count, uint8 key, uint8 depth) public view {
        bytes memory payload;
        count = 15 + count % 5;
        for (uint256 i = 0; i < count; ++i) {
            payload = bytes.concat(payload, _branchItem(uint256(keccak256(abi.encode(kinds, i))), kinds));
        }
        (bytes32 root, bytes memory path, bytes[] memory nodes) = _chain(_list(payload), kinds, 2 * (depth % 3));
        bytes memory full = abi.encodePacked(_pack(path), key);
        _compare(root, full, nodes);
        _compare(root, _cut(full, full.length - 1), nodes);
    }

    /// @dev A branch of empty children and hashes alone is walked by a shortcut that compares all first bytes in one go:
    ///      each bit of each of them counts, for the key that leads through it and for one that leads past it.
    function test_EveryBitOfEveryPrefixOfABranchCounts() public view {
        bytes memory leaf = _list(bytes.concat(hex"30", abi.encodePacked(bytes1(0xa0), bytes32(uint256(1)))));
        bytes memory below = abi.encodePacked(bytes1(0xa0), keccak256(leaf));
        uint256 accepted;
        for (uint256 place = 0; place < 17; ++place) {
            for (uint256 bit = 0; bit < 16; ++bit) {
                bytes memory payload;
                for (uint256 i = 0; i < 17; ++i) {
                    bytes memory item = i % 2 == 1 ? below : bytes(hex"80");
                    if (i == place) {
                        item = bit < 8 ? below : bytes(hex"80");
                        item = bytes.concat(item[0] ^ bytes1(uint8(1 << (bit % 8))), _behind(item));
                    }
                    payload = bytes.concat(payload, item);
                }
                bytes[] memory nodes = new bytes[](2);
                nodes[0] = _list(payload);
                nodes[1] = leaf;
                for (uint256 past = 0; past < 2; ++past) {
                    uint256 nibble = past == 1 || place == 16 ? (place | 1) ^ 2 : place;
                    bytes memory key = abi.encodePacked(uint8((nibble % 16) * 16));
                    if (_compare(keccak256(nodes[0]), key, nodes)) ++accepted;
                }
            }
        }
        // Only 0x00 in the 17th place is sound, twice: a value of one byte.
        vm.assertEq(accepted, 2);
    }

    function _behind(bytes memory item) private pure returns (bytes memory rest) {
        rest = new bytes(item.length - 1);
        for (uint256 i = 0; i < rest.length; ++i) {
            rest[i] = item[i + 1];
        }
    }

    /// @dev One item in `strangeness` is neither empty nor a hash; the leaf in the embedded node takes any last nibble.
    function _branchItem(uint256 random, uint256 strangeness) private pure returns (bytes memory) {
        if ((random >> 8) % (1 + strangeness % 29) != 0) {
            return random % 2 == 0 ? bytes(hex"80") : abi.encodePacked(bytes1(0xa0), keccak256(abi.encode(random)));
        }
        uint256 kind = random % 9;
        if (kind == 0) return hex"c22005";
        if (kind == 1) return abi.encodePacked(hex"c3", uint8(0x30 + (random >> 16) % 16), hex"8166");
        if (kind == 2) return abi.encodePacked(hex"c4", uint8(0x30 + (random >> 16) % 16), hex"826677");
        if (kind == 3) return hex"c0";
        if (kind == 4) return abi.encodePacked(uint8(random >> 16));
        if (kind == 5) return abi.encodePacked(bytes1(0x9f), bytes31(keccak256(abi.encode(random))));
        if (kind == 6) return abi.encodePacked(bytes1(0xdf), bytes31(keccak256(abi.encode(random))));
        if (kind == 7) return abi.encodePacked(hex"c4", uint8(0x30 + (random >> 16) % 16), hex"82aabb");
        return abi.encodePacked(bytes1(0xb8), uint8(56), new bytes(56));
    }

    /// @dev A leaf or extension with a path of any form and length, over any second item.
    function testFuzz_AnyPath(bytes32 path, uint8 size, uint8 flag, bytes memory second, bool matching) public view {
        size = 1 + size % 33;
        bytes memory hp = _cut(abi.encodePacked(flag, matching ? path : keccak256(abi.encode(path))), size);
        bytes memory encoded = size == 1 && flag < 0x80 ? hp : abi.encodePacked(uint8(0x80 + size), hp);
        bytes memory last = flag % 3 == 0
            ? second
            : second.length == 1 && uint8(second[0]) < 0x80
                ? second
                : second.length < 56 ? abi.encodePacked(uint8(0x80 + second.length), second) : second;
        bytes[] memory nodes = new bytes[](1);
        nodes[0] = _list(bytes.concat(encoded, last));
        bytes memory key = abi.encodePacked(path);
        if (flag & 0x10 != 0) {
            // An odd path begins in the flag's lower half.
            bytes memory shifted = abi.encodePacked(bytes1((flag << 4) | uint8(path[0]) >> 4), path << 4);
            key = shifted;
        }
        uint256 whole = flag & 0x10 != 0 ? size : size - 1;
        _compare(keccak256(nodes[0]), _cut(key, whole > 32 ? 32 : whole), nodes);
    }

    function _cut(bytes memory data, uint256 length) private pure returns (bytes memory out) {
        out = new bytes(length < data.length ? length : data.length);
        for (uint256 i = 0; i < out.length; ++i) {
            out[i] = data[i];
        }
    }

    function test_RevertWhen_SharedPathIsWrong() public {
        string memory json = vm.readFile("vectors/receipts.json");
        bytes32 root = vm.parseJsonBytes32(json, ".batch.root");
        bytes[] memory nodes = vm.parseJsonBytesArray(json, ".batch.nodes");
        bytes memory path = vm.parseJsonBytes(json, ".batch.members[0].path");
        uint256 txIndex = vm.parseJsonUint(json, ".batch.members[0].txIndex");
        bytes memory receipt = vm.parseJsonBytes(json, ".batch.members[0].receipt");
        vm.assertEq(harness.receiptShared(root, txIndex, nodes, path), receipt);

        vm.expectRevert(abi.encodeWithSelector(MerklePatricia.MerklePatricia_PathLength.selector, path.length - 1));
        harness.receiptShared(root, txIndex, nodes, _cut(path, path.length - 1));
        vm.expectRevert(
            abi.encodeWithSelector(MerklePatricia.MerklePatricia_PathTooShort.selector, path.length / 2 - 1)
        );
        harness.receiptShared(root, txIndex, nodes, _cut(path, path.length - 2));
        vm.expectRevert(abi.encodeWithSelector(MerklePatricia.MerklePatricia_PathTooShort.selector, 0));
        harness.receiptShared(root, txIndex, nodes, "");
        vm.expectRevert(
            abi.encodeWithSelector(MerklePatricia.MerklePatricia_TrailingNodes.selector, path.length, path.length + 2)
        );
        harness.receiptShared(root, txIndex, nodes, bytes.concat(path, hex"0000"));
        vm.expectRevert(
            abi.encodeWithSelector(MerklePatricia.MerklePatricia_NodeIndex.selector, nodes.length, nodes.length)
        );
        harness.receiptShared(root, txIndex, nodes, abi.encodePacked(uint16(nodes.length)));
        vm.expectPartialRevert(MerklePatricia.MerklePatricia_NodeHash.selector);
        harness.receiptShared(root, txIndex, nodes, bytes.concat(hex"0001", path));
        vm.expectPartialRevert(MerklePatricia.MerklePatricia_NodeHash.selector);
        harness.receiptShared(root, txIndex + 1, nodes, path);
        uint256 length = nodes[0].length;
        nodes[0] = bytes.concat(nodes[0], hex"00");
        vm.expectRevert(
            abi.encodeWithSelector(MerklePatricia.MerklePatricia_TrailingNodes.selector, length, length + 1)
        );
        harness.receiptShared(root, txIndex, nodes, path);
    }
}
