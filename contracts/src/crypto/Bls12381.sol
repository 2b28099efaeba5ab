// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title  BLS12-381 signatures of the proof-of-possession suite, public keys in G1
/// @notice Ciphersuite `BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_`, as the Ethereum beacon chain and others sign with.
/// @dev    Built on the precompiles of EIP-2537 and on SHA-256. Points arrive affine, so no square root is taken; a key
///         is bound to its 48 compressed bytes by `compress`. Every precompile call checks success and the length of
///         the answer, and caps the gas that a failing call of EIP-2537 would burn.
library Bls12381 {
    /// @dev Point of G1, affine. Each coordinate is 512 bits, big-endian: exactly the 128 bytes of EIP-2537.
    ///      All zero is the point at infinity.
    struct G1Point {
        uint256 xHigh;
        uint256 xLow;
        uint256 yHigh;
        uint256 yLow;
    }

    /// @dev Point of G2, affine, coordinates `c0 + c1·u`: exactly the 256 bytes of EIP-2537.
    struct G2Point {
        uint256 x0High;
        uint256 x0Low;
        uint256 x1High;
        uint256 x1Low;
        uint256 y0High;
        uint256 y0Low;
        uint256 y1High;
        uint256 y1Low;
    }

    /// @dev The field's prime p (381 bits), upper 128 and lower 256 bits.
    uint256 private constant P_HIGH = 0x1a0111ea397fe69a4b1ba7b6434bacd7;
    uint256 private constant P_LOW = 0x64774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab;
    /// @dev ⌊2^512 / p⌋, 132 bits.
    uint256 private constant INVERSE = 0x9d835d2f3cc9e45ce28101b0cc7a6ba29;
    /// @dev (p - 1) / 2: a y above it is the larger of the two roots and sets the sign flag of the compressed form.
    uint256 private constant HALF_HIGH = 0x0d0088f51cbff34d258dd3db21a5d66b;
    uint256 private constant HALF_LOW = 0xb23ba5c279c2895fb39869507b587b120f55ffff58a9ffffdcff7fffffffd555;

    /// @dev Generator of G1.
    uint256 private constant G1_X_HIGH = 0x17f1d3a73197d7942695638c4fa9ac0f;
    uint256 private constant G1_X_LOW = 0xc3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb;
    uint256 private constant G1_Y_HIGH = 0x08b3f481e3aaa0f1a09e30ed741d8ae4;
    uint256 private constant G1_Y_LOW = 0xfcf5e095d5d00af600db18cb2c04b3edd03cc744a2888ae40caa232946c5e7e1;

    /// @dev Domain separation tag of the suite and its length as the last byte (RFC 9380 §5.3.1, DST_prime), 44 bytes.
    uint256 private constant DST_HEAD = 0x424c535f5349475f424c53313233383147325f584d443a5348412d3235365f53;
    uint256 private constant DST_TAIL = 0x5357555f524f5f504f505f2b0000000000000000000000000000000000000000;

    /// @dev keccak-256 of `hashToG2(0)` and of 2G in the format of EIP-2537, computed with @noble/curves.
    bytes32 private constant HASH_OF_ZERO = 0xe8ed1eeb1cb5050c1c752cd4f384e6f9cfd264c50584d22d6129f8b1a3683ee0;
    bytes32 private constant TWO_G1 = 0xd2b0d7b43ce993a817a069205ed3d7a139117befb9c0865d520f91ba88ac133b;

    address private constant SHA256 = 0x0000000000000000000000000000000000000002;
    address private constant G1ADD = 0x000000000000000000000000000000000000000b;
    address private constant G2ADD = 0x000000000000000000000000000000000000000d;
    address private constant PAIRING = 0x000000000000000000000000000000000000000F;
    address private constant MAP_FP2_TO_G2 = 0x0000000000000000000000000000000000000011;

    /// @dev Gas handed to the precompiles: about four times the price in EIP-2537 (375; 600; 37,700 + 2 · 32,600;
    ///      23,800), so that a repricing does not stop the contract and bad input does not burn all of the caller's gas.
    uint256 private constant G1ADD_GAS = 1_500;
    uint256 private constant G2ADD_GAS = 2_400;
    uint256 private constant PAIRING_GAS = 420_000;
    uint256 private constant MAP_GAS = 96_000;

    /// @notice A precompile failed: the input is no valid point, the gas ran out, or the chain does not have it.
    error Bls12381_Precompile(address precompile);
    /// @notice A coordinate is not below the field's prime.
    error Bls12381_NotInField(uint256 high, uint256 low);
    /// @notice The point at infinity is neither a key nor a signature.
    error Bls12381_Infinity();
    /// @notice A precompile gave a wrong answer to a known question.
    error Bls12381_SelfTest(address precompile);

    /// @notice The G1 point at `offset` of calldata: `x(48) ‖ y(48)`, both below p, not infinity. Whether it lies on the
    ///         curve is checked by the first `add` or pairing that it enters.
    /// @dev    The caller has checked that the 96 bytes lie inside its own calldata.
    function loadG1(uint256 offset) internal pure returns (G1Point memory point) {
        loadG1(point, offset);
    }

    /// @notice The same, written over `point`.
    function loadG1(G1Point memory point, uint256 offset) internal pure {
        bool valid;
        assembly ("memory-safe") {
            let xHigh := shr(128, calldataload(offset))
            let xLow := calldataload(add(offset, 16))
            let yHigh := shr(128, calldataload(add(offset, 48)))
            let yLow := calldataload(add(offset, 64))
            mstore(point, xHigh)
            mstore(add(point, 32), xLow)
            mstore(add(point, 64), yHigh)
            mstore(add(point, 96), yLow)
            // Both below p, and not all zero.
            valid := and(
                and(
                    or(lt(xHigh, P_HIGH), and(eq(xHigh, P_HIGH), lt(xLow, P_LOW))),
                    or(lt(yHigh, P_HIGH), and(eq(yHigh, P_HIGH), lt(yLow, P_LOW)))
                ),
                iszero(iszero(or(or(xHigh, xLow), or(yHigh, yLow))))
            )
        }
        if (!valid) _refuse(point);
    }

    /// @dev What is wrong with a point that `loadG1` does not take.
    function _refuse(G1Point memory point) private pure {
        if (!_inField(point.xHigh, point.xLow)) revert Bls12381_NotInField(point.xHigh, point.xLow);
        if (!_inField(point.yHigh, point.yLow)) revert Bls12381_NotInField(point.yHigh, point.yLow);
        revert Bls12381_Infinity();
    }

    /// @notice The G2 point at `offset` of calldata: `x.c0(48) ‖ x.c1(48) ‖ y.c0(48) ‖ y.c1(48)`, not infinity. Field,
    ///         curve and subgroup are checked by the pairing that it enters.
    /// @dev    The caller has checked that the 192 bytes lie inside its own calldata.
    function loadG2(uint256 offset) internal pure returns (G2Point memory point) {
        uint256 bits;
        assembly ("memory-safe") {
            // Four coordinates of 48 bytes go to slots of 64; the destination is the 256 bytes of `point`.
            for { let i := 0 } lt(i, 4) { i := add(i, 1) } {
                let source := add(offset, mul(i, 48))
                let target := add(point, shl(6, i))
                let high := shr(128, calldataload(source))
                let low := calldataload(add(source, 16))
                mstore(target, high)
                mstore(add(target, 32), low)
                bits := or(bits, or(high, low))
            }
        }
        if (bits == 0) revert Bls12381_Infinity();
    }

    /// @notice The compressed form of a point that `loadG1` accepted, as two words: its first 32 bytes, then 16 bytes
    ///         and 16 zero bytes. That is also the SSZ chunk pair of a `BLSPubkey`.
    /// @dev    x is below 2^381, so the three flag bits are free: 0x80 compressed, 0x20 if y is the larger root. On the
    ///         curve, (x, sign of y) names one point, so whoever binds these bytes has bound the point.
    function compress(G1Point memory point) internal pure returns (bytes32 head, bytes32 tail) {
        uint256 xHigh = point.xHigh;
        uint256 xLow = point.xLow;
        uint256 yHigh = point.yHigh;
        uint256 yLow = point.yLow;
        assembly ("memory-safe") {
            let larger := or(gt(yHigh, HALF_HIGH), and(eq(yHigh, HALF_HIGH), gt(yLow, HALF_LOW)))
            head := or(or(shl(128, xHigh), shr(128, xLow)), shl(253, or(4, larger)))
            tail := shl(128, xLow)
        }
    }

    /// @notice A copy of `point`, and a point behind it in memory: `addNext` adds it to the copy.
    function withNext(G1Point memory point) internal pure returns (G1Point memory sum, G1Point memory next) {
        assembly ("memory-safe") {
            sum := mload(0x40)
            next := add(sum, 128)
            mstore(0x40, add(next, 128))
            mcopy(sum, point, 128)
        }
    }

    /// @notice `sum += next`, in place, for the two points that `withNext` made. Reverts unless both lie on the curve.
    function addNext(G1Point memory sum) internal view {
        bool success;
        assembly ("memory-safe") {
            // Both points are the input, and the answer goes over the first.
            // Arguments are evaluated from the last to the first: the call comes before returndatasize.
            success := and(eq(returndatasize(), 128), staticcall(G1ADD_GAS, G1ADD, sum, 256, sum, 128))
        }
        if (!success) revert Bls12381_Precompile(G1ADD);
    }

    /// @notice `accumulator += point`, in place. Reverts unless both lie on the curve.
    function add(G1Point memory accumulator, G1Point memory point) internal view {
        (G1Point memory sum, G1Point memory next) = withNext(accumulator);
        copy(next, point);
        addNext(sum);
        copy(accumulator, sum);
    }

    /// @notice `target = source`.
    function copy(G1Point memory target, G1Point memory source) internal pure {
        assembly ("memory-safe") {
            mcopy(target, source, 128)
        }
    }

    /// @notice Turns `point` into its negative, in place.
    /// @dev    No point of the curve has y = 0 (its order is odd), so p - y stays below p.
    function negate(G1Point memory point) internal pure {
        unchecked {
            uint256 yLow = point.yLow;
            // The borrow is 1 exactly if P_LOW < yLow; y < p keeps the upper half from wrapping.
            uint256 borrow = yLow > P_LOW ? 1 : 0;
            point.yLow = P_LOW - yLow;
            point.yHigh = P_HIGH - point.yHigh - borrow;
        }
    }

    /// @notice Whether `signature` over `message` is valid for the key whose NEGATIVE is `negatedKey`:
    ///         `e(-key, H(message)) · e(G, signature) = 1`.
    /// @dev    The pairing checks curve and subgroup of both points. The caller has checked that `negatedKey` was built
    ///         from keys with proof of possession; infinity is refused, since a signature at infinity would fit it.
    function isValidSignature(G1Point memory negatedKey, bytes32 message, G2Point memory signature)
        internal
        view
        returns (bool)
    {
        if (negatedKey.xHigh | negatedKey.xLow | negatedKey.yHigh | negatedKey.yLow == 0) {
            revert Bls12381_Infinity();
        }
        return _pairingIsOne(negatedKey, hashToG2(message), _generator(), signature);
    }

    /// @notice RFC 9380 `hash_to_curve` of a 32-byte message to G2 with the suite's tag.
    function hashToG2(bytes32 message) internal view returns (G2Point memory point) {
        uint256 uniform = _expandMessage(message);
        // hash_to_field (RFC 9380 §5.2): four 64-byte integers modulo p, in place. Two of them are an element of Fp2, and a
        // coordinate of EIP-2537 is 64 bytes too.
        for (uint256 i = 0; i < 256; i += 64) {
            uint256 high;
            uint256 low;
            assembly ("memory-safe") {
                high := mload(add(uniform, i))
                low := mload(add(add(uniform, i), 32))
            }
            (high, low) = reduce(high, low);
            assembly ("memory-safe") {
                mstore(add(uniform, i), high)
                mstore(add(add(uniform, i), 32), low)
            }
        }
        // map_to_curve with the cofactor cleared, twice, and their sum (RFC 9380 §3; EIP-2537)
        address failed;
        assembly ("memory-safe") {
            // 512 bytes of scratch behind the free memory pointer: the two mapped points.
            let mapped := mload(0x40)
            // Arguments are evaluated from the last to the first: each call comes before its returndatasize.
            if iszero(and(eq(returndatasize(), 256), staticcall(MAP_GAS, MAP_FP2_TO_G2, uniform, 128, mapped, 256))) {
                failed := MAP_FP2_TO_G2
            }
            if iszero(
                and(
                    eq(returndatasize(), 256),
                    staticcall(MAP_GAS, MAP_FP2_TO_G2, add(uniform, 128), 128, add(mapped, 256), 256)
                )
            ) { failed := MAP_FP2_TO_G2 }
            if iszero(and(eq(returndatasize(), 256), staticcall(G2ADD_GAS, G2ADD, mapped, 512, point, 256))) {
                failed := G2ADD
            }
        }
        if (failed == address(0)) return point;
        revert Bls12381_Precompile(failed);
    }

    /// @notice `high · 2^256 + low` modulo p, by Barrett's reduction: a division by p is a multiplication by its inverse.
    /// @dev    With v = high · 2^256 + low and q = ⌊⌊v / 2^380⌋ · ⌊2^512 / p⌋ / 2^132⌋: rounding down makes q too small and
    ///         never too large, by less than v/2^512 + 2^380/p + 1 < 3. So q · p <= v, nothing below wraps but the low
    ///         word with its borrow, and at most two times p are left to subtract.
    function reduce(uint256 high, uint256 low) internal pure returns (uint256 restHigh, uint256 restLow) {
        assembly ("memory-safe") {
            // Both factors have 132 bits, their product 264: the bits above the word by the product modulo 2^256 - 1.
            let head := shr(124, high)
            let product := mul(head, INVERSE)
            let wide := mulmod(head, INVERSE, not(0))
            let q := or(shl(124, sub(sub(wide, product), lt(wide, product))), shr(132, product))
            // v - q · p
            product := mul(q, P_LOW)
            wide := mulmod(q, P_LOW, not(0))
            restHigh := sub(high, add(sub(sub(wide, product), lt(wide, product)), mul(q, P_HIGH)))
            restHigh := sub(restHigh, lt(low, product))
            restLow := sub(low, product)
            for { let i := 0 } lt(i, 2) { i := add(i, 1) } {
                if or(gt(restHigh, P_HIGH), and(eq(restHigh, P_HIGH), iszero(lt(restLow, P_LOW)))) {
                    restHigh := sub(sub(restHigh, P_HIGH), lt(restLow, P_LOW))
                    restLow := sub(restLow, P_LOW)
                }
            }
        }
    }

    /// @dev expand_message_xmd (RFC 9380 §5.3.1) to 256 bytes, which stand where the answer says.
    function _expandMessage(bytes32 message) private view returns (uint256 uniform) {
        bool success;
        assembly ("memory-safe") {
            uniform := mload(0x40)
            mstore(0x40, add(uniform, 256))
            // Scratch behind the free memory pointer:
            // base + 0    143 B  msg_prime = Z_pad(64) ‖ message(32) ‖ 256 as I2OSP 2 ‖ 0 ‖ DST_prime(44)
            // base + 192   77 B  (b_0 xor b_(i-1))(32) ‖ i(1) ‖ DST_prime(44)
            let base := mload(0x40)
            let block_ := add(base, 192)
            mstore(base, 0)
            mstore(add(base, 32), 0)
            mstore(add(base, 64), message)
            mstore(add(base, 96), shl(232, 0x010000))
            mstore(add(base, 99), DST_HEAD)
            mstore(add(base, 131), DST_TAIL)
            mstore(add(block_, 33), DST_HEAD)
            mstore(add(block_, 65), DST_TAIL)
            // Arguments are evaluated from the last to the first: each call comes before its returndatasize.
            success := and(eq(returndatasize(), 32), staticcall(gas(), SHA256, base, 143, base, 32))
            let first := mload(base)
            let previous := 0
            let target := uniform
            for { let i := 1 } lt(i, 9) { i := add(i, 1) } {
                mstore(block_, xor(first, previous))
                mstore8(add(block_, 32), i)
                success := and(
                    success,
                    and(eq(returndatasize(), 32), staticcall(gas(), SHA256, block_, 77, target, 32))
                )
                previous := mload(target)
                target := add(target, 32)
            }
        }
        if (!success) revert Bls12381_Precompile(SHA256);
    }

    /// @notice Reverts unless the chain's SHA-256 and EIP-2537 precompiles answer known questions rightly.
    function selfTest() internal view {
        // SHA-256 of 64 zero bytes: the SSZ zero hash of depth 1.
        if (sha256(new bytes(64)) != 0xf5a5fd42d16a20302798ef6ed309979b43003d2320d9f0e8ea9831a92759fb4b) {
            revert Bls12381_SelfTest(SHA256);
        }
        // H(0), computed with @noble/curves; it takes SHA-256, the map and G2 addition.
        G2Point memory hash = hashToG2(bytes32(0));
        if (keccak256(abi.encode(hash)) != HASH_OF_ZERO) revert Bls12381_SelfTest(MAP_FP2_TO_G2);
        // G + G, doubled by the complete addition, is not infinity; 2G - G - G is.
        G1Point memory negated = _generator();
        negate(negated);
        G1Point memory sum = _generator();
        add(sum, _generator());
        if (keccak256(abi.encode(sum)) != TWO_G1) revert Bls12381_SelfTest(G1ADD);
        add(sum, negated);
        if (keccak256(abi.encode(sum)) != keccak256(abi.encode(_generator()))) revert Bls12381_SelfTest(G1ADD);
        // e(-G, Q) · e(G, Q) = 1 and e(G, Q) · e(G, Q) ≠ 1.
        if (!_pairingIsOne(negated, hash, sum, hash) || _pairingIsOne(sum, hash, sum, hash)) {
            revert Bls12381_SelfTest(PAIRING);
        }
    }

    function _pairingIsOne(G1Point memory a, G2Point memory b, G1Point memory c, G2Point memory d)
        private
        view
        returns (bool isOne)
    {
        bool success;
        assembly ("memory-safe") {
            // 768 bytes of scratch behind the free memory pointer; the answer goes to the scratch word 0.
            let input := mload(0x40)
            mcopy(input, a, 128)
            mcopy(add(input, 128), b, 256)
            mcopy(add(input, 384), c, 128)
            mcopy(add(input, 512), d, 256)
            success := and(eq(returndatasize(), 32), staticcall(PAIRING_GAS, PAIRING, input, 768, 0, 32))
            isOne := and(success, eq(mload(0), 1))
        }
        if (!success) revert Bls12381_Precompile(PAIRING);
    }

    function _generator() private pure returns (G1Point memory) {
        return G1Point(G1_X_HIGH, G1_X_LOW, G1_Y_HIGH, G1_Y_LOW);
    }

    function _inField(uint256 high, uint256 low) private pure returns (bool result) {
        assembly ("memory-safe") {
            result := or(lt(high, P_HIGH), and(eq(high, P_HIGH), lt(low, P_LOW)))
        }
    }
}
