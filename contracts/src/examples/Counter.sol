// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMapoExecutor} from "../mos/interfaces/IMapoExecutor.sol";

/// @title  Counter
/// @notice The smallest app: counts the messages that one sender on one other chain has sent to it.
/// @dev    MOS checks that a message was sent, not who may send it to whom; that is the app's own check, made here
///         before anything else.
contract Counter is IMapoExecutor {
    /// @notice MOS on this chain, the only caller.
    address public immutable MOS;
    /// @notice Who deployed the counter and may connect it, once.
    address public immutable DEPLOYER;

    /// @notice EIP-155 id of the chain whose messages count; 0 until the counter is connected.
    uint256 public remoteChain;
    /// @notice Keccak-256 of the sender's address bytes on that chain.
    bytes32 public remoteSender;
    /// @notice Messages counted.
    uint256 public count;
    /// @notice Order id of the newest message counted.
    bytes32 public lastOrder;

    /// @notice A message was counted.
    event Counted(uint256 indexed fromChain, bytes32 indexed orderId, uint256 count);

    /// @notice Only MOS may call. @param expected MOS. @param given Caller.
    error Counter_Caller(address expected, address given);
    /// @notice Only the deployer may connect the counter.
    error Counter_Deployer(address expected, address given);
    /// @notice The counter is connected already, to `chainId`.
    error Counter_Connected(uint256 chainId);
    /// @notice Another chain's messages do not count.
    error Counter_Chain(uint256 expected, uint256 given);
    /// @notice Another sender's messages do not count. Both are Keccak-256 of the address bytes.
    error Counter_Sender(bytes32 expected, bytes32 given);

    /// @param mos MOS on this chain.
    constructor(address mos) {
        MOS = mos;
        DEPLOYER = msg.sender;
    }

    /// @notice Says once whose messages count.
    function connect(uint256 chainId, bytes calldata sender) external {
        if (msg.sender != DEPLOYER) revert Counter_Deployer(DEPLOYER, msg.sender);
        if (remoteChain != 0) revert Counter_Connected(remoteChain);
        remoteChain = chainId;
        remoteSender = keccak256(sender);
    }

    /// @inheritdoc IMapoExecutor
    function mapoExecute(uint256 fromChain, uint256, bytes calldata fromAddress, bytes32 orderId, bytes calldata)
        external
        returns (bytes memory)
    {
        if (msg.sender != MOS) revert Counter_Caller(MOS, msg.sender);
        if (fromChain != remoteChain) revert Counter_Chain(remoteChain, fromChain);
        bytes32 sender = keccak256(fromAddress);
        if (sender != remoteSender) revert Counter_Sender(remoteSender, sender);
        count += 1;
        lastOrder = orderId;
        emit Counted(fromChain, orderId, count);
        return "";
    }
}
