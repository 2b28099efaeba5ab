// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC7786GatewaySource} from "@openzeppelin/contracts/interfaces/draft-IERC7786.sol";
import {InteroperableAddress} from "@openzeppelin/contracts/utils/draft-InteroperableAddress.sol";
import {IMOSV3} from "../mos/interfaces/IMOSV3.sol";
import {IGatewayAttributes} from "./IGatewayAttributes.sol";
import {IMosGateway} from "./IMosGateway.sol";

/// @title  What goes into a gateway and what travels between two
/// @notice Recipients and attributes are each taken in one encoding only. `docs/spec/gateway.md`.
library GatewayCodec {
    /// @notice The attributes of a message, read.
    struct Attributes {
        /// @dev Whether `requestRelay` is there; else the next two mean nothing.
        bool relay;
        uint256 gasLimit;
        address refundRecipient;
        /// @dev Unix seconds; 0: none.
        uint64 deadline;
        bool ordered;
    }

    /// @notice What one gateway tells the other: the payload of a MESSAGE, `abi.encode(gasLimit, sequence, …)`.
    struct Envelope {
        /// @dev Gas that the recipient gets at least.
        uint256 gasLimit;
        /// @dev Place in the stream from the sender to the recipient, from 1; 0: not ordered.
        uint64 sequence;
        address sender;
        address recipient;
        bytes payload;
    }

    /// @dev What the receiving gateway needs beside the recipient's gas, at most, for an empty payload: the cold account and
    ///      the cold word of trust (4,700), the recipient's cold account (2,600), decoding, the sender's address and the call
    ///      (below 8,000), and what stays behind the call.
    uint256 internal constant OVERHEAD = 18_000;
    /// @dev The same for each byte of the payload: copied out of the calldata, into the call and into the recipient's (3 gas
    ///      a word with memory each), and quadratic memory below 1 a byte.
    uint256 internal constant OVERHEAD_PER_BYTE = 2;
    /// @dev The same for an ordered message: a word written from zero (22,100), a cold read (2,100) and the code around.
    uint256 internal constant ORDERED_OVERHEAD = 26_000;
    /// @dev What the receiving gateway keeps for itself behind the call: to check what came back, at most 512 bytes of it.
    uint256 internal constant TAIL_GAS = 3_000;
    /// @dev Encoded `MessageData` without the payload: offset, six words, target (2), the envelope's length, five words, and
    ///      the payload's length. Bytes.
    uint256 internal constant FIXED_LENGTH = 16 * WORD;

    uint256 private constant WORD = 0x20;
    uint256 private constant SELECTOR = 4;
    /// @dev Length of `requestRelay`: three words. Bytes.
    uint256 private constant REQUEST_RELAY_LENGTH = SELECTOR + 3 * WORD;
    uint256 private constant DEADLINE_LENGTH = SELECTOR + WORD;

    /// @notice The chain and address of an ERC-7930 address in its only encoding.
    function parseRecipient(bytes calldata recipient) internal pure returns (uint256 chainId, address account) {
        bool parsed;
        (parsed, chainId, account) = InteroperableAddress.tryParseEvmV1Calldata(recipient);
        if (recipient.length == 0 || (parsed && account == address(0))) {
            revert IMosGateway.MosGateway_NoRecipientAddress(recipient);
        }
        if (!parsed) revert IMosGateway.MosGateway_MalformedRecipient(recipient);
        bytes memory canonical = InteroperableAddress.formatEvmV1(chainId, account);
        if (keccak256(canonical) != keccak256(recipient)) {
            revert IMosGateway.MosGateway_NonCanonicalRecipient(canonical, recipient);
        }
    }

    /// @notice Reads attributes. Reverts for one that is unknown, malformed or there twice.
    function parseAttributes(bytes[] calldata attributes) internal pure returns (Attributes memory asked) {
        for (uint256 i = 0; i != attributes.length; ++i) {
            bytes calldata attribute = attributes[i];
            bytes4 selector = attribute.length < SELECTOR ? bytes4(0) : bytes4(attribute);
            if (selector == IGatewayAttributes.requestRelay.selector) {
                if (asked.relay) revert IMosGateway.MosGateway_DuplicateAttribute(selector);
                _requireLength(attribute, REQUEST_RELAY_LENGTH, selector);
                uint256 value = _argument(attribute, 0);
                uint256 recipient = _argument(attribute, 2);
                if (value != 0) revert IMosGateway.MosGateway_ValueNotSupported(value);
                if (recipient > type(uint160).max) revert IMosGateway.MosGateway_MalformedAttribute(selector);
                asked.relay = true;
                asked.gasLimit = _argument(attribute, 1);
                asked.refundRecipient = address(uint160(recipient));
            } else if (selector == IGatewayAttributes.deadline.selector) {
                if (asked.deadline != 0) revert IMosGateway.MosGateway_DuplicateAttribute(selector);
                _requireLength(attribute, DEADLINE_LENGTH, selector);
                uint256 timestamp = _argument(attribute, 0);
                if (timestamp == 0 || timestamp > type(uint64).max) {
                    revert IMosGateway.MosGateway_MalformedAttribute(selector);
                }
                asked.deadline = uint64(timestamp);
            } else if (selector == IGatewayAttributes.ordered.selector) {
                if (asked.ordered) revert IMosGateway.MosGateway_DuplicateAttribute(selector);
                _requireLength(attribute, SELECTOR, selector);
                asked.ordered = true;
            } else {
                revert IERC7786GatewaySource.UnsupportedAttribute(selector);
            }
        }
    }

    /// @notice Whether `parseAttributes` knows the attribute.
    function isAttribute(bytes4 selector) internal pure returns (bool) {
        return selector == IGatewayAttributes.requestRelay.selector || selector == IGatewayAttributes.deadline.selector
            || selector == IGatewayAttributes.ordered.selector;
    }

    /// @notice The encoded `MessageData` that brings `envelope` to the gateway `remote`.
    function encode(address remote, Envelope memory envelope) internal pure returns (bytes memory) {
        return abi.encode(
            IMOSV3.MessageData({
                relay: false,
                msgType: IMOSV3.MessageType.MESSAGE,
                target: abi.encodePacked(remote),
                payload: abi.encode(
                    envelope.gasLimit, envelope.sequence, envelope.sender, envelope.recipient, envelope.payload
                ),
                gasLimit: gatewayGas(envelope.gasLimit, envelope.payload.length, envelope.sequence != 0),
                value: 0
            })
        );
    }

    /// @notice Reads what `encode` put into the payload.
    function decode(bytes calldata message) internal pure returns (Envelope memory envelope) {
        (envelope.gasLimit, envelope.sequence, envelope.sender, envelope.recipient, envelope.payload) =
            abi.decode(message, (uint256, uint64, address, address, bytes));
    }

    /// @notice Gas that the receiving gateway must get, so that 63/64 of what it has left for the call (EIP-150) cover
    ///         `gasLimit`. Saturates: MOS refuses what is beyond its own limit.
    function gatewayGas(uint256 gasLimit, uint256 payloadLength, bool isOrdered) internal pure returns (uint256) {
        if (gasLimit > type(uint64).max) return type(uint256).max;
        return gasLimit + gasLimit / 63 + 1 + OVERHEAD + OVERHEAD_PER_BYTE * payloadLength
            + (isOrdered ? ORDERED_OVERHEAD : 0);
    }

    /// @notice Length of the encoded `MessageData` for a payload of `payloadLength` bytes.
    function encodedLength(uint256 payloadLength) internal pure returns (uint256) {
        return FIXED_LENGTH + (payloadLength + WORD - 1) / WORD * WORD;
    }

    function _requireLength(bytes calldata attribute, uint256 expected, bytes4 selector) private pure {
        if (attribute.length != expected) revert IMosGateway.MosGateway_MalformedAttribute(selector);
    }

    function _argument(bytes calldata attribute, uint256 index) private pure returns (uint256) {
        return uint256(bytes32(attribute[SELECTOR + index * WORD:]));
    }
}
