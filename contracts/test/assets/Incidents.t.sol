// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC7786Recipient} from "@openzeppelin/contracts/crosschain/ERC7786Recipient.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {InteroperableAddress} from "@openzeppelin/contracts/utils/draft-InteroperableAddress.sol";
import {ITokenBridge} from "../../src/assets/ITokenBridge.sol";
import {LockBridge} from "../../src/assets/LockBridge.sol";
import {MosGateway} from "../../src/gateway/MosGateway.sol";
import {Vm} from "../utils/Vm.sol";
import {BridgesTest} from "./utils/BridgesTest.sol";
import {Hooked, HookToken, IdleToken} from "./utils/OddTokens.sol";

/// @notice Sends through the bridge again while the token that it sends is being taken.
contract Reenterer is Hooked {
    LockBridge private immutable _bridge;
    HookToken private immutable _token;
    bytes private _to;
    bool private _inside;
    bytes public reason;

    constructor(LockBridge bridge, HookToken token) {
        (_bridge, _token) = (bridge, token);
        token.approve(address(bridge), type(uint256).max);
    }

    receive() external payable {}

    function go(bytes calldata to, uint256 amount) external payable {
        _to = to;
        _bridge.crosschainTransfer{value: msg.value}(to, amount, ITokenBridge.Options(0, 0, address(0)));
    }

    function tokensToSend() external {
        if (_inside) return;
        _inside = true;
        try _bridge.crosschainTransfer(_to, 1e18) {}
        catch (bytes memory why) {
            reason = why;
        }
        _inside = false;
    }
}

/// @notice What other bridges lost their money by, each tried here.
contract IncidentsTest is BridgesTest {
    function _build(address bridged) private returns (LockBridge) {
        return new LockBridge(IERC20Metadata(bridged), SHARED, proverA, address(timelock), PAUSER, UNPAUSER);
    }

    /// @dev Qubit, Meter: a call to an address without code succeeds, and was taken for a transfer.
    function test_Qubit_ATokenWithoutCode() public {
        address[3] memory bad = [address(0), USER, 0xEeeeeEeeeEeEeeEeEeEeeEEEeeeeEeeeeeeeEEeE];
        for (uint256 i = 0; i < bad.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(ITokenBridge.Bridge_NotAContract.selector, bad[i]));
            _build(bad[i]);
        }
    }

    /// @dev Qubit's kin: a token that says false, and one that says true and moves nothing.
    function test_Qubit_ATokenThatDoesNotMove() public {
        bytes memory to = interop(b, OTHER);
        IdleToken idle = new IdleToken(false);
        LockBridge bridge = _build(address(idle));
        link(bridge, a, b, address(mint));
        vm.expectRevert(abi.encodeWithSelector(SafeERC20.SafeERC20FailedOperation.selector, address(idle)));
        bridge.crosschainTransfer(to, 1e18);
        bridge = _build(address(new IdleToken(true)));
        link(bridge, a, b, address(mint));
        vm.expectRevert(abi.encodeWithSelector(ITokenBridge.Bridge_AmountTooSmall.selector, UNIT_A, 0));
        bridge.crosschainTransfer(to, 1e18);
        vm.assertEq(bridge.locked(), 0);
    }

    /// @dev A token with a hook, and a balance that is compared before and after: what is sent inside would count twice.
    function test_AHookDoesNotCountTwice() public {
        HookToken hook = new HookToken();
        LockBridge bridge = _build(address(hook));
        link(bridge, a, b, address(mint));
        Reenterer thief = new Reenterer(bridge, hook);
        hook.mint(address(thief), 3e18);
        thief.go{value: 1 ether}(interop(b, OTHER), 2e18);
        vm.assertEq(thief.reason(), abi.encodeWithSelector(ITokenBridge.Bridge_Reentered.selector));
        vm.assertEq(bridge.locked(), 2e18);
        vm.assertEq(hook.balanceOf(address(bridge)), 2e18);
    }

    function _forge(Chain storage here, address bridge, uint256 chain, address sender, uint256 amount)
        private
        returns (bool ok, bytes memory reason)
    {
        on(here);
        bytes memory from = InteroperableAddress.formatEvmV1(chain, sender);
        vm.prank(address(here.gateway));
        (ok, reason) = bridge.call(
            abi.encodeCall(
                ERC7786Recipient.receiveMessage,
                (bytes32(uint256(7)), from, abi.encode(from, abi.encodePacked(OTHER), amount))
            )
        );
    }

    /// @dev Verus, Kelp, Secret Network: whatever the other side claims, and whoever forged it, no lane releases more than was
    ///      sent on it, though more lies there for others.
    function test_Verus_MoreIsClaimedThanWasSent() public {
        across(10e18);
        on(a);
        vm.startPrank(address(timelock));
        lock.setLink(a.gateway, InteroperableAddress.formatEvmV1(3, address(0xbad)));
        lock.setLimit(3, false, CAPACITY, WINDOW);
        lock.setVouchingLimit(3, CAPACITY, WINDOW);
        vm.stopPrank();
        (bool ok, bytes memory reason) = _forge(a, address(lock), 3, address(0xbad), 1);
        vm.assertFalse(ok);
        vm.assertEq(reason, abi.encodeWithSelector(ITokenBridge.Bridge_Unbacked.selector, 3, 0, 1));
        (ok, reason) = _forge(a, address(lock), CHAIN_B, address(mint), 10e6 + 1);
        vm.assertFalse(ok);
        vm.assertEq(reason, abi.encodeWithSelector(ITokenBridge.Bridge_Unbacked.selector, CHAIN_B, 10e6, 10e6 + 1));
        vm.assertEq(token.balanceOf(address(lock)), 10e18);
    }

    /// @dev What came from one chain is not redeemed on another.
    function test_RevertWhen_AnotherChainsClaimIsSentBack() public {
        across(10e18);
        on(b);
        vm.startPrank(address(timelock));
        bytes memory elsewhere = InteroperableAddress.formatEvmV1(3, address(lock));
        mint.setLink(b.gateway, elsewhere);
        mint.setLimit(3, true, CAPACITY, WINDOW);
        vm.stopPrank();
        bytes memory to = InteroperableAddress.formatEvmV1(3, USER);
        vm.prank(USER);
        vm.expectRevert(abi.encodeWithSelector(ITokenBridge.Bridge_Unbacked.selector, 3, 0, 1e6));
        mint.crosschainTransfer{value: 1 ether}(to, 1e9, plain());
    }

    /// @dev CrossCurve: `expressExecute` had no check of its caller. Here the gateway alone, and for the counterpart alone.
    function test_CrossCurve_EveryEntryChecksItsCaller() public {
        bytes memory from = interop(a, address(lock));
        bytes memory payload = abi.encode(from, abi.encodePacked(OTHER), 1e6);
        on(b);
        vm.expectRevert(
            abi.encodeWithSelector(ERC7786Recipient.ERC7786RecipientUnauthorizedGateway.selector, address(this), from)
        );
        mint.receiveMessage(bytes32(uint256(1)), from, payload);
        // The gateway, for anybody else: another sender, and the counterpart's address on another chain.
        (bool ok,) = _forge(b, address(mint), CHAIN_A, OTHER, 1e6);
        vm.assertFalse(ok);
        (ok,) = _forge(b, address(mint), 3, address(lock), 1e6);
        vm.assertFalse(ok);
        // A gateway of another MOS' is not linked at all.
        on(b);
        vm.startPrank(address(timelock));
        MosGateway foreign = new MosGateway(a.mos, address(timelock));
        vm.expectRevert(
            abi.encodeWithSelector(ITokenBridge.Bridge_GatewayOfAnotherMos.selector, address(b.mos), address(a.mos))
        );
        mint.setLink(foreign, from);
        vm.stopPrank();
    }

    /// @dev ZetaChain, and users' approvals of the lock bridge: no message makes anybody spend them.
    function test_ZetaChain_ApprovalsAreOnlySpentByTheirOwner() public {
        across(10e18);
        bytes memory steal = abi.encodeCall(token.transferFrom, (USER, OTHER, 1e18));
        on(b);
        bytes memory target = interop(a, address(token));
        b.gateway.deposit{value: 1 ether}(OTHER);
        vm.recordLogs();
        vm.prank(OTHER);
        b.gateway.sendMessage(target, steal, none());
        (bool result,) = outcomeIn(deliverLast(b, a));
        vm.assertFalse(result);
        vm.assertEq(token.allowance(address(lock), address(a.gateway)), 0);
        vm.assertEq(token.balanceOf(USER), 999_990e18);
    }

    /// @dev Poly 2023, Ronin, Multichain: no single key. The pauser cannot unpause, nor the unpauser pause, nor either of
    ///      them anything else; and paused means that nothing moves.
    function test_KeysAreKeptApart() public {
        across(10e18);
        on(a);
        vm.prank(PAUSER);
        lock.pauseLane(CHAIN_B, false);
        (bool ok, bytes memory reason) = _forge(a, address(lock), CHAIN_B, address(mint), 1);
        vm.assertFalse(ok);
        vm.assertEq(reason, abi.encodeWithSelector(ITokenBridge.Bridge_LanePaused.selector, CHAIN_B, false));
        bytes memory to = interop(b, USER);
        vm.startPrank(PAUSER);
        lock.pauseLane(CHAIN_B, true);
        vm.expectPartialRevert(bytes4(keccak256("AccessControlUnauthorizedAccount(address,bytes32)")));
        lock.unpauseLane(CHAIN_B, false);
        vm.stopPrank();
        vm.prank(USER);
        vm.expectRevert(abi.encodeWithSelector(ITokenBridge.Bridge_LanePaused.selector, CHAIN_B, true));
        lock.crosschainTransfer(to, 1e18);
        bytes32 pauser = lock.PAUSER_ROLE();
        bytes32 admin = lock.DEFAULT_ADMIN_ROLE();
        vm.startPrank(address(timelock));
        vm.expectRevert(abi.encodeWithSelector(ITokenBridge.Bridge_PauserIsUnpauser.selector, UNPAUSER));
        lock.grantRole(pauser, UNPAUSER);
        vm.expectRevert(abi.encodeWithSelector(ITokenBridge.Bridge_NotTimelock.selector, address(timelock), USER));
        lock.grantRole(admin, USER);
        vm.stopPrank();
        bytes[4] memory calls = [
            abi.encodeCall(lock.setLink, (a.gateway, to)),
            abi.encodeCall(lock.setLimit, (CHAIN_B, true, 1, 1)),
            abi.encodeCall(lock.setVouchingLimit, (CHAIN_B, 1, 1)),
            abi.encodeCall(lock.grantRole, (pauser, USER))
        ];
        address[3] memory nobodies = [PAUSER, UNPAUSER, USER];
        for (uint256 i = 0; i < calls.length; ++i) {
            for (uint256 j = 0; j < nobodies.length; ++j) {
                vm.prank(nobodies[j]);
                (ok,) = address(lock).call(calls[i]);
                vm.assertFalse(ok);
            }
        }
        vm.prank(UNPAUSER);
        lock.unpauseLane(CHAIN_B, true);
        vm.prank(USER);
        lock.crosschainTransfer{value: 1 ether}(to, 1e18, plain());
    }

    function test_PausedMeansThatNothingMoves() public {
        vm.prank(address(timelock));
        mint.setLimit(CHAIN_A, false, 600e6, WINDOW);
        across(600e18);
        transfer(lock, a, b, USER, OTHER, 400e18, plain());
        ITokenBridge.InboundTransfer memory waiting = inboundIn(deliverLast(a, b));
        transfer(lock, a, b, USER, OTHER, 100e18, plain());
        ITokenBridge.OutboundTransfer memory queued = outboundIn(vm.getRecordedLogs());
        vm.warp(block.timestamp + 1 days);
        vm.startPrank(PAUSER);
        mint.pauseLane(CHAIN_A, false);
        lock.pauseLane(CHAIN_B, true);
        vm.stopPrank();
        bytes memory inbound = abi.encodeWithSelector(ITokenBridge.Bridge_LanePaused.selector, CHAIN_A, false);
        bytes memory outbound = abi.encodeWithSelector(ITokenBridge.Bridge_LanePaused.selector, CHAIN_B, true);
        vm.expectRevert(inbound);
        mint.release(waiting);
        vm.prank(OTHER);
        vm.expectRevert(inbound);
        mint.redirect(waiting, USER);
        vm.expectRevert(outbound);
        lock.sendQueued(queued);
        vm.prank(USER);
        vm.expectRevert(outbound);
        lock.cancelQueued(queued);
    }
}
