// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Bls12381} from "../../crypto/Bls12381.sol";
import {SszBranch} from "../../proofs/SszBranch.sol";

/// @title  Aggregate key of a sync committee's participants
/// @notice The committee's `aggregate_pubkey` stands in the same state as its keys, so the participants' key is that
///         aggregate less the absent members' keys, which one multiproof into `pubkeys_root` authenticates. In its place
///         stands the aggregate of other participants where that one is known: then the members that differ are proven.
library SyncCommitteeProof {
    /// @dev Bytes of an uncompressed key.
    uint256 internal constant KEY_BYTES = 96;

    /// @dev Members, as memory nodes of 64 bytes in ascending order: generalized index in the tree of keys, and the hash
    ///      at that index.
    struct Members {
        uint256 nodes;
        uint256 count;
    }

    /// @notice The members' keys and the multiproof do not lead to the committee's `pubkeys_root`.
    error SyncCommitteeProof_PubkeysRoot(bytes32 expected, bytes32 given);
    /// @notice The multiproof ends before or after the data does.
    /// @param expected Bytes from its start that it takes. @param given Bytes there are.
    error SyncCommitteeProof_MultiproofLength(uint256 expected, uint256 given);

    /// @notice The members whose bit at `bits` differs from that at `base`. Bit i of an SSZ bitvector in calldata is bit
    ///         i & 7 of byte i >> 3.
    /// @param  base Another bitvector in calldata; 0: one whose bits are all 1, so the absent members.
    /// @param  size Members of the committee: a power of two from 8 on, at most 256 or a multiple of it.
    function difference(uint256 bits, uint256 base, uint256 size) internal pure returns (Members memory members) {
        assembly ("memory-safe") {
            let nodes := mload(0x40)
            let end := nodes
            // Members below 256 fill one word in part: the rest of it is not theirs.
            let mask := not(0)
            if lt(size, 256) { mask := sub(shl(size, 1), 1) }
            for { let i := 0 } lt(i, size) { i := add(i, 256) } {
                // Turn the bytes of the word around, so that bit i is member i; only if any differs.
                let v := not(0)
                if base { v := calldataload(add(base, shr(3, i))) }
                v := xor(v, calldataload(add(bits, shr(3, i))))
                if v {
                    let m := 0x00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff
                    v := or(and(shr(8, v), m), shl(8, and(v, m)))
                    m := 0x0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff
                    v := or(and(shr(16, v), m), shl(16, and(v, m)))
                    m := 0x00000000ffffffff00000000ffffffff00000000ffffffff00000000ffffffff
                    v := or(and(shr(32, v), m), shl(32, and(v, m)))
                    m := 0x0000000000000000ffffffffffffffff0000000000000000ffffffffffffffff
                    v := or(and(shr(64, v), m), shl(64, and(v, m)))
                    v := and(or(shr(128, v), shl(128, v)), mask)
                    // Each turn takes the lowest bit away, so the indices ascend and none comes twice.
                    for {} v {} {
                        let lowest := and(v, sub(0, v))
                        mstore(end, add(add(size, i), sub(255, clz(lowest))))
                        end := add(end, 64)
                        v := xor(v, lowest)
                    }
                }
            }
            // Nothing is allocated between the first and the last node; the word behind them is theirs as well.
            mstore(0x40, add(end, 32))
            mstore(members, nodes)
            mstore(add(members, 32), shr(6, sub(end, nodes)))
        }
    }

    /// @notice SSZ leaf of a key: SHA-256 of its compressed bytes and 16 zero bytes.
    function leaf(Bls12381.G1Point memory key) internal view returns (bytes32) {
        (bytes32 first, bytes32 second) = Bls12381.compress(key);
        return SszBranch.hashPair(first, second);
    }

    /// @notice Takes the absent ones of `members` out of the aggregate in `accumulator`, puts the others in, and proves
    ///         their keys to be the committee's at their indices.
    /// @param  accumulator The negative of an aggregate on entry, of the participants' on return.
    /// @param  bits Where the participants' bits stand in calldata; 0: all of `members` are absent.
    /// @param  size Members of the committee.
    /// @param  pubkeysRoot `hash_tree_root` of the committee's `pubkeys`, already bound to the committee.
    /// @param  offset Start in calldata of the keys; the multiproof follows them.
    /// @param  end Where the multiproof has to end. The caller has checked that the keys end before it.
    function addDifference(
        Members memory members,
        Bls12381.G1Point memory accumulator,
        uint256 bits,
        uint256 size,
        bytes32 pubkeysRoot,
        uint256 offset,
        uint256 end
    ) internal view {
        if (members.count == 0) return;
        (Bls12381.G1Point memory sum, Bls12381.G1Point memory key) = Bls12381.withNext(accumulator);
        uint256 node = members.nodes;
        // In memory and in calldata: no address comes near 2^256.
        unchecked {
            uint256 nodesEnd = node + 64 * members.count;
            for (; node != nodesEnd; node += 64) {
                Bls12381.loadG1(key, offset);
                offset += KEY_BYTES;
                bytes32 hash = leaf(key);
                assembly ("memory-safe") {
                    mstore(add(node, 32), hash)
                }
                if (bits != 0 && _hasSigned(bits, node, size)) Bls12381.negate(key);
                Bls12381.addNext(sum);
            }
        }
        Bls12381.copy(accumulator, sum);
        (bytes32 root, uint256 proofEnd) = _foldMultiproof(members, offset);
        if (proofEnd != end) revert SyncCommitteeProof_MultiproofLength(proofEnd - offset, end - offset);
        if (root != pubkeysRoot) revert SyncCommitteeProof_PubkeysRoot(pubkeysRoot, root);
    }

    /// @dev Whether the bit of the member of `node` is 1 at `bits` of calldata. Its index in the tree of `size` keys is
    ///      `size` and its place in the committee, which is below it; `size` is a power of two.
    function _hasSigned(uint256 bits, uint256 node, uint256 size) private pure returns (bool signed) {
        assembly ("memory-safe") {
            let member := xor(mload(node), size)
            signed := and(shr(and(member, 7), byte(0, calldataload(add(bits, shr(3, member))))), 1)
        }
    }

    /// @dev Folds the nodes, all of one level and ascending, level by level into the root, in place. Returns where the
    ///      siblings taken from `cursor` on end; bytes read beyond the data make no difference, because the caller
    ///      compares that end with the data's.
    function _foldMultiproof(Members memory members, uint256 cursor) private view returns (bytes32 root, uint256) {
        bool success = true;
        assembly ("memory-safe") {
            let nodes := mload(members)
            let end := add(nodes, shl(6, mload(add(members, 32))))
            // All nodes are of one level, so the first one's index tells when the root is reached.
            for { let first := mload(nodes) } gt(first, 1) { first := shr(1, first) } {
                // No node has the index 0: behind the last one it keeps what lay there from being taken for a sibling.
                mstore(end, 0)
                // A node written stands for one or two read, so `write` never passes `read`.
                let write := nodes
                for { let read := nodes } lt(read, end) { read := add(read, 64) } {
                    let index := mload(read)
                    let side := shl(5, and(index, 1))
                    mstore(side, mload(add(read, 32)))
                    // Only a left node can have its sibling next; a right one's would have taken it along.
                    switch eq(mload(add(read, 64)), xor(index, 1))
                    case 1 {
                        read := add(read, 64)
                        mstore(xor(side, 32), mload(add(read, 32)))
                    }
                    default {
                        mstore(xor(side, 32), calldataload(cursor))
                        cursor := add(cursor, 32)
                    }
                    // Arguments are evaluated from the last to the first: the call comes before returndatasize.
                    success := and(
                        success,
                        and(eq(returndatasize(), 32), staticcall(gas(), 2, 0, 64, add(write, 32), 32))
                    )
                    mstore(write, shr(1, index))
                    write := add(write, 64)
                }
                end := write
            }
            root := mload(add(nodes, 32))
        }
        if (!success) revert SszBranch.SszBranch_Sha256();
        return (root, cursor);
    }
}
