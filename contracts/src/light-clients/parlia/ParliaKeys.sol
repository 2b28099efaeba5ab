// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Bls12381} from "../../crypto/Bls12381.sol";
import {RLP} from "../../proofs/RLP.sol";
import {ParliaExtra} from "./ParliaExtra.sol";

/// @title  Vote keys of a validator set, behind one word
/// @notice A set is known by its keys' sum and the root of a keccak tree over them. A quorum leaves at most a third of the
///         validators absent, so the voters' key is always cheapest as the sum less the absentees, whose keys one
///         multiproof binds to the root.
/// @dev    Leaf: keccak-256 of a key's 128 bytes as EIP-2537 has them. Node: of its two children's hashes. Leaves from
///         the set's size up to the next power of two are 0. A leaf's preimage has 128 bytes, a node's 64, so none passes
///         for the other.
library ParliaKeys {
    using Bls12381 for Bls12381.G1Point;

    /// @dev Bytes of an affine key, of one of its coordinates, and of a point in memory.
    uint256 internal constant KEY_SIZE = 96;
    uint256 internal constant COORDINATE_SIZE = 48;
    uint256 private constant HASH_SIZE = 32;
    /// @dev Memory node of the multiproof: index in the tree, hash.
    uint256 private constant NODE_SIZE = 64;
    /// @dev 64 such nodes.
    uint256 private constant NODES_SIZE = 4096;

    /// @notice The key is not the point that the header's compressed bytes name. @param seat Of the validator.
    error ParliaKeys_Compressed(uint256 seat);
    /// @notice No key, more than can vote, or not whole keys. @param limit Most bytes. @param given Bytes.
    error ParliaKeys_Size(uint256 limit, uint256 given);

    /// @notice Sum and root of the keys that an epoch header lists.
    /// @param  members   Where the first member starts; the caller has made sure that `size` of them are there.
    /// @param  ordinates Where the keys' y coordinates start, 48 bytes each; the caller has made sure that they are there.
    ///         x is in the compressed bytes.
    /// @return sum  Of the keys.
    /// @return keys Leaves of the tree, in the order of the seats, and behind them zeros up to a power of two.
    function bind(uint256 members, uint256 size, uint256 ordinates)
        internal
        view
        returns (Bls12381.G1Point memory sum, bytes32[] memory keys)
    {
        keys = new bytes32[](1 << depth(size));
        Bls12381.G1Point memory key;
        for (uint256 seat = 0; seat != size; ++seat) {
            loadBound(key, members, ordinates, seat);
            // The addition checks that both coordinates are below the field's prime, and the curve.
            sum.add(key);
            keys[seat] = leaf(key);
        }
    }

    /// @notice Makes `key` the key in `seat`: x from the header, y as given, together what the compressed bytes name.
    /// @dev    Field and curve are for the caller's addition to check.
    function loadBound(Bls12381.G1Point memory key, uint256 members, uint256 ordinates, uint256 seat) internal pure {
        unchecked {
            // Positions inside calldata, as the callers have checked.
            uint256 x = members + seat * ParliaExtra.MEMBER_SIZE + ParliaExtra.ADDRESS_SIZE;
            uint256 y = ordinates + seat * COORDINATE_SIZE;
            uint256 first = RLP.loadAt(x);
            uint256 last = RLP.loadAt(x + 32) >> 128;
            // The upper three bits are the compressed form's flags: `compress` below makes them anew.
            key.xHigh = first << 3 >> 131;
            key.xLow = first << 128 | last;
            key.yHigh = RLP.loadAt(y) >> 128;
            key.yLow = RLP.loadAt(y + 16);
            (bytes32 head, bytes32 tail) = key.compress();
            // y = 0 is on no point of the curve; with x = 0 the addition would take it for infinity.
            if (head != bytes32(first) || tail != bytes32(last << 128) || key.yHigh | key.yLow == 0) {
                revert ParliaKeys_Compressed(seat);
            }
        }
    }

    /// @notice Sum and root of keys in memory, `x(48) y(48)` each. @return size Keys.
    function sumAndRoot(bytes memory encoded)
        internal
        view
        returns (Bls12381.G1Point memory sum, bytes32 treeRoot, uint256 size)
    {
        size = encoded.length / KEY_SIZE;
        if (size == 0 || size > ParliaExtra.MAX_VALIDATORS || encoded.length % KEY_SIZE != 0) {
            revert ParliaKeys_Size(ParliaExtra.MAX_VALIDATORS * KEY_SIZE, encoded.length);
        }
        bytes32[] memory keys = new bytes32[](1 << depth(size));
        for (uint256 seat = 0; seat != size; ++seat) {
            Bls12381.G1Point memory key;
            assembly ("memory-safe") {
                let source := add(add(encoded, 32), mul(seat, KEY_SIZE))
                // 48 bytes at each coordinate: 16 high, 32 low.
                mstore(key, shr(128, mload(source)))
                mstore(add(key, 32), mload(add(source, 16)))
                mstore(add(key, 64), shr(128, mload(add(source, 48))))
                mstore(add(key, 96), mload(add(source, 64)))
            }
            if (key.yHigh | key.yLow == 0) revert ParliaKeys_Compressed(seat);
            sum.add(key);
            keys[seat] = leaf(key);
        }
        treeRoot = root(keys);
    }

    /// @notice Levels of the tree over `size` keys.
    function depth(uint256 size) internal pure returns (uint256 levels) {
        while (1 << levels < size) ++levels;
    }

    /// @notice Leaf of a key.
    function leaf(Bls12381.G1Point memory key) internal pure returns (bytes32 hash) {
        assembly ("memory-safe") {
            hash := keccak256(key, 128)
        }
    }

    /// @notice Root over leaves, whose number is a power of two. They are overwritten.
    function root(bytes32[] memory leaves) internal pure returns (bytes32 hash) {
        assembly ("memory-safe") {
            let base := add(leaves, 32)
            for { let n := mload(leaves) } gt(n, 1) { n := shr(1, n) } {
                // Writes node i over what was read for it or before it: 32·i is never beyond 64·i.
                for { let i := 0 } lt(shl(1, i), n) { i := add(i, 1) } {
                    mstore(add(base, shl(5, i)), keccak256(add(base, shl(6, i)), NODE_SIZE))
                }
            }
            hash := mload(base)
        }
    }

    /// @notice Commitment to a set. @param meta What is bound beside the keys.
    function commitment(Bls12381.G1Point memory sum, bytes32 treeRoot, uint256 meta)
        internal
        pure
        returns (bytes32 hash)
    {
        assembly ("memory-safe") {
            let scratch := mload(0x40)
            mcopy(scratch, sum, 128)
            mstore(add(scratch, 128), treeRoot)
            mstore(add(scratch, 160), meta)
            hash := keccak256(scratch, 192)
        }
    }

    /// @notice Adds the keys at `cursor`, those of the seats in `absent`, to `accumulator`, and folds them with the hashes
    ///         that follow into the root. Without absentees the root itself follows.
    /// @dev    What is read beyond the data makes no difference: the caller compares `to` with its end.
    /// @return treeRoot The root. @return to Where keys and hashes end.
    function addAbsent(Bls12381.G1Point memory accumulator, uint256 size, uint256 absent, uint256 cursor)
        internal
        view
        returns (bytes32 treeRoot, uint256 to)
    {
        if (absent == 0) return (bytes32(RLP.loadAt(cursor)), cursor + HASH_SIZE);
        uint256 nodes;
        uint256 end;
        uint256 base = 1 << depth(size);
        assembly ("memory-safe") {
            // In one piece, before anything else allocates. `absent` has no more bits: voters are 64 bits wide and
            // two thirds of `size` at least, so `size` is at most 96 and a third of it is absent.
            nodes := mload(0x40)
            end := nodes
            mstore(0x40, add(nodes, NODES_SIZE))
        }
        for (uint256 bits = absent; bits != 0;) {
            uint256 seat;
            assembly ("memory-safe") {
                // Each turn takes the lowest bit away: seats ascend and none comes twice.
                let lowest := and(bits, sub(0, bits))
                seat := sub(255, clz(lowest))
                bits := xor(bits, lowest)
            }
            Bls12381.G1Point memory key = Bls12381.loadG1(cursor);
            accumulator.add(key);
            bytes32 hash = leaf(key);
            uint256 index = base + seat;
            assembly ("memory-safe") {
                mstore(end, index)
                mstore(add(end, 32), hash)
                end := add(end, NODE_SIZE)
            }
            cursor += KEY_SIZE;
        }
        return _fold(nodes, end, cursor);
    }

    /// @dev Folds the nodes in `[nodes, end)`, all of one level and ascending, level by level into the root, in place.
    function _fold(uint256 nodes, uint256 end, uint256 cursor) private pure returns (bytes32 treeRoot, uint256) {
        assembly ("memory-safe") {
            for {} gt(mload(nodes), 1) {} {
                // A node written stands for one or two read, so `write` never passes `read`.
                let write := nodes
                for { let read := nodes } lt(read, end) {} {
                    let index := mload(read)
                    let side := shl(5, and(index, 1))
                    mstore(side, mload(add(read, 32)))
                    read := add(read, NODE_SIZE)
                    // Only a left node can have its sibling next; a right one's would have taken it along.
                    switch and(lt(read, end), eq(mload(read), xor(index, 1)))
                    case 1 {
                        mstore(xor(side, 32), mload(add(read, 32)))
                        read := add(read, NODE_SIZE)
                    }
                    default {
                        mstore(xor(side, 32), calldataload(cursor))
                        cursor := add(cursor, HASH_SIZE)
                    }
                    mstore(write, shr(1, index))
                    mstore(add(write, 32), keccak256(0, NODE_SIZE))
                    write := add(write, NODE_SIZE)
                }
                end := write
            }
            treeRoot := mload(add(nodes, 32))
        }
        return (treeRoot, cursor);
    }
}
