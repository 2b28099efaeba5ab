// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IEthereumLightClient} from "../../../src/light-clients/ethereum/IEthereumLightClient.sol";
import {ILightClient} from "../../../src/light-clients/ILightClient.sol";
import {SyncCommitteeProof} from "../../../src/light-clients/ethereum/SyncCommitteeProof.sol";
import {EthereumClientTest} from "./EthereumClientTest.sol";

/// @notice Updates that start from the aggregate of another update's participants.
contract EthereumKeptAggregateTest is EthereumClientTest {
    /// @dev Where the kept bits and what follows them stand in an update that starts from a kept aggregate.
    uint256 private constant KEPT_BITS = FLAG + 1;
    uint256 private constant KEPT_BRANCHES = KEPT_BITS + 4;

    bytes4 private constant KEPT = IEthereumLightClient.EthereumLightClient_KeptAggregate.selector;

    function setUp() public {
        json = _load("minimal.json");
        vm.warp(vm.parseJsonUint(json, ".time"));
        client = _deploy(_bytes(".constructor"));
        _keepUpdate("keeping");
        _keepUpdate("keptSame");
        _keepUpdate("keptChanged");
    }

    function test_KeepsWhatItIsAskedTo() public {
        vm.assertEq(client.keptAggregate(), bytes32(0));
        _send("finalityAbsentOne");
        vm.assertEq(client.keptAggregate(), bytes32(0));
        client = _deploy(_bytes(".constructor"));
        bytes memory data = _update("keeping");
        bytes32 commitment = vm.parseJsonBytes32(json, ".commitments.keeping");
        vm.expectEmit(address(client));
        emit IEthereumLightClient.AggregateKept(1, commitment, _slice(data, BITS, BITS + 4));
        client.update(data);
        vm.assertEq(client.keptAggregate(), commitment);
    }

    function test_StartsFromIt() public {
        string[4] memory names = ["keptSame", "keptChanged", "keptAllSigned", "keptNotKeeping"];
        for (uint256 i = 0; i < names.length; ++i) {
            client = _deploy(_bytes(".constructor"));
            _send("keeping");
            vm.assertEq(uint256(_send(names[i])), uint256(ILightClient.UpdateResult.Updated));
            ILightClient.Head memory head = client.head();
            vm.assertEq(head.hash, vm.parseJsonBytes32(json, ".roots.f88"));
        }
    }

    function test_TheParticipantsAreThoseOfTheUpdate() public {
        _send("keeping");
        _send("keptChanged");
        (bool stored, uint256 participants) = client.storedBlock(88, vm.parseJsonBytes32(json, ".roots.f88"));
        vm.assertTrue(stored);
        vm.assertEq(participants, 32 - 3);
        vm.assertEq(client.syncCommitteeRoot(2), vm.parseJsonBytes32(json, ".committeeRoots.c2"));
    }

    function test_AKeptOneFollowsAnother() public {
        _send("keeping");
        _send("keptChanged");
        vm.assertEq(client.keptAggregate(), vm.parseJsonBytes32(json, ".commitments.keptChanged"));
        _send("keptAgain");
        vm.assertEq(client.head().number, 96);
        // It did not ask to keep its own.
        vm.assertEq(client.keptAggregate(), vm.parseJsonBytes32(json, ".commitments.keptChanged"));
    }

    function test_NothingChangesWhereItsOwnIsKeptAlready() public {
        _send("keeping");
        bytes32 before = client.keptAggregate();
        bytes memory data = _update("keptSame");
        vm.recordLogs();
        client.update(data);
        vm.assertEq(vm.getRecordedLogs().length, 1);
        vm.assertEq(client.keptAggregate(), before);
    }

    /// Whoever could replace the kept aggregate by an update that brings nothing could make every update fail that
    /// starts from it, again and again, for the price of a call.
    function test_OnlyANewHeadReplacesIt() public {
        _send("keeping");
        bytes32 before = client.keptAggregate();
        _send("keepingAtBootstrap");
        _send("finality");
        vm.assertEq(client.keptAggregate(), before);
        _send("keepingOthers");
        vm.assertTrue(client.keptAggregate() != before);
    }

    function test_RevertWhen_AnotherIsKept() public {
        _reverts("keptSame", KEPT);
        _send("keepingOthers");
        _reverts("keptSame", KEPT);
        _reverts("keptChanged", KEPT);
    }

    /// The key that an update starts from is believed. If its bits, its committee or the key itself could be chosen, the
    /// rest would verify: one key of one's own is enough to sign with.
    function test_RevertWhen_TheAggregateIsChosen() public {
        _send("keeping");
        _reverts("keptOtherBits", KEPT);
        _reverts("keptNobodyAbsent", KEPT);
        _reverts("keptOtherKey", KEPT);
        _reverts("keptRogueKey", KEPT);
        _reverts("keptOtherCommittee", KEPT);
    }

    /// The committee changes with the period, so the same bits are other members.
    function test_RevertWhen_ItIsOfAnotherPeriod() public {
        _send("keeping");
        _send("rotation");
        _reverts("keptNextPeriod", KEPT);
    }

    function test_RevertWhen_TooFewSignedThoughManyDidBefore() public {
        _send("keeping");
        _reverts("keptBelowMinimum", IEthereumLightClient.EthereumLightClient_Participation.selector);
    }

    function test_RevertWhen_AFieldIsAltered() public {
        _send("keeping");
        bytes memory data = _update("keptChanged");
        for (uint256 i = PUBKEYS_ROOT; i < AGGREGATE; i += 4) {
            _revertsFlipped(data, i, KEPT);
        }
        for (uint256 i = AGGREGATE + 8; i < SIGNATURE; i += 8) {
            _revertsFlipped(data, i, KEPT);
        }
        for (uint256 i = KEPT_BITS; i < KEPT_BRANCHES; ++i) {
            _revertsFlipped(data, i, KEPT);
        }
        // root, 5 siblings of the next committee, 6 of the finalized root
        uint256 keys = KEPT_BRANCHES + 32 + 5 * 32 + 6 * 32;
        uint256 proof = keys + 3 * 96;
        bytes4 root = SyncCommitteeProof.SyncCommitteeProof_PubkeysRoot.selector;
        for (uint256 i = proof; i < data.length; i += 16) {
            _revertsFlipped(data, i, root);
        }
        bytes memory first = _slice(data, keys, keys + 96);
        bytes memory second = _slice(data, keys + 96, keys + 192);
        bytes memory swapped = _splice(_splice(_update("keptChanged"), keys, second), keys + 96, first);
        vm.expectPartialRevert(root);
        client.update(swapped);
        bytes memory longer = bytes.concat(data, bytes32(0));
        vm.expectPartialRevert(SyncCommitteeProof.SyncCommitteeProof_MultiproofLength.selector);
        client.update(longer);
        longer = bytes.concat(_update("keptSame"), bytes1(0));
        vm.expectPartialRevert(IEthereumLightClient.EthereumLightClient_Length.selector);
        client.update(longer);
    }

    function testFuzz_RevertWhen_AnyBitIsAltered(uint256 place, uint8 bit, bool same) public {
        _send("keeping");
        bytes memory data = _update(same ? "keptSame" : "keptChanged");
        uint256 index = bound(place, 0, data.length - 1);
        // Neither the signature slot nor the wish to keep is part of what was signed.
        vm.assume(index < SIGNATURE_SLOT || index >= SIGNATURE_SLOT + 8);
        vm.assume(index != FLAG || bit % 8 != 2);
        data = _flip(data, index, uint8(1 << (bit % 8)));
        vm.expectRevert();
        client.update(data);
    }

    function testFuzz_RevertWhen_Truncated(uint256 kept, bool same) public {
        _send("keeping");
        bytes memory data = _update(same ? "keptSame" : "keptChanged");
        data = _slice(data, 0, bound(kept, 0, data.length - 1));
        vm.expectRevert();
        client.update(data);
    }

    function _reverts(string memory name, bytes4 selector) private {
        bytes memory data = _update(name);
        vm.expectPartialRevert(selector);
        client.update(data);
    }

    function _revertsFlipped(bytes memory data, uint256 index, bytes4 selector) private {
        _flip(data, index, 0x01);
        vm.expectPartialRevert(selector);
        client.update(data);
        _flip(data, index, 0x01);
    }
}
