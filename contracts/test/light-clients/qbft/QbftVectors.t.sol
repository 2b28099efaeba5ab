// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ILightClient} from "../../../src/light-clients/ILightClient.sol";
import {IQbftLightClient} from "../../../src/light-clients/qbft/IQbftLightClient.sol";
import {QbftLightClient} from "../../../src/light-clients/qbft/QbftLightClient.sol";
import {Test} from "../../utils/Test.sol";

/// @dev Runs `vectors/qbft/`, which the TypeScript rules are tested against too. Each case tells its story.
contract QbftVectorsTest is Test {
    /// @dev EIP-155 id of the made-up chain; headers do not carry it.
    uint256 private constant CHAIN_ID = 1337;

    /// @dev Every case of the file, so that none is forgotten below. (LC-2, LC-3, LC-5 and LC-7)
    function test_EveryVector() public {
        string[] memory names = abi.decode(vm.parseJson(_read("client"), ".cases"), (string[]));
        vm.assertGt(names.length, 50);
        for (uint256 i = 0; i != names.length; ++i) {
            _case(names[i]);
        }
    }

    function test_RevertWhen_TwoOfFourSeal() public {
        _case("floorQuorum");
    }

    function test_RevertWhen_SealIsThereTwice() public {
        _case("duplicateSeal");
        _case("malleatedDuplicate");
    }

    function test_RevertWhen_SignerIsUnknown() public {
        _case("unknownSigner");
        _case("unknownSeat");
        _case("zeroRecovery");
    }

    function test_RevertWhen_SealIsOfAnotherHeader() public {
        _case("sealOfOtherHeader");
    }

    function test_RevertWhen_StrangersNameThemselves() public {
        _case("strangerSet");
        _case("addedWithForeignSeals");
        _case("memberSwapped");
    }

    function test_RevertWhen_TwoChangesInOneHeader() public {
        _case("twoStepsInOneHeader");
    }

    function test_RevertWhen_OldKeysSeal() public {
        _case("longRange");
    }

    function test_RevertWhen_SameBlockInTwoRoundsIsReported() public {
        _case("sameBlockTwoRounds");
    }

    /// @dev LC-1 and LC-4.
    function test_OlderHeaderNeverMovesTheHead() public {
        _case("olderHeader");
    }

    function test_RevertWhen_TimeRunsBackOrAhead() public {
        _case("timestamps");
        _case("futureHeader");
    }

    /// @dev LC-6.
    function test_EquivocationFreezesForGood() public {
        _case("equivocation");
        _case("conflictWithStored");
    }

    /// @dev Regression: the height that brought a new set was outside the range of the set that had judged it, so a true
    ///      header there that elected another validator was no evidence against a forged one.
    function test_ForgedHandoverCanBeReported() public {
        _case("contestedHandover");
    }

    /// @dev Regression: two blocks conflicted at one height only, so a quorum that sealed a height far ahead of the chain
    ///      took the head for good and nothing could freeze the client.
    function test_HeaderFarAheadCanBeReported() public {
        _case("farAhead");
        _case("farAheadUnstored");
    }

    function test_ExpiredKeepsWhatIsStored() public {
        _case("expired");
    }

    /// @dev Gas of the external calls alone, calldata and the base of a transaction not included.
    function test_Gas() public {
        QbftLightClient client = _deploy();
        client.verifyBlock(_data("sealedBeyondHead", 0));
        vm.assertLe(vm.lastCallGas().gasTotalUsed, 28_500, "sealed, 3 of 4");
        client.verifyBlock(_data("storedAnchor", 0));
        vm.assertLe(vm.lastCallGas().gasTotalUsed, 10_500, "stored");
        client.update(_data("olderHeader", 0));
        vm.assertLe(vm.lastCallGas().gasTotalUsed, 54_000, "update, 3 of 4");
        client = _deploy();
        client.update(_data("memberAdded", 1));
        vm.assertLe(vm.lastCallGas().gasTotalUsed, 115_000, "update, one validator more");
    }

    function _deploy() private returns (QbftLightClient) {
        string memory json = _read("client");
        vm.warp(vm.parseJsonUint(json, ".now"));
        IQbftLightClient.TrustAnchor memory anchor = IQbftLightClient.TrustAnchor({
            number: uint64(vm.parseJsonUint(json, ".anchor.number")),
            timestamp: uint64(vm.parseJsonUint(json, ".anchor.timestamp")),
            hash: vm.parseJsonBytes32(json, ".anchor.hash"),
            validators: vm.parseJsonAddressArray(json, ".anchor.validators")
        });
        uint256 period = vm.parseJsonUint(json, ".trustingPeriod");
        return new QbftLightClient(CHAIN_ID, anchor, period, vm.parseJsonUint(json, ".clockDrift"));
    }

    function _read(string memory name) private view returns (string memory) {
        return vm.readFile(string.concat(vm.projectRoot(), "/vectors/qbft/", name, ".json"));
    }

    function _path(uint256 step) private pure returns (string memory) {
        return string.concat(".steps[", vm.toString(step), "]");
    }

    function _data(string memory name, uint256 step) private view returns (bytes memory) {
        return vm.parseJsonBytes(_read(name), string.concat(_path(step), ".data"));
    }

    function _case(string memory name) private {
        QbftLightClient client = _deploy();
        string memory json = _read(name);
        uint256 steps = 0;
        while (vm.keyExistsJson(json, _path(steps))) {
            _step(client, name, json, _path(steps));
            ++steps;
        }
        vm.assertGt(steps, 0);
    }

    function _step(QbftLightClient client, string memory name, string memory json, string memory path) private {
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
