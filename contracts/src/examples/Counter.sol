// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {IMOSV3} from "../mos/interfaces/IMOSV3.sol";
import {MapoExecutor} from "../mos/MapoExecutor.sol";

/// @title  Counter
/// @notice The smallest application: counts the messages that its trusted remotes send, and sends to other counters.
contract Counter is MapoExecutor, Ownable {
    /// @notice Messages received. Shares a slot with the last sender.
    uint96 public count;
    /// @notice Sender of the last message, on its own chain.
    address public lastSender;

    /// @notice A message arrived. @param count Messages received with it. @param messageHash keccak256 of the message.
    event Counted(
        uint256 indexed fromChain, bytes32 indexed orderId, address indexed sender, uint256 count, bytes32 messageHash
    );

    /// @notice The excess fee could not be returned to the caller.
    error Counter_RefundFailed(address to, uint256 amount);

    constructor(IMOSV3 mos_, address owner) MapoExecutor(mos_) Ownable(owner) {}

    /// @notice Takes the excess fee back from MOS.
    receive() external payable {}

    /// @notice Begins or ceases to take messages from `remote` (20 bytes) on `chainId`. Owner only.
    function setTrustedRemote(uint256 chainId, bytes calldata remote, bool trusted) external onlyOwner {
        _setTrustedRemote(chainId, remote, trusted);
    }

    /// @notice Sends `message` to the counter `remote` on `toChain`; the native fee comes with the call, the excess goes
    ///         back to the caller.
    /// @param  gasLimit Gas for the remote counter.
    function send(uint256 toChain, address remote, bytes calldata message, uint256 gasLimit)
        external
        payable
        returns (bytes32 orderId)
    {
        uint256 before = address(this).balance - msg.value;
        orderId = mos.transferOut{value: msg.value}(
            toChain,
            abi.encode(
                IMOSV3.MessageData(false, IMOSV3.MessageType.MESSAGE, abi.encodePacked(remote), message, gasLimit, 0)
            ),
            address(0)
        );
        uint256 excess = address(this).balance - before;
        if (excess != 0) {
            (bool returned,) = msg.sender.call{value: excess}("");
            if (!returned) revert Counter_RefundFailed(msg.sender, excess);
        }
    }

    function _receiveMessage(uint256 fromChain, bytes calldata fromAddress, bytes32 orderId, bytes calldata message)
        internal
        override
        returns (bytes memory)
    {
        address sender = address(bytes20(fromAddress));
        uint96 counted = count + 1;
        (count, lastSender) = (counted, sender);
        emit Counted(fromChain, orderId, sender, counted, keccak256(message));
        return "";
    }
}
