// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {BridgedToken} from "../../src/assets/BridgedToken.sol";
import {ITokenBridge} from "../../src/assets/ITokenBridge.sol";
import {MintBridge} from "../../src/assets/MintBridge.sol";
import {NativeBridge} from "../../src/assets/NativeBridge.sol";
import {WrappedNative} from "../../src/assets/WrappedNative.sol";
import {Vm} from "../utils/Vm.sol";
import {BridgesTest} from "./utils/BridgesTest.sol";

/// @notice Takes coin only with more gas than the bridge gives, or not at all.
contract CoinTaker {
    uint256 private immutable _gas;
    uint256 private _slot;

    constructor(uint256 gas) {
        _gas = gas;
    }

    receive() external payable {
        uint256 start = gasleft();
        while (start - gasleft() < _gas) ++_slot;
    }
}

contract NativeTest is BridgesTest {
    WrappedNative private wrapped;
    NativeBridge private native;
    BridgedToken private twin;
    MintBridge private twins;

    function setUp() public override {
        super.setUp();
        on(a);
        wrapped = new WrappedNative("Wrapped coin", "WC");
        native = new NativeBridge(wrapped, SHARED, proverA, address(timelock), PAUSER, UNPAUSER);
        on(b);
        twin = new BridgedToken("Coin of A", "aC", 18, address(timelock));
        twins = new MintBridge(twin, SHARED, proverB, address(timelock), PAUSER, UNPAUSER);
        link(native, a, b, address(twins));
        link(twins, b, a, address(native));
        vm.prank(address(timelock));
        twin.setBridge(address(twins));
        on(a);
        vm.startPrank(address(timelock));
        a.gateway.setRemote(CHAIN_B, address(b.gateway), 200_000);
        on(b);
        twins.setGasLimit(CHAIN_A, 300_000);
        vm.stopPrank();
        on(a);
    }

    function _across(address to, uint256 amount) private {
        on(a);
        bytes memory there = interop(b, to);
        vm.recordLogs();
        vm.prank(USER);
        native.crosschainTransferNative{value: amount + 1 ether}(there, amount, plain());
        assertDelivered(deliverLast(a, b));
    }

    function _back(address from, address to, uint256 amount) private {
        transfer(twins, b, a, from, to, amount, plain());
        assertDelivered(deliverLast(b, a));
    }

    function test_CoinAcrossAndBack() public {
        on(a);
        uint256 fee = native.quoteTransfer(CHAIN_B, 0);
        uint256 before = USER.balance;
        _across(USER, 5 ether + 7);
        vm.assertEq(before - USER.balance, 5 ether + fee, "what is below a shared unit comes back");
        vm.assertEq(twin.balanceOf(USER), 5 ether);
        vm.assertEq(wrapped.balanceOf(address(native)), 5 ether);
        vm.assertEq(native.locked(), 5 ether);
        vm.assertEq(address(native).balance, 0);
        address taker = address(0x7a6e);
        _back(USER, taker, 2 ether);
        vm.assertEq(taker.balance, 2 ether);
        vm.assertEq(native.locked(), 3 ether);
    }

    function test_WrappedCoinGoesAsAToken() public {
        vm.startPrank(USER);
        wrapped.deposit{value: 3 ether}();
        wrapped.approve(address(native), 3 ether);
        vm.stopPrank();
        transfer(native, a, b, USER, USER, 3 ether, plain());
        assertDelivered(deliverLast(a, b));
        vm.assertEq(twin.balanceOf(USER), 3 ether);
    }

    function test_WhoTakesNoCoinGetsItWrapped() public {
        _across(USER, 5 ether);
        address none_ = address(new CoinTaker(60_000));
        _back(USER, none_, 1 ether);
        vm.assertEq(none_.balance, 0);
        vm.assertEq(wrapped.balanceOf(none_), 1 ether);
        address some = address(new CoinTaker(20_000));
        _back(USER, some, 1 ether);
        vm.assertEq(some.balance, 1 ether);
        vm.assertEq(wrapped.balanceOf(address(native)), native.locked());
        vm.assertEq(address(native).balance, 0);
    }

    /// @dev Whoever calls `release` chooses the gas. With too little a recipient's coin would have become a token, against
    ///      its will and for good.
    function testFuzz_ALowGasReleaseDoesNotTurnCoinIntoTokens(uint256 gas) public {
        vm.prank(address(timelock));
        native.setLimit(CHAIN_B, false, 1, WINDOW);
        _across(USER, 5 ether);
        address taker = address(new CoinTaker(30_000));
        transfer(twins, b, a, USER, taker, 2 ether, plain());
        ITokenBridge.InboundTransfer memory queued = inboundIn(deliverLast(b, a));
        vm.prank(address(timelock));
        native.setLimit(CHAIN_B, false, CAPACITY, WINDOW);
        gas = bound(gas, 50_000, 500_000);
        vm.cool(address(native));
        vm.cool(address(wrapped));
        vm.cool(taker);
        (bool ok,) = address(native).call{gas: gas}(abi.encodeCall(native.release, (queued)));
        vm.assertEq(wrapped.balanceOf(taker), 0);
        vm.assertEq(taker.balance, ok ? 2 ether : 0);
    }

    function test_RevertWhen_TheCoinDoesNotCoverTheAmount() public {
        bytes memory to = interop(b, USER);
        vm.prank(USER);
        vm.expectRevert(abi.encodeWithSelector(ITokenBridge.Bridge_ValueTooLow.selector, 2 ether, 1 ether));
        native.crosschainTransferNative{value: 1 ether}(to, 2 ether, plain());
        vm.prank(USER);
        (bool taken, bytes memory reason) = address(native).call{value: 1}("");
        vm.assertFalse(taken);
        vm.assertEq(reason, abi.encodeWithSelector(ITokenBridge.Bridge_UnexpectedCoin.selector, USER));
    }

    function test_QueuedCoinIsGivenBackAsCoin() public {
        _across(USER, 1_000 ether);
        uint256 before = USER.balance;
        on(a);
        bytes memory to = interop(b, USER);
        vm.recordLogs();
        vm.prank(USER);
        native.crosschainTransferNative{value: 3 ether}(to, 2 ether, plain());
        vm.assertEq(before - USER.balance, 2 ether, "the fee's coin is returned");
        ITokenBridge.OutboundTransfer memory queued = outboundIn(vm.getRecordedLogs());
        vm.prank(USER);
        native.cancelQueued(queued);
        vm.assertEq(USER.balance, before);
    }

    function test_EveryWrappedCoinIsACoin() public {
        vm.startPrank(USER);
        wrapped.deposit{value: 2}();
        (bool sent,) = address(wrapped).call{value: 3}("");
        vm.assertTrue(sent);
        vm.assertEq(wrapped.balanceOf(USER), 5);
        vm.assertEq(address(wrapped).balance, wrapped.totalSupply());
        wrapped.withdraw(4);
        vm.assertEq(address(wrapped).balance, wrapped.totalSupply());
        vm.stopPrank();
        CoinTaker taker = new CoinTaker(0);
        vm.etch(address(taker), hex"fe");
        vm.prank(USER);
        wrapped.transfer(address(taker), 1);
        vm.prank(address(taker));
        vm.expectRevert(abi.encodeWithSelector(WrappedNative.WrappedNative_PaymentFailed.selector, address(taker), 1));
        wrapped.withdraw(1);
    }
}
