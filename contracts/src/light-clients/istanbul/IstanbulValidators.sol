// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Bn254} from "../../crypto/Bn254.sol";
import {RLP} from "../../proofs/RLP.sol";
import {IstanbulHeader} from "./IstanbulHeader.sol";

/// @title  A validator set of the MAP relay chain, read in place
/// @notice A set is the G1 keys of its members, 64 bytes each, in the order of their seats. The last block of an epoch says
///         how the next epoch's set differs: members leave by a bitmap over the seats, others join behind those that stay
///         (atlas `RemoveValidators`, then `AddValidators`).
library IstanbulValidators {
    using IstanbulHeader for IstanbulHeader.Header;

    /// @dev Bytes of a member: its G1 key.
    uint256 internal constant MEMBER_SIZE = 64;
    /// @dev Most members: their number is one byte. atlas elects 150 at most.
    uint256 internal constant MAX_MEMBERS = 255;
    /// @dev Bytes of an address.
    uint256 private constant ADDRESS_SIZE = 20;

    /// @notice The set has no member or too many. @param limit Most members. @param given Members.
    error IstanbulValidators_Size(uint256 limit, uint256 given);
    /// @notice A seat that is not there is to leave. @param limit Seats. @param given Bitmap.
    error IstanbulValidators_Removed(uint256 limit, uint256 given);
    /// @notice There is not one address and one G2 key for each G1 key. @param expected G1 keys.
    error IstanbulValidators_Added(uint256 expected, uint256 addresses, uint256 g2Keys);

    /// @notice The word by which a set is known: 26 bytes of keccak-256 of its keys. Whoever may choose keys of a set needs
    ///         2^104 attempts for two sets with one hash, more than the curve itself resists.
    function hash(bytes32 digest) internal pure returns (bytes26) {
        return bytes26(digest);
    }

    /// @notice Hash of the set that sits in the next epoch, by the header of the last block of this one.
    /// @param  members Where this epoch's keys start in calldata. @param size How many there are.
    /// @return setHash Of the next set. @return nextSize Its members.
    function next(uint256 members, uint256 size, IstanbulHeader.Header memory header)
        internal
        pure
        returns (bytes26 setHash, uint256 nextSize)
    {
        (uint256 ptr, uint256 limit) = header.extra();
        (uint256 from, uint256 to) = RLP.listAt(ptr, limit);
        uint256 addresses = _count(from, to, ADDRESS_SIZE);
        (from, to) = RLP.listAt(to, limit);
        uint256 g2Keys = _count(from, to, Bn254.G2_SIZE);
        (from, to) = RLP.listAt(to, limit);
        uint256 added = _count(from, to, MEMBER_SIZE);
        if (addresses != added || g2Keys != added) revert IstanbulValidators_Added(added, addresses, g2Keys);
        (uint256 removed,) = RLP.uintAt(to, limit);
        if (removed >> size != 0) revert IstanbulValidators_Removed(size, removed);

        // Everything is written behind the free memory pointer, which stays: nothing allocated is touched, nothing kept.
        // Each addend of the length is below 2^64, as calldata is. An added key is the last 64 bytes of its item.
        uint256 length;
        bytes32 digest;
        assembly ("memory-safe") {
            let start := mload(0x40)
            let out := start
            for { let seat := 0 } lt(seat, size) { seat := add(seat, 1) } {
                if iszero(and(shr(seat, removed), 1)) {
                    calldatacopy(out, add(members, mul(seat, MEMBER_SIZE)), MEMBER_SIZE)
                    out := add(out, MEMBER_SIZE)
                }
            }
            let item := div(sub(to, from), or(added, iszero(added)))
            for { let end := add(from, item) } added { added := sub(added, 1) } {
                calldatacopy(out, sub(end, MEMBER_SIZE), MEMBER_SIZE)
                out := add(out, MEMBER_SIZE)
                end := add(end, item)
            }
            length := sub(out, start)
            digest := keccak256(start, length)
        }
        nextSize = length / MEMBER_SIZE;
        if (nextSize == 0 || nextSize > MAX_MEMBERS) revert IstanbulValidators_Size(MAX_MEMBERS, nextSize);
        setHash = hash(digest);
    }

    /// @dev How many strings of `size` bytes the list with payload `[ptr, limit)` consists of; reverts at any other item.
    function _count(uint256 ptr, uint256 limit, uint256 size) private pure returns (uint256 items) {
        for (; ptr != limit; ++items) {
            uint256 from;
            (from, ptr) = RLP.stringAt(ptr, limit);
            if (ptr - from != size) revert RLP.RLP_StringLength(size, ptr - from);
        }
    }
}
