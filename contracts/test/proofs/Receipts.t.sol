// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMessageService} from "../../src/mos/interfaces/IMessageService.sol";
import {RLP} from "../../src/proofs/RLP.sol";
import {Receipts} from "../../src/proofs/Receipts.sol";
import {Test} from "../utils/Test.sol";
import {ProofsHarness} from "./ProofsHarness.sol";

contract ReceiptsTest is Test {
    ProofsHarness private harness;
    string private json;
    /// @dev The proofs of the 300-transaction block.
    Vector[] private vectors;

    function setUp() public {
        harness = ProofsHarness(vm.deployCode("ProofsHarness.sol:ProofsHarness"));
        json = vm.readFile("vectors/receipts.json");
        for (uint256 i = 0; vm.keyExistsJson(json, _path(2, i)); ++i) {
            vectors.push(_vector(2, i));
        }
    }

    struct Vector {
        bytes32 root;
        uint256 txIndex;
        bytes nodes;
        bytes receipt;
    }

    function _path(uint256 blockIndex, uint256 proof) private pure returns (string memory) {
        return string.concat(".blocks[", vm.toString(blockIndex), "].proofs[", vm.toString(proof), "]");
    }

    function _vector(uint256 blockIndex, uint256 proof) private view returns (Vector memory vector) {
        vector.root = vm.parseJsonBytes32(json, string.concat(".blocks[", vm.toString(blockIndex), "].root"));
        string memory path = _path(blockIndex, proof);
        vector.txIndex = vm.parseJsonUint(json, string.concat(path, ".txIndex"));
        vector.nodes = vm.parseJsonBytes(json, string.concat(path, ".nodes"));
        vector.receipt = vm.parseJsonBytes(json, string.concat(path, ".receipt"));
    }

    function test_EveryVector() public view {
        for (uint256 i = 0; vm.keyExistsJson(json, string.concat(".blocks[", vm.toString(i), "]")); ++i) {
            for (uint256 j = 0; vm.keyExistsJson(json, _path(i, j)); ++j) {
                Vector memory vector = _vector(i, j);
                vm.assertEq(harness.receipt(vector.root, vector.txIndex, vector.nodes), vector.receipt);
                uint256 count = harness.logCount(vector.receipt);
                address[] memory emitters = harness.emitters(vector.receipt);
                vm.assertEq(emitters.length, count);
                for (uint256 k = 0; k < count; ++k) {
                    string memory path = string.concat(_path(i, j), ".logs[", vm.toString(k), "]");
                    (address emitter, bytes32[] memory topics, bytes memory data) =
                        harness.provenLog(vector.root, vector.txIndex, k, vector.nodes);
                    vm.assertEq(emitter, vm.parseJsonAddress(json, string.concat(path, ".emitter")));
                    vm.assertEq(emitters[k], emitter);
                    vm.assertEq(
                        keccak256(abi.encodePacked(topics)),
                        keccak256(abi.encodePacked(vm.parseJsonBytes32Array(json, string.concat(path, ".topics"))))
                    );
                    vm.assertEq(data, vm.parseJsonBytes(json, string.concat(path, ".data")));
                }
                vm.assertFalse(vm.keyExistsJson(json, string.concat(_path(i, j), ".logs[", vm.toString(count), "]")));
            }
        }
    }

    /// @dev What the off-chain encoders write is what MOS decodes.
    function test_EncodedProofsDecode() public view {
        bytes memory blockProof = vm.parseJsonBytes(json, ".blockProof");
        Vector memory vector = vectors[0];
        IMessageService.ReceiptProof memory single =
            abi.decode(vm.parseJsonBytes(json, string.concat(_path(2, 0), ".encoded")), (IMessageService.ReceiptProof));
        vm.assertEq(single.blockProof, blockProof);
        vm.assertEq(harness.receipt(vector.root, single.txIndex, single.nodes), vector.receipt);

        bytes32 root = vm.parseJsonBytes32(json, ".batch.root");
        IMessageService.BatchProof memory batch =
            abi.decode(vm.parseJsonBytes(json, ".batch.encoded"), (IMessageService.BatchProof));
        vm.assertEq(batch.blockProof, blockProof);
        vm.assertGt(batch.members.length, 1);
        for (uint256 i = 0; i < batch.members.length; ++i) {
            IMessageService.BatchMember memory member = batch.members[i];
            string memory path = string.concat(".batch.members[", vm.toString(i), "]");
            vm.assertEq(member.logIndex, i);
            vm.assertEq(member.txIndex, vm.parseJsonUint(json, string.concat(path, ".txIndex")));
            vm.assertEq(
                harness.receiptShared(root, member.txIndex, batch.nodes, member.path),
                vm.parseJsonBytes(json, string.concat(path, ".receipt"))
            );
        }
    }

    /// @dev Accepted means: the receipt is the real one. Every mutation of a proof is refused.
    function _refused(Vector memory vector, bytes32 root, uint256 txIndex, bytes memory nodes) private view {
        try harness.receipt(root, txIndex, nodes) returns (bytes memory receipt) {
            vm.assertEq(receipt, vector.receipt, "accepted another receipt");
            vm.assertTrue(false, "accepted a mutated proof");
        } catch {}
    }

    function testFuzz_RevertWhen_BitFlipped(uint256 bit, uint256 which) public view {
        Vector memory vector = vectors[which % vectors.length];
        bytes memory nodes = bytes.concat(vector.nodes);
        bit %= nodes.length * 8;
        nodes[bit / 8] ^= bytes1(uint8(1 << (bit % 8)));
        _refused(vector, vector.root, vector.txIndex, nodes);
    }

    function testFuzz_RevertWhen_CutOrExtended(uint256 length, bytes memory more) public view {
        Vector memory vector = vectors[0];
        bytes memory nodes = bytes.concat(vector.nodes);
        length %= nodes.length;
        assembly ("memory-safe") {
            mstore(nodes, length)
        }
        _refused(vector, vector.root, vector.txIndex, nodes);
        if (more.length != 0) _refused(vector, vector.root, vector.txIndex, bytes.concat(vector.nodes, more));
        _refused(vector, vector.root, vector.txIndex, bytes.concat(nodes, more, nodes));
    }

    function testFuzz_RevertWhen_AnotherIndexOrRoot(uint256 txIndex, bytes32 root) public view {
        Vector memory vector = vectors[0];
        txIndex %= 1000;
        if (txIndex == vector.txIndex) txIndex += 1;
        _refused(vector, vector.root, txIndex, vector.nodes);
        if (root != vector.root) _refused(vector, root, vector.txIndex, vector.nodes);
    }

    function testFuzz_TrieKey(uint64 txIndex) public view {
        (bytes32 key, uint256 length) = harness.trieKey(txIndex);
        bytes memory encoded = new bytes(length);
        for (uint256 i = 0; i < length; ++i) {
            encoded[i] = key[i];
        }
        (uint256 read, bytes memory rest) = harness.number(encoded);
        vm.assertEq(read, txIndex);
        vm.assertEq(rest.length, 0);
        vm.assertEq(key << (8 * length), bytes32(0));
    }

    function test_RevertWhen_TransactionIndexIsHuge() public {
        vm.expectRevert(
            abi.encodeWithSelector(
                Receipts.Receipts_TransactionIndex.selector, type(uint64).max, uint256(type(uint64).max) + 1
            )
        );
        harness.trieKey(uint256(type(uint64).max) + 1);
    }

    function _string(bytes memory data) private pure returns (bytes memory) {
        if (data.length == 1 && uint8(data[0]) < 0x80) return data;
        return bytes.concat(_head(0x80, data.length), data);
    }

    function _list(bytes memory payload) private pure returns (bytes memory) {
        return bytes.concat(_head(0xc0, payload.length), payload);
    }

    function _head(uint256 base, uint256 length) private pure returns (bytes memory) {
        if (length < 56) return abi.encodePacked(uint8(base + length));
        if (length < 256) return abi.encodePacked(uint8(base + 56), uint8(length));
        return abi.encodePacked(uint8(base + 57), uint16(length));
    }

    function _receipt(bytes memory logs) private pure returns (bytes memory) {
        return _list(bytes.concat(hex"01", hex"825208", _string(new bytes(256)), _list(logs)));
    }

    function _log(bytes memory emitter, bytes memory topics, bytes memory data) private pure returns (bytes memory) {
        return _list(bytes.concat(_string(emitter), _list(topics), data));
    }

    bytes private constant EMITTER = hex"00112233445566778899aabbccddeeff00112233";

    function _topic(uint256 value) private pure returns (bytes memory) {
        return abi.encodePacked(bytes1(0xa0), value);
    }

    /// @dev A log without topics (LOG0) in front of a message made every delivery of that receipt panic elsewhere.
    function test_Regression_LogWithoutTopics() public view {
        bytes memory logs = bytes.concat(_log(EMITTER, "", hex"05"), _log(EMITTER, _topic(7), hex"80"));
        (address emitter, bytes32[] memory topics, bytes memory data) = harness.logAt(_receipt(logs), 0);
        vm.assertEq(emitter, address(bytes20(EMITTER)));
        vm.assertEq(topics.length, 0);
        vm.assertEq(data, hex"05");
        (, topics, data) = harness.logAt(_receipt(logs), 1);
        vm.assertEq(topics.length, 1);
        vm.assertEq(topics[0], bytes32(uint256(7)));
        vm.assertEq(data.length, 0);
        vm.assertEq(harness.logCount(_receipt(logs)), 2);
    }

    /// @dev Where the type is the prover's to choose, a legacy receipt whose first length byte passes for a type reads
    ///      as a typed receipt that the attacker wrote into its log data. Here the first proven byte decides: this
    ///      receipt is the legacy list that it is, and what its data holds stays data. (PR-3)
    function test_Regression_ReceiptTypeIsNotAParameter() public {
        bytes memory forged = _receipt(_log(hex"ffffffffffffffffffffffffffffffffffffffff", _topic(1), hex"80"));
        bytes memory real = _receipt(_log(EMITTER, _topic(2), _string(forged)));
        (address emitter,, bytes memory data) = harness.logAt(real, 0);
        vm.assertEq(emitter, address(bytes20(EMITTER)));
        vm.assertEq(data, forged);
        for (uint256 kind = 1; kind < 0x80; ++kind) {
            (emitter,,) = harness.logAt(abi.encodePacked(uint8(kind), real), 0);
            vm.assertEq(emitter, address(bytes20(EMITTER)));
        }
        for (uint256 kind = 0x80; kind < 0xc0; ++kind) {
            vm.expectRevert(abi.encodeWithSelector(Receipts.Receipts_Type.selector, kind));
            harness.logAt(abi.encodePacked(uint8(kind), real), 0);
        }
        vm.expectRevert(abi.encodeWithSelector(Receipts.Receipts_Type.selector, 0));
        harness.logAt(abi.encodePacked(uint8(0), real), 0);
    }

    function test_RevertWhen_LogIndexIsTooGreat() public {
        bytes memory receipt = _receipt(bytes.concat(_log(EMITTER, "", hex"05"), _log(EMITTER, "", hex"05")));
        vm.expectRevert(abi.encodeWithSelector(Receipts.Receipts_LogIndex.selector, 2, 2));
        harness.logAt(receipt, 2);
        vm.expectRevert(abi.encodeWithSelector(Receipts.Receipts_LogIndex.selector, 2, type(uint256).max));
        harness.logAt(receipt, type(uint256).max);
        vm.expectRevert(abi.encodeWithSelector(Receipts.Receipts_LogIndex.selector, 0, 0));
        harness.logAt(_receipt(""), 0);
    }

    function test_RevertWhen_ReceiptHasOtherFields() public {
        bytes memory bloom = _string(new bytes(256));
        vm.expectRevert(abi.encodeWithSelector(RLP.RLP_OutOfBounds.selector, 1, 0));
        harness.logCount("");
        vm.expectRevert(abi.encodeWithSelector(RLP.RLP_OutOfBounds.selector, 1, 0));
        harness.logCount(hex"02");
        vm.expectRevert(abi.encodeWithSelector(RLP.RLP_OutOfBounds.selector, 1, 0));
        harness.logCount(_list(bytes.concat(hex"0101", bloom)));
        vm.expectPartialRevert(RLP.RLP_TrailingBytes.selector);
        harness.logCount(_list(bytes.concat(hex"0101", bloom, hex"c080")));
        vm.expectPartialRevert(RLP.RLP_TrailingBytes.selector);
        harness.logCount(bytes.concat(_receipt(""), hex"00"));
        vm.expectRevert(abi.encodeWithSelector(Receipts.Receipts_BloomLength.selector, 256, 255));
        harness.logCount(_list(bytes.concat(hex"0101", _string(new bytes(255)), hex"c0")));
        vm.expectRevert(abi.encodeWithSelector(RLP.RLP_UnexpectedKind.selector, false, 0xc0));
        harness.logCount(_list(bytes.concat(hex"c001", bloom, hex"c0")));
        vm.expectRevert(abi.encodeWithSelector(RLP.RLP_UnexpectedKind.selector, true, 0x80));
        harness.logCount(_list(bytes.concat(hex"0101", bloom, hex"80")));
        vm.expectRevert(abi.encodeWithSelector(RLP.RLP_UnexpectedKind.selector, true, 0x05));
        harness.logAt(_receipt(hex"05"), 0);
    }

    function test_RevertWhen_LogIsMalformed() public {
        bytes memory topic = _topic(1);
        vm.expectRevert(abi.encodeWithSelector(RLP.RLP_StringLength.selector, 20, 21));
        harness.logAt(_receipt(_log(bytes.concat(EMITTER, hex"00"), "", hex"80")), 0);
        vm.expectRevert(abi.encodeWithSelector(RLP.RLP_StringLength.selector, 20, 19));
        harness.logAt(_receipt(_log(new bytes(19), "", hex"80")), 0);
        vm.expectRevert(abi.encodeWithSelector(Receipts.Receipts_Topics.selector, 132, 165));
        harness.logAt(_receipt(_log(EMITTER, bytes.concat(topic, topic, topic, topic, topic), hex"80")), 0);
        vm.expectRevert(abi.encodeWithSelector(Receipts.Receipts_Topics.selector, 132, 34));
        harness.logAt(_receipt(_log(EMITTER, bytes.concat(topic, hex"80"), hex"80")), 0);
        vm.expectRevert(Receipts.Receipts_TopicLength.selector);
        harness.logAt(_receipt(_log(EMITTER, bytes.concat(topic, hex"a1", new bytes(32)), hex"80")), 0);
        vm.expectRevert(Receipts.Receipts_TopicLength.selector);
        harness.logAt(_receipt(_log(EMITTER, bytes.concat(hex"e0", new bytes(32)), hex"80")), 0);
        vm.expectRevert(abi.encodeWithSelector(RLP.RLP_UnexpectedKind.selector, false, 0xc0));
        harness.logAt(_receipt(_log(EMITTER, topic, hex"c0")), 0);
        vm.expectPartialRevert(RLP.RLP_TrailingBytes.selector);
        harness.logAt(_receipt(_log(EMITTER, topic, hex"8005")), 0);
        vm.expectRevert(abi.encodeWithSelector(RLP.RLP_OutOfBounds.selector, 1, 0));
        harness.logAt(_receipt(_log(EMITTER, topic, "")), 0);
    }

    function testFuzz_LogRoundTrip(address emitter, bytes32[4] memory words, uint8 count, bytes memory data, uint8 kind)
        public
        view
    {
        bytes memory topics;
        count = count % 5;
        for (uint256 i = 0; i < count; ++i) {
            topics = bytes.concat(topics, _topic(uint256(words[i])));
        }
        bytes memory log = _log(abi.encodePacked(emitter), topics, _string(data));
        bytes memory receipt = _receipt(bytes.concat(_log(EMITTER, _topic(9), hex"80"), log));
        if (kind % 0x80 != 0) receipt = abi.encodePacked(kind % 0x80, receipt);
        (address readEmitter, bytes32[] memory readTopics, bytes memory readData) = harness.logAt(receipt, 1);
        vm.assertEq(readEmitter, emitter);
        vm.assertEq(readTopics.length, count);
        for (uint256 i = 0; i < count; ++i) {
            vm.assertEq(readTopics[i], words[i]);
        }
        vm.assertEq(readData, data);
    }

    /// @dev Junk never panics and never runs out of gas: it reverts with an error of the libraries, or it has a reading.
    function testFuzz_JunkReceipt(bytes memory junk, uint8 logIndex) public view {
        try harness.logAt{gas: 5_000_000}(_receipt(junk), logIndex) {}
        catch (bytes memory reason) {
            vm.assertGe(reason.length, 4);
            vm.assertNotEq(bytes32(bytes4(reason)), bytes32(bytes4(keccak256("Panic(uint256)"))));
        }
    }
}
