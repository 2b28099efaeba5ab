// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Layout} from "../../../src/light-clients/ethereum/BeaconLayout.sol";
import {IEthereumLightClient} from "../../../src/light-clients/ethereum/IEthereumLightClient.sol";
import {ILightClient} from "../../../src/light-clients/ILightClient.sol";
import {EthereumClientTest} from "./EthereumClientTest.sol";

/// @notice Callers who choose the gas and the largest slots there are.
contract EthereumStarvationTest is EthereumClientTest {
    string[4] private forgeries = ["wrongVersion", "wrongCommittee", "straySignature", "zeroSignature"];
    string[4] private innocent = ["sameBlock", "sameCommittee", "invalidSecond", "historyFalse"];

    function setUp() public {
        json = _load("minimal.json");
        vm.warp(vm.parseJsonUint(json, ".time"));
        client = _deploy(_bytes(".constructor"));
        for (uint256 i = 0; i < forgeries.length; ++i) {
            _keepUpdate(forgeries[i]);
        }
        for (uint256 i = 0; i < innocent.length; ++i) {
            _keep(_evidence(innocent[i]));
        }
        _keepUpdate("rotation");
        _keepUpdate("finality");
        _keep(".blocks.bootstrap");
    }

    /// Precompiles get 63 of 64 parts of what is left: gas that runs out inside one must not read as an answer.
    function testFuzz_GasThatRunsOutConcludesNothing(uint256 given) public {
        given = bound(given, 1_000, 600_000);
        for (uint256 i = 0; i < forgeries.length; ++i) {
            vm.assertFalse(_call(abi.encodeCall(client.update, (_update(forgeries[i]))), given));
        }
        for (uint256 i = 0; i < innocent.length; ++i) {
            vm.assertFalse(_call(abi.encodeCall(client.reportMisbehaviour, (_bytes(_evidence(innocent[i])))), given));
        }
        vm.assertEq(uint256(client.status()), uint256(ILightClient.Status.Active));
        vm.assertEq(client.head().number, 72);

        bool accepted = _call(abi.encodeCall(client.update, (_update("rotation"))), given);
        vm.assertEq(client.head().number, accepted ? 88 : 72);
        vm.assertEq(
            client.syncCommitteeRoot(2), accepted ? vm.parseJsonBytes32(json, ".committeeRoots.c2") : bytes32(0)
        );
    }

    function test_EnoughGasIsEnough() public {
        vm.assertTrue(_call(abi.encodeCall(client.update, (_update("rotation"))), 600_000));
    }

    function testFuzz_RevertWhen_ASlotIsAtTheEndOfTime(uint64 distance) public {
        distance = uint64(bound(distance, 0, type(uint64).max - 1_000));
        uint64 slot = type(uint64).max - distance;
        bytes memory data = _splice(_update("finality"), SIGNATURE_SLOT, abi.encodePacked(slot));
        vm.expectPartialRevert(IEthereumLightClient.EthereumLightClient_Future.selector);
        client.update(data);
        data = _splice(data, ATTESTED_SLOT, abi.encodePacked(slot - 1));
        data = _splice(data, FINALIZED, abi.encodePacked(slot - 1));
        vm.expectPartialRevert(IEthereumLightClient.EthereumLightClient_Future.selector);
        client.update(data);
        bytes memory proof = _splice(_bytes(".blocks.bootstrap"), 1, abi.encodePacked(slot));
        vm.expectPartialRevert(IEthereumLightClient.EthereumLightClient_UnknownBlock.selector);
        client.verifyBlock(proof);
    }

    /// The time of a fork does not wrap into the past, nor does it reach what is signed before it.
    function test_AForkAtTheEndOfTimeChangesNothing() public {
        vm.prank(address(0x0F0A4C));
        client.scheduleFork(IEthereumLightClient.Fork(type(uint64).max, 0x07000001, Layout.Electra));
        _send("rotation");
        vm.assertEq(client.head().number, 88);
    }

    function _call(bytes memory data, uint256 given) private returns (bool success) {
        (success,) = address(client).call{gas: given}(data);
    }

    function _evidence(string memory name) private pure returns (string memory) {
        return string.concat(".evidence.", name);
    }
}
