// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IHub} from "../../src/hub/IHub.sol";
import {ILightClient} from "../../src/light-clients/ILightClient.sol";
import {IMessageService} from "../../src/mos/interfaces/IMessageService.sol";
import {IMOSV3} from "../../src/mos/interfaces/IMOSV3.sol";
import {Vm} from "../utils/Vm.sol";
import {HubTest} from "./utils/HubTest.sol";
import {World} from "./utils/World.sol";

/// @notice A message of A reaches B over the hub with its origin intact, and nothing else does.
contract ForwardingTest is HubTest {
    function test_TheEventsAreThoseOfMos() public pure {
        vm.assertEq(IHub.mapMessageOut.selector, IMOSV3.mapMessageOut.selector);
        vm.assertEq(IHub.mapMessageOutWithOptions.selector, IMessageService.mapMessageOutWithOptions.selector);
    }

    /// @dev HUB-1.
    function test_TheOriginStaysIntact() public {
        World.Sent memory sent = send();
        Vm.Log memory forwarded = world.forward(A, sent.log);
        vm.assertEq(forwarded.emitter, address(hub));
        vm.assertEq(keccak256(abi.encode(forwarded.topics)), keccak256(abi.encode(sent.log.topics)));
        vm.assertEq(forwarded.data, sent.log.data);
        world.deliver(B, A, H, forwarded);
        assertOutcome(sent, IMessageService.Outcome.Delivered);
        vm.assertEq(app.taken(sent.orderId), 1);
        vm.assertEq(app.lastChain(), A);
        vm.assertEq(app.lastSender(), USER);
        vm.assertEq(app.lastMessage(), "hello");
        vm.assertTrue(hub.isForwarded(A, address(world.mosOf(A)), B, 0));
        vm.assertFalse(hub.isForwarded(A, address(world.mosOf(A)), B, 1));
        vm.assertFalse(hub.isForwarded(A, address(world.mosOf(A)), C, 0));
    }

    function test_OptionsStayIntact() public {
        uint64 deadline = uint64(block.timestamp + 100);
        World.Sent memory sent =
            world.sendWith(A, B, USER, plain(), IMessageService.MessageOptions(deadline, true, HEIR));
        Vm.Log memory forwarded = world.forward(A, sent.log);
        vm.assertEq(forwarded.topics[0], IMessageService.mapMessageOutWithOptions.selector);
        vm.assertEq(forwarded.data, sent.log.data);
        vm.warp(deadline);
        Vm.Log[] memory logs = world.deliver(B, A, H, forwarded);
        (address recipient,) = abi.decode(world.find(logs, IMessageService.ExpiryRecord.selector).data, (address, bool));
        vm.assertEq(recipient, HEIR);
        assertOutcome(sent, IMessageService.Outcome.Expired);
    }

    /// @dev Whatever is carried: the hub's assembly logs what `abi.encode` of the message's own fields is.
    function testFuzz_TheDataIsTheOrigins(bytes calldata payload, uint64 deadline, bool withOptions) public {
        vm.assume(payload.length < 8_000);
        bytes memory messageData = world.encode(false, address(app), payload, GAS_LIMIT);
        World.Sent memory sent;
        bytes memory expected;
        if (withOptions) {
            deadline = uint64(bound(deadline, block.timestamp + 1, type(uint64).max));
            sent = world.sendWith(A, B, USER, messageData, IMessageService.MessageOptions(deadline, false, HEIR));
            expected = abi.encode(
                sent.orderId, abi.encodePacked(USER), messageData, abi.encode(uint256(deadline), uint256(0), HEIR)
            );
        } else {
            sent = world.send(A, B, USER, messageData);
            expected = abi.encode(sent.orderId, abi.encodePacked(USER), messageData);
        }
        vm.assertEq(world.forward(A, sent.log).data, expected);
    }

    /// @dev HUB-2.
    function test_RevertWhen_ForwardedTwice() public {
        World.Sent memory sent = send();
        world.forward(A, sent.log);
        vm.expectRevert(abi.encodeWithSelector(IHub.Hub_AlreadyForwarded.selector, A, sent.orderId));
        world.forward(A, sent.log);
    }

    /// @dev HUB-3.
    function test_AgainOnlyWhatWasForwardedAndNothingRunsTwice() public {
        World.Sent memory sent = send();
        vm.expectRevert(abi.encodeWithSelector(IHub.Hub_NotForwarded.selector, A, sent.orderId));
        world.forwardAgain(A, sent.log);
        Vm.Log memory first = world.forward(A, sent.log);
        Vm.Log memory second = world.forwardAgain(A, sent.log);
        vm.assertEq(keccak256(abi.encode(first)), keccak256(abi.encode(second)));
        world.deliver(B, A, H, second);
        vm.expectRevert(abi.encodeWithSelector(IMessageService.MOS_AlreadyDelivered.selector, A, sent.orderId));
        world.deliver(B, A, H, first);
        world.forwardAgain(A, sent.log);
        vm.assertEq(app.calls(), 1);
    }

    /// @dev What MAP's hub kept in one flat map (W10). A to H and A to B count their own numbers, and so does the hub. (HUB-4)
    function test_ToTheHubAndBeyondItNumbersDoNotCollide() public {
        bytes memory message = plain();
        for (uint256 i = 0; i < 5; ++i) {
            world.send(A, H, USER, message);
            world.send(A, B, USER, message);
        }
        World.Sent memory toHub = world.send(A, H, USER, message);
        World.Sent memory toB = world.send(A, B, USER, message);
        World.Sent memory backwards = world.send(B, A, USER, message);
        vm.assertEq(uint64(uint256(toHub.orderId)), 5);
        vm.assertEq(uint64(uint256(toB.orderId)), 5);
        vm.assertTrue(toHub.orderId != toB.orderId);
        world.deliver(H, A, A, toHub.log);
        Vm.Log memory forwarded = world.forward(A, toB.log);
        world.deliver(B, A, H, forwarded);
        vm.assertEq(app.taken(toHub.orderId), 1);
        vm.assertEq(app.taken(toB.orderId), 1);
        forwarded = world.forward(B, backwards.log);
        world.deliver(A, B, H, forwarded);
        vm.assertEq(app.taken(backwards.orderId), 1);
    }

    function test_RevertWhen_TheMessageIsForTheHubsOwnChain() public {
        World.Sent memory sent = world.send(A, H, USER, plain());
        vm.expectRevert(abi.encodeWithSelector(IHub.Hub_ForeignLane.selector, A, H));
        world.forward(A, sent.log);
    }

    function test_RevertWhen_TheLogIsOfAnotherOrigin() public {
        World.Sent memory sent = world.send(A, B, USER, plain());
        vm.expectRevert(
            abi.encodeWithSelector(IHub.Hub_ForeignEmitter.selector, address(world.mosOf(C)), address(world.mosOf(A)))
        );
        world.forward(C, sent.log);
        sent.log.emitter = address(world.mosOf(C));
        vm.expectRevert(abi.encodeWithSelector(IHub.Hub_ForeignLane.selector, A, B));
        world.forward(C, sent.log);
    }

    function test_RevertWhen_TheLogIsNoMessage() public {
        World.Sent memory sent = send();
        bytes32 topic = sent.log.topics[0];
        sent.log.topics[0] = bytes32(uint256(1));
        vm.expectRevert(abi.encodeWithSelector(IHub.Hub_ForeignTopic.selector, bytes32(uint256(1))));
        world.forward(A, sent.log);
        sent.log.topics = new bytes32[](0);
        vm.expectRevert(abi.encodeWithSelector(IHub.Hub_ForeignTopic.selector, bytes32(0)));
        world.forward(A, sent.log);
        sent.log.topics = new bytes32[](4);
        (sent.log.topics[0], sent.log.topics[1], sent.log.topics[2]) = (topic, bytes32(A), bytes32(B));
        vm.expectRevert(abi.encodeWithSelector(IHub.Hub_ForeignTopic.selector, topic));
        world.forward(A, sent.log);
    }

    /// @dev The same log from the hub's own address is no message of A's: who forwards is not who sends.
    function test_RevertWhen_AHubsLogIsForwarded() public {
        Vm.Log memory forwarded = world.forward(A, send().log);
        vm.expectRevert(abi.encodeWithSelector(IHub.Hub_ForeignEmitter.selector, address(world.mosOf(A)), address(hub)));
        world.forward(A, forwarded);
    }

    /// @dev Every field of the log is bound: by the trie, and were it not, by the order id.
    function testFuzz_NoTamperedLogPasses(uint256 at, uint8 flip, uint256 topic) public {
        World.Sent memory sent = send();
        vm.assume(flip != 0);
        Vm.Log memory changed = sent.log;
        topic = bound(topic, 0, 9);
        if (topic < 3) changed.topics[topic] ^= bytes32(uint256(flip) << (8 * bound(at, 0, 31)));
        else changed.data[bound(at, 0, changed.data.length - 1)] ^= bytes1(flip);
        bytes memory proof = world.prove(H, A, changed);
        vm.chainId(H);
        vm.recordLogs();
        (bool ok,) = address(hub).call(abi.encodeCall(hub.forward, (A, none(), 0, proof)));
        vm.assertFalse(ok);
        vm.assertEq(vm.getRecordedLogs().length, 0);
        // Nor at B, had the hub let it pass.
        changed.emitter = address(hub);
        proof = world.prove(B, H, changed);
        vm.chainId(B);
        (ok,) = address(world.mosOf(B)).call(abi.encodeCall(IMOSV3.transferInWithIndex, (A, 0, proof)));
        vm.assertFalse(ok);
        vm.assertEq(app.calls(), 0);
    }

    function test_TheOriginsUpdatesCanComeAlong() public {
        World.Sent memory sent = send();
        bytes memory proof = world.prove(H, A, sent.log);
        bytes[] memory updates = new bytes[](1);
        updates[0] = abi.encode(keccak256("another block"));
        vm.chainId(H);
        hub.forward(A, updates, 0, proof);
        vm.assertEq(world.clientOf(H, A).updates(), 1);
    }

    function test_RevertWhen_TheOriginIsPausedInbound() public {
        World.Sent memory sent = send();
        world.pause(H, A, false);
        vm.expectRevert(abi.encodeWithSelector(IHub.Hub_LanePaused.selector, A, false));
        world.forward(A, sent.log);
        world.unpause(H, A, false);
        world.pause(H, A, true);
        world.forward(A, sent.log);
    }

    /// @dev It stays forwardable: nothing was consumed.
    function test_RevertWhen_TheTargetIsPausedOutbound() public {
        World.Sent memory sent = send();
        world.pause(H, B, true);
        vm.expectRevert(abi.encodeWithSelector(IHub.Hub_LanePaused.selector, B, true));
        world.forward(A, sent.log);
        vm.expectRevert(abi.encodeWithSelector(IHub.Hub_LanePaused.selector, B, true));
        world.forwardAgain(A, sent.log);
        world.unpause(H, B, true);
        world.pause(H, B, false);
        world.forward(A, sent.log);
        world.pause(H, B, true);
        vm.expectRevert(abi.encodeWithSelector(IHub.Hub_LanePaused.selector, B, true));
        world.forwardAgain(A, sent.log);
    }

    function test_RevertWhen_TheTargetIsUnknown() public {
        World.Sent memory sent = send();
        world.endRoute(H, B);
        vm.expectRevert(abi.encodeWithSelector(IHub.Hub_NoRoute.selector, B));
        world.forward(A, sent.log);
        world.setDirect(H, B);
        world.forward(A, sent.log);
    }

    function test_RevertWhen_TheOriginIsUnknown() public {
        World.Sent memory sent = send();
        world.endRoute(H, A);
        vm.expectRevert(abi.encodeWithSelector(IHub.Hub_NoRoute.selector, A));
        world.forward(A, sent.log);
    }

    /// @dev One hop: neither what another hub vouches for is forwarded, nor is anything to behind another hub. (HUB-5)
    function test_RevertWhen_ItWouldPassTwoHubs() public {
        World.Sent memory sent = send();
        _routeOverAnotherHub(A);
        vm.expectRevert(abi.encodeWithSelector(IHub.Hub_NotDirect.selector, A));
        world.forward(A, sent.log);
        world.setDirect(H, A);
        _routeOverAnotherHub(B);
        vm.expectRevert(abi.encodeWithSelector(IHub.Hub_NotDirect.selector, B));
        world.forward(A, sent.log);
    }

    function _routeOverAnotherHub(uint256 origin) private {
        IMessageService mos = world.mosOf(H);
        ILightClient ofC = world.clientOf(H, C);
        address remote = address(world.mosOf(origin));
        vm.chainId(H);
        vm.prank(address(world.timelock()));
        mos.setHubRoute(origin, ofC, remote, address(0x4b));
    }

    function test_RevertWhen_TheClientIsFrozen() public {
        World.Sent memory sent = send();
        world.clientOf(H, A).setStatus(ILightClient.Status.Frozen);
        vm.expectRevert(ILightClient.LightClient_Frozen.selector);
        world.forward(A, sent.log);
    }

    function test_ABatchForwardsWhatItCanAndSaysWhatNot() public {
        Vm.Log[] memory logs = new Vm.Log[](8);
        World.Sent memory known = send();
        world.forward(A, known.log);
        logs[0] = send().log;
        logs[1] = known.log;
        logs[2] = world.send(A, H, USER, plain()).log;
        logs[3] = send().log;
        logs[3].data[0] ^= 0x01;
        logs[4] = world.send(A, C, USER, plain()).log;
        logs[5] = world.send(A, B, USER, world.encode(true, address(app), "", GAS_LIMIT)).log;
        logs[6] = send().log;
        logs[6].emitter = address(0xbad);
        logs[7] = world.sendWith(A, B, USER, plain(), IMessageService.MessageOptions(0, true, HEIR)).log;
        world.pause(H, C, true);
        bytes memory proof = world.proveBatch(H, A, logs);
        vm.chainId(H);
        vm.recordLogs();
        vm.assertEq(hub.forwardBatch(A, none(), proof), 2);
        Vm.Log[] memory out = vm.getRecordedLogs();
        vm.assertEq(out.length, 8);
        _assertSame(out[0], logs[0]);
        _assertSkipped(out[1], 1, IMessageService.SkipReason.AlreadyDelivered);
        _assertSkipped(out[2], 2, IMessageService.SkipReason.ForeignLane);
        _assertSkipped(out[3], 3, IMessageService.SkipReason.OrderIdMismatch);
        _assertSkipped(out[4], 4, IMessageService.SkipReason.LaneClosed);
        _assertSkipped(out[5], 5, IMessageService.SkipReason.Relay);
        _assertSkipped(out[6], 6, IMessageService.SkipReason.ForeignEmitter);
        _assertSame(out[7], logs[7]);
        vm.expectRevert(abi.encodeWithSelector(IHub.Hub_NothingForwarded.selector, A));
        hub.forwardBatch(A, none(), proof);
        // What was closed passes once it is open.
        world.unpause(H, C, true);
        vm.chainId(H);
        vm.assertEq(hub.forwardBatch(A, none(), proof), 1);
    }

    function test_ABadProofRevertsTheWholeBatch() public {
        Vm.Log[] memory logs = new Vm.Log[](2);
        (logs[0], logs[1]) = (send().log, send().log);
        bytes memory proof = world.proveBatch(H, A, logs);
        proof[proof.length - 200] ^= 0x01;
        vm.chainId(H);
        vm.recordLogs();
        (bool ok,) = address(hub).call(abi.encodeCall(hub.forwardBatch, (A, none(), proof)));
        vm.assertFalse(ok);
        vm.assertFalse(hub.isForwarded(A, address(world.mosOf(A)), B, 0));
    }

    /// @dev However a set of messages is split into calls, each is logged once.
    function testFuzz_AnySplitForwardsEachOnce(uint256 split, uint256 order) public {
        Vm.Log[] memory logs = new Vm.Log[](6);
        for (uint256 i = 0; i < 6; ++i) {
            logs[i] = send().log;
        }
        uint256 forwarded;
        for (uint256 turn = 0; turn < 6; ++turn) {
            uint256 first = (order >> (8 * turn)) % 6;
            uint256 length = 1 + (split >> (8 * turn)) % (6 - first);
            Vm.Log[] memory part = new Vm.Log[](length);
            for (uint256 i = 0; i < length; ++i) {
                part[i] = logs[first + i];
            }
            bytes memory proof = world.proveBatch(H, A, part);
            vm.chainId(H);
            vm.recordLogs();
            (bool ok,) = address(hub).call(abi.encodeCall(hub.forwardBatch, (A, none(), proof)));
            Vm.Log[] memory out = vm.getRecordedLogs();
            if (ok) forwarded += world.count(out, IMOSV3.mapMessageOut.selector);
        }
        uint256 marked;
        for (uint64 nonce = 0; nonce < 6; ++nonce) {
            if (hub.isForwarded(A, address(world.mosOf(A)), B, nonce)) ++marked;
        }
        vm.assertEq(forwarded, marked);
        vm.assertGt(marked, 0);
    }

    function _assertSame(Vm.Log memory given, Vm.Log memory sent) private view {
        vm.assertEq(given.emitter, address(hub));
        vm.assertEq(keccak256(abi.encode(given.topics)), keccak256(abi.encode(sent.topics)));
        vm.assertEq(given.data, sent.data);
    }

    function _assertSkipped(Vm.Log memory given, uint256 logIndex, IMessageService.SkipReason reason) private pure {
        vm.assertEq(given.topics[0], IHub.MessageSkipped.selector);
        vm.assertEq(given.data, abi.encode(0, logIndex, reason));
    }
}
