// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {RLP} from "../../src/proofs/RLP.sol";
import {Test} from "../utils/Test.sol";
import {ProofsHarness} from "./ProofsHarness.sol";

contract BlockHeaderTest is Test {
    ProofsHarness private harness;

    function setUp() public {
        harness = ProofsHarness(vm.deployCode("ProofsHarness.sol:ProofsHarness"));
    }

    function _integer(uint256 value) private pure returns (bytes memory) {
        if (value == 0) return hex"80";
        if (value < 0x80) return abi.encodePacked(uint8(value));
        bytes memory digits;
        for (uint256 rest = value; rest != 0; rest >>= 8) {
            digits = abi.encodePacked(uint8(rest), digits);
        }
        return abi.encodePacked(uint8(0x80 + digits.length), digits);
    }

    function _word(uint256 value) private pure returns (bytes memory) {
        return abi.encodePacked(bytes1(0xa0), value);
    }

    /// @dev 13 fields as every fork has them, with a seal of 97 bytes as extra data, then `more`.
    function _fields(uint256 number, uint256 timestamp) private pure returns (bytes[] memory fields) {
        fields = new bytes[](13);
        fields[0] = _word(0xa0);
        fields[1] = _word(0xa1);
        fields[2] = abi.encodePacked(bytes1(0x94), bytes20(uint160(0xa2)));
        fields[3] = _word(0xa3);
        fields[4] = _word(0xa4);
        fields[5] = _word(0xa5);
        fields[6] = bytes.concat(hex"b90100", new bytes(256));
        fields[7] = hex"80";
        fields[8] = _integer(number);
        fields[9] = _integer(30_000_000);
        fields[10] = _integer(21_000);
        fields[11] = _integer(timestamp);
        fields[12] = bytes.concat(hex"b861", new bytes(97));
    }

    function _encode(bytes[] memory fields, bytes memory more) private pure returns (bytes memory) {
        bytes memory payload;
        for (uint256 i = 0; i < fields.length; ++i) {
            payload = bytes.concat(payload, fields[i]);
        }
        payload = bytes.concat(payload, more);
        return abi.encodePacked(bytes1(0xf9), uint16(payload.length), payload);
    }

    /// @dev Forks append fields: none, one, or ten make no difference.
    function testFuzz_Parse(uint256 number, uint256 timestamp, uint8 appended) public view {
        bytes memory more;
        for (uint256 i = 0; i < appended % 11; ++i) {
            more = bytes.concat(more, i % 2 == 0 ? _word(i) : _integer(i * 999));
        }
        bytes memory header = _encode(_fields(number, timestamp), more);
        (uint256 readNumber, uint256 readTimestamp, bytes32 stateRoot, bytes32 transactionsRoot, bytes32 receiptsRoot) =
            harness.header(header);
        vm.assertEq(readNumber, number);
        vm.assertEq(readTimestamp, timestamp);
        vm.assertEq(stateRoot, bytes32(uint256(0xa3)));
        vm.assertEq(transactionsRoot, bytes32(uint256(0xa4)));
        vm.assertEq(receiptsRoot, bytes32(uint256(0xa5)));
        vm.assertEq(harness.parentHash(header), bytes32(uint256(0xa0)));
        vm.assertEq(harness.extraData(header), new bytes(97));
        vm.assertEq(harness.headerField(header, 2), abi.encodePacked(bytes20(uint160(0xa2))));
    }

    function _rejects(uint256 field, bytes memory encoded, bytes memory expected) private {
        bytes[] memory fields = _fields(5, 6);
        fields[field] = encoded;
        bytes memory header = _encode(fields, "");
        vm.expectRevert(expected);
        harness.header(header);
    }

    function test_RevertWhen_FieldIsMalformed() public {
        bytes memory short = bytes.concat(hex"9f", new bytes(31));
        _rejects(3, short, abi.encodeWithSelector(RLP.RLP_StringLength.selector, 32, 31));
        _rejects(5, short, abi.encodeWithSelector(RLP.RLP_StringLength.selector, 32, 31));
        _rejects(3, hex"c0", abi.encodeWithSelector(RLP.RLP_UnexpectedKind.selector, false, 0xc0));
        _rejects(8, hex"820001", abi.encodeWithSelector(RLP.RLP_NonCanonicalInteger.selector));
        _rejects(11, hex"00", abi.encodeWithSelector(RLP.RLP_NonCanonicalInteger.selector));
        _rejects(11, hex"8105", abi.encodeWithSelector(RLP.RLP_NonCanonicalLength.selector, 0x81));
        _rejects(
            8, bytes.concat(hex"a1ff", new bytes(32)), abi.encodeWithSelector(RLP.RLP_IntegerTooLong.selector, 32, 33)
        );
    }

    function test_RevertWhen_FieldsAreMissing() public {
        bytes[] memory fields = _fields(5, 6);
        for (uint256 count = 0; count < 12; ++count) {
            bytes memory payload;
            for (uint256 i = 0; i < count; ++i) {
                payload = bytes.concat(payload, fields[i]);
            }
            bytes memory header = payload.length < 56
                ? abi.encodePacked(uint8(0xc0 + payload.length), payload)
                : payload.length < 256
                    ? abi.encodePacked(bytes1(0xf8), uint8(payload.length), payload)
                    : abi.encodePacked(bytes1(0xf9), uint16(payload.length), payload);
            vm.expectRevert(abi.encodeWithSelector(RLP.RLP_OutOfBounds.selector, 1, 0));
            harness.header(header);
        }
    }

    function test_RevertWhen_BytesFollow() public {
        bytes memory header = bytes.concat(_encode(_fields(5, 6), ""), hex"00");
        vm.expectRevert(abi.encodeWithSelector(RLP.RLP_TrailingBytes.selector, header.length - 1, header.length));
        harness.header(header);
    }
}
