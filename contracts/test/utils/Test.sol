// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Vm} from "./Vm.sol";

/// @notice Base of every test contract.
abstract contract Test {
    /// @dev `address(uint160(uint256(keccak256("hevm cheat code"))))`, where forge answers cheatcodes.
    Vm internal constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    /// @dev forge's marker for a test contract.
    function IS_TEST() external pure returns (bool) {
        return true;
    }

    /// @dev `value` folded into `[min, max]`; `max - min` must be below the largest integer.
    function bound(uint256 value, uint256 min, uint256 max) internal pure returns (uint256) {
        return min + value % (max - min + 1);
    }
}
