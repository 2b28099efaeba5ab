// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {MerklePatricia} from "../../proofs/MerklePatricia.sol";
import {RLP} from "../../proofs/RLP.sol";
import {IParliaLightClient} from "./IParliaLightClient.sol";
import {ParliaHeader} from "./ParliaHeader.sol";

/// @title  From a final block down to an older one, and what votes are over
library ParliaProofs {
    /// @dev First byte of a link: the header is the parent; the state of the block above keeps its hash.
    uint256 internal constant LINK_PARENT = 0;
    uint256 internal constant LINK_HISTORY = 1;

    /// @dev Bytes of a kind, and of the length of a trie proof.
    uint256 internal constant KIND_SIZE = 1;
    uint256 internal constant LENGTH_SIZE = 3;

    /// @dev EIP-2935: the contract that keeps the hashes of the newest blocks, in a ring of this many slots. On BNB Smart
    ///      Chain since the Pascal fork (BEP-440).
    address private constant HISTORY = 0x0000F90827F1C53a10cb7A02335B175320002935;
    uint256 private constant HISTORY_WINDOW = 8191;
    /// @dev An account is `[nonce, balance, storageRoot, codeHash]`.
    uint256 private constant STORAGE_ROOT = 2;

    /// @notice The header that the link at `ptr` leads to from the final block `above`, so that it is final too.
    function linkAt(uint256 ptr, uint256 limit, ParliaHeader.Header memory above)
        internal
        pure
        returns (ParliaHeader.Header memory header, uint256 to)
    {
        uint256 from = take(ptr, limit, KIND_SIZE);
        uint256 kind = RLP.loadAt(ptr) >> 248;
        if (kind == LINK_HISTORY) return historyAt(from, limit, above);
        if (kind != LINK_PARENT) revert IParliaLightClient.ParliaLightClient_LinkKind(kind);
        (header, to) = ParliaHeader.read(from, limit);
        if (header.hash != above.parentHash) {
            revert IParliaLightClient.ParliaLightClient_NotParent(above.parentHash, header.hash);
        }
    }

    /// @notice The header behind two trie proofs at `ptr` that show its hash in the state of `above`.
    /// @dev    `length(3) account nodes, length(3) storage nodes, header`. Block N's state holds the hashes of the blocks
    ///         N - 8191 to N - 1 (EIP-2935: written when block N begins).
    function historyAt(uint256 ptr, uint256 limit, ParliaHeader.Header memory above)
        internal
        pure
        returns (ParliaHeader.Header memory header, uint256 to)
    {
        (bytes calldata account, uint256 next) = _nodesAt(ptr, limit);
        (bytes calldata slot, uint256 start) = _nodesAt(next, limit);
        (header, to) = ParliaHeader.read(start, limit);
        if (header.number >= above.number || above.number - header.number > HISTORY_WINDOW) {
            revert IParliaLightClient.ParliaLightClient_LinkOrder(above.number, header.number);
        }
        bytes calldata value = MerklePatricia.verify(above.stateRoot, keccak256(abi.encodePacked(HISTORY)), 32, account);
        (bytes calldata fields,) = RLP.takeList(value);
        (bytes32 storageRoot,) = RLP.takeBytes32(RLP.skip(fields, STORAGE_ROOT));
        value = MerklePatricia.verify(storageRoot, keccak256(abi.encode(header.number % HISTORY_WINDOW)), 32, slot);
        (uint256 kept,) = RLP.takeUint(value);
        if (bytes32(kept) != header.hash) {
            revert IParliaLightClient.ParliaLightClient_NotParent(bytes32(kept), header.hash);
        }
    }

    /// @notice What validators sign: keccak-256 of `RLP[sourceNumber, sourceHash, targetNumber, targetHash]`. Nothing in
    ///         it but the hashes names the chain.
    /// @param  source Below 2^48, like `target`.
    function voteHash(uint256 source, bytes32 sourceHash, uint256 target, bytes32 targetHash)
        internal
        pure
        returns (bytes32)
    {
        // 68 to 80 bytes: a list with one byte of length.
        bytes memory payload = bytes.concat(_uint(source), hex"a0", sourceHash, _uint(target), hex"a0", targetHash);
        return keccak256(bytes.concat(hex"f8", bytes1(uint8(payload.length)), payload));
    }

    /// @notice Where `size` bytes from `ptr` end, at most at `limit`. `size` is below 2^32.
    function take(uint256 ptr, uint256 limit, uint256 size) internal pure returns (uint256 to) {
        to = ptr + size;
        if (to > limit) revert IParliaLightClient.ParliaLightClient_Truncated(size, limit - ptr);
    }

    function _nodesAt(uint256 ptr, uint256 limit) private pure returns (bytes calldata nodes, uint256 to) {
        uint256 from = take(ptr, limit, LENGTH_SIZE);
        to = take(from, limit, RLP.loadAt(ptr) >> 232);
        nodes = RLP.slice(from, to);
    }

    /// @dev RLP of an integer below 2^48.
    function _uint(uint256 value) private pure returns (bytes memory out) {
        uint256 size = 0;
        if (value >= RLP.STRING_SHORT) {
            while (value >> (8 * size) != 0) ++size;
            value |= (RLP.STRING_SHORT + size) << (8 * size);
        } else if (value == 0) {
            value = RLP.STRING_SHORT;
        }
        out = new bytes(size + 1);
        uint256 word = value << (248 - 8 * size);
        assembly ("memory-safe") {
            // `new bytes` has allocated a whole word behind the length.
            mstore(add(out, 32), word)
        }
    }
}
