// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMessageService} from "../interfaces/IMessageService.sol";
import {IMOSV3} from "../interfaces/IMOSV3.sol";
import {Inbound, Source} from "./Inbound.sol";
import {MessageCodec} from "./MessageCodec.sol";

/// @title  A proven log, read as a message
/// @notice The one reading of `mapMessageOut` and `mapMessageOutWithOptions`: MOS delivers what it accepts, a hub forwards
///         it. Every field that is executed or forwarded comes from here and is bound by the order id.
library MessageLog {
    /// @dev topic0 of the logs that carry a message.
    bytes32 internal constant MESSAGE_OUT = IMOSV3.mapMessageOut.selector;
    bytes32 internal constant MESSAGE_OUT_WITH_OPTIONS = IMessageService.mapMessageOutWithOptions.selector;
    /// @dev Topics of both: the signature, fromChain, toChain.
    uint256 private constant TOPICS = 3;

    /// @notice Reads a log that the source's light client vouches for, as a message of the lane to `toChain`.
    /// @return reason `None`, or `Relay`: a message in all else, which a hub is to run; or why it is neither, and then the
    ///         other values mean nothing.
    function inspect(
        Source memory source,
        uint256 toChain,
        address emitter,
        bytes32[] memory topics,
        bytes calldata data
    )
        internal
        pure
        returns (
            IMessageService.SkipReason reason,
            Inbound memory message,
            bytes calldata messageData,
            bytes calldata payload
        )
    {
        messageData = data[:0];
        payload = data[:0];
        if (emitter != source.emitter) {
            return (IMessageService.SkipReason.ForeignEmitter, message, messageData, payload);
        }
        if (topics.length != TOPICS || (topics[0] != MESSAGE_OUT && topics[0] != MESSAGE_OUT_WITH_OPTIONS)) {
            return (IMessageService.SkipReason.ForeignTopic, message, messageData, payload);
        }
        if (topics[1] != bytes32(source.chainId) || topics[2] != bytes32(toChain)) {
            return (IMessageService.SkipReason.ForeignLane, message, messageData, payload);
        }
        bool canonical;
        bytes32 expected;
        (canonical, expected, messageData) = read(source, topics, data, message);
        if (!canonical) return (IMessageService.SkipReason.MalformedLog, message, messageData, payload);
        if (message.orderId != expected) {
            return (IMessageService.SkipReason.OrderIdMismatch, message, messageData, payload);
        }
        MessageCodec.Fault fault;
        (fault,, message.msgType, message.target, message.gasLimit, payload) = MessageCodec.inspect(messageData);
        if (fault == MessageCodec.Fault.Relay) reason = IMessageService.SkipReason.Relay;
        else if (fault != MessageCodec.Fault.None) reason = IMessageService.SkipReason.MalformedMessage;
    }

    /// @notice Fills in what a message's log says of it. @return expected The id that the log's own fields commit to.
    function read(Source memory source, bytes32[] memory topics, bytes calldata data, Inbound memory message)
        internal
        pure
        returns (bool canonical, bytes32 expected, bytes calldata messageData)
    {
        bytes32 optionsHash = MessageCodec.NO_OPTIONS;
        if (topics[0] == MESSAGE_OUT_WITH_OPTIONS) {
            (canonical, message.orderId, message.sender, messageData, message.options, optionsHash) =
                MessageCodec.inspectLogWithOptions(data);
        } else {
            (canonical, message.orderId, message.sender, messageData) = MessageCodec.inspectLog(data);
        }
        if (!canonical) return (false, expected, messageData);
        expected = MessageCodec.orderId(
            source.chainId,
            source.mos,
            uint256(topics[2]),
            MessageCodec.nonceOf(message.orderId),
            message.sender,
            keccak256(messageData),
            optionsHash
        );
    }
}
