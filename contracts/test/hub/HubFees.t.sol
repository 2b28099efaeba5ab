// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IHub} from "../../src/hub/IHub.sol";
import {FeeService} from "../../src/mos/FeeService.sol";
import {IFeeService} from "../../src/mos/interfaces/IFeeService.sol";
import {IMessageService} from "../../src/mos/interfaces/IMessageService.sol";
import {Vm} from "../utils/Vm.sol";
import {HubTest} from "./utils/HubTest.sol";
import {World} from "./utils/World.sol";

/// @notice What became of a message comes back to its origin over the hub, and frees its fee there once.
contract HubFeesTest is HubTest {
    FeeService private fees;
    address private relayer;
    uint256 private fee;

    function setUp() public override {
        super.setUp();
        fees = world.feesOf(A);
        relayer = world.RELAYER();
        fee = (world.BASE_GAS() + GAS_LIMIT) * world.GAS_PRICE();
    }

    function _deliver(World.Sent memory sent) private returns (Vm.Log[] memory) {
        return world.deliver(B, A, H, world.forward(A, sent.log));
    }

    function _settle(uint256 toChain, Vm.Log[] memory logs) private returns (uint256) {
        bytes memory proof = world.prove(A, H, logs);
        vm.chainId(A);
        return fees.settle(toChain, proof);
    }

    /// @dev HUB-11.
    function test_ADeliveryPaysItsPayeeOnce() public {
        World.Sent memory sent = send();
        Vm.Log[] memory forwarded = world.forwardRecords(B, _deliver(sent));
        vm.assertEq(forwarded.length, 1);
        vm.assertEq(forwarded[0].topics[0], IHub.DeliveryRecordForwarded.selector);
        vm.assertEq(forwarded[0].topics[1], bytes32(A));
        vm.assertEq(forwarded[0].topics[2], bytes32(B));
        vm.assertEq(forwarded[0].topics[3], sent.orderId);
        vm.assertEq(forwarded[0].data, abi.encode(world.mosOf(B), relayer));
        vm.assertEq(_settle(B, forwarded), 1);
        vm.assertEq(fees.owed(relayer, address(0)), fee);
        bytes memory proof = world.prove(A, H, forwarded);
        vm.chainId(A);
        vm.expectRevert(abi.encodeWithSelector(IFeeService.FeeService_NothingToSettle.selector, B));
        fees.settle(B, proof);
    }

    /// @dev Whoever forwards first chose what else is in the receipt: anybody does it again.
    function test_RecordsAreForwardedAsOftenAsAsked() public {
        Vm.Log[] memory records = _deliver(send());
        Vm.Log[] memory first = world.forwardRecords(B, records);
        Vm.Log[] memory second = world.forwardRecords(B, records);
        vm.assertEq(keccak256(abi.encode(first)), keccak256(abi.encode(second)));
        vm.assertEq(_settle(B, second), 1);
        vm.assertEq(fees.owed(relayer, address(0)), fee);
    }

    function test_AnExpiryRefundsItsSender() public {
        uint64 deadline = uint64(block.timestamp + 100);
        World.Sent memory sent =
            world.sendWith(A, B, USER, plain(), IMessageService.MessageOptions(deadline, false, HEIR));
        vm.warp(deadline);
        Vm.Log[] memory forwarded = world.forwardRecords(B, _deliver(sent));
        vm.assertEq(forwarded[0].topics[0], IHub.ExpiryRecordForwarded.selector);
        vm.assertEq(forwarded[0].data, abi.encode(world.mosOf(B), HEIR, false));
        vm.assertEq(_settle(B, forwarded), 1);
        vm.assertEq(fees.owed(HEIR, address(0)), fee);
    }

    function test_AnExpiryAfterAnAttemptRefundsNobody() public {
        app.setFailing(true);
        uint64 deadline = uint64(block.timestamp + 100);
        World.Sent memory sent =
            world.sendWith(A, B, USER, plain(), IMessageService.MessageOptions(deadline, false, HEIR));
        Vm.Log memory message = world.forward(A, sent.log);
        Vm.Log[] memory delivery = world.deliver(B, A, H, message);
        vm.warp(deadline);
        Vm.Log[] memory expiry = world.forwardRecords(B, world.deliver(B, A, H, message));
        vm.assertEq(expiry[0].data, abi.encode(world.mosOf(B), HEIR, true));
        bytes memory proof = world.prove(A, H, expiry);
        vm.chainId(A);
        vm.expectRevert(abi.encodeWithSelector(IFeeService.FeeService_NothingToSettle.selector, B));
        fees.settle(B, proof);
        vm.assertEq(_settle(B, world.forwardRecords(B, delivery)), 1);
        vm.assertEq(fees.owed(relayer, address(0)), fee);
    }

    /// @dev The route changed since the delivery: the record proves itself on the new one.
    function test_ARecordProvesItselfOnTheRouteThatIs() public {
        World.Sent memory one = send();
        World.Sent memory two = send();
        (Vm.Log[] memory first, Vm.Log[] memory second) = (_deliver(one), _deliver(two));
        world.setDirect(A, B);
        bytes memory proof = world.prove(A, B, first);
        vm.chainId(A);
        vm.assertEq(fees.settle(B, proof), 1);
        world.setOverHub(A, B);
        vm.assertEq(_settle(B, world.forwardRecords(B, second)), 1);
        vm.assertEq(fees.owed(relayer, address(0)), 2 * fee);
    }

    /// @dev C's light client on H believes anything: a record of C's is a record of C's, and frees nothing that waits for B. (HUB-12)
    function test_ALyingClientOfCSettlesNothingThatWaitsForB() public {
        World.Sent memory sent = send();
        Vm.Log[] memory forged = _record(sent.orderId, address(world.mosOf(C)));
        Vm.Log[] memory forwarded = world.forwardRecords(C, forged);
        vm.assertEq(forwarded[0].topics[2], bytes32(C));
        bytes memory proof = world.prove(A, H, forwarded);
        vm.chainId(A);
        vm.expectRevert(abi.encodeWithSelector(IFeeService.FeeService_NothingToSettle.selector, C));
        fees.settle(C, proof);
        vm.expectRevert(abi.encodeWithSelector(IFeeService.FeeService_NothingToSettle.selector, B));
        fees.settle(B, proof);
        // Nor is it forwarded as B's, whose MOS did not emit it.
        forged = _record(sent.orderId, address(world.mosOf(C)));
        vm.expectRevert(abi.encodeWithSelector(IHub.Hub_NothingForwarded.selector, B));
        world.forwardRecords(B, forged);
    }

    function _record(bytes32 orderId, address emitter) private view returns (Vm.Log[] memory logs) {
        logs = new Vm.Log[](1);
        logs[0].emitter = emitter;
        logs[0].topics = new bytes32[](3);
        (logs[0].topics[0], logs[0].topics[1], logs[0].topics[2]) =
        (IMessageService.DeliveryRecord.selector, bytes32(A), orderId);
        logs[0].data = abi.encode(relayer);
    }

    /// @dev Only the hub's log counts, and of it every field: emitter, origin, record chain, MOS there, and its length.
    function testFuzz_NoTamperedRecordSettles(uint256 field, bytes32 noise) public {
        Vm.Log[] memory forwarded = world.forwardRecords(B, _deliver(send()));
        field = bound(field, 0, 5);
        vm.assume(noise != 0);
        Vm.Log memory log = forwarded[0];
        if (field < 4) {
            log.topics[field] ^= noise;
        } else if (field == 4) {
            log.emitter = address(uint160(log.emitter) ^ uint160(1 + uint256(noise) % type(uint160).max));
        } else {
            (address recordMos, address payee) = abi.decode(log.data, (address, address));
            uint160 other = uint160(recordMos) ^ uint160(1 + uint256(noise) % type(uint160).max);
            vm.assume(other != 0);
            log.data = abi.encode(other, payee);
        }
        bytes memory proof = world.prove(A, H, forwarded);
        vm.chainId(A);
        vm.expectRevert(abi.encodeWithSelector(IFeeService.FeeService_NothingToSettle.selector, B));
        fees.settle(B, proof);
    }

    /// @dev The record of B's MOS itself says nothing over a route that a hub vouches for, nor the hub's on a direct one.
    function test_RevertWhen_TheRecordIsOfTheOtherKindOfRoute() public {
        Vm.Log[] memory records = _deliver(send());
        Vm.Log[] memory forwarded = world.forwardRecords(B, records);
        for (uint256 i = 0; i < records.length; ++i) {
            records[i].emitter = address(hub);
        }
        bytes memory proof = world.prove(A, H, records);
        vm.chainId(A);
        vm.expectRevert(abi.encodeWithSelector(IFeeService.FeeService_NothingToSettle.selector, B));
        fees.settle(B, proof);
        world.setDirect(A, B);
        forwarded[0].emitter = address(world.mosOf(B));
        proof = world.prove(A, B, forwarded);
        vm.chainId(A);
        vm.expectRevert(abi.encodeWithSelector(IFeeService.FeeService_NothingToSettle.selector, B));
        fees.settle(B, proof);
    }

    function test_RevertWhen_AnUnconsumedOrderIsProvenOverAHub() public {
        World.Sent memory sent =
            world.sendWith(A, B, USER, plain(), IMessageService.MessageOptions(1_900_000_000, false, HEIR));
        vm.expectRevert(abi.encodeWithSelector(IFeeService.FeeService_HubRoute.selector, B));
        fees.refundUnconsumed(IFeeService.Order(B, 0, USER, keccak256(sent.messageData), sent.options), "");
    }

    /// @dev The hub's own orders, those of the record chain itself, and those of chains that it does not know.
    function test_OnlyRecordsOfOthersArePassedOn() public {
        World.Sent memory ofHub = world.send(H, B, USER, plain());
        Vm.Log[] memory logs = world.deliver(B, H, H, ofHub.log);
        vm.expectRevert(abi.encodeWithSelector(IHub.Hub_NothingForwarded.selector, B));
        world.forwardRecords(B, logs);
        logs = _record(bytes32(uint256(1)), address(world.mosOf(B)));
        logs[0].topics[1] = bytes32(B);
        vm.expectRevert(abi.encodeWithSelector(IHub.Hub_NothingForwarded.selector, B));
        world.forwardRecords(B, logs);
        logs[0].topics[1] = bytes32(uint256(99));
        vm.expectRevert(abi.encodeWithSelector(IHub.Hub_NothingForwarded.selector, B));
        world.forwardRecords(B, logs);
        logs[0].topics[1] = bytes32(A);
        world.pause(H, A, true);
        vm.expectRevert(abi.encodeWithSelector(IHub.Hub_NothingForwarded.selector, B));
        world.forwardRecords(B, logs);
        world.unpause(H, A, true);
        world.pause(H, B, false);
        vm.expectRevert(abi.encodeWithSelector(IHub.Hub_LanePaused.selector, B, false));
        world.forwardRecords(B, logs);
        world.unpause(H, B, false);
        vm.assertEq(world.forwardRecords(B, logs).length, 1);
    }

    function test_ManyRecordsOfOneReceipt() public {
        Vm.Log[] memory records = new Vm.Log[](4);
        (World.Sent memory one, World.Sent memory two) = (send(), world.send(C, B, USER, plain()));
        records[0] = one.log;
        records[1] = _record(one.orderId, address(world.mosOf(B)))[0];
        records[2] = _record(one.orderId, address(0xbad))[0];
        records[3] = _record(two.orderId, address(world.mosOf(B)))[0];
        records[3].topics[1] = bytes32(C);
        Vm.Log[] memory forwarded = world.forwardRecords(B, records);
        vm.assertEq(forwarded.length, 2);
        vm.assertEq(_settle(B, forwarded), 1);
        bytes memory proof = world.prove(C, H, forwarded);
        FeeService feesOfC = world.feesOf(C);
        vm.chainId(C);
        vm.assertEq(feesOfC.settle(B, proof), 1);
    }
}
