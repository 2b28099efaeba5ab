// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Bls12381} from "../../../src/crypto/Bls12381.sol";
import {IEthereumLightClient} from "../../../src/light-clients/ethereum/IEthereumLightClient.sol";
import {SyncCommitteeProof} from "../../../src/light-clients/ethereum/SyncCommitteeProof.sol";
import {EthereumClientTest} from "./EthereumClientTest.sol";

/// @notice Every byte of an update of each fork, altered: which rule refuses it. The update carries a next committee and
///         has four absent members, two of them neighbours.
contract EthereumForkMutationTest is EthereumClientTest {
    uint256 private constant ABSENT = 4;
    /// @dev Any error: one byte decides several of the rules.
    bytes4 private constant ANY = 0;

    function test_Capella() public {
        _everyByte("capella", 5, 6);
    }

    function test_Deneb() public {
        _everyByte("deneb", 5, 6);
    }

    function test_Electra() public {
        _everyByte("electra", 6, 7);
    }

    function test_Fulu() public {
        _everyByte("fulu", 6, 7);
    }

    function test_Gloas() public {
        _everyByte("gloas", 11, 9);
    }

    function _everyByte(string memory fork, uint256 nextDepth, uint256 finalityDepth) private {
        json = _load("forks.json");
        vm.warp(vm.parseJsonUint(json, ".time"));
        client = _deploy(_bytes(string.concat(".", fork, ".constructor")));
        bytes memory data = _bytes(string.concat(".", fork, ".update"));
        uint256 finality = BRANCHES + 32 + 32 * nextDepth;
        uint256 keys = finality + 32 * finalityDepth;
        for (uint256 i = 0; i < data.length; ++i) {
            // The signature slot is no part of what was signed, and has tests of its own.
            if (i >= SIGNATURE_SLOT && i < BITS) continue;
            bytes4 selector = _expected(i, finality, keys);
            _flip(data, i, 0x01);
            if (selector == ANY) vm.expectRevert();
            else vm.expectPartialRevert(selector);
            client.update(data);
            _flip(data, i, 0x01);
        }
        // It is the update that was meant.
        client.update(data);
        vm.assertEq(client.head().number, 80);
        (, uint256 last) = client.syncCommitteePeriods();
        vm.assertEq(last, 2);
    }

    function _expected(uint256 i, uint256 finality, uint256 keys) private pure returns (bytes4) {
        if (i < 8) return ANY; // attested slot
        if (i < 48) return IEthereumLightClient.EthereumLightClient_Signature.selector; // proposer, parent
        if (i < 80) return IEthereumLightClient.EthereumLightClient_NextSyncCommitteeBranch.selector; // state root
        if (i < FINALIZED) return IEthereumLightClient.EthereumLightClient_Signature.selector; // body root
        if (i < FINALIZED + 8) return ANY; // finalized slot
        if (i < SIGNATURE_SLOT) return IEthereumLightClient.EthereumLightClient_FinalityBranch.selector;
        if (i < PUBKEYS_ROOT) return ANY; // bits
        if (i < AGGREGATE) return IEthereumLightClient.EthereumLightClient_SyncCommittee.selector;
        if (i < SIGNATURE) return ANY; // a coordinate may leave the field
        if (i < FLAG) return Bls12381.Bls12381_Precompile.selector; // off the curve
        if (i == FLAG) return ANY;
        if (i < finality) return IEthereumLightClient.EthereumLightClient_NextSyncCommitteeBranch.selector;
        if (i < keys) return IEthereumLightClient.EthereumLightClient_FinalityBranch.selector;
        if (i < keys + ABSENT * 96) return ANY; // off the curve, or out of the field
        return SyncCommitteeProof.SyncCommitteeProof_PubkeysRoot.selector;
    }
}
