// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMessageService} from "../interfaces/IMessageService.sol";
import {IMOSV3} from "../interfaces/IMOSV3.sol";

/// @title  Encoding of messages and their ids
/// @notice `docs/spec/message.md`. Two encodings of `MessageData` are accepted, the tuple (word 0 = 0x20) and the flat
///         form (word 0 = 0), each only as `abi.encode` writes it, so that a message has one reading.
library MessageCodec {
    /// @notice What is wrong with a message.
    enum Fault {
        None,
        TooLong,
        Malformed,
        TargetLength,
        Relay,
        GasLimit,
        Value
    }

    /// @notice `version` of the order ids of `transferOut`.
    uint256 internal constant VERSION = 1;
    /// @notice keccak256 of no options: `transferOut` has none.
    bytes32 internal constant NO_OPTIONS = keccak256("");

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

    /// @notice Reads a message without reverting.
    /// @return fault `None` if the message is one that MOS carries; else the other values mean nothing.
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
        if (relay != 0) return (Fault.Relay, 0, msgType, target, gasLimit, payload);
        gasLimit = _word(body, 0x80);
        if (gasLimit < MIN_GAS_LIMIT || gasLimit > MAX_GAS_LIMIT) {
            return (Fault.GasLimit, gasLimit, msgType, target, gasLimit, payload);
        }
        given = _word(body, 0xa0);
        if (given != 0) return (Fault.Value, given, msgType, target, gasLimit, payload);
        return (Fault.None, 0, IMOSV3.MessageType(kind), address(bytes20(bytes32(targetWord))), gasLimit, payload);
    }

    /// @notice Reads a message or reverts with what is wrong with it.
    function decode(bytes calldata message)
        internal
        pure
        returns (IMOSV3.MessageType msgType, address target, uint256 gasLimit, bytes calldata payload)
    {
        Fault fault;
        uint256 given;
        (fault, given, msgType, target, gasLimit, payload) = inspect(message);
        if (fault == Fault.None) return (msgType, target, gasLimit, payload);
        if (fault == Fault.TooLong) revert IMessageService.MOS_MessageTooLong(MAX_LENGTH, given);
        if (fault == Fault.TargetLength) revert IMessageService.MOS_TargetLength(ADDRESS_LENGTH, given);
        if (fault == Fault.Relay) revert IMessageService.MOS_RelayNotSupported();
        if (fault == Fault.GasLimit) {
            revert IMessageService.MOS_GasLimit(MIN_GAS_LIMIT, MAX_GAS_LIMIT, given);
        }
        if (fault == Fault.Value) revert IMessageService.MOS_ValueNotSupported(given);
        revert IMessageService.MOS_MalformedMessage();
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
        uint256 senderWord = _word(data, FROM_AT + WORD);
        if (
            _word(data, 0x20) != FROM_AT || _word(data, 0x40) != CALL_DATA_AT || _word(data, FROM_AT) != ADDRESS_LENGTH
                || senderWord & ADDRESS_PADDING != 0
        ) return (false, id, sender, message);
        (canonical, message) = _lastBytes(data, CALL_DATA_AT);
        id = bytes32(_word(data, 0));
        sender = address(bytes20(bytes32(senderWord)));
    }

    /// @notice Id of an order: 24 bytes of a hash of everything about it, then the 8-byte lane nonce.
    function orderId(
        uint256 fromChain,
        address mos,
        uint256 toChain,
        uint64 nonce,
        address sender,
        bytes calldata message
    ) internal pure returns (bytes32) {
        bytes32 digest = keccak256(
            abi.encode(VERSION, fromChain, mos, toChain, nonce, sender, keccak256(message), NO_OPTIONS)
        );
        return bytes32((uint256(digest) >> NONCE_BITS << NONCE_BITS) | nonce);
    }

    /// @notice The lane nonce in an order id.
    function nonceOf(bytes32 id) internal pure returns (uint64) {
        return uint64(uint256(id));
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

    /// @dev The word at `position`, which the caller knows to be inside `data`; checked again by the slice.
    function _word(bytes calldata data, uint256 position) private pure returns (uint256) {
        return uint256(bytes32(data[position:position + WORD]));
    }
}
