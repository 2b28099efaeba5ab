// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMessageService} from "../../src/mos/interfaces/IMessageService.sol";
import {IMOSV3} from "../../src/mos/interfaces/IMOSV3.sol";
import {Vm} from "../utils/Vm.sol";
import {MosTest} from "./utils/MosTest.sol";
import {Moody} from "./utils/Receivers.sol";

/// @notice Proofs whose offsets, lengths and words were tampered with never deliver anything but the message that was
///         sent, as it was sent, once.
contract HostileProofTest is MosTest {
    Moody private app;

    function setUp() public override {
        super.setUp();
        app = new Moody();
        app.setFailing(false);
    }

    /// @dev Words that lead astray: wrapping, negative, at the ends of calldata, into other parts of the proof.
    function _word(uint256 seed, uint256 length) private pure returns (uint256) {
        uint256 kind = seed % 8;
        seed >>= 8;
        if (kind == 0) return type(uint256).max - seed % 0x400;
        if (kind == 1) return seed % (length + 0x100);
        if (kind == 2) return seed % (length / 32 + 2) * 32;
        if (kind == 3) return (1 << 64) - 0x80 + seed % 0x100;
        if (kind == 4) return (1 << 255) - 0x80 + seed % 0x100;
        if (kind == 5) return 0;
        if (kind == 6) return 1 << (seed % 256);
        return seed;
    }

    /// @dev Alters words of `proof` in place: the head, where offsets and lengths are, more often than the rest.
    function _alter(bytes memory proof, uint256 seed) private pure {
        uint256 changes = 1 + seed % 3;
        for (uint256 i = 0; i < changes; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            uint256 words = proof.length / 32;
            uint256 at = seed & 1 == 0 ? (seed >> 8) % (words < 24 ? words : 24) : (seed >> 8) % words;
            uint256 value = _word(uint256(keccak256(abi.encode(seed, "value"))), proof.length);
            assembly ("memory-safe") {
                mstore(add(proof, mul(add(at, 1), 32)), value)
            }
        }
    }

    /// forge-config: default.fuzz.runs = 2000
    function testFuzz_AnAlteredReceiptProofDeliversTheSameOrNothing(uint256 seed, bool all) public {
        Sent memory sent = sendTo(address(app));
        bytes memory proof = prove(sent.log);
        _alter(proof, seed);
        bytes memory input = all
            ? abi.encodeCall(mosB.transferIn, (CHAIN_A, proof))
            : abi.encodeCall(mosB.transferInWithIndex, (CHAIN_A, 0, proof));
        (bool ok,) = address(mosB).call{gas: 10_000_000}(input);
        _assertOnlyThese(ok ? 1 : 0, sent, sent);
    }

    /// forge-config: default.fuzz.runs = 2000
    function testFuzz_AnAlteredBatchDeliversTheSameOrNothing(uint256 seed) public {
        Sent memory first = sendTo(address(app));
        Sent memory second = sendTo(address(app));
        bytes memory batch = proveBatch(asArray(first.log, second.log));
        _alter(batch, seed);
        (bool ok, bytes memory returned) = address(mosB).call{gas: 10_000_000}(
            abi.encodeCall(mosB.transferInBatch, (CHAIN_A, new bytes[](0), new bytes32[](0), address(0), batch))
        );
        _assertOnlyThese(ok ? abi.decode(returned, (uint256)) : 0, first, second);
    }

    function _assertOnlyThese(uint256 delivered, Sent memory first, Sent memory second) private view {
        vm.assertEq(app.calls(), delivered);
        uint256 taken = app.taken(first.orderId);
        vm.assertLe(taken, 1);
        if (second.orderId != first.orderId) {
            vm.assertLe(app.taken(second.orderId), 1);
            taken += app.taken(second.orderId);
        }
        vm.assertEq(taken, delivered);
        if (delivered == 0) return;
        vm.assertEq(app.lastSender(), USER);
        vm.assertEq(app.lastChain(), CHAIN_A);
        vm.assertEq(app.lastMessage(), "hello");
    }

    /// @dev The same member many times over in one batch.
    function test_AMemberThatIsRepeatedRunsOnce() public {
        Sent memory sent = sendTo(address(app));
        Vm.Log[] memory logs = asArray(sent.log);
        IMessageService.BatchProof memory batch = abi.decode(proveBatch(logs), (IMessageService.BatchProof));
        IMessageService.BatchMember memory member = batch.members[0];
        batch.members = new IMessageService.BatchMember[](5);
        for (uint256 i = 0; i < 5; ++i) {
            batch.members[i] = member;
        }
        vm.assertEq(mosB.transferInBatch(CHAIN_A, new bytes[](0), new bytes32[](0), address(0), abi.encode(batch)), 1);
        vm.assertEq(app.taken(sent.orderId), 1);
    }

    /// @dev A log of MOS' own shape inside the payload of a message, which is inside a proven receipt, is not a log: no
    ///      index and no path leads there.
    function test_RevertWhen_TheReceiptIsInsideAPayload() public {
        Sent memory inner = sendTo(address(app));
        IMessageService.ReceiptProof memory proof = abi.decode(prove(inner.log), (IMessageService.ReceiptProof));
        Sent memory outer = send(encode(IMOSV3.MessageType.MESSAGE, address(app), proof.nodes, GAS_LIMIT));
        IMessageService.ReceiptProof memory carried = abi.decode(prove(outer.log), (IMessageService.ReceiptProof));
        // The root is of the outer receipt, the nodes are what the payload holds.
        carried.nodes = proof.nodes;
        vm.expectRevert();
        mosB.transferInWithIndex(CHAIN_A, 0, abi.encode(carried));
        // Both, one behind the other.
        carried.nodes = bytes.concat(abi.decode(prove(outer.log), (IMessageService.ReceiptProof)).nodes, proof.nodes);
        vm.expectRevert();
        mosB.transferInWithIndex(CHAIN_A, 0, abi.encode(carried));
        vm.assertEq(app.calls(), 0);
    }

    /// @dev A leaf whose path is the key of another transaction does not prove this one.
    function testFuzz_RevertWhen_TheTransactionIsAnother(uint256 txIndex) public {
        txIndex = bound(txIndex, 1, type(uint256).max - 1);
        Sent memory sent = sendTo(address(app));
        IMessageService.ReceiptProof memory proof = abi.decode(prove(sent.log), (IMessageService.ReceiptProof));
        proof.txIndex = txIndex;
        vm.expectRevert();
        mosB.transferInWithIndex(CHAIN_A, 0, abi.encode(proof));
        vm.assertEq(app.calls(), 0);
    }
}
