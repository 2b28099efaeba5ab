// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IFeeService} from "../../src/mos/interfaces/IFeeService.sol";
import {IProver} from "../../src/prover/IProver.sol";
import {Prover} from "../../src/prover/Prover.sol";
import {HubTest} from "../hub/utils/HubTest.sol";
import {World} from "../hub/utils/World.sol";
import {ReceiptTrie} from "../mos/utils/ReceiptTrie.sol";

/// @notice Over a hub, `mos.route(A).lightClient` follows the hub's chain H. The prover took it as A's: whoever could log
///         anything on H, which is everybody, deployed at the address of some application of A's and had its log proven as
///         A's own. An application on B that acts on proven logs believed it. `refundUnconsumed` would have read H's state as
///         B's in the same way, found no MOS of B's consumption there, and refunded the fee of an order that was delivered.
contract HubBlockPassesForItsOriginTest is HubTest {
    function test_ALogOfTheHubsChainIsNoLogOfTheOrigin() public {
        Prover prover = new Prover(world.mosOf(B));
        World.Sent memory onHub = world.send(H, B, USER, plain());
        (bytes32 root, bytes memory nodes) = ReceiptTrie.single(ReceiptTrie.receipt(world.only(onHub.log)));
        world.clientOf(B, H).setFinal(root);
        bytes memory proof = abi.encode(IProver.LogProof(abi.encode(root), 0, 0, nodes));
        vm.chainId(B);
        (address emitter,,) = prover.verifyLog(H, proof);
        vm.assertEq(emitter, address(world.mosOf(H)));
        vm.expectRevert(abi.encodeWithSelector(IProver.Prover_HubRoute.selector, A));
        prover.verifyLog(A, proof);
    }

    function test_TheHubsStateIsNotTheTargets() public {
        IFeeService fees = world.feesOf(A);
        vm.chainId(A);
        vm.expectRevert(abi.encodeWithSelector(IFeeService.FeeService_HubRoute.selector, B));
        fees.refundUnconsumed(IFeeService.Order(B, 0, USER, 0, ""), "");
    }
}
