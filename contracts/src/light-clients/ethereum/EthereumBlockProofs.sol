// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {BlockHeader} from "../../proofs/BlockHeader.sol";
import {SszBranch} from "../../proofs/SszBranch.sol";
import {BeaconHeader} from "./BeaconHeader.sol";
import {BeaconLayout, Layout} from "./BeaconLayout.sol";
import {Calldata} from "./Calldata.sol";
import {ClientState} from "./ClientState.sol";
import {EthereumClientBase} from "./EthereumClientBase.sol";

/// @title  Execution blocks proven from stored beacon blocks
/// @notice The execution block of a stored beacon block, of one that such a block's `block_roots` holds, or of one of any
///         age that its `historical_summaries` hold.
abstract contract EthereumBlockProofs is EthereumClientBase {
    using BeaconLayout for Layout;

    /// @dev Kinds of proofs. Of a whole execution block, by its hash and its header:
    uint256 private constant ANCESTOR_BLOCK = 1;
    uint256 private constant SUMMARIZED_BLOCK = 2;
    /// @dev Of its receipts root alone, in the same order:
    uint256 private constant RECEIPTS_ROOT = 3;
    uint256 private constant ANCESTOR_RECEIPTS_ROOT = 4;
    uint256 private constant SUMMARIZED_RECEIPTS_ROOT = 5;

    /// @dev An index into `historical_summaries`: below 2^24, its limit.
    uint256 private constant SUMMARY_INDEX_BYTES = 3;
    /// @dev Where the roots stand in a beacon block header.
    uint256 internal constant STATE_ROOT = 48;
    uint256 private constant BODY_ROOT = 80;

    function verifyBlock(bytes calldata proof) external view returns (Block memory) {
        return _verifyBlock(proof);
    }

    function verifyReceiptsRoot(bytes calldata proof) external view returns (bytes32 receiptsRoot) {
        uint256 kind = proof.length == 0 ? 0 : Calldata.byteAt(Calldata.offsetOf(proof));
        if (kind < RECEIPTS_ROOT) return _verifyBlock(proof).receiptsRoot;
        if (kind > SUMMARIZED_RECEIPTS_ROOT) revert EthereumLightClient_ProofKind(kind);
        ClientState state = _state;
        if (state.frozen()) revert LightClient_Frozen();
        return _verifyReceiptsRoot(proof, kind, state);
    }

    function _verifyBlock(bytes calldata proof) private view returns (Block memory finalBlock) {
        ClientState state = _state;
        if (state.frozen()) revert LightClient_Frozen();
        if (proof.length < 1 + HEADER_BYTES) revert EthereumLightClient_Length(1 + HEADER_BYTES, proof.length);
        uint256 cursor = Calldata.offsetOf(proof);
        uint256 end = cursor + proof.length;
        uint256 kind = Calldata.byteAt(cursor);
        if (kind > SUMMARIZED_BLOCK) revert EthereumLightClient_ProofKind(kind);
        uint256 header = cursor + 1;
        cursor = header + HEADER_BYTES;

        uint256 slot = Calldata.uint64At(header);
        {
            bytes32 root = SszBranch.headerRoot(header);
            (bool stored, uint256 participants) = _storedBlock(slot, root);
            if (!stored) revert EthereumLightClient_UnknownBlock(slot, root);
            finalBlock.participation = participants * BASIS_POINTS / _committeeSize;
        }
        if (kind == ANCESTOR_BLOCK) {
            (header, slot, cursor) = _proveAncestor(header, slot, cursor, end, state);
        } else if (kind == SUMMARIZED_BLOCK) {
            (header, slot, cursor) = _proveSummarized(header, slot, cursor, end, state);
        }

        (, Layout stateLayout) = _forkAt(state, slot / _slotsPerEpoch);
        uint256 gindex = stateLayout.blockHash();
        uint256 rlp = cursor + 32 * SszBranch.depth(gindex);
        Calldata.requireLength(rlp, end, proof.length);
        bytes calldata executionHeader = Calldata.slice(rlp, end - rlp);
        finalBlock.hash = keccak256(executionHeader);
        bytes32 bodyRoot = SszBranch.root(finalBlock.hash, gindex, cursor);
        if (bodyRoot != Calldata.wordAt(header + BODY_ROOT)) {
            revert EthereumLightClient_BlockHashBranch(Calldata.wordAt(header + BODY_ROOT), bodyRoot);
        }
        (
            finalBlock.number,
            finalBlock.timestamp,
            finalBlock.stateRoot,
            finalBlock.transactionsRoot,
            finalBlock.receiptsRoot
        ) = BlockHeader.parse(executionHeader);
    }

    /// @dev `execution_payload.receipts_root` is a leaf of the block's body, so its branch shows it without the execution
    ///      header. Every root on the way is computed from what is below it, and only the last one is compared: with the
    ///      stored one. From that one down, a header's root fixes its slot, the slot the layout, and the layout the place
    ///      of the next root, so no node of another place or depth can stand in for the leaf.
    function _verifyReceiptsRoot(bytes calldata proof, uint256 kind, ClientState state)
        private
        view
        returns (bytes32 receiptsRoot)
    {
        uint256 header = Calldata.offsetOf(proof) + 1;
        uint256 end = header - 1 + proof.length;
        uint256 slot;
        bytes32 root;
        if (kind == RECEIPTS_ROOT) {
            (receiptsRoot, slot, root) = _receiptsRootAt(header, end, proof.length, state);
        } else {
            uint256 cursor = header + BeaconHeader.AROUND_STATE_BYTES;
            uint256 branch = kind == SUMMARIZED_RECEIPTS_ROOT ? cursor + SUMMARY_INDEX_BYTES : cursor;
            Calldata.requireLength(branch, end, proof.length);
            slot = Calldata.uint64At(header);
            (, Layout stateLayout) = _forkAt(state, slot / _slotsPerEpoch);
            uint256 gindex = kind == SUMMARIZED_RECEIPTS_ROOT
                ? stateLayout.blockSummaryRoot(Calldata.uintAt(cursor) >> (256 - 8 * SUMMARY_INDEX_BYTES))
                : stateLayout.blockRoots();
            gindex *= _slotsPerHistoricalRoot;
            uint256 olderSlot;
            (receiptsRoot, olderSlot, root) =
                _receiptsRootAt(branch + 32 * SszBranch.depth(gindex), end, proof.length, state);
            if (kind == ANCESTOR_RECEIPTS_ROOT) _requireReach(olderSlot, slot);
            root = SszBranch.root(root, gindex + olderSlot % _slotsPerHistoricalRoot, branch);
            root = BeaconHeader.rootAroundState(header, root);
        }
        (bool stored,) = _storedBlock(slot, root);
        if (!stored) revert EthereumLightClient_UnknownBlock(slot, root);
    }

    /// @dev Reads what ends a proof: a beacon block's header around its body's root, the receipts root, and its branch in
    ///      the body. Returns the slot and the root of the block that they make up; whether it is final, the caller finds
    ///      out.
    function _receiptsRootAt(uint256 header, uint256 end, uint256 length, ClientState state)
        private
        view
        returns (bytes32 receiptsRoot, uint256 slot, bytes32 root)
    {
        uint256 leaf = header + BeaconHeader.AROUND_BODY_BYTES;
        Calldata.requireLength(leaf + 32, end, length);
        slot = Calldata.uint64At(header);
        (, Layout stateLayout) = _forkAt(state, slot / _slotsPerEpoch);
        uint256 gindex = stateLayout.receiptsRoot();
        if (gindex == 0) revert EthereumLightClient_NoReceiptsRoot(slot);
        uint256 needed = leaf + 32 + 32 * SszBranch.depth(gindex);
        if (needed != end) revert EthereumLightClient_Length(length + needed - end, length);
        receiptsRoot = Calldata.wordAt(leaf);
        root = BeaconHeader.rootAroundBody(header, SszBranch.root(receiptsRoot, gindex, leaf + 32));
    }

    /// @dev Proves the header at `cursor` to be in `block_roots` of the finalized header's state. Its slot is read from
    ///      the header itself: an empty slot repeats the root of the block before it, whose slot is another.
    function _proveAncestor(uint256 finalized, uint256 finalizedSlot, uint256 cursor, uint256 end, ClientState state)
        private
        view
        returns (uint256 header, uint256 slot, uint256 next)
    {
        (, Layout stateLayout) = _forkAt(state, finalizedSlot / _slotsPerEpoch);
        uint256 gindex = stateLayout.blockRoots() * _slotsPerHistoricalRoot;
        header = cursor;
        cursor += HEADER_BYTES;
        next = cursor + 32 * SszBranch.depth(gindex);
        Calldata.requireLength(next, end, end - finalized + 1);
        slot = Calldata.uint64At(header);
        _requireReach(slot, finalizedSlot);
        bytes32 given = SszBranch.root(SszBranch.headerRoot(header), gindex + slot % _slotsPerHistoricalRoot, cursor);
        bytes32 expected = Calldata.wordAt(finalized + STATE_ROOT);
        if (given != expected) revert EthereumLightClient_BlockRootsBranch(expected, given);
    }

    /// @dev Proves the header at `cursor` to be in an entry of `historical_summaries` of the finalized header's state:
    ///      a block of any age. Which entry, the prover says: each holds roots of the finalized chain and nothing else,
    ///      and slot and fork are read from the header itself.
    function _proveSummarized(uint256 finalized, uint256 finalizedSlot, uint256 cursor, uint256 end, ClientState state)
        private
        view
        returns (uint256 header, uint256 slot, uint256 next)
    {
        (, Layout stateLayout) = _forkAt(state, finalizedSlot / _slotsPerEpoch);
        header = cursor;
        cursor += HEADER_BYTES + SUMMARY_INDEX_BYTES;
        uint256 gindex = stateLayout.blockSummaryRoot(0) * _slotsPerHistoricalRoot;
        next = cursor + 32 * SszBranch.depth(gindex);
        Calldata.requireLength(next, end, end - finalized + 1);
        uint256 index = Calldata.uintAt(header + HEADER_BYTES) >> (256 - 8 * SUMMARY_INDEX_BYTES);
        slot = Calldata.uint64At(header);
        gindex = stateLayout.blockSummaryRoot(index) * _slotsPerHistoricalRoot + slot % _slotsPerHistoricalRoot;
        bytes32 given = SszBranch.root(SszBranch.headerRoot(header), gindex, cursor);
        bytes32 expected = Calldata.wordAt(finalized + STATE_ROOT);
        if (given != expected) revert EthereumLightClient_SummaryBranch(expected, given);
    }

    /// @dev `block_roots` of a state at `slot` holds the roots of the slots before it, as many as it has entries.
    function _requireReach(uint256 ancestorSlot, uint256 slot) internal view {
        if (ancestorSlot >= slot || slot - ancestorSlot > _slotsPerHistoricalRoot) {
            uint256 first = slot > _slotsPerHistoricalRoot ? slot - _slotsPerHistoricalRoot : 0;
            revert EthereumLightClient_AncestorSlot(first, slot, ancestorSlot);
        }
    }
}
