// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMessageService} from "../../src/mos/interfaces/IMessageService.sol";
import {Vm} from "../utils/Vm.sol";
import {MosTest} from "./utils/MosTest.sol";
import {Burner, Probe} from "./utils/Receivers.sol";
import {ReceiptTrie} from "./utils/ReceiptTrie.sol";

/// @notice Many messages of one block in one transaction: nobody can spoil it from outside.
contract BatchTest is MosTest {
    Probe internal app;

    function setUp() public override {
        super.setUp();
        app = new Probe();
    }

    function test_DeliversFromSeveralReceiptsThatShareNodes() public {
        Sent memory first = sendTo(address(app));
        Sent memory second = sendTo(address(app));
        mosB.transferInBatch(
            CHAIN_A, new bytes[](0), new bytes32[](0), address(0), _pair(first, second, hex"00000001", hex"00000002")
        );
        vm.assertEq(app.calls(), 2);
        assertOutcome(first, IMessageService.Outcome.Delivered);
        assertOutcome(second, IMessageService.Outcome.Delivered);
    }

    function test_RevertWhen_OneProofIsBad() public {
        Sent memory first = sendTo(address(app));
        Sent memory second = sendTo(address(app));
        bytes[4] memory bad = [bytes(hex"00000001"), hex"0000", hex"", hex"00000002" hex"0002"];
        for (uint256 i = 0; i < bad.length; ++i) {
            bytes memory batch = _pair(first, second, hex"00000001", bad[i]);
            vm.expectRevert();
            mosB.transferInBatch(CHAIN_A, new bytes[](0), new bytes32[](0), address(0), batch);
        }
        vm.assertEq(app.calls(), 0);
    }

    function test_AMemberDeliveredByAnotherDoesNotSpoilTheBatch() public {
        Sent memory first = sendTo(address(app));
        Sent memory second = sendTo(address(app));
        Sent memory third = sendTo(address(app));
        Vm.Log[] memory logs = new Vm.Log[](3);
        (logs[0], logs[1], logs[2]) = (first.log, second.log, third.log);
        bytes memory batch = proveBatch(logs);
        deliver(second);
        vm.recordLogs();
        vm.assertEq(mosB.transferInBatch(CHAIN_A, new bytes[](0), new bytes32[](0), address(0), batch), 2);
        _assertSkipped(1, IMessageService.SkipReason.AlreadyDelivered);
        vm.assertEq(app.calls(), 3);
    }

    function test_AMemberNamedTwiceIsDeliveredOnce() public {
        Sent memory sent = sendTo(address(app));
        (bytes32 root, bytes memory node) = ReceiptTrie.single(ReceiptTrie.receipt(asArray(sent.log)));
        client.setFinal(root);
        bytes[] memory nodes = new bytes[](1);
        nodes[0] = node;
        IMessageService.BatchMember[] memory members = new IMessageService.BatchMember[](2);
        members[0] = members[1] = IMessageService.BatchMember(0, 0, hex"0000");
        bytes memory batch = abi.encode(IMessageService.BatchProof(abi.encode(root), nodes, members));
        vm.assertEq(mosB.transferInBatch(CHAIN_A, new bytes[](0), new bytes32[](0), address(0), batch), 1);
        vm.assertEq(app.calls(), 1);
    }

    function test_ForeignAndMalformedMembersAreSkippedAndReported() public {
        IMessageService.SkipReason[5] memory reasons = [
            IMessageService.SkipReason.ForeignEmitter,
            IMessageService.SkipReason.ForeignTopic,
            IMessageService.SkipReason.ForeignLane,
            IMessageService.SkipReason.MalformedLog,
            IMessageService.SkipReason.OrderIdMismatch
        ];
        for (uint256 i = 0; i < reasons.length; ++i) {
            Sent memory bad = sendTo(address(app));
            if (i == 0) bad.log.emitter = address(0xbad);
            if (i == 1) bad.log.topics[0] = 0;
            if (i == 2) bad.log.topics[2] = 0;
            if (i == 3) bad.log.data = bytes.concat(bad.log.data, hex"00");
            if (i == 4) bad.log.data[0] ^= 0x01;
            Sent memory good = sendTo(address(app));
            bytes memory batch = proveBatch(asArray(bad.log, good.log));
            vm.recordLogs();
            vm.assertEq(mosB.transferInBatch(CHAIN_A, new bytes[](0), new bytes32[](0), address(0), batch), 1);
            _assertSkipped(0, reasons[i]);
            assertOutcome(good, IMessageService.Outcome.Delivered);
            assertOutcome(bad, IMessageService.Outcome.None);
        }
    }

    function test_AFailureOfOneDoesNotTouchTheOthers() public {
        Sent memory first = sendTo(address(new Burner()));
        Sent memory second = sendTo(address(app));
        vm.assertEq(
            mosB.transferInBatch(
                CHAIN_A, new bytes[](0), new bytes32[](0), address(0), proveBatch(asArray(first.log, second.log))
            ),
            2
        );
        assertOutcome(first, IMessageService.Outcome.Failed);
        assertOutcome(second, IMessageService.Outcome.Delivered);
    }

    /// @dev The updates that come with a batch stay, also where others delivered all of it.
    function test_UpdatesStayWhereNothingIsLeftToDeliver() public {
        Sent memory sent = sendTo(address(app));
        bytes memory batch = proveBatch(asArray(sent.log));
        deliver(sent);
        bytes[] memory updates = new bytes[](1);
        updates[0] = abi.encode(keccak256("another root"));
        vm.assertEq(mosB.transferInBatch(CHAIN_A, updates, new bytes32[](0), address(0), batch), 0);
        vm.assertEq(client.updates(), 1);
    }

    function _pair(Sent memory first, Sent memory second, bytes memory path0, bytes memory path1)
        private
        returns (bytes memory)
    {
        (bytes32 root, bytes[] memory nodes) =
            ReceiptTrie.pair(ReceiptTrie.receipt(asArray(first.log)), ReceiptTrie.receipt(asArray(second.log)));
        client.setFinal(root);
        IMessageService.BatchMember[] memory members = new IMessageService.BatchMember[](2);
        members[0] = IMessageService.BatchMember(0, 0, path0);
        members[1] = IMessageService.BatchMember(1, 0, path1);
        return abi.encode(IMessageService.BatchProof(abi.encode(root), nodes, members));
    }

    function _assertSkipped(uint256 logIndex, IMessageService.SkipReason reason) private {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i = 0; i < logs.length; ++i) {
            if (logs[i].topics[0] != IMessageService.MessageSkipped.selector) continue;
            vm.assertEq(logs[i].data, abi.encode(0, logIndex, reason));
            return;
        }
        revert("nothing was skipped");
    }
}
