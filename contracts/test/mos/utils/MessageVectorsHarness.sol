// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMOSV3} from "../../../src/mos/interfaces/IMOSV3.sol";
import {Options} from "../../../src/mos/libraries/Inbound.sol";
import {MessageCodec} from "../../../src/mos/libraries/MessageCodec.sol";

/// @notice What the codec says of a message, of options and of a log, in the words of `vectors/message/`.
/// @custom:compiled as-deployed
contract MessageVectorsHarness {
    function inspectOptions(bytes calldata encoded) external pure returns (bytes memory) {
        (bool canonical, Options memory options) = MessageCodec.inspectOptions(encoded);
        if (!canonical || !options.present) return abi.encode(false, 0, 0, address(0));
        return abi.encode(true, options.deadline, options.sequence, options.refundRecipient);
    }

    function inspectLog(bytes calldata data, address mos, uint256 fromChain, uint256 toChain)
        external
        pure
        returns (bytes memory)
    {
        (bool canonical, bytes32 id, address sender, bytes calldata message, Options memory options, bytes32 hash) =
            MessageCodec.inspectLogWithOptions(data);
        if (!canonical) return abi.encode(1, 0, 0, address(0), bytes(""), bytes(""));
        uint64 nonce = MessageCodec.nonceOf(id);
        bytes32 expected = MessageCodec.orderId(fromChain, mos, toChain, nonce, sender, keccak256(message), hash);
        if (id != expected) return abi.encode(2, 0, 0, address(0), bytes(""), bytes(""));
        return abi.encode(0, id, nonce, sender, message, MessageCodec.encodeOptions(options));
    }

    function inspect(bytes calldata message) external pure returns (bytes memory) {
        (MessageCodec.Fault fault,, IMOSV3.MessageType kind, address target, uint256 gas, bytes calldata payload) =
            MessageCodec.inspect(message);
        if (fault != MessageCodec.Fault.None) return abi.encode(fault, 0, address(0), bytes(""), 0);
        return abi.encode(fault, kind, target, payload, gas);
    }

    /// @notice The id of an order without options, and whether its nonce is read back from it.
    function orderId(bytes calldata order) external pure returns (bytes32 id, bool isOfNonce) {
        (uint256 fromChain, address mos, uint256 toChain, uint64 nonce, address sender, bytes memory message) =
            abi.decode(order, (uint256, address, uint256, uint64, address, bytes));
        id = MessageCodec.orderId(fromChain, mos, toChain, nonce, sender, keccak256(message), MessageCodec.NO_OPTIONS);
        isOfNonce = MessageCodec.nonceOf(id) == nonce;
    }

    /// @notice The id of an order with options.
    function orderIdWithOptions(bytes calldata order) external pure returns (bytes32) {
        (
            uint256 fromChain,
            address mos,
            uint256 toChain,
            uint64 nonce,
            address sender,
            bytes memory message,
            bytes memory options
        ) = abi.decode(order, (uint256, address, uint256, uint64, address, bytes, bytes));
        return MessageCodec.orderId(fromChain, mos, toChain, nonce, sender, keccak256(message), keccak256(options));
    }
}
