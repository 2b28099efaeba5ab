// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Counter} from "../../src/examples/Counter.sol";
import {MapoExecutor} from "../../src/mos/MapoExecutor.sol";
import {IFeeService} from "../../src/mos/interfaces/IFeeService.sol";
import {IMessageService} from "../../src/mos/interfaces/IMessageService.sol";
import {IMOSV3} from "../../src/mos/interfaces/IMOSV3.sol";
import {MessageService} from "../../src/mos/MessageService.sol";
import {CodecHarness} from "../mos/utils/CodecHarness.sol";
import {MosTest} from "../mos/utils/MosTest.sol";
import {ReceiptTrie} from "../mos/utils/ReceiptTrie.sol";
import {Probe} from "../mos/utils/Receivers.sol";
import {TestLightClient} from "../mos/utils/TestLightClient.sol";
import {LyingToken} from "../mos/utils/Tokens.sol";
import {Vm} from "../utils/Vm.sol";

/// @notice What took money from other bridges, tried on this one. Others of the kind stand where they belong: the retry hash
///         of MAPO in `Retry.t.sol`, privileged targets (Poly) and foreign emitters (Saga) in `Delivery.t.sol`, tokens that
///         lie (Qubit) in `Sending.t.sol`.
contract BridgeIncidentsTest is MosTest {
    Probe private app;
    CodecHarness private codec;

    function setUp() public override {
        super.setUp();
        app = new Probe();
        codec = CodecHarness(vm.deployCode("CodecHarness.sol:CodecHarness"));
    }

    /// @dev Taiko, June 2026: a forged signal made a message retriable, and the retry ran it. Here nothing is retriable that
    ///      was not run before by a proof, whatever the caller says that it was.
    function testFuzz_Taiko_NothingIsRetriedThatWasNotDelivered(uint256 kind) public {
        Sent memory sent = sendTo(address(app));
        IMessageService.StoredMessage memory message = stored(sent);
        kind = bound(kind, 0, 3);
        if (kind == 1) message.orderId = 0;
        if (kind == 2) message.options = abi.encode(uint64(0), uint64(0), USER);
        if (kind == 3) deliver(sent);
        uint256 calls = app.calls();
        vm.expectRevert(abi.encodeWithSelector(IMessageService.MOS_NotStored.selector, keccak256(abi.encode(message))));
        mosB.retry(message);
        vm.assertEq(app.calls(), calls);
    }

    /// @dev CrossCurve, January 2026: one of several entries to the execution skipped the check of the gateway. These are all
    ///      of them: each, called by anybody with a block that no light client vouches for, runs nothing.
    function test_CrossCurve_NoEntryRunsWhatIsNotProven() public {
        Sent memory sent = sendTo(address(app));
        (bytes32 root, bytes memory node) = ReceiptTrie.single(ReceiptTrie.receipt(asArray(sent.log)));
        bytes memory proof = abi.encode(IMessageService.ReceiptProof(abi.encode(root), 0, node));
        bytes[] memory nodes = new bytes[](1);
        nodes[0] = node;
        IMessageService.BatchMember[] memory members = new IMessageService.BatchMember[](1);
        members[0] = IMessageService.BatchMember(0, 0, hex"0000");
        bytes memory batch = abi.encode(IMessageService.BatchProof(abi.encode(root), nodes, members));
        bytes memory unknown = abi.encodeWithSelector(TestLightClient.TestLightClient_UnknownRoot.selector, root);
        vm.startPrank(address(0xe0a));
        vm.expectRevert(unknown);
        mosB.transferIn(CHAIN_A, proof);
        vm.expectRevert(unknown);
        mosB.transferInWithIndex(CHAIN_A, 0, proof);
        vm.expectRevert(unknown);
        mosB.deliver(CHAIN_A, new bytes[](0), sent.orderId, address(0), 0, proof);
        vm.expectRevert(unknown);
        mosB.transferInBatch(CHAIN_A, new bytes[](0), new bytes32[](0), address(0), batch);
        vm.expectPartialRevert(IMessageService.MOS_NotStored.selector);
        mosB.retry(stored(sent));
        vm.assertEq(app.calls(), 0);
        assertOutcome(sent, IMessageService.Outcome.None);
    }

    /// @dev Messina, March 2026: two contracts emitted logs that looked alike, and what the one had seen the other let
    ///      through again. Here the id commits to the MOS, which is the only emitter that counts.
    function test_Messina_ASecondMosIsAnotherSender() public {
        Sent memory sent = sendTo(address(app));
        MessageService impostor = _impostor();
        vm.chainId(CHAIN_A);
        vm.recordLogs();
        vm.prank(USER);
        bytes32 orderId = impostor.transferOut{value: 1 ether}(CHAIN_B, sent.messageData, address(0));
        Vm.Log memory log = messageLog(vm.getRecordedLogs());
        vm.chainId(CHAIN_B);
        vm.assertNotEq(orderId, sent.orderId);
        bytes memory proof = prove(log);
        vm.expectRevert(
            abi.encodeWithSelector(IMessageService.MOS_ForeignEmitter.selector, address(mosA), address(impostor))
        );
        mosB.transferInWithIndex(CHAIN_A, 0, proof);
        // Nor in the genuine one's name.
        log.emitter = address(mosA);
        proof = prove(log);
        vm.expectPartialRevert(IMessageService.MOS_OrderIdMismatch.selector);
        mosB.transferInWithIndex(CHAIN_A, 0, proof);
        vm.assertEq(app.calls(), 0);
    }

    /// @dev Nomad, August 2022: zero counted as proven. No zero is: not a chain without a route, nor the emitter, root, order
    ///      or stored message of one.
    function test_Nomad_ZeroIsNeverProven() public {
        Vm.Log memory log = sendTo(address(app)).log;
        bytes memory genuine = prove(log);
        log.emitter = address(0);
        log.topics[1] = bytes32(uint256(3333));
        bytes memory proof = prove(log);
        vm.expectRevert(abi.encodeWithSelector(IMessageService.MOS_NoRoute.selector, 3333));
        mosB.transferInWithIndex(3333, 0, proof);
        vm.expectRevert(abi.encodeWithSelector(IMessageService.MOS_NoRoute.selector, 0));
        mosB.transferInWithIndex(0, 0, genuine);
        IMessageService.ReceiptProof memory rootless = abi.decode(genuine, (IMessageService.ReceiptProof));
        rootless.blockProof = abi.encode(bytes32(0));
        vm.expectRevert(abi.encodeWithSelector(TestLightClient.TestLightClient_UnknownRoot.selector, bytes32(0)));
        mosB.transferInWithIndex(CHAIN_A, 0, abi.encode(rootless));
        vm.assertEq(uint256(mosB.outcome(3333, 0)), uint256(IMessageService.Outcome.None));
        IMessageService.StoredMessage memory nothing;
        vm.expectPartialRevert(IMessageService.MOS_NotStored.selector);
        mosB.retry(nothing);
        vm.assertEq(app.calls(), 0);
    }

    /// @dev Whoever has a sender's address on another chain is another sender: a Safe's or a factory's address can be had by
    ///      anybody there.
    function test_TheSameAddressOnAnotherChainIsAnotherSender() public {
        Counter counter = new Counter(mosB, address(this));
        counter.setTrustedRemote(3333, abi.encodePacked(USER), true);
        vm.prank(address(app));
        mosB.addRemoteCaller(3333, abi.encodePacked(USER), true);
        vm.recordLogs();
        deliver(sendTo(address(counter)));
        (, bytes memory reason) = received(vm.getRecordedLogs());
        vm.assertEq(
            reason,
            abi.encodeWithSelector(MapoExecutor.MapoExecutor_UntrustedRemote.selector, CHAIN_A, abi.encodePacked(USER))
        );
        deliver(send(encode(IMOSV3.MessageType.CALLDATA, address(app), "12345678", GAS_LIMIT)));
        vm.assertEq(app.calls(), 0);
    }

    /// @dev THORChain, July 2021: a wrapper logged what looked like the router's in the same receipt. A target that logs
    ///      delivery records beside MOS' own frees no fee with them, wherever in the receipt they stand.
    function test_THORChain_ATargetsOwnRecordsFreeNoFee() public {
        Sent memory sent = sendTo(address(app));
        Sent memory other = sendTo(address(app));
        vm.recordLogs();
        mosB.deliver(CHAIN_A, new bytes[](0), 0, PAYEE, 0, prove(sent.log));
        Vm.Log[] memory genuine = vm.getRecordedLogs();
        Vm.Log[] memory logs = new Vm.Log[](genuine.length + 2);
        for (uint256 i = 0; i < genuine.length; ++i) {
            logs[i + 1] = genuine[i];
        }
        logs[0] = _record(address(app), sent.orderId);
        logs[logs.length - 1] = _record(address(app), other.orderId);
        bytes memory proof = proveOnA(logs);
        vm.assertEq(feeA.settle(CHAIN_B, proof), 1);
        vm.assertEq(feeA.owed(PAYEE, address(0)), quote(GAS_LIMIT));
        vm.assertEq(feeA.owed(address(0xbad), address(0)), 0);
        vm.assertEq(uint256(feeA.escrowOf(other.orderId).amount), quote(GAS_LIMIT));
    }

    /// @dev Qubit, January 2022: a transfer that succeeded and moved nothing was credited. Neither a fee nor what raises it is.
    function test_Qubit_NothingIsRaisedByATokenThatLies() public {
        LyingToken token = new LyingToken(true);
        list(feeA, CHAIN_B, address(token), 0);
        vm.chainId(CHAIN_A);
        bytes memory data = encode(IMOSV3.MessageType.MESSAGE, address(app), "hello", GAS_LIMIT);
        bytes32 orderId = mosA.transferOut(CHAIN_B, data, address(token));
        vm.expectRevert(abi.encodeWithSelector(IFeeService.FeeService_NotReceived.selector, 5, 0));
        feeA.topUp(orderId, address(token), 5);
        vm.expectPartialRevert(IFeeService.FeeService_WrongToken.selector);
        feeA.topUp(orderId, address(0), 0);
        vm.assertEq(uint256(feeA.escrowOf(orderId).amount), 0);
    }

    /// @dev Syscoin, June 2026: two parsers read one output differently. Whatever bytes of a log MOS takes for canonical are
    ///      the very bytes that Solidity writes for what it read.
    /// forge-config: default.fuzz.runs = 2000
    function testFuzz_Syscoin_WhatIsReadIsWrittenTheSame(uint256 position, uint256 value, bool withOptions, uint16 cut)
        public
        view
    {
        bytes memory from = abi.encodePacked(USER);
        bytes memory data = withOptions
            ? abi.encode(bytes32(uint256(7)), from, bytes("a message"), abi.encode(uint64(9), uint64(1), USER))
            : abi.encode(bytes32(uint256(7)), from, bytes("a message"));
        position = bound(position, 0, data.length / 32 - 1);
        // Mostly small: offsets and lengths.
        if (value % 4 != 0) value = (value >> 2) % (data.length + 64);
        assembly ("memory-safe") {
            mstore(add(data, mul(add(position, 1), 32)), value)
            if iszero(mod(cut, 3)) { mstore(data, sub(mload(data), mod(cut, mload(data)))) }
        }
        bytes memory written = codec.rewrite(data, withOptions);
        if (written.length != 0) vm.assertEq(written, data);
    }

    /// @dev A MOS that anybody deployed on A, with a fee service of its own.
    function _impostor() private returns (MessageService) {
        vm.chainId(CHAIN_A);
        FreeFees fees = new FreeFees(vm.computeCreateAddress(address(this), vm.getNonce(address(this)) + 1));
        return new MessageService(address(timelock), IFeeService(address(fees)), PAUSER, UNPAUSER);
    }

    function _record(address emitter, bytes32 orderId) private pure returns (Vm.Log memory log) {
        log.emitter = emitter;
        log.topics = new bytes32[](3);
        (log.topics[0], log.topics[1]) = (IMessageService.DeliveryRecord.selector, bytes32(CHAIN_A));
        log.topics[2] = orderId;
        log.data = abi.encode(address(0xbad));
    }
}

/// @notice Charges nothing and keeps nothing.
contract FreeFees {
    address public immutable mos;

    constructor(address mos_) {
        mos = mos_;
    }

    function quote(uint256, address, uint256, uint256) external pure returns (uint256) {
        return 0;
    }

    function escrow(bytes32, uint256, address, uint256, address) external payable {}
}
