// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {RLP} from "../../proofs/RLP.sol";

/// @title  A QBFT validator set, read in place
/// @notice A set is the payload of the header's list of validators: for each member the byte 0x94 (an RLP string of 20
///         bytes) and its address, strictly ascending. The set's hash is keccak-256 of that payload, so one word stands
///         for members and size, and a header's own bytes are compared with it.
library ValidatorSet {
    /// @dev Bytes of a member: RLP prefix and address.
    uint256 internal constant MEMBER_SIZE = 21;
    /// @dev Most members: a seat is one byte. 255 members need 170 seals, about 800,000 gas, which fits a transaction.
    uint256 internal constant MAX_MEMBERS = 255;
    /// @dev RLP prefix of a string of 20 bytes.
    uint256 private constant ADDRESS_PREFIX = RLP.STRING_SHORT + 20;

    /// @notice The set is empty (validators kept in a contract are not followed), too large, or not whole members.
    /// @param  limit Most bytes. @param given Bytes.
    error ValidatorSet_Size(uint256 limit, uint256 given);
    /// @notice The item is not an address. @param expected Its RLP prefix. @param given First byte.
    error ValidatorSet_Member(uint256 expected, uint256 given);
    /// @notice The members do not ascend strictly. @param previous The member before. @param given The member.
    error ValidatorSet_Order(address previous, address given);
    /// @notice The sets differ by more than one member added or removed.
    error ValidatorSet_TooDifferent(bytes32 trusted, bytes32 given);

    /// @notice How many members the set in `[from, to)` has; their form is not checked.
    function sizeOf(uint256 from, uint256 to) internal pure returns (uint256 size) {
        uint256 length = to - from;
        size = length / MEMBER_SIZE;
        if (length == 0 || size > MAX_MEMBERS || length % MEMBER_SIZE != 0) {
            revert ValidatorSet_Size(MAX_MEMBERS * MEMBER_SIZE, length);
        }
    }

    /// @notice The set's hash.
    function hash(uint256 from, uint256 to) internal pure returns (bytes32) {
        return keccak256(RLP.slice(from, to));
    }

    /// @notice The hash of the set with these members, which must ascend strictly.
    function hash(address[] memory members) internal pure returns (bytes32) {
        uint256 length = members.length * MEMBER_SIZE;
        if (members.length == 0 || members.length > MAX_MEMBERS) {
            revert ValidatorSet_Size(MAX_MEMBERS * MEMBER_SIZE, length);
        }
        bytes memory payload;
        address previous;
        for (uint256 i = 0; i != members.length; ++i) {
            if (members[i] <= previous) revert ValidatorSet_Order(previous, members[i]);
            previous = members[i];
            payload = bytes.concat(payload, bytes1(uint8(ADDRESS_PREFIX)), bytes20(previous));
        }
        return keccak256(payload);
    }

    /// @notice The member in `seat`, which must be below the set's size.
    function memberAt(uint256 from, uint256 seat) internal pure returns (address) {
        return address(uint160(RLP.loadAt(from + seat * MEMBER_SIZE + 1) >> 96));
    }

    /// @notice Reverts unless every member of the set in `[from, from + size members)` is an address and they ascend
    ///         strictly; then none is zero and none is there twice.
    function requireCanonical(uint256 from, uint256 size) internal pure {
        address previous;
        for (uint256 seat = 0; seat != size; ++seat) {
            uint256 prefix = RLP.loadAt(from + seat * MEMBER_SIZE) >> 248;
            if (prefix != ADDRESS_PREFIX) revert ValidatorSet_Member(ADDRESS_PREFIX, prefix);
            address member = memberAt(from, seat);
            if (member <= previous) revert ValidatorSet_Order(previous, member);
            previous = member;
        }
    }

    /// @notice The seat, in the larger of two sets, of the one member that the smaller lacks; reverts unless there is
    ///         exactly one. Both sets are canonical.
    /// @param  trusted Where the trusted set starts. @param trustedSize Its members.
    /// @param  own     Where the other set starts. @param ownSize Its members.
    /// @return seat  In the larger set.
    /// @return added Whether the larger set is `own`.
    function difference(uint256 trusted, uint256 trustedSize, uint256 own, uint256 ownSize)
        internal
        pure
        returns (uint256 seat, bool added)
    {
        added = ownSize == trustedSize + 1;
        (uint256 large, uint256 small, uint256 size) = added ? (own, trusted, trustedSize) : (trusted, own, ownSize);
        while (seat != size && memberAt(large, seat) == memberAt(small, seat)) ++seat;
        bool one = added || trustedSize == ownSize + 1;
        uint256 split = seat * MEMBER_SIZE;
        uint256 end = size * MEMBER_SIZE;
        // Up to the seat the sets are equal; behind it the larger, without the member in that seat, must be the smaller.
        if (!one || hash(large + split + MEMBER_SIZE, large + end + MEMBER_SIZE) != hash(small + split, small + end)) {
            revert ValidatorSet_TooDifferent(
                hash(trusted, trusted + trustedSize * MEMBER_SIZE), hash(own, own + ownSize * MEMBER_SIZE)
            );
        }
    }
}
