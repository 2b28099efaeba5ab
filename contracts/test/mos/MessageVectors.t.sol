// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMOSV3} from "../../src/mos/interfaces/IMOSV3.sol";
import {MessageCodec} from "../../src/mos/libraries/MessageCodec.sol";
import {Test} from "../utils/Test.sol";

/// @dev Runs `vectors/message/`, which `packages/core` is tested against too: both codecs take and refuse the same bytes.
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
