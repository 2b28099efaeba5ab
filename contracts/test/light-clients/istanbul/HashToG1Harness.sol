// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Bn254} from "../../../src/crypto/Bn254.sol";
import {HashToG1} from "../../../src/light-clients/istanbul/HashToG1.sol";
import {RLP} from "../../../src/proofs/RLP.sol";

/// @custom:compiled as-deployed
contract HashToG1Harness {
    using RLP for bytes;

    function hash(bytes memory message, bytes calldata hints)
        external
        view
        returns (Bn254.G1Point memory point, uint256 left)
    {
        // Scratch behind the free memory pointer holds whatever was there before.
        assembly ("memory-safe") {
            let start := mload(0x40)
            for { let i := 0 } lt(i, 0x200) { i := add(i, 0x20) } { mstore(add(start, i), not(0)) }
        }
        (uint256 ptr, uint256 limit) = hints.bounds();
        uint256 to;
        (point, to) = HashToG1.hash(message, ptr, limit);
        left = limit - to;
    }

    function add(Bn254.G1Point memory a, Bn254.G1Point memory b) external view returns (Bn254.G1Point memory) {
        return Bn254.add(a, b);
    }
}
