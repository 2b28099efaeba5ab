// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMapoExecutor} from "../../src/mos/interfaces/IMapoExecutor.sol";
import {IMessageService} from "../../src/mos/interfaces/IMessageService.sol";
import {IMOSV3} from "../../src/mos/interfaces/IMOSV3.sol";
import {MosTest} from "../mos/utils/MosTest.sol";
import {PermittingCounter} from "./PermittingCounter.sol";

/// @notice `mapoExecute` believes its arguments because MOS calls it. A CALLDATA message is also called by MOS, with the
///         payload of its sender. Whom an application permitted by `addRemoteCaller`, which applications written for MAP
///         Protocol's MOS do for every peer, could so call `mapoExecute` as any sender on any chain: one peer on the
///         weakest chain spoke for all peers on all chains. MOS refuses such a payload.
contract CallDataForgesMapoExecuteTest is MosTest {
    uint256 private constant STRONG_CHAIN = 1;
    bytes private constant TREASURY = hex"7777777777777777777777777777777777777777";

    PermittingCounter private app;

    function setUp() public override {
        super.setUp();
        bytes memory arguments = abi.encode(mosB, address(this));
        app = PermittingCounter(payable(vm.deployCode("PermittingCounter.sol:PermittingCounter", arguments)));
        app.setTrustedRemote(STRONG_CHAIN, TREASURY, true);
        app.permit(CHAIN_A, abi.encodePacked(USER));
    }

    function test_APermittedCallerCannotSpeakForAnotherSender() public {
        bytes memory forged = abi.encodeCall(
            IMapoExecutor.mapoExecute, (STRONG_CHAIN, CHAIN_B, TREASURY, bytes32(uint256(1)), "pay everything")
        );
        Sent memory sent = send(encode(IMOSV3.MessageType.CALLDATA, address(app), forged, GAS_LIMIT));
        vm.recordLogs();
        deliver(sent);
        (bool result, bytes memory reason) = received(vm.getRecordedLogs());
        vm.assertFalse(result);
        vm.assertEq(
            reason,
            abi.encodeWithSelector(IMessageService.MOS_ForbiddenSelector.selector, IMapoExecutor.mapoExecute.selector)
        );
        vm.assertEq(app.count(), 0);
        IMessageService.StoredMessage memory kept = stored(sent);
        vm.expectPartialRevert(IMessageService.MOS_RetryFailed.selector);
        mosB.retry(kept);
        vm.assertEq(app.count(), 0);
    }

    /// @dev Any other payload of the same caller arrives, also one too short for a selector.
    function testFuzz_OtherPayloadsArrive(bytes4 selector, uint256 length) public {
        vm.assume(selector != IMapoExecutor.mapoExecute.selector);
        bytes memory payload = bytes.concat(selector, "0123456789");
        uint256 kept = bound(length, 0, 14);
        assembly ("memory-safe") {
            mstore(payload, kept)
        }
        // A target whose code is STOP.
        address target = address(0xbeef);
        vm.etch(target, hex"00");
        vm.prank(target);
        mosB.addRemoteCaller(CHAIN_A, abi.encodePacked(USER), true);
        Sent memory sent = send(encode(IMOSV3.MessageType.CALLDATA, target, payload, GAS_LIMIT));
        vm.expectCall(target, payload);
        deliver(sent);
        assertOutcome(sent, IMessageService.Outcome.Delivered);
    }
}
