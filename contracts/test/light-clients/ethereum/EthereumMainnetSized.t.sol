// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Bls12381} from "../../../src/crypto/Bls12381.sol";
import {IEthereumLightClient} from "../../../src/light-clients/ethereum/IEthereumLightClient.sol";
import {Vm} from "../../utils/Vm.sol";
import {EthereumClientTest} from "./EthereumClientTest.sol";

/// @notice Committees of 512: quorum, and gas of a whole transaction with every word written non-zero before.
contract EthereumMainnetSizedTest is EthereumClientTest {
    uint256 private constant TRANSACTION_GAS = 21_000;

    function setUp() public {
        json = _load("mainnet-sized.json");
        vm.warp(vm.parseJsonUint(json, ".time"));
        client = _deploy(_bytes(".constructor"));
    }

    /// A popcount in 8-bit lanes wraps at 256 set bits to 0: it would see 86 signers here.
    function test_PopcountOfAFullWord() public {
        _send("fullWord");
        vm.assertEq(client.head().number, vm.parseJsonUint(json, ".finalizedSlot"));
    }

    function test_RevertWhen_HalfOfTheCommitteeSigned() public {
        bytes memory data = _update("halfSigned");
        vm.expectRevert(
            abi.encodeWithSelector(IEthereumLightClient.EthereumLightClient_Participation.selector, 342, 256)
        );
        client.update(data);
    }

    function test_RevertWhen_OneSignerIsMissing() public {
        bytes memory data = _update("belowMinimum");
        vm.expectRevert(
            abi.encodeWithSelector(IEthereumLightClient.EthereumLightClient_Participation.selector, 342, 341)
        );
        client.update(data);
    }

    function test_GasStaysBelowItsBounds() public {
        vm.assertLe(_gasOf("all"), 225_000, "512 of 512");
        vm.assertLe(_gasOf("absentOne"), 237_000, "511 of 512");
        vm.assertLe(_gasOf("rotationAbsentThree"), 275_000, "rotation, 509 of 512");
        vm.assertLe(_gasOf("rotationAbsentThree") - _gasOf("absentThree"), 14_000, "what a rotation adds");
    }

    function test_RevertWhen_CommitteeIsHostile() public {
        bytes4 infinity = Bls12381.Bls12381_Infinity.selector;
        _revertsHostile("cancellingWithZeroSignature", infinity);
        _revertsHostile("cancellingWithSignature", infinity);
        _revertsHostile("infinityAggregate", infinity);
        _revertsHostile("absentKeyAtInfinity", infinity);
        bytes4 precompile = Bls12381.Bls12381_Precompile.selector;
        _revertsHostile("strayAggregate", precompile);
        _revertsHostile("strayAggregateLessOne", precompile);
        _revertsHostile("aggregateOffTheCurve", precompile);
        _revertsHostile("absentKeyOffTheCurve", precompile);
        bytes memory update = _hostile("honest");
        client.update(update);
    }

    function _revertsHostile(string memory name, bytes4 selector) private {
        bytes memory update = _hostile(name);
        vm.expectPartialRevert(selector);
        client.update(update);
    }

    /// @dev Starts a client on the hostile committee and returns the update that it signed.
    function _hostile(string memory name) private returns (bytes memory) {
        json = _load("hostile-committees.json");
        vm.warp(1_700_000_000 + 6 * 200);
        client = _deploy(_bytes(string.concat(".", name, ".constructor")));
        return _bytes(string.concat(".", name, ".update"));
    }

    /// @dev 21,000, calldata at 4 and 16 gas a byte (or EIP-7623's floor), and the call with cold storage. Every word
    ///      that the update writes holds another value than zero before, as in a client that has run for a while.
    function _gasOf(string memory name) private returns (uint256 total) {
        uint256 snapshot = vm.snapshotState();
        uint256 slot = vm.parseJsonUint(json, ".finalizedSlot");
        vm.store(address(client), bytes32(BLOCKS_AT + slot % 8192), bytes32(uint256(1)));
        vm.store(address(client), bytes32(COMMITTEES_AT + 2), bytes32(uint256(1)));
        bytes memory data = abi.encodeCall(client.update, (_update(name)));
        vm.cool(address(client));
        (bool success,) = address(client).call(data);
        vm.assertTrue(success);
        Vm.Gas memory used = vm.lastCallGas();
        uint256 tokens;
        for (uint256 i = 0; i < data.length; ++i) {
            tokens += data[i] == 0 ? 1 : 4;
        }
        // A transaction's recipient is warm: what `cool` charges for it beyond a warm one is taken off.
        total = TRANSACTION_GAS + 4 * tokens + used.gasTotalUsed;
        vm.assertLe(TRANSACTION_GAS + 10 * tokens, total, "floor of EIP-7623");
        vm.revertToState(snapshot);
    }
}
