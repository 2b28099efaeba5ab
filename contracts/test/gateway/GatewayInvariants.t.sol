// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMosGateway} from "../../src/gateway/IMosGateway.sol";
import {MosGateway} from "../../src/gateway/MosGateway.sol";
import {Test} from "../utils/Test.sol";
import {Vm} from "../utils/Vm.sol";
import {Recipient} from "./utils/Recipients.sol";
import {TwoChains} from "./utils/TwoChains.sol";

/// @notice Buys and takes out credit, sends for coin, credit and nothing, pays, cancels, delivers and retries, in any order.
contract GatewayHandler is TwoChains {
    Recipient public app;
    address[3] public accounts = [USER, OTHER, address(0x3333)];
    Vm.Log[] private _messages;
    IMosGateway.ParkedMessage[] private _parked;
    /// @dev How often each parked message left or was taken back.
    mapping(bytes32 sendId => uint256) public ends;
    bytes32[] public parkedIds;
    bytes32[] public orders;

    function setUp() public override {}

    function prepare() external {
        super.setUp();
        app = new Recipient();
    }

    function gateway() external view returns (MosGateway) {
        return a.gateway;
    }

    function counts() external view returns (uint256 parked, uint256 sent) {
        return (parkedIds.length, orders.length);
    }

    function setMood(uint8 mood) external {
        app.setMood(Recipient.Mood(mood % 9));
    }

    function deposit(uint256 who, uint256 forWhom, uint96 amount) external {
        on(a);
        vm.deal(accounts[who % 3], amount);
        vm.prank(accounts[who % 3]);
        a.gateway.deposit{value: amount}(accounts[forWhom % 3]);
    }

    function withdraw(uint256 who, uint256 amount) external {
        on(a);
        address account = accounts[who % 3];
        amount = bound(amount, 0, a.gateway.creditOf(account));
        vm.prank(account);
        a.gateway.withdraw(account, amount);
    }

    function send(uint256 who, uint256 length, bool withCoin) external {
        on(a);
        address account = accounts[who % 3];
        bytes[] memory attributes = withCoin ? list(relayAttribute(400_000, account)) : none();
        bytes memory to = interop(b, address(app));
        vm.deal(account, 1 ether);
        vm.recordLogs();
        vm.prank(account);
        bytes32 id = a.gateway.sendMessage{value: withCoin ? 1 ether : 0}(to, new bytes(length % 500), attributes);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        if (a.gateway.isParked(id)) {
            (, IMosGateway.ParkedMessage memory parked) = parkedIn(logs);
            _parked.push(parked);
            parkedIds.push(id);
        } else {
            _keep(messageLog(logs));
        }
    }

    function pay(uint256 which) external {
        if (_parked.length == 0) return;
        on(a);
        IMosGateway.ParkedMessage memory parked = _parked[which % _parked.length];
        vm.deal(USER, 1 ether);
        vm.recordLogs();
        vm.prank(USER);
        (bool ok,) =
            address(a.gateway).call{value: 1 ether}(abi.encodeCall(a.gateway.requestRelay, (parked, DEFAULT_GAS, USER)));
        if (!ok) return;
        ++ends[a.gateway.parkedId(parked)];
        _keep(messageLog(vm.getRecordedLogs()));
    }

    function cancel(uint256 which) external {
        if (_parked.length == 0) return;
        on(a);
        IMosGateway.ParkedMessage memory parked = _parked[which % _parked.length];
        vm.prank(parked.sender);
        (bool ok,) = address(a.gateway).call(abi.encodeCall(a.gateway.cancel, (parked)));
        if (ok) ++ends[a.gateway.parkedId(parked)];
    }

    function deliverOne(uint256 which) external {
        if (_messages.length == 0) return;
        bytes memory proof = prove(b, _messages[which % _messages.length]);
        on(b);
        (bool ok,) = address(b.mos).call{gas: 3_000_000}(abi.encodeCall(b.mos.transferInWithIndex, (CHAIN_A, 0, proof)));
        ok;
    }

    function retryOne(uint256 which) external {
        if (_messages.length == 0) return;
        on(b);
        (bool ok,) = address(b.mos).call{gas: 3_000_000}(
            abi.encodeCall(b.mos.retry, (stored(a, b, _messages[which % _messages.length])))
        );
        ok;
    }

    function _keep(Vm.Log memory log) private {
        Vm.Log storage kept = _messages.push();
        (kept.topics, kept.data, kept.emitter) = (log.topics, log.data, log.emitter);
        orders.push(orderIn(log));
    }
}

/// @notice GW-1, GW-3 and GW-4 of docs/INVARIANTS.md.
contract GatewayInvariants is Test {
    GatewayHandler internal handler;

    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    function setUp() public {
        handler = new GatewayHandler();
        handler.prepare();
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    function targetSelectors() external view returns (FuzzSelector[] memory targets) {
        bytes4[] memory selectors = new bytes4[](8);
        selectors[0] = GatewayHandler.setMood.selector;
        selectors[1] = GatewayHandler.deposit.selector;
        selectors[2] = GatewayHandler.withdraw.selector;
        selectors[3] = GatewayHandler.send.selector;
        selectors[4] = GatewayHandler.pay.selector;
        selectors[5] = GatewayHandler.cancel.selector;
        selectors[6] = GatewayHandler.deliverOne.selector;
        selectors[7] = GatewayHandler.retryOne.selector;
        targets = new FuzzSelector[](1);
        targets[0] = FuzzSelector(address(handler), selectors);
    }

    /// @dev GW-1: by success, once.
    function invariant_ReceivedAtMostOnce() public view {
        (, uint256 sent) = handler.counts();
        for (uint256 i = 0; i < sent; ++i) {
            vm.assertLe(handler.app().times(handler.orders(i)), 1);
        }
    }

    /// @dev GW-3.
    function invariant_CoinIsCredit() public view {
        uint256 credit;
        for (uint256 i = 0; i < 3; ++i) {
            credit += handler.gateway().creditOf(handler.accounts(i));
        }
        vm.assertEq(address(handler.gateway()).balance, credit);
    }

    /// @dev GW-4.
    function invariant_AParkedMessageEndsOnce() public view {
        (uint256 parked,) = handler.counts();
        for (uint256 i = 0; i < parked; ++i) {
            bytes32 id = handler.parkedIds(i);
            vm.assertLe(handler.ends(id), 1);
            vm.assertEq(handler.gateway().isParked(id), handler.ends(id) == 0);
        }
    }
}
