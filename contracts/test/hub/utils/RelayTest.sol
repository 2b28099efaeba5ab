// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IHub} from "../../../src/hub/IHub.sol";
import {IMessageService} from "../../../src/mos/interfaces/IMessageService.sol";
import {Vm} from "../../utils/Vm.sol";
import {RelayApp} from "./RelayApp.sol";
import {HubTest} from "./HubTest.sol";
import {World} from "./World.sol";

/// @notice A relay target with credit, and how to send to it.
abstract contract RelayTest is HubTest {
    RelayApp internal target;
    address internal relayer;
    uint256 internal onwardFee;

    function setUp() public override {
        super.setUp();
        target = new RelayApp();
        relayer = world.RELAYER();
        onwardFee = (world.BASE_GAS() + GAS_LIMIT) * world.GAS_PRICE();
        target.answer(plain());
        vm.deal(address(this), 100 ether);
        hub.fund{value: 10 ether}(address(target));
    }

    function sendRelay() internal returns (World.Sent memory) {
        return sendRelayTo(address(target));
    }

    function sendRelayTo(address to) internal returns (World.Sent memory) {
        return world.send(A, B, USER, world.encode(true, to, "ask", GAS_LIMIT));
    }

    function sendRelayUntil(uint64 deadline) internal returns (World.Sent memory) {
        return world.sendWith(
            A,
            B,
            USER,
            world.encode(true, address(target), "ask", GAS_LIMIT),
            IMessageService.MessageOptions(deadline, false, HEIR)
        );
    }

    function resultIn(Vm.Log[] memory logs) internal view returns (bytes32 onward, bool result, bytes memory reason) {
        (, onward, result, reason) =
            abi.decode(world.find(logs, IHub.MessageRelayed.selector).data, (address, bytes32, bool, bytes));
    }

    function assertFails(World.Sent memory sent, bytes memory expected) internal {
        (, bool result, bytes memory reason) = resultIn(world.relay(A, sent.log));
        vm.assertFalse(result);
        vm.assertEq(reason, expected);
        vm.assertEq(hub.storedRelay(A, sent.orderId), keccak256(abi.encode(world.storedMessage(A, B, H, USER, sent))));
        vm.assertTrue(hub.isForwarded(A, address(world.mosOf(A)), B, uint64(uint256(sent.orderId))));
    }
}
