// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMOSV3} from "../../src/mos/interfaces/IMOSV3.sol";
import {Options} from "../../src/mos/libraries/Inbound.sol";
import {MessageCodec} from "../../src/mos/libraries/MessageCodec.sol";
import {Test} from "../utils/Test.sol";

/// @dev Runs `vectors/message/`, which `packages/core` is tested against too: both codecs take and refuse the same bytes.
/// @custom:compiled as-deployed
contract MessageVectorsTest is Test {
    function test_TakesAndRefusesWhatTypeScriptDoes() public view {
        string memory json = _json();
        bytes[] memory data = vm.parseJsonBytesArray(json, ".data");
        bytes[] memory expected = vm.parseJsonBytesArray(json, ".expected");
        vm.assertGt(data.length, 300);
        for (uint256 i = 0; i < data.length; ++i) {
            vm.assertEq(this.inspect(data[i]), expected[i], vm.toString(data[i]));
        }
    }

    function test_OrderIdsAreThoseOfTypeScript() public view {
        string memory json = _json();
        bytes[] memory orders = vm.parseJsonBytesArray(json, ".orders");
        bytes[] memory ids = vm.parseJsonBytesArray(json, ".orderIds");
        vm.assertEq(orders.length, 5);
        for (uint256 i = 0; i < orders.length; ++i) {
            (uint256 fromChain, address mos, uint256 toChain, uint64 nonce, address sender, bytes memory message) =
                abi.decode(orders[i], (uint256, address, uint256, uint64, address, bytes));
            vm.assertEq(this.orderId(fromChain, mos, toChain, nonce, sender, message), bytes32(ids[i]));
            vm.assertEq(MessageCodec.nonceOf(bytes32(ids[i])), nonce);
        }
    }

    function test_OptionsAreReadAsTypeScriptReadsThem() public view {
        string memory json = _json();
        bytes[] memory data = vm.parseJsonBytesArray(json, ".options");
        bytes[] memory expected = vm.parseJsonBytesArray(json, ".optionsExpected");
        vm.assertGt(data.length, 10);
        for (uint256 i = 0; i < data.length; ++i) {
            vm.assertEq(this.inspectOptions(data[i]), expected[i], vm.toString(data[i]));
        }
    }

    function test_OrderIdsWithOptionsAreThoseOfTypeScript() public view {
        string memory json = _json();
        bytes[] memory orders = vm.parseJsonBytesArray(json, ".optionsOrders");
        bytes[] memory ids = vm.parseJsonBytesArray(json, ".optionsOrderIds");
        vm.assertEq(orders.length, 5);
        for (uint256 i = 0; i < orders.length; ++i) {
            (
                uint256 fromChain,
                address mos,
                uint256 toChain,
                uint64 nonce,
                address sender,
                bytes memory message,
                bytes memory options
            ) = abi.decode(orders[i], (uint256, address, uint256, uint64, address, bytes, bytes));
            bytes32 id =
                MessageCodec.orderId(fromChain, mos, toChain, nonce, sender, keccak256(message), keccak256(options));
            vm.assertEq(id, bytes32(ids[i]));
        }
    }

    function test_LogsWithOptionsAreReadAsTypeScriptReadsThem() public view {
        string memory json = _json();
        (address mos, uint256 fromChain, uint256 toChain) =
            abi.decode(vm.parseJsonBytes(json, ".optionsLane"), (address, uint256, uint256));
        bytes[] memory logs = vm.parseJsonBytesArray(json, ".optionsLogs");
        bytes[] memory expected = vm.parseJsonBytesArray(json, ".optionsLogsExpected");
        vm.assertGt(logs.length, 200);
        for (uint256 i = 0; i < logs.length; ++i) {
            vm.assertEq(this.inspectLog(logs[i], mos, fromChain, toChain), expected[i], vm.toString(logs[i]));
        }
    }

    function inspectOptions(bytes calldata encoded) external pure returns (bytes memory) {
        (bool canonical, Options memory options) = MessageCodec.inspectOptions(encoded);
        if (!canonical || !options.present) return abi.encode(false, 0, 0, address(0));
        return abi.encode(true, options.deadline, options.sequence, options.refundRecipient);
    }

    function inspectLog(bytes calldata data, address mos, uint256 fromChain, uint256 toChain)
        external
        pure
        returns (bytes memory)
    {
        (bool canonical, bytes32 id, address sender, bytes calldata message, Options memory options, bytes32 hash) =
            MessageCodec.inspectLogWithOptions(data);
        if (!canonical) return abi.encode(1, 0, 0, address(0), bytes(""), bytes(""));
        uint64 nonce = MessageCodec.nonceOf(id);
        bytes32 expected = MessageCodec.orderId(fromChain, mos, toChain, nonce, sender, keccak256(message), hash);
        if (id != expected) return abi.encode(2, 0, 0, address(0), bytes(""), bytes(""));
        return abi.encode(0, id, nonce, sender, message, MessageCodec.encodeOptions(options));
    }

    function inspect(bytes calldata message) external pure returns (bytes memory) {
        (MessageCodec.Fault fault,, IMOSV3.MessageType kind, address target, uint256 gas, bytes calldata payload) =
            MessageCodec.inspect(message);
        if (fault != MessageCodec.Fault.None) return abi.encode(fault, 0, address(0), bytes(""), 0);
        return abi.encode(fault, kind, target, payload, gas);
    }

    function orderId(
        uint256 fromChain,
        address mos,
        uint256 toChain,
        uint64 nonce,
        address sender,
        bytes calldata message
    ) external pure returns (bytes32) {
        return MessageCodec.orderId(fromChain, mos, toChain, nonce, sender, keccak256(message), MessageCodec.NO_OPTIONS);
    }

    function _json() private view returns (string memory) {
        return vm.readFile(string.concat(vm.projectRoot(), "/vectors/message/messages.json"));
    }
}
