// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Counter} from "../../src/examples/Counter.sol";
import {ILightClient} from "../../src/light-clients/ILightClient.sol";
import {MapoExecutor} from "../../src/mos/MapoExecutor.sol";
import {IMapoExecutor} from "../../src/mos/interfaces/IMapoExecutor.sol";
import {IMessageService} from "../../src/mos/interfaces/IMessageService.sol";
import {IMOSV3} from "../../src/mos/interfaces/IMOSV3.sol";
import {Receipts} from "../../src/proofs/Receipts.sol";
import {Vm} from "../utils/Vm.sol";
import {MosTest} from "./utils/MosTest.sol";
import {Bomb, Burner, Caller, Moody, Probe} from "./utils/Receivers.sol";
import {CallingToken} from "./utils/Tokens.sol";
import {ReceiptTrie} from "./utils/ReceiptTrie.sol";

/// @notice What is delivered, what is not, and what a receiver can do about it.
contract DeliveryTest is MosTest {
    function test_DeliversToItsTarget() public {
        Moody app = new Moody();
        app.setFailing(false);
        Sent memory sent = sendTo(address(app));
        vm.recordLogs();
        deliver(sent);
        (bool result, bytes memory reason) = received(vm.getRecordedLogs());
        vm.assertTrue(result);
        vm.assertEq(reason, "");
        vm.assertEq(app.lastSender(), USER);
        vm.assertEq(app.lastChain(), CHAIN_A);
        vm.assertEq(app.lastMessage(), "hello");
        assertOutcome(sent, IMessageService.Outcome.Delivered);
        (bool exists, bool verifiable, uint256 nodeType) = mosB.getOrderStatus(CHAIN_A, 0, sent.orderId);
        vm.assertTrue(exists && verifiable);
        vm.assertEq(nodeType, 1);
    }

    function test_DeliversTheFlatEncoding() public {
        Probe app = new Probe();
        bytes memory flat = abi.encode(
            false, IMOSV3.MessageType.MESSAGE, abi.encodePacked(address(app)), bytes("hello"), GAS_LIMIT, uint256(0)
        );
        Sent memory sent = send(flat);
        deliver(sent);
        bytes memory expected = abi.encodeCall(
            IMapoExecutor.mapoExecute, (CHAIN_A, CHAIN_B, abi.encodePacked(USER), sent.orderId, bytes("hello"))
        );
        vm.assertEq(app.dataHash(), keccak256(expected));
    }

    function test_CallDataNeedsThePermissionOfItsTarget() public {
        Probe app = new Probe();
        bytes memory message = encode(IMOSV3.MessageType.CALLDATA, address(app), hex"01020304", GAS_LIMIT);
        Sent memory refused = send(message);
        vm.recordLogs();
        deliver(refused);
        (bool result, bytes memory reason) = received(vm.getRecordedLogs());
        vm.assertFalse(result);
        vm.assertEq(
            reason,
            abi.encodeWithSelector(
                IMessageService.MOS_CallNotPermitted.selector, address(app), CHAIN_A, abi.encodePacked(USER)
            )
        );
        vm.prank(address(app));
        mosB.addRemoteCaller(CHAIN_A, abi.encodePacked(USER), true);
        vm.assertTrue(mosB.getExecutePermission(address(app), CHAIN_A, abi.encodePacked(USER)));
        deliver(send(message));
        vm.assertEq(app.dataHash(), keccak256(hex"01020304"));
        mosB.retry(stored(refused));
        vm.assertEq(app.calls(), 2);
    }

    function test_RevertWhen_DeliveredAgain() public {
        Probe app = new Probe();
        Sent memory sent = sendTo(address(app));
        bytes memory proof = prove(sent.log);
        mosB.transferInWithIndex(CHAIN_A, 0, proof);
        vm.expectRevert(abi.encodeWithSelector(IMessageService.MOS_AlreadyDelivered.selector, CHAIN_A, sent.orderId));
        mosB.transferInWithIndex(CHAIN_A, 0, proof);
        vm.expectRevert(IMessageService.MOS_NothingDelivered.selector);
        mosB.transferIn(CHAIN_A, proof);
        vm.assertEq(
            mosB.transferInBatch(CHAIN_A, new bytes[](0), new bytes32[](0), address(0), proveBatch(asArray(sent.log))),
            0
        );
        vm.assertEq(app.calls(), 1);
    }

    function test_RevertWhen_AnotherContractEmittedTheLog() public {
        Sent memory sent = sendTo(address(new Probe()));
        sent.log.emitter = address(0xbad);
        bytes memory proof = prove(sent.log);
        vm.expectRevert(
            abi.encodeWithSelector(IMessageService.MOS_ForeignEmitter.selector, address(mosA), address(0xbad))
        );
        mosB.transferInWithIndex(CHAIN_A, 0, proof);
    }

    function test_RevertWhen_TheLogIsAnotherEvent() public {
        Sent memory sent = sendTo(address(new Probe()));
        sent.log.topics[0] = IMOSV3.mapMessageIn.selector;
        bytes memory proof = prove(sent.log);
        vm.expectRevert(
            abi.encodeWithSelector(
                IMessageService.MOS_ForeignTopic.selector, IMOSV3.mapMessageOut.selector, IMOSV3.mapMessageIn.selector
            )
        );
        mosB.transferInWithIndex(CHAIN_A, 0, proof);
    }

    function test_RevertWhen_TheLogIsOfAnotherLane() public {
        Sent memory sent = sendTo(address(new Probe()));
        sent.log.topics[2] = bytes32(uint256(3333));
        bytes memory proof = prove(sent.log);
        vm.expectRevert(abi.encodeWithSelector(IMessageService.MOS_ForeignLane.selector, CHAIN_A, 3333));
        mosB.transferInWithIndex(CHAIN_A, 0, proof);
        sent.log.topics[2] = bytes32(CHAIN_B);
        sent.log.topics[1] = bytes32(uint256(3333));
        proof = prove(sent.log);
        vm.expectRevert(abi.encodeWithSelector(IMessageService.MOS_ForeignLane.selector, 3333, CHAIN_B));
        mosB.transferInWithIndex(CHAIN_A, 0, proof);
    }

    function test_RevertWhen_TheSourceChainIsAnother() public {
        bytes memory proof = prove(sendTo(address(new Probe())).log);
        vm.expectRevert(abi.encodeWithSelector(IMessageService.MOS_NoRoute.selector, 3333));
        mosB.transferInWithIndex(3333, 0, proof);
    }

    /// @dev A fork of this chain under another id must not run what was sent to this one.
    function test_RevertWhen_ThisChainHasAnotherId() public {
        Moody app = new Moody();
        Sent memory failed = sendTo(address(app));
        deliver(failed);
        bytes memory proof = prove(sendTo(address(app)).log);
        vm.chainId(4444);
        vm.expectRevert(abi.encodeWithSelector(IMessageService.MOS_ForeignLane.selector, CHAIN_A, CHAIN_B));
        mosB.transferInWithIndex(CHAIN_A, 0, proof);
        vm.expectRevert(abi.encodeWithSelector(IMessageService.MOS_ForeignLane.selector, CHAIN_A, CHAIN_B));
        mosB.retry(stored(failed));
    }

    /// @dev MOS-2: nothing runs before its block is proven final.
    function test_RevertWhen_TheBlockIsNotFinal() public {
        Sent memory sent = sendTo(address(new Probe()));
        (bytes32 root, bytes memory nodes) = ReceiptTrie.single(ReceiptTrie.receipt(asArray(sent.log)));
        bytes memory proof = abi.encode(IMessageService.ReceiptProof(abi.encode(root), 0, nodes));
        vm.expectRevert();
        mosB.transferInWithIndex(CHAIN_A, 0, proof);
        assertOutcome(sent, IMessageService.Outcome.None);
    }

    function test_RevertWhen_TheLogIndexIsBeyondTheReceipt() public {
        bytes memory proof = prove(sendTo(address(new Probe())).log);
        vm.expectRevert(abi.encodeWithSelector(Receipts.Receipts_LogIndex.selector, 1, 1));
        mosB.transferInWithIndex(CHAIN_A, 1, proof);
    }

    /// @dev MAP Protocol's MOS read `topics[0]` of every log: a LOG0 in the receipt made all of it undeliverable.
    function test_ALog0InTheReceiptStopsNothing() public {
        Probe app = new Probe();
        Sent memory sent = sendTo(address(app));
        Vm.Log memory log0 = Vm.Log(new bytes32[](0), hex"aa", address(mosA));
        bytes memory proof = prove(asArray(log0, sent.log));
        vm.expectRevert(
            abi.encodeWithSelector(IMessageService.MOS_ForeignTopic.selector, IMOSV3.mapMessageOut.selector, bytes32(0))
        );
        mosB.transferInWithIndex(CHAIN_A, 0, proof);
        mosB.transferIn(CHAIN_A, proof);
        vm.assertEq(app.calls(), 1);
    }

    function test_DeliversAllOfAReceiptAndSkipsTheRest() public {
        Probe app = new Probe();
        Sent memory first = sendTo(address(app));
        Sent memory second = sendTo(address(app));
        Sent memory foreign = sendTo(address(app));
        foreign.log.emitter = address(0xbad);
        Vm.Log[] memory logs = new Vm.Log[](3);
        (logs[0], logs[1], logs[2]) = (first.log, foreign.log, second.log);
        bytes memory proof = prove(logs);
        mosB.transferInWithIndex(CHAIN_A, 2, proof);
        vm.expectEmit(address(mosB));
        emit IMessageService.MessageSkipped(CHAIN_A, 0, 2, IMessageService.SkipReason.AlreadyDelivered);
        mosB.transferIn(CHAIN_A, proof);
        vm.assertEq(app.calls(), 2);
        assertOutcome(foreign, IMessageService.Outcome.None);
    }

    /// @dev Every bit of the log's data flipped: none of it is delivered, so none of it is free of the order id.
    ///      MOS-2.
    function testFuzz_RevertWhen_AnyBitOfTheDataIsFlipped(uint256 seed) public {
        Probe app = new Probe();
        Sent memory sent = sendTo(address(app));
        uint256 bit = bound(seed, 0, sent.log.data.length * 8 - 1);
        sent.log.data[bit / 8] ^= bytes1(uint8(1 << (bit % 8)));
        bytes memory proof = prove(sent.log);
        (bool ok, bytes memory returned) =
            address(mosB).call(abi.encodeCall(mosB.transferInWithIndex, (CHAIN_A, 0, proof)));
        vm.assertFalse(ok);
        bytes4 selector = bytes4(returned);
        vm.assertTrue(
            selector == IMessageService.MOS_MalformedLog.selector
                || selector == IMessageService.MOS_OrderIdMismatch.selector
        );
        vm.assertEq(app.calls(), 0);
    }

    function test_RevertWhen_TheDataIsTruncatedOrExtended() public {
        Sent memory sent = sendTo(address(new Probe()));
        bytes memory whole = sent.log.data;
        for (uint256 length = 0; length < whole.length; length += 31) {
            sent.log.data = _head(whole, length);
            bytes memory cut = prove(sent.log);
            vm.expectRevert(IMessageService.MOS_MalformedLog.selector);
            mosB.transferInWithIndex(CHAIN_A, 0, cut);
        }
        sent.log.data = bytes.concat(whole, bytes32(0));
        bytes memory proof = prove(sent.log);
        vm.expectRevert(IMessageService.MOS_MalformedLog.selector);
        mosB.transferInWithIndex(CHAIN_A, 0, proof);
    }

    /// @dev A message of a later MOS that this one cannot read stays undelivered, provable for a later one.
    function test_RevertWhen_TheMessageCannotBeRead() public {
        bytes memory message = abi.encode(uint256(0x40), "a message of the future");
        bytes32 orderId = _orderId(message, 0, USER);
        Vm.Log memory log = sendTo(address(new Probe())).log;
        log.data = abi.encode(orderId, abi.encodePacked(USER), message);
        bytes memory proof = prove(log);
        vm.expectRevert(IMessageService.MOS_MalformedMessage.selector);
        mosB.transferInWithIndex(CHAIN_A, 0, proof);
        vm.assertEq(uint256(mosB.outcome(CHAIN_A, orderId)), uint256(IMessageService.Outcome.None));
        bytes memory batch = proveBatch(asArray(log));
        vm.expectEmit(address(mosB));
        emit IMessageService.MessageSkipped(CHAIN_A, 0, 0, IMessageService.SkipReason.MalformedMessage);
        mosB.transferInBatch(CHAIN_A, new bytes[](0), new bytes32[](0), address(0), batch);
    }

    function test_RevertWhen_TheProofIsNotATuple() public {
        vm.expectRevert(abi.encodeWithSelector(IMessageService.MOS_MalformedProof.selector, 0));
        mosB.transferInWithIndex(CHAIN_A, 0, "");
        vm.expectRevert(abi.encodeWithSelector(IMessageService.MOS_MalformedProof.selector, 0x40));
        mosB.transferInBatch(CHAIN_A, new bytes[](0), new bytes32[](0), address(0), abi.encode(0x40, 0, 0, 0));
    }

    function test_AFailureIsStoredWithItsReason() public {
        Moody app = new Moody();
        Sent memory sent = sendTo(address(app));
        vm.recordLogs();
        deliver(sent);
        (bool result, bytes memory reason) = received(vm.getRecordedLogs());
        vm.assertFalse(result);
        vm.assertEq(reason, abi.encodeWithSelector(Moody.Moody_NotNow.selector));
        assertOutcome(sent, IMessageService.Outcome.Failed);
        vm.assertEq(mosB.storedMessage(CHAIN_A, sent.orderId), keccak256(abi.encode(stored(sent))));
    }

    /// @dev MOS-8.
    function test_ATargetThatBurnsAllItsGasIsAFailure() public {
        Sent memory sent = sendTo(address(new Burner()));
        deliver(sent);
        assertOutcome(sent, IMessageService.Outcome.Failed);
    }

    function test_ATargetWithoutCodeIsAFailure() public {
        Sent memory sent = sendTo(address(0xc0de1e55));
        vm.recordLogs();
        deliver(sent);
        (, bytes memory reason) = received(vm.getRecordedLogs());
        vm.assertEq(reason, abi.encodeWithSelector(IMessageService.MOS_TargetHasNoCode.selector, address(0xc0de1e55)));
        assertOutcome(sent, IMessageService.Outcome.Failed);
    }

    function test_AMegabyteOfReturnDataIsCapped() public {
        Sent memory sent = send(encode(IMOSV3.MessageType.MESSAGE, address(new Bomb(true)), "", 5_000_000));
        bytes memory proof = prove(sent.log);
        vm.recordLogs();
        mosB.transferInWithIndex{gas: 5_400_000}(CHAIN_A, 0, proof);
        (bool result, bytes memory reason) = received(vm.getRecordedLogs());
        vm.assertFalse(result);
        vm.assertEq(reason.length, mosB.RETURN_DATA_CAP());
        sent = send(encode(IMOSV3.MessageType.MESSAGE, address(new Bomb(false)), "", 5_000_000));
        proof = prove(sent.log);
        mosB.transferInWithIndex{gas: 5_400_000}(CHAIN_A, 0, proof);
        assertOutcome(sent, IMessageService.Outcome.Delivered);
    }

    /// @dev Poly Network lost everything to a message that called a privileged contract. (MOS-7)
    function test_PrivilegedTargetsFail() public {
        address[4] memory targets = [address(mosB), address(client), address(feeB), address(timelock)];
        for (uint256 i = 0; i < targets.length; ++i) {
            vm.assertTrue(mosB.isForbiddenTarget(targets[i]));
            for (uint256 kind = 0; kind < 2; ++kind) {
                Sent memory sent = send(encode(IMOSV3.MessageType(kind), targets[i], "", GAS_LIMIT));
                vm.recordLogs();
                deliver(sent);
                (bool result, bytes memory reason) = received(vm.getRecordedLogs());
                vm.assertFalse(result);
                vm.assertEq(reason, abi.encodeWithSelector(IMessageService.MOS_ForbiddenTarget.selector, targets[i]));
            }
        }
    }

    /// @dev Senders approve MOS for fee tokens. A token that calls anybody for anybody (ERC-827) can be made to permit an
    ///      attacker's messages, and such a message would be a `transferFrom` by MOS of every approval.
    function test_AFeeTokenIsNeverCalled() public {
        CallingToken token = new CallingToken();
        list(feeB, CHAIN_A, address(token), 1);
        address victim = address(0x71c71);
        token.mint(victim, 100 ether);
        vm.prank(victim);
        token.approve(address(mosB), type(uint256).max);

        token.transferAndCall(
            address(mosB), 0, abi.encodeCall(mosB.addRemoteCaller, (CHAIN_A, abi.encodePacked(USER), true))
        );
        vm.assertTrue(mosB.getExecutePermission(address(token), CHAIN_A, abi.encodePacked(USER)));
        bytes memory theft = abi.encodeCall(token.transferFrom, (victim, USER, 100 ether));
        Sent memory sent = send(encode(IMOSV3.MessageType.CALLDATA, address(token), theft, GAS_LIMIT));
        vm.recordLogs();
        deliver(sent);
        (bool result, bytes memory reason) = received(vm.getRecordedLogs());
        vm.assertFalse(result);
        vm.assertEq(reason, abi.encodeWithSelector(IMessageService.MOS_ForbiddenTarget.selector, address(token)));
        vm.prank(PRICER);
        feeB.unlistToken(CHAIN_A, address(token));
        vm.expectPartialRevert(IMessageService.MOS_RetryFailed.selector);
        mosB.retry(stored(sent));
        vm.assertEq(token.balanceOf(victim), 100 ether);
    }

    function test_AReceiverCanSendInItsCallback() public {
        Caller app = new Caller();
        vm.deal(address(app), 1 ether);
        bytes memory reply = encode(IMOSV3.MessageType.MESSAGE, USER, "reply", GAS_LIMIT);
        app.plan(address(mosB), 1 ether, abi.encodeCall(mosB.transferOut, (CHAIN_A, reply, address(0))));
        deliver(sendTo(address(app)));
        vm.assertTrue(app.ok());
        vm.assertEq(uint256(mosB.laneNonce(CHAIN_A)), 1);
        vm.assertEq(address(app).balance, 1 ether - quote(GAS_LIMIT));
    }

    function test_AReceiverCannotReceiveInItsCallback() public {
        Probe other = new Probe();
        Moody moody = new Moody();
        Sent memory failed = sendTo(address(moody));
        deliver(failed);
        moody.setFailing(false);
        Sent memory nested = sendTo(address(other));
        bytes[5] memory attempts = [
            abi.encodeCall(mosB.transferIn, (CHAIN_A, prove(nested.log))),
            abi.encodeCall(mosB.transferInWithIndex, (CHAIN_A, 0, prove(nested.log))),
            abi.encodeCall(mosB.deliver, (CHAIN_A, new bytes[](0), 0, address(0), 0, prove(nested.log))),
            abi.encodeCall(
                mosB.transferInBatch,
                (CHAIN_A, new bytes[](0), new bytes32[](0), address(0), proveBatch(asArray(nested.log)))
            ),
            abi.encodeCall(mosB.retry, (stored(failed)))
        ];
        for (uint256 i = 0; i < attempts.length; ++i) {
            Caller app = new Caller();
            app.plan(address(mosB), 0, attempts[i]);
            deliver(sendTo(address(app)));
            vm.assertTrue(app.done());
            vm.assertFalse(app.ok());
            vm.assertEq(app.returned(), abi.encodeWithSelector(IMessageService.MOS_Reentered.selector));
        }
        assertOutcome(nested, IMessageService.Outcome.None);
        deliver(nested);
        mosB.retry(stored(failed));
        vm.assertEq(other.calls(), 1);
        vm.assertEq(moody.calls(), 1);
    }

    /// @dev A lock on sending would let an attacker deliver another's message from inside a refund, where its receiver
    ///      could not answer, and so make it fail.
    function test_AMessageDeliveredInsideARefundCanStillAnswer() public {
        Caller victim = new Caller();
        vm.deal(address(victim), 1 ether);
        bytes memory reply = encode(IMOSV3.MessageType.MESSAGE, USER, "reply", GAS_LIMIT);
        victim.plan(address(mosB), 1 ether, abi.encodeCall(mosB.transferOut, (CHAIN_A, reply, address(0))));
        Sent memory sent = sendTo(address(victim));
        bytes memory proof = prove(sent.log);

        RefundAttack attack = new RefundAttack();
        vm.deal(address(attack), 1 ether);
        attack.run(mosB, CHAIN_A, reply, abi.encodeCall(mosB.transferInWithIndex, (CHAIN_A, 0, proof)));
        vm.assertTrue(attack.delivered());
        vm.assertTrue(victim.ok());
        assertOutcome(sent, IMessageService.Outcome.Delivered);
    }

    function test_UpdatesAndDelivers() public {
        Probe app = new Probe();
        Sent memory sent = sendTo(address(app));
        (bytes32 root, bytes memory nodes) = ReceiptTrie.single(ReceiptTrie.receipt(asArray(sent.log)));
        bytes memory proof = abi.encode(IMessageService.ReceiptProof(abi.encode(root), 0, nodes));
        bytes[] memory updates = new bytes[](2);
        (updates[0], updates[1]) = (abi.encode(root), abi.encode(root));
        mosB.deliver(CHAIN_A, updates, 0, address(0), 0, proof);
        vm.assertEq(client.updates(), 2);
        vm.assertEq(app.calls(), 1);
    }

    function test_CountsWithTheExecutorBase() public {
        Counter counter = new Counter(mosB, address(this));
        Sent memory stranger = sendTo(address(counter));
        vm.recordLogs();
        deliver(stranger);
        (, bytes memory reason) = received(vm.getRecordedLogs());
        vm.assertEq(
            reason,
            abi.encodeWithSelector(MapoExecutor.MapoExecutor_UntrustedRemote.selector, CHAIN_A, abi.encodePacked(USER))
        );
        counter.setTrustedRemote(CHAIN_A, abi.encodePacked(USER), true);
        deliver(sendTo(address(counter)));
        vm.assertEq(uint256(counter.count()), 1);
        vm.assertEq(counter.lastSender(), USER);
        vm.expectRevert(abi.encodeWithSelector(MapoExecutor.MapoExecutor_NotMos.selector, address(mosB), address(this)));
        counter.mapoExecute(CHAIN_A, CHAIN_B, abi.encodePacked(USER), 0, "");
    }

    function _orderId(bytes memory message, uint64 nonce, address sender) private view returns (bytes32) {
        bytes32 digest =
            keccak256(abi.encode(1, CHAIN_A, address(mosA), CHAIN_B, nonce, sender, keccak256(message), keccak256("")));
        return bytes32((uint256(digest) >> 64 << 64) | nonce);
    }

    function _head(bytes memory data, uint256 length) private pure returns (bytes memory head) {
        head = new bytes(length);
        for (uint256 i = 0; i < length; ++i) {
            head[i] = data[i];
        }
    }
}

/// @notice Sends with too much money and calls MOS again when the change comes.
contract RefundAttack {
    IMessageService private _mos;
    bytes private _input;
    bool public delivered;

    function run(IMessageService mos, uint256 toChain, bytes calldata message, bytes calldata input) external {
        (_mos, _input) = (mos, input);
        mos.transferOut{value: 1 ether}(toChain, message, address(0));
    }

    receive() external payable {
        (delivered,) = address(_mos).call(_input);
    }
}
