// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {RLP} from "@openzeppelin/contracts/utils/RLP.sol";
import {Vm} from "../../utils/Vm.sol";

/// @notice Builds receipts and small receipts tries with OpenZeppelin's RLP encoder.
library ReceiptTrie {
    /// @notice An EIP-1559 receipt with these logs.
    function receipt(Vm.Log[] memory logs) internal pure returns (bytes memory) {
        bytes[] memory items = new bytes[](logs.length);
        for (uint256 i = 0; i < logs.length; ++i) {
            bytes[] memory topics = new bytes[](logs[i].topics.length);
            for (uint256 j = 0; j < topics.length; ++j) {
                topics[j] = RLP.encode(logs[i].topics[j]);
            }
            items[i] = list3(RLP.encode(logs[i].emitter), RLP.encode(topics), RLP.encode(logs[i].data));
        }
        bytes[] memory fields = new bytes[](4);
        fields[0] = RLP.encode(uint256(1));
        fields[1] = RLP.encode(uint256(1_000_000));
        fields[2] = RLP.encode(new bytes(256));
        fields[3] = RLP.encode(items);
        return bytes.concat(hex"02", RLP.encode(fields));
    }

    /// @notice The trie of a block with one transaction: its root is the leaf, with the even path 8, 0.
    function single(bytes memory value) internal pure returns (bytes32 root, bytes memory nodes) {
        nodes = list2(RLP.encode(bytes(hex"2080")), RLP.encode(value));
        root = keccak256(nodes);
    }

    /// @notice The trie of a block with two: a branch with transaction 0 under nibble 8 and transaction 1 under nibble 0.
    /// @dev    Nodes: the branch, the leaf of transaction 0, the leaf of transaction 1.
    function pair(bytes memory first, bytes memory second) internal pure returns (bytes32 root, bytes[] memory nodes) {
        nodes = new bytes[](3);
        nodes[1] = list2(RLP.encode(bytes(hex"30")), RLP.encode(first));
        nodes[2] = list2(RLP.encode(bytes(hex"31")), RLP.encode(second));
        bytes[] memory children = new bytes[](17);
        for (uint256 i = 0; i < 17; ++i) {
            children[i] = RLP.encode(bytes(""));
        }
        children[8] = RLP.encode(keccak256(nodes[1]));
        children[0] = RLP.encode(keccak256(nodes[2]));
        nodes[0] = RLP.encode(children);
        root = keccak256(nodes[0]);
    }

    function list2(bytes memory a, bytes memory b) private pure returns (bytes memory) {
        bytes[] memory items = new bytes[](2);
        (items[0], items[1]) = (a, b);
        return RLP.encode(items);
    }

    function list3(bytes memory a, bytes memory b, bytes memory c) private pure returns (bytes memory) {
        bytes[] memory items = new bytes[](3);
        (items[0], items[1], items[2]) = (a, b, c);
        return RLP.encode(items);
    }
}
