// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMessageService} from "../../src/mos/interfaces/IMessageService.sol";
import {IMOSV3} from "../../src/mos/interfaces/IMOSV3.sol";
import {MosTest} from "../mos/utils/MosTest.sol";
import {Burner, Moody} from "../mos/utils/Receivers.sol";
import {Vm} from "../utils/Vm.sol";

/// @notice A batch stops where the gas does not cover the next member, and keeps what ran. Two amounts of gas undid what ran:
///         - For a message past its deadline MOS asked only for its usual reserve, since no target is called. But an ordered
///           message that expires out of its turn writes more than any other: its nonce's word, that it expired, and both
///           ends of a run in its stream, four words from zero. Between the reserve and that, the batch ran out of gas.
///         - Whether to stop was asked once, and then again whether the gas sufficed, which reverts. The first question cost
///           gas itself: what barely passed it failed the second.
///         Every kind of second member is tried here, with all storage cold, at every amount of gas.
contract BatchDiesAtItsEdgeTest is MosTest {
    uint64 private constant DEADLINE = 1_000_000;
    /// @dev Gas that looking at a second member costs, and saying that the batch stops before it.
    uint256 private constant LOOP = 10_000;
    uint256 private constant STEP = 250;

    Moody private app;
    address private burner;

    function setUp() public override {
        super.setUp();
        app = new Moody();
        app.setFailing(false);
        burner = address(new Burner());
        vm.warp(1000);
    }

    function test_AnOrderedOneThatExpiresOutOfTurn() public {
        _ordered(address(app), 0);
        Vm.Log memory first = _first();
        Vm.Log memory late = _ordered(address(app), DEADLINE).log;
        vm.warp(DEADLINE);
        _scan(first, late);
    }

    function test_AnOrderedOneThatFailedAndExpires() public {
        Sent memory late = _ordered(burner, DEADLINE);
        Vm.Log memory first = _first();
        deliver(late);
        vm.warp(DEADLINE);
        _scan(first, late.log);
    }

    function test_AnOrderedOneThatSucceeds() public {
        Vm.Log memory first = _first();
        _scan(first, _ordered(address(app), DEADLINE).log);
    }

    function test_AnOrderedOneThatFails() public {
        Vm.Log memory first = _first();
        _scan(first, _ordered(burner, DEADLINE).log);
    }

    /// @dev The last nonce of a word, so that the second member's is the first of another.
    function _first() private returns (Vm.Log memory) {
        bytes memory message = encode(IMOSV3.MessageType.MESSAGE, burner, "", 21_000);
        while (mosA.laneNonce(CHAIN_B) < 255) {
            send(message);
        }
        return send(message).log;
    }

    function _ordered(address target, uint64 deadline) private returns (Sent memory) {
        return sendWith(
            encode(IMOSV3.MessageType.MESSAGE, target, "", 150_000),
            IMessageService.MessageOptions(deadline, true, USER)
        );
    }

    /// @dev Whatever gas delivers the first alone delivers it also when the second comes behind it.
    function _scan(Vm.Log memory first, Vm.Log memory second) private {
        bytes memory input = _input(asArray(first));
        uint256 gas = 100_000;
        while (_delivered(input, gas) == 0) {
            gas += STEP;
        }
        input = _input(asArray(first, second));
        uint256 delivered;
        for (gas += LOOP; delivered != 2; gas += STEP) {
            delivered = _delivered(input, gas);
            vm.assertGt(delivered, 0);
        }
    }

    function _input(Vm.Log[] memory logs) private returns (bytes memory) {
        return
            abi.encodeCall(
                mosB.transferInBatch, (CHAIN_A, new bytes[](0), new bytes32[](0), address(0), proveBatch(logs))
            );
    }

    /// @dev How many members this much gas delivers; 0 if it reverts. Nothing is kept.
    function _delivered(bytes memory input, uint256 gas) private returns (uint256) {
        uint256 snapshot = vm.snapshotState();
        vm.cool(address(mosB));
        vm.cool(address(feeB));
        vm.cool(address(client));
        vm.cool(address(app));
        vm.cool(burner);
        (bool ok, bytes memory returned) = address(mosB).call{gas: gas}(input);
        vm.revertToState(snapshot);
        return ok ? abi.decode(returned, (uint256)) : 0;
    }
}
