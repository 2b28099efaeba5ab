// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Timelock} from "../../src/governance/Timelock.sol";
import {Hub} from "../../src/hub/Hub.sol";
import {IHub} from "../../src/hub/IHub.sol";
import {Relaying} from "../../src/hub/Relaying.sol";
import {RelaySender} from "../../src/hub/RelaySender.sol";
import {ILightClient} from "../../src/light-clients/ILightClient.sol";
import {IFeeService} from "../../src/mos/interfaces/IFeeService.sol";
import {IMapoExecutor} from "../../src/mos/interfaces/IMapoExecutor.sol";
import {IMessageService} from "../../src/mos/interfaces/IMessageService.sol";
import {IMOSV3} from "../../src/mos/interfaces/IMOSV3.sol";
import {Vm} from "../utils/Vm.sol";
import {HubTest} from "./utils/HubTest.sol";
import {Executes, Listed, Middleman, RelayApp} from "./utils/RelayApp.sol";
import {World} from "./utils/World.sol";

/// @notice A message with `relay` set runs on the hub, and what its target returned goes on as a message of the hub's chain.
contract RelayTest is HubTest {
    RelayApp private target;
    address private relayer;
    uint256 private onwardFee;

    function setUp() public override {
        super.setUp();
        target = new RelayApp();
        relayer = world.RELAYER();
        onwardFee = (world.BASE_GAS() + GAS_LIMIT) * world.GAS_PRICE();
        target.answer(plain());
        vm.deal(address(this), 100 ether);
        hub.fund{value: 10 ether}(address(target));
    }

    function _send() private returns (World.Sent memory) {
        return _sendTo(address(target));
    }

    function _sendTo(address to) private returns (World.Sent memory) {
        return world.send(A, B, USER, world.encode(true, to, "ask", GAS_LIMIT));
    }

    function _sendUntil(uint64 deadline) private returns (World.Sent memory) {
        return world.sendWith(
            A,
            B,
            USER,
            world.encode(true, address(target), "ask", GAS_LIMIT),
            IMessageService.MessageOptions(deadline, false, HEIR)
        );
    }

    function _result(Vm.Log[] memory logs) private view returns (bytes32 onward, bool result, bytes memory reason) {
        (, onward, result, reason) =
            abi.decode(world.find(logs, IHub.MessageRelayed.selector).data, (address, bytes32, bool, bytes));
    }

    function _assertFails(World.Sent memory sent, bytes memory expected) private {
        (, bool result, bytes memory reason) = _result(world.relay(A, sent.log));
        vm.assertFalse(result);
        vm.assertEq(reason, expected);
        vm.assertEq(hub.storedRelay(A, sent.orderId), keccak256(abi.encode(world.storedMessage(A, B, H, USER, sent))));
        vm.assertTrue(hub.isForwarded(A, address(world.mosOf(A)), B, uint64(uint256(sent.orderId))));
    }

    /// @dev HUB-13.
    function test_TheTargetRunsAndItsAnswerGoesOn() public {
        World.Sent memory sent = _send();
        Vm.Log[] memory logs = world.relay(A, sent.log);
        vm.assertEq(target.calls(), 1);
        vm.assertEq(target.caller(), address(hub));
        vm.assertEq(
            target.input(),
            abi.encodeCall(IMapoExecutor.mapoExecute, (A, B, abi.encodePacked(USER), sent.orderId, bytes("ask")))
        );
        (bytes32 onward, bool result, bytes memory reason) = _result(logs);
        vm.assertTrue(result);
        vm.assertEq(reason.length, 0);
        Vm.Log memory message = world.messageIn(logs, address(world.mosOf(H)));
        vm.assertEq(message.topics[1], bytes32(H));
        vm.assertEq(message.topics[2], bytes32(B));
        vm.assertEq(message.data, abi.encode(onward, abi.encodePacked(hub.senderOf(address(target))), plain()));
        vm.assertEq(hub.creditOf(address(target)), 10 ether - onwardFee);
        vm.assertEq(address(hub).balance, 10 ether - onwardFee);
        vm.assertEq(hub.storedRelay(A, sent.orderId), 0);
        vm.assertTrue(hub.isForwarded(A, address(world.mosOf(A)), B, 0));

        world.deliver(B, H, H, message);
        vm.assertEq(app.taken(onward), 1);
        vm.assertEq(app.lastChain(), H);
        vm.assertEq(app.lastSender(), hub.senderOf(address(target)));
    }

    /// @dev The deliverer is paid on A, by the hub's own record: nothing of it reaches B.
    function test_TheRelayerIsPaidAtTheOrigin() public {
        World.Sent memory sent = _send();
        Vm.Log memory record = world.find(world.relay(A, sent.log), IHub.DeliveryRecordForwarded.selector);
        vm.assertEq(record.data, abi.encode(address(0), relayer));
        bytes memory proof = world.prove(A, H, record);
        IFeeService fees = world.feesOf(A);
        vm.chainId(A);
        vm.assertEq(fees.settle(B, proof), 1);
        vm.assertEq(fees.owed(relayer, address(0)), (world.BASE_GAS() + GAS_LIMIT) * world.GAS_PRICE());
    }

    function test_ThePayeeIsWhomTheRelayerNames() public {
        World.Sent memory sent = _send();
        bytes memory proof = world.prove(H, A, sent.log);
        vm.chainId(H);
        vm.recordLogs();
        vm.prank(relayer, relayer);
        hub.relay(A, none(), HEIR, 0, proof);
        vm.assertEq(
            world.find(vm.getRecordedLogs(), IHub.DeliveryRecordForwarded.selector).data, abi.encode(address(0), HEIR)
        );
    }

    function test_EachIsForItsOwnFunction() public {
        World.Sent memory relayed = _send();
        World.Sent memory forwarded = send();
        vm.expectRevert(abi.encodeWithSelector(IHub.Hub_RelayMessage.selector, relayed.orderId));
        world.forward(A, relayed.log);
        vm.expectRevert(abi.encodeWithSelector(IHub.Hub_NotARelayMessage.selector, forwarded.orderId));
        world.relay(A, forwarded.log);
        world.relay(A, relayed.log);
        vm.expectRevert(abi.encodeWithSelector(IHub.Hub_RelayMessage.selector, relayed.orderId));
        world.forwardAgain(A, relayed.log);
    }

    function test_RevertWhen_RelayedTwice() public {
        World.Sent memory sent = _send();
        world.relay(A, sent.log);
        bytes memory twice = abi.encodeWithSelector(IHub.Hub_AlreadyForwarded.selector, A, sent.orderId);
        vm.expectRevert(twice);
        world.relay(A, sent.log);
        target.setFailing(true);
        sent = _send();
        world.relay(A, sent.log);
        twice = abi.encodeWithSelector(IHub.Hub_AlreadyForwarded.selector, A, sent.orderId);
        vm.expectRevert(twice);
        world.relay(A, sent.log);
        vm.assertEq(target.calls(), 1);
    }

    /// @dev W6: MAP's hub gave the target all the gas there was. (HUB-14)
    function test_TheTargetGetsExactlyTheSendersGas() public {
        world.relay(A, _send().log);
        vm.assertLe(target.gasSeen(), GAS_LIMIT);
        vm.assertGt(target.gasSeen(), GAS_LIMIT - 1_000);
    }

    /// @dev However little gas a relayer gives, the target gets its own or nothing happens at all.
    function testFuzz_TooLittleGasConsumesNothing(uint256 gas) public {
        target.setBurning(true);
        World.Sent memory sent = _send();
        gas = bound(gas, 100_000, 900_000);
        bytes memory proof = world.prove(H, A, sent.log);
        vm.chainId(H);
        vm.prank(relayer, relayer);
        (bool ok,) = address(hub).call{gas: gas}(abi.encodeCall(hub.relay, (A, none(), address(0), 0, proof)));
        vm.assertEq(ok, hub.isForwarded(A, address(world.mosOf(A)), B, 0));
        vm.assertEq(ok, hub.storedRelay(A, sent.orderId) != 0);
        if (gas < GAS_LIMIT) vm.assertFalse(ok);
        if (gas > 700_000) vm.assertTrue(ok);
    }

    /// @dev It runs with its own gas; what is too little is what sending on needs. That must not count as its failure.
    function testFuzz_TooLittleGasToSendOnConsumesNothing(uint256 gas) public {
        World.Sent memory sent = _send();
        gas = bound(gas, 300_000, 1_200_000);
        bytes memory proof = world.prove(H, A, sent.log);
        vm.chainId(H);
        vm.prank(relayer, relayer);
        (bool ok,) = address(hub).call{gas: gas}(abi.encodeCall(hub.relay, (A, none(), address(0), 0, proof)));
        vm.assertEq(hub.storedRelay(A, sent.orderId), 0, "a failure for want of gas");
        vm.assertEq(ok, target.calls() == 1);
        if (gas > 1_000_000) vm.assertTrue(ok);
    }

    /// @dev The longest answer that there is, by a relayer who gives anything between too little and enough.
    function testFuzz_ALongAnswerToo(uint256 gas) public {
        bytes memory payload = new bytes(16_384 - 0x140);
        for (uint256 i = 0; i < payload.length; i += 32) {
            assembly {
                mstore(add(add(payload, 0x20), i), not(0))
            }
        }
        target.answer(world.encode(false, address(app), payload, GAS_LIMIT));
        World.Sent memory sent = world.send(A, B, USER, world.encode(true, address(target), "ask", 2_000_000));
        gas = bound(gas, 1_500_000, 4_000_000);
        bytes memory proof = world.prove(H, A, sent.log);
        vm.chainId(H);
        vm.prank(relayer, relayer);
        (bool ok,) = address(hub).call{gas: gas}(abi.encodeCall(hub.relay, (A, none(), address(0), 0, proof)));
        vm.assertEq(hub.storedRelay(A, sent.orderId), 0, "a failure for want of gas");
        vm.assertEq(ok, target.calls() == 1);
        if (gas > 3_500_000) vm.assertTrue(ok);
    }

    function test_AFailureIsKeptAndRetried() public {
        target.setFailing(true);
        World.Sent memory sent = _send();
        _assertFails(
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
        (bytes32 onward, bool result,) = _result(logs);
        vm.assertTrue(result);
        vm.assertEq(world.count(logs, IHub.DeliveryRecordForwarded.selector), 0, "the first attempt was paid");
        world.deliver(B, H, H, world.messageIn(logs, address(world.mosOf(H))));
        vm.assertEq(app.taken(onward), 1);
        vm.expectRevert(abi.encodeWithSelector(IHub.Hub_NotStored.selector, keccak256(abi.encode(stored))));
        world.retryRelay(stored);
    }

    function test_ARetryHasAllTheGasThatIsThere() public {
        target.setBurning(true);
        World.Sent memory sent = _send();
        world.relay(A, sent.log);
        target.setBurning(false);
        world.retryRelay(world.storedMessage(A, B, H, USER, sent));
        vm.assertGt(target.gasSeen(), 2 * GAS_LIMIT);
    }

    function testFuzz_ARetryWithTooLittleGasChangesNothing(uint256 gas) public {
        target.setFailing(true);
        World.Sent memory sent = _send();
        world.relay(A, sent.log);
        target.setFailing(false);
        IMessageService.StoredMessage memory stored = world.storedMessage(A, B, H, USER, sent);
        gas = bound(gas, 100_000, 1_500_000);
        vm.prank(relayer, relayer);
        (bool ok,) = address(hub).call{gas: gas}(abi.encodeCall(hub.retryRelay, (stored)));
        vm.assertEq(ok, hub.storedRelay(A, sent.orderId) == 0);
        vm.assertEq(ok, target.calls() == 1);
        if (ok) vm.assertGt(target.gasSeen(), GAS_LIMIT - 1_000);
        if (gas > 1_200_000) vm.assertTrue(ok);
    }

    function test_RevertWhen_AFieldOfWhatIsStoredIsChanged() public {
        target.setFailing(true);
        World.Sent memory sent = _sendUntil(uint64(block.timestamp + 1000));
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
        World.Sent memory sent = _send();
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
        World.Sent memory sent = _send();
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
        World.Sent memory sent = _sendUntil(deadline);
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
        World.Sent memory sent = _sendUntil(deadline);
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
        World.Sent memory sent = _sendUntil(deadline);
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
        World.Sent memory sent = _sendUntil(deadline);
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
        World.Sent memory sent = _send();
        _assertFails(sent, abi.encodeWithSelector(IHub.Hub_CreditTooLow.selector, onwardFee, 0));
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
        World.Sent memory sent = _sendTo(address(other));
        _assertFails(sent, abi.encodeWithSelector(IHub.Hub_CreditTooLow.selector, onwardFee, 0));
        vm.assertEq(hub.creditOf(address(target)), 10 ether);
        vm.prank(address(target));
        vm.expectRevert(abi.encodeWithSelector(IHub.Hub_PaymentFailed.selector, address(world), 1));
        hub.withdraw(address(world), 1);
    }

    /// @dev W6: what the target returns is checked as strictly as any message that somebody sends. (HUB-17)
    function test_WhatItReturnsIsCheckedAsAnyMessage() public {
        target.answer("");
        _assertFails(_send(), abi.encodeWithSelector(IMessageService.MOS_MalformedMessage.selector));
        target.answer("no message");
        _assertFails(_send(), abi.encodeWithSelector(IMessageService.MOS_MalformedMessage.selector));
        target.answer(world.encode(true, address(app), "", GAS_LIMIT));
        _assertFails(_send(), abi.encodeWithSelector(IMessageService.MOS_RelayNotSupported.selector));
        target.answer(world.encode(false, address(app), "", 20_999));
        _assertFails(_send(), abi.encodeWithSelector(IMessageService.MOS_GasLimit.selector, 21_000, 10_000_000, 20_999));
        target.answer(
            abi.encode(
                IMOSV3.MessageData(false, IMOSV3.MessageType.MESSAGE, abi.encodePacked(address(app)), "", GAS_LIMIT, 1)
            )
        );
        _assertFails(_send(), abi.encodeWithSelector(IMessageService.MOS_ValueNotSupported.selector, 1));
        target.answer(abi.encode(IMOSV3.MessageData(false, IMOSV3.MessageType.MESSAGE, hex"0123", "", GAS_LIMIT, 0)));
        _assertFails(_send(), abi.encodeWithSelector(IMessageService.MOS_TargetLength.selector, 20, 2));
        target.answer(new bytes(16_384));
        _assertFails(
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
            _assertFails(
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
        (,, bytes memory reason) = _result(world.relay(A, sent.log));
        bool canonical;
        try this.decode(encoded) returns (bytes memory decoded) {
            canonical = keccak256(abi.encode(decoded)) == keccak256(encoded);
        } catch {}
        vm.assertEq(bytes4(reason) != IHub.Hub_MalformedOutput.selector, canonical);
    }

    function decode(bytes memory data) external pure returns (bytes memory) {
        return abi.decode(data, (bytes));
    }

    function test_AReturnDataBombIsNotCopied() public {
        World.Sent memory sent = world.send(A, B, USER, world.encode(true, address(new Bombing(true)), "", 10_000_000));
        (,, bytes memory reason) = _result(world.relayWithGas(A, sent.log, 10_700_000));
        vm.assertEq(bytes4(reason), bytes32(IHub.Hub_TargetFailed.selector));
        vm.assertLe(reason.length, 4 + 64 + 512);
        sent = world.send(A, B, USER, world.encode(true, address(new Bombing(false)), "", 10_000_000));
        _assertFails(sent, abi.encodeWithSelector(IHub.Hub_MalformedOutput.selector));
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
            _assertFails(_sendTo(forbidden[i]), abi.encodeWithSelector(IHub.Hub_ForbiddenTarget.selector, forbidden[i]));
        }
        _assertFails(_sendTo(HEIR), abi.encodeWithSelector(IHub.Hub_TargetHasNoCode.selector, HEIR));
    }

    /// @dev An application believes MOS. A relay message can only ever make the hub call it.
    function test_AnApplicationOfMosIsNotCalledByMos() public {
        Listed listed = new Listed();
        world.relay(A, _sendTo(address(listed)).log);
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
        world.relay(A, _send().log);
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
        _assertFails(_sendTo(sender), abi.encodeWithSelector(IHub.Hub_TargetFailed.selector, bytes("")));
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
        World.Sent memory other = _send();
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
        _assertFails(sent, abi.encodeWithSelector(IHub.Hub_NotDirect.selector, B));
        vm.assertEq(mos.route(B).hub, address(0)); // its effects are undone
    }

    function test_ALaneThatIsPausedConsumesNothing() public {
        World.Sent memory sent = _send();
        world.pause(H, A, false);
        vm.expectRevert(abi.encodeWithSelector(IHub.Hub_LanePaused.selector, A, false));
        world.relay(A, sent.log);
        world.unpause(H, A, false);
        world.pause(H, B, true);
        vm.expectRevert(abi.encodeWithSelector(IHub.Hub_LanePaused.selector, B, true));
        world.relay(A, sent.log);
        world.unpause(H, B, true);
        world.relay(A, sent.log);
        vm.assertEq(target.calls(), 1);
    }

    /// @dev Only a transaction that is nothing but the call of the hub: see the regression of the buried answer.
    function test_RevertWhen_AContractRelays() public {
        World.Sent memory sent = _send();
        bytes memory proof = world.prove(H, A, sent.log);
        bytes memory input = abi.encodeCall(hub.relay, (A, none(), address(0), 0, proof));
        Middleman middleman = new Middleman();
        vm.chainId(H);
        vm.prank(relayer, relayer);
        vm.expectRevert(abi.encodeWithSelector(IHub.Hub_NotFromAnAccount.selector, relayer, address(middleman)));
        middleman.run(address(hub), input, 0);
        // An account that delegates to code (EIP-7702) is a contract as well.
        vm.etch(relayer, abi.encodePacked(hex"ef0100", address(middleman)));
        vm.prank(relayer, relayer);
        vm.expectRevert(abi.encodeWithSelector(IHub.Hub_NotFromAnAccount.selector, relayer, relayer));
        hub.relay(A, none(), address(0), 0, proof);
        vm.etch(relayer, "");
        vm.prank(relayer, relayer);
        hub.relay(A, none(), address(0), 0, proof);
        vm.assertEq(target.calls(), 1);
    }

    /// @dev Every field of a relay message's log is bound, as of any other.
    function testFuzz_NoTamperedLogIsRelayed(uint256 at, uint8 flip) public {
        vm.assume(flip != 0);
        World.Sent memory sent = _send();
        sent.log.data[bound(at, 0, sent.log.data.length - 1)] ^= bytes1(flip);
        bytes memory proof = world.prove(H, A, sent.log);
        vm.chainId(H);
        vm.prank(relayer, relayer);
        (bool ok,) = address(hub).call(abi.encodeCall(hub.relay, (A, none(), address(0), 0, proof)));
        vm.assertFalse(ok);
        vm.assertEq(target.calls(), 0);
    }
}

/// @notice Returns or reverts with a megabyte.
contract Bombing {
    bool private immutable _reverts;

    constructor(bool reverts_) {
        _reverts = reverts_;
    }

    fallback() external {
        bool reverts = _reverts;
        assembly {
            if reverts { revert(0, 0x100000) }
            return(0, 0x100000)
        }
    }
}
