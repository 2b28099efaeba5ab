// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Bls12381} from "../../crypto/Bls12381.sol";
import {BeaconLayout, Layout} from "./BeaconLayout.sol";
import {ClientBootstrap} from "./ClientBootstrap.sol";
import {ClientState} from "./ClientState.sol";
import {IEthereumLightClient} from "./IEthereumLightClient.sol";

/// @title  What an Ethereum light client stores
/// @notice Parameters, the schedule of forks, committees and blocks: how they start, and how they are read.
abstract contract EthereumClientBase is IEthereumLightClient {
    using BeaconLayout for Layout;

    /// @dev Committees kept, by period modulo this. 16 periods of mainnet are 18 days: evidence from anywhere inside
    ///      the trusting period finds its committee.
    uint256 internal constant COMMITTEES = 16;
    /// @dev Slots that the ring of finalized blocks spans: 27 hours of mainnet.
    uint256 internal constant BLOCKS = 8192;
    /// @dev In place of the number of absent members: nobody signed the block, the deployer vouched for it.
    uint256 internal constant UNSIGNED = 0xff;
    /// @dev A ring word holds a block root but its last byte, and the number of absent members there.
    uint256 internal constant ROOT_MASK = ~uint256(0xff);
    /// @dev A beacon block header, bytes.
    uint256 internal constant HEADER_BYTES = 112;
    /// @dev Shares are in ten thousandths.
    uint256 internal constant BASIS_POINTS = 10_000;

    /// @dev What `parameters` returns, and what follows from it.
    uint256 internal immutable _chainId;
    uint64 internal immutable _genesisTime;
    bytes32 internal immutable _genesisValidatorsRoot;
    uint64 internal immutable _secondsPerSlot;
    uint64 internal immutable _slotsPerEpoch;
    uint64 internal immutable _epochsPerPeriod;
    uint256 internal immutable _slotsPerPeriod;
    uint64 internal immutable _committeeSize;
    uint64 internal immutable _slotsPerHistoricalRoot;
    uint64 internal immutable _trustingPeriod;
    uint64 internal immutable _clockDrift;
    address internal immutable _forkScheduler;
    uint64 internal immutable _forkNotice;
    uint256 internal immutable _firstPeriod;

    ClientState internal _state;
    bytes32[COMMITTEES] internal _committees;
    bytes32[BLOCKS] internal _blocks;
    Fork[] internal _forks;
    bytes32 internal _keptAggregate;

    /// @param config What the client follows.
    /// @param schedule Forks of the source chain so far, by epoch.
    /// @param bootstrap A finalized block that the deployer vouches for.
    constructor(Parameters memory config, Fork[] memory schedule, Bootstrap memory bootstrap) {
        Bls12381.selfTest();
        ClientBootstrap.checkParameters(config);
        _chainId = config.chainId;
        _genesisTime = config.genesisTime;
        _genesisValidatorsRoot = config.genesisValidatorsRoot;
        _secondsPerSlot = config.secondsPerSlot;
        _slotsPerEpoch = config.slotsPerEpoch;
        _epochsPerPeriod = config.epochsPerSyncCommitteePeriod;
        _slotsPerPeriod = uint256(config.slotsPerEpoch) * config.epochsPerSyncCommitteePeriod;
        _committeeSize = config.syncCommitteeSize;
        _slotsPerHistoricalRoot = config.slotsPerHistoricalRoot;
        _trustingPeriod = config.trustingPeriod;
        _clockDrift = config.clockDrift;
        _forkScheduler = config.forkScheduler;
        _forkNotice = config.forkNotice;

        // Without a fork every signature would be judged by version zero.
        if (schedule.length == 0) revert EthereumLightClient_Parameter("forks", 0);
        ClientState state;
        for (uint256 i = 0; i < schedule.length; ++i) {
            state = _appendFork(state, schedule[i]);
        }

        if (bootstrap.header.length != HEADER_BYTES) {
            revert EthereumLightClient_Length(HEADER_BYTES, bootstrap.header.length);
        }
        (uint64 slot, bytes32 root, bytes32 stateRoot) = ClientBootstrap.headerFields(bootstrap.header);
        if (root != bootstrap.blockRoot) revert EthereumLightClient_BootstrapRoot(bootstrap.blockRoot, root);
        uint256 time = _timeOf(slot);
        if (time > block.timestamp + config.clockDrift) {
            revert EthereumLightClient_Future(block.timestamp + config.clockDrift, time);
        }
        if (block.timestamp >= time + config.trustingPeriod) {
            revert LightClient_Expired(time + config.trustingPeriod, block.timestamp);
        }
        (, Layout stateLayout) = _forkAt(state, slot / config.slotsPerEpoch);
        bytes32 given = ClientBootstrap.branchRoot(
            bootstrap.syncCommitteeRoot, stateLayout.currentSyncCommittee(), bootstrap.branch
        );
        if (given != stateRoot) revert EthereumLightClient_BootstrapBranch(stateRoot, given);

        uint256 period = slot / _slotsPerPeriod;
        _firstPeriod = period;
        _committees[period % COMMITTEES] = bootstrap.syncCommitteeRoot;
        _blocks[slot % BLOCKS] = _blockWord(root, UNSIGNED);
        _state = state.withHead(slot, root);
        emit SyncCommitteeStored(period, bootstrap.syncCommitteeRoot);
        emit HeadAdvanced(slot, uint64(time), root, 0);
    }

    function scheduleFork(Fork calldata fork) external {
        if (msg.sender != _forkScheduler) revert EthereumLightClient_Unauthorized(_forkScheduler, msg.sender);
        uint256 start = _timeOf(uint256(fork.epoch) * _slotsPerEpoch);
        uint256 earliest = block.timestamp + _forkNotice;
        if (start < earliest) revert EthereumLightClient_ForkNotice(earliest, start);
        _state = _appendFork(_state, fork);
    }

    function head() external view returns (Head memory) {
        ClientState state = _state;
        uint256 slot = state.headSlot();
        return Head(uint64(slot), uint64(_timeOf(slot)), _headRoot(state));
    }

    function status() external view returns (Status) {
        ClientState state = _state;
        if (state.frozen()) return Status.Frozen;
        return block.timestamp >= _expiresAt(state) ? Status.Expired : Status.Active;
    }

    function expiresAt() external view returns (uint256) {
        return _expiresAt(_state);
    }

    function chainId() external view returns (uint256) {
        return _chainId;
    }

    function consensus() external pure returns (string memory) {
        return "ethereum";
    }

    function parameters() external view returns (Parameters memory) {
        return Parameters({
            chainId: _chainId,
            genesisTime: _genesisTime,
            genesisValidatorsRoot: _genesisValidatorsRoot,
            secondsPerSlot: _secondsPerSlot,
            slotsPerEpoch: _slotsPerEpoch,
            epochsPerSyncCommitteePeriod: _epochsPerPeriod,
            syncCommitteeSize: _committeeSize,
            slotsPerHistoricalRoot: _slotsPerHistoricalRoot,
            trustingPeriod: _trustingPeriod,
            clockDrift: _clockDrift,
            forkScheduler: _forkScheduler,
            forkNotice: _forkNotice
        });
    }

    function forks() external view returns (Fork[] memory) {
        return _forks;
    }

    function syncCommitteePeriods() external view returns (uint256 first, uint256 last) {
        return _periods(_state);
    }

    function syncCommitteeRoot(uint256 period) external view returns (bytes32) {
        (uint256 first, uint256 last) = _periods(_state);
        return period < first || period > last ? bytes32(0) : _committees[period % COMMITTEES];
    }

    function keptAggregate() external view returns (bytes32 commitment) {
        return _keptAggregate;
    }

    function storedBlock(uint256 slot, bytes32 root) external view returns (bool stored, uint256 participants) {
        return _storedBlock(slot, root);
    }

    /// @dev Adds a fork behind the last one.
    function _appendFork(ClientState state, Fork memory fork) internal returns (ClientState) {
        if (_forks.length != 0 && fork.epoch <= state.forkEpoch()) {
            revert EthereumLightClient_ForkOrder(state.forkEpoch(), fork.epoch);
        }
        _forks.push(fork);
        emit ForkScheduled(fork.epoch, fork.version, fork.stateLayout);
        return state.withFork(fork.epoch, fork.version, fork.stateLayout);
    }

    /// @dev Version and layout of the fork at `epoch`. The newest one is in the packed word.
    function _forkAt(ClientState state, uint256 epoch) internal view returns (bytes4, Layout) {
        if (epoch >= state.forkEpoch()) return (state.forkVersion(), state.forkLayout());
        for (uint256 i = _forks.length; i > 0; --i) {
            Fork memory fork = _forks[i - 1];
            if (epoch >= fork.epoch) return (fork.version, fork.stateLayout);
        }
        revert EthereumLightClient_UnsupportedFork(_forks[0].epoch, epoch);
    }

    /// @dev First and last period whose committee is stored. They follow each other without a gap, because the head
    ///      enters a period only after its committee is known.
    function _periods(ClientState state) internal view returns (uint256 first, uint256 last) {
        last = state.headSlot() / _slotsPerPeriod;
        if (state.nextKnown()) ++last;
        first = last >= _firstPeriod + COMMITTEES ? last - COMMITTEES + 1 : _firstPeriod;
    }

    function _storedBlock(uint256 slot, bytes32 root) internal view returns (bool stored, uint256 participants) {
        uint256 word = uint256(_blocks[slot % BLOCKS]);
        // The root covers the slot, so a word of another slot cannot pass for this one's. A root is never zero.
        stored = word != 0 && (word ^ uint256(root)) & ROOT_MASK == 0;
        uint256 absent = word & ~ROOT_MASK;
        participants = !stored || absent == UNSIGNED ? 0 : _committeeSize - absent;
    }

    function _headRoot(ClientState state) internal view returns (bytes32) {
        return bytes32((uint256(_blocks[state.headSlot() % BLOCKS]) & ROOT_MASK) | state.headRootTail());
    }

    function _expiresAt(ClientState state) internal view returns (uint256) {
        return _timeOf(state.headSlot()) + _trustingPeriod;
    }

    /// @dev Unix seconds of a slot.
    function _timeOf(uint256 slot) internal view returns (uint256) {
        return _genesisTime + slot * _secondsPerSlot;
    }

    function _blockWord(bytes32 root, uint256 absent) internal pure returns (bytes32) {
        return bytes32((uint256(root) & ROOT_MASK) | absent);
    }
}
