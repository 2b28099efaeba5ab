// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMOSV3} from "../../../src/mos/interfaces/IMOSV3.sol";
import {Options} from "../../../src/mos/libraries/Inbound.sol";
import {MessageCodec} from "../../../src/mos/libraries/MessageCodec.sol";
import {RemoteMos} from "../../../src/prover/RemoteMos.sol";

/// @notice What MOS writes and reads, as external functions.
/// @custom:compiled as-deployed
contract CodecHarness {
    function decode(bytes calldata message)
        external
        pure
        returns (IMOSV3.MessageType kind, address target, uint256 gas, bytes memory payload)
    {
        (kind, target, gas, payload) = MessageCodec.decode(message);
    }

    /// @notice What the codec read in a log's data, as Solidity writes it; empty if it refuses.
    function rewrite(bytes calldata data, bool withOptions) external pure returns (bytes memory) {
        if (!withOptions) {
            (bool plain, bytes32 id, address sender, bytes calldata message) = MessageCodec.inspectLog(data);
            return plain ? abi.encode(id, abi.encodePacked(sender), message) : bytes("");
        }
        (bool canonical, bytes32 orderId, address from, bytes calldata read, Options memory options,) =
            MessageCodec.inspectLogWithOptions(data);
        if (!canonical) return "";
        return abi.encode(orderId, abi.encodePacked(from), read, MessageCodec.encodeOptions(options));
    }

    function nonceOf(bytes32 orderId) external pure returns (uint64) {
        return MessageCodec.nonceOf(orderId);
    }

    /// @notice Where another chain's MOS keeps the bit of a nonce.
    function consumedSlot(uint256 fromChain, address fromMos, uint256 toChain, uint64 nonce)
        external
        pure
        returns (bytes32)
    {
        return RemoteMos.consumedSlot(RemoteMos.CONSUMED_SLOT, fromChain, fromMos, toChain, nonce);
    }
}
