// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IHub} from "../../src/hub/IHub.sol";
import {ILightClient} from "../../src/light-clients/ILightClient.sol";
import {IMessageService} from "../../src/mos/interfaces/IMessageService.sol";
import {MessageService} from "../../src/mos/MessageService.sol";
import {TestLightClient} from "../mos/utils/TestLightClient.sol";
import {Vm} from "../utils/Vm.sol";
import {Middleman} from "./utils/RelayApp.sol";
import {RelayTest} from "./utils/RelayTest.sol";
import {World} from "./utils/World.sol";

/// @notice Where one chain, MOS, route or caller ends and another begins: each check that keeps them apart, by itself.
contract HubBoundariesTest is RelayTest {
    /// @dev A retry sends an answer as the first attempt does: beside it nobody else logs either.
    function test_RevertWhen_AContractRetries() public {
        target.setFailing(true);
        World.Sent memory sent = sendRelay();
        world.relay(A, sent.log);
        target.setFailing(false);
        IMessageService.StoredMessage memory stored = world.storedMessage(A, B, H, USER, sent);
        bytes memory input = abi.encodeCall(hub.retryRelay, (stored));
        Middleman middleman = new Middleman();
        vm.prank(relayer, relayer);
        vm.expectRevert(abi.encodeWithSelector(IHub.Hub_NotFromAnAccount.selector, relayer, address(middleman)));
        middleman.run(address(hub), input, 0);
        vm.etch(relayer, abi.encodePacked(hex"ef0100", address(middleman)));
        vm.prank(relayer, relayer);
        vm.expectRevert(abi.encodeWithSelector(IHub.Hub_NotFromAnAccount.selector, relayer, relayer));
        hub.retryRelay(stored);
        vm.assertEq(target.calls(), 0);
    }

    /// @dev The light client stays, and vouches for another MOS of A.
    function test_RevertWhen_WhatIsRetriedIsOfAFormerMos() public {
        target.setFailing(true);
        World.Sent memory sent = sendRelay();
        world.relay(A, sent.log);
        target.setFailing(false);
        IMessageService.StoredMessage memory stored = world.storedMessage(A, B, H, USER, sent);
        MessageService former = world.mosOf(A);
        world.replaceMos(A);
        world.setDirect(H, A);
        vm.expectRevert(abi.encodeWithSelector(IHub.Hub_ForeignMos.selector, world.mosOf(A), former));
        world.retryRelay(stored);
        world.restoreMos(A, former);
        world.setDirect(H, A);
        world.retryRelay(stored);
        vm.assertEq(target.calls(), 1);
    }

    /// @dev HUB-5, for what passes over and does not revert: members of a batch, and records.
    function test_WhatIsBehindAnotherHubIsPassedOver() public {
        World.Sent memory sent = send();
        Vm.Log[] memory delivery = world.deliver(B, A, H, world.forward(A, sent.log));
        Vm.Log[] memory logs = world.only(send().log);
        _routeOverAnotherHub(B);
        _assertNotForwarded(logs);
        world.endRoute(H, B);
        _assertNotForwarded(logs);
        world.setDirect(H, B);
        bytes memory proof = world.proveBatch(H, A, logs);
        vm.chainId(H);
        vm.assertEq(hub.forwardBatch(A, none(), proof), 1);

        _routeOverAnotherHub(A);
        vm.expectRevert(abi.encodeWithSelector(IHub.Hub_NothingForwarded.selector, B));
        world.forwardRecords(B, delivery);
        world.setDirect(H, A);
        vm.assertEq(world.forwardRecords(B, delivery).length, 1);
    }

    /// @dev MOS refuses to send to its own chain. A light client of A's that lies has the hub log nothing as of A and for A.
    function test_RevertWhen_AMessageGoesBackToItsOrigin() public {
        Vm.Log memory forged = _forged(A, address(world.mosOf(A)), A, plain());
        vm.expectRevert(abi.encodeWithSelector(IHub.Hub_ForeignLane.selector, A, A));
        world.forward(A, forged);
        forged = _forged(A, address(world.mosOf(A)), A, world.encode(true, address(target), "ask", GAS_LIMIT));
        vm.expectRevert(abi.encodeWithSelector(IHub.Hub_ForeignLane.selector, A, A));
        world.relay(A, forged);
        forged = _forged(A, address(world.mosOf(A)), H, world.encode(true, address(target), "ask", GAS_LIMIT));
        vm.expectRevert(abi.encodeWithSelector(IHub.Hub_ForeignLane.selector, A, H));
        world.relay(A, forged);
        vm.assertEq(target.calls(), 0);
    }

    /// @dev A MOS is deployed at the same address on many chains: numbers are by chain and MOS. (HUB-4, HUB-9)
    function test_TheSameMosAddressOnTwoChainsIsTwo() public {
        World.Sent memory sent = send();
        MessageService mosOfA = world.mosOf(A);
        world.restoreMos(C, mosOfA);
        world.setDirect(H, C);
        Vm.Log memory ofC = _forged(C, address(mosOfA), B, plain());
        vm.assertEq(world.forward(C, ofC).data, ofC.data);
        vm.assertTrue(hub.isForwarded(C, address(mosOfA), B, 0));
        vm.assertFalse(hub.isForwarded(A, address(mosOfA), B, 0));
        world.forward(A, sent.log);
    }

    /// @dev A new MOS of the same chain counts from zero again, and nothing of it is taken for what the former one sent.
    function test_ANewMosOfAChainHasItsOwnNumbers() public {
        World.Sent memory former = send();
        world.forward(A, former.log);
        world.replaceMos(A);
        World.Sent memory next = _unpricedSend();
        vm.assertEq(uint64(uint256(next.orderId)), uint64(uint256(former.orderId)));
        world.setDirect(H, A);
        vm.expectRevert(abi.encodeWithSelector(IHub.Hub_NotForwarded.selector, A, next.orderId));
        world.forwardAgain(A, next.log);
        vm.assertEq(world.forward(A, next.log).data, next.log.data);
    }

    /// @dev MOS-7: also a light client that never was a direct route's.
    function test_ALightClientOfAHubRouteIsForbidden() public {
        IMessageService mos = world.mosOf(B);
        ILightClient next = new TestLightClient(H);
        address remote = address(world.mosOf(A));
        vm.assertFalse(mos.isForbiddenTarget(address(next)));
        vm.chainId(B);
        vm.prank(address(world.timelock()));
        mos.setHubRoute(A, next, remote, address(hub));
        vm.assertTrue(mos.isForbiddenTarget(address(next)));
    }

    function test_UpdatesComeAlongWithEverythingThatIsProven() public {
        bytes[] memory updates = new bytes[](1);
        updates[0] = abi.encode(keccak256("another block"));
        World.Sent memory sent = sendRelay();
        bytes memory proof = world.prove(H, A, sent.log);
        vm.chainId(H);
        vm.prank(relayer, relayer);
        hub.relay(A, updates, address(0), 0, proof);
        vm.assertEq(world.clientOf(H, A).updates(), 1);
        sent = send();
        proof = world.proveBatch(H, A, world.only(sent.log));
        vm.chainId(H);
        hub.forwardBatch(A, updates, proof);
        vm.assertEq(world.clientOf(H, A).updates(), 2);
        proof = world.prove(H, B, world.deliver(B, A, H, world.forwardAgain(A, sent.log)));
        vm.chainId(H);
        hub.forwardRecords(B, updates, proof);
        vm.assertEq(world.clientOf(H, B).updates(), 1);
    }

    function _assertNotForwarded(Vm.Log[] memory logs) private {
        bytes memory proof = world.proveBatch(H, A, logs);
        vm.chainId(H);
        vm.expectRevert(abi.encodeWithSelector(IHub.Hub_NothingForwarded.selector, A));
        hub.forwardBatch(A, none(), proof);
    }

    function _routeOverAnotherHub(uint256 origin) private {
        IMessageService mos = world.mosOf(H);
        ILightClient ofC = world.clientOf(H, C);
        address remote = address(world.mosOf(origin));
        vm.chainId(H);
        vm.prank(address(world.timelock()));
        mos.setHubRoute(origin, ofC, remote, address(0x4b));
    }

    /// @dev A log of number 0 as MOS there would emit it, from `USER`: version 1, without options; the last 8 bytes of the
    ///      order id are the number.
    function _forged(uint256 from, address mos, uint256 to, bytes memory messageData)
        private
        pure
        returns (Vm.Log memory log)
    {
        bytes memory order =
            abi.encode(uint256(1), from, mos, to, uint64(0), USER, keccak256(messageData), keccak256(""));
        bytes32 id = keccak256(order) >> 64 << 64;
        log.emitter = mos;
        log.topics = new bytes32[](3);
        (log.topics[0], log.topics[1], log.topics[2]) = (IHub.mapMessageOut.selector, bytes32(from), bytes32(to));
        log.data = abi.encode(id, abi.encodePacked(USER), messageData);
    }

    /// @dev What the new MOS of A, which has no prices yet, would emit first.
    function _unpricedSend() private view returns (World.Sent memory sent) {
        sent.log = _forged(A, address(world.mosOf(A)), B, plain());
        (sent.orderId,,) = abi.decode(sent.log.data, (bytes32, bytes, bytes));
    }
}
