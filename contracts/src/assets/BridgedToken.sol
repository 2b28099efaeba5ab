// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Bridgeable} from "@openzeppelin/contracts/token/ERC20/extensions/draft-ERC20Bridgeable.sol";

/// @title  Bridged token
/// @notice A token of another chain here: ERC-7802 by OpenZeppelin. Its bridge alone mints and burns.
contract BridgedToken is ERC20Bridgeable {
    /// @notice The only account that administers.
    address public immutable timelock;
    /// @notice The only account that mints and burns. Zero: nobody.
    address public bridge;

    uint8 private immutable _decimals;

    /// @notice Another account mints and burns from now on.
    event BridgeSet(address indexed previous, address indexed current);

    /// @notice Only the timelock may administer. @param expected Timelock. @param given Account.
    error BridgedToken_NotTimelock(address expected, address given);
    /// @notice Only the bridge mints and burns. @param expected Bridge. @param given Caller.
    error BridgedToken_NotBridge(address expected, address given);

    /// @param timelock_ Names the bridge.
    constructor(string memory name_, string memory symbol_, uint8 decimals_, address timelock_) ERC20(name_, symbol_) {
        _decimals = decimals_;
        timelock = timelock_;
    }

    /// @notice Names who mints and burns. Timelock only.
    function setBridge(address bridge_) external {
        if (msg.sender != timelock) revert BridgedToken_NotTimelock(timelock, msg.sender);
        emit BridgeSet(bridge, bridge_);
        bridge = bridge_;
    }

    /// @inheritdoc ERC20
    function decimals() public view override returns (uint8) {
        return _decimals;
    }

    function _checkTokenBridge(address caller) internal view override {
        if (caller != bridge) revert BridgedToken_NotBridge(bridge, caller);
    }
}
