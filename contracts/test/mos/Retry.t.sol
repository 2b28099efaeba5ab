// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ILightClient} from "../../src/light-clients/ILightClient.sol";
import {IMessageService} from "../../src/mos/interfaces/IMessageService.sol";
import {IMOSV3} from "../../src/mos/interfaces/IMOSV3.sol";
import {Vm} from "../utils/Vm.sol";
import {MosTest} from "./utils/MosTest.sol";
import {Moody, Probe} from "./utils/Receivers.sol";
import {TestLightClient} from "./utils/TestLightClient.sol";

/// @notice Failed messages: kept, retried by anybody, never with more authority than their delivery had.
contract RetryTest is MosTest {
    Moody internal app;
    Sent internal failed;

    function setUp() public override {
        super.setUp();
        app = new Moody();
        Sent memory sent = sendTo(address(app));
        deliver(sent);
        failed = sent;
    }

    function test_AnybodyRetries() public {
        app.setFailing(false);
        vm.recordLogs();
        vm.prank(address(0x1234));
        mosB.retry(stored(failed));
        (bool result,) = received(vm.getRecordedLogs());
        vm.assertTrue(result);
        vm.assertEq(app.taken(failed.orderId), 1);
        assertOutcome(failed, IMessageService.Outcome.Delivered);
        vm.assertEq(mosB.storedMessage(CHAIN_A, failed.orderId), bytes32(0));
    }

    function test_RevertWhen_ItFailsAgain() public {
        vm.expectRevert(
            abi.encodeWithSelector(
                IMessageService.MOS_RetryFailed.selector, abi.encodeWithSelector(Moody.Moody_NotNow.selector)
            )
        );
        mosB.retry(stored(failed));
        assertOutcome(failed, IMessageService.Outcome.Failed);
    }

    function test_RevertWhen_RetriedAfterSuccess() public {
        app.setFailing(false);
        mosB.retry(stored(failed));
        vm.expectPartialRevert(IMessageService.MOS_NotStored.selector);
        mosB.retry(stored(failed));
        vm.expectPartialRevert(IMessageService.MOS_AlreadyDelivered.selector);
        this.deliverAgain();
        vm.assertEq(app.calls(), 1);
    }

    function deliverAgain() external {
        deliver(failed);
    }

    function test_RevertWhen_AnyFieldIsAnother() public {
        app.setFailing(false);
        for (uint256 field = 0; field < 7; ++field) {
            IMessageService.StoredMessage memory message = stored(failed);
            if (field == 0) message.fromChain = 3333;
            if (field == 1) message.lightClient = ILightClient(address(1));
            if (field == 2) message.fromMos = address(1);
            if (field == 3) message.toChain = 3333;
            if (field == 4) message.orderId = bytes32(uint256(1));
            if (field == 5) message.fromAddress = abi.encodePacked(address(1));
            if (field == 6) message.messageData = encode(IMOSV3.MessageType.MESSAGE, address(app), "mint", GAS_LIMIT);
            vm.expectRevert(
                abi.encodeWithSelector(IMessageService.MOS_NotStored.selector, keccak256(abi.encode(message)))
            );
            mosB.retry(message);
        }
    }

    /// @dev In May 2026 MAPO was minted from nothing: the retry hash was `encodePacked(fromChain, fromAddress, data)`, so
    ///      the boundary between address and data could be moved. Here every split of the same bytes is another hash.
    function testFuzz_RevertWhen_TheBoundaryMoves(uint256 split) public {
        bytes memory joined = bytes.concat(abi.encodePacked(USER), failed.messageData);
        split = bound(split, 0, joined.length);
        if (split == 20) split = 21;
        IMessageService.StoredMessage memory message = stored(failed);
        message.fromAddress = _slice(joined, 0, split);
        message.messageData = _slice(joined, split, joined.length);
        app.setFailing(false);
        vm.expectPartialRevert(IMessageService.MOS_NotStored.selector);
        mosB.retry(message);
    }

    function test_RevertWhen_TheLaneIsPaused() public {
        app.setFailing(false);
        vm.prank(PAUSER);
        mosB.pauseLane(CHAIN_A, false);
        vm.expectRevert(abi.encodeWithSelector(IMessageService.MOS_LanePaused.selector, CHAIN_A, false));
        mosB.retry(stored(failed));
    }

    function test_RevertWhen_TheLightClientIsFrozen() public {
        app.setFailing(false);
        frozen();
        vm.expectRevert(
            abi.encodeWithSelector(IMessageService.MOS_LightClientStatus.selector, ILightClient.Status.Frozen)
        );
        mosB.retry(stored(failed));
        (, bool verifiable,) = mosB.getOrderStatus(CHAIN_A, 0, failed.orderId);
        vm.assertFalse(verifiable);
    }

    function test_AnExpiredLightClientStopsNoRetry() public {
        app.setFailing(false);
        client.setStatus(ILightClient.Status.Expired);
        mosB.retry(stored(failed));
        vm.assertEq(app.calls(), 1);
    }

    function test_RevertWhen_TheRouteEnded() public {
        app.setFailing(false);
        vm.prank(address(timelock));
        mosB.setRoute(CHAIN_A, ILightClient(address(0)), address(0));
        vm.expectRevert(abi.encodeWithSelector(IMessageService.MOS_NoRoute.selector, CHAIN_A));
        mosB.retry(stored(failed));
        assertOutcome(failed, IMessageService.Outcome.Failed);
    }

    /// @dev A forged message that failed under a client that was then frozen must not become retriable because the route
    ///      moved to an honest client; an honest one becomes so by proving itself there.
    function test_ANewRouteMustVouchAgain() public {
        app.setFailing(false);
        frozen();
        IMessageService.StoredMessage memory old = stored(failed);
        client = new TestLightClient(CHAIN_A);
        vm.prank(address(timelock));
        mosB.setRoute(CHAIN_A, client, address(mosA));
        vm.expectRevert(abi.encodeWithSelector(IMessageService.MOS_NotVouchedFor.selector, client, old.lightClient));
        mosB.retry(old);

        deliver(failed);
        vm.assertEq(app.calls(), 0, "proving again runs nothing");
        assertOutcome(failed, IMessageService.Outcome.Failed);
        vm.expectPartialRevert(IMessageService.MOS_NotStored.selector);
        mosB.retry(old);
        mosB.retry(stored(failed));
        vm.assertEq(app.taken(failed.orderId), 1);
        assertOutcome(failed, IMessageService.Outcome.Delivered);
    }

    function test_RevertWhen_TheRouteHasAnotherMos() public {
        app.setFailing(false);
        vm.prank(address(timelock));
        mosB.setRoute(CHAIN_A, client, address(0x305));
        vm.expectRevert(
            abi.encodeWithSelector(IMessageService.MOS_ForeignEmitter.selector, address(0x305), address(mosA))
        );
        mosB.retry(stored(failed));
    }

    /// @dev The MAPO attack needed a target whose code came after the first delivery. It is retried as it was sent.
    function test_CodeThatComesLaterGetsTheMessageAsItWasSent() public {
        address later = address(0x1a7e4);
        Sent memory sent = sendTo(later);
        deliver(sent);
        vm.etch(later, address(new Probe()).code);
        mosB.retry(stored(sent));
        vm.assertEq(Probe(later).calls(), 1);
    }

    function _slice(bytes memory data, uint256 from, uint256 to) private pure returns (bytes memory part) {
        part = new bytes(to - from);
        for (uint256 i = from; i < to; ++i) {
            part[i - from] = data[i];
        }
    }
}
