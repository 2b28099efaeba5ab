// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title  SSZ Merkle branches and SHA-256
/// @notice Works on calldata: the caller has checked that what it points to lies inside its own calldata.
library SszBranch {
    /// @dev The precompile of SHA-256.
    address private constant SHA256 = 0x0000000000000000000000000000000000000002;

    /// @notice SHA-256 could not be computed: the gas ran out, or the chain does not have the precompile.
    error SszBranch_Sha256();

    /// @notice SHA-256 of two words: the node above them in an SSZ tree.
    function hashPair(bytes32 left, bytes32 right) internal view returns (bytes32 node) {
        bool success;
        assembly ("memory-safe") {
            mstore(0, left)
            mstore(32, right)
            // Arguments are evaluated from the last to the first: the call comes before returndatasize.
            success := and(eq(returndatasize(), 32), staticcall(gas(), SHA256, 0, 64, 0, 32))
            node := mload(0)
        }
        if (!success) revert SszBranch_Sha256();
    }

    /// @notice Number of siblings on the branch of generalized index `gindex`: floor(log2).
    function depth(uint256 gindex) internal pure returns (uint256 result) {
        assembly ("memory-safe") {
            result := sub(255, clz(gindex))
        }
    }

    /// @notice Root of the tree in which `leaf` stands at `gindex` and `depth(gindex)` siblings, bottom-up, stand in
    ///         calldata from `offset` on.
    /// @dev    `gindex` is a constant of the protocol or built from one, never the prover's.
    function root(bytes32 leaf, uint256 gindex, uint256 offset) internal view returns (bytes32 node) {
        bool success = true;
        assembly ("memory-safe") {
            // The node goes to the side that the lowest bit of its index names, its sibling to the other one.
            node := leaf
            for {} gt(gindex, 1) { gindex := shr(1, gindex) } {
                let side := shl(5, and(gindex, 1))
                mstore(side, node)
                mstore(xor(side, 32), calldataload(offset))
                success := and(success, and(eq(returndatasize(), 32), staticcall(gas(), SHA256, 0, 64, 0, 32)))
                node := mload(0)
                offset := add(offset, 32)
            }
        }
        if (!success) revert SszBranch_Sha256();
    }

    /// @notice `hash_tree_root` of the beacon block header at `offset` of calldata, 112 bytes: `slot(8) ‖
    ///         proposer_index(8) ‖ parent_root(32) ‖ state_root(32) ‖ body_root(32)`, integers big-endian.
    function headerRoot(uint256 offset) internal view returns (bytes32 node) {
        bool success;
        assembly ("memory-safe") {
            // Both integers at once, each turned to little-endian: neighbouring bytes, then pairs, then halves change
            // places. The masks keep the two from mixing.
            let v := shr(128, calldataload(offset))
            v := or(
                and(shr(8, v), 0x00ff00ff00ff00ff00ff00ff00ff00ff),
                shl(8, and(v, 0x00ff00ff00ff00ff00ff00ff00ff00ff))
            )
            v := or(
                and(shr(16, v), 0x0000ffff0000ffff0000ffff0000ffff),
                shl(16, and(v, 0x0000ffff0000ffff0000ffff0000ffff))
            )
            v := or(
                and(shr(32, v), 0x00000000ffffffff00000000ffffffff),
                shl(32, and(v, 0x00000000ffffffff00000000ffffffff))
            )
            // Five leaves in a tree of eight. Scratch of 128 bytes behind the free memory pointer:
            // [slot | proposer] -> A, [parent | state] -> B, [A | B] -> C; [body | 0] -> D, [D | zero hash] -> E; [C | E].
            let a := mload(0x40)
            let b := add(a, 32)
            mstore(a, shl(192, shr(64, v)))
            mstore(b, shl(192, v))
            success := and(eq(returndatasize(), 32), staticcall(gas(), SHA256, a, 64, a, 32))
            calldatacopy(0, add(offset, 16), 64)
            success := and(success, and(eq(returndatasize(), 32), staticcall(gas(), SHA256, 0, 64, b, 32)))
            success := and(success, and(eq(returndatasize(), 32), staticcall(gas(), SHA256, a, 64, a, 32)))
            mstore(0, calldataload(add(offset, 80)))
            mstore(32, 0)
            success := and(success, and(eq(returndatasize(), 32), staticcall(gas(), SHA256, 0, 64, 0, 32)))
            // hash of two zero words
            mstore(32, 0xf5a5fd42d16a20302798ef6ed309979b43003d2320d9f0e8ea9831a92759fb4b)
            success := and(success, and(eq(returndatasize(), 32), staticcall(gas(), SHA256, 0, 64, b, 32)))
            success := and(success, and(eq(returndatasize(), 32), staticcall(gas(), SHA256, a, 64, 0, 32)))
            node := mload(0)
        }
        if (!success) revert SszBranch_Sha256();
    }
}
