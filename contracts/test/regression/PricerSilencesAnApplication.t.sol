// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";
import {IFeeService} from "../../src/mos/interfaces/IFeeService.sol";
import {IMessageService} from "../../src/mos/interfaces/IMessageService.sol";
import {IMOSV3} from "../../src/mos/interfaces/IMOSV3.sol";
import {MosTest} from "../mos/utils/MosTest.sol";
import {Probe} from "../mos/utils/Receivers.sol";

/// @notice MOS calls no fee token by CALLDATA, and what once was a fee token stays one. The pricer, a key that is online and
///         must not be able to stop a message that was sent, could list any contract as a fee token: every CALLDATA
///         message to it, also those on their way, failed from then on, retries included, for ever. What is a fee token
///         is now for the timelock to say; the pricer prices.
contract PricerSilencesAnApplicationTest is MosTest {
    function test_ThePricerMakesNoApplicationAFeeToken() public {
        Probe app = new Probe();
        vm.prank(address(app));
        mosB.addRemoteCaller(CHAIN_A, abi.encodePacked(USER), true);
        Sent memory sent = send(encode(IMOSV3.MessageType.CALLDATA, address(app), hex"01020304", GAS_LIMIT));

        vm.startPrank(PRICER);
        vm.expectPartialRevert(IFeeService.FeeService_TokenNotListed.selector);
        feeB.setChainGasPrice(CHAIN_A, address(app), 1);
        vm.expectPartialRevert(IAccessControl.AccessControlUnauthorizedAccount.selector);
        feeB.registerToken(address(app));
        vm.stopPrank();

        deliver(sent);
        vm.assertEq(app.calls(), 1);
        assertOutcome(sent, IMessageService.Outcome.Delivered);
    }
}
