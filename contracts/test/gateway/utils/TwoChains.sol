// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {InteroperableAddress} from "@openzeppelin/contracts/utils/draft-InteroperableAddress.sol";
import {GatewayCodec} from "../../../src/gateway/GatewayCodec.sol";
import {IGatewayAttributes} from "../../../src/gateway/IGatewayAttributes.sol";
import {IMosGateway} from "../../../src/gateway/IMosGateway.sol";
import {MosGateway} from "../../../src/gateway/MosGateway.sol";
import {Timelock} from "../../../src/governance/Timelock.sol";
import {FeeService} from "../../../src/mos/FeeService.sol";
import {IFeeService} from "../../../src/mos/interfaces/IFeeService.sol";
import {IGasPrices} from "../../../src/mos/interfaces/IGasPrices.sol";
import {IMessageService} from "../../../src/mos/interfaces/IMessageService.sol";
import {IMOSV3} from "../../../src/mos/interfaces/IMOSV3.sol";
import {MessageService} from "../../../src/mos/MessageService.sol";
import {ReceiptTrie} from "../../mos/utils/ReceiptTrie.sol";
import {TestLightClient} from "../../mos/utils/TestLightClient.sol";
import {Test} from "../../utils/Test.sol";
import {Vm} from "../../utils/Vm.sol";

/// @notice Two chains on one EVM with a real MOS and a gateway each; messages go both ways. `on(chain)` says which chain the
///         next calls are made on; receipts are made of the logs that were recorded.
abstract contract TwoChains is Test {
    struct Chain {
        uint256 id;
        FeeService fees;
        MessageService mos;
        /// @dev Follows the other chain.
        TestLightClient client;
        MosGateway gateway;
    }

    uint256 internal constant CHAIN_A = 1111;
    uint256 internal constant CHAIN_B = 2222;
    uint256 internal constant BASE_GAS = 100_000;
    uint256 internal constant GAS_PRICE = 3 gwei;
    /// @dev For recipients, of messages that do not say.
    uint64 internal constant DEFAULT_GAS = 200_000;
    uint256 internal constant DELIVERY_GAS = 10_000_000;

    address internal constant PAUSER = address(0xaaaa);
    address internal constant UNPAUSER = address(0xbbbb);
    address internal constant PRICER = address(0xcccc);
    address internal constant USER = address(0x5e4d);
    address internal constant OTHER = address(0x07e4);

    Timelock internal timelock;
    Chain internal a;
    Chain internal b;

    function setUp() public virtual {
        vm.warp(1_800_000_000);
        address[] memory self = new address[](1);
        self[0] = address(this);
        timelock = new Timelock(1 days, self, self, address(0));
        _deploy(a, CHAIN_A, CHAIN_B);
        _deploy(b, CHAIN_B, CHAIN_A);
        _connect(a, b);
        _connect(b, a);
        vm.deal(USER, 1_000_000 ether);
        vm.deal(OTHER, 1_000_000 ether);
        on(a);
    }

    function _deploy(Chain storage chain, uint256 id, uint256 other) private {
        vm.chainId(id);
        chain.id = id;
        address mos = vm.computeCreateAddress(address(this), vm.getNonce(address(this)) + 1);
        chain.fees = new FeeService(address(timelock), PRICER, mos);
        chain.mos = new MessageService(address(timelock), chain.fees, PAUSER, UNPAUSER);
        chain.client = new TestLightClient(other);
        chain.gateway = new MosGateway(chain.mos, address(timelock));
    }

    function _connect(Chain storage here, Chain storage there) private {
        vm.chainId(here.id);
        vm.startPrank(address(timelock));
        here.mos.setRoute(there.id, here.client, address(there.mos));
        here.gateway.setRemote(there.id, address(there.gateway), DEFAULT_GAS);
        vm.stopPrank();
        vm.startPrank(PRICER);
        here.fees.setTerms(there.id, IFeeService.Terms(true, uint32(BASE_GAS), 0, 4096, 16, IGasPrices(address(0))));
        here.fees.setChainGasPrice(there.id, address(0), GAS_PRICE);
        vm.stopPrank();
    }

    function on(Chain storage chain) internal {
        vm.chainId(chain.id);
    }

    function interop(Chain storage chain, address account) internal view returns (bytes memory) {
        return InteroperableAddress.formatEvmV1(chain.id, account);
    }

    function relayAttribute(uint256 gasLimit, address refundRecipient) internal pure returns (bytes memory) {
        return abi.encodeCall(IGatewayAttributes.requestRelay, (0, gasLimit, refundRecipient));
    }

    function deadlineAttribute(uint64 timestamp) internal pure returns (bytes memory) {
        return abi.encodeCall(IGatewayAttributes.deadline, (timestamp));
    }

    function orderedAttribute() internal pure returns (bytes memory) {
        return abi.encodeCall(IGatewayAttributes.ordered, ());
    }

    function none() internal pure returns (bytes[] memory) {
        return new bytes[](0);
    }

    function list(bytes memory one) internal pure returns (bytes[] memory attributes) {
        attributes = new bytes[](1);
        attributes[0] = one;
    }

    function list(bytes memory one, bytes memory two) internal pure returns (bytes[] memory attributes) {
        attributes = new bytes[](2);
        (attributes[0], attributes[1]) = (one, two);
    }

    /// @dev The message that left with `orderId`, or the last one if it is zero, among the logs recorded since `recordLogs`.
    function messageLog(Vm.Log[] memory logs) internal pure returns (Vm.Log memory) {
        for (uint256 i = logs.length; i != 0; --i) {
            if (logs[i - 1].topics.length != 0 && isMessage(logs[i - 1].topics[0])) return logs[i - 1];
        }
        revert("no message was sent");
    }

    function isMessage(bytes32 topic) internal pure returns (bool) {
        return topic == IMOSV3.mapMessageOut.selector || topic == IMessageService.mapMessageOutWithOptions.selector;
    }

    function isFrom(Chain storage chain, address emitter) internal view returns (bool) {
        return emitter == address(chain.mos);
    }

    /// @dev Makes a block with one receipt of one log final on `there`, and proves the receipt.
    function prove(Chain storage there, Vm.Log memory log) internal returns (bytes memory) {
        Vm.Log[] memory logs = new Vm.Log[](1);
        logs[0] = log;
        (bytes32 root, bytes memory nodes) = ReceiptTrie.single(ReceiptTrie.receipt(logs));
        there.client.setFinal(root);
        return abi.encode(IMessageService.ReceiptProof(abi.encode(root), 0, nodes));
    }

    /// @dev Delivers the last message among the logs that were recorded, and returns the logs of doing so.
    function deliverLast(Chain storage from, Chain storage to) internal returns (Vm.Log[] memory) {
        return deliver(from, to, messageLog(vm.getRecordedLogs()));
    }

    /// @dev Leaves `to` as the chain of the next calls, and goes on recording.
    function deliver(Chain storage from, Chain storage to, Vm.Log memory log) internal returns (Vm.Log[] memory logs) {
        bytes memory proof = prove(to, log);
        on(to);
        vm.recordLogs();
        to.mos.transferInWithIndex{gas: DELIVERY_GAS}(from.id, 0, proof);
        logs = vm.getRecordedLogs();
        vm.recordLogs();
    }

    /// @dev How the only delivery among `logs` went.
    function outcomeIn(Vm.Log[] memory logs) internal pure returns (bool result, bytes memory reason) {
        for (uint256 i = 0; i < logs.length; ++i) {
            if (logs[i].topics.length == 0 || logs[i].topics[0] != IMOSV3.mapMessageIn.selector) continue;
            (,,, result, reason) = abi.decode(logs[i].data, (bytes32, bytes, bytes, bool, bytes));
            return (result, reason);
        }
        revert("nothing was delivered");
    }

    function assertDelivered(Vm.Log[] memory logs) internal pure {
        (bool result, bytes memory reason) = outcomeIn(logs);
        vm.assertEq(reason, "");
        vm.assertTrue(result, "delivered");
    }

    function assertFailed(Vm.Log[] memory logs, bytes memory expected) internal pure {
        (bool result, bytes memory reason) = outcomeIn(logs);
        vm.assertFalse(result, "failed");
        vm.assertEq(reason, expected);
    }

    function orderIn(Vm.Log memory log) internal pure returns (bytes32 orderId) {
        return abi.decode(log.data, (bytes32));
    }

    function messageDataIn(Vm.Log memory log) internal pure returns (bytes memory messageData, bytes memory options) {
        if (log.topics[0] == IMOSV3.mapMessageOut.selector) {
            (,, messageData) = abi.decode(log.data, (bytes32, bytes, bytes));
        } else {
            (,, messageData, options) = abi.decode(log.data, (bytes32, bytes, bytes, bytes));
        }
    }

    /// @dev What `retry` needs of a message that failed on `to`.
    function stored(Chain storage from, Chain storage to, Vm.Log memory log)
        internal
        view
        returns (IMessageService.StoredMessage memory message)
    {
        message.fromChain = from.id;
        message.lightClient = to.client;
        message.fromMos = address(from.mos);
        message.toChain = to.id;
        message.orderId = orderIn(log);
        message.fromAddress = abi.encodePacked(address(from.gateway));
        (message.messageData, message.options) = messageDataIn(log);
    }

    /// @dev The parked message that `MessageSent` and `MessageParked` among `logs` tell of.
    function parkedIn(Vm.Log[] memory logs)
        internal
        pure
        returns (bytes32 sendId, IMosGateway.ParkedMessage memory parked)
    {
        for (uint256 i = 0; i < logs.length; ++i) {
            if (logs[i].topics.length == 0) continue;
            if (logs[i].topics[0] == IMosGateway.MessageParked.selector) {
                sendId = logs[i].topics[1];
                parked.nonce = abi.decode(logs[i].data, (uint256));
            } else if (sendId != 0 && logs[i].topics.length > 1 && logs[i].topics[1] == sendId) {
                (bytes memory sender, bytes memory recipient, bytes memory payload,, bytes[] memory attributes) =
                    abi.decode(logs[i].data, (bytes, bytes, bytes, uint256, bytes[]));
                (, parked.sender) = InteroperableAddress.parseEvmV1(sender);
                (parked.toChain, parked.recipient) = InteroperableAddress.parseEvmV1(recipient);
                parked.payload = payload;
                for (uint256 j = 0; j < attributes.length; ++j) {
                    if (bytes4(attributes[j]) == IGatewayAttributes.deadline.selector) {
                        parked.deadline = uint64(uint256(word(attributes[j], 4)));
                    }
                }
                return (sendId, parked);
            }
        }
        revert("nothing was parked");
    }

    function word(bytes memory data, uint256 at) internal pure returns (bytes32 value) {
        assembly ("memory-safe") {
            value := mload(add(add(data, 0x20), at))
        }
    }
}
