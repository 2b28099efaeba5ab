// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Bls12381} from "../../crypto/Bls12381.sol";
import {ILightClient} from "../ILightClient.sol";
import {IParliaLightClient} from "./IParliaLightClient.sol";
import {ParliaHeader} from "./ParliaHeader.sol";
import {ParliaKeys} from "./ParliaKeys.sol";
import {ParliaQuorum} from "./ParliaQuorum.sol";

/// @title  What a Parlia light client stores
/// @notice Parameters, the head, validator sets and blocks: how they start, how they are read, and how they change.
abstract contract ParliaClientBase is IParliaLightClient {
    /// @dev The head, with what every call needs, in one slot.
    struct State {
        uint48 number;
        uint48 timestamp;
        /// @dev Block that lists the newest set.
        uint48 epoch;
        /// @dev First target on which the newest set does not vote any more.
        uint48 end;
        /// @dev Blocks in an epoch.
        uint24 length;
        bool frozen;
        /// @dev Whether another epoch length is scheduled; then `epoch < _schedule.from`.
        bool scheduled;
    }

    /// @dev The next epoch length, and the first block of the first epoch that has it.
    struct Schedule {
        uint48 from;
        uint24 length;
    }

    /// @dev Places of a set's numbers in its packed word.
    uint256 internal constant META_FIRST = 104;
    uint256 internal constant META_END = 56;
    uint256 internal constant META_TIMESTAMP = 8;
    uint256 internal constant MASK_48 = type(uint48).max;
    uint256 internal constant MASK_8 = type(uint8).max;

    /// @dev A set whose successor would vote on the first target behind an epoch's first block could not be succeeded: no
    ///      vote of its own would make that block final.
    uint256 private constant MIN_SWITCH_OFFSET = 2;
    uint256 internal immutable _chainId;
    uint256 internal immutable _trustingPeriod;
    uint256 internal immutable _clockDrift;
    address internal immutable _scheduler;

    State internal _state;
    Schedule internal _schedule;
    /// @inheritdoc IParliaLightClient
    mapping(uint256 epoch => bytes32 commitment) public override setCommitment;
    /// @inheritdoc IParliaLightClient
    mapping(uint256 number => bytes32 hash) public override blockHash;

    /// @param config What the deployer chooses. @param anchor What is taken on trust.
    constructor(Parameters memory config, TrustAnchor memory anchor) {
        if (
            config.chainId == 0 || config.epochLength == 0 || config.trustingPeriod == 0 || anchor.timestamp == 0
                || anchor.turnLength == 0
        ) revert ParliaLightClient_ZeroParameter();
        Bls12381.selfTest();
        _chainId = config.chainId;
        _trustingPeriod = config.trustingPeriod;
        _clockDrift = config.clockDrift;
        _scheduler = config.scheduler;
        if (anchor.timestamp > block.timestamp + config.clockDrift) {
            revert ParliaLightClient_FutureHeader(block.timestamp + config.clockDrift, anchor.timestamp);
        }
        uint256 expired = uint256(anchor.timestamp) + config.trustingPeriod;
        if (block.timestamp >= expired) revert LightClient_Expired(expired, block.timestamp);
        if (anchor.epoch % config.epochLength != 0 || anchor.epoch > anchor.number) {
            revert ParliaLightClient_EpochOrder(anchor.number - anchor.number % config.epochLength, anchor.epoch);
        }

        if (anchor.epochTimestamp > anchor.timestamp) {
            revert ParliaLightClient_Timestamp(anchor.epochTimestamp, anchor.timestamp);
        }
        State memory state;
        state.number = anchor.number;
        state.timestamp = anchor.timestamp;
        state.length = config.epochLength;
        (Bls12381.G1Point memory sum, bytes32 root, uint256 size) = ParliaKeys.sumAndRoot(anchor.keys);
        _adoptSet(state, anchor.epoch, anchor.epochTimestamp, anchor.first, sum, root, size, anchor.turnLength);
        _state = state;
        if (anchor.hash != 0) blockHash[anchor.number] = anchor.hash;
        emit HeadAdvanced(anchor.number, anchor.timestamp, anchor.hash, 0);
    }

    /// @inheritdoc IParliaLightClient
    /// @dev The newest set's end may only be put off: what it has vouched for stays in its range. An epoch that should have
    ///      been shorter than the client thought and has begun already cannot be scheduled any more.
    function scheduleEpochLength(uint48 from, uint24 length) external override {
        if (msg.sender != _scheduler) revert ParliaLightClient_Unauthorized(_scheduler, msg.sender);
        State memory state = _state;
        if (length == 0 || from % length != 0 || from < state.epoch) {
            revert ParliaLightClient_Schedule(from, length);
        }
        uint256 offset = state.end - _nextEpoch(state);
        _schedule = Schedule({from: from, length: length});
        state.scheduled = true;
        _reach(state);
        uint256 next = _nextEpoch(state);
        if (next + offset < state.end || offset > next - state.epoch) {
            revert ParliaLightClient_Schedule(from, length);
        }
        state.end = uint48(next + offset);
        _state = state;
        emit EpochLengthScheduled(from, length);
    }

    /// @inheritdoc ILightClient
    function head() external view override returns (Head memory) {
        State memory state = _state;
        return Head({number: state.number, timestamp: state.timestamp, hash: blockHash[state.number]});
    }

    /// @inheritdoc ILightClient
    function status() external view override returns (Status) {
        State memory state = _state;
        if (state.frozen) return Status.Frozen;
        return block.timestamp < state.timestamp + _trustingPeriod ? Status.Active : Status.Expired;
    }

    /// @inheritdoc ILightClient
    function expiresAt() external view override returns (uint256) {
        return _state.timestamp + _trustingPeriod;
    }

    /// @inheritdoc ILightClient
    function chainId() external view override returns (uint256) {
        return _chainId;
    }

    /// @inheritdoc ILightClient
    function consensus() external pure override returns (string memory) {
        return "parlia";
    }

    /// @inheritdoc IParliaLightClient
    function parameters() external view override returns (Parameters memory) {
        return Parameters({
            chainId: _chainId,
            epochLength: _state.length,
            trustingPeriod: uint48(_trustingPeriod),
            clockDrift: uint48(_clockDrift),
            scheduler: _scheduler
        });
    }

    /// @inheritdoc IParliaLightClient
    function newestSet() external view override returns (uint256 epoch, uint256 end) {
        return (_state.epoch, _state.end);
    }

    /// @inheritdoc IParliaLightClient
    function epochLengths() external view override returns (uint256 length, uint256 nextFrom, uint256 nextLength) {
        length = _state.length;
        if (_state.scheduled) (nextFrom, nextLength) = (_schedule.from, _schedule.length);
    }

    /// @dev Stores the hash of a final block. @return changed Whether it is new.
    function _store(State memory state, ParliaHeader.Header memory header) internal returns (bool changed) {
        bytes32 stored = blockHash[header.number];
        if (stored == header.hash) return false;
        if (stored != 0) revert ParliaLightClient_Conflict(header.number, stored, header.hash);
        blockHash[header.number] = header.hash;
        if (header.number <= state.number) emit BlockStored(uint64(header.number), header.hash);
        return true;
    }

    /// @dev Makes a set the newest. @param first First target on which it votes; 0 for the next epoch's first block.
    function _adoptSet(
        State memory state,
        uint256 epoch,
        uint256 timestamp,
        uint256 first,
        Bls12381.G1Point memory sum,
        bytes32 root,
        uint256 size,
        uint256 turnLength
    ) internal {
        // From a 48-bit field.
        state.epoch = uint48(epoch);
        _reach(state);
        uint256 next = _nextEpoch(state);
        uint256 offset = ParliaQuorum.switchOffset(size, turnLength);
        if (offset < MIN_SWITCH_OFFSET || offset > next - epoch) {
            revert ParliaLightClient_SwitchOffset(next - epoch, offset);
        }
        uint256 end = next + offset;
        if (end > MASK_48) revert ParliaHeader.ParliaHeader_TooLarge(0, end);
        if (first == 0) first = next;
        state.end = uint48(end);
        uint256 meta = first << META_FIRST | end << META_END | timestamp << META_TIMESTAMP | size;
        bytes32 commitment = ParliaKeys.commitment(sum, root, meta);
        setCommitment[epoch] = commitment;
        emit ValidatorSetAdopted(epoch, commitment, first, end, size);
    }

    /// @dev Takes the scheduled epoch length once the newest set's epoch has it.
    function _reach(State memory state) internal view {
        if (!state.scheduled || state.epoch < _schedule.from) return;
        state.length = _schedule.length;
        state.scheduled = false;
    }

    /// @dev First block of the epoch after the newest set's.
    function _nextEpoch(State memory state) internal view returns (uint256 next) {
        uint256 length = state.length;
        next = (state.epoch / length + 1) * length;
        // `_reach` leaves nothing scheduled at or below the newest set's epoch.
        if (state.scheduled && next > _schedule.from) next = _schedule.from;
    }

    /// @dev Reverts if another block is stored at the header's height.
    function _requireNoConflict(ParliaHeader.Header memory header) internal view {
        bytes32 stored = blockHash[header.number];
        if (stored != 0 && stored != header.hash) {
            revert ParliaLightClient_Conflict(header.number, stored, header.hash);
        }
    }

    /// @dev Reverts if the client is frozen or its head older than the trusting period.
    function _requireActive(State memory state) internal view {
        if (state.frozen) revert LightClient_Frozen();
        uint256 end = state.timestamp + _trustingPeriod;
        if (block.timestamp >= end) revert LightClient_Expired(end, block.timestamp);
    }
}
