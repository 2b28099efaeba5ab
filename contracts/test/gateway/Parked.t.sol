// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMosGateway} from "../../src/gateway/IMosGateway.sol";
import {IMessageService} from "../../src/mos/interfaces/IMessageService.sol";
import {Vm} from "../utils/Vm.sol";
import {Recipient} from "./utils/Recipients.sol";
import {TwoChains} from "./utils/TwoChains.sol";

/// @notice Messages that nobody has paid for yet.
contract GatewayParkedTest is TwoChains {
    Recipient private app;
    bytes private to;

    function setUp() public override {
        super.setUp();
        app = new Recipient();
        to = interop(b, address(app));
    }

    function _park(bytes memory payload, bytes[] memory attributes)
        private
        returns (bytes32 sendId, IMosGateway.ParkedMessage memory parked)
    {
        on(a);
        vm.recordLogs();
        vm.prank(USER);
        bytes32 returned = a.gateway.sendMessage(to, payload, attributes);
        (sendId, parked) = parkedIn(vm.getRecordedLogs());
        vm.assertEq(sendId, returned);
    }

    function test_AnybodyPaysForAParkedMessage() public {
        (bytes32 sendId, IMosGateway.ParkedMessage memory parked) = _park("later", none());
        vm.assertTrue(a.gateway.isParked(sendId));
        vm.assertEq(a.gateway.parkedId(parked), sendId);
        vm.assertEq(a.gateway.orderOf(sendId), 0);
        vm.assertEq(uint256(a.mos.laneNonce(CHAIN_B)), 0);

        uint256 fee = a.gateway.quote(CHAIN_B, DEFAULT_GAS, 5, false);
        uint256 before = USER.balance;
        vm.recordLogs();
        vm.prank(OTHER);
        bytes32 orderId = a.gateway.requestRelay{value: fee + 9}(parked, DEFAULT_GAS, USER);
        vm.assertEq(USER.balance, before + 9);
        vm.assertEq(a.gateway.orderOf(sendId), orderId);
        vm.assertFalse(a.gateway.isParked(sendId));
        assertDelivered(deliverLast(a, b));
        vm.assertEq(app.receiveId(), orderId);
        vm.assertEq(app.sender(), interop(a, USER));
        vm.assertEq(app.payload(), "later");
    }

    function test_RevertWhen_PaidTooLittle() public {
        (, IMosGateway.ParkedMessage memory parked) = _park("later", none());
        uint256 fee = a.gateway.quote(CHAIN_B, DEFAULT_GAS, 5, false);
        vm.expectRevert(abi.encodeWithSelector(IMosGateway.MosGateway_FeeTooLow.selector, fee, fee - 1));
        a.gateway.requestRelay{value: fee - 1}(parked, DEFAULT_GAS, USER);
        // Whoever pays must not be able to make the message fail by giving it too little gas.
        vm.expectRevert(
            abi.encodeWithSelector(
                IMosGateway.MosGateway_GasLimit.selector, DEFAULT_GAS, 8 * DEFAULT_GAS, DEFAULT_GAS - 1
            )
        );
        a.gateway.requestRelay{value: fee}(parked, DEFAULT_GAS - 1, USER);
    }

    /// @dev Whoever pays for a message could have given it more gas than a block of the target chain has: MOS gives a target
    ///      what was asked for or does not deliver, so it would never have been delivered.
    function test_RevertWhen_PaidForWithMoreGasThanABlockHas() public {
        (, IMosGateway.ParkedMessage memory parked) = _park("later", none());
        vm.expectRevert(
            abi.encodeWithSelector(IMosGateway.MosGateway_GasLimit.selector, DEFAULT_GAS, 8 * DEFAULT_GAS, 9_000_000)
        );
        a.gateway.requestRelay{value: 100 ether}(parked, 9_000_000, USER);
        a.gateway.requestRelay{value: 100 ether}(parked, 8 * DEFAULT_GAS, USER);
    }

    /// @dev In MAP Protocol's Butter bridge, the retry's commitment packed adjacent dynamic fields, so that bytes could be
    ///      moved from one to the next. Here every field is bound, in `abi.encode`.
    function test_NobodyChangesAParkedMessage() public {
        (, IMosGateway.ParkedMessage memory parked) = _park("later", list(deadlineAttribute(2_000_000_000)));
        for (uint256 field = 0; field < 6; ++field) {
            IMosGateway.ParkedMessage memory changed = abi.decode(abi.encode(parked), (IMosGateway.ParkedMessage));
            if (field == 0) changed.nonce += 1;
            if (field == 1) changed.sender = OTHER;
            if (field == 2) changed.toChain = 1;
            if (field == 3) changed.recipient = OTHER;
            if (field == 4) changed.payload = "later ";
            if (field == 5) changed.deadline = 0;
            bytes32 sendId = a.gateway.parkedId(changed);
            vm.expectRevert(abi.encodeWithSelector(IMosGateway.MosGateway_NotParked.selector, sendId));
            a.gateway.requestRelay{value: 1 ether}(changed, DEFAULT_GAS, USER);
        }
    }

    function test_RevertWhen_PaidForTwice() public {
        (bytes32 sendId, IMosGateway.ParkedMessage memory parked) = _park("once", none());
        a.gateway.requestRelay{value: 1 ether}(parked, DEFAULT_GAS, USER);
        vm.expectRevert(abi.encodeWithSelector(IMosGateway.MosGateway_NotParked.selector, sendId));
        a.gateway.requestRelay{value: 1 ether}(parked, DEFAULT_GAS, USER);
        vm.prank(USER);
        vm.expectRevert(abi.encodeWithSelector(IMosGateway.MosGateway_NotParked.selector, sendId));
        a.gateway.cancel(parked);
        vm.assertEq(uint256(a.mos.laneNonce(CHAIN_B)), 1);
    }

    function test_TheSameContentTwiceIsTwoMessages() public {
        (bytes32 first, IMosGateway.ParkedMessage memory one) = _park("same", none());
        (bytes32 second, IMosGateway.ParkedMessage memory two) = _park("same", none());
        vm.assertNotEq(first, second);
        vm.recordLogs();
        a.gateway.requestRelay{value: 1 ether}(one, DEFAULT_GAS, USER);
        assertDelivered(deliverLast(a, b));
        on(a);
        a.gateway.requestRelay{value: 1 ether}(two, DEFAULT_GAS, USER);
        assertDelivered(deliverLast(a, b));
        vm.assertEq(app.count(), 2);
    }

    function test_OnlyItsSenderTakesAMessageBack() public {
        (bytes32 sendId, IMosGateway.ParkedMessage memory parked) = _park("never", none());
        vm.prank(OTHER);
        vm.expectRevert(abi.encodeWithSelector(IMosGateway.MosGateway_NotSender.selector, USER, OTHER));
        a.gateway.cancel(parked);
        vm.startPrank(USER);
        a.gateway.cancel(parked);
        vm.assertFalse(a.gateway.isParked(sendId));
        vm.expectRevert(abi.encodeWithSelector(IMosGateway.MosGateway_NotParked.selector, sendId));
        a.gateway.cancel(parked);
        vm.expectRevert(abi.encodeWithSelector(IMosGateway.MosGateway_NotParked.selector, sendId));
        a.gateway.requestRelay{value: 1 ether}(parked, DEFAULT_GAS, USER);
        vm.stopPrank();
    }

    function test_AParkedMessageKeepsItsDeadline() public {
        uint64 deadline = uint64(block.timestamp + 1 hours);
        (, IMosGateway.ParkedMessage memory parked) = _park("soon", list(deadlineAttribute(deadline)));
        uint256 id = vm.snapshotState();
        vm.recordLogs();
        a.gateway.requestRelay{value: 1 ether}(parked, DEFAULT_GAS, OTHER);
        (, bytes memory options) = messageDataIn(messageLog(vm.getRecordedLogs()));
        vm.assertEq(options, abi.encode(deadline, uint64(0), OTHER));
        vm.revertToState(id);
        vm.warp(deadline);
        vm.expectRevert(abi.encodeWithSelector(IMessageService.MOS_DeadlinePassed.selector, deadline, block.timestamp));
        a.gateway.requestRelay{value: 1 ether}(parked, DEFAULT_GAS, OTHER);
    }

    /// @dev Anybody else paying for an earlier one later would turn the order round.
    function test_RevertWhen_AnOrderedMessageIsNotPaidFor() public {
        uint256 fee = a.gateway.quote(CHAIN_B, DEFAULT_GAS, 0, true);
        bytes[] memory attributes = list(orderedAttribute());
        vm.expectRevert(abi.encodeWithSelector(IMosGateway.MosGateway_FeeTooLow.selector, fee, 0));
        a.gateway.sendMessage(to, "", attributes);
        vm.assertEq(uint256(a.gateway.nextSequence(CHAIN_B, address(this), address(app))), 1);
    }

    /// @dev A parked message's id never reads as an order id's state, nor the other way round.
    function test_AnOrderIdIsNotAParkedMessage() public {
        a.gateway.deposit{value: 1 ether}(USER);
        vm.prank(USER);
        bytes32 orderId = a.gateway.sendMessage(to, "", none());
        vm.assertFalse(a.gateway.isParked(orderId));
        vm.assertEq(a.gateway.orderOf(orderId), 0);
        vm.assertEq(a.gateway.orderOf(0), 0);
    }
}
