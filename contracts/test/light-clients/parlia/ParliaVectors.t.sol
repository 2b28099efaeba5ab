// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ILightClient} from "../../../src/light-clients/ILightClient.sol";
import {IParliaLightClient} from "../../../src/light-clients/parlia/IParliaLightClient.sol";
import {ParliaLightClient} from "../../../src/light-clients/parlia/ParliaLightClient.sol";
import {Test} from "../../utils/Test.sol";

/// @dev Runs `vectors/parlia/`, which the TypeScript rules are tested against too. Each case tells its story.
contract ParliaVectorsTest is Test {
    /// @dev Every case of the file, so that none is forgotten below.
    function test_EveryVector() public {
        string[] memory names = abi.decode(vm.parseJson(_read("client"), ".cases"), (string[]));
        vm.assertGt(names.length, 40);
        for (uint256 i = 0; i != names.length; ++i) {
            _case(names[i]);
        }
    }

    /// @dev Hyperbridge #954, and Union and MAP until today: votes that skip a block were taken for final.
    function test_RevertWhen_VotesAreNotAdjacent() public {
        _case("nonAdjacent");
    }

    /// @dev MAP and Hyperbridge: floor(2N/3) votes were enough.
    function test_RevertWhen_TwoOfFourVote() public {
        _case("floorQuorum");
    }

    /// @dev Hyperbridge: bits that no validator has counted.
    function test_RevertWhen_VoterIsUnknown() public {
        _case("unknownVoter");
        _case("claimedVoter");
    }

    /// @dev MAP: the set of the epoch before for the whole epoch. Hyperbridge: the switch at half the validators.
    function test_SetsSwitchByTheNumbersOfTheSetBefore() public {
        _case("switchBlock");
        _case("turnLength");
        _case("beyondTheRange");
    }

    function test_RevertWhen_KeysAreInjected() public {
        _case("injectedKeys");
        _case("weakenedSet");
        _case("absenteeKeys");
    }

    function test_RevertWhen_EpochHeaderIsMalformed() public {
        _case("malformedEpoch");
    }

    /// @dev A jump that takes the later set's list of keys as it comes is open to whoever lists a key that cancels the
    ///      others: nothing vouches for that list but the signature that it makes valid.
    function test_RevertWhen_RogueKeyJumps() public {
        _case("jumpWithRogueKey");
        _case("jumpPossession");
        _case("jumpTrustedVotes");
        _case("jumpTooEarly");
    }

    function test_ConflictingFinalizedBlocksFreezeForGood() public {
        _case("equivocation");
        _case("conflictingBranches");
        _case("storedAgainstVotes");
        _case("timeRunsBack");
    }

    function test_ForgedSetsCanBeReported() public {
        _case("contestedEpoch");
        _case("jumpAgainstForgedJump");
    }

    function test_ExpiredKeepsWhatIsStored() public {
        _case("expired");
        _case("oldKeys");
    }

    /// @dev Gas of the external calls alone, calldata and the base of a transaction not included.
    function test_Gas() public {
        ParliaLightClient client = _deploy();
        client.verifyBlock(_data("finalized", 0));
        vm.assertLe(vm.lastCallGas().gasTotalUsed, 190_000, "voted on, 3 of 4");
        client.update(_data("finalized", 1));
        vm.assertLe(vm.lastCallGas().gasTotalUsed, 215_000, "update, 3 of 4");
        client.verifyBlock(_data("finalized", 3));
        vm.assertLe(vm.lastCallGas().gasTotalUsed, 12_000, "stored");
    }

    function _deploy() private returns (ParliaLightClient) {
        string memory json = _read("client");
        vm.warp(vm.parseJsonUint(json, ".now"));
        IParliaLightClient.TrustAnchor memory anchor = IParliaLightClient.TrustAnchor({
            number: uint48(vm.parseJsonUint(json, ".anchor.number")),
            timestamp: uint48(vm.parseJsonUint(json, ".anchor.timestamp")),
            hash: vm.parseJsonBytes32(json, ".anchor.hash"),
            epoch: uint48(vm.parseJsonUint(json, ".anchor.epoch")),
            epochTimestamp: uint48(vm.parseJsonUint(json, ".anchor.epochTimestamp")),
            first: uint48(vm.parseJsonUint(json, ".anchor.first")),
            turnLength: uint8(vm.parseJsonUint(json, ".anchor.turnLength")),
            keys: vm.parseJsonBytes(json, ".anchor.keys")
        });
        IParliaLightClient.Parameters memory config = IParliaLightClient.Parameters({
            chainId: vm.parseJsonUint(json, ".parameters.chainId"),
            epochLength: uint24(vm.parseJsonUint(json, ".parameters.epochLength")),
            trustingPeriod: uint48(vm.parseJsonUint(json, ".parameters.trustingPeriod")),
            clockDrift: uint48(vm.parseJsonUint(json, ".parameters.clockDrift")),
            scheduler: address(0)
        });
        return new ParliaLightClient(config, anchor);
    }

    function _read(string memory name) private view returns (string memory) {
        return vm.readFile(string.concat(vm.projectRoot(), "/vectors/parlia/", name, ".json"));
    }

    function _path(uint256 step) private pure returns (string memory) {
        return string.concat(".steps[", vm.toString(step), "]");
    }

    function _data(string memory name, uint256 step) private view returns (bytes memory) {
        return vm.parseJsonBytes(_read(name), string.concat(_path(step), ".data"));
    }

    function _case(string memory name) private {
        ParliaLightClient client = _deploy();
        string memory json = _read(name);
        uint256 steps = 0;
        while (vm.keyExistsJson(json, _path(steps))) {
            _step(client, name, json, _path(steps));
            ++steps;
        }
        vm.assertGt(steps, 0);
    }

    function _step(ParliaLightClient client, string memory name, string memory json, string memory path) private {
        vm.warp(vm.parseJsonUint(json, string.concat(path, ".now")));
        bytes memory data = vm.parseJsonBytes(json, string.concat(path, ".data"));
        bytes32 call = keccak256(bytes(vm.parseJsonString(json, string.concat(path, ".call"))));
        bytes4 selector = call == keccak256("update")
            ? ILightClient.update.selector
            : call == keccak256("verifyBlock")
                ? ILightClient.verifyBlock.selector
                : ILightClient.reportMisbehaviour.selector;
        (bool success, bytes memory result) = address(client).call(abi.encodeWithSelector(selector, data));
        string memory expected = vm.parseJsonString(json, string.concat(path, ".error"));
        if (bytes(expected).length != 0) {
            vm.assertFalse(success, string.concat(name, path, " was accepted"));
            bytes4 given = result.length < 4 ? bytes4(0) : bytes4(result);
            bytes4 wanted = bytes4(vm.parseJsonBytes(json, string.concat(path, ".selector")));
            vm.assertEq(bytes32(given), bytes32(wanted));
            return;
        }
        vm.assertTrue(success, string.concat(name, path, " was refused"));
        if (selector == ILightClient.verifyBlock.selector) {
            ILightClient.Block memory found = abi.decode(result, (ILightClient.Block));
            vm.assertEq(found.number, vm.parseJsonUint(json, string.concat(path, ".number")));
            vm.assertEq(found.hash, vm.parseJsonBytes32(json, string.concat(path, ".hash")));
            vm.assertEq(found.participation, vm.parseJsonUint(json, string.concat(path, ".participation")));
        } else if (selector == ILightClient.update.selector) {
            vm.assertEq(abi.decode(result, (uint256)), vm.parseJsonUint(json, string.concat(path, ".result")));
            vm.assertEq(client.head().number, vm.parseJsonUint(json, string.concat(path, ".head")));
            (uint256 epoch,) = client.newestSet();
            vm.assertEq(epoch, vm.parseJsonUint(json, string.concat(path, ".epoch")));
        } else {
            vm.assertTrue(client.status() == ILightClient.Status.Frozen);
        }
    }
}
