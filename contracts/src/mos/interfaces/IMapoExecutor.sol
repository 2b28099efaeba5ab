// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title  Receiver of MESSAGE-type messages
/// @notice Selector 0x994e919a, as in MAP Protocol's `IMapoExecutor`.
interface IMapoExecutor {
    /// @notice Called by MOS on the target chain. The receiver must check that `msg.sender` is MOS and that
    ///         `(fromChain, fromAddress)` may call it: MOS does not.
    /// @param  fromChain   EIP-155 id of the chain where the message started.
    /// @param  toChain     EIP-155 id of this chain.
    /// @param  fromAddress Sender on the source chain, 20 bytes on EVM chains.
    /// @param  orderId     Id of the message.
    /// @param  message     Payload as sent.
    /// @return newMessage  Used by a hub only.
    function mapoExecute(
        uint256 fromChain,
        uint256 toChain,
        bytes calldata fromAddress,
        bytes32 orderId,
        bytes calldata message
    ) external returns (bytes memory newMessage);
}
