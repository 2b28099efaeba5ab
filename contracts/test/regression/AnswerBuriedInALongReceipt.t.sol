// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IHub} from "../../src/hub/IHub.sol";
import {HubTest} from "../hub/utils/HubTest.sol";
import {Middleman, RelayApp} from "../hub/utils/RelayApp.sol";
import {World} from "../hub/utils/World.sol";
import {ReceiptTrie} from "../mos/utils/ReceiptTrie.sol";
import {Vm} from "../utils/Vm.sol";

/// @notice What a relay target returns is sent once, in the transaction of whoever relays, and its proof at B holds the whole
///         receipt of that transaction. A relayer logged half a megabyte beside it: a receipt that no transaction at B can
///         carry. The order was consumed, the target had run, the onward fee was paid, and its message could never be
///         delivered; MOS' messages, unlike a hub's, are not logged again. A transaction that relays is now the call of
///         the hub by an account without code, and nothing else of that account's choice logs in it.
contract AnswerBuriedInALongReceiptTest is HubTest {
    /// @dev Greatest gas limit of a transaction (EIP-7825), and the least price of a byte of calldata (EIP-7623).
    uint256 private constant TRANSACTION_CAP = 1 << 24;
    uint256 private constant FLOOR_PER_ZERO_BYTE = 10;
    uint256 private constant NOISE = 1_700_000;

    function test_NobodyElseLogsBesideAnAnswer() public {
        RelayApp target = new RelayApp();
        target.answer(plain());
        vm.deal(address(this), 1 ether);
        hub.fund{value: 1 ether}(address(target));
        World.Sent memory sent = world.send(A, B, USER, world.encode(true, address(target), "ask", GAS_LIMIT));
        bytes memory proof = world.prove(H, A, sent.log);
        bytes memory input = abi.encodeCall(hub.relay, (A, none(), address(0), 0, proof));
        Middleman middleman = new Middleman();
        address relayer = world.RELAYER();

        vm.chainId(H);
        vm.prank(relayer, relayer);
        vm.expectRevert(abi.encodeWithSelector(IHub.Hub_NotFromAnAccount.selector, relayer, address(middleman)));
        middleman.run(address(hub), input, NOISE);

        Vm.Log[] memory logs = world.relay(A, sent.log);
        vm.assertLt(ReceiptTrie.receipt(logs).length * FLOOR_PER_ZERO_BYTE, TRANSACTION_CAP);
        world.deliver(B, H, H, world.messageIn(logs, address(world.mosOf(H))));
        vm.assertEq(app.calls(), 1);
    }
}
