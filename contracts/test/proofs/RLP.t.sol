// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {RLP} from "../../src/proofs/RLP.sol";
import {Test} from "../utils/Test.sol";
import {ProofsHarness} from "./ProofsHarness.sol";
import {TrieReference} from "./TrieReference.sol";

contract RLPTest is Test {
    ProofsHarness private harness;
    TrieReference private plain;

    function setUp() public {
        harness = ProofsHarness(vm.deployCode("ProofsHarness.sol:ProofsHarness"));
        plain = new TrieReference();
    }

    function _agree(bytes memory data) private view {
        try plain.item(data) returns (TrieReference.Item memory expected, uint256 size) {
            (bytes memory first, bytes memory rest) = harness.item(data);
            vm.assertEq(first, expected.raw, "item");
            vm.assertEq(rest.length, data.length - size, "rest");
            bool isString = true;
            try harness.text(data) returns (bytes memory payload, bytes memory) {
                vm.assertEq(payload, expected.payload, "string");
            } catch {
                isString = false;
            }
            vm.assertTrue(isString != expected.isList, "kind");
            bool isWhole = true;
            try harness.list(data) returns (bytes memory payload) {
                vm.assertEq(payload, expected.payload, "list");
            } catch {
                isWhole = false;
            }
            vm.assertTrue(isWhole == (expected.isList && size == data.length), "whole list");
        } catch {
            try harness.item(data) {
                vm.assertTrue(false, "accepted what the reference rejects");
            } catch {}
            try harness.text(data) {
                vm.assertTrue(false, "string that the reference rejects");
            } catch {}
            try harness.list(data) {
                vm.assertTrue(false, "list that the reference rejects");
            } catch {}
        }
    }

    function testFuzz_ItemAgreesWithReference(bytes memory data) public view {
        _agree(data);
    }

    /// @dev Lengths around each edge of the format, true and off by one, with and without enough bytes behind them.
    function testFuzz_HeaderAgreesWithReference(uint8 prefix, uint8 kind, uint16 length, uint16 given, uint8 first)
        public
        view
    {
        uint256 size = kind % 4;
        length = uint16(length % (size < 2 ? 300 : 1200));
        bytes memory head = size == 0
            ? abi.encodePacked(prefix)
            : size == 1
                ? abi.encodePacked(prefix % 2 == 0 ? bytes1(0xb8) : bytes1(0xf8), uint8(length))
                : size == 2
                    ? abi.encodePacked(prefix % 2 == 0 ? bytes1(0xb9) : bytes1(0xf9), length)
                    : abi.encodePacked(prefix % 2 == 0 ? bytes1(0xba) : bytes1(0xfa), uint24(length) << (first % 9));
        uint256 body = given % 3 == 0 ? given % 1200 : uint256(length) + given % 3 - 1 + (length == 0 ? 1 : 0);
        bytes memory rest = new bytes(body);
        if (body != 0) rest[0] = bytes1(first);
        _agree(bytes.concat(head, rest));
    }

    function test_EveryPrefixAgreesWithReference() public view {
        for (uint256 prefix = 0; prefix < 256; ++prefix) {
            for (uint256 second = 0; second < 256; second += 51) {
                _agree(abi.encodePacked(uint8(prefix)));
                _agree(abi.encodePacked(uint8(prefix), uint8(second)));
                _agree(bytes.concat(abi.encodePacked(uint8(prefix), uint8(second)), new bytes(60)));
            }
        }
    }

    /// @dev Each length at which a form of header begins or ends, in every form, with a byte too few, enough and too many.
    function test_EveryEdgeAgreesWithReference() public view {
        uint256[8] memory lengths = [uint256(0), 1, 55, 56, 255, 256, 257, 0xffff];
        for (uint256 i = 0; i < lengths.length; ++i) {
            for (uint256 size = 1; size < 4; ++size) {
                for (uint256 base = 0xb7; base < 0x100; base += 0x40) {
                    bytes memory length = size == 1
                        ? abi.encodePacked(uint8(lengths[i]))
                        : size == 2 ? abi.encodePacked(uint16(lengths[i])) : abi.encodePacked(uint24(lengths[i]));
                    // 0xffff takes long in the reference; a header that promises it is enough.
                    uint256 room = lengths[i] == 0xffff ? 300 : lengths[i];
                    for (uint256 more = 0; more < 3; ++more) {
                        if (room + more == 0) continue;
                        _agree(bytes.concat(abi.encodePacked(uint8(base + size)), length, new bytes(room + more - 1)));
                    }
                }
            }
        }
    }

    function _rejects(bytes memory data, bytes memory expected) private {
        vm.expectRevert(expected);
        harness.item(data);
    }

    function test_RevertWhen_NotCanonical() public {
        _rejects(hex"8105", abi.encodeWithSelector(RLP.RLP_NonCanonicalLength.selector, 0x81));
        _rejects(
            bytes.concat(hex"b837", new bytes(55)), abi.encodeWithSelector(RLP.RLP_NonCanonicalLength.selector, 0xb8)
        );
        _rejects(
            bytes.concat(hex"f837", new bytes(55)), abi.encodeWithSelector(RLP.RLP_NonCanonicalLength.selector, 0xf8)
        );
        _rejects(
            bytes.concat(hex"b90038", new bytes(56)), abi.encodeWithSelector(RLP.RLP_NonCanonicalLength.selector, 0xb9)
        );
        _rejects(
            bytes.concat(hex"f900ff", new bytes(255)), abi.encodeWithSelector(RLP.RLP_NonCanonicalLength.selector, 0xf9)
        );
    }

    function test_RevertWhen_OutOfBounds() public {
        _rejects("", abi.encodeWithSelector(RLP.RLP_OutOfBounds.selector, 1, 0));
        _rejects(hex"82ff", abi.encodeWithSelector(RLP.RLP_OutOfBounds.selector, 3, 2));
        _rejects(
            hex"bfffffffffffffffff",
            abi.encodeWithSelector(RLP.RLP_OutOfBounds.selector, 9 + uint256(type(uint64).max), 9)
        );
        _rejects(
            hex"ffffffffffffffffff",
            abi.encodeWithSelector(RLP.RLP_OutOfBounds.selector, 9 + uint256(type(uint64).max), 9)
        );
    }

    function test_RevertWhen_ListHasTrailingBytes() public {
        vm.expectRevert(abi.encodeWithSelector(RLP.RLP_TrailingBytes.selector, 2, 3));
        harness.list(hex"c10500");
    }

    function test_RevertWhen_OtherKind() public {
        vm.expectRevert(abi.encodeWithSelector(RLP.RLP_UnexpectedKind.selector, true, 0x80));
        harness.list(hex"80");
        vm.expectRevert(abi.encodeWithSelector(RLP.RLP_UnexpectedKind.selector, false, 0xc0));
        harness.text(hex"c0");
    }

    function test_RevertWhen_IntegerIsNotCanonical() public {
        vm.expectRevert(RLP.RLP_NonCanonicalInteger.selector);
        harness.number(hex"00");
        vm.expectRevert(RLP.RLP_NonCanonicalInteger.selector);
        harness.number(hex"820001");
        vm.expectRevert(abi.encodeWithSelector(RLP.RLP_IntegerTooLong.selector, 32, 33));
        harness.number(bytes.concat(hex"a1ff", new bytes(32)));
    }

    function testFuzz_Integer(uint256 value) public view {
        bytes memory encoded = hex"80";
        if (value != 0 && value < 0x80) {
            encoded = abi.encodePacked(uint8(value));
        } else if (value != 0) {
            uint256 size = 1;
            while (size < 32 && value >> (8 * size) != 0) ++size;
            encoded = abi.encodePacked(uint8(0x80 + size));
            for (uint256 i = size; i != 0; --i) {
                encoded = abi.encodePacked(encoded, uint8(value >> (8 * (i - 1))));
            }
        }
        (uint256 read, bytes memory rest) = harness.number(bytes.concat(encoded, hex"c0"));
        vm.assertEq(read, value);
        vm.assertEq(rest, hex"c0");
    }

    function test_Count() public {
        vm.assertEq(harness.count(""), 0);
        vm.assertEq(harness.count(hex"05c082050680"), 4);
        vm.expectRevert(abi.encodeWithSelector(RLP.RLP_OutOfBounds.selector, 3, 2));
        harness.count(hex"058205");
    }
}
