// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMessageService} from "../../src/mos/interfaces/IMessageService.sol";
import {IMOSV3} from "../../src/mos/interfaces/IMOSV3.sol";
import {MosTest} from "../mos/utils/MosTest.sol";
import {ReceiptTrie} from "../mos/utils/ReceiptTrie.sol";
import {Burner} from "../mos/utils/Receivers.sol";
import {Vm} from "../utils/Vm.sol";

/// @notice A batch stops where the gas does not cover the next member. But the gas was looked at only once the member was
///         verified, and whoever sends a message chooses how long its receipt is: a receipt of 200 KB, or of many logs,
///         ran the batch out of gas while it was hashed and read, and undid the members that had run. A target that
///         burns more than it did when the gas was estimated is enough to get there.
contract BatchDiesVerifyingTest is MosTest {
    /// @dev Gas that looking at a second member costs, and saying that the batch stops before it.
    uint256 private constant LOOP = 8000;

    function test_ALongReceiptDoesNotUndoWhatRan() public {
        Vm.Log memory ballast;
        ballast.emitter = address(0xba11a57);
        ballast.topics = new bytes32[](0);
        ballast.data = new bytes(200_000);
        _scan(ballast, 1);
    }

    function test_ManyLogsDoNotUndoWhatRan() public {
        Vm.Log memory ballast;
        ballast.emitter = address(0xba11a57);
        ballast.topics = new bytes32[](0);
        ballast.data = "";
        _scan(ballast, 1500);
    }

    /// @dev Two transactions; the second's receipt has `number` other logs in front of its message. Whatever gas delivers
    ///      the first alone delivers it also when the second comes behind it.
    function _scan(Vm.Log memory ballast, uint256 number) private {
        bytes memory message = encode(IMOSV3.MessageType.MESSAGE, address(new Burner()), "", 21_000);
        Vm.Log[] memory first = asArray(send(message).log);
        Vm.Log[] memory second = new Vm.Log[](number + 1);
        for (uint256 i = 0; i < number; ++i) {
            second[i] = ballast;
        }
        second[number] = send(message).log;
        (bytes32 root, bytes[] memory nodes) = ReceiptTrie.pair(ReceiptTrie.receipt(first), ReceiptTrie.receipt(second));
        client.setFinal(root);
        IMessageService.BatchMember[] memory members = new IMessageService.BatchMember[](2);
        members[0] = IMessageService.BatchMember(0, 0, hex"00000001");
        members[1] = IMessageService.BatchMember(1, number, hex"00000002");
        IMessageService.BatchMember[] memory alone = new IMessageService.BatchMember[](1);
        alone[0] = members[0];

        uint256 gas = 100_000;
        bytes memory input = _input(IMessageService.BatchProof(abi.encode(root), nodes, alone));
        while (_delivered(input, gas) == 0) {
            gas += 1000;
        }
        input = _input(IMessageService.BatchProof(abi.encode(root), nodes, members));
        uint256 delivered = 1;
        for (gas += LOOP; delivered != 2; gas += 8000) {
            delivered = _delivered(input, gas);
            vm.assertGt(delivered, 0);
        }
    }

    function _input(IMessageService.BatchProof memory batch) private view returns (bytes memory) {
        return abi.encodeCall(
            mosB.transferInBatch, (CHAIN_A, new bytes[](0), new bytes32[](0), address(0), abi.encode(batch))
        );
    }

    /// @dev How many members this much gas delivers; 0 if it reverts. Nothing is kept.
    function _delivered(bytes memory input, uint256 gas) private returns (uint256) {
        uint256 snapshot = vm.snapshotState();
        (bool ok, bytes memory returned) = address(mosB).call{gas: gas}(input);
        vm.revertToState(snapshot);
        return ok ? abi.decode(returned, (uint256)) : 0;
    }
}
