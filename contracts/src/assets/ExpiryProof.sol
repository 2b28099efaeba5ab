// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMessageService} from "../mos/interfaces/IMessageService.sol";
import {Receipts} from "../proofs/Receipts.sol";
import {ITokenBridge} from "./ITokenBridge.sol";

/// @title  Proof that an order of this chain expired on its target chain
/// @notice The record is a log of MOS there; this chain's light client of that chain vouches for it.
library ExpiryProof {
    /// @dev Topics of `ExpiryRecord`: its signature, fromChain, orderId.
    uint256 private constant RECORD_TOPICS = 3;
    /// @dev What `abi.encode` of one dynamic struct starts with, and the length of that and the struct's head. Bytes.
    uint256 private constant TUPLE_OFFSET = 0x20;
    uint256 private constant PROOF_MIN = 0xa0;

    /// @notice The order that `toChain`'s MOS recorded as expired. Reverts unless `proof` shows it.
    /// @param  proof `abi.encode(ITokenBridge.RecordProof)`.
    function verify(IMessageService mos, uint256 toChain, bytes calldata proof) internal view returns (bytes32 orderId) {
        IMessageService.Route memory route = mos.route(toChain);
        if (address(route.lightClient) == address(0)) revert ITokenBridge.Bridge_NoRoute(toChain);
        (address emitter, bytes32[] memory topics) = _provenLog(route, proof);
        if (emitter != route.remoteMos) revert ITokenBridge.Bridge_ForeignEmitter(route.remoteMos, emitter);
        if (
            topics.length != RECORD_TOPICS || topics[0] != IMessageService.ExpiryRecord.selector
                || topics[1] != bytes32(block.chainid)
        ) revert ITokenBridge.Bridge_NotAnExpiryRecord();
        return topics[2];
    }

    function _provenLog(IMessageService.Route memory route, bytes calldata data)
        private
        view
        returns (address emitter, bytes32[] memory topics)
    {
        if (data.length < PROOF_MIN || uint256(bytes32(data)) != TUPLE_OFFSET) {
            revert ITokenBridge.Bridge_MalformedProof(data.length < TUPLE_OFFSET ? 0 : uint256(bytes32(data)));
        }
        // Points a struct at `data` behind its first word, without copying. Where the offsets inside it lead, inside the
        // calldata or beyond (Solidity checks each against its end), is the prover's affair: every byte is hashed.
        ITokenBridge.RecordProof calldata proof;
        assembly ("memory-safe") {
            proof := add(data.offset, 0x20)
        }
        bytes32 receiptsRoot = route.lightClient.verifyReceiptsRoot(proof.blockProof);
        bytes calldata receipt = Receipts.verify(receiptsRoot, proof.txIndex, proof.nodes);
        (emitter, topics,) = Receipts.logAt(receipt, proof.logIndex);
    }
}
