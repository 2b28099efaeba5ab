// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ILightClient} from "../../src/light-clients/ILightClient.sol";
import {IMessageService} from "../../src/mos/interfaces/IMessageService.sol";
import {IMOSV3} from "../../src/mos/interfaces/IMOSV3.sol";
import {Vm} from "../utils/Vm.sol";
import {MosTest} from "./utils/MosTest.sol";
import {ReceiptTrie} from "./utils/ReceiptTrie.sol";
import {TestLightClient} from "./utils/TestLightClient.sol";
import {Moody} from "./utils/Receivers.sol";

/// @notice What can become of an order or its fee. Counted, so that it can be seen that the handler gets there.
enum Reached {
    Delivered,
    Failed,
    Retried,
    Expired,
    ExpiredAfterFailure,
    OutOfOrder,
    Earned,
    Refunded
}

/// @notice Sends with and without options, delivers, repeats, retries, lets expire, settles fees and pauses in any order.
contract MosHandler is MosTest {
    Sent[] internal sent;
    Moody public app;
    /// @dev A failed order is Delivered only through a retry, and a Delivered one stays so.
    mapping(bytes32 orderId => IMessageService.Outcome) public last;
    bool public broken;
    mapping(Reached => uint256 times) public reached;
    address internal constant REFUNDED = address(0x4ef);
    uint256 public charged;
    uint256 public withdrawn;
    /// @dev Logs of the last call to B's MOS that succeeded.
    Vm.Log[] private _logs;

    function setUp() public override {}

    function prepare() external {
        super.setUp();
        app = new Moody();
    }

    function count() external view returns (uint256) {
        return sent.length;
    }

    function sendOne(uint256 gas, bool flat, uint96 tip) external {
        gas = bound(gas, 21_000, 500_000);
        bytes memory data = flat
            ? abi.encode(false, IMOSV3.MessageType.MESSAGE, abi.encodePacked(address(app)), bytes("m"), gas, uint256(0))
            : encode(IMOSV3.MessageType.MESSAGE, address(app), "m", gas);
        vm.chainId(CHAIN_A);
        vm.recordLogs();
        vm.deal(USER, uint256(tip) + 1 ether);
        vm.prank(USER);
        bytes32 id = mosA.transferOut{value: uint256(tip) + 1 ether}(CHAIN_B, data, address(0));
        Vm.Log memory log = messageLog(vm.getRecordedLogs());
        charged += quote(gas);
        vm.chainId(CHAIN_B);
        Sent memory one;
        (one.orderId, one.messageData, one.log) = (id, data, log);
        _push(one);
    }

    function sendWithOptions(uint256 gas, uint64 deadline, bool ordered) external {
        gas = bound(gas, 21_000, 500_000);
        deadline = deadline % 4 == 0 ? 0 : uint64(bound(deadline, block.timestamp + 1, block.timestamp + 2 hours));
        bytes memory data = encode(IMOSV3.MessageType.MESSAGE, address(app), "m", gas);
        charged += quote(gas);
        _push(sendWith(data, IMessageService.MessageOptions(deadline, ordered, REFUNDED)));
    }

    function wait(uint256 time) external {
        vm.warp(block.timestamp + bound(time, 1, 1 hours));
    }

    /// @dev Proves on A what the last call on B logged, again and again too, and takes what is owed.
    function settle(bool withdraws) external {
        vm.chainId(CHAIN_A);
        (bytes32 root, bytes memory nodes) = ReceiptTrie.single(ReceiptTrie.receipt(_logs));
        ILightClient follower = mosA.route(CHAIN_B).lightClient;
        TestLightClient(address(follower)).setFinal(root);
        bytes memory proof = abi.encode(IMessageService.ReceiptProof(abi.encode(root), 0, nodes));
        uint256 earned = feeA.owed(address(this), address(0));
        uint256 refunded = feeA.owed(REFUNDED, address(0));
        (bool ok,) = address(feeA).call(abi.encodeCall(feeA.settle, (CHAIN_B, proof)));
        if (feeA.owed(address(this), address(0)) != earned) ++reached[Reached.Earned];
        if (feeA.owed(REFUNDED, address(0)) != refunded) ++reached[Reached.Refunded];
        if (ok && withdraws) {
            vm.prank(address(this));
            (ok,) = address(feeA).call(abi.encodeCall(feeA.withdraw, (address(0), PAYEE)));
            withdrawn = PAYEE.balance;
        }
        vm.chainId(CHAIN_B);
    }

    /// @dev Everything that the fee service must still have: escrows of orders that are not settled, and credits.
    function owedInAll() external view returns (uint256 sum) {
        sum = feeA.owed(address(this), address(0)) + feeA.owed(REFUNDED, address(0));
        for (uint256 i = 0; i < sent.length; ++i) {
            sum += feeA.escrowOf(sent[i].orderId).amount;
        }
    }

    function _push(Sent memory one) private {
        Sent storage next = sent.push();
        (next.orderId, next.messageData, next.options) = (one.orderId, one.messageData, one.options);
        (next.log.topics, next.log.data, next.log.emitter) = (one.log.topics, one.log.data, one.log.emitter);
    }

    function setMood(bool failing) external {
        app.setFailing(failing);
    }

    function deliverOne(uint256 which, uint256 gas) external {
        if (sent.length == 0) return;
        Sent memory one = which % 4 == 0 ? _failed(which) : _recent(which);
        bytes memory input = abi.encodeCall(mosB.transferInWithIndex, (CHAIN_A, 0, prove(one.log)));
        _observe(one, input, bound(gas, 100_000, 1_500_000), false);
    }

    function deliverTwo(uint256 a, uint256 b, uint256 gas) external {
        if (sent.length == 0) return;
        Sent memory one = _recent(a);
        Sent memory two = _recent(b);
        bytes memory batch = proveBatch(asArray(one.log, two.log));
        bytes memory input =
            abi.encodeCall(mosB.transferInBatch, (CHAIN_A, new bytes[](0), new bytes32[](0), address(0), batch));
        _observe(one, input, bound(gas, 100_000, 3_000_000), false);
        _note(two, false);
    }

    function retryOne(uint256 which, uint256 gas) external {
        if (sent.length == 0) return;
        Sent memory one = which % 4 == 0 ? _recent(which) : _failed(which);
        _observe(one, abi.encodeCall(mosB.retry, (stored(one))), bound(gas, 100_000, 1_500_000), true);
    }

    function pause(uint256 choice) external {
        bool paused = choice % 4 == 0;
        vm.prank(paused ? PAUSER : UNPAUSER);
        if (paused) mosB.pauseLane(CHAIN_A, false);
        else mosB.unpauseLane(CHAIN_A, false);
    }

    function order(uint256 index) external view returns (bytes32) {
        return sent[index].orderId;
    }

    function contracts() external view returns (IMessageService, IMessageService, address) {
        return (mosA, mosB, address(feeA));
    }

    /// @dev One of the last few: of all of them, most have come to their end.
    function _recent(uint256 which) private view returns (Sent memory) {
        uint256 count_ = sent.length < 6 ? sent.length : 6;
        return sent[sent.length - 1 - bound(which, 0, count_ - 1)];
    }

    /// @dev One that failed, if there is one.
    function _failed(uint256 which) private view returns (Sent memory) {
        for (uint256 i = 0; i < sent.length; ++i) {
            Sent memory one = sent[addmod(which, i, sent.length)];
            if (last[one.orderId] == IMessageService.Outcome.Failed) return one;
        }
        return _recent(which);
    }

    function _observe(Sent memory one, bytes memory input, uint256 gas, bool retries) private {
        bool paused = mosB.isLanePaused(CHAIN_A, false);
        uint256 calls = app.calls();
        IMessageService.Outcome before = last[one.orderId];
        vm.recordLogs();
        (bool ok, bytes memory returned) = address(mosB).call{gas: gas}(input);
        if (!ok && bytes4(returned) == IMessageService.MOS_OutOfOrder.selector) ++reached[Reached.OutOfOrder];
        Vm.Log[] memory logs = vm.getRecordedLogs();
        if (ok) {
            delete _logs;
            for (uint256 i = 0; i < logs.length; ++i) {
                _logs.push(logs[i]);
            }
        }
        if (paused && (ok || app.calls() != calls || mosB.outcome(CHAIN_A, one.orderId) != before)) broken = true;
        _note(one, retries);
    }

    function _note(Sent memory one, bool retries) private {
        IMessageService.Outcome before = last[one.orderId];
        IMessageService.Outcome now_ = mosB.outcome(CHAIN_A, one.orderId);
        if (before == IMessageService.Outcome.Delivered && now_ != before) broken = true;
        if (before == IMessageService.Outcome.Expired && now_ != before) broken = true;
        if (now_ == IMessageService.Outcome.Expired && before != now_ && retries) broken = true;
        if (before == IMessageService.Outcome.Failed && now_ == IMessageService.Outcome.None) broken = true;
        if (before == IMessageService.Outcome.Failed && now_ == IMessageService.Outcome.Delivered && !retries) {
            broken = true;
        }
        if (before == IMessageService.Outcome.None && retries && now_ != before) broken = true;
        last[one.orderId] = now_;
        if (before == now_) return;
        _checkOptions(one, now_);
        if (now_ == IMessageService.Outcome.Failed) {
            ++reached[Reached.Failed];
        } else if (now_ == IMessageService.Outcome.Expired) {
            bool failed = before == IMessageService.Outcome.Failed;
            ++reached[failed ? Reached.ExpiredAfterFailure : Reached.Expired];
        } else {
            ++reached[retries ? Reached.Retried : Reached.Delivered];
        }
    }

    /// @dev Run before its deadline and after all that came before it in its stream, or expired from its deadline on.
    function _checkOptions(Sent memory one, IMessageService.Outcome outcome) private {
        if (one.options.length == 0) {
            if (outcome == IMessageService.Outcome.Expired) broken = true;
            return;
        }
        (uint64 deadline, uint64 sequence) = _readOptions(one.options);
        bool past = deadline != 0 && block.timestamp >= deadline;
        if (past != (outcome == IMessageService.Outcome.Expired)) broken = true;
        if (past || sequence == 0) return;
        for (uint256 i = 0; i < sent.length; ++i) {
            if (sent[i].options.length == 0) continue;
            (, uint64 other) = _readOptions(sent[i].options);
            if (other == 0 || other >= sequence) continue;
            IMessageService.Outcome earlier = mosB.outcome(CHAIN_A, sent[i].orderId);
            if (earlier != IMessageService.Outcome.Delivered && earlier != IMessageService.Outcome.Expired) {
                broken = true;
            }
        }
    }

    function _readOptions(bytes memory options) private pure returns (uint64 deadline, uint64 sequence) {
        (deadline, sequence,) = abi.decode(options, (uint64, uint64, address));
    }
}

/// @notice MOS-1, MOS-4, MOS-5, MOS-6, MOS-9, MOS-10 and MOS-12 of docs/INVARIANTS.md.
contract MosInvariants is MosTest {
    MosHandler internal handler;

    function setUp() public override {
        handler = new MosHandler();
        handler.prepare();
        bytes4[] memory selectors = new bytes4[](9);
        selectors[0] = MosHandler.sendOne.selector;
        selectors[1] = MosHandler.setMood.selector;
        selectors[2] = MosHandler.deliverOne.selector;
        selectors[3] = MosHandler.deliverTwo.selector;
        selectors[4] = MosHandler.retryOne.selector;
        selectors[5] = MosHandler.pause.selector;
        selectors[6] = MosHandler.sendWithOptions.selector;
        selectors[7] = MosHandler.wait.selector;
        selectors[8] = MosHandler.settle.selector;
        _selectors = selectors;
    }

    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    bytes4[] private _selectors;

    /// @dev forge asks which contract to call.
    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    /// @dev forge asks which functions to call.
    function targetSelectors() external view returns (FuzzSelector[] memory targets) {
        targets = new FuzzSelector[](1);
        targets[0] = FuzzSelector(address(handler), _selectors);
    }

    /// @dev MOS-1: the target took each order at most once, and exactly the delivered ones.
    function invariant_AnOrderIsTakenOnce() external view {
        (, IMessageService mosB_,) = handler.contracts();
        Moody app = handler.app();
        for (uint256 i = 0; i < handler.count(); ++i) {
            bytes32 id = handler.order(i);
            bool delivered = mosB_.outcome(CHAIN_A, id) == IMessageService.Outcome.Delivered;
            vm.assertEq(app.taken(id), delivered ? 1 : 0);
        }
    }

    /// @dev MOS-4, MOS-9, MOS-10, MOS-12: outcomes move from None to Failed, Delivered or Expired, from Failed to Delivered by
    ///      a retry or to Expired by a proof, and no other way; where the lane is paused, not at all. Nothing is run past its
    ///      deadline or before its turn, and nothing expires before its deadline.
    function invariant_OutcomesMoveForward() external view {
        vm.assertFalse(handler.broken());
    }

    /// @dev MOS-5 and MOS-6: MOS keeps nothing and the fee service got what was quoted.
    function invariant_MosHoldsNothing() external view {
        (IMessageService a, IMessageService b, address fees) = handler.contracts();
        vm.assertEq(address(a).balance, 0);
        vm.assertEq(address(b).balance, 0);
        vm.assertEq(fees.balance + handler.withdrawn(), handler.charged());
        vm.assertEq(fees.balance, handler.owedInAll());
    }

    /// @dev The invariants above would hold of a handler that does nothing: this one gets to every outcome and every payment.
    function test_TheHandlerReachesEveryOutcome() external {
        uint256 seed;
        for (uint256 i = 0; i < 500; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            _step(seed % _selectors.length, seed >> 8);
        }
        for (uint256 i = 0; i <= uint256(type(Reached).max); ++i) {
            vm.assertGt(handler.reached(Reached(i)), 0);
        }
        vm.assertGt(handler.withdrawn(), 0);
        this.invariant_AnOrderIsTakenOnce();
        this.invariant_OutcomesMoveForward();
        this.invariant_MosHoldsNothing();
    }

    function _step(uint256 which, uint256 seed) private {
        bool coin = seed & 1 == 0;
        uint256 a = seed >> 8 & type(uint64).max;
        uint256 b = seed >> 72 & type(uint64).max;
        if (which == 0) handler.sendOne(a, coin, uint96(b));
        if (which == 1) handler.setMood(coin);
        if (which == 2) handler.deliverOne(a, b);
        if (which == 3) handler.deliverTwo(a, b, seed >> 136 & type(uint64).max);
        if (which == 4) handler.retryOne(a, b);
        if (which == 5) handler.pause(a);
        if (which == 6) handler.sendWithOptions(a, uint64(b), coin);
        if (which == 7) handler.wait(a);
        if (which == 8) handler.settle(coin);
    }
}
