// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {IMOSV3} from "./interfaces/IMOSV3.sol";
import {Lanes} from "./Lanes.sol";
import {MessageCodec} from "./libraries/MessageCodec.sol";

/// @title  The sending half of MOS
/// @notice Checks a message, numbers it, charges its fee and emits it.
/// @dev    Not locked: it settles its own state before every external call. A lock would let somebody deliver another's
///         message from inside a refund and so make that message's reply fail.
abstract contract Outbound is Lanes {
    using SafeERC20 for IERC20;

    /// @inheritdoc IMOSV3
    function transferOut(uint256 toChain, bytes calldata messageData, address feeToken)
        external
        payable
        returns (bytes32 orderId)
    {
        if (toChain == block.chainid) revert MOS_SameChain(toChain);
        Lane storage lane = _lanes[toChain];
        if (lane.outboundPaused) revert MOS_LanePaused(toChain, true);
        (,, uint256 gasLimit,) = MessageCodec.decode(messageData);
        (uint256 amount,) = getMessageFee(toChain, feeToken, gasLimit);

        uint64 nonce = lane.nextNonce++;
        orderId = MessageCodec.orderId(block.chainid, address(this), toChain, nonce, msg.sender, messageData);
        emit mapMessageOut(block.chainid, toChain, orderId, abi.encodePacked(msg.sender), messageData);
        emit MessageFeePaid(orderId, msg.sender, feeToken, amount);

        if (feeToken == address(0)) _chargeNative(amount);
        else _chargeToken(feeToken, amount);
    }

    /// @notice EIP-155 id of this chain, as MAP Protocol's MOS names it.
    function selfChainId() external view returns (uint256) {
        return block.chainid;
    }

    /// @notice Least gas limit of a message. Gas.
    function gasLimitMin() external pure returns (uint256) {
        return MessageCodec.MIN_GAS_LIMIT;
    }

    /// @notice Greatest gas limit of a message. Gas.
    function gasLimitMax() external pure returns (uint256) {
        return MessageCodec.MAX_GAS_LIMIT;
    }

    /// @inheritdoc IMOSV3
    function getMessageFee(uint256 toChain, address feeToken, uint256 gasLimit)
        public
        view
        returns (uint256 amount, address receiver)
    {
        if (gasLimit < MessageCodec.MIN_GAS_LIMIT || gasLimit > MessageCodec.MAX_GAS_LIMIT) {
            revert MOS_GasLimit(MessageCodec.MIN_GAS_LIMIT, MessageCodec.MAX_GAS_LIMIT, gasLimit);
        }
        uint256 base;
        uint256 gasPrice;
        (base, gasPrice, receiver) = _feeService.getMessageFee(toChain, feeToken);
        amount = (base + gasLimit) * gasPrice;
    }

    function _chargeNative(uint256 amount) private {
        if (msg.value < amount) revert MOS_FeeTooLow(amount, msg.value);
        if (amount != 0) {
            address to = address(_feeService);
            (bool taken,) = to.call{value: amount}("");
            if (!taken) revert MOS_FeeRefused(to, amount);
        }
        uint256 excess = msg.value - amount;
        if (excess != 0) {
            (bool returned,) = msg.sender.call{value: excess}("");
            if (!returned) revert MOS_RefundFailed(msg.sender, excess);
        }
    }

    /// @dev What arrived is measured: a token that takes its own cut, or only says that it moved, is refused. A token
    ///      that calls back into `transferOut` makes the measure too great, and is refused too.
    function _chargeToken(address token, uint256 amount) private {
        if (msg.value != 0) revert MOS_UnexpectedValue(msg.value);
        _requireContract(token);
        if (amount == 0) return;
        address to = address(_feeService);
        uint256 before = IERC20(token).balanceOf(to);
        IERC20(token).safeTransferFrom(msg.sender, to, amount);
        uint256 received = IERC20(token).balanceOf(to) - before;
        if (received != amount) revert MOS_FeeNotReceived(amount, received);
    }
}
