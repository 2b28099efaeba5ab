// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IEthereumLightClient} from "../../../src/light-clients/ethereum/IEthereumLightClient.sol";
import {ILightClient} from "../../../src/light-clients/ILightClient.sol";
import {ProofsHarness} from "../../proofs/ProofsHarness.sol";
import {EthereumClientTest} from "./EthereumClientTest.sol";

/// @notice Receipts roots proven as leaves of a beacon block's body, without the execution header.
contract EthereumReceiptsRootTest is EthereumClientTest {
    /// @dev Where the fields of a proof stand: of a stored block's own, and of an older one's.
    uint256 private constant OWN_SLOT = 1;
    uint256 private constant OWN_ROOT = 1 + 48;
    uint256 private constant ENTRY = 1 + 80;
    uint256 private constant SUMMARIZED_SLOT = ENTRY + 3 + 38 * 32;
    uint256 private constant ANCESTOR_SLOT = 1 + 80 + 11 * 32;

    bytes4 private constant UNKNOWN = IEthereumLightClient.EthereumLightClient_UnknownBlock.selector;
    bytes4 private constant LENGTH = IEthereumLightClient.EthereumLightClient_Length.selector;
    bytes4 private constant KIND = IEthereumLightClient.EthereumLightClient_ProofKind.selector;

    ProofsHarness private proofs;

    function setUp() public {
        proofs = ProofsHarness(vm.deployCode("ProofsHarness.sol:ProofsHarness"));
        json = _load("minimal.json");
        vm.warp(vm.parseJsonUint(json, ".time"));
        client = _deploy(_bytes(".constructor"));
        _send("finalityMinimum");
        _keep(".receiptsRoots.ancestor");
    }

    function test_TheStoredBlocksOwn() public view {
        bytes memory proof = _proof("own");
        // kind, slot, proposer, node, root, nine siblings: the header's form takes 1,033 bytes on mainnet
        vm.assertEq(proof.length, 1 + 8 + 8 + 32 + 32 + 9 * 32);
        bytes32 expected = client.verifyBlock(_bytes(".blocks.own")).receiptsRoot;
        vm.assertEq(client.verifyReceiptsRoot(proof), expected);
        vm.assertEq(client.verifyReceiptsRoot(_bytes(".blocks.own")), expected);
        _assertRoot("bootstrap");
    }

    function test_OlderBlocksByBlockRootsAndSummariesAcrossForks() public {
        _assertRoot("ancestor");
        _assertRoot("oldest");
        _assertRoot("capella");
        _send("rotation");
        _send("nextPeriodBare");
        _assertRoot("acrossFork");
        _assertRoot("summarized");
        _assertRoot("summarizedDeneb");
    }

    /// A leaf shows the receipts root and nothing else of a block: taken for a whole block it would have no hash.
    function test_RevertWhen_AShortProofIsTakenForABlock() public {
        string[3] memory names = ["own", "ancestor", "summarized"];
        for (uint256 i = 0; i < 3; ++i) {
            bytes memory proof = _proof(names[i]);
            vm.expectRevert(abi.encodeWithSelector(IEthereumLightClient.EthereumLightClient_ProofKind.selector, 3 + i));
            client.verifyBlock(proof);
        }
    }

    function test_RevertWhen_TheKindIsAnother() public {
        _send("rotation");
        _send("nextPeriodBare");
        string[3] memory names = ["own", "ancestor", "summarized"];
        for (uint256 i = 0; i < 3; ++i) {
            bytes memory proof = _proof(names[i]);
            for (uint256 kind = 0; kind < 256; ++kind) {
                if (kind == 3 + i) continue;
                proof[0] = bytes1(uint8(kind));
                if (kind > 5) vm.expectRevert(abi.encodeWithSelector(KIND, kind));
                else vm.expectRevert();
                client.verifyReceiptsRoot(proof);
            }
        }
        vm.expectPartialRevert(LENGTH);
        client.verifyReceiptsRoot("");
    }

    function test_RevertWhen_AByteIsAltered() public {
        _revertsForEveryByte("own", OWN_SLOT, OWN_SLOT);
        _revertsForEveryByte("ancestor", OWN_SLOT, ANCESTOR_SLOT);
        _send("rotation");
        _send("nextPeriodBare");
        _revertsForEveryByte("summarized", OWN_SLOT, SUMMARIZED_SLOT);
        _revertsForEveryByte("summarizedDeneb", OWN_SLOT, SUMMARIZED_SLOT);
    }

    function testFuzz_RevertWhen_SomeBitsAreAltered(uint256 place, uint8 bits) public {
        vm.assume(bits != 0);
        bytes memory proof = _proof("ancestor");
        proof = _flip(proof, bound(place, 0, proof.length - 1), bits);
        vm.expectRevert();
        client.verifyReceiptsRoot(proof);
    }

    function test_RevertWhen_TruncatedOrExtended() public {
        _send("rotation");
        _send("nextPeriodBare");
        string[3] memory names = ["own", "ancestor", "summarized"];
        for (uint256 i = 0; i < 3; ++i) {
            bytes memory proof = _proof(names[i]);
            for (uint256 kept = 1; kept < proof.length; kept += 7) {
                bytes memory part = _slice(proof, 0, kept);
                vm.expectPartialRevert(LENGTH);
                client.verifyReceiptsRoot(part);
            }
            for (uint256 more = 1; more <= 64; more += 31) {
                bytes memory longer = bytes.concat(proof, new bytes(more));
                vm.expectRevert(abi.encodeWithSelector(LENGTH, proof.length, longer.length));
                client.verifyReceiptsRoot(longer);
            }
        }
    }

    /// The block hash is a leaf of the same depth, and whoever proposes a block chooses other leaves freely: its extra
    /// data, its graffiti. Only the place tells them apart.
    function test_RevertWhen_AnotherLeafIsShown() public {
        _reverts(_proof("blockHash"), UNKNOWN);
    }

    /// Capella's receipts root stands a level higher: where Deneb has the node above two other fields. A block of Deneb
    /// told to be of Capella would give that node as its receipts root, and a proof with the wrong depth any inner node.
    function test_RevertWhen_ANodeOfAnotherDepthIsShown() public {
        bytes memory shallower = _proof("shallower");
        _reverts(shallower, LENGTH);
        _reverts(_proof("deeper"), LENGTH);
        // slot 60 is Capella's last epoch but one
        bytes memory older = _splice(shallower, OWN_SLOT, abi.encodePacked(uint64(60)));
        _reverts(older, UNKNOWN);
    }

    function test_RevertWhen_TheBlockIsNotFinal() public {
        _reverts(_proof("forked"), UNKNOWN);
        _reverts(_proof("acrossFork"), UNKNOWN);
    }

    /// `block_roots` repeats the last root for an empty slot. What is proven there would stand for another slot.
    function test_RevertWhen_ProvenAtAnEmptySlot() public {
        _reverts(_proof("emptySlot"), UNKNOWN);
        _send("rotation");
        _send("nextPeriodBare");
        _reverts(_proof("summarizedAtEmptySlot"), UNKNOWN);
    }

    /// Slot 15 shares its place in `block_roots` with slot 79 of the state at slot 80.
    function test_RevertWhen_BeyondBlockRoots() public {
        bytes memory proof = _proof("beyond");
        vm.expectRevert(
            abi.encodeWithSelector(IEthereumLightClient.EthereumLightClient_AncestorSlot.selector, 16, 80, 15)
        );
        client.verifyReceiptsRoot(proof);
    }

    function test_RevertWhen_Frozen() public {
        bytes memory proof = _proof("own");
        client.verifyReceiptsRoot(proof);
        client.reportMisbehaviour(_bytes(".evidence.sameSlot"));
        _reverts(proof, ILightClient.LightClient_Frozen.selector);
        _reverts(_bytes(".blocks.own"), ILightClient.LightClient_Frozen.selector);
    }

    function _proof(string memory name) private view returns (bytes memory) {
        return _bytes(string.concat(".receiptsRoots.", name));
    }

    function _assertRoot(string memory name) private view {
        (,,,, bytes32 expected) = proofs.header(_bytes(string.concat(".expected.", name)));
        vm.assertEq(client.verifyReceiptsRoot(_proof(name)), expected);
        vm.assertEq(client.verifyReceiptsRoot(_bytes(string.concat(".blocks.", name))), expected);
    }

    /// @dev A slot decides forks, lengths and reach as well, so what refuses another one differs.
    function _revertsForEveryByte(string memory name, uint256 slot, uint256 olderSlot) private {
        bytes memory proof = _proof(name);
        for (uint256 i = 1; i < proof.length; ++i) {
            bool isSlot = (i >= slot && i < slot + 8) || (i >= olderSlot && i < olderSlot + 8);
            this.revertsForByte(proof, i, isSlot);
        }
    }

    /// @dev In a frame of its own: what a call returns stays in the memory of its caller, 8 KiB for an expected revert.
    function revertsForByte(bytes memory proof, uint256 index, bool isSlot) external {
        for (uint256 bits = 1; bits < 256; bits *= 128) {
            proof = _flip(proof, index, uint8(bits));
            if (isSlot) vm.expectRevert();
            else vm.expectPartialRevert(UNKNOWN);
            client.verifyReceiptsRoot(proof);
            _flip(proof, index, uint8(bits));
        }
    }

    function _reverts(bytes memory proof, bytes4 selector) private {
        vm.expectPartialRevert(selector);
        client.verifyReceiptsRoot(proof);
    }
}
