// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IFeeService} from "../../src/mos/interfaces/IFeeService.sol";
import {IMessageService} from "../../src/mos/interfaces/IMessageService.sol";
import {IMOSV3} from "../../src/mos/interfaces/IMOSV3.sol";
import {MosTest} from "../mos/utils/MosTest.sol";
import {ReceiptTrie} from "../mos/utils/ReceiptTrie.sol";
import {Moody} from "../mos/utils/Receivers.sol";
import {Vm} from "../utils/Vm.sol";

/// @notice Has MOS called and logs so much in the same transaction that nobody can carry its receipt.
contract Shouter {
    function run(IMessageService mos, bytes calldata input, uint256 length) external {
        (bool ok,) = address(mos).call(input);
        require(ok);
        bytes memory noise = new bytes(length);
        assembly ("memory-safe") {
            for { let i := 32 } iszero(gt(i, length)) { i := add(i, 32) } { mstore(add(noise, i), not(0)) }
            log0(add(noise, 32), length)
        }
    }
}

/// @notice A refund at the source needs the target's expiry record, whose proof holds the whole receipt of its
///         transaction, and the record was made once. Anybody may be the one who makes it. For some 5 M gas he logged half a
///         megabyte beside it: a receipt that no transaction at the source can carry, and so a refund that could never
///         be proven. Whoever proves the order again now gets the same record again, in a receipt of his own.
contract ExpiryBuriedInALongReceiptTest is MosTest {
    uint64 private constant DEADLINE = 1_000_000;
    address private constant HEIR = address(0x4e14);
    /// @dev Greatest gas limit of a transaction (EIP-7825), and the least price of a byte that is not zero (EIP-7623).
    uint256 private constant TRANSACTION_CAP = 1 << 24;
    uint256 private constant FLOOR_PER_BYTE = 40;
    uint256 private constant NOISE = 500_000;

    Moody private app;
    Sent private sent;

    function setUp() public override {
        super.setUp();
        app = new Moody();
        vm.warp(1000);
        Sent memory one = sendWith(
            encode(IMOSV3.MessageType.MESSAGE, address(app), "hello", GAS_LIMIT),
            IMessageService.MessageOptions(DEADLINE, true, HEIR)
        );
        (sent.orderId, sent.messageData, sent.options) = (one.orderId, one.messageData, one.options);
        (sent.log.topics, sent.log.data, sent.log.emitter) = (one.log.topics, one.log.data, one.log.emitter);
    }

    function test_TheRefundIsProvenAllTheSame() public {
        vm.warp(DEADLINE);
        Vm.Log[] memory buried = _bury();
        vm.assertGt(ReceiptTrie.receipt(buried).length * FLOOR_PER_BYTE, TRANSACTION_CAP);

        vm.recordLogs();
        mosB.transferInWithIndex(CHAIN_A, 0, prove(sent.log));
        Vm.Log[] memory again = vm.getRecordedLogs();
        vm.assertEq(app.calls(), 0);
        assertOutcome(sent, IMessageService.Outcome.Expired);
        bytes memory proof = proveOnA(again);
        vm.assertEq(feeA.settle(CHAIN_B, proof), 1);
        vm.assertEq(feeA.owed(HEIR, address(0)), quote(GAS_LIMIT));
        // Once, whichever record is shown.
        proof = proveOnA(buried);
        vm.expectRevert(abi.encodeWithSelector(IFeeService.FeeService_NothingToSettle.selector, CHAIN_B));
        feeA.settle(CHAIN_B, proof);
    }

    /// @dev The record says what it said the first time: the fee of an order that was run stays its deliverer's.
    function test_TheRecordIsTheSameEachTime() public {
        deliver(sent);
        vm.warp(DEADLINE);
        _bury();
        bytes memory proof = prove(sent.log);
        for (uint256 i = 0; i < 2; ++i) {
            vm.expectEmit(address(mosB));
            emit IMessageService.ExpiryRecord(CHAIN_A, sent.orderId, HEIR, true);
            mosB.deliver(CHAIN_A, new bytes[](0), 0, PAYEE, 0, proof);
        }
        vm.assertEq(uint256(mosB.awaitedSequence(CHAIN_A, address(mosA), USER, address(app))), 2);
    }

    /// @dev Who only carries messages loses nothing to it: his hint, his batch and a whole receipt pass it over as before.
    function test_ADelivererIsNotDrawnIn() public {
        vm.warp(DEADLINE);
        _bury();
        bytes memory proof = prove(sent.log);
        bytes memory batch = proveBatch(asArray(sent.log));
        vm.expectRevert(abi.encodeWithSelector(IMessageService.MOS_AlreadyDelivered.selector, CHAIN_A, sent.orderId));
        mosB.deliver(CHAIN_A, new bytes[](0), sent.orderId, PAYEE, 0, proof);
        vm.expectPartialRevert(IMessageService.MOS_AlreadyDelivered.selector);
        mosB.deliver(CHAIN_A, new bytes[](0), bytes32(uint256(sent.orderId) + 1), PAYEE, 0, proof);
        vm.expectRevert(IMessageService.MOS_NothingDelivered.selector);
        mosB.transferIn(CHAIN_A, proof);
        vm.assertEq(mosB.transferInBatch(CHAIN_A, new bytes[](0), new bytes32[](0), PAYEE, batch), 0);
    }

    function _bury() private returns (Vm.Log[] memory) {
        bytes memory input = abi.encodeCall(mosB.transferInWithIndex, (CHAIN_A, 0, prove(sent.log)));
        Shouter shouter = new Shouter();
        vm.recordLogs();
        shouter.run{gas: 8_000_000}(mosB, input, NOISE);
        return vm.getRecordedLogs();
    }
}
