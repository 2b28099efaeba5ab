// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {IWrappedNative} from "./IWrappedNative.sol";

/// @title  Wrapped native coin
/// @notice For chains that have none of their own. Every token is a coin that lies here.
contract WrappedNative is IWrappedNative, ERC20 {
    /// @notice The coin was not taken.
    error WrappedNative_PaymentFailed(address to, uint256 amount);

    constructor(string memory name_, string memory symbol_) ERC20(name_, symbol_) {}

    /// @notice As `deposit`.
    receive() external payable {
        _deposit();
    }

    /// @inheritdoc IWrappedNative
    function deposit() external payable {
        _deposit();
    }

    /// @inheritdoc IWrappedNative
    function withdraw(uint256 amount) external {
        _burn(msg.sender, amount);
        emit Withdrawal(msg.sender, amount);
        (bool paid,) = msg.sender.call{value: amount}("");
        if (!paid) revert WrappedNative_PaymentFailed(msg.sender, amount);
    }

    function _deposit() private {
        _mint(msg.sender, msg.value);
        emit Deposit(msg.sender, msg.value);
    }
}
