// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {RLP} from "@openzeppelin/contracts/utils/RLP.sol";
import {ILightClient} from "../../src/light-clients/ILightClient.sol";
import {IFeeService} from "../../src/mos/interfaces/IFeeService.sol";
import {IMessageService} from "../../src/mos/interfaces/IMessageService.sol";
import {IMOSV3} from "../../src/mos/interfaces/IMOSV3.sol";
import {ProofEncoding} from "../../src/prover/ProofEncoding.sol";
import {RemoteMos} from "../../src/prover/RemoteMos.sol";
import {MosTest} from "./utils/MosTest.sol";
import {Moody} from "./utils/Receivers.sol";
import {TestLightClient} from "./utils/TestLightClient.sol";

/// @notice A fee goes back where the target chain's state shows, past the deadline, that nobody delivered. The state tries
///         here hold one account with one word: what MOS on B has in its storage at that moment.
contract RefundUnconsumedTest is MosTest {
    uint64 private constant DEADLINE = 1_000_000;
    address private constant HEIR = address(0x4e14);
    bytes private constant BLOCK_PROOF = "a final block of B";
    bytes32 private constant EMPTY_TRIE = 0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421;

    Moody private app;
    TestLightClient private clientOnA;

    function setUp() public override {
        super.setUp();
        app = new Moody();
        app.setFailing(false);
        clientOnA = TestLightClient(address(mosA.route(CHAIN_B).lightClient));
        vm.warp(1000);
    }

    function test_WhatNobodyDeliveredIsRefundedOnce() public {
        Sent memory sent = _send();
        _send(); // another fee, to steal
        bytes memory proof = _final(DEADLINE, 0, address(mosB));
        vm.expectEmit(address(feeA));
        emit IFeeService.FeeRefunded(sent.orderId, HEIR, address(0), quote(GAS_LIMIT));
        feeA.refundUnconsumed(_order(sent, 0), proof);
        vm.assertEq(feeA.owed(HEIR, address(0)), quote(GAS_LIMIT));
        vm.expectRevert(abi.encodeWithSelector(IFeeService.FeeService_NotEscrowed.selector, sent.orderId));
        feeA.refundUnconsumed(_order(sent, 0), proof);

        // The record of its expiry, made later, frees nothing more.
        vm.warp(DEADLINE);
        vm.chainId(CHAIN_B);
        vm.recordLogs();
        deliver(sent);
        bytes memory record = proveOnA(vm.getRecordedLogs());
        vm.expectRevert(abi.encodeWithSelector(IFeeService.FeeService_NothingToSettle.selector, CHAIN_B));
        feeA.settle(CHAIN_B, record);
    }

    /// @dev The bit is of one order: what was delivered around it says nothing.
    function test_ItsNeighboursDoNotMatter() public {
        Sent memory first = _send();
        Sent memory second = _send();
        deliver(first);
        feeA.refundUnconsumed(_order(second, 1), _final(DEADLINE, 1, address(mosB)));
        vm.assertEq(feeA.owed(HEIR, address(0)), quote(GAS_LIMIT));
    }

    function test_RevertWhen_ItWasDelivered() public {
        Sent memory sent = _send();
        deliver(sent);
        bytes memory proof = _final(DEADLINE, 0, address(mosB));
        vm.expectRevert(abi.encodeWithSelector(IFeeService.FeeService_Consumed.selector, sent.orderId));
        feeA.refundUnconsumed(_order(sent, 0), proof);
    }

    /// @dev The deliverer of a failed attempt is paid, whatever became of the message.
    function test_RevertWhen_ItFailedOrExpiredThere() public {
        Sent memory failed = _send();
        app.setFailing(true);
        deliver(failed);
        Sent memory expired = _send();
        vm.warp(DEADLINE);
        deliver(expired);
        assertOutcome(expired, IMessageService.Outcome.Expired);
        bytes memory proof = _final(DEADLINE, 0, address(mosB));
        vm.expectRevert(abi.encodeWithSelector(IFeeService.FeeService_Consumed.selector, failed.orderId));
        feeA.refundUnconsumed(_order(failed, 0), proof);
        proof = _final(DEADLINE, 1, address(mosB));
        vm.expectRevert(abi.encodeWithSelector(IFeeService.FeeService_Consumed.selector, expired.orderId));
        feeA.refundUnconsumed(_order(expired, 1), proof);
    }

    /// @dev A second before the deadline it could still be delivered, though it is not yet.
    function test_RevertWhen_TheBlockIsBeforeTheDeadline() public {
        Sent memory sent = _send();
        bytes memory proof = _final(DEADLINE - 1, 0, address(mosB));
        // Whatever A's own clock says.
        vm.warp(DEADLINE + 1 days);
        vm.expectRevert(abi.encodeWithSelector(IFeeService.FeeService_BeforeDeadline.selector, DEADLINE, DEADLINE - 1));
        feeA.refundUnconsumed(_order(sent, 0), proof);
    }

    function test_RevertWhen_ItHasNoDeadline() public {
        Sent memory plain = sendTo(address(app));
        Sent memory ordered = sendWith(_message(), IMessageService.MessageOptions(0, true, HEIR));
        bytes memory proof = _final(DEADLINE, 0, address(mosB));
        vm.expectRevert(abi.encodeWithSelector(IFeeService.FeeService_NoDeadline.selector, plain.orderId));
        feeA.refundUnconsumed(_order(plain, 0), proof);
        vm.expectRevert(abi.encodeWithSelector(IFeeService.FeeService_NoDeadline.selector, ordered.orderId));
        feeA.refundUnconsumed(_order(ordered, 1), proof);
    }

    /// @dev Every field is bound by the order id, the recipient of the refund in the options too.
    function testFuzz_RevertWhen_AFieldIsAnother(uint256 which, uint256 salt) public {
        Sent memory sent = _send();
        bytes memory proof = _final(DEADLINE, 0, address(mosB));
        IFeeService.Order memory order = _order(sent, 0);
        which %= 4;
        salt = 1 + salt % type(uint32).max;
        if (which == 0) order.nonce += uint64(salt);
        if (which == 1) order.sender = address(uint160(order.sender) + uint160(salt));
        if (which == 2) order.messageHash = keccak256(abi.encode(order.messageHash, salt));
        if (which == 3) order.options = abi.encode(DEADLINE, uint64(0), address(uint160(HEIR) + uint160(salt)));
        vm.expectPartialRevert(IFeeService.FeeService_NotEscrowed.selector);
        feeA.refundUnconsumed(order, proof);
        order = _order(sent, 0);
        order.toChain += salt;
        vm.expectRevert(abi.encodeWithSelector(IFeeService.FeeService_NoRoute.selector, order.toChain));
        feeA.refundUnconsumed(order, proof);
    }

    /// @dev Of another account's storage, or of an address without code, nothing follows.
    function test_RevertWhen_TheStateIsNotOfTheRoutesMos() public {
        Sent memory sent = _send();
        deliver(sent);
        bytes memory proof = _final(DEADLINE, 0, address(mosA));
        vm.expectRevert(abi.encodeWithSelector(RemoteMos.RemoteMos_NotAContract.selector, address(mosB)));
        feeA.refundUnconsumed(_order(sent, 0), proof);
    }

    /// @dev MOS-12.
    function test_RevertWhen_TheTargetIsNotBelieved() public {
        Sent memory sent = _send();
        bytes memory proof = _final(DEADLINE, 0, address(mosB));
        vm.prank(PAUSER);
        mosA.pauseLane(CHAIN_B, false);
        vm.expectRevert(abi.encodeWithSelector(IFeeService.FeeService_LanePaused.selector, CHAIN_B));
        feeA.refundUnconsumed(_order(sent, 0), proof);
    }

    function test_RevertWhen_BytesFollowTheProof() public {
        Sent memory sent = _send();
        bytes memory proof = bytes.concat(_final(DEADLINE, 0, address(mosB)), bytes32(0));
        vm.expectPartialRevert(ProofEncoding.ProofEncoding_Malformed.selector);
        feeA.refundUnconsumed(_order(sent, 0), proof);
    }

    function _message() private view returns (bytes memory) {
        return encode(IMOSV3.MessageType.MESSAGE, address(app), "hello", GAS_LIMIT);
    }

    function _send() private returns (Sent memory) {
        return sendWith(_message(), IMessageService.MessageOptions(DEADLINE, false, HEIR));
    }

    function _order(Sent memory sent, uint64 nonce) private pure returns (IFeeService.Order memory) {
        return IFeeService.Order(CHAIN_B, nonce, USER, keccak256(sent.messageData), sent.options);
    }

    /// @dev Makes B's present state, as `account` has it, that of a final block with this time, and goes to A.
    function _final(uint256 timestamp, uint64 nonce, address account) private returns (bytes memory proof) {
        bytes32 key = keccak256(abi.encode(CHAIN_A, address(mosA), CHAIN_B, nonce >> 8));
        bytes32 slot = keccak256(abi.encode(key, RemoteMos.CONSUMED_SLOT));
        uint256 word = uint256(vm.load(account, slot));
        bytes memory storageNodes;
        bytes32 storageRoot = EMPTY_TRIE;
        if (word != 0) (storageRoot, storageNodes) = _leaf(slot, RLP.encode(word));
        bytes[] memory fields = new bytes[](4);
        fields[0] = RLP.encode(uint256(1));
        fields[1] = RLP.encode(uint256(0));
        fields[2] = RLP.encode(storageRoot);
        fields[3] = RLP.encode(account.codehash);
        ILightClient.Block memory finalBlock;
        bytes memory accountNodes;
        (finalBlock.stateRoot, accountNodes) = _trie(keccak256(abi.encodePacked(account)), RLP.encode(fields));
        finalBlock.timestamp = timestamp;
        vm.mockCall(address(clientOnA), abi.encodeCall(ILightClient.verifyBlock, (BLOCK_PROOF)), abi.encode(finalBlock));
        vm.chainId(CHAIN_A);
        return abi.encode(RemoteMos.UnconsumedProof(BLOCK_PROOF, accountNodes, storageNodes));
    }

    function _leaf(bytes32 slot, bytes memory value) private pure returns (bytes32 root, bytes memory node) {
        return _trie(keccak256(abi.encode(slot)), value);
    }

    /// @dev A trie with one value: its root is the leaf, with the whole path.
    function _trie(bytes32 path, bytes memory value) private pure returns (bytes32 root, bytes memory node) {
        bytes[] memory items = new bytes[](2);
        items[0] = RLP.encode(bytes.concat(hex"20", path));
        items[1] = RLP.encode(value);
        node = RLP.encode(items);
        root = keccak256(node);
    }
}
