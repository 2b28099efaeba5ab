// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Receipts} from "../../src/proofs/Receipts.sol";

/// @notice Proves one receipt and takes one log out of it, as MOS does.
/// @custom:compiled as-deployed
contract ReceiptProofTarget {
    function provenLog(bytes32 root, uint256 txIndex, uint256 logIndex, bytes calldata nodes)
        external
        pure
        returns (bytes32)
    {
        (address emitter, bytes32[] memory topics, bytes calldata data) =
            Receipts.logAt(Receipts.verify(root, txIndex, nodes), logIndex);
        return keccak256(abi.encodePacked(emitter, topics, data));
    }
}
