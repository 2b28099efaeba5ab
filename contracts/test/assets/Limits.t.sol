// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {InteroperableAddress} from "@openzeppelin/contracts/utils/draft-InteroperableAddress.sol";
import {ITokenBridge} from "../../src/assets/ITokenBridge.sol";
import {ILightClient} from "../../src/light-clients/ILightClient.sol";
import {TestLightClient} from "../mos/utils/TestLightClient.sol";
import {Vm} from "../utils/Vm.sol";
import {BridgesTest} from "./utils/BridgesTest.sol";

/// @notice Limits make transfers wait; nothing waits for ever, and nothing is paid out that nobody vouches for any more.
contract LimitsTest is BridgesTest {
    uint256 private constant HUB = 7777;

    function _queueOutbound(uint256 amount, uint64 deadline)
        private
        returns (bytes32 id, ITokenBridge.OutboundTransfer memory queued)
    {
        id = transfer(lock, a, b, USER, OTHER, amount, until(deadline));
        queued = outboundIn(vm.getRecordedLogs());
    }

    /// @dev Leaves 400 of 1,000 to arrive on B.
    function _queueInbound() private returns (ITokenBridge.InboundTransfer memory queued) {
        vm.startPrank(address(timelock));
        mint.setLimit(CHAIN_A, false, 600e6, WINDOW);
        vm.stopPrank();
        across(600e18);
        transfer(lock, a, b, USER, OTHER, 400e18, plain());
        Vm.Log[] memory logs = deliverLast(a, b);
        assertDelivered(logs);
        queued = inboundIn(logs);
    }

    function test_OutboundWaitsAndIsSentLater() public {
        across(1_000e18);
        uint256 coin = USER.balance;
        (bytes32 id, ITokenBridge.OutboundTransfer memory queued) = _queueOutbound(500e18, 0);
        vm.assertEq(USER.balance, coin, "the coin is returned");
        (uint256 inbound, uint256 outbound) = lock.queued();
        vm.assertEq(outbound, 500e18);
        vm.assertEq(inbound, 0);
        vm.assertEq(lock.locked(), 1_000e18, "what has not left is not locked for the chain");
        vm.expectRevert(abi.encodeWithSelector(ITokenBridge.Bridge_LimitReached.selector, 0, 500e6));
        lock.sendQueued{value: 1 ether}(queued);
        vm.warp(block.timestamp + 12 hours);
        vm.recordLogs();
        vm.prank(OTHER);
        lock.sendQueued{value: 1 ether}(queued);
        assertDelivered(deliverLast(a, b));
        vm.assertEq(minted.balanceOf(OTHER), 500e9);
        on(a);
        vm.expectRevert(abi.encodeWithSelector(ITokenBridge.Bridge_NotQueued.selector, id));
        lock.sendQueued{value: 1 ether}(queued);
        vm.prank(USER);
        vm.expectRevert(abi.encodeWithSelector(ITokenBridge.Bridge_NotQueued.selector, id));
        lock.cancelQueued(queued);
    }

    function test_AQueuedTransferIsGivenBack() public {
        across(1_000e18);
        uint256 before = token.balanceOf(USER);
        uint64 deadline = uint64(block.timestamp + 1 hours);
        (bytes32 id, ITokenBridge.OutboundTransfer memory queued) = _queueOutbound(500e18, deadline);
        ITokenBridge.OutboundTransfer memory changed = abi.decode(abi.encode(queued), (ITokenBridge.OutboundTransfer));
        changed.from = OTHER;
        vm.prank(OTHER);
        vm.expectPartialRevert(ITokenBridge.Bridge_NotQueued.selector);
        lock.cancelQueued(changed);
        vm.prank(OTHER);
        vm.expectRevert(abi.encodeWithSelector(ITokenBridge.Bridge_NotSender.selector, USER, OTHER));
        lock.cancelQueued(queued);
        uint256 snapshot = vm.snapshotState();
        vm.prank(USER);
        lock.cancelQueued(queued);
        vm.assertEq(token.balanceOf(USER), before);
        vm.revertToState(snapshot);
        vm.warp(deadline);
        vm.prank(OTHER);
        lock.cancelQueued(queued);
        vm.assertEq(token.balanceOf(USER), before);
        vm.expectRevert(abi.encodeWithSelector(ITokenBridge.Bridge_NotQueued.selector, id));
        lock.cancelQueued(queued);
        vm.assertEq(token.balanceOf(address(lock)), lock.locked());
    }

    function test_RevertWhen_ItCouldNeverBeSent() public {
        bytes memory to = interop(b, USER);
        vm.prank(USER);
        vm.expectRevert(abi.encodeWithSelector(ITokenBridge.Bridge_AboveLimit.selector, CAPACITY, CAPACITY + 1));
        lock.crosschainTransfer(to, 1_000e18 + UNIT_A);
    }

    function test_InboundWaitsAndIsPaidOutLater() public {
        ITokenBridge.InboundTransfer memory queued = _queueInbound();
        vm.assertEq(minted.balanceOf(OTHER), 0);
        vm.assertEq(mint.outstanding(), 1_000e9);
        (uint256 inbound,) = mint.queued();
        vm.assertEq(inbound, 400e9);
        vm.assertEq(minted.totalSupply(), mint.outstanding() - inbound);
        vm.expectRevert(abi.encodeWithSelector(ITokenBridge.Bridge_LimitReached.selector, 0, 400e6));
        mint.release(queued);
        // In part, as far as it goes; and what is left is what the next call must name.
        vm.warp(block.timestamp + 6 hours);
        mint.release(queued);
        vm.assertEq(minted.balanceOf(OTHER), 150e9);
        vm.expectRevert(abi.encodeWithSelector(ITokenBridge.Bridge_NotQueued.selector, queued.id));
        mint.release(queued);
        queued.amount -= 150e6;
        vm.warp(block.timestamp + 1 days);
        mint.release(queued);
        vm.assertEq(minted.balanceOf(OTHER), 400e9);
        vm.expectRevert(abi.encodeWithSelector(ITokenBridge.Bridge_NotQueued.selector, queued.id));
        mint.release(queued);
    }

    /// @dev A transfer above the capacity itself is paid out in parts.
    function test_WhatIsAboveTheCapacityIsPaidOutInParts() public {
        vm.prank(address(timelock));
        mint.setLimit(CHAIN_A, false, 300e6, WINDOW);
        transfer(lock, a, b, USER, OTHER, 1_000e18, plain());
        ITokenBridge.InboundTransfer memory queued = inboundIn(deliverLast(a, b));
        uint256 time = block.timestamp;
        for (uint256 i = 0; i < 4; ++i) {
            mint.release(queued);
            queued.amount = queued.amount > 300e6 ? queued.amount - 300e6 : 0;
            time += 1 days;
            vm.warp(time);
        }
        vm.assertEq(minted.balanceOf(OTHER), 1_000e9);
    }

    function test_NobodyChangesAQueuedTransfer() public {
        ITokenBridge.InboundTransfer memory queued = _queueInbound();
        vm.warp(block.timestamp + 1 days);
        for (uint256 field = 0; field < 8; ++field) {
            ITokenBridge.InboundTransfer memory changed = abi.decode(abi.encode(queued), (ITokenBridge.InboundTransfer));
            if (field == 0) changed.id = bytes32(uint256(1));
            if (field == 1) changed.fromChain = HUB;
            if (field == 2) changed.vouchingChain = HUB;
            if (field == 3) changed.lightClient = a.client;
            if (field == 4) changed.to = USER;
            if (field == 5) changed.amount += 1;
            if (field == 6) changed.isRefund = true;
            if (field == 7) changed.hub = address(0x4b);
            vm.expectRevert(abi.encodeWithSelector(ITokenBridge.Bridge_NotQueued.selector, changed.id));
            mint.release(changed);
        }
    }

    /// @dev Nomad: nothing that was never stored reads as stored.
    function test_RevertWhen_NothingIsQueued() public {
        ITokenBridge.InboundTransfer memory zero;
        vm.expectRevert(abi.encodeWithSelector(ITokenBridge.Bridge_NotQueued.selector, bytes32(0)));
        mint.release(zero);
        ITokenBridge.SentTransfer memory sent;
        vm.expectRevert(abi.encodeWithSelector(ITokenBridge.Bridge_NotRefundable.selector, bytes32(0)));
        mint.refund(sent, "");
    }

    function test_ItsRecipientSendsItElsewhere() public {
        ITokenBridge.InboundTransfer memory queued = _queueInbound();
        vm.expectRevert(abi.encodeWithSelector(ITokenBridge.Bridge_NotRecipient.selector, OTHER, address(this)));
        mint.redirect(queued, address(this));
        vm.prank(OTHER);
        mint.redirect(queued, address(0x1234));
        vm.warp(block.timestamp + 1 days);
        vm.expectRevert(abi.encodeWithSelector(ITokenBridge.Bridge_NotQueued.selector, queued.id));
        mint.release(queued);
        queued.to = address(0x1234);
        mint.release(queued);
        vm.assertEq(minted.balanceOf(address(0x1234)), 400e9);
    }

    function _receive(uint256 chain, address counterpart, bytes32 id, uint256 amount) private {
        bytes memory sender = InteroperableAddress.formatEvmV1(chain, counterpart);
        vm.prank(address(b.gateway));
        mint.receiveMessage(id, sender, abi.encode(sender, abi.encodePacked(OTHER), amount));
    }

    /// @dev A hub vouches for every chain behind it. Whatever it forges, for one lane or spread over all, its own limit holds.
    function test_AHubsLanesShareOneLimit() public {
        on(b);
        TestLightClient ofHub = new TestLightClient(HUB);
        for (uint256 chain = 31; chain < 34; ++chain) {
            vm.startPrank(address(timelock));
            b.mos.setHubRoute(chain, ofHub, address(0xa11), address(0x4b));
            mint.setLink(b.gateway, InteroperableAddress.formatEvmV1(chain, address(lock)));
            mint.setLimit(chain, false, 500e6, WINDOW);
            vm.stopPrank();
        }
        vm.prank(address(timelock));
        mint.setVouchingLimit(HUB, 700e6, WINDOW);
        _receive(31, address(lock), bytes32(uint256(1)), 400e6);
        vm.assertEq(minted.balanceOf(OTHER), 400e9);
        _receive(32, address(lock), bytes32(uint256(2)), 400e6);
        vm.assertEq(minted.balanceOf(OTHER), 400e9, "waits for the hub's limit");
        vm.assertEq(mint.limit(32, false).available, 500e6, "and took nothing from the lane's");
        _receive(33, address(lock), bytes32(uint256(3)), 300e6);
        vm.assertEq(minted.balanceOf(OTHER), 700e9);
        vm.assertEq(mint.vouchingLimit(HUB).available, 0);
        // The chain that is followed itself is not slowed by it.
        across(100e18);
    }

    /// @dev The queue is where what a light client forged is stopped: once it is frozen nobody is paid on its word.
    function test_NothingIsPaidOnAFrozenClientsWord() public {
        ITokenBridge.InboundTransfer memory queued = _queueInbound();
        vm.warp(block.timestamp + 1 days);
        vm.startPrank(address(timelock));
        vm.expectRevert(abi.encodeWithSelector(ITokenBridge.Bridge_StillVouchedFor.selector, address(b.client)));
        mint.resolveUnvouched(queued, true);
        vm.stopPrank();
        b.client.setStatus(ILightClient.Status.Frozen);
        vm.expectRevert(abi.encodeWithSelector(ITokenBridge.Bridge_NotVouchedFor.selector, address(b.client)));
        mint.release(queued);
        vm.expectRevert(
            abi.encodeWithSelector(ITokenBridge.Bridge_NotTimelock.selector, address(timelock), address(this))
        );
        mint.resolveUnvouched(queued, true);
        uint256 snapshot = vm.snapshotState();
        vm.prank(address(timelock));
        mint.resolveUnvouched(queued, false);
        vm.assertEq(minted.balanceOf(OTHER), 0);
        vm.assertEq(mint.outstanding(), 600e9);
        vm.assertEq(minted.totalSupply(), 600e9);
        vm.revertToState(snapshot);
        vm.startPrank(address(timelock));
        mint.resolveUnvouched(queued, true);
        vm.assertEq(minted.balanceOf(OTHER), 400e9);
        vm.expectRevert(abi.encodeWithSelector(ITokenBridge.Bridge_NotQueued.selector, queued.id));
        mint.resolveUnvouched(queued, true);
        vm.stopPrank();
    }

    /// @dev As MOS' retry: a route that moved on takes its word away from what waits.
    function test_NothingIsPaidOnAFormerClientsWord() public {
        ITokenBridge.InboundTransfer memory queued = _queueInbound();
        vm.warp(block.timestamp + 1 days);
        TestLightClient next = new TestLightClient(CHAIN_A);
        vm.startPrank(address(timelock));
        b.mos.setRoute(CHAIN_A, next, address(a.mos));
        vm.expectRevert(abi.encodeWithSelector(ITokenBridge.Bridge_NotVouchedFor.selector, address(b.client)));
        mint.release(queued);
        mint.resolveUnvouched(queued, true);
        vm.stopPrank();
        vm.assertEq(minted.balanceOf(OTHER), 400e9);
    }

    function test_WithoutALimitNothingPasses() public {
        vm.startPrank(address(timelock));
        vm.expectRevert(ITokenBridge.Bridge_ZeroWindow.selector);
        mint.setLimit(CHAIN_A, false, 1, 0);
        mint.setVouchingLimit(CHAIN_A, 0, WINDOW);
        vm.stopPrank();
        transfer(lock, a, b, USER, OTHER, 1e18, plain());
        inboundIn(deliverLast(a, b));
        vm.assertEq(minted.totalSupply(), 0);
    }

    /// @dev Raising a limit does not refill the past at the new rate.
    function test_ANewLimitBeginsNow() public {
        across(1_000e18);
        vm.warp(block.timestamp + 12 hours);
        on(a);
        vm.assertEq(lock.limit(CHAIN_B, true).available, 500e6);
        vm.prank(address(timelock));
        lock.setLimit(CHAIN_B, true, 10_000e6, WINDOW);
        vm.assertEq(lock.limit(CHAIN_B, true).available, 9_500e6);
    }
}
