// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";
import {IFeeService} from "../../src/mos/interfaces/IFeeService.sol";
import {IGasPrices} from "../../src/mos/interfaces/IGasPrices.sol";
import {IMessageService} from "../../src/mos/interfaces/IMessageService.sol";
import {IMOSV3} from "../../src/mos/interfaces/IMOSV3.sol";
import {ProofEncoding} from "../../src/prover/ProofEncoding.sol";
import {TestLightClient} from "./utils/TestLightClient.sol";
import {Vm} from "../utils/Vm.sol";
import {MosTest} from "./utils/MosTest.sol";
import {Moody} from "./utils/Receivers.sol";
import {ReceiptTrie} from "./utils/ReceiptTrie.sol";
import {TakingToken, Token} from "./utils/Tokens.sol";

/// @notice Prices of an oracle's own.
contract Oracle is IGasPrices {
    uint256 public perGas;
    bool public listed = true;

    function set(uint256 perGas_, bool listed_) external {
        (perGas, listed) = (perGas_, listed_);
    }

    function gasPrice(uint256, address) external view returns (bool, uint256) {
        return (listed, perGas);
    }
}

/// @notice What a message costs, where its fee lies, and whose it becomes.
contract FeesTest is MosTest {
    uint64 internal constant DEADLINE = 1_000_000;
    address internal constant HEIR = address(0x4e14);

    Moody internal app;
    bytes internal message;
    /// @dev On A, follows B.
    TestLightClient internal clientOnA;

    function setUp() public override {
        super.setUp();
        app = new Moody();
        app.setFailing(false);
        message = encode(IMOSV3.MessageType.MESSAGE, address(app), "hello", GAS_LIMIT);
        clientOnA = TestLightClient(address(mosA.route(CHAIN_B).lightClient));
        vm.warp(1000);
    }

    function test_AFeeIsEarnedByProofOfTheDelivery() public {
        Sent memory sent = send(message);
        uint256 fee = quote(GAS_LIMIT);
        IFeeService.Escrow memory held = feeA.escrowOf(sent.orderId);
        vm.assertEq(uint256(held.toChain), CHAIN_B);
        vm.assertEq(held.token, address(0));
        vm.assertEq(uint256(held.amount), fee);

        bytes memory proof = proveOnA(_records(sent, PAYEE));
        vm.expectEmit(address(feeA));
        emit IFeeService.FeeEarned(sent.orderId, PAYEE, address(0), fee);
        vm.assertEq(feeA.settle(CHAIN_B, proof), 1);
        vm.assertEq(feeA.owed(PAYEE, address(0)), fee);
        vm.prank(PAYEE);
        vm.assertEq(feeA.withdraw(address(0), HEIR), fee);
        vm.assertEq(HEIR.balance, fee);
        vm.assertEq(address(feeA).balance, 0);
    }

    /// @dev MOS-11.
    function test_RevertWhen_AFeeIsClaimedTwice() public {
        Sent memory sent = send(message);
        send(message); // another fee, to steal
        bytes memory proof = proveOnA(_records(sent, PAYEE));
        feeA.settle(CHAIN_B, proof);
        vm.expectRevert(abi.encodeWithSelector(IFeeService.FeeService_NothingToSettle.selector, CHAIN_B));
        feeA.settle(CHAIN_B, proof);
        vm.startPrank(PAYEE);
        feeA.withdraw(address(0), PAYEE);
        vm.expectRevert(abi.encodeWithSelector(IFeeService.FeeService_NothingOwed.selector, PAYEE, address(0)));
        feeA.withdraw(address(0), PAYEE);
    }

    function test_AFailedAttemptIsPaidOnceAndItsRetryIsNot() public {
        Sent memory sent = send(message);
        app.setFailing(true);
        Vm.Log[] memory records = _records(sent, PAYEE);
        app.setFailing(false);
        vm.chainId(CHAIN_B);
        vm.recordLogs();
        mosB.retry(stored(sent));
        vm.assertEq(_only(vm.getRecordedLogs(), IMessageService.DeliveryRecord.selector).length, 0);
        bytes memory proof = proveOnA(records);
        feeA.settle(CHAIN_B, proof);
        vm.assertEq(feeA.owed(PAYEE, address(0)), quote(GAS_LIMIT));
    }

    function test_OneReceiptSettlesAWholeBatch() public {
        Sent memory first = send(message);
        Sent memory second = send(message);
        vm.recordLogs();
        mosB.transferInBatch(
            CHAIN_A, new bytes[](0), new bytes32[](0), PAYEE, proveBatch(asArray(first.log, second.log))
        );
        bytes memory proof = proveOnA(vm.getRecordedLogs());
        vm.assertEq(feeA.settle(CHAIN_B, proof), 2);
        vm.assertEq(feeA.owed(PAYEE, address(0)), 2 * quote(GAS_LIMIT));
    }

    function test_TheCallerIsPaidWhereNobodyIsNamed() public {
        Sent memory sent = send(message);
        bytes memory proof = proveOnA(_records(sent, address(0)));
        feeA.settle(CHAIN_B, proof);
        vm.assertEq(feeA.owed(address(this), address(0)), quote(GAS_LIMIT));
    }

    /// @dev THORChain paid for logs of a wrapper that looked like the router's.
    function test_RevertWhen_TheRecordIsOfAnotherEmitter() public {
        Sent memory sent = send(message);
        Vm.Log[] memory records = _only(_records(sent, PAYEE), IMessageService.DeliveryRecord.selector);
        records[0].emitter = address(app);
        _nothingToSettle(records);
    }

    function test_RevertWhen_TheRecordIsOfAnotherLane() public {
        Sent memory sent = send(message);
        Vm.Log[] memory records = _only(_records(sent, PAYEE), IMessageService.DeliveryRecord.selector);
        records[0].topics[1] = bytes32(uint256(3333));
        _nothingToSettle(records);
    }

    function test_RevertWhen_TheRecordIsOfAnUnknownOrder() public {
        Sent memory sent = send(message);
        Vm.Log[] memory records = _only(_records(sent, PAYEE), IMessageService.DeliveryRecord.selector);
        records[0].topics[2] = bytes32(uint256(records[0].topics[2]) ^ 1 << 200);
        _nothingToSettle(records);
    }

    /// @dev A chain whose consensus is broken must not be able to take the fees of messages to other chains.
    function test_RevertWhen_TheRecordIsOfAnotherChainThanTheMessageWentTo() public {
        Sent memory sent = send(message);
        Vm.Log[] memory records = _records(sent, PAYEE);
        vm.chainId(CHAIN_A);
        TestLightClient broken = new TestLightClient(3333);
        vm.prank(address(timelock));
        mosA.setRoute(3333, broken, address(mosB));
        (bytes32 root, bytes memory nodes) = ReceiptTrie.single(ReceiptTrie.receipt(records));
        broken.setFinal(root);
        bytes memory proof = abi.encode(IMessageService.ReceiptProof(abi.encode(root), 0, nodes));
        vm.expectRevert(abi.encodeWithSelector(IFeeService.FeeService_NothingToSettle.selector, 3333));
        feeA.settle(3333, proof);
    }

    function test_RevertWhen_TheClientIsFrozenOrThereIsNoRoute() public {
        bytes memory proof = proveOnA(_records(send(message), PAYEE));
        vm.expectRevert(abi.encodeWithSelector(IFeeService.FeeService_NoRoute.selector, 3333));
        feeA.settle(3333, proof);
        vm.expectRevert(abi.encodeWithSelector(ProofEncoding.ProofEncoding_Malformed.selector, 0));
        feeA.settle(CHAIN_B, "");
        clientOnA.reportMisbehaviour("");
        vm.expectPartialRevert(bytes4(keccak256("LightClient_Frozen()")));
        feeA.settle(CHAIN_B, proof);
    }

    function test_AnUnrunOrderThatExpiredRefundsItsFee() public {
        Sent memory sent = sendWith(message, IMessageService.MessageOptions(DEADLINE, false, HEIR));
        vm.warp(DEADLINE);
        bytes memory proof = proveOnA(_records(sent, PAYEE));
        vm.expectEmit(address(feeA));
        emit IFeeService.FeeRefunded(sent.orderId, HEIR, address(0), quote(GAS_LIMIT));
        feeA.settle(CHAIN_B, proof);
        vm.assertEq(feeA.owed(HEIR, address(0)), quote(GAS_LIMIT));
        vm.assertEq(feeA.owed(PAYEE, address(0)), 0);
    }

    /// @dev The deliverer did the work: that the message expired later gives nobody its fee. (MOS-11)
    function test_AnOrderThatFailedAndThenExpiredPaysItsDeliverer() public {
        Sent memory sent = sendWith(message, IMessageService.MessageOptions(DEADLINE, false, HEIR));
        app.setFailing(true);
        Vm.Log[] memory delivery = _records(sent, PAYEE);
        vm.warp(DEADLINE);
        _nothingToSettle(_records(sent, HEIR));
        feeA.settle(CHAIN_B, proveOnA(delivery));
        vm.assertEq(feeA.owed(PAYEE, address(0)), quote(GAS_LIMIT));
    }

    function test_TopsUpWhatIsOnItsWay() public {
        Sent memory sent = send(message);
        vm.chainId(CHAIN_A);
        vm.deal(address(this), 1 << 129);
        feeA.topUp{value: 5}(sent.orderId, address(0), 5);
        vm.assertEq(uint256(feeA.escrowOf(sent.orderId).amount), quote(GAS_LIMIT) + 5);
        vm.expectRevert(abi.encodeWithSelector(IFeeService.FeeService_WrongValue.selector, 5, 4));
        feeA.topUp{value: 4}(sent.orderId, address(0), 5);
        vm.expectRevert(abi.encodeWithSelector(IFeeService.FeeService_WrongToken.selector, address(0), USER));
        feeA.topUp(sent.orderId, USER, 5);
        vm.expectPartialRevert(IFeeService.FeeService_OutOfRange.selector);
        feeA.topUp{value: 1 << 128}(sent.orderId, address(0), 1 << 128);
        vm.expectPartialRevert(IFeeService.FeeService_NotEscrowed.selector);
        feeA.topUp{value: 5}(bytes32(0), address(0), 5);
        feeA.settle(CHAIN_B, proveOnA(_records(sent, PAYEE)));
        vm.assertEq(feeA.owed(PAYEE, address(0)), quote(GAS_LIMIT) + 5);
        vm.expectRevert(abi.encodeWithSelector(IFeeService.FeeService_NotEscrowed.selector, sent.orderId));
        feeA.topUp{value: 5}(sent.orderId, address(0), 5);
    }

    function test_AFeeInATokenIsEarnedInIt() public {
        Token token = new Token();
        Sent memory sent = _sendWithToken(token);
        vm.chainId(CHAIN_A);
        token.mint(address(this), 7);
        token.approve(address(feeA), 7);
        feeA.topUp(sent.orderId, address(token), 7);
        feeA.settle(CHAIN_B, proveOnA(_records(sent, PAYEE)));
        vm.prank(PAYEE);
        feeA.withdraw(address(token), PAYEE);
        vm.assertEq(token.balanceOf(PAYEE), quote(GAS_LIMIT) + 7);
        vm.assertEq(token.balanceOf(address(feeA)), 0);
    }

    function test_RevertWhen_ATokenTakesItsCutOfATopUp() public {
        TakingToken token = new TakingToken();
        list(feeA, CHAIN_B, address(token), 0);
        vm.chainId(CHAIN_A);
        bytes32 orderId = mosA.transferOut(CHAIN_B, message, address(token));
        token.mint(address(this), 10);
        token.approve(address(feeA), 10);
        vm.expectRevert(abi.encodeWithSelector(IFeeService.FeeService_NotReceived.selector, 10, 9));
        feeA.topUp(orderId, address(token), 10);
    }

    function test_RevertWhen_AnybodyButMosEscrows() public {
        vm.expectRevert(abi.encodeWithSelector(IFeeService.FeeService_NotMos.selector, address(mosA), address(this)));
        feeA.escrow{value: 1}(bytes32(uint256(1)), CHAIN_B, address(0), 1, USER);
        vm.startPrank(address(mosA));
        vm.deal(address(mosA), 3);
        vm.expectRevert(abi.encodeWithSelector(IFeeService.FeeService_WrongValue.selector, 2, 1));
        feeA.escrow{value: 1}(bytes32(uint256(1)), CHAIN_B, address(0), 2, USER);
        feeA.escrow{value: 1}(bytes32(uint256(1)), CHAIN_B, address(0), 1, USER);
        vm.expectPartialRevert(IFeeService.FeeService_AlreadyEscrowed.selector);
        feeA.escrow{value: 1}(bytes32(uint256(1)), CHAIN_B, address(0), 1, USER);
        vm.expectPartialRevert(IFeeService.FeeService_TokenNotListed.selector);
        feeA.escrow(bytes32(uint256(2)), CHAIN_B, USER, 1, USER);
        // Of such a chain 64 bits would be kept, and another chain's record would free the fee.
        vm.expectPartialRevert(IFeeService.FeeService_OutOfRange.selector);
        feeA.escrow(bytes32(uint256(2)), (1 << 64) + CHAIN_B, address(0), 0, USER);
        vm.expectPartialRevert(IFeeService.FeeService_OutOfRange.selector);
        feeA.escrow(bytes32(uint256(2)), 0, address(0), 0, USER);
    }

    /// @dev What is not paid is still owed.
    function test_RevertWhen_TheCoinIsNotTaken() public {
        Sent memory sent = send(message);
        bytes memory proof = proveOnA(_records(sent, PAYEE));
        feeA.settle(CHAIN_B, proof);
        uint256 fee = quote(GAS_LIMIT);
        vm.prank(PAYEE);
        vm.expectRevert(abi.encodeWithSelector(IFeeService.FeeService_PaymentFailed.selector, address(feeA), fee));
        feeA.withdraw(address(0), address(feeA));
        vm.assertEq(feeA.owed(PAYEE, address(0)), fee);
    }

    function test_BytesBeyondTheTermsCost() public {
        vm.startPrank(PRICER);
        feeA.setTerms(CHAIN_B, IFeeService.Terms(true, 50_000, 10_000, 400, 40, IGasPrices(address(0))));
        vm.stopPrank();
        vm.assertEq(mosA.quote(CHAIN_B, address(0), GAS_LIMIT, 400), (60_000 + GAS_LIMIT) * GAS_PRICE);
        vm.assertEq(mosA.quote(CHAIN_B, address(0), GAS_LIMIT, 401), (60_040 + GAS_LIMIT) * GAS_PRICE);
        (uint256 least,) = mosA.getMessageFee(CHAIN_B, address(0), GAS_LIMIT);
        vm.assertEq(least, (60_000 + GAS_LIMIT) * GAS_PRICE);
        vm.expectPartialRevert(IMessageService.MOS_MessageTooLong.selector);
        mosA.quote(CHAIN_B, address(0), GAS_LIMIT, 16_385);

        bytes memory long = encode(IMOSV3.MessageType.MESSAGE, address(app), new bytes(500), GAS_LIMIT);
        uint256 fee = mosA.quote(CHAIN_B, address(0), GAS_LIMIT, long.length);
        vm.assertEq(fee, (60_000 + GAS_LIMIT + 40 * (long.length - 400)) * GAS_PRICE);
        vm.chainId(CHAIN_A);
        vm.expectRevert(abi.encodeWithSelector(IMessageService.MOS_FeeTooLow.selector, fee, fee - 1));
        mosA.transferOut{value: fee - 1}(CHAIN_B, long, address(0));
        bytes32 orderId = mosA.transferOut{value: fee}(CHAIN_B, long, address(0));
        vm.assertEq(uint256(feeA.escrowOf(orderId).amount), fee);
    }

    /// @dev The quote is the charge, whatever the terms, the price, the gas limit and the length.
    function testFuzz_TheQuoteIsTheCharge(uint32 base, uint16 included, uint16 perByte, uint64 price, uint16 length)
        public
    {
        length = uint16(bound(length, 0, 16_000));
        vm.startPrank(PRICER);
        feeA.setTerms(CHAIN_B, IFeeService.Terms(true, base, 0, included, perByte, IGasPrices(address(0))));
        feeA.setChainGasPrice(CHAIN_B, address(0), price);
        vm.stopPrank();
        bytes memory data = encode(IMOSV3.MessageType.MESSAGE, address(app), new bytes(length), GAS_LIMIT);
        uint256 fee = mosA.quote(CHAIN_B, address(0), GAS_LIMIT, data.length);
        vm.chainId(CHAIN_A);
        vm.deal(USER, fee + 1 ether);
        vm.prank(USER);
        bytes32 orderId = mosA.transferOut{value: fee + 1 ether}(CHAIN_B, data, address(0));
        vm.assertEq(USER.balance, 1 ether);
        vm.assertEq(uint256(feeA.escrowOf(orderId).amount), fee);
    }

    function test_AnOraclePricesWhereTheTimelockChoseOne() public {
        Oracle oracle = new Oracle();
        oracle.set(5, true);
        IFeeService.Terms memory withOracle = IFeeService.Terms(true, 1, 2, 0, 0, oracle);
        vm.prank(PRICER);
        vm.expectPartialRevert(IAccessControl.AccessControlUnauthorizedAccount.selector);
        feeA.setTerms(CHAIN_B, withOracle);
        vm.prank(address(timelock));
        feeA.setTerms(CHAIN_B, withOracle);
        vm.assertEq(mosA.quote(CHAIN_B, address(0), GAS_LIMIT, 0), (3 + GAS_LIMIT) * 5);
        withOracle.baseGas = 2;
        vm.prank(PRICER);
        feeA.setTerms(CHAIN_B, withOracle);
        // MOS must know each token that senders approve it for, whoever prices it.
        Token token = new Token();
        vm.expectPartialRevert(IFeeService.FeeService_TokenNotListed.selector);
        mosA.quote(CHAIN_B, address(token), GAS_LIMIT, 0);
        vm.prank(address(timelock));
        feeA.registerToken(address(token));
        vm.assertEq(mosA.quote(CHAIN_B, address(token), GAS_LIMIT, 0), (4 + GAS_LIMIT) * 5);
        oracle.set(5, false);
        vm.expectPartialRevert(IFeeService.FeeService_TokenNotListed.selector);
        mosA.quote(CHAIN_B, address(0), GAS_LIMIT, 0);
    }

    function test_OnlyThePricerPrices() public {
        bytes4 refused = IAccessControl.AccessControlUnauthorizedAccount.selector;
        vm.expectPartialRevert(refused);
        feeA.setTerms(CHAIN_B, terms());
        vm.expectPartialRevert(refused);
        feeA.setChainGasPrice(CHAIN_B, address(0), 1);
        vm.expectPartialRevert(refused);
        feeA.unlistToken(CHAIN_B, address(0));
        vm.expectPartialRevert(refused);
        feeA.registerToken(address(app));
        vm.startPrank(PRICER);
        vm.expectPartialRevert(IFeeService.FeeService_OutOfRange.selector);
        feeA.setTerms(1 << 64, terms());
        vm.expectPartialRevert(IFeeService.FeeService_OutOfRange.selector);
        feeA.setChainGasPrice(CHAIN_B, address(0), 1 << 128);
        bytes32 role = feeA.PRICER_ROLE();
        vm.expectPartialRevert(refused);
        feeA.grantRole(role, USER);
    }

    function test_AHintFailsACopiedDeliveryAtOnce() public {
        Sent memory sent = send(message);
        bytes memory proof = prove(sent.log);
        mosB.deliver(CHAIN_A, new bytes[](0), sent.orderId, PAYEE, 0, proof);
        vm.expectRevert(abi.encodeWithSelector(IMessageService.MOS_AlreadyDelivered.selector, CHAIN_A, sent.orderId));
        mosB.deliver(CHAIN_A, new bytes[](0), sent.orderId, USER, 0, "not even a proof");
        Sent memory other = send(message);
        proof = prove(other.log);
        bytes32 hint = bytes32(uint256(sent.orderId) + 1);
        vm.expectRevert(abi.encodeWithSelector(IMessageService.MOS_HintMismatch.selector, hint, other.orderId));
        mosB.deliver(CHAIN_A, new bytes[](0), hint, USER, 0, proof);
        bytes32[] memory hints = new bytes32[](2);
        (hints[0], hints[1]) = (sent.orderId, other.orderId);
        bytes memory batch = proveBatch(asArray(sent.log, other.log));
        vm.assertEq(mosB.transferInBatch(CHAIN_A, new bytes[](0), hints, PAYEE, batch), 1);
        vm.expectPartialRevert(IMessageService.MOS_AlreadyDelivered.selector);
        mosB.transferInBatch(CHAIN_A, new bytes[](0), hints, PAYEE, "not even a proof");
    }

    /// @dev What B's MOS logs while it takes the message, on B.
    function _records(Sent memory sent, address payee) private returns (Vm.Log[] memory) {
        vm.chainId(CHAIN_B);
        bytes memory proof = prove(sent.log);
        vm.recordLogs();
        mosB.deliver(CHAIN_A, new bytes[](0), 0, payee, 0, proof);
        return vm.getRecordedLogs();
    }

    function _nothingToSettle(Vm.Log[] memory logs) private {
        bytes memory proof = proveOnA(logs);
        vm.expectRevert(abi.encodeWithSelector(IFeeService.FeeService_NothingToSettle.selector, CHAIN_B));
        feeA.settle(CHAIN_B, proof);
    }

    function _only(Vm.Log[] memory logs, bytes32 topic) private pure returns (Vm.Log[] memory) {
        for (uint256 i = 0; i < logs.length; ++i) {
            if (logs[i].topics[0] == topic) return asArray(logs[i]);
        }
        return new Vm.Log[](0);
    }

    function _sendWithToken(Token token) private returns (Sent memory sent) {
        list(feeA, CHAIN_B, address(token), GAS_PRICE);
        token.mint(USER, quote(GAS_LIMIT));
        vm.chainId(CHAIN_A);
        vm.startPrank(USER);
        token.approve(address(mosA), quote(GAS_LIMIT));
        vm.recordLogs();
        sent.orderId = mosA.transferOut(CHAIN_B, message, address(token));
        vm.stopPrank();
        sent.messageData = message;
        sent.log = messageLog(vm.getRecordedLogs());
    }
}
