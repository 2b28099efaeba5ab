// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Test} from "../utils/Test.sol";
import {ReceiptProofTarget} from "./ReceiptProofTarget.sol";

/// @notice Gas of a receipt proof: one warm STATICCALL with the callee's ABI decoding and a hash over all that it read,
///         without the transaction's base and calldata cost.
contract ReceiptProofBench is Test {
    /// @dev What the proof of a 300-transaction block with a 512-byte log of 3 topics may cost.
    uint256 private constant FLOOR_300 = 13_500;

    ReceiptProofTarget private target;

    function setUp() public {
        target = ReceiptProofTarget(vm.deployCode("ReceiptProofTarget.sol:ReceiptProofTarget"));
    }

    function test_Bench100() public {
        _measure(100, "proofs/receipt-100");
    }

    function test_Bench300() public {
        vm.assertLe(_measure(300, "proofs/receipt-300"), FLOOR_300);
    }

    function test_Bench1000() public {
        _measure(1000, "proofs/receipt-1000");
    }

    function _measure(uint256 size, string memory name) private returns (uint256 used) {
        string memory json = vm.readFile("vectors/receipts.json");
        string memory proof = string.concat(".blocks[?(@.size == ", vm.toString(size), ")]");
        bytes32 root = vm.parseJsonBytes32(json, string.concat(proof, ".root"));
        proof = string.concat(proof, ".proofs[0]");
        uint256 txIndex = vm.parseJsonUint(json, string.concat(proof, ".txIndex"));
        bytes memory nodes = vm.parseJsonBytes(json, string.concat(proof, ".nodes"));
        bytes32 expected = keccak256(
            abi.encodePacked(
                vm.parseJsonAddress(json, string.concat(proof, ".logs[0].emitter")),
                vm.parseJsonBytes32Array(json, string.concat(proof, ".logs[0].topics")),
                vm.parseJsonBytes(json, string.concat(proof, ".logs[0].data"))
            )
        );
        bytes memory callData = abi.encodeCall(ReceiptProofTarget.provenLog, (root, txIndex, 0, nodes));
        address callee = address(target);
        bytes32 given;
        bool success;
        // The first call warms the account, the second is measured; its output fits the scratch space.
        for (uint256 i = 0; i != 2; ++i) {
            assembly ("memory-safe") {
                let before := gas()
                success := staticcall(gas(), callee, add(callData, 32), mload(callData), 0, 32)
                used := sub(before, gas())
                given := mload(0)
            }
            vm.assertTrue(success && given == expected, name);
        }
        vm.snapshotValue(name, used);
    }
}
