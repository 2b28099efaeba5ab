// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IHub} from "../../src/hub/IHub.sol";
import {IMessageService} from "../../src/mos/interfaces/IMessageService.sol";
import {Bomb} from "../mos/utils/Receivers.sol";
import {RelayTest} from "./utils/RelayTest.sol";
import {World} from "./utils/World.sol";

/// @notice A relay target gets the gas that its sender asked for; where there is too little for it or for what comes after, nothing
///         happens at all.
contract RelayGasTest is RelayTest {
    /// @dev W6: MAP's hub gave the target all the gas there was. (HUB-14)
    function test_TheTargetGetsExactlyTheSendersGas() public {
        world.relay(A, sendRelay().log);
        vm.assertLe(target.gasSeen(), GAS_LIMIT);
        vm.assertGt(target.gasSeen(), GAS_LIMIT - 2_000);
    }

    /// @dev However little gas a relayer gives, the target gets its own or nothing happens at all.
    function testFuzz_TooLittleGasConsumesNothing(uint256 gas) public {
        target.setBurning(true);
        World.Sent memory sent = sendRelay();
        gas = bound(gas, 100_000, 900_000);
        bytes memory proof = world.prove(H, A, sent.log);
        vm.chainId(H);
        vm.prank(relayer, relayer);
        (bool ok,) = address(hub).call{gas: gas}(abi.encodeCall(hub.relay, (A, none(), address(0), 0, proof)));
        vm.assertEq(ok, hub.isForwarded(A, address(world.mosOf(A)), B, 0));
        vm.assertEq(ok, hub.storedRelay(A, sent.orderId) != 0);
        if (gas < GAS_LIMIT) vm.assertFalse(ok);
        if (gas > 700_000) vm.assertTrue(ok);
    }

    /// @dev It runs with its own gas; what is too little is what sending on needs. That must not count as its failure.
    function testFuzz_TooLittleGasToSendOnConsumesNothing(uint256 gas) public {
        World.Sent memory sent = sendRelay();
        gas = bound(gas, 300_000, 1_200_000);
        bytes memory proof = world.prove(H, A, sent.log);
        vm.chainId(H);
        vm.prank(relayer, relayer);
        (bool ok,) = address(hub).call{gas: gas}(abi.encodeCall(hub.relay, (A, none(), address(0), 0, proof)));
        vm.assertEq(hub.storedRelay(A, sent.orderId), 0, "a failure for want of gas");
        vm.assertEq(ok, target.calls() == 1);
        if (gas > 1_000_000) vm.assertTrue(ok);
    }

    /// @dev The longest answer that there is, by a relayer who gives anything between too little and enough.
    function testFuzz_ALongAnswerToo(uint256 gas) public {
        bytes memory payload = new bytes(16_384 - 0x140);
        for (uint256 i = 0; i < payload.length; i += 32) {
            assembly {
                mstore(add(add(payload, 0x20), i), not(0))
            }
        }
        target.answer(world.encode(false, address(app), payload, GAS_LIMIT));
        World.Sent memory sent = world.send(A, B, USER, world.encode(true, address(target), "ask", 2_000_000));
        gas = bound(gas, 1_500_000, 4_000_000);
        bytes memory proof = world.prove(H, A, sent.log);
        vm.chainId(H);
        vm.prank(relayer, relayer);
        (bool ok,) = address(hub).call{gas: gas}(abi.encodeCall(hub.relay, (A, none(), address(0), 0, proof)));
        vm.assertEq(hub.storedRelay(A, sent.orderId), 0, "a failure for want of gas");
        vm.assertEq(ok, target.calls() == 1);
        if (gas > 3_500_000) vm.assertTrue(ok);
    }

    function test_ARetryHasAllTheGasThatIsThere() public {
        target.setBurning(true);
        World.Sent memory sent = sendRelay();
        world.relay(A, sent.log);
        target.setBurning(false);
        world.retryRelay(world.storedMessage(A, B, H, USER, sent));
        vm.assertGt(target.gasSeen(), 2 * GAS_LIMIT);
    }

    function testFuzz_ARetryWithTooLittleGasChangesNothing(uint256 gas) public {
        target.setFailing(true);
        World.Sent memory sent = sendRelay();
        world.relay(A, sent.log);
        target.setFailing(false);
        IMessageService.StoredMessage memory stored = world.storedMessage(A, B, H, USER, sent);
        gas = bound(gas, 100_000, 1_500_000);
        vm.prank(relayer, relayer);
        (bool ok,) = address(hub).call{gas: gas}(abi.encodeCall(hub.retryRelay, (stored)));
        vm.assertEq(ok, hub.storedRelay(A, sent.orderId) == 0);
        vm.assertEq(ok, target.calls() == 1);
        if (ok) vm.assertGt(target.gasSeen(), GAS_LIMIT - 2_000);
        if (gas > 1_200_000) vm.assertTrue(ok);
    }

    function test_AReturnDataBombIsNotCopied() public {
        World.Sent memory sent = world.send(A, B, USER, world.encode(true, address(new Bomb(true)), "", 10_000_000));
        (,, bytes memory reason) = resultIn(world.relayWithGas(A, sent.log, 10_700_000));
        vm.assertEq(bytes4(reason), bytes32(IHub.Hub_TargetFailed.selector));
        vm.assertLe(reason.length, 4 + 64 + 512);
        sent = world.send(A, B, USER, world.encode(true, address(new Bomb(false)), "", 10_000_000));
        assertFails(sent, abi.encodeWithSelector(IHub.Hub_MalformedOutput.selector));
    }
}
