// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMessageService} from "../../src/mos/interfaces/IMessageService.sol";
import {IMOSV3} from "../../src/mos/interfaces/IMOSV3.sol";
import {Vm} from "../utils/Vm.sol";
import {MosTest} from "./utils/MosTest.sol";
import {Moody} from "./utils/Receivers.sol";

/// @notice Sends, delivers, repeats, retries, pauses and changes routes in any order.
contract MosHandler is MosTest {
    Sent[] internal sent;
    Moody public app;
    /// @dev A failed order is Delivered only through a retry, and a Delivered one stays so.
    mapping(bytes32 orderId => IMessageService.Outcome) public last;
    bool public broken;
    uint256 public charged;

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
        Sent storage next = sent.push();
        (next.orderId, next.messageData) = (id, data);
        (next.log.topics, next.log.data, next.log.emitter) = (log.topics, log.data, log.emitter);
    }

    function setMood(bool failing) external {
        app.setFailing(failing);
    }

    function deliverOne(uint256 which, uint256 gas) external {
        if (sent.length == 0) return;
        Sent memory one = sent[bound(which, 0, sent.length - 1)];
        bytes memory input = abi.encodeCall(mosB.transferInWithIndex, (CHAIN_A, 0, prove(one.log)));
        _observe(one, input, bound(gas, 100_000, 1_500_000), false);
    }

    function deliverTwo(uint256 a, uint256 b, uint256 gas) external {
        if (sent.length == 0) return;
        Sent memory one = sent[bound(a, 0, sent.length - 1)];
        Sent memory two = sent[bound(b, 0, sent.length - 1)];
        bytes memory batch = proveBatch(asArray(one.log, two.log));
        bytes memory input =
            abi.encodeCall(mosB.transferInBatch, (CHAIN_A, new bytes[](0), new bytes32[](0), address(0), batch));
        _observe(one, input, bound(gas, 100_000, 3_000_000), false);
        _note(two, false);
    }

    function retryOne(uint256 which, uint256 gas) external {
        if (sent.length == 0) return;
        Sent memory one = sent[bound(which, 0, sent.length - 1)];
        _observe(one, abi.encodeCall(mosB.retry, (stored(one))), bound(gas, 100_000, 1_500_000), true);
    }

    function pause(bool paused) external {
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

    function _observe(Sent memory one, bytes memory input, uint256 gas, bool retries) private {
        bool paused = mosB.isLanePaused(CHAIN_A, false);
        uint256 calls = app.calls();
        IMessageService.Outcome before = last[one.orderId];
        (bool ok,) = address(mosB).call{gas: gas}(input);
        if (paused && (ok || app.calls() != calls || mosB.outcome(CHAIN_A, one.orderId) != before)) broken = true;
        _note(one, retries);
    }

    function _note(Sent memory one, bool retries) private {
        IMessageService.Outcome before = last[one.orderId];
        IMessageService.Outcome now_ = mosB.outcome(CHAIN_A, one.orderId);
        if (before == IMessageService.Outcome.Delivered && now_ != before) broken = true;
        if (before == IMessageService.Outcome.Failed && now_ == IMessageService.Outcome.None) broken = true;
        if (before == IMessageService.Outcome.Failed && now_ == IMessageService.Outcome.Delivered && !retries) {
            broken = true;
        }
        if (before == IMessageService.Outcome.None && retries && now_ != before) broken = true;
        last[one.orderId] = now_;
    }
}

/// @notice MOS-1, MOS-4, MOS-5 and MOS-6 of docs/INVARIANTS.md.
contract MosInvariants is MosTest {
    MosHandler internal handler;

    function setUp() public override {
        handler = new MosHandler();
        handler.prepare();
        bytes4[] memory selectors = new bytes4[](6);
        selectors[0] = MosHandler.sendOne.selector;
        selectors[1] = MosHandler.setMood.selector;
        selectors[2] = MosHandler.deliverOne.selector;
        selectors[3] = MosHandler.deliverTwo.selector;
        selectors[4] = MosHandler.retryOne.selector;
        selectors[5] = MosHandler.pause.selector;
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

    /// @dev MOS-4: outcomes move from None to Failed or Delivered, from Failed to Delivered by a retry, and no other
    ///      way; where the lane is paused, not at all.
    function invariant_OutcomesMoveForward() external view {
        vm.assertFalse(handler.broken());
    }

    /// @dev MOS-5 and MOS-6: MOS keeps nothing and the fee service got what was quoted.
    function invariant_MosHoldsNothing() external view {
        (IMessageService a, IMessageService b, address fees) = handler.contracts();
        vm.assertEq(address(a).balance, 0);
        vm.assertEq(address(b).balance, 0);
        vm.assertEq(fees.balance, handler.charged());
    }
}
