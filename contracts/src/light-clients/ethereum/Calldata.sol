// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IEthereumLightClient} from "./IEthereumLightClient.sol";

/// @title  Reads packed calldata by offset
/// @notice Whoever reads has checked with `requireLength` that what it reads lies inside its own bytes.
library Calldata {
    /// @dev Reverts if what ends at calldata offset `needed` reaches beyond `end`, where `given` bytes end.
    function requireLength(uint256 needed, uint256 end, uint256 given) internal pure {
        if (needed > end) revert IEthereumLightClient.EthereumLightClient_Length(given + needed - end, given);
    }

    /// @dev Where `data` starts in calldata.
    function offsetOf(bytes calldata data) internal pure returns (uint256 offset) {
        assembly ("memory-safe") {
            offset := data.offset
        }
    }

    /// @dev The 32 bytes at calldata offset `offset`; zeros beyond its end.
    function wordAt(uint256 offset) internal pure returns (bytes32 word) {
        assembly ("memory-safe") {
            word := calldataload(offset)
        }
    }

    /// @dev The same as an integer.
    function uintAt(uint256 offset) internal pure returns (uint256) {
        return uint256(wordAt(offset));
    }

    /// @dev The 8 bytes there, big-endian.
    function uint64At(uint256 offset) internal pure returns (uint256) {
        return uint256(wordAt(offset)) >> 192;
    }

    /// @dev The byte there.
    function byteAt(uint256 offset) internal pure returns (uint256) {
        return uint256(wordAt(offset)) >> 248;
    }

    /// @dev The `length` bytes there.
    function slice(uint256 offset, uint256 length) internal pure returns (bytes calldata part) {
        assembly ("memory-safe") {
            part.offset := offset
            part.length := length
        }
    }

    /// @dev The dynamic value whose offset stands at `position` of `evidence`.
    function bytesAt(bytes calldata evidence, uint256 position) internal pure returns (bytes calldata value) {
        uint256 base = offsetOf(evidence);
        uint256 start = uintAt(base + position);
        if (start > evidence.length - 32) {
            revert IEthereumLightClient.EthereumLightClient_Length(start, evidence.length);
        }
        uint256 length = uintAt(base + start);
        if (length > evidence.length - 32 - start) {
            revert IEthereumLightClient.EthereumLightClient_Length(length, evidence.length);
        }
        assembly ("memory-safe") {
            // `start + 32 + length <= evidence.length`, so the value lies inside `evidence`.
            value.offset := add(add(base, start), 32)
            value.length := length
        }
    }
}
