// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Bn254} from "../../crypto/Bn254.sol";
import {RLP} from "../../proofs/RLP.sol";
import {IIstanbulLightClient} from "./IIstanbulLightClient.sol";

/// @title  The MAP relay chain's hash to the curve, checked from hints
/// @notice atlas hashes messages to G1 as MadNet does (`helper/bls`, from its BN256 fork height on): two field elements of
///         four hashes, each mapped to the curve `y² = x³ + 3` by Fouque and Tibouchi's map for BN curves, and the points
///         added. The map needs an inverse and square roots; here whoever proves brings them and they are checked, since
///         a MODEXP each costs ten times a word of calldata.
/// @dev    A wrong hint reverts, and so hints decide whether there is an answer, never which.
library HashToG1 {
    uint256 private constant P = Bn254.P;
    /// @dev (p - 1) / 2: a t above it makes y negative.
    uint256 private constant HALF = 0x183227397098d014dc2822db40c0ac2ecbc0b548b438e5469e10460b6c3e7ea3;
    /// @dev 2^256 modulo p.
    uint256 private constant R = 6350874878119819312338956282401532409788428879151445726012394534686998597021;
    /// @dev The curve's constant.
    uint256 private constant B = 3;
    /// @dev The map's constants: (-1 + √-3)/2, √-3 and 1/3 modulo p, and g(1) - 0 = 1 + 3 = 4.
    uint256 private constant C1 = 2203960485148121921418603742825762020974279258880205651966;
    uint256 private constant C2 = 4407920970296243842837207485651524041948558517760411303933;
    uint256 private constant C3 = 14592161914559516814830937163504850059130874104865215775126025263096817472389;
    uint256 private constant D = 4;
    /// @dev Candidates for x; the last is on the curve where the others are not.
    uint256 private constant CANDIDATES = 3;
    /// @dev Bytes of a hint.
    uint256 private constant WORD = 32;

    /// @notice The inverse given is not that of the denominators' product. @param given It.
    error HashToG1_Inverse(uint256 given);
    /// @notice The root given is no fourth root of the candidate's value or its negative. @param given It.
    error HashToG1_Root(uint256 candidate, uint256 given);

    /// @notice The point that `message` hashes to.
    /// @param  ptr Where in calldata the hints start: the inverse of the product of both denominators `t²·(t²+4)`, then for
    ///         each t a word for each candidate that is looked at, up to the first on the curve. The word is a fourth
    ///         root of `x³ + 3` if that is a square, else of its negative.
    /// @return point It. @return to Where the hints end.
    function hash(bytes memory message, uint256 ptr, uint256 limit)
        internal
        view
        returns (Bn254.G1Point memory point, uint256 to)
    {
        (uint256 t0, uint256 t1) = _toBase(message);
        uint256 d0 = _denominator(t0);
        uint256 d1 = _denominator(t1);
        uint256 inverse;
        (inverse, ptr) = _take(ptr, limit);
        // Not of t = 0, which has probability 2^-253: then there is no inverse and the message cannot be proven.
        if (mulmod(mulmod(d0, d1, P), inverse, P) != 1) revert HashToG1_Inverse(inverse);
        Bn254.G1Point memory first;
        Bn254.G1Point memory second;
        (first, ptr) = _map(t0, mulmod(inverse, d1, P), ptr, limit);
        (second, to) = _map(t1, mulmod(inverse, d0, P), ptr, limit);
        point = Bn254.add(first, second);
    }

    /// @dev `(keccak(c0 ‖ m)·2^256 + keccak(c1 ‖ m)) mod p` with (c0, c1) = (0, 1) and (2, 3).
    function _toBase(bytes memory message) private pure returns (uint256 t0, uint256 t1) {
        uint256 h0;
        uint256 h1;
        uint256 h2;
        uint256 h3;
        // The message is copied behind the free memory pointer, which stays, with one byte in front that changes.
        assembly ("memory-safe") {
            let start := mload(0x40)
            let length := mload(message)
            mcopy(add(start, 1), add(message, 0x20), length)
            length := add(length, 1)
            mstore8(start, 0)
            h0 := keccak256(start, length)
            mstore8(start, 1)
            h1 := keccak256(start, length)
            mstore8(start, 2)
            h2 := keccak256(start, length)
            mstore8(start, 3)
            h3 := keccak256(start, length)
        }
        t0 = addmod(mulmod(h0, R, P), h1, P);
        t1 = addmod(mulmod(h2, R, P), h3, P);
    }

    /// @dev `t²·(t²+4)`.
    function _denominator(uint256 t) private pure returns (uint256) {
        uint256 square = mulmod(t, t, P);
        return mulmod(square, addmod(square, D, P), P);
    }

    /// @dev The first of three candidates for x that is on the curve, and its y with the sign of t.
    /// @param inverse That of `t²·a`, a = t² + 4.
    function _map(uint256 t, uint256 inverse, uint256 ptr, uint256 limit)
        private
        pure
        returns (Bn254.G1Point memory point, uint256 to)
    {
        // x1 = C1 - C2·t⁴/(t²·a); x2 = -1 - x1; x3 = 1 - a³/(3·t²·a). Subtrahends are below p.
        uint256 square = mulmod(t, t, P);
        uint256 x = addmod(C1, P - mulmod(C2, mulmod(mulmod(square, square, P), inverse, P), P), P);
        uint256 candidate;
        while (true) {
            uint256 value = addmod(mulmod(mulmod(x, x, P), x, P), B, P);
            uint256 root;
            (root, ptr) = _take(ptr, limit);
            // p = 3 mod 4, so -1 is no square, and of a value and its negative exactly one is; neither is 0, for then the
            // curve had a point of order two. The square root that is a square itself, which atlas takes by the exponent
            // (p+1)/4, is the one that has a root again: hence fourth roots.
            uint256 y = mulmod(root, root, P);
            uint256 given = mulmod(y, y, P);
            if (given == value) {
                point.x = x;
                point.y = t > HALF ? P - y : y;
                return (point, ptr);
            }
            ++candidate;
            if (given != P - value || candidate == CANDIDATES) revert HashToG1_Root(candidate - 1, root);
            if (candidate == 1) {
                x = addmod(P - 1, P - x, P);
            } else {
                uint256 a = addmod(square, D, P);
                uint256 cube = mulmod(mulmod(a, a, P), a, P);
                x = addmod(1, P - mulmod(C3, mulmod(cube, inverse, P), P), P);
            }
        }
    }

    function _take(uint256 ptr, uint256 limit) private pure returns (uint256 word, uint256 to) {
        to = ptr + WORD;
        if (to > limit) revert IIstanbulLightClient.IstanbulLightClient_Truncated(WORD, limit - ptr);
        word = RLP.loadAt(ptr);
    }
}
