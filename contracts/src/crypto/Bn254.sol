// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title  The curve BN254 (alt_bn128) by its precompiles
/// @notice Addition, multiplication and pairing of EIP-196 and EIP-197, each checked for success and for the length of its
///         answer, and an aggregate signature check with public keys in both groups.
/// @dev    The precompiles refuse coordinates that are not below the field's prime, points off the curve, and points of the
///         twist outside the group: whatever enters one of them is a point. G1 has no other subgroup.
library Bn254 {
    /// @dev Point of G1, affine: exactly the 64 bytes of EIP-196. All zero is the point at infinity.
    struct G1Point {
        uint256 x;
        uint256 y;
    }

    /// @dev Point of G2, affine, imaginary parts first: exactly the 128 bytes of EIP-197.
    struct G2Point {
        uint256 xImaginary;
        uint256 xReal;
        uint256 yImaginary;
        uint256 yReal;
    }

    /// @dev The field's prime.
    uint256 internal constant P = 0x30644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd47;

    /// @dev Generator of G1, and of G2 as EIP-197 has it.
    uint256 internal constant G1_X = 1;
    uint256 internal constant G1_Y = 2;
    uint256 internal constant G2_X_IMAGINARY = 0x198e9393920d483a7260bfb731fb5d25f1aa493335a9e71297e485b7aef312c2;
    uint256 internal constant G2_X_REAL = 0x1800deef121f1e76426a00665e5c4479674322d4f75edadd46debd5cd992f6ed;
    uint256 internal constant G2_Y_IMAGINARY = 0x090689d0585ff075ec9e99ad690c3395bc4b313370b38ef355acdadcd122975b;
    uint256 internal constant G2_Y_REAL = 0x12c85ea5db8c6deb4aab71808dcb408fe3d1e7690c43d37b4ce6cc0166fa7daa;

    /// @dev 2·G1 = (X, Y): the answer to the self-test.
    uint256 private constant TWO_G1_X = 0x030644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd3;
    uint256 private constant TWO_G1_Y = 0x15ed738c0e0a7c92e7845f96b2ae9c0a68a6a449e3538fc7ff3ebf7a5a18a2c4;

    /// @dev Bytes of a point of G1 and of G2.
    uint256 internal constant G1_SIZE = 64;
    uint256 internal constant G2_SIZE = 128;

    address private constant ADD = 0x0000000000000000000000000000000000000006;
    address private constant MUL = 0x0000000000000000000000000000000000000007;
    address private constant PAIRING = 0x0000000000000000000000000000000000000008;

    /// @dev Gas handed to the precompiles: four times the price in EIP-1108 (150; 6,000; 45,000 + 2 · 34,000), so that a
    ///      repricing does not stop the contract and bad input, for which they take all, does not burn all of the caller's.
    uint256 private constant ADD_GAS = 600;
    uint256 private constant MUL_GAS = 24_000;
    uint256 private constant PAIRING_GAS = 452_000;

    /// @notice A precompile failed: the input is no valid point, the gas ran out, or the chain does not have it.
    error Bn254_Precompile(address precompile);
    /// @notice The point at infinity is neither a key, nor a sum of keys, nor a signature.
    error Bn254_Infinity();
    /// @notice A precompile gave a wrong answer to a known question.
    error Bn254_SelfTest(address precompile);

    /// @notice The generator of G1.
    function g1() internal pure returns (G1Point memory) {
        return G1Point(G1_X, G1_Y);
    }

    /// @notice The generator of G2.
    function g2() internal pure returns (G2Point memory) {
        return G2Point(G2_X_IMAGINARY, G2_X_REAL, G2_Y_IMAGINARY, G2_Y_REAL);
    }

    /// @notice The G1 point in the 64 bytes at `ptr` of calldata, not infinity. Whether it lies on the curve is checked by
    ///         the first precompile that it enters.
    /// @dev    The caller has checked that the bytes lie inside its own calldata.
    function loadG1(uint256 ptr) internal pure returns (G1Point memory point) {
        assembly ("memory-safe") {
            calldatacopy(point, ptr, G1_SIZE)
        }
        if (point.x | point.y == 0) revert Bn254_Infinity();
    }

    /// @notice The G2 point in the 128 bytes at `ptr` of calldata, not infinity. Curve and subgroup are checked by the
    ///         pairing that it enters.
    /// @dev    The caller has checked that the bytes lie inside its own calldata.
    function loadG2(uint256 ptr) internal pure returns (G2Point memory point) {
        assembly ("memory-safe") {
            calldatacopy(point, ptr, G2_SIZE)
        }
        if (point.xImaginary | point.xReal | point.yImaginary | point.yReal == 0) revert Bn254_Infinity();
    }

    /// @notice `a + b`.
    function add(G1Point memory a, G1Point memory b) internal view returns (G1Point memory sum) {
        bool success;
        // The scratch lies behind the free memory pointer, which stays; the answer goes to `sum`, which is 64 bytes.
        assembly ("memory-safe") {
            let input := mload(0x40)
            mcopy(input, a, G1_SIZE)
            mcopy(add(input, G1_SIZE), b, G1_SIZE)
            success := staticcall(ADD_GAS, ADD, input, 0x80, sum, G1_SIZE)
            success := and(success, eq(returndatasize(), G1_SIZE))
        }
        if (!success) revert Bn254_Precompile(ADD);
    }

    /// @notice `factor · point`; the factor counts modulo the group's order.
    function mul(G1Point memory point, uint256 factor) internal view returns (G1Point memory product) {
        bool success;
        // As in `add`.
        assembly ("memory-safe") {
            let input := mload(0x40)
            mcopy(input, point, G1_SIZE)
            mstore(add(input, G1_SIZE), factor)
            success := staticcall(MUL_GAS, MUL, input, 0x60, product, G1_SIZE)
            success := and(success, eq(returndatasize(), G1_SIZE))
        }
        if (!success) revert Bn254_Precompile(MUL);
    }

    /// @notice Sum of those of the G1 points at `ptr` of calldata, 64 bytes each, whose bit in `bitmap` is set; none of them
    ///         and not their sum may be infinity. A point at infinity adds nothing: as a key it would vote for everybody.
    /// @dev    The caller has checked that a point lies inside its own calldata for the highest bit that is set.
    function sumAt(uint256 ptr, uint256 bitmap) internal view returns (G1Point memory sum) {
        bool success = true;
        bool finite = true;
        // The scratch holds the running sum and the next point, behind the free memory pointer, which stays. The loop ends
        // after the highest bit that is set. A failed call leaves the sum as it was, and is reported after the loop.
        assembly ("memory-safe") {
            let input := mload(0x40)
            mstore(input, 0)
            mstore(add(input, 0x20), 0)
            for {} bitmap { bitmap := shr(1, bitmap) } {
                if and(bitmap, 1) {
                    calldatacopy(add(input, G1_SIZE), ptr, G1_SIZE)
                    finite := and(finite, gt(or(mload(add(input, 0x40)), mload(add(input, 0x60))), 0))
                    let called := staticcall(ADD_GAS, ADD, input, 0x80, input, G1_SIZE)
                    success := and(success, and(called, eq(returndatasize(), G1_SIZE)))
                }
                ptr := add(ptr, G1_SIZE)
            }
            mcopy(sum, input, G1_SIZE)
        }
        if (!success) revert Bn254_Precompile(ADD);
        if (!finite || sum.x | sum.y == 0) revert Bn254_Infinity();
    }

    /// @notice Whether `e(a, b) = e(c, d)`.
    /// @dev    The y of `c` is below p, as in every answer of a precompile.
    function pairingsEqual(G1Point memory a, G2Point memory b, G1Point memory c, G2Point memory d)
        internal
        view
        returns (bool equal)
    {
        bool success;
        uint256 answer;
        // e(a, b) · e(-c, d) = 1. `P - y` cannot wrap; y = 0 occurs for infinity alone, which is its own negative. The
        // scratch lies behind the free memory pointer, which stays.
        assembly ("memory-safe") {
            let input := mload(0x40)
            mcopy(input, a, G1_SIZE)
            mcopy(add(input, 0x40), b, G2_SIZE)
            mcopy(add(input, 0xc0), c, G1_SIZE)
            let y := mload(add(c, 0x20))
            if y { mstore(add(input, 0xe0), sub(P, y)) }
            mcopy(add(input, 0x100), d, G2_SIZE)
            success := staticcall(PAIRING_GAS, PAIRING, input, 0x180, input, 0x20)
            success := and(success, eq(returndatasize(), 0x20))
            answer := mload(input)
        }
        if (!success) revert Bn254_Precompile(PAIRING);
        return answer == 1;
    }

    /// @notice Whether `signature` is the aggregate, over the message that hashes to `message`, of the signers whose G1 keys
    ///         sum to `keySum` and whose G2 keys sum to `aggregate`. Both sums and the signature must not be infinity.
    /// @dev    Two statements: `e(signature, G2) = e(message, aggregate)`, and `e(keySum, G2) = e(G1, aggregate)`, which
    ///         says that the aggregate, as the prover gives it, is of the same secret as the sum of the keys that are
    ///         known. One pairing check for both: the second statement is added r times to the first, with r the hash of
    ///         all that both are about. Were one of them false, at most one r modulo the group's order would do, and
    ///         whoever looks for it has to try 2^253 inputs.
    function verifyAggregate(
        G1Point memory message,
        G1Point memory signature,
        G1Point memory keySum,
        G2Point memory aggregate
    ) internal view returns (bool) {
        uint256 r;
        // The scratch lies behind the free memory pointer, which stays.
        assembly ("memory-safe") {
            let input := mload(0x40)
            mcopy(input, message, G1_SIZE)
            mcopy(add(input, 0x40), signature, G1_SIZE)
            mcopy(add(input, 0x80), keySum, G1_SIZE)
            mcopy(add(input, 0xc0), aggregate, G2_SIZE)
            r := keccak256(input, 0x140)
        }
        return pairingsEqual(add(signature, mul(keySum, r)), g2(), add(message, mul(g1(), r)), aggregate);
    }

    /// @notice Reverts unless the chain's precompiles answer known questions rightly.
    function requirePrecompiles() internal view {
        G1Point memory generator = g1();
        G1Point memory sum = add(generator, generator);
        if (sum.x != TWO_G1_X || sum.y != TWO_G1_Y) revert Bn254_SelfTest(ADD);
        G1Point memory product = mul(generator, 2);
        if (product.x != TWO_G1_X || product.y != TWO_G1_Y) revert Bn254_SelfTest(MUL);
        if (!pairingsEqual(product, g2(), sum, g2()) || pairingsEqual(product, g2(), generator, g2())) {
            revert Bn254_SelfTest(PAIRING);
        }
    }
}
