// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IEthereumLightClient} from "../../../src/light-clients/ethereum/IEthereumLightClient.sol";
import {ILightClient} from "../../../src/light-clients/ILightClient.sol";
import {ProofsHarness} from "../../proofs/ProofsHarness.sol";
import {EthereumClientTest} from "./EthereumClientTest.sol";

/// @notice Execution blocks proven from finalized headers, and evidence that freezes the client.
contract EthereumBlocksAndEvidenceTest is EthereumClientTest {
    ProofsHarness private proofs;

    function setUp() public {
        proofs = ProofsHarness(vm.deployCode("ProofsHarness.sol:ProofsHarness"));
        json = _load("minimal.json");
        vm.warp(vm.parseJsonUint(json, ".time"));
        client = _deploy(_bytes(".constructor"));
        _send("finalityMinimum");
        _keep(".blocks.ancestor");
        _keep(".evidence.sameSlot");
    }

    function test_ProvesTheFinalizedBlockItself() public view {
        ILightClient.Block memory finalBlock = client.verifyBlock(_bytes(".blocks.own"));
        vm.assertEq(finalBlock.hash, keccak256(_bytes(".expected.own")));
        vm.assertEq(finalBlock.number, 1_000_080);
        vm.assertEq(finalBlock.participation, 6_875);
    }

    function test_ProvesBlocksOfBlockRoots() public view {
        _assertBlock("ancestor", 6_875);
        _assertBlock("oldest", 6_875);
    }

    function test_ProvesABlockOfAnEarlierFork() public {
        _assertBlock("capella", 6_875);
        _send("rotation");
        _send("nextPeriodBare");
        _assertBlock("acrossFork", 10_000);
    }

    /// `block_roots` reaches 8192 slots back and the head may lie further ahead: messages that waited for longer, behind
    /// a paused lane or a Compass that was away, could no longer be proven by anything.
    function test_ProvesBlocksOfAnyAgeBySummaries() public {
        _send("rotation");
        _send("nextPeriodBare");
        _assertBlock("summarized", 10_000);
        _assertBlock("summarizedDeneb", 10_000);
    }

    function test_RevertWhen_ASummaryIsAnothers() public {
        _send("rotation");
        _send("nextPeriodBare");
        bytes4 branch = IEthereumLightClient.EthereumLightClient_SummaryBranch.selector;
        _revertsBlock("summarizedAtEmptySlot", branch);
        bytes memory proof = _bytes(".blocks.summarizedDeneb");
        // header, entry, then 6 siblings of the entry's roots, 1 of its fields, 24 + 1 of the list, 6 of the state
        uint256 older = 1 + 112;
        uint256 end = older + 112 + 3 + 38 * 32;
        for (uint256 i = older; i < end; i += 9) {
            vm.expectPartialRevert(branch);
            client.verifyBlock(_flip(proof, i, 0x01));
            _flip(proof, i, 0x01);
        }
        for (uint256 i = older + 112; i < older + 115; ++i) {
            vm.expectPartialRevert(branch);
            client.verifyBlock(_flip(proof, i, 0x01));
            _flip(proof, i, 0x01);
        }
        vm.expectPartialRevert(IEthereumLightClient.EthereumLightClient_BlockHashBranch.selector);
        client.verifyBlock(_flip(proof, end, 0x01));
        _flip(proof, end, 0x01);
        proof = _slice(proof, 0, end);
        vm.expectPartialRevert(IEthereumLightClient.EthereumLightClient_Length.selector);
        client.verifyBlock(proof);
        proof = _slice(proof, 0, end - 1);
        vm.expectPartialRevert(IEthereumLightClient.EthereumLightClient_Length.selector);
        client.verifyBlock(proof);
    }

    function test_ABootstrapNobodySignedHasNoParticipation() public view {
        _assertBlock("bootstrap", 0);
    }

    /// `block_roots` repeats the last root for an empty slot. A header proven there would stand for a slot that is not
    /// its own.
    function test_RevertWhen_AncestorIsProvenAtAnEmptySlot() public {
        _revertsBlock("emptySlot", IEthereumLightClient.EthereumLightClient_BlockRootsBranch.selector);
    }

    /// Slot 15 shares its place in `block_roots` with slot 79 of the state at slot 80.
    function test_RevertWhen_AncestorIsBeyondBlockRoots() public {
        bytes memory proof = _bytes(".blocks.beyond");
        vm.expectRevert(
            abi.encodeWithSelector(IEthereumLightClient.EthereumLightClient_AncestorSlot.selector, 16, 80, 15)
        );
        client.verifyBlock(proof);
    }

    function test_RevertWhen_BlockIsNotStored() public {
        _revertsBlock("acrossFork", IEthereumLightClient.EthereumLightClient_UnknownBlock.selector);
    }

    /// @dev LC-7.
    function test_RevertWhen_ExecutionHeaderIsAnothers() public {
        _revertsBlock("ownHash", IEthereumLightClient.EthereumLightClient_BlockHashBranch.selector);
    }

    function test_RevertWhen_AFieldOfABlockProofIsAltered() public {
        // kind, finalized header, older header, 11 siblings of block_roots, 9 of block_hash, RLP
        uint256 older = 1 + 112;
        uint256 roots = older + 112;
        uint256 body = roots + 11 * 32;
        uint256 rlp = body + 9 * 32;
        _revertsBlockFlipped(0, 0x04, IEthereumLightClient.EthereumLightClient_ProofKind.selector);
        for (uint256 i = 8; i <= 112; i += 8) {
            _revertsBlockFlipped(i, 0x01, IEthereumLightClient.EthereumLightClient_UnknownBlock.selector);
        }
        for (uint256 i = 0; i < 7; ++i) {
            _revertsBlockFlipped(older + i, 0x01, IEthereumLightClient.EthereumLightClient_AncestorSlot.selector);
        }
        for (uint256 i = older + 7; i < body; i += 8) {
            _revertsBlockFlipped(i, 0x01, IEthereumLightClient.EthereumLightClient_BlockRootsBranch.selector);
        }
        uint256 end = _bytes(".blocks.ancestor").length;
        for (uint256 i = body; i < end; i += 15) {
            _revertsBlockFlipped(i, 0x01, IEthereumLightClient.EthereumLightClient_BlockHashBranch.selector);
        }
        vm.assertTrue(rlp < end);
    }

    /// @dev LC-7.
    function testFuzz_RevertWhen_ABlockProofIsTruncated(uint256 kept) public {
        bytes memory proof = _bytes(".blocks.ancestor");
        proof = _slice(proof, 0, bound(kept, 0, proof.length - 1));
        vm.expectRevert();
        client.verifyBlock(proof);
    }

    function test_RevertWhen_ABlockProofIsExtended() public {
        bytes memory proof = bytes.concat(_bytes(".blocks.own"), bytes1(0));
        vm.expectPartialRevert(IEthereumLightClient.EthereumLightClient_BlockHashBranch.selector);
        client.verifyBlock(proof);
    }

    /// A word of the ring is overwritten by the slot 8192 later; before that, an empty one is no block either.
    function test_RevertWhen_TheRingWordIsOfAnotherBlock() public {
        bytes memory proof = _bytes(".blocks.own");
        vm.store(address(client), bytes32(BLOCKS_AT + 80), bytes32(0));
        vm.expectPartialRevert(IEthereumLightClient.EthereumLightClient_UnknownBlock.selector);
        client.verifyBlock(proof);
        (bool stored,) = client.storedBlock(80, bytes32(0));
        vm.assertFalse(stored);
        (stored,) = client.storedBlock(80, bytes32(uint256(1)));
        vm.assertFalse(stored);
    }

    function test_TwoBlocksAtOneSlotFreeze() public {
        _freezes("sameSlot", "f80", "f80fork");
    }

    function test_TwoNextCommitteesFreeze() public {
        bytes memory data = _bytes(".evidence.committees");
        vm.expectEmit(address(client));
        emit ILightClient.Misbehaviour(
            address(this),
            vm.parseJsonBytes32(json, ".committeeRoots.c2"),
            vm.parseJsonBytes32(json, ".committeeRoots.other")
        );
        client.reportMisbehaviour(data);
        vm.assertEq(uint256(client.status()), uint256(ILightClient.Status.Frozen));
    }

    function test_AForkedHistoryFreezes() public {
        _freezes("history", "f80", "f80fork");
    }

    function test_RevertWhen_NothingConflicts() public {
        string[7] memory names =
            ["sameBlock", "otherSlot", "sameCommittee", "withoutCommittee", "sameHistory", "historyReversed", ""];
        for (uint256 i = 0; i < 6; ++i) {
            _revertsEvidence(names[i], ILightClient.LightClient_NoConflict.selector);
        }
        vm.assertEq(uint256(client.status()), uint256(ILightClient.Status.Active));
    }

    function test_RevertWhen_CommitteesAreOfTwoPeriods() public {
        _revertsEvidence("otherPeriod", IEthereumLightClient.EthereumLightClient_UnknownPeriod.selector);
        _send("rotation");
        _revertsEvidence("otherPeriod", ILightClient.LightClient_NoConflict.selector);
    }

    function test_RevertWhen_EvidenceIsFalse() public {
        _revertsEvidence("historyFalse", IEthereumLightClient.EthereumLightClient_BlockRootsBranch.selector);
        _revertsEvidence("invalidSecond", IEthereumLightClient.EthereumLightClient_Signature.selector);
        _revertsEvidence("unknownKind", IEthereumLightClient.EthereumLightClient_EvidenceKind.selector);
        _revertsEvidence("extraGiven", IEthereumLightClient.EthereumLightClient_Length.selector);
        _send("rotation");
        _revertsEvidence("beyondReach", IEthereumLightClient.EthereumLightClient_AncestorSlot.selector);
    }

    function test_RevertWhen_EvidenceIsOld() public {
        _send("rotation");
        uint256 expiry = vm.parseJsonUint(json, ".genesisTime") + 128 * 6 + 86_400;
        bytes memory data = _bytes(".evidence.sameSlot");
        vm.warp(expiry);
        vm.expectRevert(
            abi.encodeWithSelector(IEthereumLightClient.EthereumLightClient_EvidenceExpired.selector, expiry, expiry)
        );
        client.reportMisbehaviour(data);
        vm.warp(expiry - 1);
        client.reportMisbehaviour(data);
    }

    /// A forged block stored in the last second before the client expires would have served for ever: blocks in store
    /// outlive the expiry, and evidence did not.
    function test_AnExpiredClientIsFrozenByWhatItAccepted() public {
        _send("rotation");
        bytes memory forged = _update("conflictingBlock");
        uint256 expiry = client.expiresAt();
        vm.warp(expiry - 1);
        client.update(forged);
        vm.warp(expiry);
        vm.assertEq(uint256(client.status()), uint256(ILightClient.Status.Expired));
        _freezes("sameSlot", "f80", "f80fork");
    }

    /// A forger chooses the finalized slot: the older it was, the sooner its evidence ran out, while the client still
    /// took the block.
    function test_WhatIsAcceptedCanBeEvidence() public {
        _send("rotation");
        bytes memory forged = _update("conflictingBlock");
        vm.warp(vm.parseJsonUint(json, ".genesisTime") + 80 * 6 + 86_400 + 1);
        client.update(forged);
        _freezes("sameSlot", "f80", "f80fork");
    }

    /// The committee of a period gone by still proves what it signed, as long as it is in the ring.
    function test_EvidenceOfAnEarlierPeriodFreezes() public {
        _send("rotation");
        _send("nextPeriod");
        _freezes("sameSlot", "f80", "f80fork");
    }

    /// @dev LC-6.
    function test_RevertWhen_Frozen() public {
        bytes memory update = _update("finality");
        bytes memory proof = _bytes(".blocks.own");
        bytes memory evidence = _bytes(".evidence.sameSlot");
        client.verifyBlock(proof);
        client.reportMisbehaviour(evidence);
        bytes4 frozen = ILightClient.LightClient_Frozen.selector;
        vm.expectRevert(frozen);
        client.update(update);
        vm.expectRevert(frozen);
        client.verifyBlock(proof);
        vm.expectRevert(frozen);
        client.reportMisbehaviour(evidence);
    }

    function testFuzz_RevertWhen_EvidenceOffsetsAreWild(uint256 word, uint256 value) public {
        bytes memory data = _bytes(".evidence.sameSlot");
        uint256 length = uint256(bytes32(_slice(data, 32, 64)));
        vm.assume(value != length);
        // One of the three offsets: wherever it leads, it does not lead to this evidence.
        data = _splice(data, 32 * bound(word, 1, 2), abi.encode(value));
        vm.assume(keccak256(data) != keccak256(_bytes(".evidence.sameSlot")));
        vm.expectRevert();
        client.reportMisbehaviour(data);
    }

    function _assertBlock(string memory name, uint256 participation) private view {
        bytes memory header = _bytes(string.concat(".expected.", name));
        ILightClient.Block memory given = client.verifyBlock(_bytes(string.concat(".blocks.", name)));
        (uint256 number, uint256 timestamp, bytes32 stateRoot, bytes32 transactionsRoot, bytes32 receiptsRoot) =
            proofs.header(header);
        vm.assertEq(given.hash, keccak256(header));
        vm.assertEq(given.number, number);
        vm.assertEq(given.timestamp, timestamp);
        vm.assertEq(given.stateRoot, stateRoot);
        vm.assertEq(given.transactionsRoot, transactionsRoot);
        vm.assertEq(given.receiptsRoot, receiptsRoot);
        vm.assertEq(client.verifyReceiptsRoot(_bytes(string.concat(".blocks.", name))), receiptsRoot);
        vm.assertEq(given.participation, participation);
    }

    function _freezes(string memory name, string memory first, string memory second) private {
        bytes memory data = _bytes(string.concat(".evidence.", name));
        vm.expectEmit(address(client));
        emit ILightClient.Misbehaviour(
            address(this),
            vm.parseJsonBytes32(json, string.concat(".roots.", first)),
            vm.parseJsonBytes32(json, string.concat(".roots.", second))
        );
        client.reportMisbehaviour(data);
        vm.assertEq(uint256(client.status()), uint256(ILightClient.Status.Frozen));
    }

    function _revertsEvidence(string memory name, bytes4 selector) private {
        bytes memory data = _bytes(string.concat(".evidence.", name));
        vm.expectPartialRevert(selector);
        client.reportMisbehaviour(data);
    }

    function _revertsBlock(string memory name, bytes4 selector) private {
        bytes memory proof = _bytes(string.concat(".blocks.", name));
        vm.expectPartialRevert(selector);
        client.verifyBlock(proof);
    }

    function _revertsBlockFlipped(uint256 index, uint8 bits, bytes4 selector) private {
        bytes memory proof = _flip(_bytes(".blocks.ancestor"), index, bits);
        vm.expectPartialRevert(selector);
        client.verifyBlock(proof);
    }
}
