// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice Where the fields stand in the beacon state and block, by fork. A fork that moves none of them has the layout
///         of the one before: Fulu has Electra's.
enum Layout {
    Capella,
    Deneb,
    Electra
}

/// @title  Generalized indices of the beacon chain
/// @notice Index of a node in an SSZ Merkle tree: the root is 1, the children of n are 2n and 2n + 1.
/// @dev    BeaconState has 28 fields in Capella and Deneb (depth 5, fields at 32 + i) and 37 from Electra on (depth 6,
///         fields at 64 + i):
///
///             BeaconState                     Capella, Deneb    Electra, Fulu
///             ├─  5  block_roots                         37               69
///             ├─ 20  finalized_checkpoint                52               84
///             │      ├─ 0  epoch
///             │      └─ 1  root                         105              169
///             ├─ 22  current_sync_committee              54               86
///             ├─ 23  next_sync_committee                 55               87
///             └─ 27  historical_summaries                59               91
///
///         ExecutionPayload has 15 fields in Capella (depth 4) and 17 from Deneb on (depth 5):
///
///             BeaconBlockBody (depth 4, fields at 16 + i)      Capella    Deneb to Fulu
///             └─  9  execution_payload                              25               25
///                    ├─  3  receipts_root                          403              803
///                    └─ 12  block_hash                             412              812
library BeaconLayout {
    /// @notice `finalized_checkpoint.root` in the state.
    function finalizedRoot(Layout stateLayout) internal pure returns (uint256) {
        return stateLayout == Layout.Electra ? 169 : 105;
    }

    /// @notice `current_sync_committee` in the state.
    function currentSyncCommittee(Layout stateLayout) internal pure returns (uint256) {
        return stateLayout == Layout.Electra ? 86 : 54;
    }

    /// @notice `next_sync_committee` in the state.
    function nextSyncCommittee(Layout stateLayout) internal pure returns (uint256) {
        return stateLayout == Layout.Electra ? 87 : 55;
    }

    /// @notice `block_roots` in the state.
    function blockRoots(Layout stateLayout) internal pure returns (uint256) {
        return stateLayout == Layout.Electra ? 69 : 37;
    }

    /// @notice `historical_summaries[index].block_summary_root` in the state, the root of 8192 entries of `block_roots`
    ///         that were complete: Capella's list of at most 2^24, left of its length; that root is an entry's left field.
    /// @param  index Below 2^24: the caller reads 3 bytes.
    function blockSummaryRoot(Layout stateLayout, uint256 index) internal pure returns (uint256) {
        uint256 list = stateLayout == Layout.Electra ? 91 : 59;
        return 2 * (((2 * list) << 24) + index);
    }

    /// @notice `execution_payload.block_hash` in the block's body.
    function blockHash(Layout stateLayout) internal pure returns (uint256) {
        return stateLayout == Layout.Capella ? 412 : 812;
    }

    /// @notice `execution_payload.receipts_root` in the block's body.
    function receiptsRoot(Layout stateLayout) internal pure returns (uint256) {
        return stateLayout == Layout.Capella ? 403 : 803;
    }
}
