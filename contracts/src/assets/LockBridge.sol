// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {CrosschainLinked} from "@openzeppelin/contracts/crosschain/CrosschainLinked.sol";
import {BridgeERC20} from "@openzeppelin/contracts/crosschain/bridges/BridgeERC20.sol";
import {BridgeFungible} from "@openzeppelin/contracts/crosschain/bridges/abstract/BridgeFungible.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IProver} from "../prover/IProver.sol";
import {BridgeLanes} from "./BridgeLanes.sol";
import {TokenBridge} from "./TokenBridge.sol";

/// @title  Lock bridge
/// @notice Keeps a token that lives here while a `MintBridge` on another chain issues it there. Never releases more to a
///         chain's claims than was locked for that chain.
/// @dev    Not for tokens whose balances change by themselves (`docs/spec/assets.md`).
contract LockBridge is BridgeERC20, TokenBridge {
    constructor(
        IERC20 token_,
        uint8 sharedDecimals,
        IProver prover_,
        address timelock_,
        address pauser,
        address unpauser
    )
        BridgeERC20(token_)
        CrosschainLinked(new Link[](0))
        BridgeLanes(prover_, timelock_, pauser, unpauser)
        TokenBridge(address(token_), sharedDecimals)
    {}

    /// @notice What lies here for other chains' claims: sent to them and not come back. Token units.
    function locked() external view returns (uint256 amount) {
        for (uint256 i = 0; i != _chains.length; ++i) {
            Books memory lane = _lanes[_chains[i]].books;
            amount += lane.sent - lane.received;
        }
        return amount * unit;
    }

    /// @dev Measured: a token that takes its cut, or only says that it moved, brings what it brings.
    function _take(address from, uint256 amount) internal virtual override returns (uint256 received) {
        uint256 before = token().balanceOf(address(this));
        BridgeERC20._onSend(from, amount);
        return token().balanceOf(address(this)) - before;
    }

    function _give(address to, uint256 amount) internal virtual override {
        if (_measured()) revert Bridge_Reentered();
        BridgeERC20._onReceive(to, amount);
    }

    /// @dev Taken and measured before.
    function _onSend(address, uint256) internal pure override(BridgeERC20, BridgeFungible) {}

    function _onReceive(address to, uint256 amount) internal override(BridgeERC20, BridgeFungible) {
        _receiveTransfer(to, amount);
    }

    /// @dev What comes back is part of what was sent.
    function _requireBacked(uint256 chainId, Books memory current) internal pure override {
        if (current.received > current.sent) revert Bridge_Unbacked(chainId, current.sent, current.received);
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
