// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {RLP} from "./RLP.sol";

/// @title  Fields of a raw block header
/// @notice A header is a list to which forks append fields; the first ones keep their places on every EVM chain. Fields
///         are read by index and the number of fields behind them is never checked. The caller has bound `header` to a
///         hash that consensus vouches for.
library BlockHeader {
    using RLP for bytes;

    /// @dev Places of fields in the header's list (Ethereum yellow paper §4.4).
    uint256 internal constant PARENT_HASH = 0;
    uint256 internal constant STATE_ROOT = 3;
    uint256 internal constant TRANSACTIONS_ROOT = 4;
    uint256 internal constant RECEIPTS_ROOT = 5;
    uint256 internal constant NUMBER = 8;
    uint256 internal constant TIMESTAMP = 11;
    uint256 internal constant EXTRA_DATA = 12;

    /// @notice Number, timestamp (unix seconds; some chains use other units), state root, transactions root and receipts root.
    function parse(bytes calldata header)
        internal
        pure
        returns (uint256 number, uint256 timestamp, bytes32 stateRoot, bytes32 transactionsRoot, bytes32 receiptsRoot)
    {
        (uint256 ptr, uint256 limit) = header.list().bounds();
        ptr = RLP.skipAt(ptr, limit, STATE_ROOT);
        (stateRoot, ptr) = RLP.bytes32At(ptr, limit);
        (transactionsRoot, ptr) = RLP.bytes32At(ptr, limit);
        (receiptsRoot, ptr) = RLP.bytes32At(ptr, limit);
        ptr = RLP.skipAt(ptr, limit, NUMBER - RECEIPTS_ROOT - 1);
        (number, ptr) = RLP.uintAt(ptr, limit);
        ptr = RLP.skipAt(ptr, limit, TIMESTAMP - NUMBER - 1);
        (timestamp,) = RLP.uintAt(ptr, limit);
    }

    /// @notice Hash of the parent.
    function parentHash(bytes calldata header) internal pure returns (bytes32 value) {
        (uint256 ptr, uint256 limit) = header.list().bounds();
        (value,) = RLP.bytes32At(ptr, limit);
    }

    /// @notice Extra data, where several consensus protocols keep their seals.
    function extraData(bytes calldata header) internal pure returns (bytes calldata value) {
        (value,) = header.list().skip(EXTRA_DATA).takeString();
    }

    /// @notice The payload of the string field at `index`; reverts if there are not so many.
    function field(bytes calldata header, uint256 index) internal pure returns (bytes calldata value) {
        (value,) = header.list().skip(index).takeString();
    }
}
