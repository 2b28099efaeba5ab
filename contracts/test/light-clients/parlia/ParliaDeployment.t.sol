// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ILightClient} from "../../../src/light-clients/ILightClient.sol";
import {IParliaLightClient} from "../../../src/light-clients/parlia/IParliaLightClient.sol";
import {ParliaHeader} from "../../../src/light-clients/parlia/ParliaHeader.sol";
import {ParliaKeys} from "../../../src/light-clients/parlia/ParliaKeys.sol";
import {ParliaLightClient} from "../../../src/light-clients/parlia/ParliaLightClient.sol";
import {Test} from "../../utils/Test.sol";

/// @dev What a client may start with, and what the scheduler may change.
contract ParliaDeploymentTest is Test {
    uint256 private constant NOW = 1_800_000_000;
    address private constant SCHEDULER = address(0x5c4ed);
    /// @dev The generator of G1, `x(48) y(48)`.
    bytes private constant GENERATOR =
        hex"17f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb08b3f481e3aaa0f1a09e30ed741d8ae4fcf5e095d5d00af600db18cb2c04b3edd03cc744a2888ae40caa232946c5e7e1";

    function setUp() public {
        vm.warp(NOW);
    }

    function test_StartsAtTheAnchor() public {
        ParliaLightClient client = _deploy(_config(), _anchor());
        ILightClient.Head memory head = client.head();
        vm.assertEq(head.number, 1_500);
        vm.assertEq(head.timestamp, NOW - 10);
        vm.assertEq(head.hash, keccak256("anchor"));
        vm.assertEq(client.blockHash(1_500), keccak256("anchor"));
        (uint256 epoch, uint256 end) = client.newestSet();
        vm.assertEq(epoch, 1_000);
        // Two validators, turn length 8: (2 / 2 + 1) * 8 blocks into the next epoch.
        vm.assertEq(end, 2_016);
        vm.assertEq(client.chainId(), 56);
        vm.assertEq(client.consensus(), "parlia");
        vm.assertEq(client.expiresAt(), NOW - 10 + 3 days);
        vm.assertTrue(client.status() == ILightClient.Status.Active);
        vm.assertNotEq(client.setCommitment(1_000), 0);
        IParliaLightClient.Parameters memory given = client.parameters();
        vm.assertEq(given.epochLength, 1_000);
        vm.assertEq(given.trustingPeriod, 3 days);
        vm.assertEq(given.clockDrift, 60);
        vm.assertEq(given.scheduler, SCHEDULER);
        vm.warp(NOW - 10 + 3 days);
        vm.assertTrue(client.status() == ILightClient.Status.Expired);
    }

    function test_StoresNoBlockWithoutAHash() public {
        IParliaLightClient.TrustAnchor memory anchor = _anchor();
        anchor.hash = 0;
        vm.assertEq(_deploy(_config(), anchor).head().hash, 0);
    }

    function test_RevertWhen_AParameterIsZero() public {
        for (uint256 i = 0; i != 5; ++i) {
            IParliaLightClient.Parameters memory config = _config();
            IParliaLightClient.TrustAnchor memory anchor = _anchor();
            if (i == 0) config.chainId = 0;
            if (i == 1) config.epochLength = 0;
            if (i == 2) config.trustingPeriod = 0;
            if (i == 3) anchor.timestamp = 0;
            if (i == 4) anchor.turnLength = 0;
            vm.expectRevert(IParliaLightClient.ParliaLightClient_ZeroParameter.selector);
            this.deploy(config, anchor);
        }
    }

    function test_RevertWhen_TheAnchorIsImpossible() public {
        IParliaLightClient.TrustAnchor memory anchor = _anchor();
        anchor.timestamp = uint48(NOW + 61);
        vm.expectPartialRevert(IParliaLightClient.ParliaLightClient_FutureHeader.selector);
        this.deploy(_config(), anchor);
        anchor = _anchor();
        anchor.timestamp = uint48(NOW - 3 days);
        vm.expectPartialRevert(ILightClient.LightClient_Expired.selector);
        this.deploy(_config(), anchor);
        anchor = _anchor();
        anchor.epochTimestamp = anchor.timestamp + 1;
        vm.expectPartialRevert(IParliaLightClient.ParliaLightClient_Timestamp.selector);
        this.deploy(_config(), anchor);
        anchor = _anchor();
        anchor.epoch = 1_001;
        vm.expectPartialRevert(IParliaLightClient.ParliaLightClient_EpochOrder.selector);
        this.deploy(_config(), anchor);
        anchor.epoch = 2_000;
        vm.expectPartialRevert(IParliaLightClient.ParliaLightClient_EpochOrder.selector);
        this.deploy(_config(), anchor);
        anchor = _anchor();
        anchor.keys = new bytes(97);
        vm.expectPartialRevert(ParliaKeys.ParliaKeys_Size.selector);
        this.deploy(_config(), anchor);
        // One validator with turn length 1 would be succeeded before it could make its successor final.
        anchor = _anchor();
        anchor.keys = GENERATOR;
        anchor.turnLength = 1;
        vm.expectPartialRevert(IParliaLightClient.ParliaLightClient_SwitchOffset.selector);
        this.deploy(_config(), anchor);
        // 2 * 255 = 510 blocks do not fit into an epoch of 500.
        IParliaLightClient.Parameters memory config = _config();
        config.epochLength = 500;
        anchor = _anchor();
        anchor.turnLength = 255;
        vm.expectPartialRevert(IParliaLightClient.ParliaLightClient_SwitchOffset.selector);
        this.deploy(config, anchor);
    }

    /// @dev A set's end is kept in 48 bits: cut off, a set would vote for blocks long past, or for none.
    function test_RevertWhen_TheSetsEndIsBeyond48Bits() public {
        uint256 most = type(uint48).max;
        IParliaLightClient.Parameters memory config = _config();
        IParliaLightClient.TrustAnchor memory anchor = _anchor();
        // The last epochs of 1,000 blocks: the set of the one before the last ends 16 blocks into the last.
        uint256 last = most / 1_000 * 1_000;
        anchor.number = anchor.epoch = uint48(last - 1_000);
        (, uint256 end) = _deploy(config, anchor).newestSet();
        vm.assertEq(end, last + 16);
        anchor.number = anchor.epoch = uint48(last);
        vm.expectRevert(abi.encodeWithSelector(ParliaHeader.ParliaHeader_TooLarge.selector, 0, last + 1_016));
        this.deploy(config, anchor);
    }

    function test_RevertWhen_AStrangerSchedules() public {
        ParliaLightClient client = _deploy(_config(), _anchor());
        vm.expectPartialRevert(IParliaLightClient.ParliaLightClient_Unauthorized.selector);
        client.scheduleEpochLength(4_000, 2_000);
        IParliaLightClient.Parameters memory config = _config();
        config.scheduler = address(0);
        client = _deploy(config, _anchor());
        vm.prank(SCHEDULER);
        vm.expectPartialRevert(IParliaLightClient.ParliaLightClient_Unauthorized.selector);
        client.scheduleEpochLength(4_000, 2_000);
    }

    function test_ALaterEpochLengthChangesNothingYet() public {
        ParliaLightClient client = _deploy(_config(), _anchor());
        vm.prank(SCHEDULER);
        client.scheduleEpochLength(4_000, 500);
        (uint256 length, uint256 from, uint256 next) = client.epochLengths();
        vm.assertEq(length, 1_000);
        vm.assertEq(from, 4_000);
        vm.assertEq(next, 500);
        (, uint256 end) = client.newestSet();
        vm.assertEq(end, 2_016);
    }

    /// @dev A fork that nobody scheduled in time: the newest epoch lasts longer than the client thought.
    function test_ALongerEpochThatHasBegunPutsTheEndOff() public {
        IParliaLightClient.Parameters memory config = _config();
        config.epochLength = 500;
        ParliaLightClient client = _deploy(config, _anchor());
        (, uint256 end) = client.newestSet();
        vm.assertEq(end, 1_516);
        vm.prank(SCHEDULER);
        client.scheduleEpochLength(1_000, 1_000);
        (, end) = client.newestSet();
        vm.assertEq(end, 2_016);
        (uint256 length, uint256 from,) = client.epochLengths();
        vm.assertEq(length, 1_000);
        vm.assertEq(from, 0);
    }

    /// @dev The past: an epoch that was, one that starts nowhere, and a set whose range would shrink under what it vouched for.
    function test_RevertWhen_AScheduleTouchesThePast() public {
        ParliaLightClient client = _deploy(_config(), _anchor());
        uint48[5] memory froms = [uint48(0), 4_001, 4_000, 1_000, 1_500];
        uint24[5] memory lengths = [uint24(1_000), 1_000, 0, 250, 500];
        for (uint256 i = 0; i != 5; ++i) {
            vm.prank(SCHEDULER);
            vm.expectPartialRevert(IParliaLightClient.ParliaLightClient_Schedule.selector);
            client.scheduleEpochLength(froms[i], lengths[i]);
        }
    }

    function _config() private pure returns (IParliaLightClient.Parameters memory) {
        return IParliaLightClient.Parameters({
            chainId: 56, epochLength: 1_000, trustingPeriod: 3 days, clockDrift: 60, scheduler: SCHEDULER
        });
    }

    function _anchor() private pure returns (IParliaLightClient.TrustAnchor memory) {
        return IParliaLightClient.TrustAnchor({
            number: 1_500,
            timestamp: uint48(NOW - 10),
            hash: keccak256("anchor"),
            epoch: 1_000,
            epochTimestamp: uint48(NOW - 300),
            first: 1_016,
            turnLength: 8,
            keys: bytes.concat(GENERATOR, GENERATOR)
        });
    }

    /// @dev A frame of its own: forge deploys by cheatcode, and one that reverts ends the frame that it is in, expected or not.
    function deploy(IParliaLightClient.Parameters memory config, IParliaLightClient.TrustAnchor memory anchor)
        external
        returns (ParliaLightClient)
    {
        return _deploy(config, anchor);
    }

    function _deploy(IParliaLightClient.Parameters memory config, IParliaLightClient.TrustAnchor memory anchor)
        private
        returns (ParliaLightClient)
    {
        return new ParliaLightClient(config, anchor);
    }
}
