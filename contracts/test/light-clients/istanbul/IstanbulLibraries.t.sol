// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IIstanbulLightClient} from "../../../src/light-clients/istanbul/IIstanbulLightClient.sol";
import {IstanbulHeader} from "../../../src/light-clients/istanbul/IstanbulHeader.sol";
import {IstanbulSeal} from "../../../src/light-clients/istanbul/IstanbulSeal.sol";
import {IstanbulValidators} from "../../../src/light-clients/istanbul/IstanbulValidators.sol";
import {Test} from "../../utils/Test.sol";
import {IstanbulLibrariesHarness} from "./IstanbulLibrariesHarness.sol";

contract IstanbulLibrariesTest is Test {
    IstanbulLibrariesHarness private _harness;

    function setUp() public {
        _harness = IstanbulLibrariesHarness(vm.deployCode("IstanbulLibrariesHarness.sol:IstanbulLibrariesHarness"));
    }

    /// @dev ceil(2N/3) for every size, and the first ones by hand.
    function test_Quorum() public view {
        uint8[9] memory quorums = [1, 2, 2, 3, 4, 4, 5, 6, 6];
        for (uint256 n = 1; n <= IstanbulValidators.MAX_MEMBERS; ++n) {
            uint256 q = _harness.quorum(n);
            if (n <= 9) vm.assertEq(q, quorums[n - 1]);
            vm.assertTrue(3 * q >= 2 * n && 3 * (q - 1) < 2 * n);
        }
    }

    /// @dev Against a set that is built member by member.
    function testFuzz_Next(uint256 seed, uint8 size, uint8 joining, uint256 removed) public {
        uint256 members = bound(size, 1, 40);
        uint256 added = bound(joining, 0, 10);
        removed &= (1 << members) - 1;
        if (seed % 4 == 0) removed = 0;
        bytes memory set;
        bytes memory expected;
        for (uint256 i = 0; i != members; ++i) {
            bytes memory key = _key(seed, i);
            set = bytes.concat(set, key);
            if (removed >> i & 1 == 0) expected = bytes.concat(expected, key);
        }
        bytes memory addresses;
        bytes memory g2Keys;
        bytes memory g1Keys;
        for (uint256 i = 0; i != added; ++i) {
            bytes memory key = _key(seed, 1000 + i);
            addresses = bytes.concat(addresses, hex"94", bytes20(bytes32(key)));
            g2Keys = bytes.concat(g2Keys, hex"b880", key, key);
            g1Keys = bytes.concat(g1Keys, hex"b840", key);
            expected = bytes.concat(expected, key);
        }
        bytes memory encoded = _header(
            bytes.concat(_list(addresses), _list(g2Keys), _list(g1Keys), _integer(removed), hex"80c3808080c3808080")
        );
        if (expected.length == 0) {
            vm.expectRevert(abi.encodeWithSelector(IstanbulValidators.IstanbulValidators_Size.selector, 255, 0));
            _harness.next(set, encoded);
            return;
        }
        (bytes26 setHash, uint256 nextSize) = _harness.next(set, encoded);
        vm.assertEq(bytes32(setHash), bytes32(bytes26(keccak256(expected))));
        vm.assertEq(nextSize, expected.length / 64);
    }

    /// @dev The number of members of an envelope is one byte: a set may not outgrow it.
    function test_RevertWhen_SetOutgrowsItsCount() public {
        bytes memory set;
        for (uint256 i = 0; i != 255; ++i) {
            set = bytes.concat(set, _key(1, i));
        }
        bytes memory key = _key(2, 0);
        bytes memory joins = bytes.concat(
            _list(bytes.concat(hex"94", bytes20(bytes32(key)))),
            _list(bytes.concat(hex"b880", key, key)),
            _list(bytes.concat(hex"b840", key))
        );
        vm.expectRevert(abi.encodeWithSelector(IstanbulValidators.IstanbulValidators_Size.selector, 255, 256));
        _harness.next(set, _header(bytes.concat(joins, hex"80")));
        (, uint256 size) = _harness.next(set, _header(bytes.concat(joins, hex"01")));
        vm.assertEq(size, 255);
    }

    /// @dev Fields against those that the header was made of, and its hash.
    function testFuzz_Header(uint256 seed, uint64 number, uint48 timestamp, bytes calldata extra) public view {
        bytes memory encoded = _encode(seed, _integer(number), _integer(timestamp), extra);
        IstanbulHeader.Header memory header = _harness.header(encoded);
        vm.assertEq(header.hash, keccak256(encoded));
        vm.assertEq(header.parentHash, keccak256(abi.encode(seed, 0)));
        vm.assertEq(header.stateRoot, keccak256(abi.encode(seed, 2)));
        vm.assertEq(header.transactionsRoot, keccak256(abi.encode(seed, 3)));
        vm.assertEq(header.receiptsRoot, keccak256(abi.encode(seed, 4)));
        vm.assertEq(header.number, number);
        vm.assertEq(header.timestamp, timestamp);
    }

    /// @dev A prefix of a fixed field altered: nothing is read from a place where it is not.
    function testFuzz_RevertWhen_LayoutDiffers(uint256 field, bytes1 given) public {
        uint8[7] memory places = [0, 33, 54, 87, 120, 153, 154];
        bytes memory encoded = _encode(1, hex"19", hex"20", "extra");
        uint256 at = 3 + places[bound(field, 0, 6)];
        if (encoded[at] == given) return;
        encoded[at] = given;
        vm.expectRevert(abi.encodeWithSelector(IstanbulHeader.IstanbulHeader_Layout.selector));
        _harness.header(encoded);
    }

    /// @dev Everything that an Ethereum header has and this one has not: its second field is the uncles' hash.
    function test_RevertWhen_HeaderIsOfEthereum() public {
        bytes memory fields = bytes.concat(_word(1, 0), _word(1, 1), hex"94", new bytes(20), _word(1, 2), _word(1, 3));
        fields = bytes.concat(fields, _word(1, 4), hex"b90100", new bytes(256), hex"8019821388808020");
        vm.expectRevert(abi.encodeWithSelector(IstanbulHeader.IstanbulHeader_Layout.selector));
        _harness.header(_list(fields));
    }

    function testFuzz_RevertWhen_SealIsTruncated(uint8 size, uint16 cut) public {
        uint256 length = 1 + 64 * uint256(size) + 32 + 8 + 64 + 128;
        bytes memory encoded = bytes.concat(bytes1(size), new bytes(length - 1));
        IstanbulSeal.Seal memory seal = _harness.seal(encoded);
        vm.assertEq(seal.size, size);
        vm.assertEq(bytes32(seal.setHash), bytes32(bytes26(keccak256(new bytes(64 * uint256(size))))));
        uint256 given = bound(cut, 0, length - 1);
        assembly ("memory-safe") {
            mstore(encoded, given)
        }
        vm.expectPartialRevert(IIstanbulLightClient.IstanbulLightClient_Truncated.selector);
        _harness.seal(encoded);
    }

    function _key(uint256 seed, uint256 index) private pure returns (bytes memory) {
        return abi.encode(keccak256(abi.encode(seed, index)), keccak256(abi.encode(index, seed)));
    }

    function _header(bytes memory items) private pure returns (bytes memory) {
        return _encode(1, hex"19", hex"20", bytes.concat(bytes32("vanity"), _list(items)));
    }

    function _encode(uint256 seed, bytes memory number, bytes memory timestamp, bytes memory extra)
        private
        pure
        returns (bytes memory)
    {
        bytes memory roots = bytes.concat(_word(seed, 2), _word(seed, 3), _word(seed, 4));
        bytes memory fixedFields =
            bytes.concat(_word(seed, 0), hex"94", bytes20(uint160(seed)), roots, hex"b90100", new bytes(256));
        return _list(
            bytes.concat(fixedFields, number, hex"837a1200825208", timestamp, _string(extra), _word(seed, 5), hex"80")
        );
    }

    function _word(uint256 seed, uint256 field) private pure returns (bytes memory) {
        return bytes.concat(hex"a0", keccak256(abi.encode(seed, field)));
    }

    function _integer(uint256 value) private pure returns (bytes memory) {
        uint256 size = 0;
        while (size != 32 && value >> (8 * size) != 0) ++size;
        bytes memory word = abi.encode(value << (256 - 8 * size));
        if (size == 0) word = "";
        assembly ("memory-safe") {
            mstore(word, size)
        }
        return _string(word);
    }

    function _string(bytes memory data) private pure returns (bytes memory) {
        if (data.length == 1 && uint8(data[0]) < 0x80) return data;
        return bytes.concat(_prefix(0x80, data.length), data);
    }

    function _list(bytes memory payload) private pure returns (bytes memory) {
        return bytes.concat(_prefix(0xc0, payload.length), payload);
    }

    function _prefix(uint8 base, uint256 length) private pure returns (bytes memory) {
        if (length < 56) return bytes.concat(bytes1(base + uint8(length)));
        if (length < 256) return bytes.concat(bytes1(base + 56), bytes1(uint8(length)));
        if (length < 65536) return bytes.concat(bytes1(base + 57), bytes2(uint16(length)));
        return bytes.concat(bytes1(base + 58), bytes3(uint24(length)));
    }
}
