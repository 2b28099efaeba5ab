// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ILightClient} from "../../../src/light-clients/ILightClient.sol";
import {IIstanbulLightClient} from "../../../src/light-clients/istanbul/IIstanbulLightClient.sol";
import {IstanbulLightClient} from "../../../src/light-clients/istanbul/IstanbulLightClient.sol";
import {Test} from "../../utils/Test.sol";

/// @dev Runs `vectors/istanbul/`, which the TypeScript rules are tested against too. Each case tells its story.
contract IstanbulVectorsTest is Test {
    uint256 private constant GAS_SEALED = 149_000;
    uint256 private constant GAS_STORED = 7_000;
    uint256 private constant GAS_UPDATE = 200_000;

    /// @dev Every case of the file, so that none is forgotten below.
    function test_EveryVector() public {
        string[] memory names = abi.decode(vm.parseJson(_read("client"), ".cases"), (string[]));
        vm.assertGt(names.length, 50);
        for (uint256 i = 0; i != names.length; ++i) {
            _case(names[i]);
        }
    }

    /// @dev MAP's LightNodeV2 took keys that the caller brought with the genuine header of an epoch without a change.
    function test_RevertWhen_KeysAreInjected() public {
        _case("injectedKeys");
        _case("injectedInAnyBlock");
    }

    /// @dev MAP's LightNodeV2 cut heights to 32 bits.
    function test_RevertWhen_HeightIsMasked() public {
        _case("maskedHeight");
    }

    /// @dev Before the fork every signature can be made of public keys.
    function test_RevertWhen_BlockIsBeforeTheFork() public {
        _case("beforeFork");
        _case("preForkSignature");
    }

    /// @dev The sum of G2 keys is the caller's word until a pairing binds it to the G1 keys.
    function test_RevertWhen_AggregateKeyIsMadeUp() public {
        _case("rogueAggregateKey");
        _case("infinity");
        _case("keysThatCancel");
        _case("keyAtInfinity");
    }

    function test_RevertWhen_TwoOfFourOrThreeOfFiveSign() public {
        _case("floorQuorum");
    }

    function test_RevertWhen_BitmapNamesOthers() public {
        _case("unknownSeat");
        _case("bitmapOfOthers");
    }

    function test_RevertWhen_SealIsOfAnotherRoundOrHeader() public {
        _case("otherRound");
        _case("sealOfOtherHeader");
        _case("otherMessage");
    }

    function test_OldSetSealsTheLastBlockOfItsEpoch() public {
        _case("memberJoins");
        _case("memberLeaves");
        _case("membersSwapped");
    }

    function test_RevertWhen_EpochIsSkipped() public {
        _case("unknownEpoch");
    }

    function test_RevertWhen_HintIsWrong() public {
        _case("hints");
    }

    function test_EquivocationFreezesForGood() public {
        _case("equivocation");
        _case("conflictWithStored");
        _case("contestedHandover");
        _case("farAhead");
    }

    function test_RevertWhen_OldKeysSeal() public {
        _case("setExpired");
        _case("longRange");
    }

    function test_ExpiredKeepsWhatIsStored() public {
        _case("expired");
    }

    /// @dev Gas of the external calls alone, calldata and the base of a transaction not included.
    function test_Gas() public {
        IstanbulLightClient client = _deploy();
        client.verifyBlock(_data("sealedBeyondHead", 0));
        uint256 sealedGas = vm.lastCallGas().gasTotalUsed;
        client.verifyBlock(_data("storedAnchor", 0));
        uint256 storedGas = vm.lastCallGas().gasTotalUsed;
        client.update(_data("memberJoins", 2));
        uint256 updateGas = vm.lastCallGas().gasTotalUsed;
        vm.assertLe(sealedGas, GAS_SEALED, "sealed, 3 of 4");
        vm.assertLe(storedGas, GAS_STORED, "stored");
        vm.assertLe(updateGas, GAS_UPDATE, "update, 4 to 5 validators");
    }

    function _deploy() private returns (IstanbulLightClient) {
        string memory json = _read("client");
        vm.warp(vm.parseJsonUint(json, ".now"));
        IIstanbulLightClient.TrustAnchor memory anchor = IIstanbulLightClient.TrustAnchor({
            number: uint64(vm.parseJsonUint(json, ".anchor.number")),
            timestamp: uint64(vm.parseJsonUint(json, ".anchor.timestamp")),
            hash: vm.parseJsonBytes32(json, ".anchor.hash"),
            validators: vm.parseJsonBytes(json, ".anchor.validators")
        });
        uint256 period = vm.parseJsonUint(json, ".trustingPeriod");
        IIstanbulLightClient.Chain memory chain = IIstanbulLightClient.Chain({
            chainId: vm.parseJsonUint(json, ".chain.chainId"),
            epochSize: uint64(vm.parseJsonUint(json, ".chain.epochSize")),
            forkHeight: uint64(vm.parseJsonUint(json, ".chain.forkHeight"))
        });
        return new IstanbulLightClient(chain, anchor, period, vm.parseJsonUint(json, ".clockDrift"));
    }

    function _read(string memory name) private view returns (string memory) {
        return vm.readFile(string.concat(vm.projectRoot(), "/vectors/istanbul/", name, ".json"));
    }

    function _path(uint256 step) private pure returns (string memory) {
        return string.concat(".steps[", vm.toString(step), "]");
    }

    function _data(string memory name, uint256 step) private view returns (bytes memory) {
        return vm.parseJsonBytes(_read(name), string.concat(_path(step), ".data"));
    }

    function _case(string memory name) private {
        IstanbulLightClient client = _deploy();
        string memory json = _read(name);
        uint256 steps = 0;
        while (vm.keyExistsJson(json, _path(steps))) {
            _step(client, name, json, _path(steps));
            ++steps;
        }
        vm.assertGt(steps, 0);
    }

    function _step(IstanbulLightClient client, string memory name, string memory json, string memory path) private {
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
        } else {
            vm.assertTrue(client.status() == ILightClient.Status.Frozen);
        }
    }
}
