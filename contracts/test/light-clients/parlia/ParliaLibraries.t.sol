// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Bls12381} from "../../../src/crypto/Bls12381.sol";
import {ParliaHeader} from "../../../src/light-clients/parlia/ParliaHeader.sol";
import {ParliaKeys} from "../../../src/light-clients/parlia/ParliaKeys.sol";
import {Test} from "../../utils/Test.sol";
import {ParliaLibrariesHarness} from "./ParliaLibrariesHarness.sol";

/// @dev Assembly against plain references.
contract ParliaLibrariesTest is Test {
    ParliaLibrariesHarness private immutable _harness =
        ParliaLibrariesHarness(vm.deployCode("ParliaLibrariesHarness.sol:ParliaLibrariesHarness"));

    /// @dev Multiples of the generator: `_keys[i]` is (i + 1)·G, 96 bytes each.
    bytes[] private _keys;

    function setUp() public {
        Bls12381.G1Point memory generator = Bls12381.G1Point({
            xHigh: 0x17f1d3a73197d7942695638c4fa9ac0f,
            xLow: 0xc3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb,
            yHigh: 0x08b3f481e3aaa0f1a09e30ed741d8ae4,
            yLow: 0xfcf5e095d5d00af600db18cb2c04b3edd03cc744a2888ae40caa232946c5e7e1
        });
        Bls12381.G1Point memory key;
        for (uint256 i = 0; i != 64; ++i) {
            key = _harness.add(key, generator);
            _keys.push(
                bytes.concat(
                    bytes16(uint128(key.xHigh)), bytes32(key.xLow), bytes16(uint128(key.yHigh)), bytes32(key.yLow)
                )
            );
        }
    }

    function testFuzz_MultiproofIsTheTree(uint256 size, uint256 absent) public view {
        size = bound(size, 1, 64);
        absent &= size == 64 ? type(uint64).max : (1 << size) - 1;
        bytes32[] memory leaves = _leaves(size);
        bytes memory data;
        uint256 total;
        for (uint256 seat = 0; seat != size; ++seat) {
            if (absent >> seat & 1 == 0) continue;
            data = bytes.concat(data, _keys[seat]);
            total += seat + 1;
        }
        data = bytes.concat(data, _siblings(leaves, absent));
        (bytes32 root, uint256 used, bytes memory sum) = _harness.addAbsent(size, absent, bytes.concat(data, "beyond"));
        vm.assertEq(used, data.length, "takes exactly its bytes");
        vm.assertEq(root, _root(leaves));
        if (total != 0 && total <= 64) vm.assertEq(keccak256(sum), _leafOf(total - 1));
    }

    function testFuzz_AnyOtherByteIsAnotherRoot(uint256 size, uint256 absent, uint256 at, uint8 change) public view {
        size = bound(size, 2, 64);
        absent = (absent & ((1 << size) - 1)) | 1;
        if (absent == (1 << size) - 1) absent = 1;
        bytes32[] memory leaves = _leaves(size);
        bytes memory siblings = _siblings(leaves, absent);
        uint256 keys = _harness.count(absent) * 96;
        bytes memory data;
        for (uint256 seat = 0; seat != size; ++seat) {
            if (absent >> seat & 1 != 0) data = bytes.concat(data, _keys[seat]);
        }
        data = bytes.concat(data, siblings);
        at = bound(at, keys, data.length - 1);
        data[at] ^= bytes1(change == 0 ? uint8(1) : change);
        (bytes32 root,,) = _harness.addAbsent(size, absent, data);
        vm.assertNotEq(root, _root(leaves));
    }

    function testFuzz_RootIsThePlainTree(uint256 size) public view {
        size = bound(size, 1, 64);
        bytes32[] memory leaves = _leaves(size);
        vm.assertEq(_harness.root(leaves), _root(leaves));
    }

    function testFuzz_SumAndRootOfTheAnchor(uint256 size) public view {
        // 10 · 11 / 2 = 55: a sum of up to ten multiples is one that is known.
        size = bound(size, 1, 10);
        bytes memory keys;
        for (uint256 i = 0; i != size; ++i) {
            keys = bytes.concat(keys, _keys[i]);
        }
        (bytes memory sum, bytes32 treeRoot, uint256 given) = _harness.sumAndRoot(keys);
        vm.assertEq(given, size);
        vm.assertEq(treeRoot, _root(_leaves(size)));
        vm.assertEq(keccak256(sum), _leafOf(size * (size + 1) / 2 - 1));
    }

    function test_RevertWhen_AnchorHasNoWholeKeys() public {
        vm.expectPartialRevert(ParliaKeys.ParliaKeys_Size.selector);
        _harness.sumAndRoot("");
        vm.expectPartialRevert(ParliaKeys.ParliaKeys_Size.selector);
        _harness.sumAndRoot(new bytes(95));
        vm.expectPartialRevert(ParliaKeys.ParliaKeys_Size.selector);
        _harness.sumAndRoot(new bytes(65 * 96));
        vm.expectPartialRevert(ParliaKeys.ParliaKeys_Compressed.selector);
        _harness.sumAndRoot(new bytes(96));
    }

    function testFuzz_VoteHashIsOfRlp(uint48 source, bytes32 sourceHash, uint48 target, bytes32 targetHash)
        public
        view
    {
        bytes memory payload = bytes.concat(_rlp(source), hex"a0", sourceHash, _rlp(target), hex"a0", targetHash);
        bytes memory list = bytes.concat(hex"f8", bytes1(uint8(payload.length)), payload);
        vm.assertEq(_harness.voteHash(source, sourceHash, target, targetHash), keccak256(list));
    }

    function test_VoteHashOfSmallNumbers() public view {
        uint48[7] memory numbers = [0, 1, 0x7f, 0x80, 0xff, 0x100, type(uint48).max];
        for (uint256 i = 0; i != 7; ++i) {
            testFuzz_VoteHashIsOfRlp(numbers[i], keccak256("source"), numbers[6 - i], keccak256("target"));
        }
    }

    function testFuzz_HeaderNumbersAreOf48Bits(uint256 number, uint256 timestamp) public view {
        uint256 most = type(uint48).max;
        (number, timestamp) = (bound(number, 0, most), bound(timestamp, 0, most));
        bytes memory rlp = _header(number, timestamp);
        ParliaHeader.Header memory header = _harness.readHeader(rlp);
        vm.assertEq(header.number, number);
        vm.assertEq(header.timestamp, timestamp);
        vm.assertEq(header.hash, keccak256(rlp));
    }

    /// @dev Slots and commitments keep 48 bits of each: what is cut off would make another block or another time of it.
    function testFuzz_RevertWhen_AHeaderNumberIsLarger(uint256 number, uint256 timestamp) public {
        uint256 most = type(uint48).max;
        number = bound(number, most + 1, type(uint256).max);
        timestamp = bound(timestamp, most + 1, type(uint256).max);
        bytes4 tooLarge = ParliaHeader.ParliaHeader_TooLarge.selector;
        // Their places in a header: EIP-3675's fields 8 and 11.
        vm.expectRevert(abi.encodeWithSelector(tooLarge, 8, number));
        _harness.readHeader(_header(number, 0));
        vm.expectRevert(abi.encodeWithSelector(tooLarge, 11, timestamp));
        _harness.readHeader(_header(0, timestamp));
        vm.expectRevert(abi.encodeWithSelector(tooLarge, 8, most + 1));
        _harness.readHeader(_header(most + 1, most + 1));
        vm.expectRevert(abi.encodeWithSelector(tooLarge, 11, most + 1));
        _harness.readHeader(_header(most, most + 1));
    }

    function testFuzz_CountIsOfBits(uint256 bits) public view {
        uint256 total;
        for (uint256 i = 0; i != 256; ++i) {
            total += bits >> i & 1;
        }
        vm.assertEq(_harness.count(bits), total);
    }

    function test_QuorumIsTwoThirdsRoundedUp() public view {
        for (uint256 size = 1; size != 65; ++size) {
            uint256 quorum = _harness.quorum(size);
            vm.assertGe(3 * quorum, 2 * size);
            vm.assertLt(3 * (quorum - 1), 2 * size);
            // Subtracting absentees is never dearer than adding voters.
            vm.assertLe(size - quorum, quorum);
        }
    }

    function _leafOf(uint256 index) private view returns (bytes32) {
        bytes memory key = _keys[index];
        (bytes32 a, bytes32 b, bytes32 c) = (_word(key, 0), _word(key, 32), _word(key, 64));
        return keccak256(_padded(a, b, c));
    }

    /// @dev 96 bytes as EIP-2537 has them: 16 zero bytes before each coordinate of 48.
    function _padded(bytes32 a, bytes32 b, bytes32 c) private pure returns (bytes memory) {
        bytes memory x = bytes.concat(a, bytes16(b));
        bytes memory y = bytes.concat(bytes16(b << 128), c);
        return bytes.concat(new bytes(16), x, new bytes(16), y);
    }

    function _word(bytes memory data, uint256 at) private pure returns (bytes32 word) {
        assembly ("memory-safe") {
            word := mload(add(add(data, 32), at))
        }
    }

    function _leaves(uint256 size) private view returns (bytes32[] memory leaves) {
        uint256 width = 1;
        while (width < size) width *= 2;
        leaves = new bytes32[](width);
        for (uint256 i = 0; i != size; ++i) {
            leaves[i] = _leafOf(i);
        }
    }

    function _root(bytes32[] memory leaves) private pure returns (bytes32) {
        if (leaves.length == 1) return leaves[0];
        bytes32[] memory above = new bytes32[](leaves.length / 2);
        for (uint256 i = 0; i != above.length; ++i) {
            above[i] = keccak256(abi.encode(leaves[2 * i], leaves[2 * i + 1]));
        }
        return _root(above);
    }

    /// @dev What the tree needs beside the marked leaves, level by level; without any the root.
    function _siblings(bytes32[] memory leaves, uint256 marked) private pure returns (bytes memory siblings) {
        if (marked == 0) return abi.encode(_root(leaves));
        while (leaves.length != 1) {
            bytes32[] memory above = new bytes32[](leaves.length / 2);
            uint256 next;
            for (uint256 i = 0; i != above.length; ++i) {
                (bool left, bool right) = (marked >> (2 * i) & 1 != 0, marked >> (2 * i + 1) & 1 != 0);
                if (left && !right) siblings = bytes.concat(siblings, leaves[2 * i + 1]);
                if (right && !left) siblings = bytes.concat(siblings, leaves[2 * i]);
                if (left || right) next |= 1 << i;
                above[i] = keccak256(abi.encode(leaves[2 * i], leaves[2 * i + 1]));
            }
            (leaves, marked) = (above, next);
        }
    }

    /// @dev A header as far as its extra data, which is empty.
    function _header(uint256 number, uint256 timestamp) private pure returns (bytes memory) {
        bytes memory word = bytes.concat(hex"a0", keccak256("word"));
        bytes memory start = bytes.concat(word, word, hex"94", bytes20(0), word, word, word);
        bytes memory middle = bytes.concat(hex"b90100", new bytes(256), hex"02", _rlp(number), hex"8080");
        bytes memory payload = bytes.concat(start, middle, _rlp(timestamp), hex"80");
        return bytes.concat(hex"f9", bytes2(uint16(payload.length)), payload);
    }

    function _rlp(uint256 value) private pure returns (bytes memory out) {
        if (value == 0) return hex"80";
        if (value < 0x80) return bytes.concat(bytes1(uint8(value)));
        for (uint256 rest = value; rest != 0; rest >>= 8) {
            out = bytes.concat(bytes1(uint8(rest)), out);
        }
        return bytes.concat(bytes1(uint8(0x80 + out.length)), out);
    }
}
