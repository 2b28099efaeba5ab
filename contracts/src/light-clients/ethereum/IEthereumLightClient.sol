// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ILightClient} from "../ILightClient.sol";
import {Layout} from "./BeaconLayout.sol";

/// @title  Ethereum light client
/// @notice Follows the beacon chain by its sync committees, finalized headers only. Formats of `update`, `verifyBlock`
///         and `reportMisbehaviour`: docs/spec/ethereum-light-client.md.
interface IEthereumLightClient is ILightClient {
    /// @notice What the client was deployed for. Never changes.
    struct Parameters {
        /// @dev EIP-155 id of the chain that is followed.
        uint256 chainId;
        /// @dev Unix seconds of slot 0.
        uint64 genesisTime;
        bytes32 genesisValidatorsRoot;
        uint64 secondsPerSlot;
        uint64 slotsPerEpoch;
        uint64 epochsPerSyncCommitteePeriod;
        /// @dev Members: 512, or 32 in the minimal preset.
        uint64 syncCommitteeSize;
        /// @dev Entries of `state.block_roots`: 8192, or 64 in the minimal preset.
        uint64 slotsPerHistoricalRoot;
        /// @dev Seconds after which a head expires.
        uint64 trustingPeriod;
        /// @dev Seconds that a signature slot may lie in the future of this chain's clock.
        uint64 clockDrift;
        /// @dev Who may schedule forks: a timelock. Zero: nobody.
        address forkScheduler;
        /// @dev Seconds that must lie between scheduling a fork and its first slot.
        uint64 forkNotice;
    }

    /// @notice A fork of the source chain that changes the signing domain or the layout.
    struct Fork {
        uint64 epoch;
        bytes4 version;
        Layout stateLayout;
    }

    /// @notice Where the client starts: the one thing that its deployer is trusted for.
    struct Bootstrap {
        /// @dev Root of a finalized beacon block.
        bytes32 blockRoot;
        /// @dev That block's header, 112 bytes.
        bytes header;
        /// @dev `hash_tree_root(current_sync_committee)` of that header's state, and its branch.
        bytes32 syncCommitteeRoot;
        bytes32[] branch;
    }

    /// @notice A finalized beacon block was stored, or stored again with more signers. @param absent Members that did not sign.
    event BlockStored(uint64 indexed slot, bytes32 root, uint256 absent);
    /// @notice The committee of `period` became known.
    event SyncCommitteeStored(uint256 indexed period, bytes32 root);
    /// @notice The aggregate key of these participants of the committee of `period` was kept: an update may start from it.
    ///         `bits` is their SSZ bitvector.
    event AggregateKept(uint256 indexed period, bytes32 indexed commitment, bytes bits);
    /// @notice A fork was scheduled.
    event ForkScheduled(uint64 indexed epoch, bytes4 version, Layout stateLayout);

    /// @notice The data does not have the length that its own fields call for.
    error EthereumLightClient_Length(uint256 expected, uint256 given);
    /// @notice The byte of flags has one that does not exist.
    error EthereumLightClient_Flag(uint256 given);
    /// @notice Not `signature slot > attested slot >= finalized slot`.
    error EthereumLightClient_SlotOrder(uint256 signatureSlot, uint256 attestedSlot, uint256 finalizedSlot);
    /// @notice The signature slot is later than this chain's clock and drift allow. Unix seconds.
    error EthereumLightClient_Future(uint256 limit, uint256 given);
    /// @notice The committee of the signature slot's period is not one that may sign now.
    error EthereumLightClient_UnknownPeriod(uint256 first, uint256 last, uint256 given);
    /// @notice No fork of the schedule covers the epoch.
    error EthereumLightClient_UnsupportedFork(uint256 first, uint256 given);
    /// @notice Fewer members signed than two thirds.
    error EthereumLightClient_Participation(uint256 expected, uint256 given);
    /// @notice `pubkeys_root` and `aggregate_pubkey` are not those of the committee.
    error EthereumLightClient_SyncCommittee(bytes32 expected, bytes32 given);
    /// @notice The key and the bits that the update starts from are not those of the kept aggregate: another update may have
    ///         replaced it. Starting from the committee's own always works.
    error EthereumLightClient_KeptAggregate(bytes32 expected, bytes32 given);
    /// @notice The participants did not sign the attested header.
    error EthereumLightClient_Signature(bytes32 signingRoot);
    /// @notice The finalized header is not the one that the attested state names.
    error EthereumLightClient_FinalityBranch(bytes32 expected, bytes32 given);
    /// @notice The next committee is not in the attested state.
    error EthereumLightClient_NextSyncCommitteeBranch(bytes32 expected, bytes32 given);
    /// @notice A next committee counts only if the finalized header is of the attested one's period.
    error EthereumLightClient_NextSyncCommitteeNotFinal(uint256 attestedPeriod, uint256 finalizedPeriod);
    /// @notice Another committee is known for that period: this update and the one that brought it are evidence for
    ///         `reportMisbehaviour`.
    error EthereumLightClient_SyncCommitteeConflict(uint256 period, bytes32 stored, bytes32 given);
    /// @notice Another block is the head at that slot: this update and the one that brought it are evidence for
    ///         `reportMisbehaviour`.
    error EthereumLightClient_BlockConflict(uint256 slot, bytes32 stored, bytes32 given);

    /// @notice No such kind of block proof.
    error EthereumLightClient_ProofKind(uint256 given);
    /// @notice The header is not a stored finalized block.
    error EthereumLightClient_UnknownBlock(uint256 slot, bytes32 root);
    /// @notice `state.block_roots` of the finalized header does not reach the slot.
    error EthereumLightClient_AncestorSlot(uint256 first, uint256 last, uint256 given);
    /// @notice The older header is not in `state.block_roots` of the finalized one.
    error EthereumLightClient_BlockRootsBranch(bytes32 expected, bytes32 given);
    /// @notice The older header is not in the stated entry of `state.historical_summaries` of the finalized one.
    error EthereumLightClient_SummaryBranch(bytes32 expected, bytes32 given);
    /// @notice The execution header is not the beacon block's.
    error EthereumLightClient_BlockHashBranch(bytes32 expected, bytes32 given);

    /// @notice The body of a beacon block at `slot` has no receipts root: from Gloas on only the block hash is proven.
    error EthereumLightClient_NoReceiptsRoot(uint256 slot);

    /// @notice No such kind of evidence.
    error EthereumLightClient_EvidenceKind(uint256 given);
    /// @notice The committee that signed the evidence ended more than a trusting period ago. Unix seconds.
    error EthereumLightClient_EvidenceExpired(uint256 expiredAt, uint256 timestamp);

    /// @notice Only the scheduler of forks may do this.
    error EthereumLightClient_Unauthorized(address expected, address given);
    /// @notice A fork must start after the one before it.
    error EthereumLightClient_ForkOrder(uint256 previousEpoch, uint256 epoch);
    /// @notice A fork must be scheduled ahead. Unix seconds.
    error EthereumLightClient_ForkNotice(uint256 earliest, uint256 given);

    /// @notice A parameter is out of its bounds.
    error EthereumLightClient_Parameter(bytes32 name, uint256 given);
    /// @notice The header of the bootstrap is not the trusted block.
    error EthereumLightClient_BootstrapRoot(bytes32 expected, bytes32 given);
    /// @notice The committee of the bootstrap is not in the trusted block's state.
    error EthereumLightClient_BootstrapBranch(bytes32 expected, bytes32 given);

    /// @notice Adds a fork to the end of the schedule. Only the scheduler; never a fork that could touch the past.
    function scheduleFork(Fork calldata fork) external;

    /// @notice What the client was deployed for.
    function parameters() external view returns (Parameters memory);

    /// @notice The schedule of forks, by epoch.
    function forks() external view returns (Fork[] memory);

    /// @notice First and last period whose committee is stored.
    function syncCommitteePeriods() external view returns (uint256 first, uint256 last);

    /// @notice `hash_tree_root` of the sync committee of `period`, zero if it is not stored.
    function syncCommitteeRoot(uint256 period) external view returns (bytes32);

    /// @notice Commitment to the aggregate key that an update may start from, zero before the first: keccak-256 of
    ///         `abi.encode(period, pubkeysRoot, negative of the key as EIP-2537 has it, bits)`.
    function keptAggregate() external view returns (bytes32 commitment);

    /// @notice Members that signed the finalized block `root` at `slot`, if it is stored. A bootstrap that nobody has
    ///         signed counts 0.
    function storedBlock(uint256 slot, bytes32 root) external view returns (bool stored, uint256 participants);
}
