// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ILightClient} from "../../light-clients/ILightClient.sol";
import {IMOSV3} from "../interfaces/IMOSV3.sol";

/// @dev Where the messages of one call come from, who vouches for them, and who is paid for bringing them.
struct Source {
    uint256 chainId;
    ILightClient lightClient;
    /// @dev MOS on the source chain.
    address mos;
    /// @dev The hub that vouches for it; zero: none.
    address hub;
    /// @dev Whose logs count: the hub if there is one, else MOS there.
    address emitter;
    /// @dev Receives the fees on the source chain.
    address payee;
}

/// @dev A message on its way to its target. Its message data and payload stay in calldata.
struct Inbound {
    bytes32 orderId;
    address sender;
    IMOSV3.MessageType msgType;
    address target;
    uint256 gasLimit;
    Options options;
}

/// @dev The options of a message, read.
struct Options {
    /// @dev Whether it was sent with options at all; else the rest is zero.
    bool present;
    /// @dev Unix seconds; 0: none.
    uint64 deadline;
    /// @dev Place in its ordered stream, from 1; 0: not ordered.
    uint64 sequence;
    address refundRecipient;
}
