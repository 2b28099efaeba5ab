// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC7786GatewaySource, IERC7786Recipient} from "@openzeppelin/contracts/interfaces/draft-IERC7786.sol";
import {InteroperableAddress} from "@openzeppelin/contracts/utils/draft-InteroperableAddress.sol";
import {GatewayCodec} from "../../src/gateway/GatewayCodec.sol";
import {IGatewayAttributes} from "../../src/gateway/IGatewayAttributes.sol";
import {IMosGateway} from "../../src/gateway/IMosGateway.sol";
import {MosGateway} from "../../src/gateway/MosGateway.sol";
import {IMessageService} from "../../src/mos/interfaces/IMessageService.sol";
import {Vm} from "../utils/Vm.sol";
import {Coinless, Recipient} from "./utils/Recipients.sol";
import {TwoChains} from "./utils/TwoChains.sol";

/// @notice What `sendMessage` takes, and who pays for it.
contract GatewaySendingTest is TwoChains {
    uint256 private constant GAS = 400_000;

    Recipient private app;
    bytes private to;

    function setUp() public override {
        super.setUp();
        app = new Recipient();
        to = interop(b, address(app));
    }

    /// @dev The figures of ERC-7786 and of OpenZeppelin's attribute, recomputed.
    function test_SpeaksTheStandard() public view {
        vm.assertEq(bytes32(type(IERC7786GatewaySource).interfaceId), bytes32(bytes4(0x11967553)));
        vm.assertEq(bytes32(IERC7786GatewaySource.sendMessage.selector), bytes32(bytes4(0xcdfe7f5c)));
        vm.assertEq(bytes32(IERC7786Recipient.receiveMessage.selector), bytes32(bytes4(0x2432ef26)));
        vm.assertEq(
            IERC7786GatewaySource.MessageSent.selector,
            0x7446eaa0a0dda80670b3bfe972bfbefab659bcfb67abad4e0b64dc4630a70481
        );
        vm.assertEq(bytes32(IGatewayAttributes.requestRelay.selector), bytes32(bytes4(0x4cbb573a)));
        vm.assertTrue(a.gateway.supportsAttribute(0x4cbb573a));
        vm.assertTrue(a.gateway.supportsAttribute(IGatewayAttributes.deadline.selector));
        vm.assertTrue(a.gateway.supportsAttribute(IGatewayAttributes.ordered.selector));
        vm.assertFalse(a.gateway.supportsAttribute(0));
        vm.assertFalse(a.gateway.supportsAttribute(0x39f87ba1));
    }

    function test_SendsForCoinAndReturnsWhatIsNotNeeded() public {
        uint256 fee = a.gateway.quote(CHAIN_B, GAS, 5, false);
        bytes[] memory attributes = list(relayAttribute(GAS, OTHER));
        uint256 before = OTHER.balance;
        vm.recordLogs();
        vm.prank(USER);
        bytes32 sendId = a.gateway.sendMessage{value: fee + 7}(to, "hello", attributes);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(OTHER.balance, before + 7);
        vm.assertEq(address(a.gateway).balance, 0);
        vm.assertEq(address(a.fees).balance, fee);
        vm.assertEq(sendId, orderIn(messageLog(logs)), "the send id is the order id");
        vm.assertEq(a.gateway.orderOf(sendId), 0);
        Vm.Log memory sent = logs[logs.length - 1];
        vm.assertEq(sent.topics[0], IERC7786GatewaySource.MessageSent.selector);
        vm.assertEq(sent.topics[1], sendId);
        vm.assertEq(sent.data, abi.encode(interop(a, USER), to, bytes("hello"), uint256(0), attributes));

        assertDelivered(deliver(a, b, messageLog(logs)));
        vm.assertEq(app.receiveId(), sendId);
        vm.assertEq(app.sender(), interop(a, USER));
        vm.assertEq(app.payload(), "hello");
        vm.assertEq(app.caller(), address(b.gateway));
    }

    function test_RefundsToTheSenderWhereNobodyIsNamed() public {
        uint256 fee = a.gateway.quote(CHAIN_B, GAS, 5, false);
        uint256 before = USER.balance;
        vm.prank(USER);
        a.gateway.sendMessage{value: fee + 7}(to, "hello", list(relayAttribute(GAS, address(0))));
        vm.assertEq(before - USER.balance, fee);
    }

    function testFuzz_TheQuoteIsTheCharge(uint256 gas, uint256 length, bool isOrdered) public {
        gas = bound(gas, 5000, 5_000_000);
        length = bound(length, 0, 15_872);
        bytes[] memory attributes = isOrdered
            ? list(relayAttribute(gas, address(0)), orderedAttribute())
            : list(relayAttribute(gas, address(0)));
        uint256 fee = a.gateway.quote(CHAIN_B, gas, length, isOrdered);
        vm.expectRevert(abi.encodeWithSelector(IMosGateway.MosGateway_FeeTooLow.selector, fee, fee - 1));
        a.gateway.sendMessage{value: fee - 1}(to, new bytes(length), attributes);
        a.gateway.sendMessage{value: fee}(to, new bytes(length), attributes);
        vm.assertEq(address(a.fees).balance, fee);
    }

    function test_RevertWhen_ThePayloadIsTooLong() public {
        bytes memory longest = new bytes(15_873);
        vm.expectRevert(abi.encodeWithSelector(IMessageService.MOS_MessageTooLong.selector, 16_384, 16_416));
        a.gateway.sendMessage{value: 1 ether}(to, longest, list(relayAttribute(GAS, address(0))));
    }

    function test_RevertWhen_TheGasLimitIsBeyondMOS() public {
        bytes[] memory attributes = list(relayAttribute(type(uint256).max, address(0)));
        vm.expectRevert(
            abi.encodeWithSelector(IMessageService.MOS_GasLimit.selector, 21_000, 10_000_000, type(uint256).max)
        );
        a.gateway.sendMessage{value: 1 ether}(to, "", attributes);
    }

    function test_RevertWhen_TheRefundIsRefused() public {
        Coinless sender = new Coinless();
        uint256 fee = a.gateway.quote(CHAIN_B, GAS, 1, false);
        bytes[] memory attributes = list(relayAttribute(GAS, address(0)));
        vm.expectRevert(abi.encodeWithSelector(IMosGateway.MosGateway_PaymentFailed.selector, address(sender), 1));
        sender.send{value: fee + 1}(a.gateway, to, attributes);
        sender.send{value: fee}(a.gateway, to, attributes);
    }

    function test_RevertWhen_CoinHasNoMeaning() public {
        vm.expectRevert(abi.encodeWithSelector(IMosGateway.MosGateway_UnexpectedValue.selector, 1));
        a.gateway.sendMessage{value: 1}(to, "", none());
        bytes[] memory attributes = list(abi.encodeCall(IGatewayAttributes.requestRelay, (1, GAS, USER)));
        vm.expectRevert(abi.encodeWithSelector(IMosGateway.MosGateway_ValueNotSupported.selector, 1));
        a.gateway.sendMessage{value: 1 ether}(to, "", attributes);
        (bool taken,) = address(a.gateway).call{value: 1}("");
        vm.assertFalse(taken, "no coin outside deposit and requestRelay");
    }

    function testFuzz_RevertWhen_TheAttributeIsUnknown(bytes memory attribute) public {
        bytes4 selector = attribute.length < 4 ? bytes4(0) : bytes4(attribute);
        vm.assume(!a.gateway.supportsAttribute(selector));
        bytes[] memory attributes = list(relayAttribute(GAS, USER), attribute);
        vm.expectRevert(abi.encodeWithSelector(IERC7786GatewaySource.UnsupportedAttribute.selector, selector));
        a.gateway.sendMessage{value: 1 ether}(to, "", attributes);
    }

    /// @dev Three bytes of `requestRelay`'s selector are no selector.
    function test_RevertWhen_TheAttributeIsShort() public {
        for (uint256 length = 0; length < 4; ++length) {
            bytes memory attribute = hex"4cbb573a";
            assembly ("memory-safe") {
                mstore(attribute, length)
            }
            vm.expectRevert(abi.encodeWithSelector(IERC7786GatewaySource.UnsupportedAttribute.selector, bytes4(0)));
            a.gateway.sendMessage(to, "", list(attribute));
        }
    }

    function test_RevertWhen_AnAttributeIsThereTwice() public {
        bytes[3] memory attributes = [relayAttribute(GAS, USER), deadlineAttribute(2_000_000_000), orderedAttribute()];
        for (uint256 i = 0; i < 3; ++i) {
            bytes[] memory twice = list(attributes[i], attributes[i]);
            vm.expectRevert(
                abi.encodeWithSelector(IMosGateway.MosGateway_DuplicateAttribute.selector, bytes4(attributes[i]))
            );
            a.gateway.sendMessage(to, "", twice);
        }
    }

    function test_RevertWhen_AnAttributeIsMalformed() public {
        bytes4 relay = IGatewayAttributes.requestRelay.selector;
        bytes4 deadline = IGatewayAttributes.deadline.selector;
        bytes4 ordered = IGatewayAttributes.ordered.selector;
        bytes[9] memory bad = [
            abi.encodePacked(relay),
            abi.encodePacked(relay, uint256(0), uint256(GAS), uint256(0), uint8(0)),
            abi.encodePacked(relay, uint256(0), uint256(GAS), bytes31(0)),
            abi.encodePacked(relay, uint256(0), uint256(GAS), uint256(1) << 160),
            abi.encodePacked(deadline),
            abi.encodePacked(deadline, uint256(0)),
            abi.encodePacked(deadline, uint256(type(uint64).max) + 1),
            abi.encodePacked(deadline, uint256(2_000_000_000), uint8(0)),
            abi.encodePacked(ordered, uint8(0))
        ];
        for (uint256 i = 0; i < bad.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IMosGateway.MosGateway_MalformedAttribute.selector, bytes4(bad[i])));
            a.gateway.sendMessage(to, "", list(bad[i]));
        }
    }

    function test_RevertWhen_TheRecipientIsIncomplete() public {
        bytes[4] memory bad = [
            bytes(""),
            InteroperableAddress.formatEvmV1(CHAIN_B),
            InteroperableAddress.formatEvmV1(CHAIN_B, address(0)),
            hex"00010000000000"
        ];
        for (uint256 i = 0; i < 3; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IMosGateway.MosGateway_NoRecipientAddress.selector, bad[i]));
            a.gateway.sendMessage(bad[i], "", none());
        }
        vm.expectRevert(abi.encodeWithSelector(IMosGateway.MosGateway_MalformedRecipient.selector, bad[3]));
        a.gateway.sendMessage(bad[3], "", none());
    }

    /// @dev Chain 2222 is 0x08ae.
    function test_RevertWhen_TheRecipientIsNotCanonical() public {
        bytes[3] memory bad = [
            abi.encodePacked(hex"00010000", hex"030008ae", hex"14", address(app)),
            abi.encodePacked(hex"00010000", hex"0208ae", hex"14", address(app), uint8(0)),
            InteroperableAddress.formatEvmV1(address(app))
        ];
        vm.assertEq(abi.encodePacked(hex"00010000", hex"0208ae", hex"14", address(app)), to);
        for (uint256 i = 0; i < bad.length; ++i) {
            vm.expectPartialRevert(IMosGateway.MosGateway_NonCanonicalRecipient.selector);
            a.gateway.sendMessage(bad[i], "", none());
        }
    }

    function test_RevertWhen_TheRecipientIsMalformed() public {
        bytes[6] memory bad = [
            abi.encodePacked(hex"00020000", hex"0208ae", hex"14", address(app)),
            abi.encodePacked(hex"00010001", hex"0208ae", hex"14", address(app)),
            abi.encodePacked(hex"00010000", hex"ff08ae", hex"14", address(app)),
            abi.encodePacked(hex"00010000", hex"0208ae", hex"15", address(app)),
            abi.encodePacked(hex"00010000", hex"0208ae", hex"13", bytes19(bytes20(address(app)))),
            abi.encodePacked(hex"00010000", hex"21", new bytes(33), hex"14", address(app))
        ];
        for (uint256 i = 0; i < bad.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IMosGateway.MosGateway_MalformedRecipient.selector, bad[i]));
            a.gateway.sendMessage(bad[i], "", none());
        }
    }

    /// @dev Whatever parses is refused or is exactly the bytes that this library writes.
    function testFuzz_OnlyOneEncodingOfARecipientIsTaken(bytes memory recipient, uint256 flip) public {
        if (recipient.length == 0) recipient = to;
        if (flip % 2 == 0) {
            recipient = bytes.concat(to);
            recipient[flip % to.length] = bytes1(uint8(flip >> 8));
        }
        try a.gateway.sendMessage(recipient, "", none()) {
            (uint256 chain, address account) = InteroperableAddress.parseEvmV1(recipient);
            vm.assertEq(recipient, InteroperableAddress.formatEvmV1(chain, account));
            vm.assertEq(chain, CHAIN_B);
        } catch (bytes memory) {}
    }

    function test_RevertWhen_TheChainIsNotConnected() public {
        vm.expectRevert(abi.encodeWithSelector(IMosGateway.MosGateway_NoRemote.selector, 1));
        a.gateway.sendMessage(hex"00010000010114d8da6bf26964af9d7eed9e03e53415d37aa96045", "", none());
        vm.expectRevert(abi.encodeWithSelector(IMosGateway.MosGateway_NoRemote.selector, CHAIN_A));
        a.gateway.sendMessage(interop(a, address(app)), "", none());
    }

    function test_PaysFromTheSendersCredit() public {
        a.gateway.deposit{value: 1 ether}(USER);
        uint256 fee = a.gateway.quote(CHAIN_B, DEFAULT_GAS, 2, false);
        vm.recordLogs();
        vm.prank(USER);
        bytes32 sendId = a.gateway.sendMessage(to, "hi", none());
        vm.assertEq(a.gateway.creditOf(USER), 1 ether - fee);
        Vm.Log[] memory delivery = deliverLast(a, b);
        assertDelivered(delivery);
        vm.assertEq(app.receiveId(), sendId);
        vm.assertGe(app.gasSeen(), DEFAULT_GAS - 1000);
    }

    function test_ASenderChoosesItsOwnDefaultGas() public {
        vm.startPrank(USER);
        a.gateway.setGasLimit(CHAIN_B, 1_000_000);
        vm.stopPrank();
        vm.assertEq(a.gateway.gasLimitOf(USER, CHAIN_B), 1_000_000);
        vm.assertEq(a.gateway.gasLimitOf(OTHER, CHAIN_B), DEFAULT_GAS);
        a.gateway.deposit{value: 1 ether}(USER);
        vm.recordLogs();
        vm.prank(USER);
        a.gateway.sendMessage(to, "hi", none());
        assertDelivered(deliverLast(a, b));
        vm.assertGe(app.gasSeen(), 1_000_000 - 1000);
        on(a);
        vm.prank(USER);
        a.gateway.setGasLimit(CHAIN_B, 0);
        vm.assertEq(a.gateway.gasLimitOf(USER, CHAIN_B), DEFAULT_GAS);
    }

    function test_RevertWhen_RelayIsAskedForAndNobodyPays() public {
        uint256 fee = a.gateway.quote(CHAIN_B, GAS, 0, false);
        bytes[] memory attributes = list(relayAttribute(GAS, USER));
        vm.expectRevert(abi.encodeWithSelector(IMosGateway.MosGateway_FeeTooLow.selector, fee, 0));
        a.gateway.sendMessage(to, "", attributes);
        a.gateway.deposit{value: fee}(address(this));
        a.gateway.sendMessage(to, "", attributes);
        vm.assertEq(a.gateway.creditOf(address(this)), 0);
    }

    function test_CreditIsTakenOutByItsOwnerOnly() public {
        vm.prank(OTHER);
        a.gateway.deposit{value: 5}(USER);
        vm.prank(OTHER);
        vm.expectRevert(abi.encodeWithSelector(IMosGateway.MosGateway_CreditTooLow.selector, 1, 0));
        a.gateway.withdraw(OTHER, 1);
        vm.startPrank(USER);
        vm.expectRevert(abi.encodeWithSelector(IMosGateway.MosGateway_CreditTooLow.selector, 6, 5));
        a.gateway.withdraw(USER, 6);
        uint256 before = OTHER.balance;
        a.gateway.withdraw(OTHER, 5);
        vm.assertEq(OTHER.balance, before + 5);
        vm.expectRevert(abi.encodeWithSelector(IMosGateway.MosGateway_CreditTooLow.selector, 1, 0));
        a.gateway.withdraw(OTHER, 1);
        vm.stopPrank();
    }

    function test_ADeadlineReachesMOS() public {
        uint64 deadline = uint64(block.timestamp + 1 hours);
        uint256 fee = a.gateway.quote(CHAIN_B, GAS, 0, false);
        vm.recordLogs();
        vm.prank(USER);
        a.gateway.sendMessage{value: fee}(to, "", list(relayAttribute(GAS, OTHER), deadlineAttribute(deadline)));
        Vm.Log memory log = messageLog(vm.getRecordedLogs());
        (, bytes memory options) = messageDataIn(log);
        vm.assertEq(options, abi.encode(deadline, uint64(0), OTHER));
        vm.warp(deadline);
        deliver(a, b, log);
        vm.assertEq(app.count(), 0);
        vm.assertEq(uint256(b.mos.outcome(CHAIN_A, orderIn(log))), uint256(IMessageService.Outcome.Expired), "expired");
        on(a);
        bytes[] memory past = list(deadlineAttribute(deadline));
        vm.expectRevert(
            abi.encodeWithSelector(IMosGateway.MosGateway_DeadlinePassed.selector, deadline, block.timestamp)
        );
        a.gateway.sendMessage(to, "", past);
    }

    function test_OnlyTheTimelockConnects() public {
        vm.expectRevert(
            abi.encodeWithSelector(IMosGateway.MosGateway_NotTimelock.selector, address(timelock), address(this))
        );
        a.gateway.setRemote(3, address(1), 1);
        vm.startPrank(address(timelock));
        vm.expectRevert(abi.encodeWithSelector(IMosGateway.MosGateway_InvalidRemote.selector, CHAIN_A, address(1), 1));
        a.gateway.setRemote(CHAIN_A, address(1), 1);
        vm.expectRevert(abi.encodeWithSelector(IMosGateway.MosGateway_InvalidRemote.selector, CHAIN_B, address(1), 0));
        a.gateway.setRemote(CHAIN_B, address(1), 0);
        a.gateway.setRemote(CHAIN_B, address(1), 7);
        vm.assertFalse(a.gateway.isTrustedRemote(CHAIN_B, abi.encodePacked(address(b.gateway))));
        vm.assertTrue(a.gateway.isTrustedRemote(CHAIN_B, abi.encodePacked(address(1))));
        a.gateway.setRemote(CHAIN_B, address(0), 0);
        vm.assertFalse(a.gateway.isTrustedRemote(CHAIN_B, abi.encodePacked(address(1))));
        vm.stopPrank();
        vm.expectRevert(abi.encodeWithSelector(IMosGateway.MosGateway_NoRemote.selector, CHAIN_B));
        a.gateway.sendMessage(to, "", none());
        vm.expectRevert(abi.encodeWithSelector(IMosGateway.MosGateway_NotAContract.selector, USER));
        this.deploy(USER);
    }

    /// @dev A frame of its own: forge replaces `new` by a cheatcode here, and `vm.expectRevert` right before that would end the
    ///      test as passed.
    function deploy(address owner) external returns (MosGateway) {
        return new MosGateway(a.mos, owner);
    }
}
