// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ITokenBridge} from "../../src/assets/ITokenBridge.sol";
import {LockBridge} from "../../src/assets/LockBridge.sol";
import {MintBridge} from "../../src/assets/MintBridge.sol";
import {BridgedToken} from "../../src/assets/BridgedToken.sol";
import {IMessageService} from "../../src/mos/interfaces/IMessageService.sol";
import {Token} from "../mos/utils/Tokens.sol";
import {Test} from "../utils/Test.sol";
import {Vm} from "../utils/Vm.sol";
import {BridgesTest} from "./utils/BridgesTest.sol";

/// @notice Sends both ways, delivers in any order and more than once, lets things expire, be refunded, queued, released,
///         cancelled and paid for later.
contract SupplyHandler is BridgesTest {
    struct Message {
        bool fromA;
        bool done;
        Vm.Log log;
    }

    Message[] private _messages;
    ITokenBridge.InboundTransfer[] private _waitingA;
    ITokenBridge.InboundTransfer[] private _waitingB;
    ITokenBridge.OutboundTransfer[] private _queuedA;
    ITokenBridge.OutboundTransfer[] private _queuedB;
    ITokenBridge.SentTransfer[] private _sentA;
    ITokenBridge.SentTransfer[] private _sentB;
    Vm.Log[] private _recordsOnA;
    Vm.Log[] private _recordsOnB;
    uint256 public refunds;
    uint256 public releases;
    uint256 public deliveries;

    function setUp() public override {}

    function prepare() external {
        super.setUp();
        // Small enough that a run meets every queue.
        vm.startPrank(address(timelock));
        lock.setLimit(CHAIN_B, false, 300e6, WINDOW);
        mint.setLimit(CHAIN_A, false, 300e6, WINDOW);
        vm.stopPrank();
    }

    function contracts() external view returns (LockBridge, MintBridge, Token, BridgedToken) {
        return (lock, mint, token, minted);
    }

    function send(bool fromA, uint256 amount, uint256 life, bool withCoin) external {
        ITokenBridge bridge = fromA ? ITokenBridge(lock) : ITokenBridge(mint);
        uint256 balance = fromA ? token.balanceOf(USER) : minted.balanceOf(USER);
        uint256 least = fromA ? UNIT_A : UNIT_B;
        uint256 most = uint256(CAPACITY) * least;
        if (balance < least) return;
        amount = bound(amount, least, balance < most ? balance : most);
        uint64 deadline = life % 2 == 0 ? 0 : uint64(block.timestamp + bound(life, 1, 12 hours));
        if (fromA) on(a);
        else on(b);
        bytes memory to = fromA ? interop(b, USER) : interop(a, USER);
        vm.recordLogs();
        vm.deal(USER, 10 ether);
        vm.prank(USER);
        bridge.crosschainTransfer{value: withCoin ? 1 ether : 0}(to, amount, until(deadline));
        _note(fromA, vm.getRecordedLogs());
    }

    function deliverOne(uint256 which) external {
        if (_messages.length == 0) return;
        Message memory message = _messages[which % _messages.length];
        bytes memory proof;
        if (message.fromA) {
            proof = prove(b, message.log);
            on(b);
        } else {
            proof = prove(a, message.log);
            on(a);
        }
        vm.recordLogs();
        IMessageService mos = message.fromA ? IMessageService(b.mos) : IMessageService(a.mos);
        (bool ok,) =
            address(mos).call(abi.encodeCall(mos.transferInWithIndex, (message.fromA ? CHAIN_A : CHAIN_B, 0, proof)));
        if (ok) ++deliveries;
        _note(!message.fromA, vm.getRecordedLogs());
    }

    function refundOne(bool onA, uint256 which, uint256 record) external {
        ITokenBridge.SentTransfer[] storage sents = onA ? _sentA : _sentB;
        Vm.Log[] storage records = onA ? _recordsOnB : _recordsOnA;
        if (sents.length == 0 || records.length == 0) return;
        Vm.Log memory log = records[record % records.length];
        bytes memory proof;
        if (onA) {
            on(a);
            proof = proveLog(a, log);
        } else {
            on(b);
            proof = proveLog(b, log);
        }
        // Half of the time the transfer that the record is of, else any.
        ITokenBridge.SentTransfer memory sent = sents[which % sents.length];
        for (uint256 i = 0; which % 2 == 0 && i < sents.length; ++i) {
            if (sents[i].sendId == log.topics[2]) sent = sents[i];
        }
        ITokenBridge bridge = onA ? ITokenBridge(lock) : ITokenBridge(mint);
        vm.recordLogs();
        (bool ok,) = address(bridge).call(abi.encodeCall(bridge.refund, (sent, proof)));
        if (ok) ++refunds;
        _note(onA, vm.getRecordedLogs());
    }

    function releaseOne(bool onA, uint256 which) external {
        ITokenBridge.InboundTransfer[] storage waiting = onA ? _waitingA : _waitingB;
        if (waiting.length == 0) return;
        if (onA) on(a);
        else on(b);
        ITokenBridge bridge = onA ? ITokenBridge(lock) : ITokenBridge(mint);
        ITokenBridge.InboundTransfer memory queued = waiting[which % waiting.length];
        vm.recordLogs();
        (bool ok,) = address(bridge).call(abi.encodeCall(bridge.release, (queued)));
        if (!ok) return;
        ++releases;
        (, uint256 remaining) =
            abi.decode(find(vm.getRecordedLogs(), ITokenBridge.InboundReleased.selector).data, (uint256, uint256));
        queued.amount = remaining;
        if (remaining != 0) waiting.push(queued);
    }

    function sendOrCancelQueued(bool onA, uint256 which, bool cancels) external {
        ITokenBridge.OutboundTransfer[] storage queued = onA ? _queuedA : _queuedB;
        if (queued.length == 0) return;
        if (onA) on(a);
        else on(b);
        ITokenBridge bridge = onA ? ITokenBridge(lock) : ITokenBridge(mint);
        ITokenBridge.OutboundTransfer memory one = queued[which % queued.length];
        vm.recordLogs();
        vm.deal(USER, 1 ether);
        vm.prank(USER);
        (bool ok,) = cancels
            ? address(bridge).call(abi.encodeCall(bridge.cancelQueued, (one)))
            : address(bridge).call{value: 1 ether}(abi.encodeCall(bridge.sendQueued, (one)));
        if (ok) _note(onA, vm.getRecordedLogs());
    }

    function wait(uint256 time) external {
        vm.warp(block.timestamp + bound(time, 1, 12 hours));
    }

    function _note(bool onA, Vm.Log[] memory logs) private {
        for (uint256 i = 0; i < logs.length; ++i) {
            if (logs[i].topics.length == 0) continue;
            bytes32 topic = logs[i].topics[0];
            if (isMessage(topic)) {
                Message storage message = _messages.push();
                message.fromA = onA;
                (message.log.topics, message.log.data, message.log.emitter) =
                (logs[i].topics, logs[i].data, logs[i].emitter);
            } else if (topic == ITokenBridge.InboundQueued.selector) {
                (onA ? _waitingA : _waitingB).push(abi.decode(logs[i].data, (ITokenBridge.InboundTransfer)));
            } else if (topic == ITokenBridge.OutboundQueued.selector) {
                (onA ? _queuedA : _queuedB).push(abi.decode(logs[i].data, (ITokenBridge.OutboundTransfer)));
            } else if (topic == ITokenBridge.RefundableTransferSent.selector) {
                (onA ? _sentA : _sentB).push(abi.decode(logs[i].data, (ITokenBridge.SentTransfer)));
            } else if (topic == IMessageService.ExpiryRecord.selector) {
                Vm.Log storage record = (onA ? _recordsOnA : _recordsOnB).push();
                (record.topics, record.data, record.emitter) = (logs[i].topics, logs[i].data, logs[i].emitter);
            }
        }
    }
}

/// @notice AS-1 to AS-3 of docs/INVARIANTS.md.
contract SupplyInvariants is Test {
    SupplyHandler internal handler;
    LockBridge internal lock;
    MintBridge internal mint;
    Token internal token;
    BridgedToken internal minted;

    function setUp() public {
        handler = new SupplyHandler();
        handler.prepare();
        (lock, mint, token, minted) = handler.contracts();
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    function targetSelectors() external view returns (FuzzSelector[] memory targets) {
        bytes4[] memory selectors = new bytes4[](6);
        selectors[0] = SupplyHandler.send.selector;
        selectors[1] = SupplyHandler.deliverOne.selector;
        selectors[2] = SupplyHandler.refundOne.selector;
        selectors[3] = SupplyHandler.releaseOne.selector;
        selectors[4] = SupplyHandler.sendOrCancelQueued.selector;
        selectors[5] = SupplyHandler.wait.selector;
        targets = new FuzzSelector[](1);
        targets[0] = FuzzSelector(address(handler), selectors);
    }

    /// @dev That the handler gets to every end is not left to chance.
    function test_TheHandlerReachesEveryEnd() public {
        handler.send(true, 250e18, 0, true);
        handler.deliverOne(0);
        handler.send(true, 250e18, 0, true);
        handler.deliverOne(1);
        vm.assertEq(handler.deliveries(), 2);
        handler.wait(6 hours);
        handler.releaseOne(false, 0);
        vm.assertEq(handler.releases(), 1);
        handler.send(true, 100e18, 3601, true);
        handler.wait(11 hours);
        handler.deliverOne(2);
        handler.refundOne(true, 0, 0);
        vm.assertEq(handler.refunds(), 1);
        handler.send(false, 1e9, 0, false);
        handler.sendOrCancelQueued(false, 0, false);
        handler.deliverOne(3);
        vm.assertEq(handler.deliveries(), 4);
        invariant_ReleasedAndOutstandingAreLocked();
        invariant_TheLockSideIsSolvent();
        invariant_TheSupplyIsBacked();
        vm.assertGt(lock.books(2222).received, 0);
    }

    /// @dev AS-1: released + outstanding ≤ locked, in shared units, on the lane and in sum.
    function invariant_ReleasedAndOutstandingAreLocked() public view {
        uint256 sent = lock.books(2222).sent;
        uint256 released = lock.books(2222).received;
        uint256 outstanding = mint.outstanding() / mint.unit();
        vm.assertLe(released + outstanding, sent);
        vm.assertLe(outstanding, lock.locked() / lock.unit());
    }

    /// @dev AS-2: the lock side has what it owes, exactly.
    function invariant_TheLockSideIsSolvent() public view {
        (uint256 inbound, uint256 outbound) = lock.queued();
        vm.assertEq(token.balanceOf(address(lock)), lock.locked() + inbound + outbound);
    }

    /// @dev AS-3: the supply is what other chains keep for it, less what waits.
    function invariant_TheSupplyIsBacked() public view {
        (uint256 inbound, uint256 outbound) = mint.queued();
        vm.assertEq(minted.totalSupply() + inbound + outbound, mint.outstanding());
    }
}
