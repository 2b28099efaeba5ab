// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IHub} from "../../src/hub/IHub.sol";
import {IFeeService} from "../../src/mos/interfaces/IFeeService.sol";
import {IMessageService} from "../../src/mos/interfaces/IMessageService.sol";
import {MessageService} from "../../src/mos/MessageService.sol";
import {HubTest} from "../hub/utils/HubTest.sol";
import {RelayApp} from "../hub/utils/RelayApp.sol";
import {World} from "../hub/utils/World.sol";
import {Vm} from "../utils/Vm.sol";

/// @notice What went wrong at other hubs, or would have at this one.
contract HubIncidentsTest is HubTest {
    /// @notice Messina, OPUL, 2026: `hop()` logged an approval again as often as it was asked, and two emitters looked alike:
    ///         one deposit was paid out 143 times.
    function test_OneDepositHops143Times() public {
        World.Sent memory sent = send();
        Vm.Log memory forwarded = world.forward(A, sent.log);
        world.deliver(B, A, H, forwarded);
        for (uint256 i = 0; i < 143; ++i) {
            Vm.Log memory again = world.forwardAgain(A, sent.log);
            vm.expectRevert(abi.encodeWithSelector(IMessageService.MOS_AlreadyDelivered.selector, A, sent.orderId));
            world.deliver(B, A, H, again);
        }
        // The emitter that looks alike: a contract of the attacker's on H, and one on A.
        World.Sent memory other = send();
        other.log.emitter = address(0xa11ce);
        vm.expectPartialRevert(IMessageService.MOS_ForeignEmitter.selector);
        world.deliver(B, A, H, other.log);
        vm.expectPartialRevert(IHub.Hub_ForeignEmitter.selector);
        world.forward(A, other.log);
        vm.assertEq(app.calls(), 1);
    }

    /// @notice MAP's relay chain sends what a relay target returned as a message of the origin's chain with the target as its
    ///         sender. A contract of anybody's at the same 20 bytes on the origin chain was then the same sender.
    function test_TheAnswerIsNotTheOriginsNorTheTargets() public {
        RelayApp target = new RelayApp();
        target.answer(plain());
        vm.deal(address(this), 1 ether);
        hub.fund{value: 1 ether}(address(target));
        // The same 20 bytes on A are another pair of chain and address.
        World.Sent memory shadow = world.send(A, B, hub.senderOf(address(target)), plain());
        Vm.Log[] memory logs =
            world.relay(A, world.send(A, B, USER, world.encode(true, address(target), "", GAS_LIMIT)).log);
        world.deliver(B, H, H, world.messageIn(logs, address(world.mosOf(H))));
        vm.assertEq(app.lastChain(), H);
        vm.assertEq(app.lastSender(), hub.senderOf(address(target)));
        world.deliver(B, A, H, world.forward(A, shadow.log));
        vm.assertEq(app.lastChain(), A);
    }

    /// @notice The hub's chain moved to a new MOS of B, which never saw that the order was delivered by the one before, and
    ///         records it as expired. Forwarded without saying who made it, that record would have given back at A what
    ///         was delivered at B.
    function test_ARecordOfAnotherMosOfTheTargetFreesNothing() public {
        uint64 deadline = uint64(block.timestamp + 100);
        World.Sent memory sent =
            world.sendWith(A, B, USER, plain(), IMessageService.MessageOptions(deadline, false, HEIR));
        Vm.Log memory message = world.forward(A, sent.log);
        Vm.Log[] memory delivery = world.deliver(B, A, H, message);
        vm.assertEq(app.calls(), 1);

        MessageService former = world.mosOf(B);
        world.replaceMos(B);
        world.setDirect(H, B);
        world.setOverHub(B, A);
        vm.warp(deadline);
        Vm.Log[] memory expiry = world.forwardRecords(B, world.deliver(B, A, H, message));
        vm.assertEq(expiry[0].topics[0], IHub.ExpiryRecordForwarded.selector);
        vm.assertEq(expiry[0].data, abi.encode(world.mosOf(B), HEIR, false));

        IFeeService fees = world.feesOf(A);
        bytes memory proof = world.prove(A, H, expiry);
        vm.chainId(A);
        vm.expectRevert(abi.encodeWithSelector(IFeeService.FeeService_NothingToSettle.selector, B));
        fees.settle(B, proof);
        // What the former one recorded frees the fee, once the hub takes its word again.
        world.restoreMos(B, former);
        world.setDirect(H, B);
        proof = world.prove(A, H, world.forwardRecords(B, delivery));
        vm.chainId(A);
        vm.assertEq(fees.settle(B, proof), 1);
        vm.assertEq(fees.owed(HEIR, address(0)), 0);
    }
}
