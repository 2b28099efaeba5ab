// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMessageService} from "../../src/mos/interfaces/IMessageService.sol";
import {IMOSV3} from "../../src/mos/interfaces/IMOSV3.sol";
import {MessageCodec} from "../../src/mos/libraries/MessageCodec.sol";
import {Vm} from "../utils/Vm.sol";
import {MosTest} from "./utils/MosTest.sol";
import {Burner, Probe} from "./utils/Receivers.sol";

/// @notice A message is delivered with the gas that it asked for, or nothing is consumed.
contract GasTest is MosTest {
    /// @dev Gas that the probe's own entry costs before it reads `gasleft()`.
    uint256 private constant PROBE_ENTRY = 200;
    /// @dev Enough for any message that these tests deliver, and below a transaction's cap (EIP-7825).
    uint256 private constant PLENTY = 16_000_000;

    /// @dev MAP Protocol's MOS ran a 3 M message with 1.3 M of gas, marked it used and lost it. [PoC6]
    function test_RevertWhen_TooLittleGasIsThere() public {
        Probe app = new Probe();
        Sent memory sent = send(encode(IMOSV3.MessageType.MESSAGE, address(app), "", 3_000_000));
        bytes memory proof = prove(sent.log);
        vm.expectPartialRevert(IMessageService.MOS_InsufficientGas.selector);
        mosB.transferInWithIndex{gas: 1_300_000}(CHAIN_A, 0, proof);
        assertOutcome(sent, IMessageService.Outcome.None);
        mosB.transferInWithIndex{gas: 3_400_000}(CHAIN_A, 0, proof);
        assertOutcome(sent, IMessageService.Outcome.Delivered);
    }

    /// @dev For every amount of gas, gas limit, payload and kind: the target saw its gas limit, or nothing happened and
    ///      the message is delivered by the next caller who brings enough. (MOS-3)
    function testFuzz_AllOrNothing(uint256 supplied, uint256 gasLimit, uint256 length, bool callData) public {
        gasLimit = bound(gasLimit, 100_000, 2_000_000);
        length = bound(length, 0, MessageCodec.MAX_LENGTH - 0x140);
        supplied = bound(supplied, gasLimit, gasLimit + 800_000);
        Probe app = new Probe();
        vm.prank(address(app));
        mosB.addRemoteCaller(CHAIN_A, abi.encodePacked(USER), true);
        IMOSV3.MessageType kind = callData ? IMOSV3.MessageType.CALLDATA : IMOSV3.MessageType.MESSAGE;
        Sent memory sent = send(encode(kind, address(app), new bytes(length), gasLimit));
        bytes memory input = abi.encodeCall(mosB.transferInWithIndex, (CHAIN_A, 0, prove(sent.log)));
        vm.cool(address(mosB));
        vm.cool(address(app));
        (bool ok,) = address(mosB).call{gas: supplied}(input);
        if (!ok) {
            vm.assertEq(app.calls(), 0);
            assertOutcome(sent, IMessageService.Outcome.None);
            (ok,) = address(mosB).call{gas: PLENTY}(input);
            vm.assertTrue(ok);
        }
        vm.assertEq(app.calls(), 1);
        vm.assertGe(app.gasSeen() + PROBE_ENTRY, gasLimit);
        assertOutcome(sent, IMessageService.Outcome.Delivered);
    }

    /// @dev The reserve is enough: where the check passes, a target that burns everything and leaves a long message to
    ///      store never makes the delivery run out of gas behind it. Only that lets a batch stop in time.
    function testFuzz_TheReserveCoversWhatComesAfter(uint256 above, uint256 gasLimit, uint256 length) public {
        gasLimit = bound(gasLimit, MessageCodec.MIN_GAS_LIMIT, 3_000_000);
        length = bound(length, 0, MessageCodec.MAX_LENGTH - 0x140);
        Sent memory sent = send(encode(IMOSV3.MessageType.MESSAGE, address(new Burner()), new bytes(length), gasLimit));
        bytes memory input = abi.encodeCall(mosB.transferInWithIndex, (CHAIN_A, 0, prove(sent.log)));
        uint256 least = _leastGas(input);
        vm.cool(address(mosB));
        (bool ok,) = address(mosB).call{gas: least + bound(above, 0, 200_000)}(input);
        vm.assertTrue(ok);
        assertOutcome(sent, IMessageService.Outcome.Failed);
    }

    function test_TheReserveCoversTheLongestMessageInMemory() public {
        uint256 length = MessageCodec.MAX_LENGTH - 0x140;
        Sent memory sent = send(encode(IMOSV3.MessageType.MESSAGE, address(new Burner()), new bytes(length), 21_000));
        bytes memory input = abi.encodeCall(mosB.transferInWithIndex, (CHAIN_A, 0, prove(sent.log)));
        uint256 least = _leastGas(input);
        vm.cool(address(mosB));
        (bool ok,) = address(mosB).call{gas: least}(input);
        vm.assertTrue(ok);
    }

    function test_ABatchStopsWhereTheGasEnds() public {
        address burner = address(new Burner());
        Vm.Log[] memory logs = new Vm.Log[](5);
        for (uint256 i = 0; i < 5; ++i) {
            logs[i] = send(encode(IMOSV3.MessageType.MESSAGE, burner, "", 1_000_000)).log;
        }
        bytes memory batch = proveBatch(logs);
        vm.expectPartialRevert(IMessageService.MOS_InsufficientGas.selector);
        mosB.transferInBatch{gas: 900_000}(CHAIN_A, new bytes[](0), new bytes32[](0), address(0), batch);
        vm.recordLogs();
        vm.assertEq(
            mosB.transferInBatch{gas: 3_600_000}(CHAIN_A, new bytes[](0), new bytes32[](0), address(0), batch), 3
        );
        Vm.Log[] memory emitted = vm.getRecordedLogs();
        Vm.Log memory last = emitted[emitted.length - 1];
        vm.assertEq(last.topics[0], IMessageService.BatchStopped.selector);
        vm.assertEq(abi.decode(last.data, (uint256)), 3);
        vm.assertEq(mosB.transferInBatch(CHAIN_A, new bytes[](0), new bytes32[](0), address(0), batch), 2);
    }

    /// @dev At every amount of gas a batch of burners delivers a prefix or reverts by its own check: it never loses what
    ///      ran to an out-of-gas behind it.
    function testFuzz_ABatchKeepsWhatRan(uint256 supplied, uint256 length) public {
        length = bound(length, 0, 4096);
        address burner = address(new Burner());
        Vm.Log[] memory logs = new Vm.Log[](4);
        for (uint256 i = 0; i < 4; ++i) {
            logs[i] = send(encode(IMOSV3.MessageType.MESSAGE, burner, new bytes(length), 300_000)).log;
        }
        bytes memory input = abi.encodeCall(
            mosB.transferInBatch, (CHAIN_A, new bytes[](0), new bytes32[](0), address(0), proveBatch(logs))
        );
        vm.cool(address(mosB));
        vm.cool(burner);
        supplied = bound(supplied, 250_000, 3_000_000);
        (bool ok, bytes memory returned) = address(mosB).call{gas: supplied}(input);
        if (ok) {
            uint256 delivered = abi.decode(returned, (uint256));
            vm.assertTrue(delivered > 0 && delivered <= 4);
            for (uint64 i = 0; i < 4; ++i) {
                vm.assertEq(mosB.isConsumed(CHAIN_A, address(mosA), i), i < delivered);
            }
        } else {
            vm.assertEq(bytes32(bytes4(returned)), bytes32(IMessageService.MOS_InsufficientGas.selector));
            // It was the first that was not covered: alone, with a little less for the shorter proof, it is not either.
            bytes memory alone = abi.encodeCall(
                mosB.transferInBatch,
                (CHAIN_A, new bytes[](0), new bytes32[](0), address(0), proveBatch(asArray(logs[0])))
            );
            vm.cool(address(mosB));
            vm.cool(burner);
            (ok,) = address(mosB).call{gas: supplied - 40_000}(alone);
            vm.assertFalse(ok);
        }
    }

    /// @dev A retry gives its target at least the message's own limit, or reverts.
    function testFuzz_ARetryGivesAtLeastTheLimit(uint256 supplied, uint256 gasLimit) public {
        gasLimit = bound(gasLimit, 100_000, 2_000_000);
        address target = address(0xcafe);
        Sent memory sent = send(encode(IMOSV3.MessageType.MESSAGE, target, "", gasLimit));
        deliver(sent);
        vm.etch(target, address(new Probe()).code);
        bytes memory input = abi.encodeCall(mosB.retry, (stored(sent)));
        (bool ok, bytes memory returned) = address(mosB).call{gas: bound(supplied, gasLimit, gasLimit + 300_000)}(input);
        if (ok) {
            vm.assertGe(Probe(target).gasSeen() + PROBE_ENTRY, gasLimit);
        } else {
            vm.assertEq(bytes32(bytes4(returned)), bytes32(IMessageService.MOS_InsufficientGas.selector));
            assertOutcome(sent, IMessageService.Outcome.Failed);
        }
    }

    function test_ARetryGivesAllThatIsThere() public {
        address target = address(0xcafe);
        Sent memory sent = send(encode(IMOSV3.MessageType.MESSAGE, target, "", 21_000));
        deliver(sent);
        vm.etch(target, address(new Probe()).code);
        mosB.retry{gas: 5_000_000}(stored(sent));
        vm.assertGe(Probe(target).gasSeen(), 4_700_000);
    }

    /// @dev The least gas with which the call passes MOS' own check.
    function _leastGas(bytes memory input) private returns (uint256 least) {
        uint256 most = PLENTY;
        while (least + 1 < most) {
            uint256 middle = (least + most) / 2;
            uint256 before = vm.snapshotState();
            vm.cool(address(mosB));
            (bool ok, bytes memory returned) = address(mosB).call{gas: middle}(input);
            vm.revertToState(before);
            // Too little to come as far as the check, or refused by it.
            if (!ok && (returned.length == 0 || bytes4(returned) == IMessageService.MOS_InsufficientGas.selector)) {
                least = middle;
            } else {
                most = middle;
            }
        }
        return most;
    }
}
