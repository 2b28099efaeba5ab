// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IFeeService} from "../../src/mos/interfaces/IFeeService.sol";
import {IGasPrices} from "../../src/mos/interfaces/IGasPrices.sol";
import {HubTest} from "../hub/utils/HubTest.sol";
import {RelayApp} from "../hub/utils/RelayApp.sol";
import {World} from "../hub/utils/World.sol";

/// @notice An oracle that reads much: the mean of many observations.
contract Observations is IGasPrices {
    mapping(uint256 => uint256) private _observations;

    function gasPrice(uint256, address) external view returns (bool listed, uint256 perGas) {
        for (uint256 i = 0; i < 80; ++i) {
            perGas += _observations[i];
        }
        return (true, perGas + 3 gwei);
    }
}

/// @notice The hub tells a failure from a want of gas by what comes back: a call that runs out of gas says nothing. But a CREATE2
///         that runs out only returns zero, and OpenZeppelin's code then reverts with `FailedDeployment`. The target's sender
///         was deployed after the fee had been asked for; where the oracle behind it read much, a relayer who gave just
///         enough for that had the deployment run out, which was taken for a failure: the order was consumed and he was paid.
contract DeploymentFailsForWantOfGasTest is HubTest {
    uint256 private constant STEP = 1_500;

    function test_ASenderThatCannotBeDeployedForWantOfGasConsumesNothing() public {
        IFeeService fees = world.feesOf(H);
        IGasPrices oracle = new Observations();
        vm.prank(address(world.timelock()));
        fees.setTerms(B, IFeeService.Terms(true, 100_000, 0, 16_384, 0, oracle));
        RelayApp target = new RelayApp();
        target.answer(plain());
        vm.deal(address(this), 1 ether);
        hub.fund{value: 1 ether}(address(target));
        World.Sent memory sent = world.send(A, B, USER, world.encode(true, address(target), "ask", GAS_LIMIT));
        bytes memory input = abi.encodeCall(hub.relay, (A, none(), address(0), 0, world.prove(H, A, sent.log)));
        address relayer = world.RELAYER();
        vm.chainId(H);
        bool ok;
        for (uint256 gas = GAS_LIMIT; !ok; gas += STEP) {
            vm.assertLt(gas, 5 * GAS_LIMIT);
            vm.prank(relayer, relayer);
            (ok,) = address(hub).call{gas: gas}(input);
        }
        vm.assertEq(hub.storedRelay(A, sent.orderId), 0, "a failure for want of gas");
        vm.assertEq(target.calls(), 1);
    }
}
