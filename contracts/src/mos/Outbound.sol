// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {IFeeService} from "./interfaces/IFeeService.sol";
import {IMessageService} from "./interfaces/IMessageService.sol";
import {IMOSV3} from "./interfaces/IMOSV3.sol";
import {Options} from "./libraries/Inbound.sol";
import {MessageCodec} from "./libraries/MessageCodec.sol";
import {Orders} from "./Orders.sol";

/// @title  The sending half of MOS
/// @notice Checks a message, numbers it, emits it and brings its fee to the fee service.
/// @dev    Not locked: it settles its own state before every external call. A lock would let somebody deliver another's
///         message from inside a refund and so make that message's reply fail.
abstract contract Outbound is Orders {
    using SafeERC20 for IERC20;

    /// @dev By keccak256(abi.encode(target chain, sender, target)): ordered messages sent so far.
    mapping(bytes32 key => uint64 sequence) private _sequences;

    /// @inheritdoc IMOSV3
    function transferOut(uint256 toChain, bytes calldata messageData, address feeToken)
        external
        payable
        returns (bytes32 orderId)
    {
        (,, uint256 gasLimit) = _check(toChain, messageData);
        orderId = _number(toChain, messageData, MessageCodec.NO_OPTIONS);
        emit mapMessageOut(block.chainid, toChain, orderId, abi.encodePacked(msg.sender), messageData);
        _charge(orderId, toChain, feeToken, gasLimit, messageData.length);
    }

    /// @inheritdoc IMessageService
    function transferOutWithOptions(
        uint256 toChain,
        bytes calldata messageData,
        address feeToken,
        MessageOptions calldata options
    ) external payable returns (bytes32 orderId) {
        (bool relay, address target, uint256 gasLimit) = _check(toChain, messageData);
        if (relay && options.ordered) revert MOS_RelayOrdered();
        if (_isPast(options.deadline)) revert MOS_DeadlinePassed(options.deadline, block.timestamp);
        uint64 sequence = options.ordered ? ++_sequences[_sequenceKey(toChain, msg.sender, target)] : 0;
        address recipient = options.refundRecipient == address(0) ? msg.sender : options.refundRecipient;
        bytes memory encoded = MessageCodec.encodeOptions(Options(true, options.deadline, sequence, recipient));
        orderId = _number(toChain, messageData, keccak256(encoded));
        emit mapMessageOutWithOptions(
            block.chainid, toChain, orderId, abi.encodePacked(msg.sender), messageData, encoded
        );
        _charge(orderId, toChain, feeToken, gasLimit, messageData.length);
    }

    /// @inheritdoc IMessageService
    function nextSequence(uint256 toChain, address sender, address target) external view returns (uint64) {
        return _sequences[_sequenceKey(toChain, sender, target)] + 1;
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
        external
        view
        returns (uint256 amount, address receiver)
    {
        return (quote(toChain, feeToken, gasLimit, 0), address(_feeService));
    }

    /// @inheritdoc IMessageService
    function quote(uint256 toChain, address feeToken, uint256 gasLimit, uint256 length)
        public
        view
        returns (uint256 amount)
    {
        if (gasLimit < MessageCodec.MIN_GAS_LIMIT || gasLimit > MessageCodec.MAX_GAS_LIMIT) {
            revert MOS_GasLimit(MessageCodec.MIN_GAS_LIMIT, MessageCodec.MAX_GAS_LIMIT, gasLimit);
        }
        if (length > MessageCodec.MAX_LENGTH) revert MOS_MessageTooLong(MessageCodec.MAX_LENGTH, length);
        return _feeService.quote(toChain, feeToken, gasLimit, length);
    }

    /// @dev Whether the message is one that MOS carries, on a lane that is open; to be run by a hub if there is one.
    function _check(uint256 toChain, bytes calldata messageData)
        private
        view
        returns (bool relay, address target, uint256 gasLimit)
    {
        if (toChain == block.chainid) revert MOS_SameChain(toChain);
        if (_lanes[toChain].outboundPaused) revert MOS_LanePaused(toChain, true);
        MessageType msgType;
        (relay, msgType, target, gasLimit) = MessageCodec.decodeRelay(messageData);
        if (relay) {
            if (!_lanes[toChain].viaHub) revert MOS_RelayNotSupported();
            if (msgType != MessageType.MESSAGE) revert MOS_RelayByCallData();
        }
    }

    /// @dev Takes the lane's next nonce.
    function _number(uint256 toChain, bytes calldata messageData, bytes32 optionsHash) private returns (bytes32) {
        uint64 nonce = _lanes[toChain].nextNonce++;
        return MessageCodec.orderId(
            block.chainid, address(this), toChain, nonce, msg.sender, keccak256(messageData), optionsHash
        );
    }

    /// @dev Brings exactly the quote to the fee service, and the excess of native coin back to the caller.
    function _charge(bytes32 orderId, uint256 toChain, address feeToken, uint256 gasLimit, uint256 length) private {
        IFeeService fees = _feeService;
        uint256 amount = fees.quote(toChain, feeToken, gasLimit, length);
        if (feeToken != address(0)) {
            if (msg.value != 0) revert MOS_UnexpectedValue(msg.value);
            _moveToken(feeToken, address(fees), amount);
            fees.escrow(orderId, toChain, feeToken, amount, msg.sender);
            return;
        }
        if (msg.value < amount) revert MOS_FeeTooLow(amount, msg.value);
        fees.escrow{value: amount}(orderId, toChain, feeToken, amount, msg.sender);
        uint256 excess = msg.value - amount;
        if (excess != 0) {
            (bool returned,) = msg.sender.call{value: excess}("");
            if (!returned) revert MOS_RefundFailed(msg.sender, excess);
        }
    }

    /// @dev What arrived is measured: a token that takes its own cut, or only says that it moved, is refused. A token
    ///      that calls back into `transferOut` makes the measure too great, and is refused too.
    function _moveToken(address token, address to, uint256 amount) private {
        _requireContract(token);
        if (amount == 0) return;
        uint256 before = IERC20(token).balanceOf(to);
        IERC20(token).safeTransferFrom(msg.sender, to, amount);
        uint256 received = IERC20(token).balanceOf(to) - before;
        if (received != amount) revert MOS_FeeNotReceived(amount, received);
    }

    function _sequenceKey(uint256 toChain, address sender, address target) private pure returns (bytes32) {
        return keccak256(abi.encode(toChain, sender, target));
    }
}
