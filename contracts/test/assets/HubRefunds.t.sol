// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ITokenBridge} from "../../src/assets/ITokenBridge.sol";
import {IHub} from "../../src/hub/IHub.sol";
import {ILightClient} from "../../src/light-clients/ILightClient.sol";
import {IProver} from "../../src/prover/IProver.sol";
import {TestLightClient} from "../mos/utils/TestLightClient.sol";
import {Vm} from "../utils/Vm.sol";
import {BridgesTest} from "./utils/BridgesTest.sol";

/// @notice A transfer over a hub that never arrives comes back by the record that the hub forwarded, and by no other.
contract HubRefundsTest is BridgesTest {
    uint256 private constant HUB_CHAIN = 4444;
    address private constant HUB = address(0x4b);

    uint64 private deadline;
    TestLightClient private ofHub;
    ITokenBridge.SentTransfer private sent;

    function setUp() public override {
        super.setUp();
        deadline = uint64(block.timestamp + 1 hours);
        on(a);
        ofHub = new TestLightClient(HUB_CHAIN);
        vm.startPrank(address(timelock));
        a.mos.setHubRoute(CHAIN_B, ofHub, address(b.mos), HUB);
        a.mos.setRoute(HUB_CHAIN, ofHub, address(0x305));
        lock.setVouchingLimit(HUB_CHAIN, CAPACITY, WINDOW);
        vm.stopPrank();
        transfer(lock, a, b, USER, OTHER, 10e18, until(deadline));
        sent = sentIn(vm.getRecordedLogs());
        vm.warp(deadline);
        on(a);
    }

    function _record() private view returns (Vm.Log memory log) {
        log.emitter = HUB;
        log.topics = new bytes32[](4);
        log.topics[0] = IHub.ExpiryRecordForwarded.selector;
        log.topics[1] = bytes32(a.id);
        log.topics[2] = bytes32(b.id);
        log.topics[3] = sent.sendId;
        log.data = abi.encode(b.mos, USER, false);
    }

    function _proof(Vm.Log memory log) private returns (bytes memory) {
        Chain storage here = a;
        TestLightClient follower = here.client;
        here.client = ofHub;
        bytes memory proof = proveLog(here, log);
        here.client = follower;
        return proof;
    }

    /// @dev AS-4.
    function test_ItComesBackOnce() public {
        bytes memory proof = _proof(_record());
        lock.refund(sent, proof);
        vm.assertEq(token.balanceOf(USER), 1_000_000e18);
        vm.assertEq(lock.vouchingLimit(HUB_CHAIN).available, CAPACITY - 10e6, "the hub vouched for it");
        vm.assertEq(lock.vouchingLimit(CHAIN_B).available, CAPACITY);
        vm.expectRevert(abi.encodeWithSelector(ITokenBridge.Bridge_NotRefundable.selector, sent.sendId));
        lock.refund(sent, proof);
    }

    function testFuzz_EveryFieldOfTheRecordCounts(uint256 field, bytes32 noise) public {
        field = bound(field, 0, 5);
        vm.assume(noise != 0);
        Vm.Log memory log = _record();
        address other = address(uint160(1 + uint256(noise) % type(uint160).max));
        vm.assume(other != HUB && other != address(b.mos));
        if (field < 4) log.topics[field] ^= noise;
        else if (field == 4) log.emitter = other;
        else log.data = abi.encode(other, USER, false);
        bytes memory proof = _proof(log);
        (bool ok,) = address(lock).call(abi.encodeCall(lock.refund, (sent, proof)));
        vm.assertFalse(ok);
    }

    /// @dev What the hub itself recorded, of a message that it was to relay, is of no transfer.
    function test_RevertWhen_NoMosRecordedIt() public {
        Vm.Log memory log = _record();
        log.data = abi.encode(address(0), USER, false);
        bytes memory proof = _proof(log);
        vm.expectRevert(abi.encodeWithSelector(ITokenBridge.Bridge_ForeignEmitter.selector, address(b.mos), address(0)));
        lock.refund(sent, proof);
    }

    /// @dev The hub's own MOS recording something of its own is not B's.
    function test_RevertWhen_ItIsNotTheHubsLog() public {
        Vm.Log memory log = _record();
        log.emitter = address(b.mos);
        bytes memory proof = _proof(log);
        vm.expectRevert(abi.encodeWithSelector(ITokenBridge.Bridge_ForeignEmitter.selector, HUB, address(b.mos)));
        lock.refund(sent, proof);
    }

    /// @dev One light client proves the hub's chain, and the same vouches for what is behind it.
    function test_RevertWhen_AnotherLightClientWouldProveIt() public {
        bytes memory proof = _proof(_record());
        TestLightClient next = new TestLightClient(HUB_CHAIN);
        vm.prank(address(timelock));
        a.mos.setRoute(HUB_CHAIN, next, address(0x305));
        vm.expectRevert(abi.encodeWithSelector(ITokenBridge.Bridge_NotVouchedFor.selector, address(next)));
        lock.refund(sent, proof);
        vm.prank(address(timelock));
        a.mos.setRoute(HUB_CHAIN, ILightClient(address(0)), address(0));
        vm.expectRevert(abi.encodeWithSelector(ITokenBridge.Bridge_NotVouchedFor.selector, address(0)));
        lock.refund(sent, proof);
    }

    /// @dev Above the limit it waits, on the word of this light client and this hub.
    function test_ARefundThatWaitsKnowsItsHub() public {
        vm.prank(address(timelock));
        lock.setVouchingLimit(HUB_CHAIN, 1e6, WINDOW);
        vm.recordLogs();
        lock.refund(sent, _proof(_record()));
        ITokenBridge.InboundTransfer memory queued = inboundIn(vm.getRecordedLogs());
        vm.assertEq(queued.hub, HUB);
        vm.assertEq(queued.vouchingChain, HUB_CHAIN);
        vm.startPrank(address(timelock));
        lock.setVouchingLimit(HUB_CHAIN, CAPACITY, WINDOW);
        a.mos.setHubRoute(CHAIN_B, ofHub, address(b.mos), address(0x4c));
        vm.stopPrank();
        vm.warp(block.timestamp + WINDOW);
        vm.expectRevert(abi.encodeWithSelector(ITokenBridge.Bridge_NotVouchedFor.selector, address(ofHub)));
        lock.release(queued);
        vm.prank(address(timelock));
        a.mos.setHubRoute(CHAIN_B, ofHub, address(b.mos), HUB);
        lock.release(queued);
        vm.assertEq(token.balanceOf(USER), 1_000_000e18);
    }

    /// @dev On the hub's word B's log is not proven at all.
    function test_RevertWhen_TheProverIsAskedForWhatIsBehindTheHub() public {
        bytes memory proof = _proof(_record());
        vm.expectRevert(abi.encodeWithSelector(IProver.Prover_HubRoute.selector, CHAIN_B));
        proverA.verifyLog(CHAIN_B, proof);
    }
}
