// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ILightClient} from "../../src/light-clients/ILightClient.sol";
import {IMessageService} from "../../src/mos/interfaces/IMessageService.sol";
import {IProver} from "../../src/prover/IProver.sol";
import {ProofEncoding} from "../../src/prover/ProofEncoding.sol";
import {Prover} from "../../src/prover/Prover.sol";
import {Test} from "../utils/Test.sol";

/// @notice Vouches for one block, by one proof for the block and another for its receipts root.
contract OneBlockClient {
    error OneBlockClient_UnknownProof();

    bytes private _blockProof;
    ILightClient.Block private _block;
    bool private _frozen;

    constructor(bytes memory blockProof, ILightClient.Block memory finalBlock) {
        _blockProof = blockProof;
        _block = finalBlock;
    }

    function freeze() external {
        _frozen = true;
    }

    function verifyBlock(bytes calldata proof) public view returns (ILightClient.Block memory) {
        if (_frozen) revert ILightClient.LightClient_Frozen();
        if (keccak256(proof) != keccak256(_blockProof)) revert OneBlockClient_UnknownProof();
        return _block;
    }

    /// @dev Takes the block's proof and one that is shorter by a byte.
    function verifyReceiptsRoot(bytes calldata proof) external view returns (bytes32) {
        if (keccak256(bytes.concat(proof, hex"0c")) == keccak256(_blockProof)) return _block.receiptsRoot;
        return verifyBlock(proof).receiptsRoot;
    }
}

/// @notice The routes of a MOS.
contract Routes {
    mapping(uint256 => address) private _clients;
    mapping(uint256 => address) private _hubs;

    function set(uint256 chainId, address client) external {
        _clients[chainId] = client;
    }

    function setHub(uint256 chainId, address hub) external {
        _hubs[chainId] = hub;
    }

    function route(uint256 chainId) external view returns (IMessageService.Route memory) {
        return IMessageService.Route(ILightClient(_clients[chainId]), address(0x305), _hubs[chainId]);
    }
}

contract ProverTest is Test {
    uint256 private constant CHAIN = 11155111;

    Prover private prover;
    Routes private routes;
    OneBlockClient private client;
    ILightClient.Block private finalBlock;
    string private json;
    bytes private blockProof;

    function setUp() public {
        json = vm.readFile("vectors/state.json");
        blockProof = vm.parseJsonBytes(json, ".prover.blockProof");
        finalBlock = ILightClient.Block({
            number: 9_496_454,
            timestamp: 1_800_000_000,
            hash: keccak256("block"),
            stateRoot: vm.parseJsonBytes32(json, ".prover.stateRoot"),
            transactionsRoot: vm.parseJsonBytes32(json, ".prover.transactionsRoot"),
            receiptsRoot: vm.parseJsonBytes32(json, ".prover.receiptsRoot"),
            participation: 9_876
        });
        client = new OneBlockClient(bytes.concat(blockProof, hex"0c"), finalBlock);
        routes = new Routes();
        routes.set(CHAIN, address(client));
        prover = new Prover(IMessageService(address(routes)));
    }

    /// @dev The vectors' block proof is the short one, for the receipts root alone; the long one has a byte more.
    function _full(bytes memory encoded) private view returns (bytes memory) {
        IProver.LogProof memory proof = abi.decode(encoded, (IProver.LogProof));
        proof.blockProof = bytes.concat(blockProof, hex"0c");
        return abi.encode(proof);
    }

    function _fullTransaction(bytes memory encoded) private view returns (bytes memory) {
        IProver.TransactionProof memory proof = abi.decode(encoded, (IProver.TransactionProof));
        proof.blockProof = bytes.concat(blockProof, hex"0c");
        return abi.encode(proof);
    }

    function _fullStorage(bytes memory encoded) private view returns (bytes memory) {
        IProver.StorageProof memory proof = abi.decode(encoded, (IProver.StorageProof));
        proof.blockProof = bytes.concat(blockProof, hex"0c");
        return abi.encode(proof);
    }

    function _encoded(string memory kind) private view returns (bytes memory) {
        return vm.parseJsonBytes(json, string.concat(".prover.", kind, ".encoded"));
    }

    function _assertBlock(ILightClient.Block memory given) private view {
        vm.assertEq(keccak256(abi.encode(given)), keccak256(abi.encode(finalBlock)));
    }

    function _assertLog(address emitter, bytes32[] memory topics, bytes memory data) private view {
        vm.assertEq(emitter, vm.parseJsonAddress(json, ".prover.log.emitter"));
        vm.assertEq(
            keccak256(abi.encode(topics)), keccak256(abi.encode(vm.parseJsonBytes32Array(json, ".prover.log.topics")))
        );
        vm.assertEq(data, vm.parseJsonBytes(json, ".prover.log.data"));
    }

    function test_Log() public view {
        (address emitter, bytes32[] memory topics, bytes memory data) = prover.verifyLog(CHAIN, _encoded("log"));
        _assertLog(emitter, topics, data);
        (emitter, topics, data) = prover.verifyLog(CHAIN, _full(_encoded("log")));
        _assertLog(emitter, topics, data);
    }

    function test_LogInBlock() public {
        (
            address emitter,
            bytes32[] memory topics,
            bytes memory data,
            uint256 txIndex,
            uint256 logIndex,
            ILightClient.Block memory given
        ) = prover.verifyLogInBlock(CHAIN, _full(_encoded("log")));
        _assertLog(emitter, topics, data);
        vm.assertEq(txIndex, 77);
        vm.assertEq(logIndex, 0);
        _assertBlock(given);
        // The proof of the receipts root alone does not name the block.
        bytes memory short = _encoded("log");
        vm.expectRevert(OneBlockClient.OneBlockClient_UnknownProof.selector);
        prover.verifyLogInBlock(CHAIN, short);
    }

    function test_Receipt() public view {
        (bytes memory receipt, uint256 txIndex) = prover.verifyReceipt(CHAIN, _encoded("receipt"));
        vm.assertEq(receipt, vm.parseJsonBytes(json, ".prover.receipt.receipt"));
        vm.assertEq(txIndex, 77);
    }

    function test_Transaction() public view {
        (bytes memory transaction, uint256 txIndex, ILightClient.Block memory given) =
            prover.verifyTransaction(CHAIN, _fullTransaction(_encoded("transaction")));
        vm.assertEq(transaction, vm.parseJsonBytes(json, ".prover.transaction.transaction"));
        vm.assertEq(txIndex, 77);
        _assertBlock(given);
    }

    function test_Storage() public view {
        (address account, bytes32 slot, bytes32 value, ILightClient.Block memory given) =
            prover.verifyStorage(CHAIN, _fullStorage(_encoded("storage")));
        vm.assertEq(account, vm.parseJsonAddress(json, ".prover.storage.account"));
        vm.assertEq(slot, vm.parseJsonBytes32(json, ".prover.storage.slot"));
        vm.assertEq(value, vm.parseJsonBytes32(json, ".prover.storage.value"));
        vm.assertNotEq(value, 0);
        _assertBlock(given);
    }

    /// @dev A receipt's proof is none of a transaction, though both tries have the same keys.
    function test_RevertWhen_ProofIsOfAnotherTrie() public {
        bytes memory encoded = _fullTransaction(_encoded("receipt"));
        vm.expectRevert();
        prover.verifyTransaction(CHAIN, encoded);
        encoded = _encoded("transaction");
        vm.expectRevert();
        prover.verifyReceipt(CHAIN, encoded);
    }

    function test_RevertWhen_ThereIsNoRoute() public {
        bytes memory encoded = _encoded("log");
        vm.expectRevert(abi.encodeWithSelector(IProver.Prover_NoRoute.selector, CHAIN + 1));
        prover.verifyLog(CHAIN + 1, encoded);
        routes.set(CHAIN, address(0));
        vm.expectRevert(abi.encodeWithSelector(IProver.Prover_NoRoute.selector, CHAIN));
        prover.verifyLog(CHAIN, encoded);
    }

    /// @dev Over a hub the light client follows the hub's chain: what it proves is nothing of the chain that was asked for.
    function test_RevertWhen_AHubVouches() public {
        routes.setHub(CHAIN, address(0x4b));
        bytes memory refused = abi.encodeWithSelector(IProver.Prover_HubRoute.selector, CHAIN);
        bytes memory encoded = _encoded("log");
        vm.expectRevert(refused);
        prover.verifyLog(CHAIN, encoded);
        vm.expectRevert(refused);
        prover.verifyLogInBlock(CHAIN, _full(encoded));
        encoded = _encoded("receipt");
        vm.expectRevert(refused);
        prover.verifyReceipt(CHAIN, encoded);
        encoded = _encoded("transaction");
        vm.expectRevert(refused);
        prover.verifyTransaction(CHAIN, encoded);
        encoded = _encoded("storage");
        vm.expectRevert(refused);
        prover.verifyStorage(CHAIN, encoded);
    }

    function test_RevertWhen_TheClientIsFrozen() public {
        client.freeze();
        bytes memory encoded = _full(_encoded("log"));
        vm.expectRevert(ILightClient.LightClient_Frozen.selector);
        prover.verifyLogInBlock(CHAIN, encoded);
        encoded = _fullStorage(_encoded("storage"));
        vm.expectRevert(ILightClient.LightClient_Frozen.selector);
        prover.verifyStorage(CHAIN, encoded);
        encoded = _fullTransaction(_encoded("transaction"));
        vm.expectRevert(ILightClient.LightClient_Frozen.selector);
        prover.verifyTransaction(CHAIN, encoded);
    }

    /// @dev A frame of its own: forge replaces `new` by a cheatcode here, and `vm.expectRevert` right before that would end the
    ///      test as passed.
    function deploy(IMessageService mos) external returns (Prover) {
        return new Prover(mos);
    }

    function test_RevertWhen_MosHasNoCode() public {
        vm.expectRevert(abi.encodeWithSelector(IProver.Prover_NotAContract.selector, address(0x305)));
        this.deploy(IMessageService(address(0x305)));
    }

    /// @dev A proof has one encoding: with any byte of it changed it shows nothing, neither the same nor something else.
    function test_RevertWhen_AnyByteOfTheEncodingIsChanged() public view {
        bytes memory encoded = _encoded("log");
        for (uint256 i = 0; i < encoded.length; ++i) {
            bytes1 genuine = encoded[i];
            encoded[i] = genuine ^ bytes1(uint8(1 << (i % 8)));
            try prover.verifyLog(CHAIN, encoded) {
                vm.assertTrue(false, vm.toString(i));
            } catch {}
            encoded[i] = genuine;
        }
        encoded = _fullStorage(_encoded("storage"));
        for (uint256 i = 0; i < encoded.length; ++i) {
            bytes1 genuine = encoded[i];
            encoded[i] = genuine ^ bytes1(uint8(1 << (i % 8)));
            try prover.verifyStorage(CHAIN, encoded) {
                vm.assertTrue(false, vm.toString(i));
            } catch {}
            encoded[i] = genuine;
        }
    }

    function testFuzz_RevertWhen_CutOrExtended(uint256 length, bytes memory more) public view {
        bytes memory encoded = _encoded("log");
        bytes memory cut = new bytes(length % encoded.length);
        for (uint256 i = 0; i < cut.length; ++i) {
            cut[i] = encoded[i];
        }
        try prover.verifyLog(CHAIN, cut) {
            vm.assertTrue(false, "cut");
        } catch {}
        if (more.length == 0) return;
        try prover.verifyLog(CHAIN, bytes.concat(encoded, more)) {
            vm.assertTrue(false, "extended");
        } catch {}
    }

    /// @dev `abi.decode` would follow an offset to anywhere in the calldata, before it, too; here there is one place.
    function test_RevertWhen_OffsetsLeadElsewhere() public {
        bytes memory nodes = "nodes";
        // Word 0, then the offsets of blockProof and nodes.
        _expectMalformed(0, abi.encode(uint256(0x40), uint256(0x80), 0, 0, uint256(0xa0), 0, 0));
        _expectMalformed(0x20, abi.encode(uint256(0x20), uint256(0xa0), 0, 0, uint256(0xa0), 0, 0));
        _expectMalformed(0x80, abi.encode(uint256(0x20), uint256(0x80), 0, 0, uint256(0x80), 0, 0));
        _expectMalformed(0x80, abi.encode(uint256(0x20), uint256(0x80), 0, 0, type(uint256).max - 0x1f, 0, 0));
        _expectMalformed(0x20, abi.encode(uint256(0x20), type(uint256).max - 0x3f, 0, 0, uint256(0xa0), 0, 0));
        // Lengths.
        _expectMalformed(0xa0, abi.encode(uint256(0x20), uint256(0x80), 0, 0, uint256(0xa0), type(uint256).max, 0));
        _expectMalformed(0xa0, abi.encode(uint256(0x20), uint256(0x80), 0, 0, uint256(0xa0), uint256(0x21), 0));
        _expectMalformed(0xc0, abi.encode(uint256(0x20), uint256(0x80), 0, 0, uint256(0xa0), 0, uint256(1)));
        // Padding and what follows.
        bytes32 word = bytes32(nodes);
        bytes memory encoded = abi.encode(uint256(0x20), uint256(0x80), 0, 0, uint256(0xa0), 0, uint256(5), word);
        vm.expectRevert(OneBlockClient.OneBlockClient_UnknownProof.selector);
        prover.verifyLog(CHAIN, encoded); // this far it is sound
        _expectMalformed(
            0xe5,
            abi.encode(uint256(0x20), uint256(0x80), 0, 0, uint256(0xa0), 0, uint256(5), word | bytes32(uint256(1)))
        );
        _expectMalformed(0x100, bytes.concat(encoded, hex"00"));
        _expectMalformed(0, "");
        _expectMalformed(0, new bytes(0x9f));
    }

    function _expectMalformed(uint256 position, bytes memory encoded) private {
        vm.expectRevert(abi.encodeWithSelector(ProofEncoding.ProofEncoding_Malformed.selector, position));
        prover.verifyLog(CHAIN, encoded);
    }

    /// @dev What `abi.encode` writes is what is read, whatever the lengths.
    function testFuzz_EncodingReadsBack(bytes memory proof, bytes memory nodes, uint256 txIndex, uint256 logIndex)
        public
    {
        bytes memory encoded = abi.encode(IProver.LogProof(proof, txIndex, logIndex, nodes));
        vm.expectCall(address(client), abi.encodeCall(OneBlockClient.verifyBlock, (proof)));
        vm.expectRevert(OneBlockClient.OneBlockClient_UnknownProof.selector);
        prover.verifyLogInBlock(CHAIN, encoded);
    }

    function test_RevertWhen_TheAccountIsNoAddress() public {
        bytes memory encoded = _fullStorage(_encoded("storage"));
        encoded[0x40] = 0x01;
        vm.expectRevert(abi.encodeWithSelector(ProofEncoding.ProofEncoding_Malformed.selector, 0x40));
        prover.verifyStorage(CHAIN, encoded);
    }
}
