// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {BridgedToken} from "../../../src/assets/BridgedToken.sol";
import {ITokenBridge} from "../../../src/assets/ITokenBridge.sol";
import {LockBridge} from "../../../src/assets/LockBridge.sol";
import {MintBridge} from "../../../src/assets/MintBridge.sol";
import {IMessageService} from "../../../src/mos/interfaces/IMessageService.sol";
import {IProver} from "../../../src/prover/IProver.sol";
import {Prover} from "../../../src/prover/Prover.sol";
import {TwoChains} from "../../gateway/utils/TwoChains.sol";
import {ReceiptTrie} from "../../mos/utils/ReceiptTrie.sol";
import {Token} from "../../mos/utils/Tokens.sol";
import {Vm} from "../../utils/Vm.sol";

/// @notice A token of 18 decimals on A, its twin of 9 on B, and 6 decimals between.
abstract contract BridgesTest is TwoChains {
    uint8 internal constant SHARED = 6;
    uint256 internal constant UNIT_A = 1e12;
    uint256 internal constant UNIT_B = 1e3;
    /// @dev Shared units.
    uint208 internal constant CAPACITY = 1_000e6;
    uint48 internal constant WINDOW = 1 days;

    Token internal token;
    BridgedToken internal minted;
    LockBridge internal lock;
    MintBridge internal mint;
    Prover internal proverA;
    Prover internal proverB;

    function setUp() public virtual override {
        super.setUp();
        token = new Token();
        on(a);
        proverA = new Prover(a.mos);
        lock = new LockBridge(token, SHARED, proverA, address(timelock), PAUSER, UNPAUSER);
        on(b);
        proverB = new Prover(b.mos);
        minted = new BridgedToken("Token of A", "aT", 9, address(timelock));
        mint = new MintBridge(minted, SHARED, proverB, address(timelock), PAUSER, UNPAUSER);
        link(lock, a, b, address(mint));
        link(mint, b, a, address(lock));
        vm.prank(address(timelock));
        minted.setBridge(address(mint));
        token.mint(USER, 1_000_000e18);
        on(a);
        vm.prank(USER);
        token.approve(address(lock), type(uint256).max);
    }

    /// @dev Links `bridge` on `here` with `counterpart` on `there`, with the same limit everywhere.
    function link(ITokenBridge bridge, Chain storage here, Chain storage there, address counterpart) internal {
        on(here);
        bytes memory interopCounterpart = interop(there, counterpart);
        vm.startPrank(address(timelock));
        bridge.setLink(here.gateway, interopCounterpart);
        bridge.setLimit(there.id, true, CAPACITY, WINDOW);
        bridge.setLimit(there.id, false, CAPACITY, WINDOW);
        bridge.setVouchingLimit(there.id, CAPACITY, WINDOW);
        vm.stopPrank();
    }

    function plain() internal pure returns (ITokenBridge.Options memory options) {}

    function until(uint64 deadline) internal pure returns (ITokenBridge.Options memory options) {
        options.deadline = deadline;
    }

    /// @dev `from` sends over `bridge` for coin. Goes on recording.
    function transfer(
        ITokenBridge bridge,
        Chain storage here,
        Chain storage there,
        address from,
        address to,
        uint256 amount,
        ITokenBridge.Options memory options
    ) internal returns (bytes32 id) {
        on(here);
        bytes memory recipient = interop(there, to);
        vm.recordLogs();
        vm.prank(from);
        id = bridge.crosschainTransfer{value: 1 ether}(recipient, amount, options);
    }

    /// @dev USER sends to himself on B, and it arrives.
    function across(uint256 amount) internal returns (bytes32 id) {
        id = transfer(lock, a, b, USER, USER, amount, plain());
        assertDelivered(deliverLast(a, b));
    }

    function back(uint256 amount) internal returns (bytes32 id) {
        id = transfer(mint, b, a, USER, USER, amount, plain());
        assertDelivered(deliverLast(b, a));
    }

    function proveLog(Chain storage there, Vm.Log[] memory logs, uint256 index) internal returns (bytes memory) {
        (bytes32 root, bytes memory nodes) = ReceiptTrie.single(ReceiptTrie.receipt(logs));
        there.client.setFinal(root);
        return abi.encode(IProver.LogProof(abi.encode(root), 0, index, nodes));
    }

    function proveLog(Chain storage there, Vm.Log memory log) internal returns (bytes memory) {
        Vm.Log[] memory logs = new Vm.Log[](1);
        logs[0] = log;
        return proveLog(there, logs, 0);
    }

    function find(Vm.Log[] memory logs, bytes32 topic) internal pure returns (Vm.Log memory) {
        for (uint256 i = 0; i < logs.length; ++i) {
            if (logs[i].topics.length != 0 && logs[i].topics[0] == topic) return logs[i];
        }
        revert("no such log");
    }

    function inboundIn(Vm.Log[] memory logs) internal pure returns (ITokenBridge.InboundTransfer memory) {
        return abi.decode(find(logs, ITokenBridge.InboundQueued.selector).data, (ITokenBridge.InboundTransfer));
    }

    function outboundIn(Vm.Log[] memory logs) internal pure returns (ITokenBridge.OutboundTransfer memory) {
        return abi.decode(find(logs, ITokenBridge.OutboundQueued.selector).data, (ITokenBridge.OutboundTransfer));
    }

    function sentIn(Vm.Log[] memory logs) internal pure returns (ITokenBridge.SentTransfer memory) {
        return abi.decode(find(logs, ITokenBridge.RefundableTransferSent.selector).data, (ITokenBridge.SentTransfer));
    }

    /// @dev The last message that left `from` expires on `to`. @return The record of it.
    function expire(Chain storage from, Chain storage to, Vm.Log memory log, uint64 deadline)
        internal
        returns (Vm.Log memory)
    {
        vm.warp(deadline);
        return find(deliver(from, to, log), IMessageService.ExpiryRecord.selector);
    }
}
