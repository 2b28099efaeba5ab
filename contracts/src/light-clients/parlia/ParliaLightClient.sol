// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Bls12381} from "../../crypto/Bls12381.sol";
import {RLP} from "../../proofs/RLP.sol";
import {ILightClient} from "../ILightClient.sol";
import {ParliaClientBase} from "./ParliaClientBase.sol";
import {ParliaExtra} from "./ParliaExtra.sol";
import {ParliaHeader} from "./ParliaHeader.sol";
import {ParliaKeys} from "./ParliaKeys.sol";
import {ParliaProofs} from "./ParliaProofs.sol";
import {ParliaQuorum} from "./ParliaQuorum.sol";

/// @title  Light client of a Parlia chain with fast finality (BNB Smart Chain, BEP-126)
/// @notice Votes of `ceil(2N/3)` validators for a block and its child, in one aggregate signature, make the block final.
///         The first block of an epoch lists the set that votes from the switch offset on; it is final under the set
///         before. Nobody administers the client; a timelock may schedule another epoch length, which touches no block
///         that is known.
/// @dev    Safe while fewer than a third of each trusted set misuse their keys within the trusting period. Keys are
///         believed to have been registered with proof of possession (StakeHub does that), except where the client meets
///         keys that no set it trusts has vouched for: see `_jumpAt`.
contract ParliaLightClient is ParliaClientBase {
    using RLP for bytes;
    using Bls12381 for Bls12381.G1Point;
    using ParliaProofs for uint256;

    /// @dev Votes as a proof brings them. The signature stays in calldata.
    struct Votes {
        uint256 voters;
        uint256 target;
        bytes32 targetHash;
        uint256 signature;
    }

    /// @dev What a proof proves.
    struct Proven {
        /// @dev The block that is stored or was voted on.
        ParliaHeader.Header anchor;
        /// @dev The block at the end of the links; the anchor if there are none.
        ParliaHeader.Header block_;
        uint256 kind;
        /// @dev Basis points.
        uint256 participation;
        /// @dev KIND_JUMP: the epoch header, and its keys.
        ParliaHeader.Header epochHeader;
        Bls12381.G1Point sum;
        bytes32 root;
        uint256 size;
        uint256 turnLength;
        /// @dev KIND_JUMP: the trusted set that the votes were judged by.
        uint256 trustedEpoch;
    }

    /// @dev First byte of a proof: the block is stored; it comes with votes of a known set; of a set of a later epoch.
    uint256 private constant KIND_STORED = 0;
    uint256 private constant KIND_ATTESTED = 1;
    uint256 private constant KIND_JUMP = 2;
    /// @dev First byte of a step of an update: store what is proven; adopt the set that it lists.
    uint256 private constant STEP_STORE = 0;
    uint256 private constant STEP_ADOPT = 1;

    /// @dev Bytes of: a height, a set's packed numbers (first 6, end 6, timestamp 6, size 1), voters, a signature, a seat,
    ///      an address.
    uint256 private constant NUMBER_SIZE = 6;
    uint256 private constant META_SIZE = 19;
    uint256 private constant VOTERS_SIZE = 8;
    uint256 private constant HASH_SIZE = 32;
    uint256 private constant SIGNATURE_SIZE = 192;
    uint256 private constant SEAT_SIZE = 1;
    uint256 private constant ADDRESS_SIZE = 20;
    uint256 private constant VOTES_SIZE = VOTERS_SIZE + NUMBER_SIZE + HASH_SIZE + SIGNATURE_SIZE;

    /// @dev In place of a seat in the trusted set: the voter is not in it, and proves that it has its key.
    uint256 private constant NEWCOMER = 0xff;
    /// @dev What at least vouched for a stored block, in basis points: two thirds, rounded down. How many voted is not
    ///      stored.
    uint256 private constant STORED_PARTICIPATION = 6666;

    /// @param config What the deployer chooses. @param anchor What is taken on trust.
    constructor(Parameters memory config, TrustAnchor memory anchor) ParliaClientBase(config, anchor) {}

    /// @notice Applies steps in order: each proves a block and stores it, or adopts the validator set that it lists. A block
    ///         with votes that is beyond the head moves it.
    function update(bytes calldata data) external override returns (UpdateResult result) {
        State memory state = _state;
        _requireActive(state);
        (uint256 ptr, uint256 limit) = data.bounds();
        if (ptr == limit) revert ParliaLightClient_EmptyUpdate();
        while (ptr != limit) {
            uint256 step = RLP.loadAt(ptr) >> 248;
            if (step > STEP_ADOPT) revert ParliaLightClient_ProofKind(step);
            Proven memory proven;
            (proven, ptr) = _prove(ptr + ParliaProofs.KIND_SIZE, limit, state);
            bool changed = proven.kind != KIND_STORED && _apply(state, proven);
            if (step == STEP_ADOPT) {
                bool adopted;
                (adopted, ptr) = _adopt(state, proven.block_, ptr, limit);
                changed = changed || adopted;
            } else if (proven.block_.number != proven.anchor.number) {
                if (_store(state, proven.block_)) changed = true;
            }
            if (changed) result = UpdateResult.Updated;
        }
        if (result == UpdateResult.Updated) _state = state;
    }

    /// @inheritdoc ILightClient
    function reportMisbehaviour(bytes calldata evidence) external override {
        State memory state = _state;
        _requireActive(state);
        (uint256 ptr, uint256 limit) = evidence.bounds();
        Proven memory first;
        Proven memory second;
        (first, ptr) = _prove(ptr, limit, state);
        (second, ptr) = _prove(ptr, limit, state);
        _requireEnd(ptr, limit);
        if (!_conflict(first.block_, second.block_)) revert LightClient_NoConflict();
        _state.frozen = true;
        emit Misbehaviour(msg.sender, first.block_.hash, second.block_.hash);
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
        Proven memory proven;
        (proven, ptr) = _prove(ptr, limit, state);
        _requireEnd(ptr, limit);
        // A jump is for `update`: it brings a set, and whoever delivers can let it come first.
        if (proven.kind == KIND_JUMP) revert ParliaLightClient_ProofKind(KIND_JUMP);
        if (proven.anchor.number <= state.number) _requireNoConflict(proven.anchor);
        ParliaHeader.Header memory header = proven.block_;
        if (header.number != proven.anchor.number) _requireNoConflict(header);
        return Block({
            number: header.number,
            timestamp: header.timestamp,
            hash: header.hash,
            stateRoot: header.stateRoot,
            transactionsRoot: header.transactionsRoot,
            receiptsRoot: header.receiptsRoot,
            participation: proven.participation
        });
    }

    /// @dev What the proof at `ptr` proves: `kind(1) links(1) anchor link…`. @return to Where it ends.
    function _prove(uint256 ptr, uint256 limit, State memory state)
        private
        view
        returns (Proven memory proven, uint256 to)
    {
        to = ptr.take(limit, 2 * ParliaProofs.KIND_SIZE);
        proven.kind = RLP.loadAt(ptr) >> 248;
        uint256 links = RLP.loadAt(ptr + ParliaProofs.KIND_SIZE) >> 248;
        if (proven.kind == KIND_STORED) {
            (proven.anchor, to) = ParliaHeader.read(to, limit);
            bytes32 stored = blockHash[proven.anchor.number];
            if (stored != proven.anchor.hash) {
                revert ParliaLightClient_NotStored(proven.anchor.number, stored, proven.anchor.hash);
            }
            proven.participation = STORED_PARTICIPATION;
        } else if (proven.kind == KIND_ATTESTED) {
            _requireActive(state);
            to = _attestedAt(proven, to, limit, state);
        } else if (proven.kind == KIND_JUMP) {
            _requireActive(state);
            to = _jumpAt(proven, to, limit, state);
        } else {
            revert ParliaLightClient_ProofKind(proven.kind);
        }
        proven.block_ = proven.anchor;
        for (; links != 0; --links) {
            (proven.block_, to) = ParliaProofs.linkAt(to, limit, proven.block_);
        }
    }

    /// @dev `epoch(6) meta(19) votes(238) sum(96) absentees' keys(96…) hashes(32…) header`: the header's block has the votes
    ///      of a set that is known.
    function _attestedAt(Proven memory proven, uint256 ptr, uint256 limit, State memory state)
        private
        view
        returns (uint256 to)
    {
        uint256 votesAt = ptr + NUMBER_SIZE + META_SIZE;
        to = ptr.take(limit, NUMBER_SIZE + META_SIZE + VOTES_SIZE + ParliaKeys.KEY_SIZE);
        uint256 meta = RLP.loadAt(ptr + NUMBER_SIZE) >> (256 - 8 * META_SIZE);
        Votes memory votes = _votesAt(votesAt, meta & MASK_8);
        proven.participation = ParliaQuorum.participation(ParliaQuorum.count(votes.voters), meta & MASK_8);

        Bls12381.G1Point memory key = Bls12381.loadG1(votesAt + VOTES_SIZE);
        bytes32 root;
        Bls12381.G1Point memory sum =
            Bls12381.G1Point({xHigh: key.xHigh, xLow: key.xLow, yHigh: key.yHigh, yLow: key.yLow});
        // The negative of the sum and the absentees added to it are the negative of the voters' key.
        key.negate();
        (root, to) = ParliaKeys.addAbsent(key, meta & MASK_8, votes.voters ^ ((1 << (meta & MASK_8)) - 1), to);
        if (to > limit) revert ParliaLightClient_Truncated(to - ptr, limit - ptr);
        (uint256 first, uint256 end) = _trustedSet(RLP.loadAt(ptr) >> 208, meta, sum, root, state);
        if (votes.target < first || votes.target >= end) {
            revert ParliaLightClient_HeightOutOfRange(first, end, votes.target);
        }
        (proven.anchor, to) = ParliaHeader.read(to, limit);
        _checkVotes(proven.anchor, votes, key, state);
    }

    /// @dev `epoch(6) meta(19) sum(96) leaves(32…) votes(238) header history epochHeader ordinates(48…) voters(…)`: the
    ///      header's block has the votes of the set that a later epoch's header lists, which lies below it; and a quorum of
    ///      the trusted set is among the voters.
    ///
    ///      Neither suffices by itself. Of the trusted set alone, members may vote that are in no set any more; and a list
    ///      of keys that nothing vouches for may hold one that was made of the others', which cancels them: whoever made it
    ///      signs for all. So each voter is of the trusted set, or proves that it has its key.
    ///
    ///      The set votes from an offset of the epoch before, which is not known. But all sets have been switched to when
    ///      the epoch is over, and this one goes on until its own offset in the next: only targets between are taken.
    function _jumpAt(Proven memory proven, uint256 ptr, uint256 limit, State memory state)
        private
        view
        returns (uint256 to)
    {
        uint256 meta = RLP.loadAt(ptr + NUMBER_SIZE) >> (256 - 8 * META_SIZE);
        bytes32[] memory leaves;
        (proven.trustedEpoch, leaves, to) = _trustedLeavesAt(ptr, limit, meta, state);
        uint256 votesAt = to;
        to = to.take(limit, VOTES_SIZE);
        (proven.anchor, to) = ParliaHeader.read(to, limit);
        (proven.epochHeader, to) = ParliaProofs.historyAt(to, limit, proven.anchor);
        uint256 members;
        (members, proven.size, proven.turnLength) = ParliaExtra.validators(proven.epochHeader);
        uint256 ordinates = to;
        to = to.take(limit, proven.size * ParliaKeys.COORDINATE_SIZE);
        bytes32[] memory keys;
        (proven.sum, keys) = ParliaKeys.bind(members, proven.size, ordinates);

        Votes memory votes = _votesAt(votesAt, proven.size);
        _requireInJump(proven, votes.target, state);
        proven.participation = ParliaQuorum.participation(ParliaQuorum.count(votes.voters), proven.size);
        Bls12381.G1Point memory key;
        Bls12381.G1Point memory voter;
        uint256 trusted;
        for (uint256 seat = 0; seat != proven.size; ++seat) {
            if (votes.voters >> seat & 1 == 0) continue;
            ParliaKeys.loadBound(voter, members, ordinates, seat);
            key.add(voter);
            uint256 given = RLP.loadAt(to) >> 248;
            to = to.take(limit, SEAT_SIZE);
            if (given == NEWCOMER) {
                to = _requirePossession(voter, seat, to, limit);
            } else {
                if (given >= meta & MASK_8 || leaves[given] != keys[seat]) {
                    revert ParliaLightClient_TrustedSeat(seat, given);
                }
                // A seat counts once: no key has this leaf.
                leaves[given] = 0;
                ++trusted;
            }
        }
        uint256 needed = ParliaQuorum.quorum(meta & MASK_8);
        if (trusted < needed) revert ParliaLightClient_TooFewTrustedVotes(needed, trusted);
        proven.root = ParliaKeys.root(keys);
        key.negate();
        _checkVotes(proven.anchor, votes, key, state);
    }

    /// @dev The trusted set of a jump, with all its leaves.
    function _trustedLeavesAt(uint256 ptr, uint256 limit, uint256 meta, State memory state)
        private
        view
        returns (uint256 epoch, bytes32[] memory leaves, uint256 to)
    {
        uint256 size = meta & MASK_8;
        uint256 fixedSize = NUMBER_SIZE + META_SIZE + ParliaKeys.KEY_SIZE;
        to = ptr.take(limit, fixedSize + size * HASH_SIZE);
        epoch = RLP.loadAt(ptr) >> 208;
        leaves = new bytes32[](1 << ParliaKeys.depth(size));
        bytes32[] memory copy = new bytes32[](leaves.length);
        for (uint256 seat = 0; seat != size; ++seat) {
            leaves[seat] = copy[seat] = bytes32(RLP.loadAt(ptr + fixedSize + seat * HASH_SIZE));
        }
        Bls12381.G1Point memory sum = Bls12381.loadG1(ptr + NUMBER_SIZE + META_SIZE);
        _trustedSet(epoch, meta, sum, ParliaKeys.root(copy), state);
    }

    /// @dev Reverts unless the epoch header's block begins an epoch later than the trusted set's, and the set that it lists
    ///      is sure to vote on `target`.
    function _requireInJump(Proven memory proven, uint256 target, State memory state) private view {
        uint256 epoch = proven.epochHeader.number;
        uint256 length = state.scheduled && epoch >= _schedule.from ? _schedule.length : state.length;
        if (epoch <= proven.trustedEpoch || epoch % length != 0) {
            revert ParliaLightClient_EpochOrder(proven.trustedEpoch + length, epoch);
        }
        uint256 first = epoch + length;
        if (state.scheduled && epoch < _schedule.from && first > _schedule.from) first = _schedule.from;
        uint256 end = first + ParliaQuorum.switchOffset(proven.size, proven.turnLength);
        if (target < first || target >= end) revert ParliaLightClient_HeightOutOfRange(first, end, target);
    }

    /// @dev `operator(20) signature(192)`: StakeHub takes a vote key only with a signature of it over
    ///      `keccak256(abi.encodePacked(operator, voteKey, chainId))`. That is over 100 bytes and no votes are, so no
    ///      aggregate of votes passes for one.
    function _requirePossession(Bls12381.G1Point memory key, uint256 seat, uint256 ptr, uint256 limit)
        private
        view
        returns (uint256 to)
    {
        to = ptr.take(limit, ADDRESS_SIZE + SIGNATURE_SIZE);
        (bytes32 start, bytes32 rest) = key.compress();
        bytes20 operator = bytes20(bytes32(RLP.loadAt(ptr)));
        bytes32 message = keccak256(abi.encodePacked(operator, start, bytes16(rest), _chainId));
        Bls12381.G2Point memory signature = Bls12381.loadG2(ptr + ADDRESS_SIZE);
        Bls12381.G1Point memory negated =
            Bls12381.G1Point({xHigh: key.xHigh, xLow: key.xLow, yHigh: key.yHigh, yLow: key.yLow});
        negated.negate();
        if (!Bls12381.isValidSignature(negated, message, signature)) revert ParliaLightClient_Possession(seat);
    }

    /// @dev The votes at `ptr`, whose bytes are there: voters among `size`, at least a quorum.
    function _votesAt(uint256 ptr, uint256 size) private pure returns (Votes memory votes) {
        votes.voters = RLP.loadAt(ptr) >> 192;
        votes.target = RLP.loadAt(ptr + VOTERS_SIZE) >> 208;
        votes.targetHash = bytes32(RLP.loadAt(ptr + VOTERS_SIZE + NUMBER_SIZE));
        votes.signature = ptr + VOTERS_SIZE + NUMBER_SIZE + HASH_SIZE;
        if (votes.voters >> size != 0) revert ParliaLightClient_UnknownVoter(size, votes.voters);
        uint256 needed = ParliaQuorum.quorum(size);
        uint256 given = ParliaQuorum.count(votes.voters);
        // A quorum of nobody is 0: a set without members vouches for nothing.
        if (given < needed || given == 0) revert ParliaLightClient_TooFewVotes(needed, given);
    }

    /// @dev The targets on which the set votes, if it is the one known by this epoch and still trusted. The caller has made sure that the client is
    ///      active, which is what the newest set needs.
    function _trustedSet(uint256 epoch, uint256 meta, Bls12381.G1Point memory sum, bytes32 root, State memory state)
        private
        view
        returns (uint256 first, uint256 end)
    {
        bytes32 expected = setCommitment[epoch];
        if (expected == 0) revert ParliaLightClient_UnknownEpoch(epoch);
        bytes32 given = ParliaKeys.commitment(sum, root, meta);
        if (given != expected) revert ParliaLightClient_Commitment(expected, given);
        first = meta >> META_FIRST;
        if (epoch == state.epoch) {
            end = state.end;
        } else {
            end = meta >> META_END & MASK_48;
            uint256 expiry = (meta >> META_TIMESTAMP & MASK_48) + _trustingPeriod;
            if (block.timestamp >= expiry) revert ParliaLightClient_SetExpired(expiry, block.timestamp);
        }
    }

    /// @dev Reverts unless the votes finalize the header's block and the header's time is possible.
    /// @param negatedKey The negative of the voters' key.
    function _checkVotes(
        ParliaHeader.Header memory header,
        Votes memory votes,
        Bls12381.G1Point memory negatedKey,
        State memory state
    ) private view {
        if (votes.target != header.number + 1) {
            revert ParliaLightClient_NotAdjacent(header.number + 1, votes.target);
        }
        uint256 latest = block.timestamp + _clockDrift;
        if (header.timestamp > latest) revert ParliaLightClient_FutureHeader(latest, header.timestamp);
        if (header.number > state.number && header.timestamp < state.timestamp) {
            revert ParliaLightClient_Timestamp(state.timestamp, header.timestamp);
        }
        bytes32 message = ParliaProofs.voteHash(header.number, header.hash, votes.target, votes.targetHash);
        Bls12381.G2Point memory signature = Bls12381.loadG2(votes.signature);
        if (!Bls12381.isValidSignature(negatedKey, message, signature)) revert ParliaLightClient_Signature(message);
    }

    /// @dev Stores what is new in a block with votes, and after a jump the set that came with it; `state` is for the
    ///      caller to store. @return changed Whether anything was new.
    function _apply(State memory state, Proven memory proven) private returns (bool changed) {
        // An older set's successor would be judged by keys that were replaced.
        if (proven.kind == KIND_JUMP && proven.trustedEpoch != state.epoch) {
            revert ParliaLightClient_EpochOrder(state.epoch, proven.trustedEpoch);
        }
        ParliaHeader.Header memory header = proven.anchor;
        bool beyond = header.number > state.number;
        changed = _store(state, header);
        if (beyond) {
            (state.number, state.timestamp) = (uint48(header.number), uint48(header.timestamp));
            emit HeadAdvanced(state.number, state.timestamp, header.hash, proven.participation);
        }
        if (proven.kind != KIND_JUMP) return changed;
        _adoptSet(
            state,
            proven.epochHeader.number,
            proven.epochHeader.timestamp,
            0,
            proven.sum,
            proven.root,
            proven.size,
            proven.turnLength
        );
        return true;
    }

    /// @dev Adopts the set that a final header lists, if it is the next epoch's; its keys' y coordinates are at `ptr`. One
    ///      that is not newer is read all the same and changes nothing.
    function _adopt(State memory state, ParliaHeader.Header memory header, uint256 ptr, uint256 limit)
        private
        returns (bool adopted, uint256 to)
    {
        uint256 next = _nextEpoch(state);
        if (header.number > state.epoch && header.number != next) {
            revert ParliaLightClient_EpochOrder(next, header.number);
        }
        (uint256 members, uint256 size, uint256 turnLength) = ParliaExtra.validators(header);
        to = ptr.take(limit, size * ParliaKeys.COORDINATE_SIZE);
        (Bls12381.G1Point memory sum, bytes32[] memory keys) = ParliaKeys.bind(members, size, ptr);
        if (header.number <= state.epoch) return (false, to);
        bytes32 root = ParliaKeys.root(keys);
        _adoptSet(state, header.number, header.timestamp, state.end, sum, root, size, turnLength);
        return (true, to);
    }

    /// @dev Whether no chain can hold both blocks: two at one height, or a lower one with a later timestamp than a higher
    ///      one has.
    function _conflict(ParliaHeader.Header memory first, ParliaHeader.Header memory second)
        private
        pure
        returns (bool)
    {
        if (first.number == second.number) return first.hash != second.hash;
        return first.number < second.number ? first.timestamp > second.timestamp : second.timestamp > first.timestamp;
    }

    function _requireEnd(uint256 ptr, uint256 limit) private pure {
        if (ptr != limit) revert ParliaLightClient_TrailingBytes(limit - ptr);
    }
}
