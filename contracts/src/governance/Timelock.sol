// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {TimelockController} from "@openzeppelin/contracts/governance/TimelockController.sol";

/// @title  Timelock
/// @notice The only account that administers MOS, fee services and light-client parameters. OpenZeppelin's, unchanged.
contract Timelock is TimelockController {
    /// @param minDelay  Seconds between scheduling and executing.
    /// @param proposers Who may schedule and cancel. @param executors Who may execute; the zero address for anybody.
    /// @param admin     Who may hand out roles without delay while setting up; must renounce. The zero address for nobody.
    constructor(uint256 minDelay, address[] memory proposers, address[] memory executors, address admin)
        TimelockController(minDelay, proposers, executors, admin)
    {}
}
