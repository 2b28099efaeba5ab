// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {QbftHeader} from "../../../src/light-clients/qbft/QbftHeader.sol";
import {ValidatorSet} from "../../../src/light-clients/qbft/ValidatorSet.sol";
import {RLP} from "../../../src/proofs/RLP.sol";
import {Test} from "../../utils/Test.sol";
import {QbftLibrariesHarness} from "./QbftLibrariesHarness.sol";

contract QbftLibrariesTest is Test {
    QbftLibrariesHarness private _harness;

    function setUp() public {
        _harness = QbftLibrariesHarness(vm.deployCode("QbftLibrariesHarness.sol:QbftLibrariesHarness"));
    }

    /// @dev ceil(2N/3), floor((N-1)/3) and max(f+1, ceil(2N/3)-1), worked out by hand for 1 to 9 validators.
    function test_QuorumTable() public view {
        uint8[9] memory quorums = [1, 2, 2, 3, 4, 4, 5, 6, 6];
        uint8[9] memory faults = [0, 0, 0, 1, 1, 1, 2, 2, 2];
        uint8[9] memory trusted = [1, 1, 1, 2, 3, 3, 4, 5, 5];
        for (uint256 n = 1; n <= 9; ++n) {
            (uint256 q, uint256 f, uint256 t) = _harness.quorum(n);
            vm.assertEq(q, quorums[n - 1]);
            vm.assertEq(f, faults[n - 1]);
            vm.assertEq(t, trusted[n - 1]);
        }
    }

    /// @dev What the spec says of the overlap: a quorum of a set that is one larger or smaller always holds enough of the
    ///      trusted set, so that no honest change of the set is ever refused.
    function test_QuorumOfTheNextSetImpliesTheOverlap() public view {
        for (uint256 n = 1; n <= ValidatorSet.MAX_MEMBERS; ++n) {
            (uint256 q, uint256 f, uint256 t) = _harness.quorum(n);
            vm.assertTrue(3 * q >= 2 * n && 3 * (q - 1) < 2 * n);
            vm.assertGt(t, f);
            (uint256 larger,,) = _harness.quorum(n + 1);
            vm.assertGe(larger - 1, t);
            if (n == 1) continue;
            (uint256 smaller,,) = _harness.quorum(n - 1);
            vm.assertGe(smaller, t);
        }
    }

    /// @dev The two hashes against a header encoded from its parts, over lengths that move every RLP prefix around.
    function testFuzz_BlockHash(uint256 seed, uint32 round, uint8 width, uint16 vanitySize, uint8 size) public view {
        round = uint32(round >> (8 * (width % 4)) >> (width % 8 == 7 ? 8 : 0));
        bytes memory prefix = _prefix(seed);
        bytes memory set = _set(seed, bound(size, 1, 20));
        bytes memory suffix = seed % 2 == 0 ? _string(abi.encode(seed)) : _string(new bytes(seed % 300));
        bytes memory head = _string(new bytes(bound(vanitySize, 0, 400)));
        head = bytes.concat(head, _list(set), seed % 3 == 0 ? _list(_string(hex"ff")) : bytes(hex"c0"));
        (QbftHeader.Header memory parsed, uint256 left) = _harness.sealedForm(_encode(prefix, head, round, suffix));
        vm.assertEq(left, 0);
        vm.assertEq(parsed.digest, keccak256(_encode(prefix, head, round, suffix)));
        vm.assertEq(parsed.hash, keccak256(_encode(prefix, head, 0, suffix)));
        vm.assertEq(parsed.validatorsTo - parsed.validatorsFrom, set.length);
        vm.assertEq(parsed.number, uint256(keccak256(abi.encode(seed, uint256(8)))) >> 200);
    }

    /// @dev Against a comparison of every pair of members.
    function testFuzz_Difference(uint256 seed, uint8 ownBits, uint8 trustedBits) public {
        if (seed % 2 == 0) ownBits = uint8(trustedBits ^ (1 << (seed >> 8) % 8));
        if (ownBits == 0 || trustedBits == 0) return;
        uint8 differing = ownBits ^ trustedBits;
        bytes memory trusted = _members(trustedBits);
        bytes memory own = _members(ownBits);
        bool one = differing != 0 && differing & (differing - 1) == 0;
        if (!one) {
            vm.expectPartialRevert(ValidatorSet.ValidatorSet_TooDifferent.selector);
            _harness.difference(trusted, own);
            return;
        }
        (uint256 seat, bool added) = _harness.difference(trusted, own);
        vm.assertEq(added, ownBits & differing != 0);
        uint256 below;
        uint8 large = ownBits | trustedBits;
        for (uint8 bit = 1; bit != differing; bit <<= 1) {
            if (large & bit != 0) ++below;
        }
        vm.assertEq(seat, below);
    }

    function test_RevertWhen_SetIsEmptyOrTooLarge() public {
        vm.expectRevert(abi.encodeWithSelector(ValidatorSet.ValidatorSet_Size.selector, 255 * 21, 0));
        _harness.hash(new address[](0));
        address[] memory members = new address[](256);
        for (uint256 i = 0; i != 256; ++i) {
            members[i] = address(uint160(i + 1));
        }
        vm.expectRevert(abi.encodeWithSelector(ValidatorSet.ValidatorSet_Size.selector, 255 * 21, 256 * 21));
        _harness.hash(members);
        vm.expectRevert(abi.encodeWithSelector(ValidatorSet.ValidatorSet_Size.selector, 255 * 21, 20));
        _harness.difference(new bytes(20), new bytes(21));
        vm.expectRevert(abi.encodeWithSelector(ValidatorSet.ValidatorSet_Size.selector, 255 * 21, 256 * 21));
        _harness.difference(new bytes(21), new bytes(256 * 21));
    }

    /// @dev The fields before `extraData`; the number and the time are integers.
    function _prefix(uint256 seed) private pure returns (bytes memory prefix) {
        for (uint256 i = 0; i != 12; ++i) {
            bytes32 word = keccak256(abi.encode(seed, i));
            bool uint64Field = i == 8 || i == 11;
            prefix = bytes.concat(prefix, uint64Field ? _integer(uint256(word) >> 200) : _string(abi.encode(word)));
        }
    }

    function _set(uint256 seed, uint256 members) private pure returns (bytes memory set) {
        for (uint256 i = 0; i != members; ++i) {
            set = bytes.concat(set, hex"94", bytes20(uint160((i + 1) << 100 | seed >> 160)));
        }
    }

    function _members(uint8 bits) private pure returns (bytes memory members) {
        for (uint256 i = 0; i != 8; ++i) {
            if (bits >> i & 1 == 1) members = bytes.concat(members, hex"94", bytes20(uint160(i + 1)));
        }
    }

    function _encode(bytes memory prefix, bytes memory head, uint256 round, bytes memory suffix)
        private
        pure
        returns (bytes memory)
    {
        bytes memory extra = _list(bytes.concat(head, _integer(round), hex"c0"));
        return _list(bytes.concat(prefix, _string(extra), suffix));
    }

    /// @dev A plain RLP encoder, written apart from the library under test.
    function _integer(uint256 value) private pure returns (bytes memory) {
        bytes memory digits;
        for (; value != 0; value >>= 8) {
            digits = bytes.concat(bytes1(uint8(value)), digits);
        }
        return _string(digits);
    }

    function _string(bytes memory data) private pure returns (bytes memory) {
        if (data.length == 1 && uint8(data[0]) < 0x80) return data;
        return bytes.concat(_prefix(0x80, data.length), data);
    }

    function _list(bytes memory payload) private pure returns (bytes memory) {
        return bytes.concat(_prefix(0xc0, payload.length), payload);
    }

    function _prefix(uint8 base, uint256 length) private pure returns (bytes memory) {
        if (length < 56) return abi.encodePacked(uint8(base + length));
        if (length < 256) return abi.encodePacked(uint8(base + 56), uint8(length));
        return abi.encodePacked(uint8(base + 57), uint16(length));
    }
}
