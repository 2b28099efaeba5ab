// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";
import {ILightClient} from "../../src/light-clients/ILightClient.sol";
import {FeeService} from "../../src/mos/FeeService.sol";
import {IFeeService} from "../../src/mos/interfaces/IFeeService.sol";
import {IMapoExecutor} from "../../src/mos/interfaces/IMapoExecutor.sol";
import {IMessageService} from "../../src/mos/interfaces/IMessageService.sol";
import {IMOSV3} from "../../src/mos/interfaces/IMOSV3.sol";
import {MessageService} from "../../src/mos/MessageService.sol";
import {MosTest} from "./utils/MosTest.sol";
import {Probe} from "./utils/Receivers.sol";
import {TestLightClient} from "./utils/TestLightClient.sol";

/// @notice Who may change what, and that the interface is MAP Protocol's.
contract AdministrationTest is MosTest {
    function test_SelectorsAndTopicsAreMapProtocols() public view {
        vm.assertEq(bytes32(IMOSV3.transferOut.selector), bytes32(bytes4(0xa39ed3f9)));
        vm.assertEq(bytes32(IMOSV3.transferIn.selector), bytes32(bytes4(0xd24c6944)));
        vm.assertEq(bytes32(IMOSV3.transferInWithIndex.selector), bytes32(bytes4(0x492092b1)));
        vm.assertEq(bytes32(IMOSV3.getMessageFee.selector), bytes32(bytes4(0x96e2af56)));
        vm.assertEq(bytes32(IMOSV3.getOrderStatus.selector), bytes32(bytes4(0xd93765fc)));
        vm.assertEq(bytes32(IMOSV3.addRemoteCaller.selector), bytes32(bytes4(0x33ee9abc)));
        vm.assertEq(bytes32(IMOSV3.getExecutePermission.selector), bytes32(bytes4(0x225ec42e)));
        vm.assertEq(bytes32(IMapoExecutor.mapoExecute.selector), bytes32(bytes4(0x994e919a)));
        vm.assertEq(bytes32(mosB.selfChainId.selector), bytes32(bytes4(0xcc9e3e89)));
        vm.assertEq(bytes32(mosB.gasLimitMin.selector), bytes32(bytes4(0xf32d49f7)));
        vm.assertEq(bytes32(mosB.gasLimitMax.selector), bytes32(bytes4(0xd1dedf58)));
        vm.assertEq(IMOSV3.mapMessageOut.selector, 0xf4397fd41454e34a9a4015d05a670124ecd71fe7f1d05578a62f8009b1a57f8a);
        vm.assertEq(IMOSV3.mapMessageIn.selector, 0x0b3a342354741e507e855285e8c1a1c4a2545fa207216059f3a08d24686c6cac);
    }

    /// @dev forge deploys contracts of any size, chains do not (EIP-170).
    function test_FitsTheCodeSizeLimit() public view {
        vm.assertLe(address(mosA).code.length, 24_576);
    }

    function test_TheTimelockSetsRoutesAfterItsDelay() public {
        TestLightClient next = new TestLightClient(3333);
        bytes memory data = abi.encodeCall(mosB.setRoute, (3333, next, address(0x305)));
        timelock.schedule(address(mosB), 0, data, 0, 0, 1 days);
        vm.expectRevert();
        timelock.execute(address(mosB), 0, data, 0, 0);
        vm.warp(block.timestamp + 1 days);
        timelock.execute(address(mosB), 0, data, 0, 0);
        IMessageService.Route memory route = mosB.route(3333);
        vm.assertEq(address(route.lightClient), address(next));
        vm.assertEq(route.remoteMos, address(0x305));
        vm.assertTrue(mosB.isForbiddenTarget(address(next)));
    }

    function test_RevertWhen_AnybodyElseAdministers() public {
        address[4] memory others = [address(this), PAUSER, UNPAUSER, PRICER];
        for (uint256 i = 0; i < 4; ++i) {
            bytes memory refused = abi.encodeWithSelector(IMessageService.MOS_NotTimelock.selector, timelock, others[i]);
            vm.startPrank(others[i]);
            vm.expectRevert(refused);
            mosB.setRoute(CHAIN_A, client, address(1));
            vm.expectRevert(refused);
            mosB.setFeeService(feeB);
            vm.stopPrank();
        }
    }

    function test_RevertWhen_TheRouteIsInvalid() public {
        vm.startPrank(address(timelock));
        vm.expectPartialRevert(IMessageService.MOS_InvalidRoute.selector);
        mosB.setRoute(CHAIN_B, client, address(mosA));
        vm.expectPartialRevert(IMessageService.MOS_InvalidRoute.selector);
        mosB.setRoute(CHAIN_A, client, address(0));
        vm.expectPartialRevert(IMessageService.MOS_InvalidRoute.selector);
        mosB.setRoute(CHAIN_A, ILightClient(address(0)), address(mosA));
        vm.expectRevert(abi.encodeWithSelector(IMessageService.MOS_NotAContract.selector, address(1)));
        mosB.setRoute(CHAIN_A, ILightClient(address(1)), address(mosA));
        vm.expectRevert(abi.encodeWithSelector(IMessageService.MOS_LightClientChain.selector, 3333, CHAIN_A));
        mosB.setRoute(3333, client, address(mosA));
    }

    function test_WhoPausesDoesNotUnpause() public {
        bytes32 pauser = mosB.PAUSER_ROLE();
        bytes32 unpauser = mosB.UNPAUSER_ROLE();
        vm.prank(UNPAUSER);
        vm.expectRevert(
            abi.encodeWithSelector(IAccessControl.AccessControlUnauthorizedAccount.selector, UNPAUSER, pauser)
        );
        mosB.pauseLane(CHAIN_A, false);
        vm.startPrank(PAUSER);
        mosB.pauseLane(CHAIN_A, false);
        vm.assertTrue(mosB.isLanePaused(CHAIN_A, false));
        vm.assertFalse(mosB.isLanePaused(CHAIN_A, true));
        vm.expectRevert(
            abi.encodeWithSelector(IAccessControl.AccessControlUnauthorizedAccount.selector, PAUSER, unpauser)
        );
        mosB.unpauseLane(CHAIN_A, false);
        vm.stopPrank();
    }

    function test_RevertWhen_OneAccountWouldPauseAndUnpause() public {
        bytes32 pauser = mosB.PAUSER_ROLE();
        bytes32 unpauser = mosB.UNPAUSER_ROLE();
        vm.startPrank(address(timelock));
        vm.expectRevert(abi.encodeWithSelector(IMessageService.MOS_PauserIsUnpauser.selector, PAUSER));
        mosB.grantRole(unpauser, PAUSER);
        vm.expectRevert(abi.encodeWithSelector(IMessageService.MOS_PauserIsUnpauser.selector, UNPAUSER));
        mosB.grantRole(pauser, UNPAUSER);
        vm.stopPrank();
        vm.expectRevert(abi.encodeWithSelector(IMessageService.MOS_PauserIsUnpauser.selector, PAUSER));
        this.deploy(PAUSER, PAUSER);
    }

    function test_RevertWhen_AnotherAdministratorIsNamed() public {
        bytes32 admin = mosB.DEFAULT_ADMIN_ROLE();
        vm.prank(address(timelock));
        vm.expectRevert(abi.encodeWithSelector(IMessageService.MOS_NotTimelock.selector, timelock, USER));
        mosB.grantRole(admin, USER);
    }

    function test_RevertWhen_ThePausedLaneDelivers() public {
        Sent memory sent = sendTo(address(new Probe()));
        bytes memory proof = prove(sent.log);
        bytes memory batch = proveBatch(asArray(sent.log));
        vm.prank(PAUSER);
        mosB.pauseLane(CHAIN_A, false);
        bytes memory refused = abi.encodeWithSelector(IMessageService.MOS_LanePaused.selector, CHAIN_A, false);
        vm.expectRevert(refused);
        mosB.transferIn(CHAIN_A, proof);
        vm.expectRevert(refused);
        mosB.transferInWithIndex(CHAIN_A, 0, proof);
        vm.expectRevert(refused);
        mosB.deliver(CHAIN_A, new bytes[](0), 0, address(0), 0, proof);
        vm.expectRevert(refused);
        mosB.transferInBatch(CHAIN_A, new bytes[](0), new bytes32[](0), address(0), batch);
        assertOutcome(sent, IMessageService.Outcome.None);
        vm.prank(UNPAUSER);
        mosB.unpauseLane(CHAIN_A, false);
        mosB.transferIn(CHAIN_A, proof);
        assertOutcome(sent, IMessageService.Outcome.Delivered);
    }

    /// @dev A frozen client stops delivery; what it vouches for later, it vouches for on a new route, once.
    function test_ANewRouteDeliversWhatWasInFlightOnce() public {
        Probe app = new Probe();
        Sent memory early = sendTo(address(app));
        Sent memory late = sendTo(address(app));
        deliver(early);
        bytes memory proof = prove(late.log);
        frozen();
        vm.expectRevert(ILightClient.LightClient_Frozen.selector);
        mosB.transferInWithIndex(CHAIN_A, 0, proof);
        client = new TestLightClient(CHAIN_A);
        vm.prank(address(timelock));
        mosB.setRoute(CHAIN_A, client, address(mosA));
        deliver(late);
        bytes memory again = prove(early.log);
        vm.expectPartialRevert(IMessageService.MOS_AlreadyDelivered.selector);
        mosB.transferInWithIndex(CHAIN_A, 0, again);
        vm.assertEq(app.calls(), 2);
    }

    function test_FormerFeeServicesAndLightClientsStayForbidden() public {
        FeeService next = new FeeService(address(timelock), PRICER, address(mosB));
        throughTimelock(address(mosB), abi.encodeCall(mosB.setFeeService, (next)));
        vm.prank(address(timelock));
        mosB.setRoute(CHAIN_A, ILightClient(address(0)), address(0));
        vm.assertEq(address(mosB.feeService()), address(next));
        vm.assertTrue(mosB.isForbiddenTarget(address(feeB)));
        vm.assertTrue(mosB.isForbiddenTarget(address(next)));
        vm.assertTrue(mosB.isForbiddenTarget(address(client)));
    }

    function test_RevertWhen_TheFeeServiceKeepsTheFeesOfAnotherMos() public {
        vm.prank(address(timelock));
        vm.expectRevert(
            abi.encodeWithSelector(IMessageService.MOS_FeeServiceOfAnother.selector, address(mosB), address(mosA))
        );
        mosB.setFeeService(feeA);
    }

    /// @dev A frame of its own: forge replaces `new` by a cheatcode here, and `vm.expectRevert` right before that would end the
    ///      test as passed.
    function deploy(address pauser, address unpauser) external returns (MessageService) {
        return new MessageService(address(timelock), feeB, pauser, unpauser);
    }
}
