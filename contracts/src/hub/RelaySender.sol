// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IFeeService} from "../mos/interfaces/IFeeService.sol";
import {IMessageService} from "../mos/interfaces/IMessageService.sol";

/// @title  Sender of what one relay target returned
/// @notice A hub deploys a clone of it for each relay target, so that what a target returned has a sender of its own: neither
///         the hub, which would speak for all of them, nor the target, which can send by itself.
/// @dev    Commanded by the hub only. Holds nothing: coin comes with a call and is spent in it.
contract RelaySender {
    /// @notice Who commands it: who deployed the contract that the clones are of.
    address public immutable hub;
    /// @notice The message service that it sends by.
    IMessageService public immutable mos;

    /// @notice Only the hub may call. @param expected Hub. @param given Caller.
    error RelaySender_NotHub(address expected, address given);

    modifier onlyHub() {
        if (msg.sender != hub) revert RelaySender_NotHub(hub, msg.sender);
        _;
    }

    /// @param mos_ The hub's.
    constructor(IMessageService mos_) {
        hub = msg.sender;
        mos = mos_;
    }

    /// @notice Sends a message, paid for by exactly the coin that comes along. Hub only.
    /// @param  deadline Unix seconds. 0: it has none, and is sent without options. Else the fee of a message that expires
    ///         unrun comes back to this account.
    function send(uint256 toChain, bytes calldata message, uint64 deadline)
        external
        payable
        onlyHub
        returns (bytes32 orderId)
    {
        if (deadline == 0) return mos.transferOut{value: msg.value}(toChain, message, address(0));
        return mos.transferOutWithOptions{value: msg.value}(
            toChain, message, address(0), IMessageService.MessageOptions(deadline, false, address(this))
        );
    }

    /// @notice Has the fee service pay what it owes this account to the hub. Hub only.
    function reclaim(IFeeService feeService) external onlyHub returns (uint256 amount) {
        return feeService.withdraw(address(0), hub);
    }
}
