// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {TimelockController} from "@openzeppelin/contracts/governance/TimelockController.sol";

/// @title  Timelock
/// @notice OpenZeppelin's TimelockController without an outside administrator: from the first block on, roles and the
///         delay change only by an operation that has waited for the delay.
contract Timelock is TimelockController {
    /// @param minDelay  Seconds that an operation waits.
    /// @param proposers Who may schedule and cancel operations.
    /// @param executors Who may run what has waited; the zero address stands for anybody.
    constructor(uint256 minDelay, address[] memory proposers, address[] memory executors)
        TimelockController(minDelay, proposers, executors, address(0))
    {}
}
