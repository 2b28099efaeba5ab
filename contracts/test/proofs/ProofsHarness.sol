// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {BlockHeader} from "../../src/proofs/BlockHeader.sol";
import {MerklePatricia} from "../../src/proofs/MerklePatricia.sol";
import {RLP} from "../../src/proofs/RLP.sol";
import {Receipts} from "../../src/proofs/Receipts.sol";

/// @notice Makes the proof libraries callable.
/// @custom:compiled as-deployed
contract ProofsHarness {
    function receipt(bytes32 root, uint256 txIndex, bytes calldata nodes) external pure returns (bytes memory) {
        return Receipts.verify(root, txIndex, nodes);
    }

    function receiptShared(bytes32 root, uint256 txIndex, bytes[] calldata nodes, bytes calldata path)
        external
        pure
        returns (bytes memory)
    {
        return Receipts.verify(root, txIndex, nodes, path);
    }

    function value(bytes32 root, bytes32 key, uint256 keyLength, bytes calldata nodes)
        external
        pure
        returns (bytes memory)
    {
        return MerklePatricia.verify(root, key, keyLength, nodes);
    }

    function get(bytes32 root, bytes32 key, uint256 keyLength, bytes calldata nodes)
        external
        pure
        returns (bool present, bytes memory found)
    {
        return MerklePatricia.get(root, key, keyLength, nodes);
    }

    function valueShared(bytes32 root, bytes32 key, uint256 keyLength, bytes[] calldata nodes, bytes calldata path)
        external
        pure
        returns (bytes memory)
    {
        return MerklePatricia.verify(root, key, keyLength, nodes, path);
    }

    function provenLog(bytes32 root, uint256 txIndex, uint256 logIndex, bytes calldata nodes)
        external
        pure
        returns (address emitter, bytes32[] memory topics, bytes memory data)
    {
        return Receipts.logAt(Receipts.verify(root, txIndex, nodes), logIndex);
    }

    function provenLogShared(
        bytes32 root,
        uint256 txIndex,
        uint256 logIndex,
        bytes[] calldata nodes,
        bytes calldata path
    ) external pure returns (address emitter, bytes32[] memory topics, bytes memory data) {
        return Receipts.logAt(Receipts.verify(root, txIndex, nodes, path), logIndex);
    }

    function logAt(bytes calldata encoded, uint256 logIndex)
        external
        pure
        returns (address emitter, bytes32[] memory topics, bytes memory data)
    {
        return Receipts.logAt(encoded, logIndex);
    }

    function logCount(bytes calldata encoded) external pure returns (uint256) {
        return Receipts.logCount(encoded);
    }

    function trieKey(uint256 txIndex) external pure returns (bytes32 key, uint256 length) {
        return Receipts.trieKey(txIndex);
    }

    /// @dev All emitters, by the iterator.
    function emitters(bytes calldata encoded) external pure returns (address[] memory found) {
        found = new address[](Receipts.logCount(encoded));
        bytes calldata rest = Receipts.logs(encoded);
        for (uint256 i = 0; rest.length != 0; ++i) {
            (found[i],,, rest) = Receipts.nextLog(rest);
        }
    }

    function header(bytes calldata encoded) external pure returns (uint256, uint256, bytes32, bytes32, bytes32) {
        return BlockHeader.parse(encoded);
    }

    function headerField(bytes calldata encoded, uint256 index) external pure returns (bytes memory) {
        return BlockHeader.field(encoded, index);
    }

    function parentHash(bytes calldata encoded) external pure returns (bytes32) {
        return BlockHeader.parentHash(encoded);
    }

    function extraData(bytes calldata encoded) external pure returns (bytes memory) {
        return BlockHeader.extraData(encoded);
    }

    function item(bytes calldata items) external pure returns (bytes memory first, bytes memory rest) {
        return RLP.takeItem(items);
    }

    function list(bytes calldata encoded) external pure returns (bytes memory) {
        return RLP.list(encoded);
    }

    function count(bytes calldata items) external pure returns (uint256) {
        return RLP.count(items);
    }

    function text(bytes calldata items) external pure returns (bytes memory first, bytes memory rest) {
        return RLP.takeString(items);
    }

    function number(bytes calldata items) external pure returns (uint256 first, bytes memory rest) {
        return RLP.takeUint(items);
    }
}
