// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Test} from "../utils/Test.sol";
import {MessageVectorsHarness} from "./utils/MessageVectorsHarness.sol";

/// @dev Runs `vectors/message/`, which `packages/core` is tested against too: both codecs take and refuse the same bytes.
contract MessageVectorsTest is Test {
    MessageVectorsHarness private harness;

    function setUp() public {
        harness = MessageVectorsHarness(vm.deployCode("MessageVectorsHarness.sol:MessageVectorsHarness"));
    }

    function test_TakesAndRefusesWhatTypeScriptDoes() public view {
        string memory json = _json();
        bytes[] memory data = vm.parseJsonBytesArray(json, ".data");
        bytes[] memory expected = vm.parseJsonBytesArray(json, ".expected");
        vm.assertGt(data.length, 300);
        for (uint256 i = 0; i < data.length; ++i) {
            vm.assertEq(harness.inspect(data[i]), expected[i], vm.toString(data[i]));
        }
    }

    function test_OrderIdsAreThoseOfTypeScript() public view {
        string memory json = _json();
        bytes[] memory orders = vm.parseJsonBytesArray(json, ".orders");
        bytes[] memory ids = vm.parseJsonBytesArray(json, ".orderIds");
        vm.assertEq(orders.length, 5);
        for (uint256 i = 0; i < orders.length; ++i) {
            (bytes32 id, bool isOfNonce) = harness.orderId(orders[i]);
            vm.assertEq(id, bytes32(ids[i]));
            vm.assertTrue(isOfNonce);
        }
    }

    function test_OptionsAreReadAsTypeScriptReadsThem() public view {
        string memory json = _json();
        bytes[] memory data = vm.parseJsonBytesArray(json, ".options");
        bytes[] memory expected = vm.parseJsonBytesArray(json, ".optionsExpected");
        vm.assertGt(data.length, 10);
        for (uint256 i = 0; i < data.length; ++i) {
            vm.assertEq(harness.inspectOptions(data[i]), expected[i], vm.toString(data[i]));
        }
    }

    function test_OrderIdsWithOptionsAreThoseOfTypeScript() public view {
        string memory json = _json();
        bytes[] memory orders = vm.parseJsonBytesArray(json, ".optionsOrders");
        bytes[] memory ids = vm.parseJsonBytesArray(json, ".optionsOrderIds");
        vm.assertEq(orders.length, 5);
        for (uint256 i = 0; i < orders.length; ++i) {
            vm.assertEq(harness.orderIdWithOptions(orders[i]), bytes32(ids[i]));
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
            vm.assertEq(harness.inspectLog(logs[i], mos, fromChain, toChain), expected[i], vm.toString(logs[i]));
        }
    }

    function _json() private view returns (string memory) {
        return vm.readFile(string.concat(vm.projectRoot(), "/vectors/message/messages.json"));
    }
}
