// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {RLP} from "../../proofs/RLP.sol";
import {ParliaHeader} from "./ParliaHeader.sol";

/// @title  The validators in the extra data of an epoch's first block
/// @notice `vanity(32) n(1) n × (address(20) voteKey(48)) turnLength(1) [RLP(attestation)] seal(65)`. Whether a block is
///         the first of an epoch is for its number to say: the caller has checked it. What stands behind the turn length
///         is not looked at.
library ParliaExtra {
    /// @dev Bytes of: vanity, seal, the counts, an address, a compressed vote key.
    uint256 private constant VANITY_SIZE = 32;
    uint256 private constant SEAL_SIZE = 65;
    uint256 private constant COUNT_SIZE = 1;
    uint256 internal constant ADDRESS_SIZE = 20;
    uint256 internal constant MEMBER_SIZE = 68;
    /// @dev `VoteAddressSet` has 64 bits.
    uint256 internal constant MAX_VALIDATORS = 64;

    /// @notice The extra data is too short. @param expected Bytes. @param given Bytes.
    error ParliaExtra_Length(uint256 expected, uint256 given);
    /// @notice No validator, or more than can vote. @param limit Validators. @param given Validators.
    error ParliaExtra_ValidatorCount(uint256 limit, uint256 given);
    /// @notice The addresses do not ascend strictly. @param previous The one before. @param given Address.
    error ParliaExtra_ValidatorOrder(address previous, address given);
    /// @notice The turn length is 0.
    error ParliaExtra_TurnLength();

    /// @notice The set that an epoch header lists.
    /// @return members Where the first member starts.
    /// @return size Members.
    /// @return turnLength Blocks that a validator makes in a row.
    function validators(ParliaHeader.Header memory header)
        internal
        pure
        returns (uint256 members, uint256 size, uint256 turnLength)
    {
        uint256 length = header.extraTo - header.extraFrom;
        uint256 least = VANITY_SIZE + COUNT_SIZE + SEAL_SIZE;
        if (length < least) revert ParliaExtra_Length(least, length);
        members = header.extraFrom + VANITY_SIZE + COUNT_SIZE;
        size = RLP.loadAt(members - COUNT_SIZE) >> 248;
        if (size == 0 || size > MAX_VALIDATORS) revert ParliaExtra_ValidatorCount(MAX_VALIDATORS, size);
        least += size * MEMBER_SIZE + COUNT_SIZE;
        if (length < least) revert ParliaExtra_Length(least, length);
        address previous;
        uint256 end = members + size * MEMBER_SIZE;
        for (uint256 member = members; member != end; member += MEMBER_SIZE) {
            address given = address(uint160(RLP.loadAt(member) >> 96));
            if (given <= previous) revert ParliaExtra_ValidatorOrder(previous, given);
            previous = given;
        }
        turnLength = RLP.loadAt(end) >> 248;
        if (turnLength == 0) revert ParliaExtra_TurnLength();
    }
}
