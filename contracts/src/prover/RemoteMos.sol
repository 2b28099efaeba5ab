// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ILightClient} from "../light-clients/ILightClient.sol";
import {StateProof} from "../proofs/StateProof.sol";

/// @title  What a message service on another chain has consumed, by proof of its storage
/// @notice A bit that is not set after a final block shows that the order was not delivered up to it. With a block at or
///         past the order's deadline, from which on MOS delivers it no more, it never will be.
/// @dev    For contracts on the chain that sent the order. The caller takes `finalBlock` from the light client of the
///         target chain, `mos` from its route to it, and compares `finalBlock.timestamp` with the deadline itself.
library RemoteMos {
    /// @notice Storage slot of `MessageService._consumed`, a mapping from a key to a word of 256 bits, one a nonce. It is
    ///         that of the remote MOS' version: a version that moves it needs its own.
    uint256 internal constant CONSUMED_SLOT = 5;

    /// @dev Nonces in one word of the mapping: 2^8.
    uint256 private constant NONCE_WORD_BITS = 8;
    uint256 private constant NONCE_BIT_MASK = 0xff;

    /// @notice Proof that an order was not consumed. Encoded as `abi.encode(UnconsumedProof)`.
    struct UnconsumedProof {
        /// @dev For `ILightClient.verifyBlock`.
        bytes blockProof;
        /// @dev Nodes of the state trie for the remote MOS, from the root on, concatenated.
        bytes accountNodes;
        /// @dev Nodes of its storage trie for `consumedSlot(…)`, likewise.
        bytes storageNodes;
    }

    /// @notice No contract is at the remote MOS' address after that block: what it would have consumed says nothing.
    error RemoteMos_NotAContract(address mos);

    /// @notice Whether the order with `nonce` of the lane from `fromMos` on `fromChain` is not consumed after `finalBlock`.
    ///         Reverts unless the nodes show whether it is.
    /// @param  finalBlock   Of the remote chain, as its light client gave it.
    /// @param  mappingSlot  Where the remote MOS keeps what it has consumed; `CONSUMED_SLOT`.
    /// @param  mos          The remote MOS.
    /// @param  fromChain    EIP-155 id of the chain that sent the order. @param fromMos MOS there.
    /// @param  toChain      EIP-155 id of the remote chain.
    /// @param  accountNodes Nodes of the remote state trie for `mos`.
    /// @param  storageNodes Nodes of its storage trie for `consumedSlot(…)`, from the root on, concatenated.
    function isUnconsumedAt(
        ILightClient.Block memory finalBlock,
        uint256 mappingSlot,
        address mos,
        uint256 fromChain,
        address fromMos,
        uint256 toChain,
        uint64 nonce,
        bytes calldata accountNodes,
        bytes calldata storageNodes
    ) internal pure returns (bool) {
        (, StateProof.Account memory account) = StateProof.accountAt(finalBlock.stateRoot, mos, accountNodes);
        if (account.codeHash == 0 || account.codeHash == StateProof.NO_CODE) revert RemoteMos_NotAContract(mos);
        bytes32 slot = consumedSlot(mappingSlot, fromChain, fromMos, toChain, nonce);
        uint256 word = uint256(StateProof.slotAt(account.storageRoot, slot, storageNodes));
        return word >> (nonce & NONCE_BIT_MASK) & 1 == 0;
    }

    /// @notice The storage slot of the remote MOS with the order's bit: bit `nonce & 0xff` of its value.
    function consumedSlot(uint256 mappingSlot, uint256 fromChain, address fromMos, uint256 toChain, uint64 nonce)
        internal
        pure
        returns (bytes32)
    {
        bytes32 key = keccak256(abi.encode(fromChain, fromMos, toChain, nonce >> NONCE_WORD_BITS));
        return keccak256(abi.encode(key, mappingSlot));
    }
}
