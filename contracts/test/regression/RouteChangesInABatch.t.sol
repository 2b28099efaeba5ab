// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {TimelockController} from "@openzeppelin/contracts/governance/TimelockController.sol";
import {ITokenBridge} from "../../src/assets/ITokenBridge.sol";
import {IMapoExecutor} from "../../src/mos/interfaces/IMapoExecutor.sol";
import {IMessageService} from "../../src/mos/interfaces/IMessageService.sol";
import {IMOSV3} from "../../src/mos/interfaces/IMOSV3.sol";
import {BridgesTest} from "../assets/utils/BridgesTest.sol";
import {ReceiptTrie} from "../mos/utils/ReceiptTrie.sol";
import {TestLightClient} from "../mos/utils/TestLightClient.sol";
import {Vm} from "../utils/Vm.sol";

/// @notice A target that executes what a timelock has ready: with open executors anybody may, at a moment that he chooses.
contract Executes is IMapoExecutor {
    TimelockController private immutable _timelock;
    address private immutable _on;
    bytes private _call;

    constructor(TimelockController timelock, address on, bytes memory call) {
        (_timelock, _on, _call) = (timelock, on, call);
    }

    function mapoExecute(uint256, uint256, bytes calldata, bytes32, bytes calldata) external returns (bytes memory) {
        _timelock.execute(_on, 0, _call, 0, 0);
        return "";
    }
}

/// @notice The consensus behind a light client is broken; the timelock has another one ready. What was forged waits at the
///         bridge for the inbound limit, under the light client that vouched for it, and is not paid once that is not the
///         route's. But MOS reads the route once for all messages of a call, and the bridge reads it when a transfer arrives:
///         the first message of a batch ran the timelock's operation, and the forged transfers behind it were noted as
///         vouched for by the new, honest client. They would have been paid in full, window after window, and not even
///         the timelock could have struck them out. No route changes now while a message is being received. (MOS-13)
contract RouteChangesInABatchTest is BridgesTest {
    /// @dev Token units on A: five times what may arrive in a window.
    uint256 private constant FORGED = 5_000e18;

    TestLightClient private honest;
    bytes private change;
    Executes private executes;

    function setUp() public override {
        super.setUp();
        on(b);
        honest = new TestLightClient(a.id);
        change = abi.encodeCall(b.mos.setRoute, (a.id, honest, address(a.mos)));
        executes = new Executes(timelock, address(b.mos), change);
        vm.startPrank(address(timelock));
        timelock.grantRole(timelock.EXECUTOR_ROLE(), address(0));
        lock.setLimit(b.id, true, type(uint208).max, WINDOW);
        vm.stopPrank();
        timelock.schedule(address(b.mos), 0, change, 0, 0, 1 days);
        vm.warp(block.timestamp + 1 days);
    }

    function test_WhatTheFormerClientVouchedForIsNotTheNewOnes() public {
        _deliverBoth();
        ITokenBridge.InboundTransfer memory waiting = inboundIn(vm.getRecordedLogs());
        vm.assertEq(address(waiting.lightClient), address(b.client));
        vm.assertEq(address(b.mos.route(a.id).lightClient), address(b.client));

        // Between messages the operation is anybody's to execute, as ever.
        timelock.execute(address(b.mos), 0, change, 0, 0);
        vm.expectRevert(abi.encodeWithSelector(ITokenBridge.Bridge_NotVouchedFor.selector, b.client));
        mint.release(waiting);
        vm.prank(address(timelock));
        mint.resolveUnvouched(waiting, false);
        vm.assertEq(minted.totalSupply(), 0);
    }

    function test_NorIsAHubsRoute() public {
        change = abi.encodeCall(b.mos.setHubRoute, (a.id, new TestLightClient(3333), address(a.mos), address(0x4b)));
        executes = new Executes(timelock, address(b.mos), change);
        timelock.schedule(address(b.mos), 0, change, 0, 0, 1 days);
        vm.warp(block.timestamp + 1 days);
        _deliverBoth();
        ITokenBridge.InboundTransfer memory waiting = inboundIn(vm.getRecordedLogs());
        vm.assertEq(address(waiting.lightClient), address(b.client));
        vm.assertEq(waiting.hub, address(0));
    }

    function test_TheTargetLearnsWhy() public {
        _deliverBoth();
        (bool result, bytes memory reason) = outcomeIn(vm.getRecordedLogs());
        vm.assertFalse(result);
        vm.assertEq(reason, abi.encodeWithSelector(IMessageService.MOS_Reentered.selector));
    }

    /// @dev One receipt: the message that changes the route, then the transfer.
    function _deliverBoth() private {
        Vm.Log[] memory logs = new Vm.Log[](2);
        on(a);
        vm.recordLogs();
        bytes memory message = abi.encode(
            IMOSV3.MessageData(false, IMOSV3.MessageType.MESSAGE, abi.encodePacked(executes), "", 500_000, 0)
        );
        vm.prank(OTHER);
        a.mos.transferOut{value: 1 ether}(b.id, message, address(0));
        logs[0] = messageLog(vm.getRecordedLogs());
        transfer(lock, a, b, USER, USER, FORGED, plain());
        logs[1] = messageLog(vm.getRecordedLogs());
        (bytes32 root, bytes memory nodes) = ReceiptTrie.single(ReceiptTrie.receipt(logs));
        b.client.setFinal(root);
        on(b);
        vm.recordLogs();
        b.mos.transferIn{gas: DELIVERY_GAS}(a.id, abi.encode(IMessageService.ReceiptProof(abi.encode(root), 0, nodes)));
    }
}
