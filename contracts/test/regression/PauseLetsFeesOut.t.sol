// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IFeeService} from "../../src/mos/interfaces/IFeeService.sol";
import {IMessageService} from "../../src/mos/interfaces/IMessageService.sol";
import {MosTest} from "../mos/utils/MosTest.sol";
import {Vm} from "../utils/Vm.sol";

/// @notice When the consensus of a chain is in doubt, its lane is paused: nothing that it says is believed until the doubt
///         is gone. But the fee service asked MOS for the route alone and went on believing that chain's records, so that
///         who had forged a block of it took every fee in escrow for it, pause or not.
contract PauseLetsFeesOutTest is MosTest {
    function test_RevertWhen_ThePausedChainFreesAFee() public {
        Sent memory sent = sendTo(address(0xc0de));
        vm.chainId(CHAIN_A);
        bytes memory proof = _forge(sent.orderId, address(0xbad));
        vm.prank(PAUSER);
        mosA.pauseLane(CHAIN_B, false);
        vm.expectRevert(abi.encodeWithSelector(IFeeService.FeeService_LanePaused.selector, CHAIN_B));
        feeA.settle(CHAIN_B, proof);
        vm.assertEq(feeA.owed(address(0xbad), address(0)), 0);

        vm.prank(UNPAUSER);
        mosA.unpauseLane(CHAIN_B, false);
        vm.assertEq(feeA.settle(CHAIN_B, proof), 1);
    }

    /// @dev Pausing what leaves for a chain says nothing about what that chain says.
    function test_AFeeIsEarnedWhileNothingLeaves() public {
        Sent memory sent = sendTo(address(0xc0de));
        vm.chainId(CHAIN_A);
        vm.prank(PAUSER);
        mosA.pauseLane(CHAIN_B, true);
        vm.assertEq(feeA.settle(CHAIN_B, _forge(sent.orderId, PAYEE)), 1);
    }

    /// @dev A block of B that B never sealed, final all the same for A's client.
    function _forge(bytes32 orderId, address payee) private returns (bytes memory) {
        Vm.Log memory log;
        log.emitter = address(mosB);
        log.topics = new bytes32[](3);
        (log.topics[0], log.topics[1]) = (IMessageService.DeliveryRecord.selector, bytes32(CHAIN_A));
        log.topics[2] = orderId;
        log.data = abi.encode(payee);
        return proveOnA(asArray(log));
    }
}
