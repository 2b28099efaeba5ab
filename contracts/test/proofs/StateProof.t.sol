// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ILightClient} from "../../src/light-clients/ILightClient.sol";
import {RemoteMos} from "../../src/prover/RemoteMos.sol";
import {StateProof} from "../../src/proofs/StateProof.sol";
import {Test} from "../utils/Test.sol";
import {StateHarness} from "./StateHarness.sol";

contract StateProofTest is Test {
    StateHarness private harness;
    string private json;
    /// @dev The first vectors: slots that are there, and that are not.
    Case[] private cases;

    function setUp() public {
        harness = StateHarness(vm.deployCode("StateHarness.sol:StateHarness"));
        json = vm.readFile("vectors/state.json");
        for (uint256 i = 0; i < 20; ++i) {
            cases.push(_case(_element(".cases", i)));
        }
    }

    /// @dev Another chain's MOS and a lane of orders to it.
    struct Lane {
        ILightClient.Block finalBlock;
        address mos;
        address fromMos;
        uint256 fromChain;
        uint256 toChain;
        bytes accountNodes;
    }

    struct Case {
        bytes32 root;
        address owner;
        bytes32 slot;
        bytes accountNodes;
        bytes storageNodes;
        bytes value;
    }

    function _case(string memory path) private view returns (Case memory read) {
        read.root = vm.parseJsonBytes32(json, string.concat(path, ".stateRoot"));
        read.owner = vm.parseJsonAddress(json, string.concat(path, ".owner"));
        read.slot = vm.parseJsonBytes32(json, string.concat(path, ".slot"));
        read.accountNodes = vm.parseJsonBytes(json, string.concat(path, ".accountNodes"));
        read.storageNodes = vm.parseJsonBytes(json, string.concat(path, ".storageNodes"));
        read.value = vm.parseJsonBytes(json, string.concat(path, ".value"));
    }

    function _element(string memory list, uint256 index) private pure returns (string memory) {
        return string.concat(list, "[", vm.toString(index), "]");
    }

    function test_EveryVector() public view {
        uint256 count = vm.parseJsonUint(json, ".count");
        vm.assertGt(count, 40);
        for (uint256 i = 0; i < count; ++i) {
            string memory path = _element(".cases", i);
            string memory name = vm.parseJsonString(json, string.concat(path, ".name"));
            Case memory c = _case(path);
            try harness.storageAt(c.root, c.owner, c.slot, c.accountNodes, c.storageNodes) returns (bytes32 value) {
                vm.assertEq(abi.encode(value), c.value, name);
            } catch (bytes memory reason) {
                bytes memory selector = vm.parseJsonBytes(json, string.concat(path, ".selector"));
                vm.assertEq(bytes32(bytes4(reason)), bytes32(selector), name);
                vm.assertEq(c.value.length, 0);
            }
        }
    }

    function test_Accounts() public view {
        bytes32 root = vm.parseJsonBytes32(json, ".prover.stateRoot");
        for (uint256 i = 0; i < 4; ++i) {
            string memory path = _element(".accounts", i);
            (bool exists, StateProof.Account memory account) = harness.accountAt(
                root,
                vm.parseJsonAddress(json, string.concat(path, ".owner")),
                vm.parseJsonBytes(json, string.concat(path, ".nodes"))
            );
            vm.assertEq(exists, i != 3);
            vm.assertEq(bytes32(account.nonce), vm.parseJsonBytes32(json, string.concat(path, ".nonce")));
            vm.assertEq(bytes32(account.balance), vm.parseJsonBytes32(json, string.concat(path, ".balance")));
            vm.assertEq(account.storageRoot, vm.parseJsonBytes32(json, string.concat(path, ".storageRoot")));
            vm.assertEq(account.codeHash, vm.parseJsonBytes32(json, string.concat(path, ".codeHash")));
        }
    }

    function test_Transactions() public view {
        bytes32 root = vm.parseJsonBytes32(json, ".transactionsRoot");
        for (uint256 i = 0; vm.keyExistsJson(json, _element(".transactions", i)); ++i) {
            string memory path = _element(".transactions", i);
            uint256 txIndex = vm.parseJsonUint(json, string.concat(path, ".txIndex"));
            bytes memory nodes = vm.parseJsonBytes(json, string.concat(path, ".nodes"));
            bytes memory expected = vm.parseJsonBytes(json, string.concat(path, ".transaction"));
            vm.assertEq(harness.transaction(root, txIndex, nodes), expected);
            try harness.transaction(root, txIndex + 1, nodes) {
                vm.assertTrue(false, "another index");
            } catch {}
        }
    }

    function test_OrdersOfARemoteMos() public {
        Lane memory lane;
        lane.finalBlock.stateRoot = vm.parseJsonBytes32(json, ".remoteMos.stateRoot");
        lane.mos = vm.parseJsonAddress(json, ".remoteMos.mos");
        lane.fromMos = vm.parseJsonAddress(json, ".remoteMos.fromMos");
        lane.fromChain = vm.parseJsonUint(json, ".remoteMos.fromChain");
        lane.toChain = vm.parseJsonUint(json, ".remoteMos.toChain");
        lane.accountNodes = vm.parseJsonBytes(json, ".remoteMos.accountNodes");
        uint256 consumed;
        for (uint256 i = 0; vm.keyExistsJson(json, _element(".remoteMos.orders", i)); ++i) {
            string memory path = _element(".remoteMos.orders", i);
            uint64 nonce = uint64(uint256(vm.parseJsonBytes32(json, string.concat(path, ".nonce"))));
            bytes memory storageNodes = vm.parseJsonBytes(json, string.concat(path, ".storageNodes"));
            bool unconsumed = harness.isUnconsumedAt(
                lane.finalBlock,
                lane.mos,
                lane.fromChain,
                lane.fromMos,
                lane.toChain,
                nonce,
                lane.accountNodes,
                storageNodes
            );
            bool expected =
                keccak256(vm.parseJson(json, string.concat(path, ".unconsumed"))) == keccak256(abi.encode(true));
            vm.assertEq(unconsumed, expected);
            if (!unconsumed) ++consumed;
            vm.assertEq(
                harness.consumedSlot(RemoteMos.CONSUMED_SLOT, lane.fromChain, lane.fromMos, lane.toChain, nonce),
                vm.parseJsonBytes32(json, string.concat(path, ".slot"))
            );
            // What the nodes of one word show of another lane is that nothing of it was consumed, or they show nothing.
            try harness.isUnconsumedAt(
                lane.finalBlock,
                lane.mos,
                lane.fromChain + 1,
                lane.fromMos,
                lane.toChain,
                nonce,
                lane.accountNodes,
                storageNodes
            ) returns (
                bool other
            ) {
                vm.assertTrue(other);
            } catch {}
        }
        vm.assertEq(consumed, 5);

        // Where there is no contract, nothing was consumed; that must not pass for "not delivered".
        for (uint256 i = 0; i < 2; ++i) {
            string memory path = _element(".remoteMos.elsewhere", i);
            address elsewhere = vm.parseJsonAddress(json, string.concat(path, ".mos"));
            bytes memory nodes = vm.parseJsonBytes(json, string.concat(path, ".accountNodes"));
            vm.expectRevert(abi.encodeWithSelector(RemoteMos.RemoteMos_NotAContract.selector, elsewhere));
            harness.isUnconsumedAt(lane.finalBlock, elsewhere, lane.fromChain, lane.fromMos, lane.toChain, 1, nodes, "");
        }
    }

    /// @dev Whatever is done to a proof, what comes out is the value that the slot has.
    function testFuzz_RevertWhen_ProofIsTamperedWith(uint256 which, uint256 where, uint8 with, uint8 how) public view {
        Case memory c = cases[which % cases.length];
        bool top = how % 2 == 0 || c.storageNodes.length == 0;
        bytes memory nodes = top ? c.accountNodes : c.storageNodes;
        where %= nodes.length;
        if (how % 3 == 0) {
            nodes = bytes.concat(nodes, bytes1(with));
        } else if (how % 3 == 1) {
            nodes = _cut(nodes, where);
        } else {
            nodes[where] ^= bytes1(with == 0 ? 1 : with);
        }
        try harness.storageAt(
            c.root, c.owner, c.slot, top ? nodes : c.accountNodes, top ? c.storageNodes : nodes
        ) returns (
            bytes32
        ) {
            vm.assertTrue(false, "accepted a mutated proof");
        } catch {}
    }

    function _cut(bytes memory data, uint256 length) private pure returns (bytes memory out) {
        out = new bytes(length);
        for (uint256 i = 0; i < length; ++i) {
            out[i] = data[i];
        }
    }
}
