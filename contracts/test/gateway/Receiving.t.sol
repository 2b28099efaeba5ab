// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMosGateway} from "../../src/gateway/IMosGateway.sol";
import {MosGateway} from "../../src/gateway/MosGateway.sol";
import {IMessageService} from "../../src/mos/interfaces/IMessageService.sol";
import {IMOSV3} from "../../src/mos/interfaces/IMOSV3.sol";
import {MapoExecutor} from "../../src/mos/MapoExecutor.sol";
import {Token} from "../mos/utils/Tokens.sol";
import {Vm} from "../utils/Vm.sol";
import {GatewayCodecHarness} from "./utils/GatewayCodecHarness.sol";
import {GasProbe, Recipient, Replier, YesToAll} from "./utils/Recipients.sol";
import {TwoChains} from "./utils/TwoChains.sol";

/// @notice What the gateway does with a message that MOS delivers.
contract GatewayReceivingTest is TwoChains {
    uint256 private constant GAS = 400_000;

    Recipient private app;

    function setUp() public override {
        super.setUp();
        app = new Recipient();
        a.gateway.deposit{value: 100 ether}(USER);
    }

    function _send(address to, bytes memory payload, bytes[] memory attributes) private returns (Vm.Log memory) {
        return _sendAs(USER, to, payload, attributes);
    }

    function _sendAs(address sender, address to, bytes memory payload, bytes[] memory attributes)
        private
        returns (Vm.Log memory)
    {
        on(a);
        vm.recordLogs();
        vm.prank(sender);
        a.gateway.sendMessage(interop(b, to), payload, attributes);
        return messageLog(vm.getRecordedLogs());
    }

    /// @dev CrossCurve: an entry that did not ask who called it. Every way into the gateway that ends at a recipient is MOS'.
    function test_RevertWhen_NotCalledByMOS() public {
        on(b);
        bytes memory message = abi.encode(GAS, uint64(0), USER, address(app), bytes("forged"));
        vm.expectRevert(
            abi.encodeWithSelector(MapoExecutor.MapoExecutor_NotMos.selector, address(b.mos), address(this))
        );
        b.gateway.mapoExecute(CHAIN_A, CHAIN_B, abi.encodePacked(address(a.gateway)), bytes32(uint256(1)), message);
    }

    /// @dev Saga, and identity by address alone: the same bytes from another sender, and from the gateway's own address on
    ///      a chain where it is somebody else's.
    function test_RevertWhen_NotSentByARemoteGateway() public {
        bytes memory message = abi.encode(GAS, uint64(0), USER, address(app), bytes("forged"));
        bytes memory data = abi.encode(
            IMOSV3.MessageData(
                false, IMOSV3.MessageType.MESSAGE, abi.encodePacked(address(b.gateway)), message, 1_000_000, 0
            )
        );
        address[2] memory impostors = [OTHER, address(b.gateway)];
        for (uint256 i = 0; i < 2; ++i) {
            on(a);
            vm.recordLogs();
            vm.deal(impostors[i], 1 ether);
            uint256 fee = a.mos.quote(CHAIN_B, address(0), 1_000_000, data.length);
            vm.prank(impostors[i]);
            a.mos.transferOut{value: fee}(CHAIN_B, data, address(0));
            assertFailed(
                deliverLast(a, b),
                abi.encodeWithSelector(
                    MapoExecutor.MapoExecutor_UntrustedRemote.selector, CHAIN_A, abi.encodePacked(impostors[i])
                )
            );
        }
        vm.assertEq(app.count(), 0);
    }

    function test_ARecipientsFailureIsStoredAndRetried() public {
        app.setMood(Recipient.Mood.Reverts);
        Vm.Log memory log = _send(address(app), "again", list(relayAttribute(GAS, USER)));
        assertFailed(deliver(a, b, log), abi.encodeWithSelector(Recipient.Recipient_No.selector, 42));
        IMessageService.StoredMessage memory kept = stored(a, b, log);
        vm.expectRevert(
            abi.encodeWithSelector(
                IMessageService.MOS_RetryFailed.selector, abi.encodeWithSelector(Recipient.Recipient_No.selector, 42)
            )
        );
        b.mos.retry(kept);
        app.setMood(Recipient.Mood.Good);
        b.mos.retry(kept);
        vm.assertEq(app.count(), 1);
        vm.assertEq(app.receiveId(), orderIn(log));
        bytes memory proof = prove(b, log);
        vm.expectRevert(abi.encodeWithSelector(IMessageService.MOS_AlreadyDelivered.selector, CHAIN_A, orderIn(log)));
        b.mos.transferInWithIndex(CHAIN_A, 0, proof);
    }

    function test_RevertWhen_TheMagicValueIsWrong() public {
        bytes32 magic = bytes32(bytes4(0x2432ef26));
        Recipient.Mood[3] memory moods =
            [Recipient.Mood.WrongMagic, Recipient.Mood.DirtyMagic, Recipient.Mood.ShortReturn];
        bytes32[3] memory given = [bytes32(bytes4(0x12345678)), magic | bytes32(uint256(1)), bytes32(0)];
        for (uint256 i = 0; i < 3; ++i) {
            app.setMood(moods[i]);
            Vm.Log memory log = _send(address(app), "", list(relayAttribute(GAS, USER)));
            assertFailed(
                deliver(a, b, log),
                abi.encodeWithSelector(IMosGateway.MosGateway_WrongMagicValue.selector, magic, given[i])
            );
            vm.assertEq(app.count(), 0, "what it did is undone");
        }
    }

    function test_ReasonsAreCapped() public {
        app.setMood(Recipient.Mood.RevertsWithMuch);
        (, bytes memory reason) = outcomeIn(deliver(a, b, _send(address(app), "", list(relayAttribute(GAS, USER)))));
        vm.assertEq(reason.length, 512);
        app.setMood(Recipient.Mood.RevertsWithNothing);
        bytes memory failed = abi.encodeWithSelector(IMosGateway.MosGateway_RecipientFailed.selector, address(app));
        assertFailed(deliver(a, b, _send(address(app), "", list(relayAttribute(GAS, USER)))), failed);
        app.setMood(Recipient.Mood.BurnsAll);
        assertFailed(deliver(a, b, _send(address(app), "", list(relayAttribute(GAS, USER)))), failed);
        app.setMood(Recipient.Mood.ReturnsMuch);
        assertDelivered(deliver(a, b, _send(address(app), "", list(relayAttribute(500_000, USER)))));
    }

    function test_RevertWhen_TheRecipientHasNoCode() public {
        Vm.Log memory log = _send(OTHER, "", none());
        assertFailed(
            deliver(a, b, log), abi.encodeWithSelector(IMosGateway.MosGateway_RecipientHasNoCode.selector, OTHER)
        );
        // Poly, MAP: code that appears later gets what was sent and nothing else.
        vm.etch(OTHER, address(app).code);
        b.mos.retry(stored(a, b, log));
        vm.assertEq(Recipient(OTHER).sender(), interop(a, USER));
    }

    /// @dev The deliverer chooses the gas of the transaction. Whatever he chooses, the recipient gets what its sender asked
    ///      for, or nothing is consumed and anybody can deliver. (GW-2)
    function testFuzz_TheDelivererCannotStarveARecipient(uint256 asked, uint256 given, uint256 length, bool isOrdered)
        public
    {
        asked = bound(asked, 30_000, 2_000_000);
        length = bound(length, 0, 15_000);
        GasProbe probe = new GasProbe();
        bytes[] memory attributes =
            isOrdered ? list(relayAttribute(asked, USER), orderedAttribute()) : list(relayAttribute(asked, USER));
        Vm.Log memory log = _send(address(probe), new bytes(length), attributes);
        bytes memory proof = prove(b, log);
        on(b);
        given = bound(given, 100_000, 4_000_000);
        vm.recordLogs();
        (bool ok,) = address(b.mos).call{gas: given}(abi.encodeCall(b.mos.transferInWithIndex, (CHAIN_A, 0, proof)));
        if (ok) {
            assertDelivered(vm.getRecordedLogs());
            // What Solidity's dispatch of the probe uses before it looks: its arguments are checked, 300 gas at most.
            vm.assertGe(probe.gasSeen() + 300, asked);
        } else {
            vm.assertEq(uint256(b.mos.outcome(CHAIN_A, orderIn(log))), uint256(IMessageService.Outcome.None));
        }
    }

    /// @dev The gateway's own overhead never eats into what the recipient was promised: `MosGateway_InsufficientGas` does not
    ///      happen at the first attempt, for any payload and any gas limit, with all slots cold.
    function testFuzz_TheOverheadSuffices(uint256 asked, uint256 length, bool isOrdered) public {
        asked = bound(asked, 30_000, 8_000_000);
        length = bound(length, 0, 15_000);
        uint256 given = GatewayCodecHarness(vm.deployCode("GatewayCodecHarness.sol:GatewayCodecHarness"))
            .gatewayGas(asked, length, isOrdered);
        GasProbe probe = new GasProbe();
        bytes memory message =
            abi.encode(asked, uint64(isOrdered ? 1 : 0), address(USER), address(probe), new bytes(length));
        on(b);
        vm.cool(address(b.gateway));
        vm.cool(address(probe));
        vm.prank(address(b.mos));
        b.gateway.mapoExecute{gas: given}(
            CHAIN_A, CHAIN_B, abi.encodePacked(address(a.gateway)), bytes32(uint256(1)), message
        );
        vm.assertGe(probe.gasSeen() + 300, asked);
    }

    function test_RevertWhen_TheGasDoesNotCoverWhatWasAskedFor() public {
        bytes memory message = abi.encode(GAS, uint64(0), USER, address(app), bytes(""));
        on(b);
        vm.prank(address(b.mos));
        vm.expectPartialRevert(IMosGateway.MosGateway_InsufficientGas.selector);
        b.gateway.mapoExecute{gas: GAS}(
            CHAIN_A, CHAIN_B, abi.encodePacked(address(a.gateway)), bytes32(uint256(1)), message
        );
    }

    function test_ARecipientAnswersFromInsideItsCallback() public {
        Replier replier = new Replier(b.gateway);
        b.gateway.deposit{value: 1 ether}(address(replier));
        bytes memory replyTo = "hello";
        on(a);
        a.gateway.deposit{value: 1 ether}(address(app));
        Vm.Log memory log = _sendAs(address(app), address(replier), replyTo, list(relayAttribute(GAS, USER)));
        Vm.Log[] memory logs = deliver(a, b, log);
        assertDelivered(logs);
        assertDelivered(deliver(b, a, messageLog(logs)));
        vm.assertEq(app.payload(), "re: hello");
        vm.assertEq(app.sender(), interop(b, address(replier)));
        vm.assertEq(app.receiveId(), replier.replied());
    }

    /// @dev ZetaChain, Poly: nothing that a message says makes the gateway or MOS call anything but `receiveMessage`, and a
    ///      target that says yes to everything gains nobody anything.
    function test_AMessageReachesNothingPrivileged() public {
        Token token = new Token();
        token.mint(USER, 100);
        vm.prank(USER);
        token.approve(address(b.gateway), type(uint256).max);
        bytes memory steal = abi.encodeCall(token.transferFrom, (USER, OTHER, 100));
        address[7] memory targets = [
            address(token),
            address(b.mos),
            address(b.gateway),
            address(b.client),
            address(b.fees),
            address(timelock),
            address(0x01)
        ];
        for (uint256 i = 0; i < targets.length; ++i) {
            (bool result,) = outcomeIn(deliver(a, b, _send(targets[i], steal, none())));
            vm.assertFalse(result);
        }
        vm.assertEq(token.balanceOf(USER), 100);
        YesToAll yes = new YesToAll();
        (bool taken,) = outcomeIn(deliver(a, b, _send(address(yes), steal, list(relayAttribute(GAS, USER)))));
        vm.assertFalse(taken, "all ones are not the magic value");
    }

    function test_ALostRemoteIsNotTrustedAnyMore() public {
        Vm.Log memory log = _send(address(app), "late", list(relayAttribute(GAS, USER)));
        on(b);
        vm.prank(address(timelock));
        b.gateway.setRemote(CHAIN_A, address(0x9999), DEFAULT_GAS);
        assertFailed(
            deliver(a, b, log),
            abi.encodeWithSelector(
                MapoExecutor.MapoExecutor_UntrustedRemote.selector, CHAIN_A, abi.encodePacked(address(a.gateway))
            )
        );
    }

    function _ordered(uint64 deadline) private pure returns (bytes[] memory attributes) {
        attributes = new bytes[](deadline == 0 ? 2 : 3);
        attributes[0] = orderedAttribute();
        attributes[1] = relayAttribute(GAS, USER);
        if (deadline != 0) attributes[2] = deadlineAttribute(deadline);
    }

    function test_OrderedMessagesComeInOrder() public {
        Vm.Log memory first = _send(address(app), "1", _ordered(0));
        Vm.Log memory second = _send(address(app), "2", _ordered(0));
        vm.assertEq(uint256(a.gateway.nextSequence(CHAIN_B, USER, address(app))), 3);
        assertFailed(deliver(a, b, second), abi.encodeWithSelector(IMosGateway.MosGateway_OutOfOrder.selector, 1, 2));
        assertDelivered(deliver(a, b, _send(address(app), "unordered", list(relayAttribute(GAS, USER)))));
        assertDelivered(deliver(a, b, first));
        b.mos.retry(stored(a, b, second));
        vm.assertEq(app.received(1), "1");
        vm.assertEq(app.received(2), "2");
        vm.assertEq(uint256(b.gateway.awaitedSequence(CHAIN_A, USER, address(app))), 3);
    }

    /// @dev To MOS all messages between two gateways are one stream. With MOS' own ordering, one sender whose ordered message
    ///      always fails would have stopped the ordered messages of everybody for good. (GW-5)
    function test_AFailingSenderStopsOnlyItsOwnStream() public {
        Recipient bad = new Recipient();
        bad.setMood(Recipient.Mood.Reverts);
        on(a);
        a.gateway.deposit{value: 1 ether}(OTHER);
        Vm.Log memory poison = _sendAs(OTHER, address(bad), "never", _ordered(0));
        (bool result,) = outcomeIn(deliver(a, b, poison));
        vm.assertFalse(result);
        assertDelivered(deliver(a, b, _send(address(app), "1", _ordered(0))));
        on(a);
        assertDelivered(deliver(a, b, _sendAs(OTHER, address(app), "1", _ordered(0))));
    }

    function test_AnExpiredOrderedMessageLetsItsStreamGoOn() public {
        uint64 deadline = uint64(block.timestamp + 1 hours);
        Vm.Log memory first = _send(address(app), "1", _ordered(deadline));
        Vm.Log memory second = _send(address(app), "2", _ordered(0));
        (bytes memory data, bytes memory options) = messageDataIn(first);
        bytes32 id = orderIn(first);
        on(b);
        vm.expectRevert(abi.encodeWithSelector(IMosGateway.MosGateway_NothingToPass.selector, id));
        b.gateway.passExpired(CHAIN_A, id, data, options);
        vm.warp(deadline);
        deliver(a, b, first);
        (bool result,) = outcomeIn(deliver(a, b, second));
        vm.assertFalse(result, "still waits");
        // Another message's data does not fit the id.
        (bytes memory other,) = messageDataIn(second);
        vm.expectRevert(abi.encodeWithSelector(IMosGateway.MosGateway_NothingToPass.selector, id));
        b.gateway.passExpired(CHAIN_A, id, other, options);
        b.gateway.passExpired(CHAIN_A, id, data, options);
        vm.expectRevert(abi.encodeWithSelector(IMosGateway.MosGateway_NothingToPass.selector, id));
        b.gateway.passExpired(CHAIN_A, id, data, options);
        b.mos.retry(stored(a, b, second));
        vm.assertEq(app.payload(), "2");
    }

    /// @dev An expired MESSAGE of somebody else, to the gateway, that reads as an ordered envelope.
    function test_RevertWhen_TheExpiredOrderIsNotOfTheRemoteGateway() public {
        uint64 deadline = uint64(block.timestamp + 1 hours);
        bytes memory message = abi.encode(GAS, uint64(1), USER, address(app), bytes("forged"));
        bytes memory data = abi.encode(
            IMOSV3.MessageData(
                false, IMOSV3.MessageType.MESSAGE, abi.encodePacked(address(b.gateway)), message, 1_000_000, 0
            )
        );
        on(a);
        vm.recordLogs();
        vm.prank(OTHER);
        a.mos.transferOutWithOptions{value: 1 ether / 100}(
            CHAIN_B, data, address(0), IMessageService.MessageOptions(deadline, false, OTHER)
        );
        Vm.Log memory log = messageLog(vm.getRecordedLogs());
        vm.warp(deadline);
        deliver(a, b, log);
        bytes32 id = orderIn(log);
        vm.assertEq(uint256(b.mos.outcome(CHAIN_A, id)), uint256(IMessageService.Outcome.Expired));
        (, bytes memory options) = messageDataIn(log);
        vm.expectRevert(abi.encodeWithSelector(IMosGateway.MosGateway_NothingToPass.selector, id));
        b.gateway.passExpired(CHAIN_A, id, data, options);
    }
}
