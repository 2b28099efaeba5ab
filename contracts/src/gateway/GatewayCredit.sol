// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMosGateway} from "./IMosGateway.sol";

/// @title  Credit
/// @notice What senders paid in advance. OpenZeppelin's contracts send without coin; credit pays for them.
abstract contract GatewayCredit is IMosGateway {
    /// @inheritdoc IMosGateway
    mapping(address account => uint256) public creditOf;

    /// @inheritdoc IMosGateway
    function deposit(address account) external payable {
        creditOf[account] += msg.value;
        emit Deposited(account, msg.sender, msg.value);
    }

    /// @inheritdoc IMosGateway
    function withdraw(address to, uint256 amount) external {
        _takeCredit(msg.sender, amount);
        emit Withdrawn(msg.sender, to, amount);
        _pay(to, amount);
    }

    function _takeCredit(address account, uint256 amount) internal {
        uint256 credit = creditOf[account];
        if (credit < amount) revert MosGateway_CreditTooLow(amount, credit);
        creditOf[account] = credit - amount;
    }

    function _pay(address to, uint256 amount) internal {
        if (amount == 0) return;
        (bool paid,) = to.call{value: amount}("");
        if (!paid) revert MosGateway_PaymentFailed(to, amount);
    }
}
