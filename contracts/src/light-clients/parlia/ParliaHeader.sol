// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {BlockHeader} from "../../proofs/BlockHeader.sol";
import {RLP} from "../../proofs/RLP.sol";

/// @title  Parlia headers, read in place
/// @notice The block hash is the hash of the header's bytes, extra data and proposer seal included. Fields behind the
///         extra data are not looked at: forks append them.
library ParliaHeader {
    /// @notice What the light client reads of a header.
    struct Header {
        bytes32 hash;
        bytes32 parentHash;
        bytes32 stateRoot;
        bytes32 transactionsRoot;
        bytes32 receiptsRoot;
        uint256 number;
        /// @dev Unix seconds; the milliseconds in `mixHash` do not matter here.
        uint256 timestamp;
        /// @dev Where the extra data starts and ends in calldata.
        uint256 extraFrom;
        uint256 extraTo;
    }

    /// @notice A number does not fit 48 bits. @param field Its place in the header. @param given Its value.
    error ParliaHeader_TooLarge(uint256 field, uint256 given);

    /// @notice The header at `ptr`. @return header Its fields. @return to Where it ends.
    function read(uint256 ptr, uint256 limit) internal pure returns (Header memory header, uint256 to) {
        uint256 next;
        (next, to) = RLP.listAt(ptr, limit);
        header.hash = keccak256(RLP.slice(ptr, to));
        (header.parentHash, next) = RLP.bytes32At(next, to);
        next = RLP.skipAt(next, to, BlockHeader.STATE_ROOT - BlockHeader.PARENT_HASH - 1);
        (header.stateRoot, next) = RLP.bytes32At(next, to);
        (header.transactionsRoot, next) = RLP.bytes32At(next, to);
        (header.receiptsRoot, next) = RLP.bytes32At(next, to);
        next = RLP.skipAt(next, to, BlockHeader.NUMBER - BlockHeader.RECEIPTS_ROOT - 1);
        (header.number, next) = _uint48At(next, to, BlockHeader.NUMBER);
        next = RLP.skipAt(next, to, BlockHeader.TIMESTAMP - BlockHeader.NUMBER - 1);
        (header.timestamp, next) = _uint48At(next, to, BlockHeader.TIMESTAMP);
        (header.extraFrom, header.extraTo) = RLP.stringAt(next, to);
    }

    function _uint48At(uint256 ptr, uint256 limit, uint256 field) private pure returns (uint256 value, uint256 to) {
        (value, to) = RLP.uintAt(ptr, limit);
        if (value > type(uint48).max) revert ParliaHeader_TooLarge(field, value);
    }
}
