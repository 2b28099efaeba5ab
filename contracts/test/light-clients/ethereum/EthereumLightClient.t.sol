// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Bls12381} from "../../../src/crypto/Bls12381.sol";
import {Layout} from "../../../src/light-clients/ethereum/BeaconLayout.sol";
import {IEthereumLightClient} from "../../../src/light-clients/ethereum/IEthereumLightClient.sol";
import {ILightClient} from "../../../src/light-clients/ILightClient.sol";
import {EthereumClientTest} from "./EthereumClientTest.sol";

/// @notice What the client accepts, stores and refuses, on a chain of the minimal preset that crosses three forks.
contract EthereumLightClientTest is EthereumClientTest {
    uint256 private genesisTime;

    function setUp() public {
        json = _load("minimal.json");
        genesisTime = vm.parseJsonUint(json, ".genesisTime");
        vm.warp(vm.parseJsonUint(json, ".time"));
        client = _deploy(_bytes(".constructor"));
    }

    function test_StartsAtItsBootstrap() public view {
        ILightClient.Head memory head = client.head();
        vm.assertEq(head.number, 72);
        vm.assertEq(head.timestamp, genesisTime + 72 * 6);
        vm.assertEq(head.hash, vm.parseJsonBytes32(json, ".roots.start"));
        vm.assertEq(client.syncCommitteeRoot(1), vm.parseJsonBytes32(json, ".committeeRoots.c1"));
        vm.assertEq(client.syncCommitteeRoot(0), bytes32(0));
        vm.assertEq(client.syncCommitteeRoot(2), bytes32(0));
        vm.assertEq(client.consensus(), "ethereum");
        vm.assertEq(client.chainId(), 7);
        vm.assertEq(client.forks().length, 4);
        vm.assertEq(uint256(client.status()), uint256(ILightClient.Status.Active));
        (bool stored, uint256 participants) = client.storedBlock(72, head.hash);
        vm.assertTrue(stored);
        vm.assertEq(participants, 0);
    }

    function test_MovesTheHead() public {
        bytes32 root = vm.parseJsonBytes32(json, ".roots.f80");
        vm.expectEmit(address(client));
        emit ILightClient.HeadAdvanced(80, uint64(genesisTime + 480), root, 9687);
        vm.assertEq(uint256(_send("finalityAbsentOne")), uint256(ILightClient.UpdateResult.Updated));
        vm.assertEq(client.head().hash, root);
        vm.assertEq(client.head().number, 80);
        vm.assertEq(client.expiresAt(), genesisTime + 480 + 86_400);
    }

    function test_NothingNewIsNoOp() public {
        _send("finality");
        bytes32 state = vm.load(address(client), STATE);
        vm.assertEq(uint256(_send("finality")), uint256(ILightClient.UpdateResult.NoOp));
        vm.assertEq(vm.load(address(client), STATE), state);
    }

    /// Anybody can leave signatures out of an aggregate: who stores a block first with the fewest signers must not be
    /// able to hold back the messages of routes that ask for more.
    function test_MoreSignersReplaceFewer() public {
        bytes32 root = vm.parseJsonBytes32(json, ".roots.f80");
        _send("finalityMinimum");
        (, uint256 participants) = client.storedBlock(80, root);
        vm.assertEq(participants, 22);
        vm.assertEq(uint256(_send("finality")), uint256(ILightClient.UpdateResult.NoOp));
        (, participants) = client.storedBlock(80, root);
        vm.assertEq(participants, 32);
        vm.assertEq(uint256(_send("finalityMinimum")), uint256(ILightClient.UpdateResult.NoOp));
        (, participants) = client.storedBlock(80, root);
        vm.assertEq(participants, 32);
    }

    function test_SignersOfTheBootstrapAreCounted() public {
        vm.assertEq(uint256(_send("atBootstrap")), uint256(ILightClient.UpdateResult.NoOp));
        (, uint256 participants) = client.storedBlock(72, vm.parseJsonBytes32(json, ".roots.start"));
        vm.assertEq(participants, 31);
        vm.assertEq(client.head().number, 72);
    }

    function test_OlderFinalizedHeaderSuppliesTheNextCommittee() public {
        vm.assertEq(uint256(_send("rotationEarlier")), uint256(ILightClient.UpdateResult.Updated));
        vm.assertEq(client.head().number, 72);
        vm.assertEq(client.syncCommitteeRoot(2), vm.parseJsonBytes32(json, ".committeeRoots.c2"));
        (bool stored,) = client.storedBlock(64, vm.parseJsonBytes32(json, ".roots.early"));
        vm.assertTrue(stored);
    }

    /// @dev LC-1 and LC-4.
    function test_OlderBlockDoesNotMoveTheHead() public {
        _send("rotation");
        vm.assertEq(client.head().number, 88);
        vm.assertEq(uint256(_send("finality")), uint256(ILightClient.UpdateResult.Updated));
        vm.assertEq(client.head().number, 88);
        vm.assertEq(client.head().hash, vm.parseJsonBytes32(json, ".roots.f88"));
        (bool stored,) = client.storedBlock(80, vm.parseJsonBytes32(json, ".roots.f80"));
        vm.assertTrue(stored);
    }

    function test_FollowsPeriodsAndForks() public {
        _send("rotation");
        _send("handover");
        vm.assertEq(client.head().number, 112);
        _send("boundary");
        vm.assertEq(client.head().number, 120);
        _send("nextPeriodBare");
        vm.assertEq(client.head().number, 136);
        (uint256 first, uint256 last) = client.syncCommitteePeriods();
        vm.assertEq(first, 1);
        vm.assertEq(last, 2);
        _send("nextPeriod");
        vm.assertEq(client.syncCommitteeRoot(3), vm.parseJsonBytes32(json, ".committeeRoots.c3"));
        _send("fulu");
        vm.assertEq(client.head().number, 168);
    }

    function test_HeadInTheNextPeriodForgetsThatTheCommitteeWasNext() public {
        _send("rotation");
        _send("nextPeriodBare");
        vm.assertEq(client.syncCommitteeRoot(3), bytes32(0));
        bytes memory data = _update("unknownPeriod");
        vm.expectRevert(
            abi.encodeWithSelector(IEthereumLightClient.EthereumLightClient_UnknownPeriod.selector, 2, 2, 3)
        );
        client.update(data);
    }

    function test_AbsentMembersOfEveryShape() public {
        _send("finalityAbsentPairs");
        _send("finalityMinimum");
        _send("finalityAbsentOne");
        _send("finality");
    }

    /// @dev LC-2.
    function test_RevertWhen_FewerThanTwoThirdsSigned() public {
        _reverts(
            "belowMinimum",
            abi.encodeWithSelector(IEthereumLightClient.EthereumLightClient_Participation.selector, 22, 21)
        );
        _reverts(
            "nobody", abi.encodeWithSelector(IEthereumLightClient.EthereumLightClient_Participation.selector, 22, 0)
        );
    }

    /// The first slot of a fork carries a signature made under the fork before it. Clients that took the version of the
    /// signature's slot stopped at every fork.
    function test_RevertWhen_ForkIsThatOfTheSignatureSlot() public {
        _send("rotation");
        _revertsWith("handoverWithWrongFork", IEthereumLightClient.EthereumLightClient_Signature.selector);
        _send("handover");
    }

    function test_RevertWhen_DomainIsAnothers() public {
        _revertsWith("wrongVersion", IEthereumLightClient.EthereumLightClient_Signature.selector);
        _revertsWith("wrongValidatorsRoot", IEthereumLightClient.EthereumLightClient_Signature.selector);
    }

    function test_RevertWhen_CommitteeIsAnothers() public {
        _revertsWith("wrongCommittee", IEthereumLightClient.EthereumLightClient_SyncCommittee.selector);
    }

    function test_RevertWhen_CommitteeOfTheSignatureSlotIsUnknown() public {
        _reverts(
            "handover", abi.encodeWithSelector(IEthereumLightClient.EthereumLightClient_UnknownPeriod.selector, 1, 1, 2)
        );
    }

    function test_RevertWhen_SignatureIsZero() public {
        _reverts("zeroSignature", abi.encodeWithSelector(Bls12381.Bls12381_Infinity.selector));
    }

    function test_RevertWhen_SignatureIsOutsideTheSubgroup() public {
        _reverts("straySignature", abi.encodeWithSelector(Bls12381.Bls12381_Precompile.selector, address(0x0f)));
    }

    function test_RevertWhen_SlotsAreOutOfOrder() public {
        _revertsWith("sameSlot", IEthereumLightClient.EthereumLightClient_SlotOrder.selector);
        _revertsWith("finalizedAfterAttested", IEthereumLightClient.EthereumLightClient_SlotOrder.selector);
    }

    function test_RevertWhen_SignatureSlotIsInTheFuture() public {
        bytes memory data = _update("finality");
        uint256 time = genesisTime + 91 * 6;
        vm.warp(time - 13);
        vm.expectRevert(
            abi.encodeWithSelector(IEthereumLightClient.EthereumLightClient_Future.selector, time - 1, time)
        );
        client.update(data);
        vm.warp(time - 12);
        client.update(data);
    }

    function test_RevertWhen_NextCommitteeComesWithAHeaderOfThePeriodBefore() public {
        _send("rotation");
        _reverts(
            "notFinal",
            abi.encodeWithSelector(IEthereumLightClient.EthereumLightClient_NextSyncCommitteeNotFinal.selector, 2, 1)
        );
    }

    /// @dev LC-5.
    function test_RevertWhen_NextCommitteeConflicts() public {
        _send("rotation");
        _reverts(
            "rotationOther",
            abi.encodeWithSelector(
                IEthereumLightClient.EthereumLightClient_SyncCommitteeConflict.selector,
                2,
                vm.parseJsonBytes32(json, ".committeeRoots.c2"),
                vm.parseJsonBytes32(json, ".committeeRoots.other")
            )
        );
        vm.assertEq(client.syncCommitteeRoot(2), vm.parseJsonBytes32(json, ".committeeRoots.c2"));
    }

    function test_RevertWhen_HeadBlockConflicts() public {
        _send("finality");
        _reverts(
            "conflictingBlock",
            abi.encodeWithSelector(
                IEthereumLightClient.EthereumLightClient_BlockConflict.selector,
                80,
                vm.parseJsonBytes32(json, ".roots.f80"),
                vm.parseJsonBytes32(json, ".roots.f80fork")
            )
        );
    }

    /// @dev LC-6.
    function test_RevertWhen_Expired() public {
        bytes memory data = _update("finality");
        uint256 expiry = client.expiresAt();
        vm.warp(expiry);
        vm.assertEq(uint256(client.status()), uint256(ILightClient.Status.Expired));
        vm.expectRevert(abi.encodeWithSelector(ILightClient.LightClient_Expired.selector, expiry, expiry));
        client.update(data);
        client.verifyBlock(_bytes(".blocks.bootstrap"));
        vm.warp(expiry - 1);
        client.update(_update("finality"));
    }

    function test_SchedulesAFork() public {
        IEthereumLightClient.Fork memory fork = _fork(700);
        vm.prank(address(0x0F0A4C));
        client.scheduleFork(fork);
        vm.assertEq(client.forks().length, 5);
        // Slots before the fork still take the forks before it.
        _send("rotation");
        _send("handover");
        _send("fulu");
        client.verifyBlock(_bytes(".blocks.bootstrap"));
    }

    /// @dev LC-8.
    function test_RevertWhen_ForkIsInThePast() public {
        // Epoch 25 starts a second before the notice has run out.
        vm.warp(genesisTime + 25 * 48 - 3_600 + 1);
        IEthereumLightClient.Fork memory fork = _fork(25);
        vm.prank(address(0x0F0A4C));
        vm.expectRevert(
            abi.encodeWithSelector(
                IEthereumLightClient.EthereumLightClient_ForkNotice.selector,
                genesisTime + 25 * 48 + 1,
                genesisTime + 25 * 48
            )
        );
        client.scheduleFork(fork);
        vm.warp(genesisTime + 25 * 48 - 3_600);
        vm.prank(address(0x0F0A4C));
        client.scheduleFork(fork);
    }

    function test_RevertWhen_ForkIsNotTheLast() public {
        vm.prank(address(0x0F0A4C));
        client.scheduleFork(_fork(700));
        IEthereumLightClient.Fork memory fork = _fork(700);
        vm.prank(address(0x0F0A4C));
        vm.expectRevert(abi.encodeWithSelector(IEthereumLightClient.EthereumLightClient_ForkOrder.selector, 700, 700));
        client.scheduleFork(fork);
    }

    function test_RevertWhen_SomebodyElseSchedulesAFork() public {
        IEthereumLightClient.Fork memory fork = _fork(700);
        vm.expectRevert(
            abi.encodeWithSelector(
                IEthereumLightClient.EthereumLightClient_Unauthorized.selector, address(0x0F0A4C), address(this)
            )
        );
        client.scheduleFork(fork);
    }

    function _fork(uint64 epoch) private pure returns (IEthereumLightClient.Fork memory) {
        return IEthereumLightClient.Fork(epoch, 0x07000001, Layout.Electra);
    }

    function _reverts(string memory name, bytes memory reason) private {
        bytes memory data = _update(name);
        vm.expectRevert(reason);
        client.update(data);
    }

    function _revertsWith(string memory name, bytes4 selector) private {
        bytes memory data = _update(name);
        vm.expectPartialRevert(selector);
        client.update(data);
    }
}
