// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice Where the fields stand in the beacon state and block, by fork. A fork that moves none of them has the layout
///         of the one before: Fulu has Electra's, Heze Gloas'.
enum Layout {
    Capella,
    Deneb,
    Electra,
    Gloas
}

/// @title  Generalized indices of the beacon chain
/// @notice Index of a node in an SSZ Merkle tree: the root is 1, the children of n are 2n and 2n + 1.
/// @dev    BeaconState has 28 fields in Capella and Deneb (depth 5, fields at 32 + i), 37 and 38 in Electra and Fulu
///         (depth 6, fields at 64 + i), and is a progressive container from Gloas on:
///
///             BeaconState                     Capella, Deneb    Electra, Fulu    Gloas
///             ├─  5  block_roots                         37               69      352
///             ├─ 20  finalized_checkpoint                52               84      367
///             │      ├─ 0  epoch
///             │      └─ 1  root                         105              169      735
///             ├─ 22  current_sync_committee              54               86     2945
///             ├─ 23  next_sync_committee                 55               87     2946
///             └─ 27  historical_summaries                59               91     2950
///
///         ExecutionPayload has 15 fields in Capella (depth 4) and 17 from Deneb to Fulu (depth 5). In Gloas the body
///         holds a builder's bid in its place. The payload of that bid may never be revealed; its parent's is known to
///         be the chain's, so the block that a beacon block of Gloas proves is the bid's parent.
///
///             BeaconBlockBody (depth 4, fields at 16 + i)      Capella    Deneb to Fulu
///             └─  9  execution_payload                              25               25
///                    ├─  3  receipts_root                          403              803
///                    └─ 12  block_hash                             412              812
///
///             BeaconBlockBody (progressive)                                    Gloas
///             └─ 10  signed_execution_payload_bid                                357
///                    └─ 0  message (progressive)                                 714
///                          └─ 0  parent_block_hash                              2856
///
///         A progressive container (EIP-7495) has its fields left of the word that says which it has, in subtrees of 1,
///         4, 16 and 64 leaves (EIP-7916), each left of the next:
///
///             1 ─┬─ 2 ─┬─ 4  field 0
///                │     └─ 5 ─┬─ 10  fields 1 to 4, at 40 + i - 1
///                │           └─ 11 ─┬─ 22  fields 5 to 20, at 352 + i - 5
///                │                  └─ 23 ── 46  fields 21 to 84, at 2944 + i - 21
///                └─ 3  active fields
library BeaconLayout {
    /// @notice `finalized_checkpoint.root` in the state.
    function finalizedRoot(Layout stateLayout) internal pure returns (uint256) {
        return _choose(stateLayout, 105, 169, 735);
    }

    /// @notice `current_sync_committee` in the state.
    function currentSyncCommittee(Layout stateLayout) internal pure returns (uint256) {
        return _choose(stateLayout, 54, 86, 2945);
    }

    /// @notice `next_sync_committee` in the state.
    function nextSyncCommittee(Layout stateLayout) internal pure returns (uint256) {
        return _choose(stateLayout, 55, 87, 2946);
    }

    /// @notice `block_roots` in the state.
    function blockRoots(Layout stateLayout) internal pure returns (uint256) {
        return _choose(stateLayout, 37, 69, 352);
    }

    /// @notice `historical_summaries[index].block_summary_root` in the state, the root of 8192 entries of `block_roots`
    ///         that were complete: Capella's list of at most 2^24, left of its length; that root is an entry's left field.
    /// @param  index Below 2^24: the caller reads 3 bytes.
    function blockSummaryRoot(Layout stateLayout, uint256 index) internal pure returns (uint256) {
        uint256 list = _choose(stateLayout, 59, 91, 2950);
        return 2 * (((2 * list) << 24) + index);
    }

    /// @notice The hash of an execution block in a beacon block's body: of its payload, from Gloas on of its bid's parent.
    function blockHash(Layout stateLayout) internal pure returns (uint256) {
        if (stateLayout == Layout.Gloas) return 2856;
        return stateLayout == Layout.Capella ? 412 : 812;
    }

    /// @notice `execution_payload.receipts_root` in the block's body; 0 from Gloas on, where the body has no payload.
    function receiptsRoot(Layout stateLayout) internal pure returns (uint256) {
        if (stateLayout == Layout.Gloas) return 0;
        return stateLayout == Layout.Capella ? 403 : 803;
    }

    /// @dev The states of Capella and Deneb have the same places.
    function _choose(Layout stateLayout, uint256 capella, uint256 electra, uint256 gloas)
        private
        pure
        returns (uint256)
    {
        if (stateLayout == Layout.Electra) return electra;
        return stateLayout == Layout.Gloas ? gloas : capella;
    }
}
