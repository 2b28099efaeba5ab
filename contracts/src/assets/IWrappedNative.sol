// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

/// @title  Native coin as a token
/// @notice What WETH9 does, and every chain's own version of it.
interface IWrappedNative is IERC20 {
    /// @notice Coin became token. @param to Its owner.
    event Deposit(address indexed to, uint256 amount);
    /// @notice Token became coin. @param from Its owner.
    event Withdrawal(address indexed from, uint256 amount);

    /// @notice Gives the caller as many tokens as coins come with the call.
    function deposit() external payable;

    /// @notice Gives the caller `amount` coins for as many tokens.
    function withdraw(uint256 amount) external;
}
