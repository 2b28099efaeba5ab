// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {CrosschainLinked} from "@openzeppelin/contracts/crosschain/CrosschainLinked.sol";
import {CrosschainRemoteExecutor} from "@openzeppelin/contracts/crosschain/CrosschainRemoteExecutor.sol";
import {ERC7786Recipient} from "@openzeppelin/contracts/crosschain/ERC7786Recipient.sol";
import {BridgeERC1155} from "@openzeppelin/contracts/crosschain/bridges/BridgeERC1155.sol";
import {BridgeERC20} from "@openzeppelin/contracts/crosschain/bridges/BridgeERC20.sol";
import {BridgeERC721} from "@openzeppelin/contracts/crosschain/bridges/BridgeERC721.sol";
import {BridgeERC7802} from "@openzeppelin/contracts/crosschain/bridges/BridgeERC7802.sol";
import {IERC1155} from "@openzeppelin/contracts/interfaces/IERC1155.sol";
import {IERC721} from "@openzeppelin/contracts/interfaces/IERC721.sol";
import {IERC7802} from "@openzeppelin/contracts/interfaces/draft-IERC7802.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Bridgeable} from "@openzeppelin/contracts/token/ERC20/extensions/draft-ERC20Bridgeable.sol";
import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";
import {ERC1155} from "@openzeppelin/contracts/token/ERC1155/ERC1155.sol";
import {IMosGateway} from "../../src/gateway/IMosGateway.sol";
import {Token} from "../mos/utils/Tokens.sol";
import {Vm} from "../utils/Vm.sol";
import {TwoChains} from "./utils/TwoChains.sol";

/// @dev OpenZeppelin's contracts are abstract where they have no constructor arguments of their own to ask for; each of these
///      adds a constructor and nothing else.
contract Linked is CrosschainLinked {
    bytes public last;

    constructor(Link[] memory links) CrosschainLinked(links) {}

    function say(bytes calldata chain, bytes calldata payload) external returns (bytes32) {
        return _sendMessageToCounterpart(chain, payload, new bytes[](0));
    }

    function _processMessage(address, bytes32, bytes calldata, bytes calldata payload) internal override {
        last = payload;
    }
}

contract PlainBridgeERC20 is BridgeERC20 {
    constructor(IERC20 token, Link[] memory links) BridgeERC20(token) CrosschainLinked(links) {}
}

contract PlainBridgeERC7802 is BridgeERC7802 {
    constructor(IERC7802 token, Link[] memory links) BridgeERC7802(token) CrosschainLinked(links) {}
}

contract PlainBridgeERC721 is BridgeERC721 {
    constructor(IERC721 token, Link[] memory links) BridgeERC721(token) CrosschainLinked(links) {}
}

contract PlainBridgeERC1155 is BridgeERC1155 {
    constructor(IERC1155 token, Link[] memory links) BridgeERC1155(token) CrosschainLinked(links) {}
}

contract OpenToken is ERC20Bridgeable {
    address private immutable _bridge;

    constructor(address bridge) ERC20("Open", "O") {
        _bridge = bridge;
    }

    function _checkTokenBridge(address caller) internal view override {
        require(caller == _bridge);
    }
}

contract Nft is ERC721("Nft", "N") {
    function mint(address to, uint256 id) external {
        _mint(to, id);
    }
}

contract Multi is ERC1155("") {
    /// @dev Without asking the receiver: the bridge takes only what comes through itself.
    function mint(address to, uint256 id, uint256 amount) external {
        uint256[] memory ids = new uint256[](1);
        uint256[] memory amounts = new uint256[](1);
        (ids[0], amounts[0]) = (id, amount);
        _update(address(0), to, ids, amounts);
    }
}

/// @notice What a remote executor may do that its controller tells it.
contract Ledger {
    address public lastCaller;
    uint256 public entry;

    function write(uint256 entry_) external payable {
        (lastCaller, entry) = (msg.sender, entry_);
    }
}

/// @notice OpenZeppelin's own crosschain contracts, from npm, on both sides of the gateway and both ways.
contract OpenZeppelinTest is TwoChains {
    /// @dev The next contract that this test deploys, so that two can name each other.
    function _next(uint256 ahead) private view returns (address) {
        return vm.computeCreateAddress(address(this), vm.getNonce(address(this)) + ahead);
    }

    function _links(Chain storage here, Chain storage there, address counterpart)
        private
        view
        returns (CrosschainLinked.Link[] memory links)
    {
        links = new CrosschainLinked.Link[](1);
        links[0] = CrosschainLinked.Link(address(here.gateway), interop(there, counterpart));
    }

    /// @dev Pays for what was parked among the recorded logs, and delivers it.
    function _payAndDeliver(Chain storage from, Chain storage to) private {
        (, IMosGateway.ParkedMessage memory parked) = parkedIn(vm.getRecordedLogs());
        vm.recordLogs();
        vm.prank(OTHER);
        from.gateway.requestRelay{value: 1 ether}(parked, DEFAULT_GAS, OTHER);
        assertDelivered(deliverLast(from, to));
    }

    function test_CrosschainLinked() public {
        Linked here = new Linked(_links(a, b, _next(1)));
        Linked there = new Linked(_links(b, a, address(here)));
        vm.recordLogs();
        here.say(hex"000100000208ae00", "over");
        _payAndDeliver(a, b);
        vm.assertEq(there.last(), "over");
        there.say(hex"0001000002045700", "and back");
        _payAndDeliver(b, a);
        vm.assertEq(here.last(), "and back");
        vm.expectPartialRevert(ERC7786Recipient.ERC7786RecipientUnauthorizedGateway.selector);
        here.receiveMessage(0, interop(b, address(there)), "forged");
    }

    function test_BridgeERC20AndBridgeERC7802() public {
        Token token = new Token();
        PlainBridgeERC20 lock = new PlainBridgeERC20(token, _links(a, b, _next(2)));
        OpenToken minted = new OpenToken(_next(1));
        PlainBridgeERC7802 mint = new PlainBridgeERC7802(minted, _links(b, a, address(lock)));
        token.mint(USER, 100);
        bytes memory there = interop(b, OTHER);
        vm.recordLogs();
        vm.startPrank(USER);
        token.approve(address(lock), 100);
        lock.crosschainTransfer(there, 60);
        vm.stopPrank();
        _payAndDeliver(a, b);
        vm.assertEq(minted.balanceOf(OTHER), 60);
        vm.assertEq(token.balanceOf(address(lock)), 60);
        // The way back is paid for by the bridge's credit.
        b.gateway.deposit{value: 1 ether}(address(mint));
        bytes memory back = interop(a, USER);
        vm.prank(OTHER);
        mint.crosschainTransfer(back, 45);
        assertDelivered(deliverLast(b, a));
        vm.assertEq(token.balanceOf(USER), 85);
        vm.assertEq(minted.totalSupply(), 15);
    }

    function test_BridgeERC721() public {
        Nft here = new Nft();
        Nft there = new Nft();
        PlainBridgeERC721 one = new PlainBridgeERC721(here, _links(a, b, _next(1)));
        PlainBridgeERC721 two = new PlainBridgeERC721(there, _links(b, a, address(one)));
        here.mint(USER, 7);
        there.mint(address(two), 7);
        bytes memory to = interop(b, OTHER);
        vm.recordLogs();
        vm.startPrank(USER);
        here.setApprovalForAll(address(one), true);
        one.crosschainTransferFrom(USER, to, 7);
        vm.stopPrank();
        _payAndDeliver(a, b);
        vm.assertEq(there.ownerOf(7), OTHER);
        to = interop(a, USER);
        vm.startPrank(OTHER);
        there.setApprovalForAll(address(two), true);
        two.crosschainTransferFrom(OTHER, to, 7);
        vm.stopPrank();
        _payAndDeliver(b, a);
        vm.assertEq(here.ownerOf(7), USER);
    }

    function test_BridgeERC1155() public {
        Multi here = new Multi();
        Multi there = new Multi();
        PlainBridgeERC1155 one = new PlainBridgeERC1155(here, _links(a, b, _next(1)));
        PlainBridgeERC1155 two = new PlainBridgeERC1155(there, _links(b, a, address(one)));
        here.mint(USER, 3, 10);
        there.mint(address(two), 3, 10);
        bytes memory to = interop(b, OTHER);
        vm.recordLogs();
        vm.startPrank(USER);
        here.setApprovalForAll(address(one), true);
        one.crosschainTransferFrom(USER, to, 3, 4);
        vm.stopPrank();
        _payAndDeliver(a, b);
        vm.assertEq(there.balanceOf(OTHER, 3), 4);
        to = interop(a, USER);
        vm.startPrank(OTHER);
        there.setApprovalForAll(address(two), true);
        two.crosschainTransferFrom(OTHER, to, 3, 1);
        vm.stopPrank();
        _payAndDeliver(b, a);
        vm.assertEq(here.balanceOf(USER, 3), 7);
    }

    function _order(address target, bytes memory data) private pure returns (bytes memory) {
        // ERC-7579 mode 0: a single call that reverts if it fails.
        return abi.encodePacked(bytes32(0), target, uint256(0), data);
    }

    function test_CrosschainRemoteExecutor() public {
        Ledger ledger = new Ledger();
        CrosschainRemoteExecutor executor = new CrosschainRemoteExecutor(address(b.gateway), interop(a, USER));
        bytes memory to = interop(b, address(executor));
        bytes memory payload = _order(address(ledger), abi.encodeCall(ledger.write, (7)));
        vm.recordLogs();
        vm.prank(USER);
        a.gateway.sendMessage(to, payload, none());
        _payAndDeliver(a, b);
        vm.assertEq(ledger.entry(), 7);
        vm.assertEq(ledger.lastCaller(), address(executor));
        // Nobody but the controller, also from the controller's address on another chain.
        on(a);
        vm.prank(OTHER);
        a.gateway.sendMessage(to, payload, none());
        (, IMosGateway.ParkedMessage memory parked) = parkedIn(vm.getRecordedLogs());
        a.gateway.requestRelay{value: 1 ether}(parked, DEFAULT_GAS, OTHER);
        (bool result,) = outcomeIn(deliverLast(a, b));
        vm.assertFalse(result);
    }

    /// @dev What a controller makes its executor call, the executor calls: it is nobody to the gateway, to MOS and to the fee
    ///      service.
    function test_AnExecutorReachesNothingPrivileged() public {
        CrosschainRemoteExecutor executor = new CrosschainRemoteExecutor(address(b.gateway), interop(a, USER));
        bytes memory remote = abi.encodePacked(address(a.gateway));
        bytes[5] memory calls = [
            abi.encodeCall(b.gateway.setRemote, (CHAIN_A, OTHER, 1)),
            abi.encodeCall(b.gateway.mapoExecute, (CHAIN_A, CHAIN_B, remote, bytes32(uint256(1)), "")),
            abi.encodeCall(b.gateway.withdraw, (OTHER, 1)),
            abi.encodeCall(b.mos.setRoute, (CHAIN_A, b.client, OTHER)),
            abi.encodeCall(b.mos.pauseLane, (CHAIN_A, false))
        ];
        b.gateway.deposit{value: 1 ether}(USER);
        for (uint256 i = 0; i < calls.length; ++i) {
            on(a);
            bytes memory to = interop(b, address(executor));
            bytes memory payload = _order(i < 3 ? address(b.gateway) : address(b.mos), calls[i]);
            uint256 fee = a.gateway.quote(CHAIN_B, 500_000, payload.length, false);
            bytes[] memory attributes = list(relayAttribute(500_000, OTHER));
            vm.recordLogs();
            vm.prank(USER);
            a.gateway.sendMessage{value: fee}(to, payload, attributes);
            (bool result, bytes memory reason) = outcomeIn(deliverLast(a, b));
            vm.assertFalse(result);
            vm.assertTrue(reason.length >= 4);
        }
        vm.assertEq(b.gateway.remote(CHAIN_A).gateway, address(a.gateway));
        vm.assertEq(b.gateway.creditOf(USER), 1 ether);
    }
}
