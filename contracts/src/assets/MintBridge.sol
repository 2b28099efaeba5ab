// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {CrosschainLinked} from "@openzeppelin/contracts/crosschain/CrosschainLinked.sol";
import {BridgeERC7802} from "@openzeppelin/contracts/crosschain/bridges/BridgeERC7802.sol";
import {BridgeFungible} from "@openzeppelin/contracts/crosschain/bridges/abstract/BridgeFungible.sol";
import {IERC7802} from "@openzeppelin/contracts/interfaces/draft-IERC7802.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IProver} from "../prover/IProver.sol";
import {BridgeLanes} from "./BridgeLanes.sol";
import {TokenBridge} from "./TokenBridge.sol";

/// @title  Mint bridge
/// @notice Issues an ERC-7802 token here for what a `LockBridge` on another chain keeps. Never sends more back to a chain
///         than came from it: what was locked on one is not redeemed on another.
contract MintBridge is BridgeERC7802, TokenBridge {
    constructor(
        IERC7802 token_,
        uint8 sharedDecimals,
        IProver prover_,
        address timelock_,
        address pauser,
        address unpauser
    )
        BridgeERC7802(token_)
        CrosschainLinked(new Link[](0))
        BridgeLanes(prover_, timelock_, pauser, unpauser)
        TokenBridge(address(token_), sharedDecimals)
    {}

    /// @notice What other chains keep for claims that are here: came from them and was not sent back. Token units. The
    ///         token's supply is this less what is `queued`.
    function outstanding() external view returns (uint256 amount) {
        for (uint256 i = 0; i != _chains.length; ++i) {
            Books memory lane = _lanes[_chains[i]].books;
            amount += lane.received - lane.sent;
        }
        return amount * unit;
    }

    /// @dev Measured by the supply: a burn that only says so brings nothing.
    function _take(address from, uint256 amount) internal override returns (uint256 received) {
        IERC20 supply = IERC20(address(token()));
        uint256 before = supply.totalSupply();
        BridgeERC7802._onSend(from, amount);
        return before - supply.totalSupply();
    }

    function _give(address to, uint256 amount) internal override {
        if (_measured()) revert Bridge_Reentered();
        BridgeERC7802._onReceive(to, amount);
    }

    /// @dev Taken and measured before.
    function _onSend(address, uint256) internal pure override(BridgeERC7802, BridgeFungible) {}

    function _onReceive(address to, uint256 amount) internal override(BridgeERC7802, BridgeFungible) {
        _receiveTransfer(to, amount);
    }

    /// @dev What is sent back is part of what came.
    function _requireBacked(uint256 chainId, Books memory current) internal pure override {
        if (current.sent > current.received) revert Bridge_Unbacked(chainId, current.received, current.sent);
    }

    function _crosschainTransfer(address from, bytes memory to, uint256 amount)
        internal
        override(BridgeFungible, TokenBridge)
        returns (bytes32)
    {
        return TokenBridge._crosschainTransfer(from, to, amount);
    }

    function _sendMessageToCounterpart(bytes memory chain, bytes memory payload, bytes[] memory attributes)
        internal
        override(CrosschainLinked, TokenBridge)
        returns (bytes32)
    {
        return TokenBridge._sendMessageToCounterpart(chain, payload, attributes);
    }

    function _processMessage(address gateway, bytes32 receiveId, bytes calldata sender, bytes calldata payload)
        internal
        override(BridgeFungible, TokenBridge)
    {
        TokenBridge._processMessage(gateway, receiveId, sender, payload);
    }
}
