// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title  Attributes of the ERC-7786 gateway
/// @notice Never called: an attribute is the `abi.encodeCall` of one of these. Each at most once a message.
interface IGatewayAttributes {
    /// @notice Relay now, for the native coin that comes with the call or for the sender's credit. OpenZeppelin's attribute.
    /// @param  value Native coin for the recipient. Must be 0: none is carried.
    /// @param  gasLimit Gas that the recipient's `receiveMessage` gets at least.
    /// @param  refundRecipient Who gets what of the coin is not needed, and the fee if the message expires unrun. Zero: the
    ///         sender.
    function requestRelay(uint256 value, uint256 gasLimit, address refundRecipient) external;

    /// @notice From `timestamp` on, the message is not run any more. @param timestamp Unix seconds on the target chain.
    function deadline(uint64 timestamp) external;

    /// @notice Runs after the sender's earlier ordered messages to the same recipient. Cannot be parked.
    function ordered() external;
}
