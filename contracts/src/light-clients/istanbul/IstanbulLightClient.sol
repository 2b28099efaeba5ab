// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Bn254} from "../../crypto/Bn254.sol";
import {RLP} from "../../proofs/RLP.sol";
import {ILightClient} from "../ILightClient.sol";
import {IIstanbulLightClient} from "./IIstanbulLightClient.sol";
import {IstanbulHeader} from "./IstanbulHeader.sol";
import {IstanbulSeal} from "./IstanbulSeal.sol";
import {IstanbulValidators} from "./IstanbulValidators.sol";

/// @title  Light client of the MAP relay chain: Istanbul BFT with aggregated BN254 seals
/// @notice A header is final once `ceil(2N/3)` of the validators of its epoch signed it, in one aggregate. The last block
///         of each epoch, sealed by the epoch's own set, says how the next set differs, so epochs are followed one by one.
///         Nobody administers the client and nothing of it can be changed.
/// @dev    The client stores 26 bytes of a hash of each epoch's G1 keys; whoever proves brings the keys. It is safe while
///         less than a third of each set misuse their keys within the trusting period, as the protocol itself assumes.
contract IstanbulLightClient is IIstanbulLightClient {
    using RLP for bytes;

    /// @dev The head, with what every call needs, in one slot. `(epoch - 1)·epochSize <= number < epoch·epochSize`.
    struct State {
        uint64 number;
        uint64 timestamp;
        /// @dev The current epoch: that of the block after the head.
        uint64 epoch;
        bool frozen;
    }

    /// @dev A header whose seal holds.
    struct Verified {
        IstanbulHeader.Header header;
        IstanbulSeal.Seal seal;
    }

    /// @dev First byte of a proof: the block is stored; the block comes with its seal.
    uint256 private constant KIND_STORED = 0;
    uint256 private constant KIND_SEALED = 1;
    /// @dev Bytes of a length in evidence.
    uint256 private constant LENGTH_SIZE = 4;

    /// @dev What at least vouched for a stored block, in basis points: two thirds, rounded down. How many signed is not
    ///      stored.
    uint256 private constant STORED_PARTICIPATION = 6666;

    /// @inheritdoc IIstanbulLightClient
    uint256 public immutable override trustingPeriod;
    /// @inheritdoc IIstanbulLightClient
    uint256 public immutable override clockDrift;
    /// @inheritdoc IIstanbulLightClient
    uint256 public immutable override epochSize;
    /// @inheritdoc IIstanbulLightClient
    uint256 public immutable override forkHeight;
    uint256 private immutable _chainId;

    State private _state;
    mapping(uint256 epoch => EpochSet) private _sets;
    /// @inheritdoc IIstanbulLightClient
    mapping(uint256 number => bytes32 hash) public override blockHash;

    /// @param chain           The source chain.
    /// @param anchor          What is taken on trust.
    /// @param trustingPeriod_ Seconds; shorter than validators' stake stays locked after they leave.
    /// @param clockDrift_     Seconds.
    constructor(Chain memory chain, TrustAnchor memory anchor, uint256 trustingPeriod_, uint256 clockDrift_) {
        if (chain.chainId == 0 || chain.epochSize == 0 || trustingPeriod_ == 0 || anchor.timestamp == 0) {
            revert IstanbulLightClient_ZeroParameter();
        }
        Bn254.requirePrecompiles();
        _chainId = chain.chainId;
        epochSize = chain.epochSize;
        forkHeight = chain.forkHeight;
        trustingPeriod = trustingPeriod_;
        clockDrift = clockDrift_;
        if (anchor.number < chain.forkHeight) {
            revert IstanbulLightClient_BeforeFork(chain.forkHeight, anchor.number);
        }
        if (anchor.timestamp > block.timestamp + clockDrift_) {
            revert IstanbulLightClient_FutureHeader(block.timestamp + clockDrift_, anchor.timestamp);
        }
        if (block.timestamp >= anchor.timestamp + trustingPeriod_) {
            revert LightClient_Expired(anchor.timestamp + trustingPeriod_, block.timestamp);
        }

        uint256 size = _requireKeys(anchor.validators);
        uint64 epoch = anchor.number / chain.epochSize + 1;
        bytes26 setHash = IstanbulValidators.hash(keccak256(anchor.validators));
        if (anchor.timestamp > type(uint48).max) {
            revert IstanbulLightClient_FutureHeader(type(uint48).max, anchor.timestamp);
        }
        _sets[epoch] = EpochSet({setHash: setHash, since: uint48(anchor.timestamp)});
        _state = State({number: anchor.number, timestamp: anchor.timestamp, epoch: epoch, frozen: false});
        if (anchor.hash != 0) blockHash[anchor.number] = anchor.hash;
        emit EpochAdopted(epoch, setHash, size);
        emit HeadAdvanced(anchor.number, anchor.timestamp, anchor.hash, 0);
    }

    /// @inheritdoc IIstanbulLightClient
    function currentEpoch() external view override returns (uint256) {
        return _state.epoch;
    }

    /// @inheritdoc IIstanbulLightClient
    function epochSet(uint256 epoch) external view override returns (EpochSet memory) {
        return _sets[epoch];
    }

    /// @notice Verifies sealed headers, ascending by height, each under the set of its epoch. One beyond the head moves it,
    ///         and if it is the last of its epoch the next epoch's set becomes known; another is stored.
    function update(bytes calldata data) external override returns (UpdateResult result) {
        State memory state = _state;
        _requireActive(state);
        (uint256 ptr, uint256 limit) = data.bounds();
        if (ptr == limit) revert IstanbulLightClient_EmptyUpdate();
        uint256 lowest;
        while (ptr != limit) {
            Verified memory verified;
            (verified, ptr) = _sealedAt(ptr, limit, state);
            uint256 number = verified.header.number;
            if (number < lowest) revert IstanbulLightClient_HeaderOrder(lowest, number);
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
        (, IstanbulHeader.Header memory first,) = _prove(from, middle, state);
        (, IstanbulHeader.Header memory second,) = _prove(middle, limit, state);
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
        return "istanbul";
    }

    function _verifyBlock(bytes calldata proof) private view returns (Block memory) {
        State memory state = _state;
        if (state.frozen) revert LightClient_Frozen();
        (uint256 ptr, uint256 limit) = proof.bounds();
        (IstanbulHeader.Header memory anchor, IstanbulHeader.Header memory header, uint256 participation) =
            _prove(ptr, limit, state);
        _requireNoConflict(anchor);
        if (header.number != anchor.number) _requireNoConflict(header);
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

    /// @dev Stores what is new in a verified header; `state` follows storage. @return changed Whether anything was new.
    function _apply(State memory state, Verified memory verified) private returns (bool changed) {
        IstanbulHeader.Header memory header = verified.header;
        // Both were read as such.
        uint64 number = uint64(header.number);
        uint48 timestamp = uint48(header.timestamp);
        bytes32 stored = blockHash[number];
        if (stored == header.hash) return false;
        if (stored != 0) revert IstanbulLightClient_Conflict(number, stored, header.hash);
        blockHash[number] = header.hash;
        if (number <= state.number) {
            emit BlockStored(number, header.hash);
            return true;
        }
        // Beyond the head and of an epoch that is known: of the current one.
        if (number % epochSize == 0) {
            (bytes26 setHash, uint256 size) = IstanbulValidators.next(verified.seal.members, verified.seal.size, header);
            ++state.epoch;
            _sets[state.epoch] = EpochSet({setHash: setHash, since: timestamp});
            emit EpochAdopted(state.epoch, setHash, size);
        }
        state.number = number;
        state.timestamp = timestamp;
        _state = state;
        emit HeadAdvanced(number, timestamp, header.hash, IstanbulSeal.participation(verified.seal));
        return true;
    }

    /// @dev The block that the proof in `[ptr, limit)` proves: a stored or sealed one, `anchor`, or an ancestor of it whose
    ///      headers down to it follow. Whether a stored block contradicts it is for the caller.
    function _prove(uint256 ptr, uint256 limit, State memory state)
        private
        view
        returns (IstanbulHeader.Header memory anchor, IstanbulHeader.Header memory header, uint256 participation)
    {
        uint256 from = _take(ptr, limit, 1);
        uint256 kind = RLP.loadAt(ptr) >> 248;
        if (kind == KIND_STORED) {
            anchor = _headerAt(from, limit);
            bytes32 stored = blockHash[anchor.number];
            if (stored != anchor.hash) revert IstanbulLightClient_NotStored(anchor.number, stored, anchor.hash);
            participation = STORED_PARTICIPATION;
            ptr = anchor.end;
        } else if (kind == KIND_SEALED) {
            _requireActive(state);
            Verified memory verified;
            (verified, ptr) = _sealedAt(from, limit, state);
            anchor = verified.header;
            participation = IstanbulSeal.participation(verified.seal);
        } else {
            revert IstanbulLightClient_ProofKind(kind);
        }
        header = anchor;
        while (ptr != limit) {
            bytes32 expected = header.parentHash;
            header = _headerAt(ptr, limit);
            if (header.hash != expected) revert IstanbulLightClient_NotParent(expected, header.hash);
            ptr = header.end;
        }
    }

    /// @dev The sealed header at `ptr`, verified under the set of its epoch. @return to Where it ends.
    function _sealedAt(uint256 ptr, uint256 limit, State memory state)
        private
        view
        returns (Verified memory verified, uint256 to)
    {
        IstanbulHeader.Header memory header = _headerAt(ptr, limit);
        _checkTime(header, state);
        verified.header = header;
        verified.seal = IstanbulSeal.read(header.end, limit);
        bytes26 expected = _setHash(header.number, state);
        if (verified.seal.setHash != expected) {
            revert IstanbulLightClient_WrongSet(expected, verified.seal.setHash);
        }
        to = IstanbulSeal.verify(verified.seal, header.hash, limit);
    }

    /// @dev The header at `ptr`. Heights before the fork are refused in any place: a block below it is never proven.
    function _headerAt(uint256 ptr, uint256 limit) private view returns (IstanbulHeader.Header memory header) {
        header = IstanbulHeader.read(ptr, limit);
        if (header.number < forkHeight) revert IstanbulLightClient_BeforeFork(forkHeight, header.number);
    }

    /// @dev Reverts if the header is from the future, or beyond the head and older than it.
    function _checkTime(IstanbulHeader.Header memory header, State memory state) private view {
        uint256 latest = block.timestamp + clockDrift;
        if (header.timestamp > latest) revert IstanbulLightClient_FutureHeader(latest, header.timestamp);
        if (header.number > state.number && header.timestamp < state.timestamp) {
            revert IstanbulLightClient_Timestamp(state.timestamp, header.timestamp);
        }
    }

    /// @dev Hash of the set of the epoch that this height is in, if its set is known and still trusted. The caller has made
    ///      sure that the client is active, which is what the current set needs.
    function _setHash(uint256 number, State memory state) private view returns (bytes26) {
        // Epoch e holds the blocks (e-1)·size + 1 to e·size.
        uint256 epoch = (number + epochSize - 1) / epochSize;
        bytes26 setHash = _sets[epoch].setHash;
        if (setHash == 0) revert IstanbulLightClient_UnknownEpoch(state.epoch, epoch);
        if (epoch != state.epoch) {
            uint256 expiredAt = _sets[epoch + 1].since + trustingPeriod;
            if (block.timestamp >= expiredAt) revert IstanbulLightClient_SetExpired(expiredAt, block.timestamp);
        }
        return setHash;
    }

    /// @dev Whether no chain can hold both blocks: two at one height, or a lower one with a later timestamp than a higher
    ///      one has. The latter is all that contradicts a block sealed for a height that the chain is far from.
    function _conflict(IstanbulHeader.Header memory first, IstanbulHeader.Header memory second)
        private
        pure
        returns (bool)
    {
        if (first.number == second.number) return first.hash != second.hash;
        return first.number < second.number ? first.timestamp > second.timestamp : second.timestamp > first.timestamp;
    }

    /// @dev Reverts if another block is stored at the header's height.
    function _requireNoConflict(IstanbulHeader.Header memory header) private view {
        bytes32 stored = blockHash[header.number];
        if (stored != 0 && stored != header.hash) {
            revert IstanbulLightClient_Conflict(header.number, stored, header.hash);
        }
    }

    /// @dev Reverts if the client is frozen or its head older than the trusting period.
    function _requireActive(State memory state) private view {
        if (state.frozen) revert LightClient_Frozen();
        uint256 end = state.timestamp + trustingPeriod;
        if (block.timestamp >= end) revert LightClient_Expired(end, block.timestamp);
    }

    /// @dev Reverts unless these are whole keys, each a point of G1. @return size How many.
    function _requireKeys(bytes memory keys) private view returns (uint256 size) {
        size = keys.length / IstanbulValidators.MEMBER_SIZE;
        if (size == 0 || size > IstanbulValidators.MAX_MEMBERS || keys.length % IstanbulValidators.MEMBER_SIZE != 0) {
            revert IstanbulLightClient_AnchorSet(
                IstanbulValidators.MAX_MEMBERS * IstanbulValidators.MEMBER_SIZE, keys.length
            );
        }
        Bn254.G1Point memory key;
        for (uint256 i = 0; i != size; ++i) {
            // `i < size`, so the 64 bytes lie inside `keys`; `key` is 64 bytes.
            assembly ("memory-safe") {
                mcopy(key, add(add(keys, 0x20), mul(i, 0x40)), 0x40)
            }
            if (key.x | key.y == 0) revert Bn254.Bn254_Infinity();
            Bn254.add(key, key);
        }
    }

    /// @dev Where `size` bytes from `ptr` end, at most at `limit`. `size` is below 2^32.
    function _take(uint256 ptr, uint256 limit, uint256 size) private pure returns (uint256 to) {
        to = ptr + size;
        if (to > limit) revert IstanbulLightClient_Truncated(size, limit - ptr);
    }
}
