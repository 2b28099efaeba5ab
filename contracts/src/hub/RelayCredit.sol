// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";
import {IFeeService} from "../mos/interfaces/IFeeService.sol";
import {IHub} from "./IHub.sol";
import {Passage} from "./Passage.sol";
import {RelaySender} from "./RelaySender.sol";

/// @title  Credit and senders of relay targets
/// @notice What a target's onward messages are paid with, and who sends them.
abstract contract RelayCredit is Passage {
    /// @inheritdoc IHub
    mapping(address target => uint256) public creditOf;

    /// @dev What the senders are clones of.
    RelaySender private immutable _implementation;

    /// @dev Whose coin is taken while a target's fees are reclaimed, and whose credit it becomes. Transient.
    address private transient _payer;
    address private transient _beneficiary;

    constructor() {
        _implementation = new RelaySender(mos);
    }

    /// @notice Takes the fees that `reclaim` brings back, and nothing else.
    receive() external payable {
        if (msg.sender != _payer) revert Hub_UnexpectedCoin(msg.sender);
        _raise(_beneficiary);
    }

    /// @inheritdoc IHub
    function fund(address target) external payable {
        _raise(target);
    }

    /// @inheritdoc IHub
    function withdraw(address to, uint256 amount) external {
        _takeCredit(msg.sender, amount);
        emit Withdrawn(msg.sender, to, amount);
        (bool paid,) = to.call{value: amount}("");
        if (!paid) revert Hub_PaymentFailed(to, amount);
    }

    /// @inheritdoc IHub
    function reclaim(address target, IFeeService feeService) external returns (uint256 amount) {
        // A sender must not be made to call what somebody else chose. MOS' fee services are among these for ever, and of what
        // is among them only they have the function.
        if (!mos.isForbiddenTarget(address(feeService))) revert Hub_NotAFeeService(address(feeService));
        (_payer, _beneficiary) = (address(feeService), target);
        amount = _sender(target).reclaim(feeService);
        (_payer, _beneficiary) = (address(0), address(0));
    }

    /// @inheritdoc IHub
    function senderOf(address target) public view returns (address) {
        return Clones.predictDeterministicAddress(address(_implementation), _salt(target));
    }

    function _takeCredit(address target, uint256 amount) internal {
        uint256 credit = creditOf[target];
        if (credit < amount) revert Hub_CreditTooLow(amount, credit);
        creditOf[target] = credit - amount;
    }

    /// @dev The target's sender, deployed if it is not yet.
    function _sender(address target) internal returns (RelaySender sender) {
        sender = RelaySender(senderOf(target));
        if (address(sender).code.length == 0) Clones.cloneDeterministic(address(_implementation), _salt(target));
    }

    function _raise(address target) private {
        creditOf[target] += msg.value;
        emit Funded(target, msg.sender, msg.value);
    }

    function _salt(address target) private pure returns (bytes32) {
        return bytes32(uint256(uint160(target)));
    }
}
