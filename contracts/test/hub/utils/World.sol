// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Timelock} from "../../../src/governance/Timelock.sol";
import {Hub} from "../../../src/hub/Hub.sol";
import {FeeService} from "../../../src/mos/FeeService.sol";
import {IFeeService} from "../../../src/mos/interfaces/IFeeService.sol";
import {IGasPrices} from "../../../src/mos/interfaces/IGasPrices.sol";
import {IMessageService} from "../../../src/mos/interfaces/IMessageService.sol";
import {IMOSV3} from "../../../src/mos/interfaces/IMOSV3.sol";
import {MessageService} from "../../../src/mos/MessageService.sol";
import {ReceiptTrie} from "../../mos/utils/ReceiptTrie.sol";
import {TestLightClient} from "../../mos/utils/TestLightClient.sol";
import {Vm} from "../../utils/Vm.sol";

/// @notice Four chains on one EVM with a real MOS each: A and B, which know each other over the hub H, and C, which is behind H
///         as well. Receipts are made of the logs that were recorded, and proven for real; whether their block is final is what
///         a `TestLightClient` is told.
/// @dev    A contract of its own, called by the tests and not inherited, so that it is compiled once.
contract World {
    struct Sent {
        bytes32 orderId;
        bytes messageData;
        bytes options;
        Vm.Log log;
    }

    uint256 public constant A = 11;
    uint256 public constant H = 22;
    uint256 public constant B = 33;
    uint256 public constant C = 44;
    uint256 public constant GAS_PRICE = 3 gwei;
    uint256 public constant BASE_GAS = 100_000;
    address public constant PAUSER = address(0xaaaa);
    address public constant UNPAUSER = address(0xbbbb);
    address public constant PRICER = address(0xcccc);
    /// @dev Relays and delivers.
    address public constant RELAYER = address(0x4e1a);

    Vm private constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    Timelock public immutable timelock;
    Hub public immutable hub;
    mapping(uint256 chain => MessageService) public mosOf;
    mapping(uint256 chain => FeeService) public feesOf;
    /// @dev On `at`, follows `followed`.
    mapping(uint256 at => mapping(uint256 followed => TestLightClient)) public clientOf;

    constructor() {
        vm.warp(1_800_000_000);
        address[] memory self = new address[](1);
        self[0] = address(this);
        timelock = new Timelock(1 days, self, self, address(0));
        uint256[4] memory chains = [A, H, B, C];
        for (uint256 i = 0; i < 4; ++i) {
            _deploy(chains[i]);
        }
        vm.chainId(H);
        hub = new Hub(mosOf[H]);
        for (uint256 i = 0; i < 4; ++i) {
            for (uint256 j = 0; j < 4; ++j) {
                if (i == j) continue;
                clientOf[chains[i]][chains[j]] = new TestLightClient(chains[j]);
                _price(chains[i], chains[j]);
            }
        }
        for (uint256 i = 0; i < 4; ++i) {
            for (uint256 j = 0; j < 4; ++j) {
                if (i == j) continue;
                if (chains[i] == H || chains[j] == H) setDirect(chains[i], chains[j]);
                else setOverHub(chains[i], chains[j]);
            }
        }
    }

    function _deploy(uint256 chain) private {
        vm.chainId(chain);
        address mos = vm.computeCreateAddress(address(this), vm.getNonce(address(this)) + 1);
        feesOf[chain] = new FeeService(address(timelock), PRICER, mos);
        mosOf[chain] = new MessageService(address(timelock), feesOf[chain], PAUSER, UNPAUSER);
    }

    function _price(uint256 at, uint256 to) private {
        vm.startPrank(PRICER);
        feesOf[at].setTerms(to, IFeeService.Terms(true, uint32(BASE_GAS), 0, 16_384, 0, IGasPrices(address(0))));
        feesOf[at].setChainGasPrice(to, address(0), GAS_PRICE);
        vm.stopPrank();
    }

    /// @notice On `at`, messages of `origin` come directly.
    function setDirect(uint256 at, uint256 origin) public {
        vm.chainId(at);
        vm.prank(address(timelock));
        mosOf[at].setRoute(origin, clientOf[at][origin], address(mosOf[origin]));
    }

    /// @notice On `at`, messages of `origin` come over the hub.
    function setOverHub(uint256 at, uint256 origin) public {
        vm.chainId(at);
        vm.prank(address(timelock));
        mosOf[at].setHubRoute(origin, clientOf[at][H], address(mosOf[origin]), address(hub));
    }

    /// @notice Another light client of `followed` on `at`; the routes go on with the one before until they are set.
    function renewClient(uint256 at, uint256 followed) external returns (TestLightClient client) {
        return clientOf[at][followed] = new TestLightClient(followed);
    }

    /// @notice Another MOS on `chain`, with its own fee service; nobody has a route to it yet.
    function replaceMos(uint256 chain) external {
        _deploy(chain);
    }

    function restoreMos(uint256 chain, MessageService mos) external {
        mosOf[chain] = mos;
    }

    function endRoute(uint256 at, uint256 origin) external {
        vm.chainId(at);
        vm.prank(address(timelock));
        mosOf[at].setRoute(origin, TestLightClient(address(0)), address(0));
    }

    function pause(uint256 at, uint256 other, bool outbound) external {
        vm.chainId(at);
        vm.prank(PAUSER);
        mosOf[at].pauseLane(other, outbound);
    }

    function unpause(uint256 at, uint256 other, bool outbound) external {
        vm.chainId(at);
        vm.prank(UNPAUSER);
        mosOf[at].unpauseLane(other, outbound);
    }

    function encode(bool relay, address target, bytes memory payload, uint256 gasLimit)
        public
        pure
        returns (bytes memory)
    {
        return abi.encode(
            IMOSV3.MessageData(relay, IMOSV3.MessageType.MESSAGE, abi.encodePacked(target), payload, gasLimit, 0)
        );
    }

    /// @notice `sender` sends from one chain to another.
    function send(uint256 from, uint256 to, address sender, bytes memory messageData)
        external
        returns (Sent memory sent)
    {
        vm.chainId(from);
        vm.deal(sender, 10 ether);
        vm.recordLogs();
        vm.prank(sender);
        sent.orderId = mosOf[from].transferOut{value: 1 ether}(to, messageData, address(0));
        sent.messageData = messageData;
        sent.log = messageIn(vm.getRecordedLogs(), address(mosOf[from]));
    }

    function sendWith(
        uint256 from,
        uint256 to,
        address sender,
        bytes memory messageData,
        IMessageService.MessageOptions memory options
    ) external returns (Sent memory sent) {
        vm.chainId(from);
        vm.deal(sender, 10 ether);
        vm.recordLogs();
        vm.prank(sender);
        sent.orderId = mosOf[from].transferOutWithOptions{value: 1 ether}(to, messageData, address(0), options);
        sent.messageData = messageData;
        sent.log = messageIn(vm.getRecordedLogs(), address(mosOf[from]));
        (,,, sent.options) = abi.decode(sent.log.data, (bytes32, bytes, bytes, bytes));
    }

    /// @notice Makes a block of `followed` with one receipt of these logs final on `at`. @return `abi.encode(ReceiptProof)`.
    function prove(uint256 at, uint256 followed, Vm.Log[] memory logs) public returns (bytes memory) {
        (bytes32 root, bytes memory nodes) = ReceiptTrie.single(ReceiptTrie.receipt(logs));
        clientOf[at][followed].setFinal(root);
        return abi.encode(IMessageService.ReceiptProof(abi.encode(root), 0, nodes));
    }

    function prove(uint256 at, uint256 followed, Vm.Log memory log) public returns (bytes memory) {
        return prove(at, followed, only(log));
    }

    /// @notice One block, one transaction, one member a log. @return `abi.encode(BatchProof)`.
    function proveBatch(uint256 at, uint256 followed, Vm.Log[] memory logs) public returns (bytes memory) {
        (bytes32 root, bytes memory node) = ReceiptTrie.single(ReceiptTrie.receipt(logs));
        clientOf[at][followed].setFinal(root);
        bytes[] memory nodes = new bytes[](1);
        nodes[0] = node;
        IMessageService.BatchMember[] memory members = new IMessageService.BatchMember[](logs.length);
        for (uint256 i = 0; i < logs.length; ++i) {
            members[i] = IMessageService.BatchMember(0, i, hex"0000");
        }
        return abi.encode(IMessageService.BatchProof(abi.encode(root), nodes, members));
    }

    /// @notice Anybody forwards a message of `from`. @return The hub's log.
    function forward(uint256 from, Vm.Log memory log) external returns (Vm.Log memory) {
        bytes memory proof = prove(H, from, log);
        vm.chainId(H);
        vm.recordLogs();
        hub.forward(from, new bytes[](0), 0, proof);
        return messageIn(vm.getRecordedLogs(), address(hub));
    }

    function forwardAgain(uint256 from, Vm.Log memory log) external returns (Vm.Log memory) {
        bytes memory proof = prove(H, from, log);
        vm.chainId(H);
        vm.recordLogs();
        hub.forwardAgain(from, new bytes[](0), 0, proof);
        return messageIn(vm.getRecordedLogs(), address(hub));
    }

    function forwardRecords(uint256 recordChain, Vm.Log[] memory logs) external returns (Vm.Log[] memory) {
        bytes memory proof = prove(H, recordChain, logs);
        vm.chainId(H);
        vm.recordLogs();
        hub.forwardRecords(recordChain, new bytes[](0), proof);
        return vm.getRecordedLogs();
    }

    /// @notice `RELAYER` has the hub run a message of `from`. @return What was logged.
    function relay(uint256 from, Vm.Log memory log) external returns (Vm.Log[] memory) {
        return relayWithGas(from, log, 20_000_000);
    }

    function relayWithGas(uint256 from, Vm.Log memory log, uint256 gas) public returns (Vm.Log[] memory) {
        bytes memory proof = prove(H, from, log);
        vm.chainId(H);
        vm.recordLogs();
        vm.prank(RELAYER, RELAYER);
        hub.relay{gas: gas}(from, new bytes[](0), address(0), 0, proof);
        return vm.getRecordedLogs();
    }

    function retryRelay(IMessageService.StoredMessage memory stored) external returns (Vm.Log[] memory) {
        vm.chainId(H);
        vm.recordLogs();
        vm.prank(RELAYER, RELAYER);
        hub.retryRelay(stored);
        return vm.getRecordedLogs();
    }

    /// @notice `RELAYER` delivers on `at` a message of `origin` that a log of `followed` carries. @return What was logged.
    function deliver(uint256 at, uint256 origin, uint256 followed, Vm.Log memory log)
        external
        returns (Vm.Log[] memory)
    {
        bytes memory proof = prove(at, followed, log);
        vm.chainId(at);
        vm.recordLogs();
        vm.prank(RELAYER);
        mosOf[at].transferInWithIndex(origin, 0, proof);
        return vm.getRecordedLogs();
    }

    /// @notice What a failed message is stored as: on `at` by MOS, or with `at` the hub's chain and `to` another, by the hub.
    function storedMessage(uint256 from, uint256 to, uint256 at, address sender, Sent memory sent)
        external
        view
        returns (IMessageService.StoredMessage memory)
    {
        IMessageService.Route memory route = mosOf[at].route(from);
        return IMessageService.StoredMessage({
            fromChain: from,
            lightClient: route.lightClient,
            hub: route.hub,
            fromMos: address(mosOf[from]),
            toChain: to,
            orderId: sent.orderId,
            fromAddress: abi.encodePacked(sender),
            messageData: sent.messageData,
            options: sent.options
        });
    }

    /// @notice The first message that `emitter` logged.
    function messageIn(Vm.Log[] memory logs, address emitter) public pure returns (Vm.Log memory) {
        for (uint256 i = 0; i < logs.length; ++i) {
            if (logs[i].emitter != emitter || logs[i].topics.length == 0) continue;
            bytes32 topic = logs[i].topics[0];
            if (topic == IMOSV3.mapMessageOut.selector || topic == IMessageService.mapMessageOutWithOptions.selector) {
                return logs[i];
            }
        }
        revert("no message was logged");
    }

    function find(Vm.Log[] memory logs, bytes32 topic) public pure returns (Vm.Log memory) {
        for (uint256 i = 0; i < logs.length; ++i) {
            if (logs[i].topics.length != 0 && logs[i].topics[0] == topic) return logs[i];
        }
        revert("no such log");
    }

    function count(Vm.Log[] memory logs, bytes32 topic) external pure returns (uint256 found) {
        for (uint256 i = 0; i < logs.length; ++i) {
            if (logs[i].topics.length != 0 && logs[i].topics[0] == topic) ++found;
        }
    }

    function only(Vm.Log memory log) public pure returns (Vm.Log[] memory logs) {
        logs = new Vm.Log[](1);
        logs[0] = log;
    }
}
