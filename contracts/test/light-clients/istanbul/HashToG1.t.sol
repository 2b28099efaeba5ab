// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Bn254} from "../../../src/crypto/Bn254.sol";
import {HashToG1} from "../../../src/light-clients/istanbul/HashToG1.sol";
import {Test} from "../../utils/Test.sol";
import {HashToG1Harness} from "./HashToG1Harness.sol";

/// @notice The hash to the curve from hints, against the same hash computed with inverses and roots by MODEXP.
contract HashToG1Test is Test {
    uint256 private constant P = Bn254.P;
    uint256 private constant C1 = 2203960485148121921418603742825762020974279258880205651966;
    uint256 private constant C2 = 4407920970296243842837207485651524041948558517760411303933;
    uint256 private constant C3 = 14592161914559516814830937163504850059130874104865215775126025263096817472389;

    HashToG1Harness private _harness;
    /// @dev Hints of the reference, in their order.
    bytes private _hints;
    /// @dev How often each candidate was the one.
    uint256[3] private _chosen;

    function setUp() public {
        _harness = HashToG1Harness(vm.deployCode("HashToG1Harness.sol:HashToG1Harness"));
    }

    function testFuzz_AgainstRoots(bytes32 hash, uint64 round) public {
        _compare(abi.encodePacked(hash, round, uint8(2)));
    }

    function testFuzz_AnyLength(bytes calldata message) public {
        _compare(message);
    }

    /// @dev All three candidates occur.
    function test_EveryCandidate() public {
        for (uint256 i = 0; i != 40; ++i) {
            _compare(abi.encode(i));
        }
        for (uint256 i = 0; i != 3; ++i) {
            vm.assertGt(_chosen[i], 3);
        }
    }

    /// @dev Any word in place of a hint but the other root's gives no other point: it reverts.
    function testFuzz_RevertWhen_HintIsAnother(bytes32 message, uint256 which, uint256 other) public {
        _reference(abi.encode(message));
        bytes memory hints = _hints;
        uint256 at = 32 + 32 * bound(which, 0, hints.length / 32 - 1);
        uint256 genuine;
        assembly ("memory-safe") {
            genuine := mload(add(hints, at))
            mstore(add(hints, at), other)
        }
        uint256 reduced = other % P;
        if (reduced == genuine || (at != 32 && reduced == P - genuine)) return;
        if (at == 32) vm.expectRevert(abi.encodeWithSelector(HashToG1.HashToG1_Inverse.selector, other));
        else vm.expectPartialRevert(HashToG1.HashToG1_Root.selector);
        _harness.hash(abi.encode(message), hints);
    }

    /// @dev The constants against what they stand for.
    function test_Constants() public view {
        vm.assertEq(mulmod(C2, C2, P), P - 3);
        vm.assertEq(mulmod(2, C1, P), addmod(C2, P - 1, P));
        vm.assertEq(mulmod(3, C3, P), 1);
        vm.assertEq(P % 4, 3);
    }

    function _compare(bytes memory message) private {
        Bn254.G1Point memory expected = _reference(message);
        (Bn254.G1Point memory given, uint256 left) = _harness.hash(message, bytes.concat(_hints, hex"77"));
        vm.assertEq(abi.encode(given), abi.encode(expected));
        vm.assertEq(left, 1);
    }

    /// @dev atlas' `HashToG1`, step by step.
    function _reference(bytes memory message) private returns (Bn254.G1Point memory) {
        uint256 t0 = _toBase(message, 0);
        uint256 t1 = _toBase(message, 2);
        _hints = abi.encode(_inverse(mulmod(_denominator(t0), _denominator(t1), P)));
        Bn254.G1Point memory first = _map(t0);
        Bn254.G1Point memory second = _map(t1);
        return _harness.add(first, second);
    }

    function _toBase(bytes memory message, uint8 c) private pure returns (uint256) {
        uint256 high = uint256(keccak256(abi.encodePacked(c, message))) % P;
        uint256 low = uint256(keccak256(abi.encodePacked(c + 1, message))) % P;
        return addmod(mulmod(high, addmod(type(uint256).max % P, 1, P), P), low, P);
    }

    function _denominator(uint256 t) private pure returns (uint256) {
        uint256 square = mulmod(t, t, P);
        return mulmod(square, addmod(square, 4, P), P);
    }

    function _map(uint256 t) private returns (Bn254.G1Point memory point) {
        uint256 alpha = _inverse(_denominator(t));
        uint256 square = mulmod(t, t, P);
        uint256 a = addmod(square, 4, P);
        uint256[3] memory x;
        x[0] = addmod(C1, P - mulmod(mulmod(C2, mulmod(square, square, P), P), alpha, P), P);
        x[1] = P - addmod(x[0], 1, P);
        x[2] = addmod(1, P - mulmod(mulmod(C3, mulmod(a, mulmod(a, a, P), P), P), alpha, P), P);
        for (uint256 i = 0; i != 3; ++i) {
            uint256 value = addmod(mulmod(x[i], mulmod(x[i], x[i], P), P), 3, P);
            uint256 y = _root(value);
            if (mulmod(y, y, P) != value) {
                _hints = bytes.concat(_hints, abi.encode(_root(_root(P - value))));
                continue;
            }
            ++_chosen[i];
            _hints = bytes.concat(_hints, abi.encode(_root(y)));
            return Bn254.G1Point(x[i], t > (P - 1) / 2 ? P - y : y);
        }
        revert("no candidate");
    }

    function _inverse(uint256 value) private view returns (uint256) {
        return _power(value, P - 2);
    }

    function _root(uint256 value) private view returns (uint256) {
        return _power(value, (P + 1) / 4);
    }

    function _power(uint256 base, uint256 exponent) private view returns (uint256) {
        (bool success, bytes memory result) = address(5).staticcall(abi.encode(32, 32, 32, base, exponent, P));
        require(success);
        return abi.decode(result, (uint256));
    }
}
