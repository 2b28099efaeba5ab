// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title  `abi.encode` of one struct, read in place
/// @notice Takes exactly what `abi.encode` writes: tails in the order of their fields and without gaps, padded with zeros,
///         and nothing behind the last. So a proof has one encoding, and no field of it can lie in another.
/// @dev    Positions are bytes of the encoding. Word 0 is the struct's own offset; the fields' words follow.
library ProofEncoding {
    uint256 private constant WORD = 32;

    /// @notice The bytes are not `abi.encode` of the struct. @param position Byte at which they differ from it.
    error ProofEncoding_Malformed(uint256 position);

    /// @notice Reverts unless `proof` starts like a struct of `fields` words. @return next Where its first tail belongs.
    function begin(bytes calldata proof, uint256 fields) internal pure returns (uint256 next) {
        next = WORD * (1 + fields);
        if (proof.length < next || uint256(bytes32(proof)) != WORD) revert ProofEncoding_Malformed(0);
    }

    /// @notice The word of the field at `index`; `begin` has made sure that it is there.
    function word(bytes calldata proof, uint256 index) internal pure returns (bytes32) {
        return bytes32(proof[WORD * (1 + index):]);
    }

    /// @notice The address in the field at `index`.
    function addressAt(bytes calldata proof, uint256 index) internal pure returns (address) {
        uint256 value = uint256(word(proof, index));
        if (value > type(uint160).max) revert ProofEncoding_Malformed(WORD * (1 + index));
        return address(uint160(value));
    }

    /// @notice The bytes of the field at `index`, whose tail belongs at `position`. @return next Where the next tail belongs.
    function tail(bytes calldata proof, uint256 index, uint256 position)
        internal
        pure
        returns (bytes calldata content, uint256 next)
    {
        // Offsets in a struct count from the struct, which starts behind word 0.
        if (uint256(word(proof, index)) != position - WORD) revert ProofEncoding_Malformed(WORD * (1 + index));
        if (proof.length < position + WORD) revert ProofEncoding_Malformed(position);
        uint256 length = uint256(bytes32(proof[position:]));
        position += WORD;
        if (length > proof.length - position) revert ProofEncoding_Malformed(position - WORD);
        next = position + (length + WORD - 1) / WORD * WORD;
        if (next > proof.length) revert ProofEncoding_Malformed(position - WORD);
        content = proof[position:position + length];
        // The padding: at most 31 bytes, in one word with the content's last.
        uint256 padding = next - position - length;
        if (padding != 0 && uint256(bytes32(proof[next - WORD:next])) << (256 - 8 * padding) != 0) {
            revert ProofEncoding_Malformed(position + length);
        }
    }

    /// @notice The proof of one item of a block: `IMessageService.ReceiptProof`, and whatever else has its three fields.
    /// @return blockProof For the light client. @return txIndex Of the transaction in the block. @return nodes Of the trie.
    function item(bytes calldata proof)
        internal
        pure
        returns (bytes calldata blockProof, uint256 txIndex, bytes calldata nodes)
    {
        uint256 next = begin(proof, 3);
        (blockProof, next) = tail(proof, 0, next);
        txIndex = uint256(word(proof, 1));
        (nodes, next) = tail(proof, 2, next);
        end(proof, next);
    }

    /// @notice Reverts unless the last tail ended where the encoding does.
    function end(bytes calldata proof, uint256 next) internal pure {
        if (proof.length != next) revert ProofEncoding_Malformed(next);
    }
}
