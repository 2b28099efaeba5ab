// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {MerklePatricia} from "./MerklePatricia.sol";
import {Receipts} from "./Receipts.sol";

/// @title  Transactions of a block, proven in place on calldata
/// @notice The transactions trie has the receipts trie's keys. Its values are what was signed and sent: a legacy
///         transaction's list or `type || payload` (EIP-2718), the bytes whose keccak-256 is the transaction's hash.
library Transactions {
    /// @notice The transaction at `txIndex`; reverts unless `nodes` shows it. That it is there does not say that it
    ///         succeeded: its receipt does.
    /// @param  nodes Trie nodes from the root to the leaf, concatenated.
    function verify(bytes32 transactionsRoot, uint256 txIndex, bytes calldata nodes)
        internal
        pure
        returns (bytes calldata transaction)
    {
        (bytes32 key, uint256 length) = Receipts.trieKey(txIndex);
        return MerklePatricia.verify(transactionsRoot, key, length, nodes);
    }
}
