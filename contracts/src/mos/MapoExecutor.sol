// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMapoExecutor} from "./interfaces/IMapoExecutor.sol";
import {IMOSV3} from "./interfaces/IMOSV3.sol";

/// @title  Base of applications that receive MESSAGE-type messages
/// @notice MOS calls any target for anybody: who sent a message is for its target to check. This contract does, and
///         hands over only what MOS delivered from a trusted sender, which is always a pair of chain and address.
/// @dev    `mapoExecute` cannot be overridden. Delivery is permissionless: it can come in any transaction, after any
///         other call of its sender's, also from inside a call that the application makes to somebody.
abstract contract MapoExecutor is IMapoExecutor {
    /// @notice The message service that this application believes.
    IMOSV3 public immutable mos;

    mapping(uint256 fromChain => mapping(bytes32 senderHash => bool)) private _trusted;

    /// @notice A remote sender became trusted, or ceased to be.
    event TrustedRemoteSet(uint256 indexed chainId, bytes remote, bool trusted);

    /// @notice Only MOS may call. @param expected MOS. @param given Caller.
    error MapoExecutor_NotMos(address expected, address given);
    /// @notice The message is from a sender that is not trusted.
    error MapoExecutor_UntrustedRemote(uint256 fromChain, bytes fromAddress);
    /// @notice MOS must be a contract.
    error MapoExecutor_MosHasNoCode(address mos);

    constructor(IMOSV3 mos_) {
        if (address(mos_).code.length == 0) revert MapoExecutor_MosHasNoCode(address(mos_));
        mos = mos_;
    }

    /// @inheritdoc IMapoExecutor
    function mapoExecute(
        uint256 fromChain,
        uint256,
        bytes calldata fromAddress,
        bytes32 orderId,
        bytes calldata message
    ) external returns (bytes memory newMessage) {
        if (msg.sender != address(mos)) revert MapoExecutor_NotMos(address(mos), msg.sender);
        if (!_trusted[fromChain][keccak256(fromAddress)]) revert MapoExecutor_UntrustedRemote(fromChain, fromAddress);
        return _receiveMessage(fromChain, fromAddress, orderId, message);
    }

    /// @notice Whether messages from `remote` on `chainId` are taken.
    function isTrustedRemote(uint256 chainId, bytes calldata remote) external view returns (bool) {
        return _trusted[chainId][keccak256(remote)];
    }

    /// @dev Begins or ceases to take messages from `remote` on `chainId`; 20 bytes on EVM chains.
    function _setTrustedRemote(uint256 chainId, bytes memory remote, bool trusted) internal {
        _trusted[chainId][keccak256(remote)] = trusted;
        emit TrustedRemoteSet(chainId, remote, trusted);
    }

    /// @dev A message from a trusted sender. Each arrives once, in any order.
    /// @return newMessage Used by a hub only; else empty.
    function _receiveMessage(uint256 fromChain, bytes calldata fromAddress, bytes32 orderId, bytes calldata message)
        internal
        virtual
        returns (bytes memory newMessage);
}
