// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Counter} from "../../src/examples/Counter.sol";
import {IFeeService} from "../../src/mos/interfaces/IFeeService.sol";
import {IMessageService} from "../../src/mos/interfaces/IMessageService.sol";
import {IMOSV3} from "../../src/mos/interfaces/IMOSV3.sol";
import {MessageCodec} from "../../src/mos/libraries/MessageCodec.sol";
import {CodecHarness} from "./utils/CodecHarness.sol";
import {MosTest} from "./utils/MosTest.sol";
import {Unchanging} from "./utils/Receivers.sol";
import {LyingToken, TakingToken, Token} from "./utils/Tokens.sol";

/// @notice What `transferOut` takes, what it costs, and where the money goes.
contract SendingTest is MosTest {
    address internal constant TARGET = address(0x7a46e7);
    bytes internal good;

    CodecHarness private codec;

    function setUp() public override {
        super.setUp();
        codec = CodecHarness(vm.deployCode("CodecHarness.sol:CodecHarness"));
        good = encode(IMOSV3.MessageType.MESSAGE, TARGET, "hello", GAS_LIMIT);
        vm.chainId(CHAIN_A);
    }

    function test_EmitsAndNumbersTheMessage() public {
        for (uint64 nonce = 0; nonce < 3; ++nonce) {
            vm.assertEq(uint256(mosA.laneNonce(CHAIN_B)), nonce);
            bytes32 digest =
                keccak256(abi.encode(1, CHAIN_A, address(mosA), CHAIN_B, nonce, USER, keccak256(good), keccak256("")));
            bytes32 expected = bytes32((uint256(digest) & ~uint256(type(uint64).max)) | nonce);
            Sent memory sent = send(good);
            vm.assertEq(sent.orderId, expected);
            vm.assertEq(sent.log.topics[1], bytes32(CHAIN_A));
            vm.assertEq(sent.log.topics[2], bytes32(CHAIN_B));
            vm.assertEq(sent.log.data, abi.encode(expected, abi.encodePacked(USER), good));
        }
    }

    function test_ChargesTheQuoteAndReturnsTheRest() public {
        (uint256 amount, address receiver) = mosA.getMessageFee(CHAIN_B, address(0), GAS_LIMIT);
        vm.assertEq(amount, quote(GAS_LIMIT));
        vm.assertEq(receiver, address(feeA));
        uint256 before = USER.balance;
        vm.prank(USER);
        mosA.transferOut{value: 5 ether}(CHAIN_B, good, address(0));
        vm.assertEq(before - USER.balance, amount);
        vm.assertEq(address(feeA).balance, amount);
        vm.assertEq(address(mosA).balance, 0);
    }

    function test_RevertWhen_TheFeeIsTooLow() public {
        uint256 amount = quote(GAS_LIMIT);
        vm.prank(USER);
        vm.expectRevert(abi.encodeWithSelector(IMessageService.MOS_FeeTooLow.selector, amount, amount - 1));
        mosA.transferOut{value: amount - 1}(CHAIN_B, good, address(0));
    }

    function test_RevertWhen_TheRefundIsRefused() public {
        Unchanging sender = new Unchanging();
        uint256 amount = quote(GAS_LIMIT);
        vm.expectRevert(abi.encodeWithSelector(IMessageService.MOS_RefundFailed.selector, address(sender), 1));
        sender.send{value: amount + 1}(mosA, CHAIN_B, good);
        sender.send{value: amount}(mosA, CHAIN_B, good);
    }

    /// @dev In MAP Protocol's MOS any unlisted token had the price 0: messages were free for a made-up token. [PoC4]
    function test_RevertWhen_TheFeeTokenIsNotListed() public {
        Token token = new Token();
        vm.expectRevert(abi.encodeWithSelector(IFeeService.FeeService_TokenNotListed.selector, CHAIN_B, token));
        mosA.transferOut(CHAIN_B, good, address(token));
        list(feeA, CHAIN_B, address(token), 0);
        mosA.transferOut(CHAIN_B, good, address(token));
        vm.prank(PRICER);
        feeA.unlistToken(CHAIN_B, address(token));
        vm.expectRevert(abi.encodeWithSelector(IFeeService.FeeService_TokenNotListed.selector, CHAIN_B, token));
        mosA.transferOut(CHAIN_B, good, address(token));
    }

    function test_RevertWhen_TheChainIsNotServed() public {
        vm.expectRevert(abi.encodeWithSelector(IFeeService.FeeService_ChainNotServed.selector, 3333));
        mosA.transferOut{value: 1 ether}(3333, good, address(0));
    }

    function test_RevertWhen_SentToItself() public {
        vm.expectRevert(abi.encodeWithSelector(IMessageService.MOS_SameChain.selector, CHAIN_A));
        mosA.transferOut{value: 1 ether}(CHAIN_A, good, address(0));
    }

    function test_ChargesATokenStraightToTheFeeService() public {
        Token token = new Token();
        _list(address(token));
        token.mint(USER, 1 ether);
        vm.startPrank(USER);
        token.approve(address(mosA), type(uint256).max);
        mosA.transferOut(CHAIN_B, good, address(token));
        vm.assertEq(token.balanceOf(address(feeA)), quote(GAS_LIMIT));
        vm.assertEq(token.balanceOf(address(mosA)), 0);
        vm.expectRevert(abi.encodeWithSelector(IMessageService.MOS_UnexpectedValue.selector, 1));
        mosA.transferOut{value: 1}(CHAIN_B, good, address(token));
        vm.stopPrank();
    }

    function test_RevertWhen_TheTokenTakesItsCut() public {
        TakingToken token = new TakingToken();
        _list(address(token));
        token.mint(USER, 1 ether);
        vm.startPrank(USER);
        token.approve(address(mosA), type(uint256).max);
        uint256 amount = quote(GAS_LIMIT);
        vm.expectRevert(abi.encodeWithSelector(IMessageService.MOS_FeeNotReceived.selector, amount, amount - 1));
        mosA.transferOut(CHAIN_B, good, address(token));
    }

    /// @dev Qubit lost 80 M to a `safeTransferFrom` that succeeded and moved nothing.
    function test_RevertWhen_TheTokenLies() public {
        LyingToken token = new LyingToken(true);
        _list(address(token));
        vm.expectRevert(abi.encodeWithSelector(IMessageService.MOS_FeeNotReceived.selector, quote(GAS_LIMIT), 0));
        mosA.transferOut(CHAIN_B, good, address(token));
        token = new LyingToken(false);
        _list(address(token));
        vm.expectRevert(abi.encodeWithSelector(SafeERC20.SafeERC20FailedOperation.selector, token));
        mosA.transferOut(CHAIN_B, good, address(token));
    }

    function test_RevertWhen_TheTokenHasNoCode() public {
        vm.prank(address(timelock));
        vm.expectRevert(abi.encodeWithSelector(IFeeService.FeeService_NotAContract.selector, address(0xe0a)));
        feeA.registerToken(address(0xe0a));
        Token token = new Token();
        _list(address(token));
        vm.etch(address(token), "");
        vm.expectRevert(abi.encodeWithSelector(IMessageService.MOS_NotAContract.selector, token));
        mosA.transferOut(CHAIN_B, good, address(token));
    }

    function test_RevertWhen_TheLaneIsPaused() public {
        vm.prank(PAUSER);
        mosA.pauseLane(CHAIN_B, true);
        vm.expectRevert(abi.encodeWithSelector(IMessageService.MOS_LanePaused.selector, CHAIN_B, true));
        mosA.transferOut{value: 1 ether}(CHAIN_B, good, address(0));
        vm.prank(UNPAUSER);
        mosA.unpauseLane(CHAIN_B, true);
        vm.prank(USER);
        mosA.transferOut{value: 1 ether}(CHAIN_B, good, address(0));
    }

    function test_RevertWhen_Relay() public {
        bytes memory message = abi.encode(
            IMOSV3.MessageData(true, IMOSV3.MessageType.MESSAGE, abi.encodePacked(TARGET), "", GAS_LIMIT, 0)
        );
        _refused(message, abi.encodeWithSelector(IMessageService.MOS_RelayNotSupported.selector));
    }

    function test_RevertWhen_TheTargetIsNoAddress() public {
        bytes[3] memory targets = [bytes(""), abi.encode(TARGET), abi.encodePacked(TARGET, uint8(1))];
        for (uint256 i = 0; i < 3; ++i) {
            bytes memory message =
                abi.encode(IMOSV3.MessageData(false, IMOSV3.MessageType.MESSAGE, targets[i], "", GAS_LIMIT, 0));
            _refused(message, abi.encodeWithSelector(IMessageService.MOS_TargetLength.selector, 20, targets[i].length));
        }
    }

    function test_RevertWhen_TheGasLimitIsOutOfBounds() public {
        uint256[4] memory limits = [uint256(0), 20_999, 10_000_001, type(uint256).max];
        for (uint256 i = 0; i < 4; ++i) {
            bytes memory reason =
                abi.encodeWithSelector(IMessageService.MOS_GasLimit.selector, 21_000, 10_000_000, limits[i]);
            _refused(encode(IMOSV3.MessageType.MESSAGE, TARGET, "", limits[i]), reason);
            vm.expectRevert(reason);
            mosA.getMessageFee(CHAIN_B, address(0), limits[i]);
        }
        send(encode(IMOSV3.MessageType.MESSAGE, TARGET, "", 21_000));
        send(encode(IMOSV3.MessageType.MESSAGE, TARGET, "", 10_000_000));
    }

    function test_RevertWhen_TheValueIsNotZero() public {
        bytes memory message = abi.encode(
            IMOSV3.MessageData(false, IMOSV3.MessageType.MESSAGE, abi.encodePacked(TARGET), "", GAS_LIMIT, 7)
        );
        _refused(message, abi.encodeWithSelector(IMessageService.MOS_ValueNotSupported.selector, 7));
    }

    function test_RevertWhen_TheMessageIsTooLong() public {
        uint256 room = MessageCodec.MAX_LENGTH - 0x140;
        send(encode(IMOSV3.MessageType.MESSAGE, TARGET, new bytes(room), GAS_LIMIT));
        _refused(
            encode(IMOSV3.MessageType.MESSAGE, TARGET, new bytes(room + 1), GAS_LIMIT),
            abi.encodeWithSelector(
                IMessageService.MOS_MessageTooLong.selector, MessageCodec.MAX_LENGTH, MessageCodec.MAX_LENGTH + 32
            )
        );
    }

    /// @dev The encodings are what Solidity writes, and each has one reading: shorter, longer, with other offsets, other
    ///      padding or another word 0, a message is refused.
    function test_RevertWhen_TheEncodingIsNotCanonical() public {
        bytes memory flat = abi.encode(
            false, IMOSV3.MessageType.MESSAGE, abi.encodePacked(TARGET), bytes("hello"), GAS_LIMIT, uint256(0)
        );
        send(flat);
        bytes memory malformed = abi.encodeWithSelector(IMessageService.MOS_MalformedMessage.selector);
        for (uint256 form = 0; form < 2; ++form) {
            bytes memory message = form == 0 ? good : flat;
            uint256 head = form == 0 ? 32 : 0;
            _refused(bytes.concat(message, hex"00"), malformed);
            _refused(bytes.concat(message, bytes32(0)), malformed);
            _refused(_cut(message, message.length - 1), malformed);
            _refused(_cut(message, message.length - 32), malformed);
            _refused(_with(message, message.length - 1, 0x01), malformed); // padding of the payload
            _refused(_with(message, head + 0xe0 + 31, 0x01), malformed); // padding of the target
            _refused(_with(message, head + 0x3f, 0x02), malformed); // message type 2
            _refused(_with(message, head + 0x5f, 0xe0), malformed); // offset of the target
            _refused(_with(message, head + 0x7f, 0xc0), malformed); // offset of the payload
            _refused(_with(message, head + 0x40, 0x80), malformed); // an offset that wraps around
            _refused(_with(message, head + 0x100, 0x80), malformed); // a length that wraps around
            _refused(_with(message, head + 0x11f, 0x26), malformed); // one word longer
            _refused(_with(message, head + 0x1f, 0x02), malformed); // relay = 2
        }
        _refused(_with(good, 31, 0x40), malformed);
        _refused(_with(flat, 31, 0x01), malformed); // flat with relay
        _refused("", malformed);
    }

    function testFuzz_CodecAgreesWithSolidity(
        bool isFlat,
        bool kind,
        address target,
        uint256 gas,
        bytes calldata payload
    ) public view {
        vm.assume(payload.length < 8192);
        gas = bound(gas, 21_000, 10_000_000);
        IMOSV3.MessageType msgType = kind ? IMOSV3.MessageType.MESSAGE : IMOSV3.MessageType.CALLDATA;
        bytes memory message = isFlat
            ? abi.encode(false, msgType, abi.encodePacked(target), payload, gas, uint256(0))
            : abi.encode(IMOSV3.MessageData(false, msgType, abi.encodePacked(target), payload, gas, 0));
        (IMOSV3.MessageType gotType, address gotTarget, uint256 gotGas, bytes memory gotPayload) = codec.decode(message);
        vm.assertEq(uint256(gotType), uint256(msgType));
        vm.assertEq(gotTarget, target);
        vm.assertEq(gotGas, gas);
        vm.assertEq(gotPayload, payload);
    }

    /// @dev Whatever bytes are taken, taking them apart and encoding them again gives the same bytes.
    function testFuzz_WhatIsTakenIsCanonical(uint256 position, bytes1 value, bool isFlat) public view {
        bytes memory message = isFlat
            ? abi.encode(false, uint8(1), abi.encodePacked(TARGET), bytes("hello"), GAS_LIMIT, uint256(0))
            : good;
        message[bound(position, 0, message.length - 1)] = value;
        try codec.decode(message) returns (IMOSV3.MessageType kind, address target, uint256 gas, bytes memory payload) {
            bytes memory again = isFlat
                ? abi.encode(false, kind, abi.encodePacked(target), payload, gas, uint256(0))
                : abi.encode(IMOSV3.MessageData(false, kind, abi.encodePacked(target), payload, gas, 0));
            vm.assertEq(again, message);
        } catch {}
    }

    function test_ACounterSendsAndReturnsTheRest() public {
        Counter counter = new Counter(mosA, address(this));
        uint256 before = USER.balance;
        vm.prank(USER);
        counter.send{value: 1 ether}(CHAIN_B, TARGET, "ping", GAS_LIMIT);
        vm.assertEq(before - USER.balance, quote(GAS_LIMIT));
        vm.assertEq(address(counter).balance, 0);
    }

    function _list(address token) private {
        list(feeA, CHAIN_B, token, GAS_PRICE);
    }

    function _refused(bytes memory message, bytes memory reason) private {
        vm.chainId(CHAIN_A);
        vm.prank(USER);
        vm.expectRevert(reason);
        mosA.transferOut{value: 1 ether}(CHAIN_B, message, address(0));
    }

    function _cut(bytes memory data, uint256 length) private pure returns (bytes memory part) {
        part = new bytes(length);
        for (uint256 i = 0; i < length; ++i) {
            part[i] = data[i];
        }
    }

    function _with(bytes memory data, uint256 position, bytes1 value) private pure returns (bytes memory changed) {
        changed = bytes.concat(data);
        changed[position] = value;
    }
}
