// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IHub} from "../../src/hub/IHub.sol";
import {ILightClient} from "../../src/light-clients/ILightClient.sol";
import {IFeeService} from "../../src/mos/interfaces/IFeeService.sol";
import {IMessageService} from "../../src/mos/interfaces/IMessageService.sol";
import {Vm} from "../utils/Vm.sol";
import {RelayApp} from "./utils/RelayApp.sol";
import {RelayTest} from "./utils/RelayTest.sol";
import {World} from "./utils/World.sol";

/// @notice A relayed message that failed is kept, paid for, retried or expires; once.
contract RelayRetriesTest is RelayTest {
    function test_AFailureIsKeptAndRetried() public {
        target.setFailing(true);
        World.Sent memory sent = sendRelay();
        assertFails(
            sent,
            abi.encodeWithSelector(
                IHub.Hub_TargetFailed.selector, abi.encodeWithSelector(RelayApp.RelayApp_NotNow.selector)
            )
        );
        IMessageService.StoredMessage memory stored = world.storedMessage(A, B, H, USER, sent);
        vm.expectPartialRevert(IHub.Hub_RetryFailed.selector);
        world.retryRelay(stored);
        target.setFailing(false);
        Vm.Log[] memory logs = world.retryRelay(stored);
        (bytes32 onward, bool result,) = resultIn(logs);
        vm.assertTrue(result);
        vm.assertEq(world.count(logs, IHub.DeliveryRecordForwarded.selector), 0, "the first attempt was paid");
        world.deliver(B, H, H, world.messageIn(logs, address(world.mosOf(H))));
        vm.assertEq(app.taken(onward), 1);
        vm.expectRevert(abi.encodeWithSelector(IHub.Hub_NotStored.selector, keccak256(abi.encode(stored))));
        world.retryRelay(stored);
    }

    function test_RevertWhen_AFieldOfWhatIsStoredIsChanged() public {
        target.setFailing(true);
        World.Sent memory sent = sendRelayUntil(uint64(block.timestamp + 1000));
        world.relay(A, sent.log);
        target.setFailing(false);
        bytes memory original = abi.encode(world.storedMessage(A, B, H, USER, sent));
        for (uint256 field = 0; field < 9; ++field) {
            IMessageService.StoredMessage memory changed = abi.decode(original, (IMessageService.StoredMessage));
            if (field == 0) changed.fromChain = C;
            if (field == 1) changed.lightClient = world.clientOf(H, C);
            if (field == 2) changed.hub = address(hub);
            if (field == 3) changed.fromMos = address(world.mosOf(C));
            if (field == 4) changed.toChain = C;
            if (field == 5) changed.orderId ^= bytes32(uint256(1));
            if (field == 6) changed.fromAddress = abi.encodePacked(HEIR);
            if (field == 7) changed.messageData = plain();
            if (field == 8) changed.options = "";
            vm.expectRevert(abi.encodeWithSelector(IHub.Hub_NotStored.selector, keccak256(abi.encode(changed))));
            world.retryRelay(changed);
        }
    }

    /// @dev As in MOS: a retry never has more authority than the relaying had.
    function test_AFailedOneOfAFormerClientIsProvenAgainFirst() public {
        target.setFailing(true);
        World.Sent memory sent = sendRelay();
        world.relay(A, sent.log);
        target.setFailing(false);
        IMessageService.StoredMessage memory former = world.storedMessage(A, B, H, USER, sent);
        ILightClient before = world.clientOf(H, A);
        ILightClient next = world.renewClient(H, A);
        world.setDirect(H, A);
        vm.expectRevert(abi.encodeWithSelector(IHub.Hub_NotVouchedFor.selector, next, before));
        world.retryRelay(former);
        Vm.Log[] memory logs = world.relay(A, sent.log);
        vm.assertEq(logs.length, 1);
        vm.assertEq(logs[0].topics[0], IHub.RelayStored.selector);
        vm.assertEq(target.calls(), 0);
        world.retryRelay(world.storedMessage(A, B, H, USER, sent));
        vm.assertEq(target.calls(), 1);
    }

    function test_ARetryObeysPauseRouteAndFreeze() public {
        target.setFailing(true);
        World.Sent memory sent = sendRelay();
        world.relay(A, sent.log);
        target.setFailing(false);
        IMessageService.StoredMessage memory stored = world.storedMessage(A, B, H, USER, sent);
        world.pause(H, A, false);
        vm.expectRevert(abi.encodeWithSelector(IHub.Hub_LanePaused.selector, A, false));
        world.retryRelay(stored);
        world.unpause(H, A, false);
        world.pause(H, B, true);
        vm.expectRevert(abi.encodeWithSelector(IHub.Hub_LanePaused.selector, B, true));
        world.retryRelay(stored);
        world.unpause(H, B, true);
        world.endRoute(H, B);
        vm.expectRevert(abi.encodeWithSelector(IHub.Hub_NoRoute.selector, B));
        world.retryRelay(stored);
        world.setDirect(H, B);
        world.clientOf(H, A).setStatus(ILightClient.Status.Frozen);
        vm.expectRevert(abi.encodeWithSelector(IHub.Hub_LightClientStatus.selector, ILightClient.Status.Frozen));
        world.retryRelay(stored);
        world.clientOf(H, A).setStatus(ILightClient.Status.Active);
        world.retryRelay(stored);
        vm.assertEq(target.calls(), 1);
    }

    /// @dev HUB-15.
    function test_PastItsDeadlineItExpiresAndNeverRuns() public {
        uint64 deadline = uint64(block.timestamp + 100);
        World.Sent memory sent = sendRelayUntil(deadline);
        vm.warp(deadline);
        Vm.Log[] memory logs = world.relay(A, sent.log);
        vm.assertEq(logs.length, 1);
        vm.assertEq(logs[0].topics[0], IHub.ExpiryRecordForwarded.selector);
        vm.assertEq(logs[0].topics[1], bytes32(A));
        vm.assertEq(logs[0].topics[2], bytes32(B));
        vm.assertEq(logs[0].topics[3], sent.orderId);
        vm.assertEq(logs[0].data, abi.encode(address(0), HEIR, false));
        vm.assertEq(hub.storedRelay(A, sent.orderId), bytes32(uint256(1)));
        Vm.Log[] memory again = world.relay(A, sent.log);
        vm.assertEq(keccak256(abi.encode(logs)), keccak256(abi.encode(again)));
        vm.assertEq(target.calls(), 0);
        IFeeService fees = world.feesOf(A);
        bytes memory proof = world.prove(A, H, again);
        vm.chainId(A);
        vm.assertEq(fees.settle(B, proof), 1);
        vm.assertGt(fees.owed(HEIR, address(0)), 0);
    }

    function test_AFailedOneExpiresToo() public {
        target.setFailing(true);
        uint64 deadline = uint64(block.timestamp + 100);
        World.Sent memory sent = sendRelayUntil(deadline);
        world.relay(A, sent.log);
        target.setFailing(false);
        IMessageService.StoredMessage memory stored = world.storedMessage(A, B, H, USER, sent);
        vm.warp(deadline);
        vm.expectRevert(abi.encodeWithSelector(IHub.Hub_Expired.selector, deadline, deadline));
        world.retryRelay(stored);
        Vm.Log[] memory logs = world.relay(A, sent.log);
        vm.assertEq(logs[0].data, abi.encode(address(0), HEIR, true));
        vm.assertEq(hub.storedRelay(A, sent.orderId), bytes32(uint256(2)));
        vm.expectRevert(abi.encodeWithSelector(IHub.Hub_NotStored.selector, keccak256(abi.encode(stored))));
        world.retryRelay(stored);
        logs = world.relay(A, sent.log);
        vm.assertEq(logs[0].data, abi.encode(address(0), HEIR, true));
        vm.assertEq(target.calls(), 0);
    }

    /// @dev A refund must not wait for a lane that will never open again.
    function test_ItExpiresWithTheOnwardLaneClosed() public {
        uint64 deadline = uint64(block.timestamp + 100);
        World.Sent memory sent = sendRelayUntil(deadline);
        world.endRoute(H, B);
        vm.expectRevert(abi.encodeWithSelector(IHub.Hub_NoRoute.selector, B));
        world.relay(A, sent.log);
        vm.warp(deadline);
        world.relay(A, sent.log);
        vm.assertEq(hub.storedRelay(A, sent.orderId), bytes32(uint256(1)));
    }

    /// @dev Nobody runs anything at B after the sender's deadline, and who prepaid gets the second fee back.
    function test_TheDeadlineTravelsOnAndTheOnwardFeeComesBack() public {
        uint64 deadline = uint64(block.timestamp + 100);
        World.Sent memory sent = sendRelayUntil(deadline);
        Vm.Log[] memory logs = world.relay(A, sent.log);
        Vm.Log memory message = world.messageIn(logs, address(world.mosOf(H)));
        vm.assertEq(message.topics[0], IMessageService.mapMessageOutWithOptions.selector);
        address sender = hub.senderOf(address(target));
        (,,, bytes memory options) = abi.decode(message.data, (bytes32, bytes, bytes, bytes));
        vm.assertEq(options, abi.encode(deadline, 0, sender));
        vm.warp(deadline);
        Vm.Log[] memory expired = world.deliver(B, H, H, message);
        vm.assertEq(app.calls(), 0);
        IFeeService fees = world.feesOf(H);
        bytes memory proof = world.prove(H, B, expired);
        vm.chainId(H);
        fees.settle(B, proof);
        vm.assertEq(fees.owed(sender, address(0)), onwardFee);
        vm.assertEq(hub.reclaim(address(target), fees), onwardFee);
        vm.assertEq(hub.creditOf(address(target)), 10 ether);
        vm.assertEq(address(hub).balance, 10 ether);
        vm.expectRevert(abi.encodeWithSelector(IFeeService.FeeService_NothingOwed.selector, sender, address(0)));
        hub.reclaim(address(target), fees);
    }

    function test_RevertWhen_WhatIsReclaimedFromIsNoFeeService() public {
        vm.expectRevert(abi.encodeWithSelector(IHub.Hub_NotAFeeService.selector, address(target)));
        hub.reclaim(address(target), IFeeService(address(target)));
        (bool ok, bytes memory reason) = address(hub).call{value: 1}("");
        vm.assertFalse(ok);
        vm.assertEq(reason, abi.encodeWithSelector(IHub.Hub_UnexpectedCoin.selector, address(this)));
    }

    /// @dev HUB-16.
    function test_WithoutCreditItFailsAndIsRetriedOnceItIsFunded() public {
        vm.prank(address(target));
        hub.withdraw(HEIR, 10 ether);
        vm.assertEq(HEIR.balance, 10 ether);
        World.Sent memory sent = sendRelay();
        assertFails(sent, abi.encodeWithSelector(IHub.Hub_CreditTooLow.selector, onwardFee, 0));
        vm.assertEq(target.calls(), 0, "its effects are undone");
        IMessageService.StoredMessage memory stored = world.storedMessage(A, B, H, USER, sent);
        hub.fund{value: onwardFee - 1}(address(target));
        vm.expectRevert(
            abi.encodeWithSelector(
                IHub.Hub_RetryFailed.selector,
                abi.encodeWithSelector(IHub.Hub_CreditTooLow.selector, onwardFee, onwardFee - 1)
            )
        );
        world.retryRelay(stored);
        hub.fund{value: 1}(address(target));
        world.retryRelay(stored);
        vm.assertEq(target.calls(), 1);
        vm.assertEq(hub.creditOf(address(target)), 0);
    }

    function test_CreditIsItsOwnersOnly() public {
        vm.expectRevert(abi.encodeWithSelector(IHub.Hub_CreditTooLow.selector, 1, 0));
        hub.withdraw(address(this), 1);
        RelayApp other = new RelayApp();
        other.answer(plain());
        World.Sent memory sent = sendRelayTo(address(other));
        assertFails(sent, abi.encodeWithSelector(IHub.Hub_CreditTooLow.selector, onwardFee, 0));
        vm.assertEq(hub.creditOf(address(target)), 10 ether);
        vm.prank(address(target));
        vm.expectRevert(abi.encodeWithSelector(IHub.Hub_PaymentFailed.selector, address(world), 1));
        hub.withdraw(address(world), 1);
    }
}
