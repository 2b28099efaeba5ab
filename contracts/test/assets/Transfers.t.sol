// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC7802} from "@openzeppelin/contracts/interfaces/draft-IERC7802.sol";
import {InteroperableAddress} from "@openzeppelin/contracts/utils/draft-InteroperableAddress.sol";
import {BridgedToken} from "../../src/assets/BridgedToken.sol";
import {ITokenBridge} from "../../src/assets/ITokenBridge.sol";
import {LockBridge} from "../../src/assets/LockBridge.sol";
import {MintBridge} from "../../src/assets/MintBridge.sol";
import {IMosGateway} from "../../src/gateway/IMosGateway.sol";
import {IMessageService} from "../../src/mos/interfaces/IMessageService.sol";
import {ReceiptTrie} from "../mos/utils/ReceiptTrie.sol";
import {PlainBridgeERC7802, OpenToken} from "../gateway/OpenZeppelin.t.sol";
import {CrosschainLinked} from "@openzeppelin/contracts/crosschain/CrosschainLinked.sol";
import {Vm} from "../utils/Vm.sol";
import {BridgesTest} from "./utils/BridgesTest.sol";
import {TaxedToken} from "./utils/OddTokens.sol";

/// @notice Tokens across and back: amounts, decimals, dust, and who pays.
contract TransfersTest is BridgesTest {
    function test_AcrossAndBack() public {
        bytes32 id = transfer(lock, a, b, USER, OTHER, 10e18, plain());
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(id, orderIn(messageLog(logs)));
        vm.assertEq(lock.locked(), 10e18);
        vm.assertEq(token.balanceOf(address(lock)), 10e18);
        vm.assertEq(mint.outstanding(), 0);
        assertDelivered(deliver(a, b, messageLog(logs)));
        vm.assertEq(minted.balanceOf(OTHER), 10e9);
        vm.assertEq(mint.outstanding(), 10e9);
        vm.assertEq(minted.totalSupply(), 10e9);
        transfer(mint, b, a, OTHER, USER, 4e9, plain());
        vm.assertEq(minted.balanceOf(OTHER), 6e9);
        assertDelivered(deliverLast(b, a));
        vm.assertEq(token.balanceOf(USER), 1_000_000e18 - 6e18);
        vm.assertEq(lock.locked(), 6e18);
        vm.assertEq(mint.outstanding(), 6e9);
        vm.assertEq(uint256(lock.books(CHAIN_B).sent), 10e6);
        vm.assertEq(uint256(lock.books(CHAIN_B).received), 4e6);
        vm.assertEq(address(lock).balance + address(mint).balance, 0);
    }

    function test_CoinThatIsNotNeededComesBack() public {
        uint256 fee = lock.quoteTransfer(CHAIN_B, 0);
        uint256 before = USER.balance;
        transfer(lock, a, b, USER, OTHER, 1e18, plain());
        vm.assertEq(before - USER.balance, fee);
        ITokenBridge.Options memory options = plain();
        options.refundRecipient = address(0x4242);
        options.gasLimit = 500_000;
        fee = lock.quoteTransfer(CHAIN_B, 500_000);
        transfer(lock, a, b, USER, OTHER, 1e18, options);
        vm.assertEq(address(0x4242).balance, 1 ether - fee);
    }

    /// @dev OpenZeppelin's own function: for the bridge's credit, or when somebody pays.
    function test_WithoutCoin() public {
        bytes memory to = interop(b, OTHER);
        vm.recordLogs();
        vm.prank(USER);
        bytes32 id = lock.crosschainTransfer(to, 1e18);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        ITokenBridge.OutboundTransfer memory queued = outboundIn(logs);
        vm.assertEq(id, find(logs, ITokenBridge.OutboundQueued.selector).topics[1]);
        uint256 fee = lock.quoteTransfer(CHAIN_B, 0);
        vm.expectRevert(abi.encodeWithSelector(ITokenBridge.Bridge_NotPaid.selector, fee));
        lock.sendQueued(queued);
        vm.recordLogs();
        vm.prank(OTHER);
        lock.sendQueued{value: fee}(queued);
        assertDelivered(deliverLast(a, b));
        vm.assertEq(minted.balanceOf(OTHER), 1e9);
        on(a);
        a.gateway.deposit{value: 1 ether}(address(lock));
        vm.prank(USER);
        lock.crosschainTransfer(to, 1e18);
        assertDelivered(deliverLast(a, b));
        vm.assertEq(minted.balanceOf(OTHER), 2e9);
    }

    /// @dev The bridge's credit is anybody's who transfers; for how much gas it pays is not.
    function test_NobodySpendsTheBridgesCreditOnGas() public {
        a.gateway.deposit{value: 1 ether}(address(lock));
        uint256 fee = lock.quoteTransfer(CHAIN_B, 0);
        ITokenBridge.Options memory options = plain();
        options.gasLimit = 9_000_000;
        bytes memory to = interop(b, OTHER);
        vm.recordLogs();
        vm.prank(USER);
        lock.crosschainTransfer(to, 1e18, options);
        vm.assertEq(a.gateway.creditOf(address(lock)), 1 ether - fee);
        assertDelivered(deliverLast(a, b));
    }

    /// @dev A fee that comes back goes to who paid it. Else a sender whose transfers always expire would have been paid the
    ///      bridge's credit, fee by fee.
    function test_AnExpiredTransfersFeeIsNotItsSenders() public {
        a.gateway.deposit{value: 1 ether}(address(lock));
        uint64 deadline = uint64(block.timestamp + 1);
        bytes memory to = interop(b, OTHER);
        ITokenBridge.Options memory options = until(deadline);
        options.refundRecipient = USER;
        vm.recordLogs();
        vm.prank(USER);
        lock.crosschainTransfer(to, 1e18, options);
        Vm.Log memory record = expire(a, b, messageLog(vm.getRecordedLogs()), deadline);
        on(a);
        Vm.Log[] memory logs = new Vm.Log[](1);
        logs[0] = record;
        (bytes32 root, bytes memory nodes) = ReceiptTrie.single(ReceiptTrie.receipt(logs));
        a.client.setFinal(root);
        a.fees.settle(CHAIN_B, abi.encode(IMessageService.ReceiptProof(abi.encode(root), 0, nodes)));
        vm.assertEq(a.fees.owed(USER, address(0)), 0);
        vm.assertEq(a.fees.owed(address(timelock), address(0)), lock.quoteTransfer(CHAIN_B, 0));
    }

    function test_TheTimelockChoosesTheGasOfTheBridgeThere() public {
        vm.expectRevert(
            abi.encodeWithSelector(ITokenBridge.Bridge_NotTimelock.selector, address(timelock), address(this))
        );
        lock.setGasLimit(CHAIN_B, 250_000);
        vm.prank(address(timelock));
        lock.setGasLimit(CHAIN_B, 250_000);
        vm.assertEq(a.gateway.gasLimitOf(address(lock), CHAIN_B), 250_000);
        across(1e18);
    }

    /// @dev What is below a shared unit is never taken; nothing is created or lost by any amount, there and back.
    function testFuzz_Decimals(uint256 amount, uint256 returned) public {
        amount = bound(amount, 0, 1_000e18);
        if (amount < UNIT_A) {
            bytes memory to = interop(b, USER);
            vm.prank(USER);
            vm.expectRevert(abi.encodeWithSelector(ITokenBridge.Bridge_AmountTooSmall.selector, UNIT_A, amount));
            lock.crosschainTransfer(to, amount, plain());
            return;
        }
        across(amount);
        uint256 shared = amount / UNIT_A;
        vm.assertEq(token.balanceOf(USER), 1_000_000e18 - shared * UNIT_A);
        vm.assertEq(minted.balanceOf(USER), shared * UNIT_B);
        returned = bound(returned, UNIT_B, shared * UNIT_B);
        back(returned);
        vm.assertEq(minted.balanceOf(USER), shared * UNIT_B - returned / UNIT_B * UNIT_B);
        vm.assertEq(token.balanceOf(USER), 1_000_000e18 - (shared - returned / UNIT_B) * UNIT_A);
        vm.assertEq(lock.locked() / UNIT_A, mint.outstanding() / UNIT_B);
        vm.assertEq(token.balanceOf(address(lock)), lock.locked());
    }

    /// @dev What arrived counts, not what was asked for; what is left over of it goes back.
    function testFuzz_ATaxedToken(uint256 amount) public {
        TaxedToken taxed = new TaxedToken();
        LockBridge bridge = new LockBridge(taxed, SHARED, proverA, address(timelock), PAUSER, UNPAUSER);
        link(bridge, a, b, address(mint));
        amount = bound(amount, 2 * UNIT_A, 1_000e18);
        taxed.mint(USER, amount);
        vm.prank(USER);
        taxed.approve(address(bridge), amount);
        transfer(bridge, a, b, USER, OTHER, amount, plain());
        uint256 taken = amount / UNIT_A * UNIT_A;
        uint256 arrived = taken - taken / 100;
        vm.assertEq(bridge.locked(), arrived / UNIT_A * UNIT_A);
        vm.assertEq(taxed.balanceOf(address(bridge)), bridge.locked());
        uint256 dust = arrived % UNIT_A;
        vm.assertEq(taxed.balanceOf(USER), amount - taken + dust - dust / 100);
    }

    /// @dev A stock OpenZeppelin bridge as counterpart, where both tokens have the same decimals.
    function test_SpeaksOpenZeppelinsFormat() public {
        LockBridge bridge = new LockBridge(token, 18, proverA, address(timelock), PAUSER, UNPAUSER);
        on(b);
        CrosschainLinked.Link[] memory links = new CrosschainLinked.Link[](1);
        links[0] = CrosschainLinked.Link(address(b.gateway), interop(a, address(bridge)));
        OpenToken open = new OpenToken(vm.computeCreateAddress(address(this), vm.getNonce(address(this)) + 1));
        PlainBridgeERC7802 stock = new PlainBridgeERC7802(open, links);
        link(bridge, a, b, address(stock));
        vm.startPrank(address(timelock));
        bridge.setLimit(CHAIN_B, true, type(uint208).max, WINDOW);
        bridge.setLimit(CHAIN_B, false, type(uint208).max, WINDOW);
        bridge.setVouchingLimit(CHAIN_B, type(uint208).max, WINDOW);
        vm.stopPrank();
        vm.prank(USER);
        token.approve(address(bridge), type(uint256).max);
        transfer(bridge, a, b, USER, OTHER, 123, plain());
        assertDelivered(deliverLast(a, b));
        vm.assertEq(open.balanceOf(OTHER), 123);
        b.gateway.deposit{value: 1 ether}(address(stock));
        bytes memory home = interop(a, USER);
        vm.prank(OTHER);
        stock.crosschainTransfer(home, 23);
        assertDelivered(deliverLast(b, a));
        vm.assertEq(bridge.locked(), 100);
    }

    function test_RevertWhen_TheRecipientIsNoAccountElsewhere() public {
        bytes[5] memory bad = [
            InteroperableAddress.formatEvmV1(CHAIN_B),
            interop(a, USER),
            abi.encodePacked(interop(b, USER), uint8(0)),
            abi.encodePacked(hex"00010000", hex"030008ae", hex"14", USER),
            bytes("")
        ];
        for (uint256 i = 0; i < bad.length; ++i) {
            vm.prank(USER);
            vm.expectRevert(abi.encodeWithSelector(ITokenBridge.Bridge_MalformedAddress.selector, bad[i]));
            lock.crosschainTransfer(bad[i], 1e18);
        }
        bytes memory to = InteroperableAddress.formatEvmV1(3, USER);
        vm.prank(USER);
        vm.expectRevert(abi.encodeWithSelector(ITokenBridge.Bridge_NoLink.selector, 3));
        lock.crosschainTransfer(to, 1e18);
        to = interop(b, address(mint));
        vm.prank(USER);
        vm.expectRevert(abi.encodeWithSelector(ITokenBridge.Bridge_RecipientIsCounterpart.selector, address(mint)));
        lock.crosschainTransfer(to, 1e18);
    }

    function test_RevertWhen_TheFeeIsNotCovered() public {
        uint256 fee = lock.quoteTransfer(CHAIN_B, 0);
        bytes memory to = interop(b, USER);
        vm.prank(USER);
        vm.expectRevert(abi.encodeWithSelector(IMosGateway.MosGateway_FeeTooLow.selector, fee, fee - 1));
        lock.crosschainTransfer{value: fee - 1}(to, 1e18, plain());
        vm.assertEq(lock.locked(), 0);
    }

    function test_TheTokenIsERC7802() public {
        vm.assertEq(bytes32(type(IERC7802).interfaceId), bytes32(bytes4(0x33331994)));
        vm.assertTrue(minted.supportsInterface(0x33331994));
        vm.assertEq(uint256(minted.decimals()), 9);
        vm.expectRevert(
            abi.encodeWithSelector(BridgedToken.BridgedToken_NotBridge.selector, address(mint), address(this))
        );
        minted.crosschainMint(USER, 1);
        vm.expectRevert(
            abi.encodeWithSelector(BridgedToken.BridgedToken_NotBridge.selector, address(mint), address(this))
        );
        minted.crosschainBurn(USER, 1);
        vm.expectRevert(
            abi.encodeWithSelector(BridgedToken.BridgedToken_NotTimelock.selector, address(timelock), address(this))
        );
        minted.setBridge(address(this));
        transfer(lock, a, b, USER, OTHER, 1e18, plain());
        Vm.Log memory log = find(deliverLast(a, b), IERC7802.CrosschainMint.selector);
        vm.assertEq(log.topics[1], bytes32(uint256(uint160(OTHER))));
        vm.assertEq(log.topics[2], bytes32(uint256(uint160(address(mint)))));
        vm.assertEq(log.data, abi.encode(1e9));
    }
}
