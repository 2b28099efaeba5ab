// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ILightClient} from "../../src/light-clients/ILightClient.sol";
import {IProver} from "../../src/prover/IProver.sol";
import {Prover} from "../../src/prover/Prover.sol";
import {CodecHarness} from "../mos/utils/CodecHarness.sol";
import {MosTest} from "../mos/utils/MosTest.sol";
import {ReceiptTrie} from "../mos/utils/ReceiptTrie.sol";
import {Probe} from "../mos/utils/Receivers.sol";

/// @notice The Prover and the layout of MOS' storage against MOS itself.
contract ProverOverMosTest is MosTest {
    CodecHarness private codec;

    function setUp() public override {
        super.setUp();
        codec = CodecHarness(vm.deployCode("CodecHarness.sol:CodecHarness"));
    }

    function test_TheRouteOfMosVouches() public {
        Sent memory sent = sendTo(address(new Probe()));
        (bytes32 root, bytes memory nodes) = ReceiptTrie.single(ReceiptTrie.receipt(asArray(sent.log)));
        bytes memory proof = abi.encode(IProver.LogProof(abi.encode(root), 0, 0, nodes));
        Prover prover = new Prover(mosB);
        vm.expectRevert();
        prover.verifyLog(CHAIN_A, proof);
        client.setFinal(root);
        (address emitter, bytes32[] memory topics, bytes memory data) = prover.verifyLog(CHAIN_A, proof);
        vm.assertEq(emitter, address(mosA));
        vm.assertEq(keccak256(abi.encode(topics)), keccak256(abi.encode(sent.log.topics)));
        vm.assertEq(data, sent.log.data);

        vm.expectRevert(abi.encodeWithSelector(IProver.Prover_NoRoute.selector, CHAIN_B));
        prover.verifyLog(CHAIN_B, proof);
        frozen();
        vm.expectRevert(ILightClient.LightClient_Frozen.selector);
        prover.verifyLog(CHAIN_A, proof);
    }

    /// @dev Refunds by proof read this bit on the other chain. If MOS' layout changes, `CONSUMED_SLOT` must.
    function test_TheReplayBitIsWhereRemoteMosReadsIt() public {
        Probe probe = new Probe();
        for (uint256 i = 0; i < 3; ++i) {
            Sent memory sent = sendTo(address(probe));
            uint64 nonce = codec.nonceOf(sent.orderId);
            bytes32 slot = codec.consumedSlot(CHAIN_A, address(mosA), CHAIN_B, nonce);
            uint256 word = uint256(vm.load(address(mosB), slot));
            vm.assertEq(word >> (nonce & 0xff) & 1, 0);
            deliver(sent);
            vm.assertEq(uint256(vm.load(address(mosB), slot)), word | 1 << (nonce & 0xff));
        }
    }

    function testFuzz_TheReplayBitIsWhereRemoteMosReadsIt(uint256 fromChain, address fromMos, uint64 nonce) public {
        vm.assertFalse(mosB.isConsumed(fromChain, fromMos, nonce));
        bytes32 slot = codec.consumedSlot(fromChain, fromMos, CHAIN_B, nonce);
        vm.store(address(mosB), slot, bytes32(uint256(1) << (nonce & 0xff)));
        vm.assertTrue(mosB.isConsumed(fromChain, fromMos, nonce));
    }
}
