// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ILightClient} from "../../src/light-clients/ILightClient.sol";
import {RemoteMos} from "../../src/prover/RemoteMos.sol";
import {StateProof} from "../../src/proofs/StateProof.sol";
import {Transactions} from "../../src/proofs/Transactions.sol";

/// @notice Makes the libraries callable.
/// @custom:compiled as-deployed
contract StateHarness {
    function accountAt(bytes32 root, address owner, bytes calldata nodes)
        external
        pure
        returns (bool, StateProof.Account memory)
    {
        return StateProof.accountAt(root, owner, nodes);
    }

    function storageAt(
        bytes32 root,
        address owner,
        bytes32 slot,
        bytes calldata accountNodes,
        bytes calldata storageNodes
    ) external pure returns (bytes32) {
        return StateProof.storageAt(root, owner, slot, accountNodes, storageNodes);
    }

    function transaction(bytes32 root, uint256 txIndex, bytes calldata nodes) external pure returns (bytes memory) {
        return Transactions.verify(root, txIndex, nodes);
    }

    function isUnconsumedAt(
        ILightClient.Block calldata finalBlock,
        address mos,
        uint256 fromChain,
        address fromMos,
        uint256 toChain,
        uint64 nonce,
        bytes calldata accountNodes,
        bytes calldata storageNodes
    ) external pure returns (bool) {
        return RemoteMos.isUnconsumedAt(
            finalBlock, RemoteMos.CONSUMED_SLOT, mos, fromChain, fromMos, toChain, nonce, accountNodes, storageNodes
        );
    }

    function consumedSlot(uint256 mappingSlot, uint256 fromChain, address fromMos, uint256 toChain, uint64 nonce)
        external
        pure
        returns (bytes32)
    {
        return RemoteMos.consumedSlot(mappingSlot, fromChain, fromMos, toChain, nonce);
    }
}
