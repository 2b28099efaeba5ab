// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IHub} from "../../src/hub/IHub.sol";
import {IFeeService} from "../../src/mos/interfaces/IFeeService.sol";
import {IMapoExecutor} from "../../src/mos/interfaces/IMapoExecutor.sol";
import {IMessageService} from "../../src/mos/interfaces/IMessageService.sol";
import {IMOSV3} from "../../src/mos/interfaces/IMOSV3.sol";
import {MessageCodec} from "../../src/mos/libraries/MessageCodec.sol";
import {Vm} from "../utils/Vm.sol";
import {Middleman} from "./utils/RelayApp.sol";
import {RelayTest} from "./utils/RelayTest.sol";
import {World} from "./utils/World.sol";

/// @notice A message with `relay` set runs on the hub, and what its target returned goes on as a message of the hub's chain.
contract RelayingTest is RelayTest {
    /// @dev HUB-13.
    function test_TheTargetRunsAndItsAnswerGoesOn() public {
        World.Sent memory sent = sendRelay();
        Vm.Log[] memory logs = world.relay(A, sent.log);
        vm.assertEq(target.calls(), 1);
        vm.assertEq(target.caller(), address(hub));
        vm.assertEq(
            target.input(),
            abi.encodeCall(IMapoExecutor.mapoExecute, (A, B, abi.encodePacked(USER), sent.orderId, bytes("ask")))
        );
        (bytes32 onward, bool result, bytes memory reason) = resultIn(logs);
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
        World.Sent memory sent = sendRelay();
        Vm.Log memory record = world.find(world.relay(A, sent.log), IHub.DeliveryRecordForwarded.selector);
        vm.assertEq(record.data, abi.encode(address(0), relayer));
        bytes memory proof = world.prove(A, H, record);
        IFeeService fees = world.feesOf(A);
        vm.chainId(A);
        vm.assertEq(fees.settle(B, proof), 1);
        vm.assertEq(fees.owed(relayer, address(0)), (world.BASE_GAS() + GAS_LIMIT) * world.GAS_PRICE());
    }

    function test_ThePayeeIsWhomTheRelayerNames() public {
        World.Sent memory sent = sendRelay();
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
        World.Sent memory relayed = sendRelay();
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
        World.Sent memory sent = sendRelay();
        world.relay(A, sent.log);
        bytes memory twice = abi.encodeWithSelector(IHub.Hub_AlreadyForwarded.selector, A, sent.orderId);
        vm.expectRevert(twice);
        world.relay(A, sent.log);
        target.setFailing(true);
        sent = sendRelay();
        world.relay(A, sent.log);
        twice = abi.encodeWithSelector(IHub.Hub_AlreadyForwarded.selector, A, sent.orderId);
        vm.expectRevert(twice);
        world.relay(A, sent.log);
        vm.assertEq(target.calls(), 1);
    }

    function test_ALaneThatIsPausedConsumesNothing() public {
        World.Sent memory sent = sendRelay();
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
        World.Sent memory sent = sendRelay();
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
        World.Sent memory sent = sendRelay();
        sent.log.data[bound(at, 0, sent.log.data.length - 1)] ^= bytes1(flip);
        bytes memory proof = world.prove(H, A, sent.log);
        vm.chainId(H);
        vm.prank(relayer, relayer);
        (bool ok,) = address(hub).call(abi.encodeCall(hub.relay, (A, none(), address(0), 0, proof)));
        vm.assertFalse(ok);
        vm.assertEq(target.calls(), 0);
    }

    /// @dev A light client of A's that lies can vouch for what no MOS sends. It is no message to be relayed.
    function test_RevertWhen_ALyingOriginRelaysWhatMosRefuses() public {
        bytes memory byCallData = abi.encode(
            IMOSV3.MessageData(true, IMOSV3.MessageType.CALLDATA, abi.encodePacked(address(target)), "", GAS_LIMIT, 0)
        );
        World.Sent memory sent = sendRelay();
        sent.log.data = abi.encode(_orderId(byCallData, MessageCodec.NO_OPTIONS), abi.encodePacked(USER), byCallData);
        vm.expectRevert(IHub.Hub_MalformedLog.selector);
        world.relay(A, sent.log);
        bytes memory ordered = abi.encode(uint256(0), uint256(1), HEIR);
        sent.log.topics[0] = IMessageService.mapMessageOutWithOptions.selector;
        sent.log.data = abi.encode(
            _orderId(sent.messageData, keccak256(ordered)), abi.encodePacked(USER), sent.messageData, ordered
        );
        vm.expectRevert(IHub.Hub_MalformedLog.selector);
        world.relay(A, sent.log);
        bytes memory unordered = abi.encode(uint256(0), uint256(0), HEIR);
        sent.log.data = abi.encode(
            _orderId(sent.messageData, keccak256(unordered)), abi.encodePacked(USER), sent.messageData, unordered
        );
        world.relay(A, sent.log);
        vm.assertEq(target.calls(), 1);
    }

    function _orderId(bytes memory messageData, bytes32 optionsHash) private view returns (bytes32) {
        return MessageCodec.orderId(A, address(world.mosOf(A)), B, 0, USER, keccak256(messageData), optionsHash);
    }
}
