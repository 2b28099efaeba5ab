// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMessageService} from "../interfaces/IMessageService.sol";
import {IMOSV3} from "../interfaces/IMOSV3.sol";
import {Options} from "./Inbound.sol";

/// @title  Encoding of messages and their ids
/// @notice `docs/spec/message.md`. Two encodings of `MessageData` are accepted, the tuple (word 0 = 0x20) and the flat
///         form (word 0 = 0), each only as `abi.encode` writes it, so that a message has one reading.
library MessageCodec {
    /// @notice What is wrong with a message. `Relay` is found last: everything else about the message is as it should be, and
    ///         on its way to a hub and there it is none.
    enum Fault {
        None,
        TooLong,
        Malformed,
        TargetLength,
        GasLimit,
        Value,
        Relay
    }

    /// @notice `version` of the order ids of `transferOut`, and of `transferOutWithOptions`.
    uint256 internal constant VERSION = 1;
    uint256 internal constant VERSION_WITH_OPTIONS = 2;
    /// @notice keccak256 of no options: `transferOut` has none.
    bytes32 internal constant NO_OPTIONS = keccak256("");
    /// @notice Length of encoded options: `abi.encode(uint64 deadline, uint64 sequence, address refundRecipient)`. Bytes.
    uint256 internal constant OPTIONS_LENGTH = 0x60;

    /// @notice Least gas limit, the price of a bare transaction, and greatest, as in MAP Protocol's MOS. Gas.
    uint256 internal constant MIN_GAS_LIMIT = 21_000;
    uint256 internal constant MAX_GAS_LIMIT = 10_000_000;
    /// @notice Longest message. Bytes. Its own calldata at the target, at most 40 gas a byte (EIP-7623), is below 0.7 M gas:
    ///         with the greatest gas limit it leaves a third of a transaction's cap (EIP-7825) for the proof.
    uint256 internal constant MAX_LENGTH = 16_384;

    uint256 private constant WORD = 32;
    uint256 private constant ADDRESS_LENGTH = 20;
    /// @dev Low bits of a word that holds a left-aligned address.
    uint256 private constant ADDRESS_PADDING = type(uint96).max;
    /// @dev Low bits of an order id that hold the nonce.
    uint256 private constant NONCE_BITS = 64;

    // Byte offsets inside the six-word head of MessageData and behind it:
    //   0x00 relay | 0x20 msgType | 0x40 offset of target | 0x60 offset of payload | 0x80 gasLimit | 0xa0 value
    //   0xc0 length of target = 20 | 0xe0 target | 0x100 length of payload | 0x120 payload
    uint256 private constant TARGET_AT = 0xc0;
    uint256 private constant PAYLOAD_AT = 0x100;
    uint256 private constant BODY_MIN = 0x120;

    // Byte offsets inside the data of mapMessageOut:
    //   0x00 orderId | 0x20 offset of fromAddrss = 0x60 | 0x40 offset of callData = 0xa0
    //   0x60 length of fromAddrss = 20 | 0x80 fromAddrss | 0xa0 length of callData | 0xc0 callData
    uint256 private constant FROM_AT = 0x60;
    uint256 private constant CALL_DATA_AT = 0xa0;
    uint256 private constant LOG_MIN = 0xc0;

    // Byte offsets inside the data of mapMessageOutWithOptions:
    //   0x00 orderId | 0x20 offset of fromAddrss = 0x80 | 0x40 offset of callData = 0xc0 | 0x60 offset of options
    //   0x80 length of fromAddrss = 20 | 0xa0 fromAddrss | 0xc0 length of callData | 0xe0 callData
    //   and last: length of options = 0x60 | deadline | sequence | refundRecipient
    uint256 private constant OPTIONS_OFFSET_AT = 0x60;
    uint256 private constant FROM_WITH_OPTIONS_AT = 0x80;
    uint256 private constant CALL_DATA_WITH_OPTIONS_AT = 0xc0;
    uint256 private constant LOG_WITH_OPTIONS_MIN = 0x160;

    /// @notice Reads a message without reverting.
    /// @return fault `None` if the message is one that MOS carries, `Relay` if it is one but for that; else the other values
    ///         mean nothing.
    /// @return given The offending quantity, where the fault has one.
    function inspect(bytes calldata message)
        internal
        pure
        returns (
            Fault fault,
            uint256 given,
            IMOSV3.MessageType msgType,
            address target,
            uint256 gasLimit,
            bytes calldata payload
        )
    {
        payload = message[:0];
        if (message.length > MAX_LENGTH) return (Fault.TooLong, message.length, msgType, target, gasLimit, payload);
        if (message.length < WORD) return (Fault.Malformed, 0, msgType, target, gasLimit, payload);
        uint256 first = _word(message, 0);
        bytes calldata body = first == WORD ? message[WORD:] : message;
        if (body.length < TARGET_AT + WORD || (first != WORD && first != 0)) {
            return (Fault.Malformed, 0, msgType, target, gasLimit, payload);
        }
        uint256 relay = _word(body, 0x00);
        uint256 kind = _word(body, 0x20);
        if (relay > 1 || kind > uint256(type(IMOSV3.MessageType).max) || _word(body, 0x40) != TARGET_AT) {
            return (Fault.Malformed, 0, msgType, target, gasLimit, payload);
        }
        given = _word(body, TARGET_AT);
        if (given != ADDRESS_LENGTH) return (Fault.TargetLength, given, msgType, target, gasLimit, payload);
        if (body.length < BODY_MIN) return (Fault.Malformed, 0, msgType, target, gasLimit, payload);
        uint256 targetWord = _word(body, TARGET_AT + WORD);
        if (_word(body, 0x60) != PAYLOAD_AT || targetWord & ADDRESS_PADDING != 0) {
            return (Fault.Malformed, 0, msgType, target, gasLimit, payload);
        }
        bool canonical;
        (canonical, payload) = _lastBytes(body, PAYLOAD_AT);
        if (!canonical) return (Fault.Malformed, 0, msgType, target, gasLimit, payload);
        gasLimit = _word(body, 0x80);
        if (gasLimit < MIN_GAS_LIMIT || gasLimit > MAX_GAS_LIMIT) {
            return (Fault.GasLimit, gasLimit, msgType, target, gasLimit, payload);
        }
        given = _word(body, 0xa0);
        if (given != 0) return (Fault.Value, given, msgType, target, gasLimit, payload);
        fault = relay == 0 ? Fault.None : Fault.Relay;
        return (fault, 0, IMOSV3.MessageType(kind), address(bytes20(bytes32(targetWord))), gasLimit, payload);
    }

    /// @notice Reads a message or reverts with what is wrong with it; a relay message is.
    function decode(bytes calldata message)
        internal
        pure
        returns (IMOSV3.MessageType msgType, address target, uint256 gasLimit, bytes calldata payload)
    {
        Fault fault;
        uint256 given;
        (fault, given, msgType, target, gasLimit, payload) = inspect(message);
        _requireNone(fault, given);
    }

    /// @notice Reads a message, a relay message too, or reverts with what is wrong with it.
    function decodeRelay(bytes calldata message)
        internal
        pure
        returns (bool relay, IMOSV3.MessageType msgType, address target, uint256 gasLimit)
    {
        Fault fault;
        uint256 given;
        (fault, given, msgType, target, gasLimit,) = inspect(message);
        relay = fault == Fault.Relay;
        if (!relay) _requireNone(fault, given);
    }

    /// @notice Reads the data of a `mapMessageOut` log without reverting.
    /// @return canonical Whether it is exactly what `abi.encode` writes for a 20-byte sender; else the rest means nothing.
    function inspectLog(bytes calldata data)
        internal
        pure
        returns (bool canonical, bytes32 id, address sender, bytes calldata message)
    {
        message = data[:0];
        if (data.length < LOG_MIN) return (false, id, sender, message);
        return _inspectLog(data, FROM_AT, CALL_DATA_AT);
    }

    /// @notice Reads the data of a `mapMessageOutWithOptions` log without reverting: `canonical` says whether it is exactly
    ///         what `abi.encode` writes for a 20-byte sender; else the rest means nothing.
    function inspectLogWithOptions(bytes calldata data)
        internal
        pure
        returns (
            bool canonical,
            bytes32 id,
            address sender,
            bytes calldata message,
            Options memory options,
            bytes32 optionsHash
        )
    {
        message = data[:0];
        if (data.length < LOG_WITH_OPTIONS_MIN) return (false, id, sender, message, options, optionsHash);
        uint256 optionsAt = data.length - WORD - OPTIONS_LENGTH;
        if (_word(data, OPTIONS_OFFSET_AT) != optionsAt || _word(data, optionsAt) != OPTIONS_LENGTH) {
            return (false, id, sender, message, options, optionsHash);
        }
        bytes calldata encoded = data[optionsAt + WORD:];
        (canonical, options) = inspectOptions(encoded);
        if (!canonical) return (false, id, sender, message, options, optionsHash);
        optionsHash = keccak256(encoded);
        (canonical, id, sender, message) =
            _inspectLog(data[:optionsAt], FROM_WITH_OPTIONS_AT, CALL_DATA_WITH_OPTIONS_AT);
    }

    /// @notice Reads options without reverting. None are those of a message that was sent without. `canonical`: they are
    ///         none, or exactly what `abi.encode` writes; else the rest means nothing.
    function inspectOptions(bytes calldata encoded) internal pure returns (bool canonical, Options memory options) {
        if (encoded.length == 0) return (true, options);
        if (encoded.length != OPTIONS_LENGTH) return (false, options);
        uint256 deadline = _word(encoded, 0);
        uint256 sequence = _word(encoded, WORD);
        uint256 recipient = _word(encoded, 2 * WORD);
        if (
            deadline > type(uint64).max || sequence > type(uint64).max || recipient > type(uint160).max
                || recipient == 0
        ) return (false, options);
        return (true, Options(true, uint64(deadline), uint64(sequence), address(uint160(recipient))));
    }

    /// @notice Options as they are sent; nothing for a message without.
    function encodeOptions(Options memory options) internal pure returns (bytes memory) {
        if (!options.present) return "";
        return abi.encode(options.deadline, options.sequence, options.refundRecipient);
    }

    /// @notice Id of an order: 24 bytes of a hash of everything about it, then the 8-byte lane nonce.
    /// @param  messageHash keccak256 of the encoded `MessageData`. @param optionsHash keccak256 of the encoded options.
    function orderId(
        uint256 fromChain,
        address mos,
        uint256 toChain,
        uint64 nonce,
        address sender,
        bytes32 messageHash,
        bytes32 optionsHash
    ) internal pure returns (bytes32) {
        uint256 version = optionsHash == NO_OPTIONS ? VERSION : VERSION_WITH_OPTIONS;
        bytes32 digest =
            keccak256(abi.encode(version, fromChain, mos, toChain, nonce, sender, messageHash, optionsHash));
        return bytes32((uint256(digest) >> NONCE_BITS << NONCE_BITS) | nonce);
    }

    /// @notice The lane nonce in an order id.
    function nonceOf(bytes32 id) internal pure returns (uint64) {
        return uint64(uint256(id));
    }

    function _requireNone(Fault fault, uint256 given) private pure {
        if (fault == Fault.None) return;
        if (fault == Fault.TooLong) revert IMessageService.MOS_MessageTooLong(MAX_LENGTH, given);
        if (fault == Fault.TargetLength) revert IMessageService.MOS_TargetLength(ADDRESS_LENGTH, given);
        if (fault == Fault.GasLimit) {
            revert IMessageService.MOS_GasLimit(MIN_GAS_LIMIT, MAX_GAS_LIMIT, given);
        }
        if (fault == Fault.Value) revert IMessageService.MOS_ValueNotSupported(given);
        if (fault == Fault.Relay) revert IMessageService.MOS_RelayNotSupported();
        revert IMessageService.MOS_MalformedMessage();
    }

    /// @dev What both kinds of logs share: the order id first, the sender's 20 bytes at `fromAt`, the message at
    ///      `messageAt` and up to the end of `data`, which must reach beyond its length word.
    function _inspectLog(bytes calldata data, uint256 fromAt, uint256 messageAt)
        private
        pure
        returns (bool canonical, bytes32 id, address sender, bytes calldata message)
    {
        message = data[:0];
        uint256 senderWord = _word(data, fromAt + WORD);
        if (
            _word(data, 0x20) != fromAt || _word(data, 0x40) != messageAt || _word(data, fromAt) != ADDRESS_LENGTH
                || senderWord & ADDRESS_PADDING != 0
        ) return (false, id, sender, message);
        (canonical, message) = _lastBytes(data, messageAt);
        id = bytes32(_word(data, 0));
        sender = address(bytes20(bytes32(senderWord)));
    }

    /// @dev The byte string whose length word is at `position`, if it is canonical and the last thing in `data`.
    ///      `data` must reach beyond its length word.
    function _lastBytes(bytes calldata data, uint256 position)
        private
        pure
        returns (bool canonical, bytes calldata value)
    {
        value = data[:0];
        uint256 length = _word(data, position);
        uint256 start = position + WORD;
        if (length > data.length - start) return (false, value);
        uint256 rest = length % WORD;
        uint256 padding = rest == 0 ? 0 : WORD - rest;
        if (start + length + padding != data.length) return (false, value);
        if (padding != 0 && _word(data, data.length - WORD) << (8 * rest) != 0) return (false, value);
        return (true, data[start:start + length]);
    }

    /// @dev The word at `position`, which the caller has checked to end inside `data`. Beyond it, calldata or zeros would be
    ///      read, never memory: a missing check could at most accept what `abi.encode` did not write, and the fuzz tests
    ///      against `abi.decode` would find it.
    function _word(bytes calldata data, uint256 position) private pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := calldataload(add(data.offset, position))
        }
    }
}
