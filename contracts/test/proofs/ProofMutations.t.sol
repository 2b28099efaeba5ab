// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Test} from "../utils/Test.sol";
import {ProofsHarness} from "./ProofsHarness.sol";

/// @notice Whatever is done to a receipt's proof: what it is accepted for is a log of that block, in its place. The same
///         corpus runs in TypeScript over every byte and over receipts of real chains.
contract ProofMutationsTest is Test {
    struct Proof {
        bytes32 root;
        uint256 txIndex;
        uint256 logIndex;
        bytes nodes;
        /// @dev keccak-256 of the log, or zero if the receipt has no such log.
        bytes32 log;
    }

    ProofsHarness private harness;
    /// @dev The log at index 0 of every transaction of the 300-transaction block that has a vector.
    Proof[] private proofs;

    function setUp() public {
        harness = ProofsHarness(vm.deployCode("ProofsHarness.sol:ProofsHarness"));
        string memory json = vm.readFile("vectors/receipts.json");
        string memory list = ".blocks[2].proofs";
        for (uint256 i = 0; vm.keyExistsJson(json, _element(list, i)); ++i) {
            string memory path = _element(list, i);
            Proof memory proof;
            proof.root = vm.parseJsonBytes32(json, ".blocks[2].root");
            proof.txIndex = vm.parseJsonUint(json, string.concat(path, ".txIndex"));
            proof.nodes = vm.parseJsonBytes(json, string.concat(path, ".nodes"));
            for (; vm.keyExistsJson(json, _element(string.concat(path, ".logs"), proof.logIndex)); ++proof.logIndex) {
                string memory log = _element(string.concat(path, ".logs"), proof.logIndex);
                proof.log = keccak256(
                    abi.encode(
                        vm.parseJsonAddress(json, string.concat(log, ".emitter")),
                        vm.parseJsonBytes32Array(json, string.concat(log, ".topics")),
                        vm.parseJsonBytes(json, string.concat(log, ".data"))
                    )
                );
                proofs.push(proof);
            }
            proof.log = 0;
            proofs.push(proof); // one log more than there are
        }
    }

    function _element(string memory list, uint256 index) private pure returns (string memory) {
        return string.concat(list, "[", vm.toString(index), "]");
    }

    /// @dev The log that `nodes` is accepted for, or zero.
    function _accepted(Proof memory proof, uint256 txIndex, uint256 logIndex, bytes memory nodes)
        private
        view
        returns (bytes32)
    {
        try harness.provenLog(proof.root, txIndex, logIndex, nodes) returns (
            address emitter, bytes32[] memory topics, bytes memory data
        ) {
            return keccak256(abi.encode(emitter, topics, data));
        } catch (bytes memory reason) {
            vm.assertNotEq(bytes32(bytes4(reason)), bytes32(bytes4(keccak256("Panic(uint256)"))));
            return 0;
        }
    }

    /// @dev Splits by the lists' own headers.
    function _split(bytes memory nodes) private pure returns (bytes[] memory list) {
        list = new bytes[](16);
        uint256 count;
        for (uint256 start = 0; start < nodes.length; ++count) {
            uint256 prefix = uint8(nodes[start]);
            uint256 size = prefix < 0xf8 ? prefix - 0xc0 + 1 : prefix - 0xf7 + 1;
            if (prefix >= 0xf8) {
                uint256 length;
                for (uint256 i = 1; i <= prefix - 0xf7; ++i) {
                    length = length * 256 + uint8(nodes[start + i]);
                }
                size += length;
            }
            list[count] = _part(nodes, start, size);
            start += size;
        }
        assembly ("memory-safe") {
            mstore(list, count)
        }
    }

    function _part(bytes memory data, uint256 from, uint256 length) private pure returns (bytes memory out) {
        out = new bytes(length);
        for (uint256 i = 0; i < length; ++i) {
            out[i] = data[from + i];
        }
    }

    function _join(bytes[] memory list) private pure returns (bytes memory all) {
        for (uint256 i = 0; i < list.length; ++i) {
            all = bytes.concat(all, list[i]);
        }
    }

    function test_EveryProofShowsItsLogAndNoOther() public view {
        uint256 shown;
        for (uint256 i = 0; i < proofs.length; ++i) {
            Proof memory proof = proofs[i];
            vm.assertEq(_accepted(proof, proof.txIndex, proof.logIndex, proof.nodes), proof.log);
            if (proof.log != 0) ++shown;
        }
        vm.assertGt(shown, 5);
    }

    /// @dev Each node left out, doubled, emptied, and swapped with each other.
    function test_RevertWhen_NodesAreRearranged() public view {
        for (uint256 i = 0; i < proofs.length; ++i) {
            Proof memory proof = proofs[i];
            bytes[] memory list = _split(proof.nodes);
            vm.assertEq(_join(list), proof.nodes);
            for (uint256 j = 0; j < list.length; ++j) {
                bytes memory node = list[j];
                list[j] = "";
                _refused(proof, _join(list));
                list[j] = bytes.concat(node, node);
                _refused(proof, _join(list));
                list[j] = hex"c0";
                _refused(proof, _join(list));
                list[j] = _part(node, 1, node.length - 1);
                _refused(proof, _join(list));
                list[j] = _part(node, 0, node.length - 1);
                _refused(proof, _join(list));
                list[j] = node;
                _refused(proof, bytes.concat(proof.nodes, node));
                for (uint256 k = j + 1; k < list.length; ++k) {
                    (list[j], list[k]) = (list[k], node);
                    _refused(proof, _join(list));
                    (list[j], list[k]) = (node, list[j]);
                }
            }
        }
    }

    function _refused(Proof memory proof, bytes memory nodes) private view {
        vm.assertEq(_accepted(proof, proof.txIndex, proof.logIndex, nodes), 0);
    }

    function testFuzz_RevertWhen_AByteIsChanged(uint256 which, uint256 where, uint8 with) public view {
        Proof memory proof = proofs[which % proofs.length];
        proof.nodes[where % proof.nodes.length] ^= bytes1(with == 0 ? 0x80 : with);
        _refused(proof, proof.nodes);
    }

    /// @dev PR-2.
    function testFuzz_RevertWhen_CutOrExtended(uint256 which, uint256 where, bytes memory more) public view {
        Proof memory proof = proofs[which % proofs.length];
        bytes memory cut = _part(proof.nodes, 0, where % proof.nodes.length);
        _refused(proof, cut);
        _refused(proof, bytes.concat(cut, more));
        if (more.length != 0) _refused(proof, bytes.concat(proof.nodes, more));
    }

    /// @dev Another transaction's nodes, another index, another log: what is accepted is what the block has there.
    ///      PR-1.
    function testFuzz_AcceptedIsWhatTheBlockHas(uint256 a, uint256 b, uint256 c) public view {
        Proof memory nodes = proofs[a % proofs.length];
        Proof memory asked = proofs[b % proofs.length];
        bytes32 given = _accepted(nodes, asked.txIndex, asked.logIndex, nodes.nodes);
        if (nodes.txIndex == asked.txIndex) vm.assertEq(given, asked.log);
        else vm.assertEq(given, 0);
        if (c != nodes.txIndex) vm.assertEq(_accepted(nodes, c, nodes.logIndex, nodes.nodes), 0);
    }
}
