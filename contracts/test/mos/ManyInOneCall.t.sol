// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMessageService} from "../../src/mos/interfaces/IMessageService.sol";
import {IMOSV3} from "../../src/mos/interfaces/IMOSV3.sol";
import {Vm} from "../utils/Vm.sol";
import {MosTest} from "./utils/MosTest.sol";
import {Burner, Moody, Probe} from "./utils/Receivers.sol";

/// @notice Reverts with what it was called with, so that each failure has another reason.
contract Echoing {
    fallback() external {
        assembly {
            calldatacopy(0, 0, calldatasize())
            revert(0, calldatasize())
        }
    }
}

/// @notice MOS uses its memory again for each of several messages. Whatever came before, each is treated as if it had come
///         alone: `transferIn` and `transferInBatch` log what as many calls of `transferInWithIndex` log.
contract ManyInOneCallTest is MosTest {
    uint256 private constant COUNT = 6;
    uint64 private constant DEADLINE = 1_000_000;

    address[4] private _targets;
    uint256 private _seed;

    function setUp() public override {
        super.setUp();
        Moody taking = new Moody();
        taking.setFailing(false);
        _targets = [address(taking), address(new Probe()), address(new Echoing()), address(new Burner())];
        for (uint256 i = 0; i < 4; ++i) {
            vm.prank(_targets[i]);
            mosB.addRemoteCaller(CHAIN_A, abi.encodePacked(USER), true);
        }
        vm.warp(1000);
    }

    /// forge-config: default.fuzz.runs = 64
    function testFuzz_EachMessageIsTreatedAsIfItWereAlone(uint256 seed) public {
        _seed = seed;
        Vm.Log[] memory receipt = new Vm.Log[](2 * COUNT);
        for (uint256 i = 0; i < COUNT; ++i) {
            receipt[2 * i] = _noise();
            receipt[2 * i + 1] = _send();
        }
        bytes memory proof = prove(receipt);
        IMessageService.BatchProof memory batch = abi.decode(proveBatch(receipt), (IMessageService.BatchProof));
        IMessageService.BatchMember[] memory members = batch.members;
        batch.members = new IMessageService.BatchMember[](COUNT);
        for (uint256 i = 0; i < COUNT; ++i) {
            batch.members[i] = members[2 * i + 1];
        }
        vm.warp(_random(2) == 0 ? DEADLINE : DEADLINE - 1);

        uint256 start = vm.snapshotState();
        vm.recordLogs();
        for (uint256 i = 0; i < COUNT; ++i) {
            mosB.transferInWithIndex(CHAIN_A, 2 * i + 1, proof);
        }
        bytes32 expected = keccak256(abi.encode(vm.getRecordedLogs()));
        vm.revertToState(start);
        vm.recordLogs();
        mosB.transferIn(CHAIN_A, proof);
        vm.assertEq(keccak256(abi.encode(vm.getRecordedLogs())), expected, "transferIn");
        vm.revertToState(start);
        vm.recordLogs();
        mosB.transferInBatch(CHAIN_A, new bytes[](0), new bytes32[](0), address(0), abi.encode(batch));
        vm.assertEq(keccak256(abi.encode(vm.getRecordedLogs())), expected, "transferInBatch");
    }

    function _send() private returns (Vm.Log memory) {
        IMOSV3.MessageType kind = IMOSV3.MessageType(_random(2));
        // Above the length of the reason that is kept, and not a multiple of a word.
        bytes memory data = encode(kind, _targets[_random(4)], _bytes(_random(700)), 100_000);
        if (_random(2) == 0) return send(data).log;
        uint64 deadline = _random(2) == 0 ? 0 : DEADLINE;
        return sendWith(data, IMessageService.MessageOptions(deadline, false, address(uint160(1 + _random(1000))))).log;
    }

    /// @dev A log that is no message, of MOS or of another contract.
    function _noise() private returns (Vm.Log memory log) {
        log.emitter = _random(2) == 0 ? address(mosA) : address(0xbad);
        log.topics = new bytes32[](_random(5));
        for (uint256 i = 0; i < log.topics.length; ++i) {
            log.topics[i] = bytes32(type(uint256).max);
        }
        log.data = _bytes(_random(300));
    }

    function _bytes(uint256 length) private returns (bytes memory data) {
        data = new bytes(length);
        bytes32 filling = bytes32(_random(type(uint256).max) | 1);
        for (uint256 i = 0; i < length; ++i) {
            data[i] = filling[i % 32] | 0x01;
        }
    }

    function _random(uint256 below) private returns (uint256) {
        _seed = uint256(keccak256(abi.encode(_seed)));
        return _seed % below;
    }
}
