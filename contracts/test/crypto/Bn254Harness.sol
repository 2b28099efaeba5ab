// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Bn254} from "../../src/crypto/Bn254.sol";
import {RLP} from "../../src/proofs/RLP.sol";

/// @dev The library behind external functions, with memory that is not clean.
/// @custom:compiled as-deployed
contract Bn254Harness {
    using RLP for bytes;

    function add(Bn254.G1Point memory a, Bn254.G1Point memory b) external view returns (Bn254.G1Point memory) {
        _soil();
        return Bn254.add(a, b);
    }

    function mul(Bn254.G1Point memory point, uint256 factor) external view returns (Bn254.G1Point memory) {
        _soil();
        return Bn254.mul(point, factor);
    }

    function sum(bytes calldata points, uint256 bitmap) external view returns (Bn254.G1Point memory) {
        _soil();
        (uint256 ptr,) = points.bounds();
        return Bn254.sumAt(ptr, bitmap);
    }

    function loadG1(bytes calldata point) external pure returns (Bn254.G1Point memory) {
        (uint256 ptr,) = point.bounds();
        return Bn254.loadG1(ptr);
    }

    function loadG2(bytes calldata point) external pure returns (Bn254.G2Point memory) {
        (uint256 ptr,) = point.bounds();
        return Bn254.loadG2(ptr);
    }

    function pairingsEqual(
        Bn254.G1Point memory a,
        Bn254.G2Point memory b,
        Bn254.G1Point memory c,
        Bn254.G2Point memory d
    ) external view returns (bool) {
        _soil();
        return Bn254.pairingsEqual(a, b, c, d);
    }

    function verify(
        Bn254.G1Point memory message,
        Bn254.G1Point memory signature,
        Bn254.G1Point memory keySum,
        Bn254.G2Point memory aggregate
    ) external view returns (bool) {
        _soil();
        return Bn254.verifyAggregate(message, signature, keySum, aggregate);
    }

    function requirePrecompiles() external view {
        Bn254.requirePrecompiles();
    }

    /// @dev Scratch behind the free memory pointer holds whatever was there before.
    function _soil() private pure {
        assembly ("memory-safe") {
            let start := mload(0x40)
            for { let i := 0 } lt(i, 0x300) { i := add(i, 0x20) } { mstore(add(start, i), not(0)) }
        }
    }

    function g1() external pure returns (Bn254.G1Point memory) {
        return Bn254.g1();
    }

    function g2() external pure returns (Bn254.G2Point memory) {
        return Bn254.g2();
    }
}
