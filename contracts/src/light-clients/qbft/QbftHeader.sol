// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {BlockHeader} from "../../proofs/BlockHeader.sol";
import {RLP} from "../../proofs/RLP.sol";

/// @title  QBFT headers, read in place
/// @notice A QBFT header carries `extraData = RLP[vanity, [validators…], vote, round, [seals…]]` and has three forms that
///         differ in that field alone: as nodes serve it; with an empty list of seals, which is what validators seal; and
///         with round 0 besides, which is what the block hash is of (Besu `QbftBlockHeaderFunctions`). Here it arrives in
///         the second form, and the third is made of its bytes: nothing but the round and the lengths around it changes.
library QbftHeader {
    /// @dev Most bytes of a round: Besu and GoQuorum keep it in 32 bits.
    uint256 private constant ROUND_SIZE = 4;
    /// @dev RLP of 0, and of an empty list.
    uint256 private constant ZERO = 0x80;
    uint256 private constant EMPTY_LIST = 0xc0;

    /// @notice What the light client reads of a header.
    struct Header {
        /// @dev keccak-256 of the header in the form that validators seal; 0 if it came in the form of the block hash.
        bytes32 digest;
        /// @dev The chain's block hash.
        bytes32 hash;
        bytes32 parentHash;
        bytes32 stateRoot;
        bytes32 transactionsRoot;
        bytes32 receiptsRoot;
        uint256 number;
        /// @dev Unix seconds.
        uint256 timestamp;
        /// @dev Where the validators' payload starts and ends in calldata; 0 if the header's extra data was not read.
        uint256 validatorsFrom;
        uint256 validatorsTo;
    }

    /// @dev Positions in calldata of what the block hash changes.
    struct Frame {
        uint256 start;
        uint256 payload;
        uint256 end;
        uint256 extraStart;
        uint256 extraEnd;
        uint256 extraPayload;
        uint256 roundStart;
        uint256 roundEnd;
    }

    /// @notice A number does not fit 64 bits. @param field Its place in the header. @param given Its value.
    error QbftHeader_TooLarge(uint256 field, uint256 given);
    /// @notice The round does not fit 32 bits. @param limit Bytes. @param given Bytes.
    error QbftHeader_Round(uint256 limit, uint256 given);
    /// @notice The extra data does not end with an empty list of seals. @param given First byte of its last item.
    error QbftHeader_SealsInside(uint256 given);

    /// @notice The header at `ptr` in the form that validators seal. @return header Its fields. @return to Where it ends.
    function sealedAt(uint256 ptr, uint256 limit) internal pure returns (Header memory header, uint256 to) {
        Frame memory frame;
        uint256 extra;
        frame.start = ptr;
        (frame.payload, to) = RLP.listAt(ptr, limit);
        frame.end = to;
        frame.extraStart = _readFields(header, frame.payload, to);
        (extra, frame.extraEnd) = RLP.stringAt(frame.extraStart, to);
        _readExtra(header, frame, extra);
        header.digest = keccak256(RLP.slice(ptr, to));
        header.hash = RLP.loadAt(frame.roundStart) >> 248 == ZERO ? header.digest : _blockHash(frame);
    }

    /// @notice The header at `ptr` in the form of the block hash. @return header Its fields. @return to Where it ends.
    function hashedAt(uint256 ptr, uint256 limit) internal pure returns (Header memory header, uint256 to) {
        uint256 payload;
        (payload, to) = RLP.listAt(ptr, limit);
        _readFields(header, payload, to);
        header.hash = keccak256(RLP.slice(ptr, to));
    }

    /// @dev Reads the fields before the extra data. @return extraStart Where the extra data starts.
    function _readFields(Header memory header, uint256 ptr, uint256 limit) private pure returns (uint256 extraStart) {
        (header.parentHash, ptr) = RLP.bytes32At(ptr, limit);
        ptr = RLP.skipAt(ptr, limit, BlockHeader.STATE_ROOT - BlockHeader.PARENT_HASH - 1);
        (header.stateRoot, ptr) = RLP.bytes32At(ptr, limit);
        (header.transactionsRoot, ptr) = RLP.bytes32At(ptr, limit);
        (header.receiptsRoot, ptr) = RLP.bytes32At(ptr, limit);
        ptr = RLP.skipAt(ptr, limit, BlockHeader.NUMBER - BlockHeader.RECEIPTS_ROOT - 1);
        (header.number, ptr) = _uint64At(ptr, limit, BlockHeader.NUMBER);
        ptr = RLP.skipAt(ptr, limit, BlockHeader.TIMESTAMP - BlockHeader.NUMBER - 1);
        (header.timestamp, extraStart) = _uint64At(ptr, limit, BlockHeader.TIMESTAMP);
    }

    function _uint64At(uint256 ptr, uint256 limit, uint256 field) private pure returns (uint256 value, uint256 to) {
        (value, to) = RLP.uintAt(ptr, limit);
        if (value > type(uint64).max) revert QbftHeader_TooLarge(field, value);
    }

    /// @dev Reads the extra data in `[ptr, frame.extraEnd)`: exactly five items, the last an empty list.
    function _readExtra(Header memory header, Frame memory frame, uint256 ptr) private pure {
        uint256 start = ptr;
        uint256 limit;
        (ptr, limit) = RLP.listAt(ptr, frame.extraEnd);
        if (limit != frame.extraEnd) revert RLP.RLP_TrailingBytes(limit - start, frame.extraEnd - start);
        frame.extraPayload = ptr;
        (, ptr) = RLP.stringAt(ptr, limit);
        (header.validatorsFrom, ptr) = RLP.listAt(ptr, limit);
        header.validatorsTo = ptr;
        (, ptr) = RLP.listAt(ptr, limit);
        frame.roundStart = ptr;
        (, ptr) = RLP.uintAt(ptr, limit);
        frame.roundEnd = ptr;
        // A multi-byte round has a prefix byte; a round below 0x80 has none.
        if (ptr - frame.roundStart > ROUND_SIZE + 1) {
            revert QbftHeader_Round(ROUND_SIZE, ptr - frame.roundStart - 1);
        }
        (, uint256 last) = RLP.listAt(ptr, limit);
        if (last - ptr != 1) revert QbftHeader_SealsInside(RLP.loadAt(ptr) >> 248);
        if (last != limit) revert RLP.RLP_TrailingBytes(last - start, limit - start);
    }

    /// @dev keccak-256 of the header with round 0. Prefixes are written anew from the inside out, since a round of two
    ///      bytes or more makes the list around it, the string around that and the header shorter.
    function _blockHash(Frame memory frame) private pure returns (bytes32 result) {
        // Behind the round there is the empty list of seals, 0xc0; the round itself becomes 0x80.
        uint256 inner = frame.roundStart - frame.extraPayload + 2;
        uint256 list = _prefixSize(inner) + inner;
        uint256 outer = (frame.extraStart - frame.payload) + _prefixSize(list) + list + (frame.end - frame.extraEnd);
        uint256 start;
        assembly ("memory-safe") {
            start := mload(0x40)
        }
        uint256 out = _writePrefix(start, RLP.LIST_SHORT, outer);
        out = _copy(out, frame.payload, frame.extraStart);
        out = _writePrefix(out, RLP.STRING_SHORT, list);
        out = _writePrefix(out, RLP.LIST_SHORT, inner);
        out = _copy(out, frame.extraPayload, frame.roundStart);
        // Everything is written behind the free memory pointer, which stays: nothing allocated is touched, nothing kept.
        // Nothing between here and the hash allocates.
        assembly ("memory-safe") {
            mstore8(out, ZERO)
            mstore8(add(out, 1), EMPTY_LIST)
        }
        out = _copy(out + 2, frame.extraEnd, frame.end);
        assembly ("memory-safe") {
            result := keccak256(start, sub(out, start))
        }
    }

    /// @dev Size of the RLP prefix of a payload of `length` bytes; `length` is below 2^24, as calldata is.
    function _prefixSize(uint256 length) private pure returns (uint256) {
        if (length <= RLP.SHORT_MAX) return 1;
        if (length < 1 << 8) return 2;
        return length < 1 << 16 ? 3 : 4;
    }

    /// @dev Writes the RLP prefix of a payload of `length` bytes at `out`. @return Where it ends.
    function _writePrefix(uint256 out, uint256 short, uint256 length) private pure returns (uint256) {
        uint256 size = _prefixSize(length);
        uint256 word = size == 1 ? short + length : (short + RLP.SHORT_MAX + size - 1) << (8 * (size - 1)) | length;
        uint256 aligned = word << (256 - 8 * size);
        // A whole word is written; what follows is written over its rest.
        assembly ("memory-safe") {
            mstore(out, aligned)
        }
        return out + size;
    }

    /// @dev Copies `[from, to)` of calldata to `out`. @return Where it ends.
    function _copy(uint256 out, uint256 from, uint256 to) private pure returns (uint256) {
        assembly ("memory-safe") {
            calldatacopy(out, from, sub(to, from))
        }
        return out + to - from;
    }
}
