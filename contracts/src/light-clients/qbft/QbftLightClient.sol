// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {RLP} from "../../proofs/RLP.sol";
import {ILightClient} from "../ILightClient.sol";
import {IQbftLightClient} from "./IQbftLightClient.sol";
import {QbftHeader} from "./QbftHeader.sol";
import {QbftQuorum} from "./QbftQuorum.sol";
import {ValidatorSet} from "./ValidatorSet.sol";

/// @title  Light client of a QBFT chain whose validators are elected by votes in headers
/// @notice A header is final once `ceil(2N/3)` of the validators that it names sealed it. It names them itself and says
///         nothing of those of the next block, so a header is believed only if its set is the trusted one, or differs
///         from it by one member. Nobody administers the client and nothing of it can be changed.
/// @dev    A light client on these terms is safe while at most `f = floor((N-1)/3)` members of each trusted set misuse
///         their keys within the trusting period, as the protocol itself assumes.
contract QbftLightClient is IQbftLightClient {
    using RLP for bytes;

    /// @dev The head, with what every call needs, in one slot.
    struct State {
        uint64 number;
        uint64 timestamp;
        /// @dev Index of the current set's range.
        uint64 range;
        bool frozen;
    }

    /// @dev A header whose seals hold.
    struct Verified {
        QbftHeader.Header header;
        /// @dev Hash of the header's own set.
        bytes32 setHash;
        /// @dev Hash of the trusted set that it was verified under.
        bytes32 trustedHash;
        uint256 size;
        uint256 seals;
    }

    /// @dev First byte of a proof: the block is stored; the block comes with its seals.
    uint256 private constant KIND_STORED = 0;
    uint256 private constant KIND_SEALED = 1;

    /// @dev Bytes of: a range's index, a count of validators or seals, a seal (seat 1, r 32, s 32, v 1), a length.
    uint256 private constant RANGE_SIZE = 4;
    uint256 private constant COUNT_SIZE = 1;
    uint256 private constant SEAL_SIZE = 66;
    uint256 private constant LENGTH_SIZE = 4;

    /// @dev `r`, `s` and `v` start here in a seal.
    uint256 private constant SEAL_R = 1;
    uint256 private constant SEAL_S = 33;
    uint256 private constant SEAL_V = 65;
    /// @dev A seal has the bare recovery id; ecrecover adds 27 to it.
    uint256 private constant RECOVERY_ID_MAX = 1;
    uint256 private constant ECRECOVER_V = 27;

    /// @dev What at least vouched for a stored block, in basis points: two thirds, rounded down. How many signed is not
    ///      stored.
    uint256 private constant STORED_PARTICIPATION = 6666;

    /// @dev A signature of the private key 1 over keccak256("ecrecover self-test"), by RFC 6979, v = 28.
    bytes32 private constant TEST_DIGEST = keccak256("ecrecover self-test");
    bytes32 private constant TEST_R = 0x0be70f5cc271b36ea470e80b6bfc19764bfafc3572ba9244c6abc8521ca65d46;
    bytes32 private constant TEST_S = 0x278b53ae27ef2a408360b25afb13cb6c865798138fd97f65876176ac47b4c855;
    address private constant TEST_SIGNER = 0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf;

    /// @inheritdoc IQbftLightClient
    uint256 public immutable override trustingPeriod;
    /// @inheritdoc IQbftLightClient
    uint256 public immutable override clockDrift;
    uint256 private immutable _chainId;

    State private _state;
    SetRange[] private _ranges;
    /// @inheritdoc IQbftLightClient
    mapping(uint256 number => bytes32 hash) public override blockHash;

    /// @param sourceChainId EIP-155 id of the source chain.
    /// @param anchor        What is taken on trust.
    /// @param trustingPeriod_ Seconds; proof of authority has no unbonding, so how long the validators' keys are believed
    ///                        to be kept after they leave the set is for the deployer to say.
    /// @param clockDrift_   Seconds.
    constructor(uint256 sourceChainId, TrustAnchor memory anchor, uint256 trustingPeriod_, uint256 clockDrift_) {
        if (sourceChainId == 0 || trustingPeriod_ == 0 || anchor.timestamp == 0) {
            revert QbftLightClient_ZeroParameter();
        }
        address signer = ecrecover(TEST_DIGEST, uint8(ECRECOVER_V + 1), TEST_R, TEST_S);
        if (signer != TEST_SIGNER) revert QbftLightClient_NoEcrecover(TEST_SIGNER, signer);

        _chainId = sourceChainId;
        trustingPeriod = trustingPeriod_;
        clockDrift = clockDrift_;
        if (anchor.timestamp > block.timestamp + clockDrift_) {
            revert QbftLightClient_FutureHeader(block.timestamp + clockDrift_, anchor.timestamp);
        }
        if (block.timestamp >= anchor.timestamp + trustingPeriod_) {
            revert LightClient_Expired(anchor.timestamp + trustingPeriod_, block.timestamp);
        }

        bytes32 setHash = ValidatorSet.hash(anchor.validators);
        _ranges.push(SetRange({setHash: setHash, first: anchor.number, end: type(uint64).max, vouchedAt: 0}));
        _state = State({number: anchor.number, timestamp: anchor.timestamp, range: 0, frozen: false});
        if (anchor.hash != 0) blockHash[anchor.number] = anchor.hash;
        emit ValidatorSetAdopted(0, anchor.number, setHash, anchor.validators.length);
        emit HeadAdvanced(anchor.number, anchor.timestamp, anchor.hash, 0);
    }

    /// @inheritdoc IQbftLightClient
    function setRangeCount() external view override returns (uint256) {
        return _ranges.length;
    }

    /// @inheritdoc IQbftLightClient
    function setRange(uint256 index) external view override returns (SetRange memory) {
        if (index >= _ranges.length) revert QbftLightClient_UnknownRange(_ranges.length, index);
        return _ranges[index];
    }

    /// @notice Verifies sealed headers, ascending by height, each under the set that is trusted when its turn comes. One
    ///         beyond the head moves it, and its set becomes the trusted one; another is stored.
    function update(bytes calldata data) external override returns (UpdateResult result) {
        State memory state = _state;
        _requireActive(state);
        (uint256 ptr, uint256 limit) = data.bounds();
        if (ptr == limit) revert QbftLightClient_EmptyUpdate();
        uint256 lowest;
        while (ptr != limit) {
            Verified memory verified;
            (verified, ptr) = _sealedAt(ptr, limit, state);
            uint256 number = verified.header.number;
            if (number < lowest) revert QbftLightClient_HeaderOrder(lowest, number);
            lowest = number + 1;
            if (_apply(state, verified)) result = UpdateResult.Updated;
        }
    }

    /// @inheritdoc ILightClient
    function reportMisbehaviour(bytes calldata evidence) external override {
        State memory state = _state;
        _requireActive(state);
        (uint256 ptr, uint256 limit) = evidence.bounds();
        uint256 from = _take(ptr, limit, LENGTH_SIZE);
        uint256 middle = _take(from, limit, RLP.loadAt(ptr) >> 224);
        (, QbftHeader.Header memory first,) = _prove(from, middle, state);
        (, QbftHeader.Header memory second,) = _prove(middle, limit, state);
        if (!_conflict(first, second)) revert LightClient_NoConflict();
        _state.frozen = true;
        emit Misbehaviour(msg.sender, first.hash, second.hash);
    }

    /// @inheritdoc ILightClient
    function verifyBlock(bytes calldata proof) external view override returns (Block memory finalBlock) {
        return _verifyBlock(proof);
    }

    /// @inheritdoc ILightClient
    function verifyReceiptsRoot(bytes calldata proof) external view override returns (bytes32 receiptsRoot) {
        return _verifyBlock(proof).receiptsRoot;
    }

    function _verifyBlock(bytes calldata proof) private view returns (Block memory) {
        State memory state = _state;
        if (state.frozen) revert LightClient_Frozen();
        (uint256 ptr, uint256 limit) = proof.bounds();
        (Verified memory anchor, QbftHeader.Header memory header, uint256 participation) = _prove(ptr, limit, state);
        if (anchor.header.number > state.number) {
            if (anchor.setHash != anchor.trustedHash) {
                revert QbftLightClient_SetChanged(anchor.trustedHash, anchor.setHash);
            }
        } else {
            _requireNoConflict(anchor.header);
        }
        if (header.number != anchor.header.number) _requireNoConflict(header);
        return Block({
            number: header.number,
            timestamp: header.timestamp,
            hash: header.hash,
            stateRoot: header.stateRoot,
            transactionsRoot: header.transactionsRoot,
            receiptsRoot: header.receiptsRoot,
            participation: participation
        });
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
        return block.timestamp < state.timestamp + trustingPeriod ? Status.Active : Status.Expired;
    }

    /// @inheritdoc ILightClient
    function expiresAt() external view override returns (uint256) {
        return _state.timestamp + trustingPeriod;
    }

    /// @inheritdoc ILightClient
    function chainId() external view override returns (uint256) {
        return _chainId;
    }

    /// @inheritdoc ILightClient
    function consensus() external pure override returns (string memory) {
        return "qbft";
    }

    /// @dev Stores what is new in a verified header; `state` follows storage. @return changed Whether anything was new.
    function _apply(State memory state, Verified memory verified) private returns (bool changed) {
        // Both come from 64-bit fields.
        uint64 number = uint64(verified.header.number);
        uint64 timestamp = uint64(verified.header.timestamp);
        bytes32 hash = verified.header.hash;
        bytes32 stored = blockHash[number];
        if (stored == hash) return false;
        if (stored != 0) revert QbftLightClient_Conflict(number, stored, hash);
        blockHash[number] = hash;
        if (number <= state.number) {
            emit BlockStored(number, hash);
            return true;
        }
        if (verified.setHash != verified.trustedHash) {
            SetRange storage last = _ranges[state.range];
            last.end = number;
            last.vouchedAt = state.timestamp;
            // The header's set may have been in force from the first block that the client has not seen.
            _ranges.push(
                SetRange({setHash: verified.setHash, first: state.number + 1, end: type(uint64).max, vouchedAt: 0})
            );
            ++state.range;
            emit ValidatorSetAdopted(state.range, number, verified.setHash, verified.size);
        }
        state.number = number;
        state.timestamp = timestamp;
        _state = state;
        emit HeadAdvanced(number, timestamp, hash, QbftQuorum.participation(verified.seals, verified.size));
        return true;
    }

    /// @dev The block that the proof in `[ptr, limit)` proves: a stored or sealed one, `anchor`, or an ancestor of it whose
    ///      headers down to it follow. Whether a stored block contradicts it is for the caller.
    function _prove(uint256 ptr, uint256 limit, State memory state)
        private
        view
        returns (Verified memory anchor, QbftHeader.Header memory header, uint256 participation)
    {
        uint256 from = _take(ptr, limit, 1);
        uint256 kind = RLP.loadAt(ptr) >> 248;
        if (kind == KIND_STORED) {
            (header, ptr) = QbftHeader.hashedAt(from, limit);
            bytes32 stored = blockHash[header.number];
            if (stored != header.hash) revert QbftLightClient_NotStored(header.number, stored, header.hash);
            anchor.header = header;
            participation = STORED_PARTICIPATION;
        } else if (kind == KIND_SEALED) {
            _requireActive(state);
            (anchor, ptr) = _sealedAt(from, limit, state);
            header = anchor.header;
            participation = QbftQuorum.participation(anchor.seals, anchor.size);
        } else {
            revert QbftLightClient_ProofKind(kind);
        }
        while (ptr != limit) {
            bytes32 expected = header.parentHash;
            (header, ptr) = QbftHeader.hashedAt(ptr, limit);
            if (header.hash != expected) revert QbftLightClient_NotParent(expected, header.hash);
        }
    }

    /// @dev The sealed header at `ptr`, verified under the set of the range that it names. @return to Where it ends.
    function _sealedAt(uint256 ptr, uint256 limit, State memory state)
        private
        view
        returns (Verified memory verified, uint256 to)
    {
        uint256 trusted = _take(ptr, limit, RANGE_SIZE + COUNT_SIZE);
        uint256 range = RLP.loadAt(ptr) >> 224;
        uint256 trustedSize = RLP.loadAt(ptr + RANGE_SIZE) >> 248;
        ptr = _take(trusted, limit, trustedSize * ValidatorSet.MEMBER_SIZE);
        uint256 seals = _take(ptr, limit, COUNT_SIZE);
        verified.seals = RLP.loadAt(ptr) >> 248;
        ptr = _take(seals, limit, verified.seals * SEAL_SIZE);

        QbftHeader.Header memory header;
        (header, to) = QbftHeader.sealedAt(ptr, limit);
        verified.header = header;
        _checkTime(header, state);
        verified.size = ValidatorSet.sizeOf(header.validatorsFrom, header.validatorsTo);
        verified.setHash = ValidatorSet.hash(header.validatorsFrom, header.validatorsTo);
        verified.trustedHash = _trustedHash(range, header.number, state);

        uint256 needed = QbftQuorum.quorum(verified.size);
        if (verified.seals < needed) revert QbftLightClient_TooFewSeals(needed, verified.seals);
        if (verified.setHash == verified.trustedHash) {
            if (trustedSize != 0) revert QbftLightClient_TrustedSet(0, verified.trustedHash);
            _checkSeals(verified, seals);
        } else {
            bytes32 given = ValidatorSet.hash(trusted, trusted + trustedSize * ValidatorSet.MEMBER_SIZE);
            if (given != verified.trustedHash) revert QbftLightClient_TrustedSet(verified.trustedHash, given);
            ValidatorSet.requireCanonical(header.validatorsFrom, verified.size);
            _checkSeals(verified, seals);
            _checkOverlap(verified, seals, trusted, trustedSize);
        }
    }

    /// @dev Reverts if the header is from the future, or beyond the head and older than it. Equal timestamps occur where
    ///      blocks come faster than once a second (Besu `xblockperiodmilliseconds`).
    function _checkTime(QbftHeader.Header memory header, State memory state) private view {
        uint256 latest = block.timestamp + clockDrift;
        if (header.timestamp > latest) revert QbftLightClient_FutureHeader(latest, header.timestamp);
        if (header.number > state.number && header.timestamp < state.timestamp) {
            revert QbftLightClient_Timestamp(state.timestamp, header.timestamp);
        }
    }

    /// @dev Hash of the set that may vouch for a block at this height, if `range` is right and its set still trusted. The
    ///      caller has made sure that the client is active, which is what the current set needs.
    function _trustedHash(uint256 range, uint256 number, State memory state) private view returns (bytes32) {
        if (range > state.range) revert QbftLightClient_UnknownRange(uint256(state.range) + 1, range);
        SetRange storage set = _ranges[range];
        // Beyond the head only the current set vouches, and its range has no end: one slot less to read.
        if (range == state.range && number > state.number) return set.setHash;
        (uint256 first, uint256 end, uint256 vouchedAt) = (set.first, set.end, set.vouchedAt);
        if (number < first || number > end) revert QbftLightClient_HeightOutOfRange(first, end, number);
        if (range != state.range && block.timestamp >= vouchedAt + trustingPeriod) {
            revert QbftLightClient_SetExpired(vouchedAt + trustingPeriod, block.timestamp);
        }
        return set.setHash;
    }

    /// @dev Reverts unless each seal is of the validator in its seat and the seats ascend, so that none counts twice.
    ///      A seal's other form (r, n-s) recovers to the same seat, and so gives nothing: low s is not demanded.
    function _checkSeals(Verified memory verified, uint256 seal) private pure {
        uint256 lowest;
        bytes32 digest = verified.header.digest;
        uint256 validators = verified.header.validatorsFrom;
        for (uint256 i = 0; i != verified.seals; ++i) {
            uint256 seat = RLP.loadAt(seal) >> 248;
            if (seat < lowest) revert QbftLightClient_SealOrder(lowest, seat);
            if (seat >= verified.size) revert QbftLightClient_UnknownSeat(verified.size, seat);
            lowest = seat + 1;
            uint256 recoveryId = RLP.loadAt(seal + SEAL_V) >> 248;
            if (recoveryId > RECOVERY_ID_MAX) revert QbftLightClient_RecoveryId(recoveryId);
            address expected = ValidatorSet.memberAt(validators, seat);
            address signer = ecrecover(
                digest,
                uint8(ECRECOVER_V + recoveryId),
                bytes32(RLP.loadAt(seal + SEAL_R)),
                bytes32(RLP.loadAt(seal + SEAL_S))
            );
            // ecrecover answers 0 for what is no signature.
            if (signer != expected || signer == address(0)) revert QbftLightClient_UnknownSigner(expected, signer);
            seal += SEAL_SIZE;
        }
    }

    /// @dev Reverts unless the header's set differs from the trusted one by one member and enough of the seals, which
    ///      hold, are of members of the trusted set.
    function _checkOverlap(Verified memory verified, uint256 seal, uint256 trusted, uint256 trustedSize) private pure {
        (uint256 seat, bool added) =
            ValidatorSet.difference(trusted, trustedSize, verified.header.validatorsFrom, verified.size);
        uint256 known = verified.seals;
        for (uint256 i = 0; added && i != verified.seals; ++i) {
            if (RLP.loadAt(seal + i * SEAL_SIZE) >> 248 == seat) --known;
        }
        uint256 needed = QbftQuorum.trusted(trustedSize);
        if (known < needed) revert QbftLightClient_TooFewTrustedSeals(needed, known);
    }

    /// @dev Whether no chain can hold both blocks: two at one height, or a lower one with a later timestamp than a higher
    ///      one has. The latter is all that contradicts a block sealed for a height that the chain is far from.
    function _conflict(QbftHeader.Header memory first, QbftHeader.Header memory second) private pure returns (bool) {
        if (first.number == second.number) return first.hash != second.hash;
        return first.number < second.number ? first.timestamp > second.timestamp : second.timestamp > first.timestamp;
    }

    /// @dev Reverts if another block is stored at the header's height.
    function _requireNoConflict(QbftHeader.Header memory header) private view {
        bytes32 stored = blockHash[header.number];
        if (stored != 0 && stored != header.hash) revert QbftLightClient_Conflict(header.number, stored, header.hash);
    }

    /// @dev Reverts if the client is frozen or its head older than the trusting period.
    function _requireActive(State memory state) private view {
        if (state.frozen) revert LightClient_Frozen();
        uint256 end = state.timestamp + trustingPeriod;
        if (block.timestamp >= end) revert LightClient_Expired(end, block.timestamp);
    }

    /// @dev Where `size` bytes from `ptr` end, at most at `limit`. `size` is below 2^32.
    function _take(uint256 ptr, uint256 limit, uint256 size) private pure returns (uint256 to) {
        to = ptr + size;
        if (to > limit) revert QbftLightClient_Truncated(size, limit - ptr);
    }
}
