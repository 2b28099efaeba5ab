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
}
