// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ITokenBridge} from "../../src/assets/ITokenBridge.sol";
import {LockBridge} from "../../src/assets/LockBridge.sol";
import {ILightClient} from "../../src/light-clients/ILightClient.sol";
import {IMessageService} from "../../src/mos/interfaces/IMessageService.sol";
import {FeeService} from "../../src/mos/FeeService.sol";
import {MessageService} from "../../src/mos/MessageService.sol";
import {Vm} from "../utils/Vm.sol";
import {BridgesTest} from "./utils/BridgesTest.sol";
import {BlockingToken} from "./utils/OddTokens.sol";

/// @notice What never arrives comes back, once, by the target chain's own record.
contract RefundsTest is BridgesTest {
    uint64 private deadline;

    function setUp() public override {
        super.setUp();
        deadline = uint64(block.timestamp + 1 hours);
    }

    function _expired()
        private
        returns (ITokenBridge.SentTransfer memory sent, Vm.Log memory record, Vm.Log memory message)
    {
        transfer(lock, a, b, USER, OTHER, 10e18, until(deadline));
        Vm.Log[] memory logs = vm.getRecordedLogs();
        sent = sentIn(logs);
        message = messageLog(logs);
        record = expire(a, b, message, deadline);
        on(a);
    }

    /// @dev AS-4.
    function test_AnExpiredTransferComesBackOnce() public {
        (ITokenBridge.SentTransfer memory sent, Vm.Log memory record,) = _expired();
        bytes memory proof = proveLog(a, record);
        vm.prank(OTHER);
        lock.refund(sent, proof);
        vm.assertEq(token.balanceOf(USER), 1_000_000e18);
        vm.assertEq(lock.locked(), 0);
        vm.expectRevert(abi.encodeWithSelector(ITokenBridge.Bridge_NotRefundable.selector, sent.sendId));
        lock.refund(sent, proof);
    }

    function test_TheMintSideRefundsToo() public {
        across(10e18);
        transfer(mint, b, a, USER, OTHER, 4e9, until(deadline));
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(mint.outstanding(), 6e9);
        Vm.Log memory record = expire(b, a, messageLog(logs), deadline);
        on(b);
        bytes memory proof = proveLog(b, record);
        mint.refund(sentIn(logs), proof);
        vm.assertEq(minted.balanceOf(USER), 10e9);
        vm.assertEq(mint.outstanding(), 10e9);
        vm.assertEq(lock.locked(), 10e18);
    }

    /// @dev Paid for later: the order id is known only then.
    function test_ATransferThatWaitedForAPayerComesBack() public {
        bytes memory to = interop(b, OTHER);
        vm.recordLogs();
        vm.prank(USER);
        lock.crosschainTransfer(to, 10e18, until(deadline));
        ITokenBridge.OutboundTransfer memory queued = outboundIn(vm.getRecordedLogs());
        vm.recordLogs();
        vm.prank(OTHER);
        lock.sendQueued{value: 1 ether}(queued);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        Vm.Log memory record = expire(a, b, messageLog(logs), deadline);
        on(a);
        bytes memory proof = proveLog(a, record);
        lock.refund(sentIn(logs), proof);
        vm.assertEq(token.balanceOf(USER), 1_000_000e18);
        vm.prank(USER);
        vm.expectPartialRevert(ITokenBridge.Bridge_NotQueued.selector);
        lock.cancelQueued(queued);
    }

    /// @dev Unpaid transfers that were parked at the gateway would have used up the lane's limit for nothing: a flash loan,
    ///      sent, parked, taken back and repaid in one transaction, and everybody else's transfers wait for a day.
    function test_WhatNobodyPaysForDoesNotUseUpTheLimit() public {
        bytes memory to = interop(b, USER);
        vm.startPrank(USER);
        vm.recordLogs();
        lock.crosschainTransfer(to, 1_000e18);
        lock.cancelQueued(outboundIn(vm.getRecordedLogs()));
        vm.stopPrank();
        vm.assertEq(lock.limit(CHAIN_B, true).available, CAPACITY);
        vm.assertEq(token.balanceOf(USER), 1_000_000e18);
        vm.assertEq(uint256(lock.books(CHAIN_B).sent), 0);
        across(1_000e18);
    }

    function test_RevertWhen_ItWasDelivered() public {
        transfer(lock, a, b, USER, OTHER, 10e18, until(deadline));
        Vm.Log[] memory logs = vm.getRecordedLogs();
        assertDelivered(deliver(a, b, messageLog(logs)));
        vm.warp(deadline);
        bytes memory proof = prove(b, messageLog(logs));
        vm.expectPartialRevert(IMessageService.MOS_AlreadyDelivered.selector);
        b.mos.transferInWithIndex(CHAIN_A, 0, proof);
    }

    /// @dev It failed there, was never retried, and expired: back it comes, though the deliverer has earned his fee.
    function test_AFailedTransferComesBackWhenItExpires() public {
        vm.prank(PAUSER);
        mint.pauseLane(CHAIN_A, false);
        transfer(lock, a, b, USER, OTHER, 10e18, until(deadline));
        Vm.Log[] memory logs = vm.getRecordedLogs();
        (bool result,) = outcomeIn(deliver(a, b, messageLog(logs)));
        vm.assertFalse(result);
        Vm.Log memory record = expire(a, b, messageLog(logs), deadline);
        on(a);
        bytes memory proof = proveLog(a, record);
        lock.refund(sentIn(logs), proof);
        vm.assertEq(token.balanceOf(USER), 1_000_000e18);
    }

    /// @dev Every field of the transfer is bound to what was sent.
    function test_NobodyChangesARefund() public {
        (ITokenBridge.SentTransfer memory sent, Vm.Log memory record,) = _expired();
        bytes memory proof = proveLog(a, record);
        for (uint256 field = 0; field < 5; ++field) {
            ITokenBridge.SentTransfer memory changed = abi.decode(abi.encode(sent), (ITokenBridge.SentTransfer));
            if (field == 0) changed.sendId = bytes32(uint256(1));
            if (field == 1) changed.remoteMos = OTHER;
            if (field == 2) changed.toChain = 3;
            if (field == 3) changed.from = OTHER;
            if (field == 4) changed.amount += 1;
            vm.expectRevert(abi.encodeWithSelector(ITokenBridge.Bridge_NotRefundable.selector, changed.sendId));
            lock.refund(changed, proof);
        }
    }

    /// @dev THORChain, pNetwork: a receipt with the real log and fake ones. Only what MOS emitted counts, at its index.
    function test_OnlyMOSRecordsCount() public {
        (ITokenBridge.SentTransfer memory sent, Vm.Log memory record,) = _expired();
        Vm.Log[] memory logs = new Vm.Log[](3);
        logs[0] = Vm.Log(record.topics, record.data, OTHER);
        logs[1] = record;
        bytes32[] memory topics = new bytes32[](3);
        (topics[0], topics[1], topics[2]) =
        (IMessageService.DeliveryRecord.selector, record.topics[1], record.topics[2]);
        logs[2] = Vm.Log(topics, record.data, record.emitter);
        bytes memory proof = proveLog(a, logs, 0);
        vm.expectRevert(abi.encodeWithSelector(ITokenBridge.Bridge_ForeignEmitter.selector, address(b.mos), OTHER));
        lock.refund(sent, proof);
        proof = proveLog(a, logs, 2);
        vm.expectRevert(ITokenBridge.Bridge_NotAnExpiryRecord.selector);
        lock.refund(sent, proof);
        proof = proveLog(a, logs, 1);
        lock.refund(sent, proof);
    }

    function test_RevertWhen_TheRecordIsOfAnotherChainOrOrder() public {
        (ITokenBridge.SentTransfer memory sent, Vm.Log memory record,) = _expired();
        record.topics[1] = bytes32(uint256(3));
        bytes memory proof = proveLog(a, record);
        vm.expectRevert(ITokenBridge.Bridge_NotAnExpiryRecord.selector);
        lock.refund(sent, proof);
        record.topics[1] = bytes32(CHAIN_A);
        record.topics[2] = bytes32(uint256(1));
        proof = proveLog(a, record);
        vm.expectRevert(
            abi.encodeWithSelector(ITokenBridge.Bridge_OrderMismatch.selector, sent.sendId, bytes32(uint256(1)))
        );
        lock.refund(sent, proof);
    }

    /// @dev AS-5.
    function test_RevertWhen_TheLightClientIsFrozenOrTheLanePaused() public {
        (ITokenBridge.SentTransfer memory sent, Vm.Log memory record,) = _expired();
        bytes memory proof = proveLog(a, record);
        vm.prank(PAUSER);
        a.mos.pauseLane(CHAIN_B, false);
        vm.expectRevert(abi.encodeWithSelector(ITokenBridge.Bridge_LanePaused.selector, CHAIN_B, false));
        lock.refund(sent, proof);
        vm.prank(UNPAUSER);
        a.mos.unpauseLane(CHAIN_B, false);
        a.client.setStatus(ILightClient.Status.Frozen);
        vm.expectRevert(ILightClient.LightClient_Frozen.selector);
        lock.refund(sent, proof);
    }

    /// @dev A refund comes from the other chain as a transfer does: the same limits hold it back.
    function test_RefundsAreUnderTheLimit() public {
        vm.prank(address(timelock));
        lock.setLimit(CHAIN_B, false, 4e6, WINDOW);
        (ITokenBridge.SentTransfer memory sent, Vm.Log memory record,) = _expired();
        bytes memory proof = proveLog(a, record);
        vm.recordLogs();
        lock.refund(sent, proof);
        ITokenBridge.InboundTransfer memory queued = inboundIn(vm.getRecordedLogs());
        vm.assertEq(token.balanceOf(USER), 999_990e18);
        lock.release(queued);
        vm.assertEq(token.balanceOf(USER), 999_994e18);
        vm.assertEq(lock.locked(), 0);
    }

    /// @dev Striking a refund that nobody vouches for any more makes it sent again, and touches nothing else of the books.
    function test_ARefundThatIsStruckIsSentAgain() public {
        vm.prank(address(timelock));
        lock.setLimit(CHAIN_B, false, 4e6, WINDOW);
        (ITokenBridge.SentTransfer memory sent, Vm.Log memory record,) = _expired();
        bytes memory proof = proveLog(a, record);
        vm.recordLogs();
        lock.refund(sent, proof);
        ITokenBridge.InboundTransfer memory queued = inboundIn(vm.getRecordedLogs());
        a.client.setStatus(ILightClient.Status.Frozen);
        vm.prank(address(timelock));
        lock.resolveUnvouched(queued, false);
        vm.assertEq(lock.locked(), 10e18);
        vm.assertEq(uint256(lock.books(CHAIN_B).sent), 10e6);
        vm.assertEq(uint256(lock.books(CHAIN_B).received), 0);
        vm.assertEq(token.balanceOf(address(lock)), 10e18);
    }

    /// @dev A chain gets a new MOS. It never saw what the old one delivered, so anybody could have had a delivered transfer
    ///      recorded there as expired, and been refunded for it as soon as the route named the new one.
    function test_ADeliveredTransferIsNotRefundedByAnotherMOS() public {
        transfer(lock, a, b, USER, OTHER, 10e18, until(deadline));
        Vm.Log[] memory logs = vm.getRecordedLogs();
        ITokenBridge.SentTransfer memory sent = sentIn(logs);
        Vm.Log memory message = messageLog(logs);
        assertDelivered(deliver(a, b, message));
        on(b);
        FeeService fees = new FeeService(
            address(timelock), PRICER, vm.computeCreateAddress(address(this), vm.getNonce(address(this)) + 1)
        );
        MessageService next = new MessageService(address(timelock), fees, PAUSER, UNPAUSER);
        vm.prank(address(timelock));
        next.setRoute(CHAIN_A, b.client, address(a.mos));
        vm.warp(deadline);
        bytes memory proof = prove(b, message);
        vm.recordLogs();
        next.transferInWithIndex(CHAIN_A, 0, proof);
        Vm.Log memory record = find(vm.getRecordedLogs(), IMessageService.ExpiryRecord.selector);
        on(a);
        vm.prank(address(timelock));
        a.mos.setRoute(CHAIN_B, a.client, address(next));
        proof = proveLog(a, record);
        vm.expectRevert(
            abi.encodeWithSelector(ITokenBridge.Bridge_ForeignEmitter.selector, address(b.mos), address(next))
        );
        lock.refund(sent, proof);
    }

    /// @dev A recipient that the token blocks, in the queue: he names another; a refund of a sender that it blocks waits in
    ///      MOS' and the bridge's books and harms nobody.
    function test_ABlockedRecipientHarmsNobodyElse() public {
        BlockingToken blocking = new BlockingToken();
        on(a);
        LockBridge bridge = new LockBridge(blocking, SHARED, proverA, address(timelock), PAUSER, UNPAUSER);
        link(bridge, a, b, address(0xc0de));
        blocking.mint(USER, 10e18);
        vm.prank(USER);
        blocking.approve(address(bridge), 10e18);
        transfer(bridge, a, b, USER, OTHER, 10e18, until(deadline));
        Vm.Log[] memory logs = vm.getRecordedLogs();
        Vm.Log memory record = expire(a, b, messageLog(logs), deadline);
        on(a);
        bytes memory proof = proveLog(a, record);
        ITokenBridge.SentTransfer memory sent = sentIn(logs);
        blocking.setBlocked(USER);
        vm.expectRevert(abi.encodeWithSelector(BlockingToken.BlockingToken_Blocked.selector, USER));
        bridge.refund(sent, proof);
        blocking.setBlocked(address(0));
        bridge.refund(sent, proof);
        vm.assertEq(blocking.balanceOf(USER), 10e18);
    }
}
