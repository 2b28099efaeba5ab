// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Hub} from "../../src/hub/Hub.sol";

import {IMessageService} from "../../src/mos/interfaces/IMessageService.sol";
import {Moody} from "../mos/utils/Receivers.sol";
import {Test} from "../utils/Test.sol";
import {Vm} from "../utils/Vm.sol";
import {World} from "./utils/World.sol";

/// @notice A relay target that counts by order what it ran, and answers with a message to an application on B.
contract RelayCounter {
    error RelayCounter_NotNow();

    bytes private _newMessage;
    bool private _failing;
    uint256 public total;
    mapping(bytes32 orderId => uint256) public ran;

    constructor(bytes memory newMessage) {
        _newMessage = newMessage;
    }

    function setFailing(bool failing) external {
        _failing = failing;
    }

    function mapoExecute(uint256, uint256, bytes calldata, bytes32 orderId, bytes calldata)
        external
        returns (bytes memory)
    {
        if (_failing) revert RelayCounter_NotNow();
        ++total;
        ++ran[orderId];
        return _newMessage;
    }
}

/// @notice Sends, forwards, relays, delivers, retries and changes routes in any order and as often as it comes.
contract HubHandler is Test {
    struct Order {
        bytes32 id;
        bool relayed;
        bytes log;
        bytes forwarded;
        bytes messageData;
        bytes options;
    }

    enum Reached {
        Forwarded,
        ForwardedAgain,
        DeliveredDirectly,
        DeliveredOverHub,
        Failed,
        Retried,
        Relayed,
        RelayFailed,
        RelayRetried,
        RelayExpired,
        OnwardDelivered,
        Refused
    }

    uint256 private constant A = 11;
    uint256 private constant H = 22;
    uint256 private constant B = 33;
    address private constant USER = address(0x5e4d);

    World public world;
    Hub public hub;
    Moody public app;
    RelayCounter public target;
    Order[] private _orders;
    bytes[] private _onward;
    bytes32[] public onwardIds;
    uint256 public funded;
    mapping(Reached => uint256) public reached;

    function prepare() external {
        world = new World();
        hub = world.hub();
        app = new Moody();
        app.setFailing(false);
        target = new RelayCounter(world.encode(false, address(app), "onward", 200_000));
    }

    function count() external view returns (uint256) {
        return _orders.length;
    }

    function order(uint256 which) external view returns (bytes32 id, bool relayed) {
        return (_orders[which].id, _orders[which].relayed);
    }

    function onwardCount() external view returns (uint256) {
        return _onward.length;
    }

    function send(bool relayed, uint64 deadline, uint256 gas) external {
        gas = bound(gas, 250_000, 400_000);
        bytes memory data = world.encode(relayed, relayed ? address(target) : address(app), "m", gas);
        World.Sent memory sent;
        if (deadline % 2 == 0) {
            sent = world.send(A, B, USER, data);
        } else {
            deadline = uint64(bound(deadline, block.timestamp + 1, block.timestamp + 4 hours));
            sent = world.sendWith(A, B, USER, data, IMessageService.MessageOptions(deadline, false, USER));
        }
        _orders.push(Order(sent.orderId, relayed, abi.encode(sent.log), "", data, sent.options));
    }

    function wait(uint256 time) external {
        vm.warp(block.timestamp + bound(time, 1, 1 hours));
    }

    function setMood(bool appFails, bool targetFails) external {
        app.setFailing(appFails);
        target.setFailing(targetFails);
    }

    function fund(uint256 amount) external {
        amount = bound(amount, 0, 0.01 ether);
        vm.deal(address(this), amount);
        hub.fund{value: amount}(address(target));
        funded += amount;
    }

    /// @dev On B, A's messages come over the hub or directly.
    function route(bool direct) external {
        if (direct) world.setDirect(B, A);
        else world.setOverHub(B, A);
    }

    function forward(uint256 which) external {
        if (_orders.length == 0) return;
        Order storage one = _orders[which % _orders.length];
        try world.forward(A, abi.decode(one.log, (Vm.Log))) returns (Vm.Log memory log) {
            one.forwarded = abi.encode(log);
            ++reached[Reached.Forwarded];
        } catch {
            ++reached[Reached.Refused];
        }
    }

    function forwardAgain(uint256 which) external {
        if (_orders.length == 0) return;
        Order storage one = _orders[which % _orders.length];
        try world.forwardAgain(A, abi.decode(one.log, (Vm.Log))) returns (Vm.Log memory log) {
            one.forwarded = abi.encode(log);
            ++reached[Reached.ForwardedAgain];
        } catch {
            ++reached[Reached.Refused];
        }
    }

    function deliver(uint256 which, bool direct) external {
        if (_orders.length == 0) return;
        Order storage one = _orders[which % _orders.length];
        bytes memory encoded = direct ? one.log : one.forwarded;
        if (encoded.length == 0) return;
        uint256 before = app.taken(one.id);
        try world.deliver(B, A, direct ? A : H, abi.decode(encoded, (Vm.Log))) {
            if (world.mosOf(B).outcome(A, one.id) == IMessageService.Outcome.Failed) ++reached[Reached.Failed];
            if (app.taken(one.id) == before) return;
            ++reached[direct ? Reached.DeliveredDirectly : Reached.DeliveredOverHub];
        } catch {
            ++reached[Reached.Refused];
        }
    }

    function retry(uint256 which) external {
        if (_orders.length == 0) return;
        Order storage one = _orders[which % _orders.length];
        IMessageService mos = world.mosOf(B);
        vm.chainId(B);
        try mos.retry(_stored(B, one)) {
            ++reached[Reached.Retried];
        } catch {
            ++reached[Reached.Refused];
        }
    }

    function relay(uint256 which) external {
        if (_orders.length == 0) return;
        Order storage one = _orders[which % _orders.length];
        try world.relay(A, abi.decode(one.log, (Vm.Log))) returns (Vm.Log[] memory logs) {
            if (hub.storedRelay(A, one.id) == 0) _keepOnward(logs, Reached.Relayed);
            else if (uint256(hub.storedRelay(A, one.id)) <= 2) ++reached[Reached.RelayExpired];
            else ++reached[Reached.RelayFailed];
        } catch {
            ++reached[Reached.Refused];
        }
    }

    function retryRelay(uint256 which) external {
        if (_orders.length == 0) return;
        Order storage one = _orders[which % _orders.length];
        try world.retryRelay(_stored(H, one)) returns (Vm.Log[] memory logs) {
            _keepOnward(logs, Reached.RelayRetried);
        } catch {
            ++reached[Reached.Refused];
        }
    }

    function deliverOnward(uint256 which) external {
        if (_onward.length == 0) return;
        which %= _onward.length;
        uint256 before = app.taken(onwardIds[which]);
        try world.deliver(B, H, H, abi.decode(_onward[which], (Vm.Log))) {
            if (app.taken(onwardIds[which]) != before) ++reached[Reached.OnwardDelivered];
        } catch {
            ++reached[Reached.Refused];
        }
    }

    function _keepOnward(Vm.Log[] memory logs, Reached how) private {
        Vm.Log memory log = world.messageIn(logs, address(world.mosOf(H)));
        _onward.push(abi.encode(log));
        onwardIds.push(abi.decode(log.data, (bytes32)));
        ++reached[how];
    }

    function _stored(uint256 at, Order storage one) private view returns (IMessageService.StoredMessage memory) {
        World.Sent memory sent;
        (sent.orderId, sent.messageData, sent.options) = (one.id, one.messageData, one.options);
        return world.storedMessage(A, B, at, USER, sent);
    }
}

/// @notice Over every order of forwarding, relaying, delivering, retrying and changing routes.
contract HubInvariants is Test {
    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    HubHandler private handler;

    function setUp() public {
        handler = new HubHandler();
        handler.prepare();
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    function targetSelectors() external view returns (FuzzSelector[] memory targets) {
        bytes4[] memory selectors = new bytes4[](12);
        selectors[0] = handler.send.selector;
        selectors[1] = handler.wait.selector;
        selectors[2] = handler.setMood.selector;
        selectors[3] = handler.fund.selector;
        selectors[4] = handler.route.selector;
        selectors[5] = handler.forward.selector;
        selectors[6] = handler.forwardAgain.selector;
        selectors[7] = handler.deliver.selector;
        selectors[8] = handler.retry.selector;
        selectors[9] = handler.relay.selector;
        selectors[10] = handler.retryRelay.selector;
        selectors[11] = handler.deliverOnward.selector;
        targets = new FuzzSelector[](1);
        targets[0] = FuzzSelector(address(handler), selectors);
    }

    /// @dev HUB-3, HUB-7, HUB-13: each order runs at most once, on its target chain or, with `relay`, on the hub.
    function invariant_EachOrderRunsAtMostOnce() public view {
        for (uint256 i = 0; i < handler.count(); ++i) {
            (bytes32 id, bool relayed) = handler.order(i);
            vm.assertLe(handler.app().taken(id), relayed ? 0 : 1);
            vm.assertLe(handler.target().ran(id), relayed ? 1 : 0);
        }
        for (uint256 i = 0; i < handler.onwardCount(); ++i) {
            vm.assertLe(handler.app().taken(handler.onwardIds(i)), 1);
        }
    }

    /// @dev HUB-16: what ran was sent on, and what was not sent on did not run.
    function invariant_RunAndSentOnTogether() public view {
        vm.assertEq(handler.target().total(), handler.onwardCount());
        vm.assertEq(handler.world().mosOf(22).laneNonce(33), handler.onwardCount());
    }

    /// @dev HUB-16: the hub holds what is credited, and what was spent are the fees of what was sent on.
    function invariant_CoinIsCredit() public view {
        uint256 credit = handler.hub().creditOf(address(handler.target()));
        vm.assertEq(address(handler.hub()).balance, credit);
        vm.assertEq(handler.funded() - credit, handler.onwardCount() * 300_000 * 3 gwei);
    }

    /// @dev The handler gets to everything that is claimed above.
    function test_TheHandlerGetsEverywhere() public {
        handler.send(false, 0, 0);
        handler.forwardAgain(0);
        handler.forward(0);
        handler.forwardAgain(0);
        handler.deliver(0, false);
        handler.route(true);
        handler.deliver(0, true);
        handler.send(false, 0, 0);
        handler.deliver(1, true);
        handler.setMood(true, true);
        handler.send(false, 0, 0);
        handler.deliver(2, true);
        handler.setMood(false, true);
        handler.retry(2);
        handler.send(true, 0, 0);
        handler.relay(3);
        handler.setMood(false, false);
        handler.retryRelay(3);
        handler.fund(0.01 ether);
        handler.retryRelay(3);
        handler.send(true, 0, 0);
        handler.relay(4);
        handler.relay(4);
        handler.forward(4);
        handler.deliverOnward(0);
        handler.deliverOnward(0);
        handler.send(true, 1, 0);
        handler.wait(3599);
        handler.wait(3599);
        handler.wait(3599);
        handler.wait(3599);
        handler.wait(3599);
        handler.relay(5);
        for (uint256 i = 0; i <= uint256(HubHandler.Reached.Refused); ++i) {
            vm.assertTrue(handler.reached(HubHandler.Reached(i)) != 0, vm.toString(i));
        }
        invariant_EachOrderRunsAtMostOnce();
        invariant_RunAndSentOnTogether();
        invariant_CoinIsCredit();
    }
}
