// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ILightClient} from "../../../src/light-clients/ILightClient.sol";
import {Timelock} from "../../../src/governance/Timelock.sol";
import {FeeService} from "../../../src/mos/FeeService.sol";
import {IFeeService} from "../../../src/mos/interfaces/IFeeService.sol";
import {IGasPrices} from "../../../src/mos/interfaces/IGasPrices.sol";
import {IMessageService} from "../../../src/mos/interfaces/IMessageService.sol";
import {IMOSV3} from "../../../src/mos/interfaces/IMOSV3.sol";
import {MessageService} from "../../../src/mos/MessageService.sol";
import {Test} from "../../utils/Test.sol";
import {Vm} from "../../utils/Vm.sol";
import {ReceiptTrie} from "./ReceiptTrie.sol";
import {TestLightClient} from "./TestLightClient.sol";

/// @notice Two chains on one EVM: A sends to B. The receipts are made of the logs that A's MOS emits.
abstract contract MosTest is Test {
    struct Sent {
        bytes32 orderId;
        bytes messageData;
        bytes options;
        Vm.Log log;
    }

    uint256 internal constant CHAIN_A = 1111;
    uint256 internal constant CHAIN_B = 2222;
    uint256 internal constant BASE_GAS = 100_000;
    uint256 internal constant UPDATE_GAS = 30_000;
    uint256 internal constant GAS_PRICE = 3 gwei;
    uint256 internal constant GAS_LIMIT = 300_000;

    address internal constant PAUSER = address(0xaaaa);
    address internal constant UNPAUSER = address(0xbbbb);
    address internal constant PRICER = address(0xcccc);
    address internal constant PAYEE = address(0xdddd);
    address internal constant USER = address(0x5e4d);

    Timelock internal timelock;
    FeeService internal feeA;
    FeeService internal feeB;
    MessageService internal mosA;
    MessageService internal mosB;
    /// @dev On B, follows A.
    TestLightClient internal client;

    function setUp() public virtual {
        address[] memory self = new address[](1);
        self[0] = address(this);
        timelock = new Timelock(1 days, self, self, address(0));
        (feeA, mosA) = _deploy(CHAIN_A);
        (feeB, mosB) = _deploy(CHAIN_B);
        TestLightClient clientOnA = new TestLightClient(CHAIN_B);
        client = new TestLightClient(CHAIN_A);
        vm.startPrank(address(timelock));
        vm.chainId(CHAIN_A);
        mosA.setRoute(CHAIN_B, clientOnA, address(mosB));
        vm.chainId(CHAIN_B);
        mosB.setRoute(CHAIN_A, client, address(mosA));
        vm.stopPrank();
        vm.startPrank(PRICER);
        feeA.setTerms(CHAIN_B, terms());
        feeA.setChainGasPrice(CHAIN_B, address(0), GAS_PRICE);
        feeB.setTerms(CHAIN_A, terms());
        feeB.setChainGasPrice(CHAIN_A, address(0), GAS_PRICE);
        vm.stopPrank();
        vm.deal(USER, 1_000_000 ether);
    }

    function _deploy(uint256 chain) private returns (FeeService fees, MessageService mos) {
        vm.chainId(chain);
        fees = new FeeService(
            address(timelock), PRICER, vm.computeCreateAddress(address(this), vm.getNonce(address(this)) + 1)
        );
        mos = new MessageService(address(timelock), fees, PAUSER, UNPAUSER);
    }

    function encode(IMOSV3.MessageType kind, address target, bytes memory payload, uint256 gasLimit)
        internal
        pure
        returns (bytes memory)
    {
        return abi.encode(IMOSV3.MessageData(false, kind, abi.encodePacked(target), payload, gasLimit, 0));
    }

    function terms() internal pure returns (IFeeService.Terms memory) {
        return
            IFeeService.Terms(
                true, uint32(BASE_GAS - UPDATE_GAS), uint32(UPDATE_GAS), 16_384, 0, IGasPrices(address(0))
            );
    }

    function quote(uint256 gasLimit) internal pure returns (uint256) {
        return (BASE_GAS + gasLimit) * GAS_PRICE;
    }

    /// @dev The timelock says that it is a fee token, the pricer what a unit of gas costs in it.
    function list(FeeService fees, uint256 chain, address token, uint256 price) internal {
        vm.prank(address(timelock));
        fees.registerToken(token);
        vm.prank(PRICER);
        fees.setChainGasPrice(chain, token, price);
    }

    /// @dev `USER` sends from A to B.
    function send(bytes memory messageData) internal returns (Sent memory sent) {
        return sendFrom(USER, messageData);
    }

    function sendFrom(address sender, bytes memory messageData) internal returns (Sent memory sent) {
        vm.chainId(CHAIN_A);
        vm.recordLogs();
        vm.deal(sender, 1000 ether);
        vm.prank(sender);
        sent.orderId = mosA.transferOut{value: 1 ether}(CHAIN_B, messageData, address(0));
        sent.messageData = messageData;
        sent.log = messageLog(vm.getRecordedLogs());
        vm.chainId(CHAIN_B);
    }

    /// @dev `USER` sends from A to B with options.
    function sendWith(bytes memory messageData, IMessageService.MessageOptions memory options)
        internal
        returns (Sent memory sent)
    {
        vm.chainId(CHAIN_A);
        vm.recordLogs();
        vm.deal(USER, 1000 ether);
        vm.prank(USER);
        sent.orderId = mosA.transferOutWithOptions{value: 1 ether}(CHAIN_B, messageData, address(0), options);
        sent.messageData = messageData;
        sent.log = messageLog(vm.getRecordedLogs());
        (,,, sent.options) = abi.decode(sent.log.data, (bytes32, bytes, bytes, bytes));
        vm.chainId(CHAIN_B);
    }

    function sendTo(address target) internal returns (Sent memory) {
        return send(encode(IMOSV3.MessageType.MESSAGE, target, "hello", GAS_LIMIT));
    }

    function messageLog(Vm.Log[] memory logs) internal pure returns (Vm.Log memory) {
        for (uint256 i = 0; i < logs.length; ++i) {
            if (logs[i].topics.length == 0) continue;
            bytes32 topic = logs[i].topics[0];
            if (topic == IMOSV3.mapMessageOut.selector || topic == IMessageService.mapMessageOutWithOptions.selector) {
                return logs[i];
            }
        }
        revert("no message was sent");
    }

    /// @dev Makes a block with one receipt of one log final on B, and proves the receipt.
    function prove(Vm.Log memory log) internal returns (bytes memory) {
        return prove(asArray(log));
    }

    function prove(Vm.Log[] memory logs) internal returns (bytes memory) {
        (bytes32 root, bytes memory nodes) = ReceiptTrie.single(ReceiptTrie.receipt(logs));
        client.setFinal(root);
        return abi.encode(IMessageService.ReceiptProof(abi.encode(root), 0, nodes));
    }

    /// @dev Makes a block of B with these logs final on A, proves its receipt, and goes to A.
    function proveOnA(Vm.Log[] memory logs) internal returns (bytes memory) {
        vm.chainId(CHAIN_A);
        (bytes32 root, bytes memory nodes) = ReceiptTrie.single(ReceiptTrie.receipt(logs));
        TestLightClient(address(mosA.route(CHAIN_B).lightClient)).setFinal(root);
        return abi.encode(IMessageService.ReceiptProof(abi.encode(root), 0, nodes));
    }

    /// @dev One block, one transaction, one member a log.
    function proveBatch(Vm.Log[] memory logs) internal returns (bytes memory) {
        (bytes32 root, bytes memory node) = ReceiptTrie.single(ReceiptTrie.receipt(logs));
        client.setFinal(root);
        bytes[] memory nodes = new bytes[](1);
        nodes[0] = node;
        IMessageService.BatchMember[] memory members = new IMessageService.BatchMember[](logs.length);
        for (uint256 i = 0; i < logs.length; ++i) {
            members[i] = IMessageService.BatchMember(0, i, hex"0000");
        }
        return abi.encode(IMessageService.BatchProof(abi.encode(root), nodes, members));
    }

    function deliver(Sent memory sent) internal {
        mosB.transferInWithIndex(CHAIN_A, 0, prove(sent.log));
    }

    function stored(Sent memory sent) internal view returns (IMessageService.StoredMessage memory) {
        return storedFrom(USER, sent);
    }

    function storedFrom(address sender, Sent memory sent) internal view returns (IMessageService.StoredMessage memory) {
        return IMessageService.StoredMessage({
            fromChain: CHAIN_A,
            lightClient: client,
            hub: address(0),
            fromMos: address(mosA),
            toChain: CHAIN_B,
            orderId: sent.orderId,
            fromAddress: abi.encodePacked(sender),
            messageData: sent.messageData,
            options: sent.options
        });
    }

    function assertOutcome(Sent memory sent, IMessageService.Outcome expected) internal view {
        vm.assertEq(uint256(mosB.outcome(CHAIN_A, sent.orderId)), uint256(expected), "outcome");
    }

    /// @dev The `mapMessageIn` among the recorded logs.
    function received(Vm.Log[] memory logs) internal pure returns (bool result, bytes memory reason) {
        for (uint256 i = 0; i < logs.length; ++i) {
            if (logs[i].topics[0] != IMOSV3.mapMessageIn.selector) continue;
            (,,, result, reason) = abi.decode(logs[i].data, (bytes32, bytes, bytes, bool, bytes));
            return (result, reason);
        }
        revert("nothing was received");
    }

    function asArray(Vm.Log memory log) internal pure returns (Vm.Log[] memory logs) {
        logs = new Vm.Log[](1);
        logs[0] = log;
    }

    function asArray(Vm.Log memory a, Vm.Log memory b) internal pure returns (Vm.Log[] memory logs) {
        logs = new Vm.Log[](2);
        (logs[0], logs[1]) = (a, b);
    }

    /// @dev Runs `delay` after scheduling what only the timelock may do.
    function throughTimelock(address target, bytes memory data) internal {
        timelock.schedule(target, 0, data, 0, 0, 1 days);
        vm.warp(block.timestamp + 1 days);
        timelock.execute(target, 0, data, 0, 0);
    }

    function frozen() internal {
        client.setStatus(ILightClient.Status.Frozen);
    }
}
