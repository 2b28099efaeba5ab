// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Bls12381} from "../../crypto/Bls12381.sol";
import {SszBranch} from "../../proofs/SszBranch.sol";
import {BeaconLayout, Layout} from "./BeaconLayout.sol";
import {Calldata} from "./Calldata.sol";
import {ClientState} from "./ClientState.sol";
import {EthereumBlockProofs} from "./EthereumBlockProofs.sol";
import {EthereumClientBase} from "./EthereumClientBase.sol";
import {SyncCommitteeProof} from "./SyncCommitteeProof.sol";

/// @title  Ethereum light client
/// @notice Stores one word a sync-committee period and one a finalized beacon block, and proves execution blocks from
///         them when a message needs one.
/// @dev    Nobody owns it. The scheduler of forks can add a fork that starts in the future, and nothing else.
contract EthereumLightClient is EthereumBlockProofs {
    using BeaconLayout for Layout;

    /// @dev What `_verify` has proven.
    struct Verified {
        uint256 finalizedSlot;
        bytes32 finalizedRoot;
        /// @dev Members that did not sign.
        uint256 absent;
        /// @dev Period of the committee that signed.
        uint256 signaturePeriod;
        uint256 attestedPeriod;
        /// @dev `hash_tree_root(next_sync_committee)` of the attested state; zero if the update has none.
        bytes32 nextSyncCommittee;
        /// @dev Commitment to the participants' aggregate key; zero if the update does not ask to keep it.
        bytes32 aggregate;
    }

    /// @dev DOMAIN_SYNC_COMMITTEE, the first four bytes of the signing domain.
    uint256 private constant DOMAIN_SYNC_COMMITTEE = 0x07000000 << 224;
    /// @dev Where the fields of an update stand.
    uint256 private constant FINALIZED_HEADER = HEADER_BYTES;
    uint256 private constant SIGNATURE_SLOT = 2 * HEADER_BYTES;
    uint256 private constant SYNC_COMMITTEE_BITS = SIGNATURE_SLOT + 8;
    /// @dev And counted from the end of the bits.
    uint256 private constant AGGREGATE_PUBKEY = 32;
    uint256 private constant SIGNATURE = AGGREGATE_PUBKEY + 96;
    uint256 private constant FLAGS = SIGNATURE + 192;
    uint256 private constant FLAGS_END = FLAGS + 1;
    /// @dev Flags of an update: it carries a next committee; its key is the kept aggregate's, whose bits follow; its own
    ///      participants' aggregate is to be kept.
    uint256 private constant HAS_NEXT = 1;
    uint256 private constant FROM_KEPT = 2;
    uint256 private constant KEEP = 4;
    uint256 private constant ALL_FLAGS = HAS_NEXT | FROM_KEPT | KEEP;

    /// @param config What the client follows.
    /// @param schedule Forks of the source chain so far, by epoch.
    /// @param bootstrap A finalized block that the deployer vouches for.
    constructor(Parameters memory config, Fork[] memory schedule, Bootstrap memory bootstrap)
        EthereumClientBase(config, schedule, bootstrap)
    {}

    function update(bytes calldata data) external returns (UpdateResult result) {
        ClientState state = _state;
        _requireActive(state);
        uint256 headSlot = state.headSlot();
        uint256 headPeriod = headSlot / _slotsPerPeriod;
        // Only the head's committee and the one after it sign: what older committees could add is older blocks.
        Verified memory verified = _verify(data, state, headPeriod, state.nextKnown() ? headPeriod + 1 : headPeriod);

        ClientState changed = state;
        uint256 slot = verified.finalizedSlot;
        if (slot > headSlot) {
            _blocks[slot % BLOCKS] = _blockWord(verified.finalizedRoot, verified.absent);
            changed = changed.withHead(slot, verified.finalizedRoot);
            // A finalized header of the next period implies that its committee was known: it signed, or one after it.
            if (slot / _slotsPerPeriod != headPeriod) {
                headPeriod = slot / _slotsPerPeriod;
                changed = changed.withNextKnown(false);
            }
            emit HeadAdvanced(
                uint64(slot), uint64(_timeOf(slot)), verified.finalizedRoot, _participation(verified.absent)
            );
            // Only with a head that moved: to change what others build on, one has to do the work that they meant to.
            if (verified.aggregate != 0 && verified.aggregate != _keptAggregate) {
                _keptAggregate = verified.aggregate;
                emit AggregateKept(verified.signaturePeriod, verified.aggregate, _bits(Calldata.offsetOf(data)));
            }
            result = UpdateResult.Updated;
        } else if (_storeOlder(verified, state)) {
            result = UpdateResult.Updated;
        }
        if (verified.nextSyncCommittee != 0) {
            (bool stored, bool isNext) = _storeCommittee(verified, changed, headPeriod);
            if (isNext) changed = changed.withNextKnown(true);
            if (stored) result = UpdateResult.Updated;
        }
        if (ClientState.unwrap(changed) != ClientState.unwrap(state)) _state = changed;
    }

    function reportMisbehaviour(bytes calldata evidence) external {
        ClientState state = _state;
        if (state.frozen()) revert LightClient_Frozen();
        (uint256 kind, bytes calldata first, bytes calldata second, bytes calldata extra) = _decodeEvidence(evidence);
        (uint256 firstPeriod, uint256 lastPeriod) = _periods(state);
        Verified memory a = _verify(first, state, firstPeriod, lastPeriod);
        Verified memory b = _verify(second, state, firstPeriod, lastPeriod);
        _requireRecent(a.signaturePeriod);
        _requireRecent(b.signaturePeriod);

        (bytes32 one, bytes32 other) = (a.finalizedRoot, b.finalizedRoot);
        if (kind == 2) {
            other = _ancestorRoot(a, b, second, extra, state);
        } else {
            if (extra.length != 0) revert EthereumLightClient_Length(0, extra.length);
            if (kind == 0) {
                if (a.finalizedSlot != b.finalizedSlot) revert LightClient_NoConflict();
            } else if (kind == 1) {
                (one, other) = (a.nextSyncCommittee, b.nextSyncCommittee);
                // Both finalized headers are of their attested one's period, else `_verify` had reverted.
                if (one == 0 || other == 0 || a.attestedPeriod != b.attestedPeriod) revert LightClient_NoConflict();
            } else {
                revert EthereumLightClient_EvidenceKind(kind);
            }
        }
        if (one == other) revert LightClient_NoConflict();
        _state = state.withFrozen();
        emit Misbehaviour(msg.sender, one, other);
    }

    /// @dev Stores a block that is not newer than the head, or a stored one's larger participation. Returns whether the
    ///      block was not stored before: more signers make no other block final.
    function _storeOlder(Verified memory verified, ClientState state) private returns (bool) {
        uint256 slot = verified.finalizedSlot;
        uint256 headSlot = state.headSlot();
        if (slot == headSlot) {
            bytes32 headRoot = _headRoot(state);
            if (headRoot != verified.finalizedRoot) {
                revert EthereumLightClient_BlockConflict(slot, headRoot, verified.finalizedRoot);
            }
        }
        // Two slots share a ring word only if they lie a multiple of BLOCKS apart, so within BLOCKS of the head the
        // word holds this slot's block or an older one's, never a newer one's.
        if (headSlot - slot >= BLOCKS) return false;
        uint256 stored = uint256(_blocks[slot % BLOCKS]);
        uint256 word = uint256(_blockWord(verified.finalizedRoot, verified.absent));
        // Anybody can leave signatures out of an aggregate, so more signers replace fewer and never the reverse.
        if ((stored ^ word) & ROOT_MASK == 0 && stored <= word) return false;
        _blocks[slot % BLOCKS] = bytes32(word);
        emit BlockStored(uint64(slot), verified.finalizedRoot, verified.absent);
        return (stored ^ word) & ROOT_MASK != 0;
    }

    /// @dev Stores the committee after the attested period, unless it is known: then it must be the same.
    function _storeCommittee(Verified memory verified, ClientState state, uint256 headPeriod)
        private
        returns (bool stored, bool isNext)
    {
        uint256 period = verified.attestedPeriod + 1;
        // attested period = finalized period <= head's period, so `period` is at most the one after the head's.
        if (period > headPeriod && !state.nextKnown()) {
            _committees[period % COMMITTEES] = verified.nextSyncCommittee;
            emit SyncCommitteeStored(period, verified.nextSyncCommittee);
            return (true, true);
        }
        (uint256 first,) = _periods(state);
        if (period >= first) {
            bytes32 known = _committees[period % COMMITTEES];
            if (known != verified.nextSyncCommittee) {
                revert EthereumLightClient_SyncCommitteeConflict(period, known, verified.nextSyncCommittee);
            }
        }
    }

    /// @dev Verifies an update in full: lengths, slots, clock, committee, quorum, branches, signature.
    /// @param firstPeriod First and last period whose committee may have signed it.
    function _verify(bytes calldata data, ClientState state, uint256 firstPeriod, uint256 lastPeriod)
        private
        view
        returns (Verified memory verified)
    {
        uint256 attested = Calldata.offsetOf(data);
        uint256 cursor = attested + SYNC_COMMITTEE_BITS + _committeeSize / 8;
        uint256 end = attested + data.length;
        Calldata.requireLength(cursor + FLAGS_END, end, data.length);
        uint256 flags = Calldata.byteAt(cursor + FLAGS);
        if (flags > ALL_FLAGS) revert EthereumLightClient_Flag(flags);

        uint256 attestedSlot = Calldata.uint64At(attested);
        verified.finalizedSlot = Calldata.uint64At(attested + FINALIZED_HEADER);
        uint256 signatureSlot = Calldata.uint64At(attested + SIGNATURE_SLOT);
        if (signatureSlot <= attestedSlot || attestedSlot < verified.finalizedSlot) {
            revert EthereumLightClient_SlotOrder(signatureSlot, attestedSlot, verified.finalizedSlot);
        }
        if (_timeOf(signatureSlot) > block.timestamp + _clockDrift) {
            revert EthereumLightClient_Future(block.timestamp + _clockDrift, _timeOf(signatureSlot));
        }
        verified.signaturePeriod = signatureSlot / _slotsPerPeriod;
        if (verified.signaturePeriod < firstPeriod || verified.signaturePeriod > lastPeriod) {
            revert EthereumLightClient_UnknownPeriod(firstPeriod, lastPeriod, verified.signaturePeriod);
        }
        uint256 bits = attested + SYNC_COMMITTEE_BITS;
        SyncCommitteeProof.Members memory members = SyncCommitteeProof.difference(bits, 0, _committeeSize);
        verified.absent = members.count;
        // participants >= 2/3 of all
        if (members.count * 3 > _committeeSize) {
            revert EthereumLightClient_Participation((2 * _committeeSize + 2) / 3, _committeeSize - members.count);
        }
        Bls12381.G1Point memory key;
        uint256 branches = cursor + FLAGS_END;
        if (flags & FROM_KEPT == 0) {
            key = _committeeKey(cursor, verified.signaturePeriod);
            bits = 0;
        } else {
            members = SyncCommitteeProof.difference(bits, branches, _committeeSize);
            branches += _committeeSize / 8;
            Calldata.requireLength(branches, end, data.length);
            key = _keptKey(cursor, verified.signaturePeriod);
        }

        uint256 keys;
        {
            (, Layout stateLayout) = _forkAt(state, attestedSlot / _slotsPerEpoch);
            keys = _verifyBranches(attested, branches, end, flags & HAS_NEXT, stateLayout, verified);
        }
        // Every key takes its bytes; what is behind them is the multiproof, which checks its own end.
        uint256 keysEnd = keys + members.count * SyncCommitteeProof.KEY_BYTES;
        Calldata.requireLength(keysEnd, end, data.length);
        if (members.count == 0) {
            if (keysEnd != end) revert EthereumLightClient_Length(keysEnd - attested, data.length);
        } else {
            SyncCommitteeProof.addDifference(members, key, bits, _committeeSize, Calldata.wordAt(cursor), keys, end);
        }

        // The block of the signature slot carries the signature over the slot before it, under that slot's fork.
        (bytes4 version,) = _forkAt(state, (signatureSlot - 1) / _slotsPerEpoch);
        bytes32 signingRoot = SszBranch.hashPair(SszBranch.headerRoot(attested), _domain(version));
        if (!Bls12381.isValidSignature(key, signingRoot, Bls12381.loadG2(cursor + SIGNATURE))) {
            revert EthereumLightClient_Signature(signingRoot);
        }
        if (flags & KEEP != 0) {
            verified.aggregate = _commitment(cursor, verified.signaturePeriod, _bits(attested), key);
        }
    }

    /// @dev The negative of the aggregate key that the update states, bound to the committee of `period`.
    function _committeeKey(uint256 cursor, uint256 period) private view returns (Bls12381.G1Point memory key) {
        key = Bls12381.loadG1(cursor + AGGREGATE_PUBKEY);
        bytes32 expected = _committees[period % COMMITTEES];
        bytes32 given = SszBranch.hashPair(Calldata.wordAt(cursor), SyncCommitteeProof.leaf(key));
        if (given != expected) revert EthereumLightClient_SyncCommittee(expected, given);
        Bls12381.negate(key);
    }

    /// @dev The negative of the aggregate key that the update states, which must be the kept one: of the committee of
    ///      `period` with the same `pubkeys_root`, and of the participants in the bits behind the flags.
    function _keptKey(uint256 cursor, uint256 period) private view returns (Bls12381.G1Point memory key) {
        key = Bls12381.loadG1(cursor + AGGREGATE_PUBKEY);
        Bls12381.negate(key);
        bytes calldata bits = Calldata.slice(cursor + FLAGS_END, _committeeSize / 8);
        bytes32 given = _commitment(cursor, period, bits, key);
        if (given != _keptAggregate) revert EthereumLightClient_KeptAggregate(_keptAggregate, given);
    }

    /// @dev What is kept of an aggregate that was verified. A period's committee is stored once and for all, so period and
    ///      bits name the participants. @param negatedKey Affine, below the prime, so one key has one commitment.
    function _commitment(uint256 cursor, uint256 period, bytes calldata bits, Bls12381.G1Point memory negatedKey)
        private
        pure
        returns (bytes32)
    {
        return keccak256(abi.encode(period, Calldata.wordAt(cursor), negatedKey, bits));
    }

    /// @dev The participants' bits of the update at `offset`.
    function _bits(uint256 offset) private view returns (bytes calldata) {
        return Calldata.slice(offset + SYNC_COMMITTEE_BITS, _committeeSize / 8);
    }

    /// @dev Proves the next committee, if there is one, and the finalized header in the attested state, by the branches
    ///      at `cursor`. Returns where they end.
    /// @param hasNext 1 or 0.
    function _verifyBranches(
        uint256 attested,
        uint256 cursor,
        uint256 end,
        uint256 hasNext,
        Layout stateLayout,
        Verified memory verified
    ) private view returns (uint256 branchesEnd) {
        bytes32 stateRoot = Calldata.wordAt(attested + STATE_ROOT);
        uint256 attestedPeriod = Calldata.uint64At(attested) / _slotsPerPeriod;
        verified.attestedPeriod = attestedPeriod;
        uint256 finalizedIndex = stateLayout.finalizedRoot();
        uint256 nextIndex = stateLayout.nextSyncCommittee();
        uint256 nextBytes = hasNext * (32 + 32 * SszBranch.depth(nextIndex));
        branchesEnd = cursor + nextBytes + 32 * SszBranch.depth(finalizedIndex);
        Calldata.requireLength(branchesEnd, end, end - attested);

        if (hasNext != 0) {
            uint256 finalizedPeriod = verified.finalizedSlot / _slotsPerPeriod;
            if (attestedPeriod != finalizedPeriod) {
                revert EthereumLightClient_NextSyncCommitteeNotFinal(attestedPeriod, finalizedPeriod);
            }
            verified.nextSyncCommittee = Calldata.wordAt(cursor);
            bytes32 root = SszBranch.root(verified.nextSyncCommittee, nextIndex, cursor + 32);
            if (root != stateRoot) revert EthereumLightClient_NextSyncCommitteeBranch(stateRoot, root);
            cursor += nextBytes;
        }
        verified.finalizedRoot = SszBranch.headerRoot(attested + FINALIZED_HEADER);
        bytes32 given = SszBranch.root(verified.finalizedRoot, finalizedIndex, cursor);
        if (given != stateRoot) revert EthereumLightClient_FinalityBranch(stateRoot, given);
    }

    /// @dev The root that `b`'s finalized state holds at `a`'s finalized slot, as `extra` proves it.
    function _ancestorRoot(
        Verified memory a,
        Verified memory b,
        bytes calldata second,
        bytes calldata extra,
        ClientState state
    ) private view returns (bytes32 root) {
        if (a.finalizedSlot >= b.finalizedSlot) revert LightClient_NoConflict();
        _requireReach(a.finalizedSlot, b.finalizedSlot);
        (, Layout stateLayout) = _forkAt(state, b.finalizedSlot / _slotsPerEpoch);
        uint256 gindex = stateLayout.blockRoots() * _slotsPerHistoricalRoot + a.finalizedSlot % _slotsPerHistoricalRoot;
        uint256 length = 32 + 32 * SszBranch.depth(gindex);
        if (extra.length != length) revert EthereumLightClient_Length(length, extra.length);
        root = Calldata.wordAt(Calldata.offsetOf(extra));
        bytes32 given = SszBranch.root(root, gindex, Calldata.offsetOf(extra) + 32);
        bytes32 expected = Calldata.wordAt(Calldata.offsetOf(second) + FINALIZED_HEADER + STATE_ROOT);
        if (given != expected) revert EthereumLightClient_BlockRootsBranch(expected, given);
    }

    /// @dev Evidence counts for a trusting period after its committee's last slot. No slot inside it is asked, because
    ///      whoever forges it chooses that, and whatever `update` takes can be evidence at that moment.
    function _requireRecent(uint256 signaturePeriod) private view {
        uint256 expiry = _timeOf((signaturePeriod + 1) * _slotsPerPeriod) + _trustingPeriod;
        if (block.timestamp >= expiry) revert EthereumLightClient_EvidenceExpired(expiry, block.timestamp);
    }

    function _requireActive(ClientState state) private view {
        if (state.frozen()) revert LightClient_Frozen();
        uint256 expiry = _expiresAt(state);
        if (block.timestamp >= expiry) revert LightClient_Expired(expiry, block.timestamp);
    }

    /// @dev Basis points, rounded down.
    function _participation(uint256 absent) private view returns (uint256) {
        return (_committeeSize - absent) * BASIS_POINTS / _committeeSize;
    }

    /// @dev `compute_domain`: the type and the first 28 bytes of `hash_tree_root(ForkData)`.
    function _domain(bytes4 version) private view returns (bytes32) {
        bytes32 forkDataRoot = SszBranch.hashPair(bytes32(version), _genesisValidatorsRoot);
        return bytes32(DOMAIN_SYNC_COMMITTEE | (uint256(forkDataRoot) >> 32));
    }

    /// @dev `abi.encode(uint8 kind, bytes first, bytes second, bytes extra)`, left in calldata.
    function _decodeEvidence(bytes calldata evidence)
        private
        pure
        returns (uint256 kind, bytes calldata first, bytes calldata second, bytes calldata extra)
    {
        if (evidence.length < 128) revert EthereumLightClient_Length(128, evidence.length);
        kind = Calldata.uintAt(Calldata.offsetOf(evidence));
        first = Calldata.bytesAt(evidence, 32);
        second = Calldata.bytesAt(evidence, 64);
        extra = Calldata.bytesAt(evidence, 96);
    }
}
