// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Bn254} from "../../src/crypto/Bn254.sol";
import {Test} from "../utils/Test.sol";
import {Bn254Harness} from "./Bn254Harness.sol";

contract Bn254Test is Test {
    /// @dev Order of the group.
    uint256 private constant ORDER = 21888242871839275222246405745257275088548364400416034343698204186575808495617;

    Bn254Harness private _harness;

    function setUp() public {
        _harness = Bn254Harness(vm.deployCode("Bn254Harness.sol:Bn254Harness"));
    }

    function test_SelfTest() public view {
        _harness.requirePrecompiles();
    }

    /// @dev A chain without one of the precompiles answers with success and nothing.
    function test_RevertWhen_AdditionIsMissingOrWrong() public {
        _expectSelfTest(address(6), "", Bn254.Bn254_Precompile.selector);
        _expectSelfTest(address(6), abi.encode(1, 2), Bn254.Bn254_SelfTest.selector);
    }

    function test_RevertWhen_MultiplicationIsMissingOrWrong() public {
        _expectSelfTest(address(7), "", Bn254.Bn254_Precompile.selector);
        _expectSelfTest(address(7), abi.encode(1, 2), Bn254.Bn254_SelfTest.selector);
    }

    /// @dev One that says yes or no to everything is wrong too.
    function test_RevertWhen_PairingIsMissingOrWrong() public {
        _expectSelfTest(address(8), "", Bn254.Bn254_Precompile.selector);
        _expectSelfTest(address(8), abi.encode(0), Bn254.Bn254_SelfTest.selector);
        _expectSelfTest(address(8), abi.encode(1), Bn254.Bn254_SelfTest.selector);
    }

    function _expectSelfTest(address precompile, bytes memory answer, bytes4 selector) private {
        vm.mockCall(precompile, "", answer);
        vm.expectRevert(abi.encodeWithSelector(selector, precompile));
        _harness.requirePrecompiles();
    }

    function testFuzz_AddAndMulAgree(uint64 a, uint64 b) public view {
        Bn254.G1Point memory left = _harness.add(_point(a), _point(b));
        Bn254.G1Point memory right = _point(uint256(a) + b);
        vm.assertEq(abi.encode(left), abi.encode(right));
        vm.assertEq(abi.encode(_harness.mul(_point(a), b)), abi.encode(_point(mulmod(a, b, ORDER))));
    }

    /// @dev Against one addition after the other of what the bitmap names.
    function testFuzz_Sum(uint256 seed, uint8 size, uint256 bitmap) public view {
        uint256 members = bound(size, 1, 20);
        bitmap &= (1 << members) - 1;
        bytes memory points;
        Bn254.G1Point memory expected;
        for (uint256 i = 0; i != members; ++i) {
            Bn254.G1Point memory point = _point(uint256(keccak256(abi.encode(seed, i))));
            points = bytes.concat(points, abi.encode(point));
            if (bitmap >> i & 1 == 1) expected = _harness.add(expected, point);
        }
        if (bitmap == 0) return;
        vm.assertEq(abi.encode(_harness.sum(points, bitmap)), abi.encode(expected));
    }

    function test_RevertWhen_SumIsInfinityOrOfNoPoints() public {
        Bn254.G1Point memory one = _point(1);
        Bn254.G1Point memory minusOne = Bn254.G1Point(1, Bn254.P - 2);
        bytes memory infinity = abi.encodeWithSelector(Bn254.Bn254_Infinity.selector);
        vm.expectRevert(infinity);
        _harness.sum(abi.encode(one, minusOne), 3);
        vm.expectRevert(infinity);
        _harness.sum(abi.encode(one), 0);
        vm.expectRevert(infinity);
        _harness.sum(abi.encode(one, uint256(0), uint256(0)), 3);
        vm.assertEq(abi.encode(_harness.sum(abi.encode(one, minusOne), 1)), abi.encode(one));
        bytes memory noPoint = abi.encodeWithSelector(Bn254.Bn254_Precompile.selector, address(6));
        vm.expectRevert(noPoint);
        _harness.sum(abi.encode(one, uint256(1), uint256(1)), 3);
        vm.expectRevert(noPoint);
        _harness.sum(abi.encode(uint256(1), uint256(1), one), 3);
        // The same point with a coordinate that is not reduced.
        vm.expectRevert(noPoint);
        _harness.sum(abi.encode(1 + Bn254.P, uint256(2)), 1);
    }

    function test_RevertWhen_LoadedPointIsInfinity() public {
        bytes memory infinity = abi.encodeWithSelector(Bn254.Bn254_Infinity.selector);
        vm.expectRevert(infinity);
        _harness.loadG1(new bytes(64));
        vm.expectRevert(infinity);
        _harness.loadG2(new bytes(128));
        vm.assertEq(abi.encode(_harness.loadG1(abi.encode(3, 4))), abi.encode(3, 4));
        vm.assertEq(abi.encode(_harness.loadG2(abi.encode(3, 4, 5, 6))), abi.encode(3, 4, 5, 6));
    }

    /// @dev e(aG, bG) = e(abG, G): with one generator of G2, the products of scalars decide.
    function testFuzz_PairingsEqual(uint64 a, uint64 c) public view {
        Bn254.G2Point memory g2 = _harness.g2();
        vm.assertEq(_harness.pairingsEqual(_point(a), g2, _point(c), g2), a == c);
        vm.assertTrue(_harness.pairingsEqual(_point(a), g2, _point(a), g2));
    }

    /// @dev With the secret 1 for a key, a signature is the message itself, and any other point is none.
    function testFuzz_VerifyAggregate(uint64 message, uint64 other, uint64 key) public view {
        vm.assertTrue(_harness.verify(_point(message), _point(message), _point(1), _harness.g2()));
        vm.assertEq(_harness.verify(_point(message), _point(other), _point(1), _harness.g2()), other == message);
        // The G1 sum is bound to the G2 sum, even where the signature holds.
        vm.assertEq(_harness.verify(_point(message), _point(message), _point(key), _harness.g2()), key == 1);
    }

    /// @dev What one of two statements lacks, the other cannot give: errors that cancel without a random factor.
    function testFuzz_ErrorsDoNotCancel(uint64 message, uint32 by) public view {
        if (by == 0) return;
        Bn254.G1Point memory signature = _harness.add(_point(message), _point(by));
        Bn254.G1Point memory key = _harness.add(_point(1), _point(ORDER - by));
        vm.assertFalse(_harness.verify(_point(message), signature, key, _harness.g2()));
    }

    function test_RevertWhen_G2PointIsOffTheCurve() public {
        Bn254.G2Point memory point = _harness.g2();
        point.xReal ^= 1;
        Bn254.G1Point memory one = _harness.g1();
        vm.expectRevert(abi.encodeWithSelector(Bn254.Bn254_Precompile.selector, address(8)));
        _harness.verify(one, one, one, point);
    }

    function _point(uint256 factor) private view returns (Bn254.G1Point memory) {
        return _harness.mul(_harness.g1(), factor);
    }
}
