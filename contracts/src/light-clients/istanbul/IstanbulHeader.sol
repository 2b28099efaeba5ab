// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {RLP} from "../../proofs/RLP.sol";

/// @title  Headers of the MAP relay chain, read in place
/// @notice A header is a list of 14 fields, and more where forks add some: an Ethereum header without uncles and difficulty
///         (atlas `core/types/block.go`). Its extra data is a vanity of 32 bytes and the list `[added addresses, added G2
///         keys, added G1 keys, removed bitmap, proposer's seal, aggregated seal, parent's aggregated seal]`. The block
///         hash is of the header with an empty aggregated seal (`IstanbulFilteredHeader`), and that is how it arrives here:
///         nothing is ever rebuilt.
library IstanbulHeader {
    /// @dev Places in the header's list of fields whose size varies: number, gas limit, gas used, time, extra data.
    uint256 private constant NUMBER = 6;
    uint256 private constant TIMESTAMP = 9;
    /// @dev In front of them: parent's hash, coinbase, state, transactions and receipts root, bloom filter, each of one size.
    ///      Where they start, and what they start with: RLP strings of 32, 20 and 256 bytes.
    uint256 private constant PARENT_HASH_AT = 0;
    uint256 private constant COINBASE_AT = 33;
    uint256 private constant STATE_ROOT_AT = 54;
    uint256 private constant TRANSACTIONS_ROOT_AT = 87;
    uint256 private constant RECEIPTS_ROOT_AT = 120;
    uint256 private constant BLOOM_AT = 153;
    uint256 private constant NUMBER_AT = 412;
    uint256 private constant WORD_PREFIX = 0xa0;
    uint256 private constant ADDRESS_PREFIX = 0x94;
    uint256 private constant BLOOM_PREFIX = 0xb90100;
    /// @dev Bytes in front of the list in the extra data.
    uint256 private constant VANITY_SIZE = 32;

    /// @notice What the light client reads of a header.
    struct Header {
        /// @dev keccak-256 of the header as it arrived: the chain's block hash.
        bytes32 hash;
        bytes32 parentHash;
        bytes32 stateRoot;
        bytes32 transactionsRoot;
        bytes32 receiptsRoot;
        /// @dev Fits 64 bits.
        uint256 number;
        /// @dev Unix seconds. Fits 48 bits.
        uint256 timestamp;
        /// @dev Where the extra data starts in calldata, and where the header ends.
        uint256 extraAt;
        uint256 end;
    }

    /// @notice One of the fields before the number has another size than it has in every header.
    error IstanbulHeader_Layout();
    /// @notice A number is too large. @param field Its place in the header. @param given Its value.
    error IstanbulHeader_TooLarge(uint256 field, uint256 given);
    /// @notice The extra data is shorter than its vanity. @param expected Bytes needed. @param given Bytes.
    error IstanbulHeader_Vanity(uint256 expected, uint256 given);

    /// @notice The header at `ptr`. Its extra data is not looked into.
    function read(uint256 ptr, uint256 limit) internal pure returns (Header memory header) {
        (uint256 start, uint256 end) = RLP.listAt(ptr, limit);
        header.hash = keccak256(RLP.slice(ptr, end));
        header.end = end;
        uint256 next = start + NUMBER_AT;
        // A read behind the header gives other bytes of calldata or zeros, and then `next` is over its end.
        uint256 differing = (RLP.loadAt(start) >> 248 ^ WORD_PREFIX)
            | (RLP.loadAt(start + COINBASE_AT) >> 248 ^ ADDRESS_PREFIX)
            | (RLP.loadAt(start + STATE_ROOT_AT) >> 248 ^ WORD_PREFIX)
            | (RLP.loadAt(start + TRANSACTIONS_ROOT_AT) >> 248 ^ WORD_PREFIX)
            | (RLP.loadAt(start + RECEIPTS_ROOT_AT) >> 248 ^ WORD_PREFIX)
            | (RLP.loadAt(start + BLOOM_AT) >> 232 ^ BLOOM_PREFIX);
        if (differing != 0 || next > end) revert IstanbulHeader_Layout();
        header.parentHash = bytes32(RLP.loadAt(start + PARENT_HASH_AT + 1));
        header.stateRoot = bytes32(RLP.loadAt(start + STATE_ROOT_AT + 1));
        header.transactionsRoot = bytes32(RLP.loadAt(start + TRANSACTIONS_ROOT_AT + 1));
        header.receiptsRoot = bytes32(RLP.loadAt(start + RECEIPTS_ROOT_AT + 1));
        (header.number, next) = RLP.uintAt(next, end);
        if (header.number > type(uint64).max) revert IstanbulHeader_TooLarge(NUMBER, header.number);
        next = RLP.skipAt(next, end, TIMESTAMP - NUMBER - 1);
        (header.timestamp, next) = RLP.uintAt(next, end);
        if (header.timestamp > type(uint48).max) revert IstanbulHeader_TooLarge(TIMESTAMP, header.timestamp);
        header.extraAt = next;
    }

    /// @notice Payload of the list in the header's extra data. @return from Its start. @return to Its end.
    function extra(Header memory header) internal pure returns (uint256 from, uint256 to) {
        (from, to) = RLP.stringAt(header.extraAt, header.end);
        if (to - from < VANITY_SIZE) revert IstanbulHeader_Vanity(VANITY_SIZE, to - from);
        uint256 list = from + VANITY_SIZE;
        uint256 end;
        (from, end) = RLP.listAt(list, to);
        if (end != to) revert RLP.RLP_TrailingBytes(end - list, to - list);
    }
}
