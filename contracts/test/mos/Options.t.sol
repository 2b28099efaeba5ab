// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMessageService} from "../../src/mos/interfaces/IMessageService.sol";
import {IMOSV3} from "../../src/mos/interfaces/IMOSV3.sol";
import {ILightClient} from "../../src/light-clients/ILightClient.sol";
import {TestLightClient} from "./utils/TestLightClient.sol";
import {MosTest} from "./utils/MosTest.sol";
import {Moody} from "./utils/Receivers.sol";

/// @notice Deadlines and ordered streams, from sending to their end.
contract OptionsTest is MosTest {
    uint64 internal constant DEADLINE = 1_000_000;
    address internal constant HEIR = address(0x4e14);

    Moody internal app;
    bytes internal message;

    function setUp() public override {
        super.setUp();
        app = new Moody();
        app.setFailing(false);
        message = encode(IMOSV3.MessageType.MESSAGE, address(app), "hello", GAS_LIMIT);
        vm.warp(1000);
    }

    function test_EmitsAndCommitsToTheOptions() public {
        Sent memory sent = sendWith(message, IMessageService.MessageOptions(DEADLINE, true, HEIR));
        bytes memory options = abi.encode(DEADLINE, uint64(1), HEIR);
        vm.assertEq(sent.options, options);
        bytes32 digest =
            keccak256(abi.encode(2, CHAIN_A, address(mosA), CHAIN_B, 0, USER, keccak256(message), keccak256(options)));
        vm.assertEq(sent.orderId, bytes32((uint256(digest) >> 64) << 64));
        vm.assertEq(sent.log.data, abi.encode(sent.orderId, abi.encodePacked(USER), message, options));
    }

    function test_TheSenderIsRefundedUnlessItNamesAnother() public {
        Sent memory sent = sendWith(message, IMessageService.MessageOptions(DEADLINE, false, address(0)));
        vm.assertEq(sent.options, abi.encode(DEADLINE, uint64(0), USER));
    }

    function test_RevertWhen_TheDeadlineIsNotAhead() public {
        vm.chainId(CHAIN_A);
        vm.expectRevert(abi.encodeWithSelector(IMessageService.MOS_DeadlinePassed.selector, 1000, 1000));
        mosA.transferOutWithOptions{value: 1 ether}(
            CHAIN_B, message, address(0), IMessageService.MessageOptions(1000, false, HEIR)
        );
    }

    function test_RunsUntilTheSecondBeforeTheDeadline() public {
        Sent memory sent = _withDeadline();
        vm.warp(DEADLINE - 1);
        deliver(sent);
        assertOutcome(sent, IMessageService.Outcome.Delivered);
        vm.warp(DEADLINE);
        bytes memory again = prove(sent.log);
        vm.expectPartialRevert(IMessageService.MOS_AlreadyDelivered.selector);
        mosB.transferInWithIndex(CHAIN_A, 0, again);
        assertOutcome(sent, IMessageService.Outcome.Delivered);
    }

    function test_FromTheDeadlineOnItExpiresAndRunsNothing() public {
        Sent memory sent = _withDeadline();
        vm.warp(DEADLINE);
        bytes memory proof = prove(sent.log);
        vm.expectEmit(address(mosB));
        emit IMessageService.ExpiryRecord(CHAIN_A, sent.orderId, HEIR, false);
        mosB.transferInWithIndex(CHAIN_A, 0, proof);
        assertOutcome(sent, IMessageService.Outcome.Expired);
        vm.assertEq(app.calls(), 0);
        vm.assertTrue(mosB.isConsumed(CHAIN_A, address(mosA), 0));
        vm.expectPartialRevert(IMessageService.MOS_AlreadyDelivered.selector);
        mosB.deliver(CHAIN_A, new bytes[](0), sent.orderId, PAYEE, 0, proof);
        _refusesRetry(sent);
    }

    /// @dev What a target cannot be given the gas for can still be recorded as expired: the target is not called.
    function test_ExpiryNeedsNoGasForTheTarget() public {
        Sent memory sent = sendWith(
            encode(IMOSV3.MessageType.MESSAGE, address(app), "hello", 10_000_000),
            IMessageService.MessageOptions(DEADLINE, false, HEIR)
        );
        vm.warp(DEADLINE);
        mosB.transferInWithIndex{gas: 400_000}(CHAIN_A, 0, prove(sent.log));
        assertOutcome(sent, IMessageService.Outcome.Expired);
    }

    function test_AFailedOneIsRetriedUntilTheDeadlineAndThenExpires() public {
        Sent memory sent = _withDeadline();
        app.setFailing(true);
        deliver(sent);
        assertOutcome(sent, IMessageService.Outcome.Failed);
        bytes memory proof = prove(sent.log);
        vm.expectPartialRevert(IMessageService.MOS_AlreadyDelivered.selector);
        mosB.transferInWithIndex(CHAIN_A, 0, proof);

        app.setFailing(false);
        vm.warp(DEADLINE);
        IMessageService.StoredMessage memory failed = stored(sent);
        vm.expectRevert(abi.encodeWithSelector(IMessageService.MOS_Expired.selector, DEADLINE, DEADLINE));
        mosB.retry(failed);

        vm.expectEmit(address(mosB));
        emit IMessageService.ExpiryRecord(CHAIN_A, sent.orderId, HEIR, true);
        mosB.transferInWithIndex(CHAIN_A, 0, proof);
        assertOutcome(sent, IMessageService.Outcome.Expired);
        vm.assertEq(app.calls(), 0);
        vm.expectPartialRevert(IMessageService.MOS_AlreadyDelivered.selector);
        mosB.deliver(CHAIN_A, new bytes[](0), sent.orderId, PAYEE, 0, proof);
        _refusesRetry(sent);
    }

    function test_ARetriedOneDoesNotExpire() public {
        Sent memory sent = _withDeadline();
        app.setFailing(true);
        deliver(sent);
        app.setFailing(false);
        mosB.retry(stored(sent));
        vm.warp(DEADLINE);
        bytes memory proof = prove(sent.log);
        vm.expectPartialRevert(IMessageService.MOS_AlreadyDelivered.selector);
        mosB.transferInWithIndex(CHAIN_A, 0, proof);
        assertOutcome(sent, IMessageService.Outcome.Delivered);
    }

    /// @dev The options are part of what a retry is bound to: nobody lends a failed message a later deadline.
    function test_RevertWhen_ARetryHasOtherOptions() public {
        Sent memory sent = _withDeadline();
        app.setFailing(true);
        deliver(sent);
        IMessageService.StoredMessage memory failed = stored(sent);
        bytes[3] memory others = [bytes(""), abi.encode(DEADLINE + 1, 0, HEIR), abi.encode(DEADLINE, 0, USER)];
        for (uint256 i = 0; i < 3; ++i) {
            failed.options = others[i];
            vm.expectPartialRevert(IMessageService.MOS_NotStored.selector);
            mosB.retry(failed);
        }
    }

    /// @dev The clock alone decides: a client that is frozen vouches for nothing, not even that a message is too late.
    function test_RevertWhen_ExpiryIsProvenByAFrozenClient() public {
        Sent memory sent = _withDeadline();
        vm.warp(DEADLINE);
        bytes memory proof = prove(sent.log);
        frozen();
        vm.expectRevert(ILightClient.LightClient_Frozen.selector);
        mosB.transferInWithIndex(CHAIN_A, 0, proof);
    }

    function test_AFailedOneOfAFormerClientExpiresOnTheNewRoute() public {
        Sent memory sent = _withDeadline();
        app.setFailing(true);
        deliver(sent);
        client = new TestLightClient(CHAIN_A);
        vm.prank(address(timelock));
        mosB.setRoute(CHAIN_A, client, address(mosA));
        vm.warp(DEADLINE);
        deliver(sent);
        assertOutcome(sent, IMessageService.Outcome.Expired);
    }

    function test_AnEarlyArrivalIsNotConsumed() public {
        Sent memory first = _ordered(0);
        Sent memory second = _ordered(0);
        bytes memory early = prove(second.log);
        vm.expectRevert(abi.encodeWithSelector(IMessageService.MOS_OutOfOrder.selector, 1, 2));
        mosB.transferInWithIndex(CHAIN_A, 0, early);
        vm.assertEq(uint256(mosB.awaitedSequence(CHAIN_A, address(mosA), USER, address(app))), 1);
        deliver(first);
        deliver(second);
        vm.assertEq(app.calls(), 2);
        vm.assertEq(uint256(mosB.awaitedSequence(CHAIN_A, address(mosA), USER, address(app))), 3);
    }

    function test_ABatchPassesOverAnEarlyArrival() public {
        Sent memory first = _ordered(0);
        Sent memory second = _ordered(0);
        bytes memory batch = proveBatch(asArray(second.log, first.log));
        vm.expectEmit(address(mosB));
        emit IMessageService.MessageSkipped(CHAIN_A, 0, 0, IMessageService.SkipReason.OutOfOrder);
        vm.assertEq(mosB.transferInBatch(CHAIN_A, new bytes[](0), new bytes32[](0), PAYEE, batch), 1);
        assertOutcome(first, IMessageService.Outcome.Delivered);
        assertOutcome(second, IMessageService.Outcome.None);
        batch = proveBatch(asArray(first.log, second.log));
        vm.assertEq(mosB.transferInBatch(CHAIN_A, new bytes[](0), new bytes32[](0), PAYEE, batch), 1);
        assertOutcome(second, IMessageService.Outcome.Delivered);
    }

    function test_AFailureBlocksItsStreamAndNoOther() public {
        Sent memory first = _ordered(0);
        Sent memory second = _ordered(0);
        Sent memory free = send(message);
        Moody other = new Moody();
        other.setFailing(false);
        Sent memory elsewhere = sendWith(
            encode(IMOSV3.MessageType.MESSAGE, address(other), "hello", GAS_LIMIT),
            IMessageService.MessageOptions(0, true, HEIR)
        );
        app.setFailing(true);
        deliver(first);
        app.setFailing(false);
        bytes memory blocked = prove(second.log);
        vm.expectRevert(abi.encodeWithSelector(IMessageService.MOS_OutOfOrder.selector, 1, 2));
        mosB.transferInWithIndex(CHAIN_A, 0, blocked);
        deliver(free);
        deliver(elsewhere);
        mosB.retry(stored(first));
        deliver(second);
        vm.assertEq(app.calls(), 3);
        vm.assertEq(other.calls(), 1);
    }

    function test_ExpiryReleasesTheStream() public {
        Sent memory first = _ordered(DEADLINE);
        Sent memory second = _ordered(0);
        app.setFailing(true);
        deliver(first);
        app.setFailing(false);
        vm.warp(DEADLINE);
        deliver(first);
        assertOutcome(first, IMessageService.Outcome.Expired);
        deliver(second);
        assertOutcome(second, IMessageService.Outcome.Delivered);
        vm.assertEq(app.calls(), 1);
    }

    /// @dev Senders and targets have streams of their own, and so has each source chain.
    function test_CountsSequencesBySenderAndTarget() public {
        vm.assertEq(uint256(mosA.nextSequence(CHAIN_B, USER, address(app))), 1);
        _ordered(0);
        vm.assertEq(uint256(mosA.nextSequence(CHAIN_B, USER, address(app))), 2);
        vm.assertEq(uint256(mosA.nextSequence(CHAIN_B, HEIR, address(app))), 1);
        vm.assertEq(uint256(mosA.nextSequence(CHAIN_B, USER, HEIR)), 1);
        vm.assertEq(uint256(mosA.nextSequence(CHAIN_B + 1, USER, address(app))), 1);
    }

    /// @dev Whatever expires in whatever order, what is left is delivered in turn and never out of it.
    function testFuzz_StreamsRunInTurnAroundWhatExpired(uint256 expiring, uint256 seed) public {
        uint256 count = 8;
        Sent[] memory sent = new Sent[](count);
        for (uint256 i = 0; i < count; ++i) {
            sent[i] = _ordered(expiring >> i & 1 == 1 ? DEADLINE : 0);
        }
        vm.warp(DEADLINE);
        bool[] memory done = new bool[](count);
        for (uint256 left = count; left != 0;) {
            uint256 i = seed % count;
            seed = uint256(keccak256(abi.encode(seed)));
            if (done[i]) continue;
            bool inTurn = true;
            for (uint256 j = 0; j < i; ++j) {
                inTurn = inTurn && done[j];
            }
            bool expires = expiring >> i & 1 == 1;
            (bool ok,) = address(mosB).call(abi.encodeCall(mosB.transferInWithIndex, (CHAIN_A, 0, prove(sent[i].log))));
            vm.assertEq(ok, inTurn || expires);
            if (!ok) continue;
            done[i] = true;
            --left;
            assertOutcome(sent[i], expires ? IMessageService.Outcome.Expired : IMessageService.Outcome.Delivered);
        }
        vm.assertEq(uint256(mosB.awaitedSequence(CHAIN_A, address(mosA), USER, address(app))), count + 1);
    }

    /// @dev Every byte of the options that MOS emits is bound: changed, the log is malformed or of another order.
    function testFuzz_RevertWhen_TheOptionsAreChanged(uint256 position, bytes1 value) public {
        Sent memory sent = sendWith(message, IMessageService.MessageOptions(DEADLINE, true, HEIR));
        position = bound(position, 0, sent.log.data.length - 1);
        vm.assume(sent.log.data[position] != value);
        sent.log.data[position] = value;
        bytes memory proof = prove(sent.log);
        (bool ok, bytes memory reason) =
            address(mosB).call(abi.encodeCall(mosB.transferInWithIndex, (CHAIN_A, 0, proof)));
        vm.assertFalse(ok);
        vm.assertTrue(
            bytes4(reason) == IMessageService.MOS_MalformedLog.selector
                || bytes4(reason) == IMessageService.MOS_OrderIdMismatch.selector
        );
    }

    /// @dev The two events differ in their version: neither's log is taken for the other's.
    function test_RevertWhen_OneEventIsTakenForTheOther() public {
        Sent memory with = sendWith(message, IMessageService.MessageOptions(DEADLINE, false, HEIR));
        Sent memory without = send(message);
        with.log.topics[0] = IMOSV3.mapMessageOut.selector;
        bytes memory proof = prove(with.log);
        vm.expectRevert(IMessageService.MOS_MalformedLog.selector);
        mosB.transferInWithIndex(CHAIN_A, 0, proof);
        without.log.topics[0] = IMessageService.mapMessageOutWithOptions.selector;
        proof = prove(without.log);
        vm.expectRevert(IMessageService.MOS_MalformedLog.selector);
        mosB.transferInWithIndex(CHAIN_A, 0, proof);
    }

    function _withDeadline() private returns (Sent memory) {
        return sendWith(message, IMessageService.MessageOptions(DEADLINE, false, HEIR));
    }

    function _ordered(uint64 deadline) private returns (Sent memory) {
        return sendWith(message, IMessageService.MessageOptions(deadline, true, HEIR));
    }

    function _refusesRetry(Sent memory sent) private {
        IMessageService.StoredMessage memory failed = stored(sent);
        vm.expectPartialRevert(IMessageService.MOS_NotStored.selector);
        mosB.retry(failed);
    }
}
