// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {MerklePatricia} from "./MerklePatricia.sol";
import {RLP} from "./RLP.sol";

/// @title  Accounts and storage slots of a state root, proven and read in place on calldata
/// @notice The state trie maps keccak256(address) to `rlp([nonce, balance, storageRoot, codeHash])`, an account's storage
///         trie keccak256(slot) to the RLP of the slot's value without leading zeros (yellow paper §4.1). Absence is
///         proven as well: a slot that is not in the trie is zero, an account that is not there has no storage. Only the
///         one encoding of a value that a chain writes is read; zero is never stored.
library StateProof {
    using RLP for bytes;

    /// @notice An account of the state trie.
    struct Account {
        uint256 nonce;
        /// @dev Wei.
        uint256 balance;
        /// @dev Root of its storage trie.
        bytes32 storageRoot;
        /// @dev keccak-256 of its code; of no bytes where it has none.
        bytes32 codeHash;
    }

    /// @notice keccak-256 of no bytes: code hash of an account without code.
    bytes32 internal constant NO_CODE = 0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470;
    /// @dev Bytes of a key of either trie: a hash.
    uint256 private constant KEY_SIZE = 32;

    /// @notice A stored slot holds zero, which no chain stores.
    error StateProof_ZeroValue();
    /// @notice The nonce has more than 64 bits (EIP-2681). @param given Nonce.
    error StateProof_Nonce(uint256 given);

    /// @notice The account at `owner`, or that there is none; reverts if `nodes` shows neither.
    /// @param  nodes Trie nodes from the root on, concatenated.
    /// @return exists Whether the state trie has it. @return account All zeros but the empty storage root if it has not.
    function accountAt(bytes32 stateRoot, address owner, bytes calldata nodes)
        internal
        pure
        returns (bool exists, Account memory account)
    {
        bytes calldata encoded;
        (exists, encoded) = MerklePatricia.get(stateRoot, keccak256(abi.encodePacked(owner)), KEY_SIZE, nodes);
        if (!exists) {
            account.storageRoot = MerklePatricia.EMPTY_ROOT;
            return (false, account);
        }
        (uint256 ptr, uint256 limit) = encoded.list().bounds();
        (account.nonce, ptr) = RLP.uintAt(ptr, limit);
        if (account.nonce > type(uint64).max) revert StateProof_Nonce(account.nonce);
        (account.balance, ptr) = RLP.uintAt(ptr, limit);
        (account.storageRoot, ptr) = RLP.bytes32At(ptr, limit);
        (account.codeHash, ptr) = RLP.bytes32At(ptr, limit);
        RLP.requireEnd(RLP.slice(ptr, limit));
    }

    /// @notice The value of `slot` in the storage trie with this root, zero if it has none; reverts unless `nodes` shows it.
    /// @param  nodes Trie nodes from the root on, concatenated; none for the empty trie.
    function slotAt(bytes32 storageRoot, bytes32 slot, bytes calldata nodes) internal pure returns (bytes32 value) {
        (bool present, bytes calldata encoded) =
            MerklePatricia.get(storageRoot, keccak256(abi.encodePacked(slot)), KEY_SIZE, nodes);
        if (!present) return 0;
        (uint256 ptr, uint256 limit) = encoded.bounds();
        uint256 number;
        (number, ptr) = RLP.uintAt(ptr, limit);
        RLP.requireEnd(RLP.slice(ptr, limit));
        if (number == 0) revert StateProof_ZeroValue();
        return bytes32(number);
    }

    /// @notice The value of `slot` of `owner` under this state root: zero if the slot or the account is not there.
    /// @param  accountNodes Nodes of the state trie. @param storageNodes Nodes of the account's storage trie.
    function storageAt(
        bytes32 stateRoot,
        address owner,
        bytes32 slot,
        bytes calldata accountNodes,
        bytes calldata storageNodes
    ) internal pure returns (bytes32 value) {
        (, Account memory account) = accountAt(stateRoot, owner, accountNodes);
        return slotAt(account.storageRoot, slot, storageNodes);
    }
}
