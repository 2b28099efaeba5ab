// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {EthereumLightClient} from "../../../src/light-clients/ethereum/EthereumLightClient.sol";
import {IEthereumLightClient} from "../../../src/light-clients/ethereum/IEthereumLightClient.sol";
import {ILightClient} from "../../../src/light-clients/ILightClient.sol";
import {Layout} from "../../../src/light-clients/ethereum/BeaconLayout.sol";
import {EthereumClientTest} from "./EthereumClientTest.sol";

/// @notice From Fulu into Gloas: other trees, another domain, and the bid in the payload's place. Slot 112 is the first
///         of Gloas.
contract EthereumGloasTest is EthereumClientTest {
    bytes4 private constant BLOCK_HASH = IEthereumLightClient.EthereumLightClient_BlockHashBranch.selector;

    function setUp() public {
        json = _load("gloas.json");
        vm.warp(vm.parseJsonUint(json, ".time"));
        client = _deploy(_bytes(".constructor"));
    }

    /// The state's tree is that of the attested slot, the domain that of the slot before the signature's, and the body's
    /// tree that of the proven block's.
    function test_CrossesTheFork() public {
        _send("lastOfFulu");
        _assertBlock("fulu");
        client = _deploy(_bytes(".constructor"));
        _send("boundary");
        vm.assertEq(client.head().hash, vm.parseJsonBytes32(json, ".roots.f104"));
        _assertBlock("fulu");
        vm.assertEq(client.verifyReceiptsRoot(_bytes(".receiptsRoots.fulu")), _receiptsRoot("fulu"));
        _send("rotation");
        vm.assertEq(client.syncCommitteeRoot(2), vm.parseJsonBytes32(json, ".committeeRoots.c2"));
        _send("afterwards");
        vm.assertEq(client.head().hash, vm.parseJsonBytes32(json, ".roots.f120"));
    }

    function test_RevertWhen_TheDomainIsTheOtherForks() public {
        bytes4 signature = IEthereumLightClient.EthereumLightClient_Signature.selector;
        _reverts(_update("lastOfFuluWithGloasDomain"), signature);
        _reverts(_update("boundaryWithFuluDomain"), signature);
    }

    /// A client that was told nothing of a fork must not follow the chain into it.
    function test_RevertWhen_TheForkIsNotScheduled() public {
        (
            IEthereumLightClient.Parameters memory parameters,
            IEthereumLightClient.Fork[] memory forks,
            IEthereumLightClient.Bootstrap memory bootstrap
        ) = _decode(_bytes(".constructor"));
        IEthereumLightClient.Fork[] memory fuluAlone = new IEthereumLightClient.Fork[](1);
        fuluAlone[0] = forks[0];
        client = new EthereumLightClient(parameters, fuluAlone, bootstrap);
        _send("lastOfFulu");
        vm.expectRevert();
        client.update(_update("gloas"));
        // Nor if only the layout or only the version were its.
        fuluAlone = new IEthereumLightClient.Fork[](2);
        fuluAlone[0] = forks[0];
        fuluAlone[1] = IEthereumLightClient.Fork(14, 0x06000001, Layout.Gloas);
        client = new EthereumLightClient(parameters, fuluAlone, bootstrap);
        _reverts(_update("gloas"), IEthereumLightClient.EthereumLightClient_Signature.selector);
        fuluAlone[1] = IEthereumLightClient.Fork(14, 0x07000001, Layout.Electra);
        client = new EthereumLightClient(parameters, fuluAlone, bootstrap);
        vm.expectRevert();
        client.update(_update("gloas"));
    }

    function test_StartsInGloas() public {
        client = _deploy(_bytes(".constructorInGloas"));
        vm.assertEq(client.head().number, 116);
        _assertBlock("own");
    }

    function test_ProvesTheBidsParentAndWhatIsOlder() public {
        _send("gloas");
        _assertBlock("own");
        _assertBlock("ancestor");
        _assertBlock("ancestorOfFulu");
        _assertBlock("summarized");
        vm.assertEq(client.verifyReceiptsRoot(_bytes(".receiptsRoots.ancestorOfFulu")), _receiptsRoot("ancestorOfFulu"));
        vm.assertEq(client.verifyReceiptsRoot(_bytes(".receiptsRoots.summarized")), _receiptsRoot("summarized"));
    }

    /// The payload of the bid itself may never be revealed: its block would be no block of the chain.
    function test_RevertWhen_TheBidsOwnBlockIsShown() public {
        _send("gloas");
        _revertsBlock("bid", BLOCK_HASH);
        _revertsBlock("bidShort", BLOCK_HASH);
    }

    /// The body has no payload, so nothing in it is a receipts root: what stands at Fulu's place is another node.
    function test_RevertWhen_AReceiptsRootIsShownInGloas() public {
        _send("gloas");
        string[3] memory names = ["own", "ownAsFulu", "ancestor"];
        uint256[3] memory slots = [uint256(116), 116, 113];
        for (uint256 i = 0; i < 3; ++i) {
            bytes memory proof = _bytes(string.concat(".receiptsRoots.", names[i]));
            vm.expectRevert(
                abi.encodeWithSelector(IEthereumLightClient.EthereumLightClient_NoReceiptsRoot.selector, slots[i])
            );
            client.verifyReceiptsRoot(proof);
        }
        // Told to be of Fulu, it is another block.
        bytes memory older = _splice(_bytes(".receiptsRoots.ownAsFulu"), 1, abi.encodePacked(uint64(104)));
        vm.expectPartialRevert(IEthereumLightClient.EthereumLightClient_UnknownBlock.selector);
        client.verifyReceiptsRoot(older);
    }

    /// Every element of the branches, which are longer than those before.
    function test_RevertWhen_ABranchIsAltered() public {
        bytes memory data = _update("rotation");
        // 11 siblings of the next committee, 9 of the finalized root
        for (uint256 i = 0; i < 32 + 11 * 32; i += 16) {
            _flip(data, BRANCHES + i, 0x01);
            _reverts(data, IEthereumLightClient.EthereumLightClient_NextSyncCommitteeBranch.selector);
            _flip(data, BRANCHES + i, 0x01);
        }
        for (uint256 i = 0; i < 9 * 32; i += 16) {
            _flip(data, BRANCHES + 12 * 32 + i, 0x01);
            _reverts(data, IEthereumLightClient.EthereumLightClient_FinalityBranch.selector);
            _flip(data, BRANCHES + 12 * 32 + i, 0x01);
        }
        _send("gloas");
        bytes memory proof = _bytes(".blocks.own");
        for (uint256 i = 0; i < 11 * 32; i += 16) {
            _flip(proof, 113 + i, 0x01);
            vm.expectPartialRevert(BLOCK_HASH);
            client.verifyBlock(proof);
            _flip(proof, 113 + i, 0x01);
        }
    }

    function _assertBlock(string memory name) private view {
        bytes memory header = _bytes(string.concat(".expected.", name));
        ILightClient.Block memory given = client.verifyBlock(_bytes(string.concat(".blocks.", name)));
        vm.assertEq(given.hash, keccak256(header));
        vm.assertEq(client.verifyReceiptsRoot(_bytes(string.concat(".blocks.", name))), given.receiptsRoot);
    }

    function _receiptsRoot(string memory name) private view returns (bytes32) {
        return client.verifyBlock(_bytes(string.concat(".blocks.", name))).receiptsRoot;
    }

    function _reverts(bytes memory data, bytes4 selector) private {
        vm.expectPartialRevert(selector);
        client.update(data);
    }

    function _revertsBlock(string memory name, bytes4 selector) private {
        bytes memory proof = _bytes(string.concat(".blocks.", name));
        vm.expectPartialRevert(selector);
        client.verifyBlock(proof);
    }
}
