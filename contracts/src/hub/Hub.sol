// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMessageService} from "../mos/interfaces/IMessageService.sol";
import {Forwarding} from "./Forwarding.sol";
import {Passage} from "./Passage.sol";
import {Relaying} from "./Relaying.sol";

/// @title  Hub
/// @notice See `IHub`. Has no owner and no way to be changed: its MOS' timelock decides whom it believes.
contract Hub is Forwarding, Relaying {
    /// @param mos_ The message service of this chain.
    constructor(IMessageService mos_) Passage(mos_) {}
}
