// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Timelock} from "../../src/governance/Timelock.sol";
import {Hub} from "../../src/hub/Hub.sol";
import {IHub} from "../../src/hub/IHub.sol";
import {Relaying} from "../../src/hub/Relaying.sol";
import {RelaySender} from "../../src/hub/RelaySender.sol";
import {ILightClient} from "../../src/light-clients/ILightClient.sol";
import {IFeeService} from "../../src/mos/interfaces/IFeeService.sol";
import {IMessageService} from "../../src/mos/interfaces/IMessageService.sol";
import {IMOSV3} from "../../src/mos/interfaces/IMOSV3.sol";
import {Vm} from "../utils/Vm.sol";
import {Executes, Listed, RelayApp} from "./utils/RelayApp.sol";
import {RelayTest} from "./utils/RelayTest.sol";
import {World} from "./utils/World.sol";

/// @notice What a relay target is and returns is checked, and who speaks for it is nobody else.
contract RelayAnswersTest is RelayTest {
    /// @dev W6: what the target returns is checked as strictly as any message that somebody sends. (HUB-17)
    function test_WhatItReturnsIsCheckedAsAnyMessage() public {
        target.answer("");
        assertFails(sendRelay(), abi.encodeWithSelector(IMessageService.MOS_MalformedMessage.selector));
        target.answer("no message");
        assertFails(sendRelay(), abi.encodeWithSelector(IMessageService.MOS_MalformedMessage.selector));
        target.answer(world.encode(true, address(app), "", GAS_LIMIT));
        assertFails(sendRelay(), abi.encodeWithSelector(IMessageService.MOS_RelayNotSupported.selector));
        target.answer(world.encode(false, address(app), "", 20_999));
        assertFails(
            sendRelay(), abi.encodeWithSelector(IMessageService.MOS_GasLimit.selector, 21_000, 10_000_000, 20_999)
        );
        target.answer(
            abi.encode(
                IMOSV3.MessageData(false, IMOSV3.MessageType.MESSAGE, abi.encodePacked(address(app)), "", GAS_LIMIT, 1)
            )
        );
        assertFails(sendRelay(), abi.encodeWithSelector(IMessageService.MOS_ValueNotSupported.selector, 1));
        target.answer(abi.encode(IMOSV3.MessageData(false, IMOSV3.MessageType.MESSAGE, hex"0123", "", GAS_LIMIT, 0)));
        assertFails(sendRelay(), abi.encodeWithSelector(IMessageService.MOS_TargetLength.selector, 20, 2));
        target.answer(new bytes(16_384));
        assertFails(
            world.send(A, B, USER, world.encode(true, address(target), "ask", 2_000_000)),
            abi.encodeWithSelector(IMessageService.MOS_MalformedMessage.selector)
        );
        vm.assertEq(target.calls(), 0);
    }

    /// @dev `abi.encode` of one byte string and nothing else.
    function test_WhatItReturnsIsOneByteString() public {
        bytes memory message = plain();
        bytes[] memory wrong = new bytes[](10);
        wrong[0] = "";
        wrong[1] = new bytes(63);
        wrong[2] = message;
        wrong[3] = abi.encode(uint256(0x40), uint256(0), uint256(0));
        wrong[4] = bytes.concat(abi.encode(message), bytes32(0));
        wrong[5] = bytes.concat(abi.encode(message), hex"00");
        wrong[6] = abi.encode(uint256(0x20), uint256(31), uint256(1));
        wrong[7] = abi.encode(uint256(0x20), uint256(33), uint256(0));
        wrong[8] = abi.encode(uint256(0x20), type(uint256).max, uint256(0));
        wrong[9] = abi.encode(new bytes(16_385));
        for (uint256 i = 0; i < wrong.length; ++i) {
            target.answerRaw(wrong[i]);
            assertFails(
                world.send(A, B, USER, world.encode(true, address(target), "ask", 2_000_000)),
                abi.encodeWithSelector(IHub.Hub_MalformedOutput.selector)
            );
        }
    }

    /// @dev Against the compiler's own decoder: what the hub takes is what `abi.encode` writes.
    function testFuzz_WhatItReturnsIsReadAsSolidityDoes(bytes memory message, uint256 at, uint8 flip) public {
        vm.assume(message.length < 2_000);
        bytes memory encoded = abi.encode(message);
        encoded[bound(at, 0, encoded.length - 1)] ^= bytes1(flip);
        target.answerRaw(encoded);
        World.Sent memory sent = world.send(A, B, USER, world.encode(true, address(target), "ask", 3_000_000));
        (,, bytes memory reason) = resultIn(world.relay(A, sent.log));
        bool canonical;
        try this.decode(encoded) returns (bytes memory decoded) {
            canonical = keccak256(abi.encode(decoded)) == keccak256(encoded);
        } catch {}
        vm.assertEq(bytes4(reason) != IHub.Hub_MalformedOutput.selector, canonical);
    }

    function decode(bytes memory data) external pure returns (bytes memory) {
        return abi.decode(data, (bytes));
    }

    function test_WhatMustNotBeCalledIsNot() public {
        IMessageService mos = world.mosOf(H);
        address[6] memory forbidden = [
            address(hub),
            address(mos),
            address(world.feesOf(H)),
            address(world.clientOf(H, A)),
            address(world.timelock()),
            address(world.clientOf(H, B))
        ];
        for (uint256 i = 0; i < forbidden.length; ++i) {
            assertFails(
                sendRelayTo(forbidden[i]), abi.encodeWithSelector(IHub.Hub_ForbiddenTarget.selector, forbidden[i])
            );
        }
        assertFails(sendRelayTo(HEIR), abi.encodeWithSelector(IHub.Hub_TargetHasNoCode.selector, HEIR));
    }

    /// @dev An application believes MOS. A relay message can only ever make the hub call it.
    function test_AnApplicationOfMosIsNotCalledByMos() public {
        Listed listed = new Listed();
        world.relay(A, sendRelayTo(address(listed)).log);
        vm.assertEq(listed.caller(), address(0)); // its answer was none, and so its effects are undone
        target.plan(address(listed), hex"01");
        world.relay(A, world.send(A, B, USER, world.encode(true, address(target), "ask", 2_000_000)).log);
        vm.assertEq(listed.caller(), address(target));
    }

    /// @dev HUB-18.
    function test_EachTargetHasASenderThatNobodyElseCommands() public {
        RelayApp other = new RelayApp();
        address sender = hub.senderOf(address(target));
        vm.assertTrue(sender != hub.senderOf(address(other)));
        vm.assertTrue(sender != address(target) && sender != address(hub));
        vm.assertEq(sender.code.length, 0);
        world.relay(A, sendRelay().log);
        vm.assertGt(sender.code.length, 0);
        vm.assertEq(sender, hub.senderOf(address(target))); // the same before it was deployed
        bytes memory notHub =
            abi.encodeWithSelector(RelaySender.RelaySender_NotHub.selector, address(hub), address(this));
        bytes memory message = plain();
        vm.expectRevert(notHub);
        RelaySender(sender).send(B, message, 0);
        IFeeService fees = world.feesOf(H);
        vm.expectRevert(notHub);
        RelaySender(sender).reclaim(fees);
        // As a relay target it fails: it has no such function.
        assertFails(sendRelayTo(sender), abi.encodeWithSelector(IHub.Hub_TargetFailed.selector, bytes("")));
        // What the target sends itself is another's.
        World.Sent memory own = world.send(H, B, address(target), message);
        (, bytes memory from,) = abi.decode(own.log.data, (bytes32, bytes, bytes));
        vm.assertEq(from, abi.encodePacked(address(target)));
    }

    function test_RevertWhen_ItIsNotTheHubItselfThatAttempts() public {
        Relaying.Attempt memory attempt = Relaying.Attempt(A, B, 0, USER, address(target), GAS_LIMIT, 0, "ask");
        bytes memory notSelf = abi.encodeWithSelector(IHub.Hub_NotSelf.selector, address(this));
        Hub whole = Hub(payable(address(hub)));
        vm.expectRevert(notSelf);
        whole.attempt(attempt);
        bytes memory message = plain();
        vm.expectRevert(notSelf);
        whole.sendOn(address(target), B, message, 0);
        // By a relay message neither: the hub is no target, and so is not called by itself but as it chooses.
        vm.assertEq(target.calls(), 0);
    }

    /// @dev While its target runs nothing else is relayed; forwarding goes on.
    function test_ATargetCannotRelay() public {
        World.Sent memory other = sendRelay();
        bytes memory proof = world.prove(H, A, other.log);
        target.plan(address(hub), abi.encodeCall(hub.relay, (A, none(), address(0), 0, proof)));
        World.Sent memory sent = world.send(A, B, USER, world.encode(true, address(target), "ask", 2_000_000));
        world.relay(A, sent.log);
        vm.assertFalse(target.callOk());
        vm.assertEq(
            target.callReturned(), abi.encodeWithSelector(IHub.Hub_NotFromAnAccount.selector, relayer, address(target))
        );
        vm.assertEq(target.calls(), 1);
        vm.assertFalse(hub.isForwarded(A, address(world.mosOf(A)), B, 0));

        World.Sent memory forwarded = send();
        proof = world.prove(H, A, forwarded.log);
        target.plan(address(hub), abi.encodeCall(hub.forward, (A, none(), 0, proof)));
        sent = world.send(A, B, USER, world.encode(true, address(target), "ask", 2_000_000));
        Vm.Log[] memory logs = world.relay(A, sent.log);
        vm.assertTrue(target.callOk());
        world.deliver(B, A, H, world.messageIn(logs, address(hub)));
        vm.assertEq(app.taken(forwarded.orderId), 1);
    }

    /// @dev The lane is asked for after the target ran: it may have executed what a timelock had ready.
    function test_ALaneThatClosesWhileTheTargetRunsIsClosed() public {
        IMessageService mos = world.mosOf(H);
        Timelock timelock = world.timelock();
        ILightClient ofC = world.clientOf(H, C);
        bytes memory input = abi.encodeCall(mos.setHubRoute, (B, ofC, address(world.mosOf(B)), address(0x4b)));
        vm.prank(address(world));
        timelock.schedule(address(mos), 0, input, 0, 0, 1 days);
        vm.warp(block.timestamp + 1 days);
        Executes executes = new Executes(
            address(timelock),
            abi.encodeCall(timelock.execute, (address(mos), 0, input, 0, 0)),
            world.encode(true, address(app), "", GAS_LIMIT)
        );
        bytes32 role = timelock.EXECUTOR_ROLE();
        vm.prank(address(timelock));
        timelock.grantRole(role, address(executes));
        hub.fund{value: 1 ether}(address(executes));
        World.Sent memory sent = world.send(A, B, USER, world.encode(true, address(executes), "", 2_000_000));
        assertFails(sent, abi.encodeWithSelector(IHub.Hub_NotDirect.selector, B));
        vm.assertEq(mos.route(B).hub, address(0)); // its effects are undone
    }
}
