// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Counter} from "../../src/examples/Counter.sol";
import {IMOSV3} from "../../src/mos/interfaces/IMOSV3.sol";

/// @notice An application that permits one remote caller to call it.
/// @custom:compiled as-deployed
contract PermittingCounter is Counter {
    constructor(IMOSV3 mos_, address owner) Counter(mos_, owner) {}

    function permit(uint256 chain, bytes calldata remote) external onlyOwner {
        mos.addRemoteCaller(chain, remote, true);
    }
}
