// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ILightClient} from "../../src/light-clients/ILightClient.sol";
import {IMessageService} from "../../src/mos/interfaces/IMessageService.sol";
import {IMOSV3} from "../../src/mos/interfaces/IMOSV3.sol";
import {Vm} from "../utils/Vm.sol";
import {HubTest} from "./utils/HubTest.sol";
import {World} from "./utils/World.sol";

/// @notice Who vouches for an origin changes while messages are on their way; each still runs once.
contract RoutesTest is HubTest {
    IMessageService private mos;
    address private timelock;
    address private remote;

    function setUp() public override {
        super.setUp();
        mos = world.mosOf(B);
        timelock = address(world.timelock());
        remote = address(world.mosOf(A));
        vm.chainId(B);
    }

    function test_ARouteOverAHubSaysSo() public {
        ILightClient ofHub = world.clientOf(B, H);
        IMessageService.Route memory route = mos.route(A);
        vm.assertEq(address(route.lightClient), address(ofHub));
        vm.assertEq(route.remoteMos, remote);
        vm.assertEq(route.hub, address(hub));
        vm.assertEq(mos.route(H).hub, address(0));
        vm.assertTrue(mos.isForbiddenTarget(address(ofHub)));

        vm.prank(timelock);
        vm.expectEmit(address(mos));
        emit IMessageService.HubRouteSet(A, ofHub, remote, address(0x4b));
        mos.setHubRoute(A, ofHub, remote, address(0x4b));
        vm.assertEq(mos.route(A).hub, address(0x4b));
        world.setDirect(B, A);
        vm.assertEq(mos.route(A).hub, address(0));
        world.setOverHub(B, A);
        world.endRoute(B, A);
        vm.assertEq(mos.route(A).hub, address(0));
        vm.assertEq(mos.route(A).remoteMos, address(0));
    }

    function test_RevertWhen_TheHubRouteIsNoRoute() public {
        ILightClient ofHub = world.clientOf(B, H);
        ILightClient ofA = world.clientOf(B, A);
        ILightClient ofB = world.clientOf(A, B);
        vm.expectRevert(abi.encodeWithSelector(IMessageService.MOS_NotTimelock.selector, timelock, address(this)));
        mos.setHubRoute(A, ofHub, remote, address(hub));
        vm.startPrank(timelock);
        bytes4 invalid = IMessageService.MOS_InvalidHubRoute.selector;
        vm.expectRevert(abi.encodeWithSelector(invalid, B, ofHub, remote, hub));
        mos.setHubRoute(B, ofHub, remote, address(hub));
        vm.expectRevert(abi.encodeWithSelector(invalid, A, ofHub, address(0), hub));
        mos.setHubRoute(A, ofHub, address(0), address(hub));
        vm.expectRevert(abi.encodeWithSelector(invalid, A, ofHub, remote, address(0)));
        mos.setHubRoute(A, ofHub, remote, address(0));
        vm.expectRevert(abi.encodeWithSelector(IMessageService.MOS_NotAContract.selector, address(0)));
        mos.setHubRoute(A, ILightClient(address(0)), remote, address(hub));
        vm.expectRevert(abi.encodeWithSelector(IMessageService.MOS_HubChain.selector, A, A));
        mos.setHubRoute(A, ofA, remote, address(hub));
        vm.expectRevert(abi.encodeWithSelector(IMessageService.MOS_HubChain.selector, A, B));
        mos.setHubRoute(A, ofB, remote, address(hub));
        vm.stopPrank();
    }

    /// @dev Over the hub the hub's log counts, directly MOS' own, and never the other. (HUB-6)
    function test_OnlyTheRoutesEmitterCounts() public {
        World.Sent memory sent = send();
        Vm.Log memory forwarded = world.forward(A, sent.log);
        bytes4 foreign = IMessageService.MOS_ForeignEmitter.selector;
        vm.expectRevert(abi.encodeWithSelector(foreign, address(hub), remote));
        world.deliver(B, A, H, sent.log);
        world.setDirect(B, A);
        vm.expectRevert(abi.encodeWithSelector(foreign, remote, address(hub)));
        world.deliver(B, A, A, forwarded);
        world.deliver(B, A, A, sent.log);
        vm.assertEq(app.calls(), 1);
    }

    /// @dev HUB-7.
    function test_DeliveredOverTheHubItDoesNotComeDirectlyAgain() public {
        World.Sent memory sent = send();
        world.deliver(B, A, H, world.forward(A, sent.log));
        world.setDirect(B, A);
        vm.expectRevert(abi.encodeWithSelector(IMessageService.MOS_AlreadyDelivered.selector, A, sent.orderId));
        world.deliver(B, A, A, sent.log);
        vm.assertEq(app.calls(), 1);
        assertOutcome(sent, IMessageService.Outcome.Delivered);
    }

    function test_DeliveredDirectlyItDoesNotComeOverTheHubAgain() public {
        World.Sent memory sent = send();
        Vm.Log memory forwarded = world.forward(A, sent.log);
        world.setDirect(B, A);
        world.deliver(B, A, A, sent.log);
        world.setOverHub(B, A);
        vm.expectRevert(abi.encodeWithSelector(IMessageService.MOS_AlreadyDelivered.selector, A, sent.orderId));
        world.deliver(B, A, H, forwarded);
        vm.assertEq(app.calls(), 1);
    }

    /// @dev What was sent before a change of route and not delivered proves itself on the new one, either way.
    function test_NothingInFlightIsLost() public {
        World.Sent memory one = send();
        World.Sent memory two = send();
        world.setDirect(B, A);
        world.deliver(B, A, A, one.log);
        world.setOverHub(B, A);
        world.deliver(B, A, H, world.forward(A, two.log));
        vm.assertEq(app.taken(one.orderId), 1);
        vm.assertEq(app.taken(two.orderId), 1);
    }

    /// @dev A stream goes on where it was, whoever vouches.
    function test_AnOrderedStreamGoesOn() public {
        IMessageService.MessageOptions memory ordered = IMessageService.MessageOptions(0, true, HEIR);
        World.Sent memory one = world.sendWith(A, B, USER, plain(), ordered);
        World.Sent memory two = world.sendWith(A, B, USER, plain(), ordered);
        Vm.Log memory forwarded = world.forward(A, two.log);
        vm.expectRevert(abi.encodeWithSelector(IMessageService.MOS_OutOfOrder.selector, 1, 2));
        world.deliver(B, A, H, forwarded);
        world.setDirect(B, A);
        world.deliver(B, A, A, one.log);
        world.setOverHub(B, A);
        world.deliver(B, A, H, forwarded);
        vm.assertEq(app.taken(two.orderId), 1);
    }

    /// @dev It failed on the hub's word: a retry has no more authority than that, and proving it again gives it another. (HUB-8)
    function test_AFailedOneIsRetriedOnTheWordThatItCameOn() public {
        app.setFailing(true);
        World.Sent memory sent = send();
        Vm.Log[] memory logs = world.deliver(B, A, H, world.forward(A, sent.log));
        IMessageService.StoredMessage memory overHub = world.storedMessage(A, B, B, USER, sent);
        vm.assertEq(overHub.hub, address(hub));
        Vm.Log memory log = world.find(logs, IMessageService.MessageStored.selector);
        (bytes32 commitment, address client, address storedHub, address fromMos) =
            abi.decode(log.data, (bytes32, address, address, address));
        vm.assertEq(commitment, keccak256(abi.encode(overHub)));
        vm.assertEq(client, address(world.clientOf(B, H)));
        vm.assertEq(storedHub, address(hub));
        vm.assertEq(fromMos, remote);
        app.setFailing(false);
        world.setDirect(B, A);
        vm.expectRevert(
            abi.encodeWithSelector(
                IMessageService.MOS_NotVouchedFor.selector, world.clientOf(B, A), world.clientOf(B, H)
            )
        );
        mos.retry(overHub);
        assertOutcome(sent, IMessageService.Outcome.Failed);
        // Proven again on the direct route, it is not run but stored anew, and then retried.
        world.deliver(B, A, A, sent.log);
        vm.assertEq(app.calls(), 0);
        IMessageService.StoredMessage memory direct = world.storedMessage(A, B, B, USER, sent);
        vm.assertEq(direct.hub, address(0));
        vm.expectRevert(abi.encodeWithSelector(IMessageService.MOS_NotStored.selector, keccak256(abi.encode(overHub))));
        mos.retry(overHub);
        mos.retry(direct);
        vm.assertEq(app.taken(sent.orderId), 1);
        vm.expectRevert(abi.encodeWithSelector(IMessageService.MOS_NotStored.selector, keccak256(abi.encode(direct))));
        mos.retry(direct);
    }

    /// @dev The same light client and another hub is another voucher.
    function test_AFailedOneIsNotRetriedOnAnotherHubsWord() public {
        app.setFailing(true);
        World.Sent memory sent = send();
        world.deliver(B, A, H, world.forward(A, sent.log));
        IMessageService.StoredMessage memory stored = world.storedMessage(A, B, B, USER, sent);
        app.setFailing(false);
        ILightClient ofHub = world.clientOf(B, H);
        vm.prank(timelock);
        mos.setHubRoute(A, ofHub, remote, address(0x4b));
        vm.expectRevert(abi.encodeWithSelector(IMessageService.MOS_NotByThisHub.selector, address(0x4b), address(hub)));
        mos.retry(stored);
        vm.prank(timelock);
        mos.setHubRoute(A, ofHub, remote, address(hub));
        mos.retry(stored);
        vm.assertEq(app.calls(), 1);
    }

    function test_TheHubsClientFreezesEveryLaneBehindIt() public {
        World.Sent memory ofA = send();
        World.Sent memory ofC = world.send(C, B, USER, plain());
        (Vm.Log memory one, Vm.Log memory two) = (world.forward(A, ofA.log), world.forward(C, ofC.log));
        world.clientOf(B, H).setStatus(ILightClient.Status.Frozen);
        vm.expectRevert(ILightClient.LightClient_Frozen.selector);
        world.deliver(B, A, H, one);
        vm.expectRevert(ILightClient.LightClient_Frozen.selector);
        world.deliver(B, C, H, two);
    }

    /// @dev C's light client on H believes anything. What it can show are logs of C: none is of A, none marks A's numbers, and
    ///      none reaches B as A's. (HUB-9)
    function test_ALyingClientOfCTouchesNoLaneOfA() public {
        World.Sent memory sent = send();
        Vm.Log memory forged = sent.log;
        forged.emitter = address(world.mosOf(C));
        vm.expectRevert(abi.encodeWithSelector(bytes4(keccak256("Hub_ForeignLane(uint256,uint256)")), A, B));
        world.forward(C, forged);
        forged.topics[1] = bytes32(C);
        vm.expectRevert(abi.encodeWithSelector(bytes4(keccak256("Hub_OrderIdMismatch(bytes32)")), sent.orderId));
        world.forward(C, forged);
        // A whole forged message of C with A's number passes, as C's: A's number is untouched on H and at B.
        World.Sent memory ofC = world.send(C, B, USER, plain());
        vm.assertEq(uint64(uint256(ofC.orderId)), uint64(uint256(sent.orderId)));
        world.deliver(B, C, H, world.forward(C, ofC.log));
        vm.assertFalse(hub.isForwarded(A, remote, B, 0));
        vm.assertFalse(mos.isConsumed(A, remote, 0));
        forged = sent.log;
        (forged.emitter, forged.topics[1]) = (remote, bytes32(A));
        world.deliver(B, A, H, world.forward(A, forged));
        vm.assertEq(app.taken(sent.orderId), 1);
        vm.assertEq(app.taken(ofC.orderId), 1);
    }

    function test_ARelayMessageIsSentOnlyOverAHub() public {
        bytes memory relayed = world.encode(true, address(app), "", GAS_LIMIT);
        World.Sent memory sent = world.send(A, B, USER, relayed);
        vm.assertEq(sent.messageData, relayed);
        vm.expectRevert(IMessageService.MOS_RelayNotSupported.selector);
        world.send(A, H, USER, relayed);
        world.setDirect(A, B);
        vm.expectRevert(IMessageService.MOS_RelayNotSupported.selector);
        world.send(A, B, USER, relayed);
        world.setOverHub(A, B);
        world.endRoute(A, B);
        vm.expectRevert(IMessageService.MOS_RelayNotSupported.selector);
        world.send(A, B, USER, relayed);
        world.setOverHub(A, B);
        world.sendWith(A, B, USER, relayed, IMessageService.MessageOptions(type(uint64).max, false, HEIR));
        vm.expectRevert(IMessageService.MOS_RelayOrdered.selector);
        world.sendWith(A, B, USER, relayed, IMessageService.MessageOptions(0, true, HEIR));
        bytes memory byCallData = abi.encode(
            IMOSV3.MessageData(true, IMOSV3.MessageType.CALLDATA, abi.encodePacked(address(app)), "", GAS_LIMIT, 0)
        );
        vm.expectRevert(IMessageService.MOS_RelayByCallData.selector);
        world.send(A, B, USER, byCallData);
        // All else about it is checked as of any message.
        relayed = world.encode(true, address(app), "", 1);
        vm.expectPartialRevert(IMessageService.MOS_GasLimit.selector);
        world.send(A, B, USER, relayed);
    }

    /// @dev Neither directly nor over a hub that forwarded it all the same: who runs it is the hub. (HUB-10)
    function test_NoTargetRunsARelayMessageOfMos() public {
        World.Sent memory sent = world.send(A, B, USER, world.encode(true, address(app), "", GAS_LIMIT));
        Vm.Log memory forged = sent.log;
        forged.emitter = address(hub);
        vm.expectRevert(IMessageService.MOS_RelayNotSupported.selector);
        world.deliver(B, A, H, forged);
        bytes memory proof = world.proveBatch(B, H, world.only(forged));
        vm.chainId(B);
        vm.expectEmit(address(mos));
        emit IMessageService.MessageSkipped(A, 0, 0, IMessageService.SkipReason.Relay);
        mos.transferInBatch(A, none(), new bytes32[](0), address(0), proof);
        world.setDirect(B, A);
        forged.emitter = remote;
        vm.expectRevert(IMessageService.MOS_RelayNotSupported.selector);
        world.deliver(B, A, A, forged);
        vm.assertEq(app.calls(), 0);
        vm.assertFalse(mos.isConsumed(A, remote, 0));
    }
}
