// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Bls12381} from "../../src/crypto/Bls12381.sol";
import {Test} from "../utils/Test.sol";
import {Bls12381Harness} from "./Bls12381Harness.sol";

/// @notice The assembly of points, hashes and branches against plain references.
contract Bls12381Test is Test {
    bytes private constant PRIME =
        hex"1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab";

    /// @dev The generator of G1, as `loadG1` reads it.
    bytes private constant GENERATOR =
        hex"17f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb08b3f481e3aaa0f1a09e30ed741d8ae4fcf5e095d5d00af600db18cb2c04b3edd03cc744a2888ae40caa232946c5e7e1";

    Bls12381Harness private harness;

    function setUp() public {
        harness = Bls12381Harness(vm.deployCode("Bls12381Harness.sol:Bls12381Harness"));
    }

    function test_SelfTest() public view {
        harness.selfTest();
    }

    function test_HashToG2() public view {
        string memory json = vm.readFile(string.concat(vm.projectRoot(), "/vectors/ethereum/hash-to-g2.json"));
        bytes[] memory messages = vm.parseJsonBytesArray(json, ".messages");
        bytes[] memory points = vm.parseJsonBytesArray(json, ".points");
        vm.assertEq(messages.length, 16);
        for (uint256 i = 0; i < messages.length; ++i) {
            vm.assertEq(abi.encode(harness.hashToG2(bytes32(messages[i]))), points[i]);
        }
    }

    /// Scratch memory holds whatever was there before.
    function testFuzz_HashToG2WithDirtyMemory(bytes32 message, uint256 dirt) public view {
        bytes memory clean = abi.encode(harness.hashToG2(message));
        vm.assertEq(abi.encode(harness.hashToG2OverDirt(message, dirt)), clean);
    }

    function testFuzz_Reduce(uint256 high, uint256 low) public view {
        _assertReduced(high, low);
        // Far fewer bits than 512, where the quotient is small.
        _assertReduced(high >> 125, low);
        _assertReduced(high >> 130, low);
    }

    /// Around multiples of the prime the quotient that is guessed is off by one.
    function testFuzz_ReduceAroundMultiplesOfThePrime(uint256 factor, uint8 distance) public view {
        uint256 high = uint128(bytes16(_slicePrime(0, 16)));
        uint256 low = uint256(bytes32(_slicePrime(16, 48)));
        // factor · p < 2^512
        factor = bound(factor, 0, (1 << 131) - 1);
        uint256 product = mulmod(factor, low, type(uint256).max);
        unchecked {
            uint256 lowProduct = factor * low;
            uint256 carry = product - lowProduct - (product < lowProduct ? 1 : 0);
            uint256 highProduct = factor * high + carry;
            _assertReduced(highProduct, lowProduct);
            uint256 above = lowProduct + distance;
            _assertReduced(above < lowProduct ? highProduct + 1 : highProduct, above);
            uint256 below = lowProduct - distance;
            if (factor != 0) _assertReduced(below > lowProduct ? highProduct - 1 : highProduct, below);
        }
    }

    function test_ReduceAtTheEnds() public view {
        uint256 most = type(uint256).max;
        _assertReduced(0, 0);
        _assertReduced(0, most);
        _assertReduced(most, 0);
        _assertReduced(most, most);
        _assertReduced(most - 1, most);
    }

    /// @dev MODEXP with the exponent 1 is the reference.
    function _assertReduced(uint256 high, uint256 low) private view {
        (bool success, bytes memory expected) =
            address(5).staticcall(abi.encodePacked(uint256(64), uint256(1), uint256(48), high, low, hex"01", PRIME));
        vm.assertTrue(success);
        (uint256 restHigh, uint256 restLow) = harness.reduce(high, low);
        vm.assertEq(abi.encodePacked(uint128(restHigh), restLow), expected);
        vm.assertEq(restHigh >> 128, 0);
    }

    function _slicePrime(uint256 start, uint256 end) private pure returns (bytes memory part) {
        bytes memory prime = PRIME;
        part = new bytes(end - start);
        for (uint256 i = start; i < end; ++i) {
            part[i - start] = prime[i];
        }
    }

    /// A sum in place, however often: (n + 1)G from G and nG, and back.
    function test_AddsTheNextPoint() public view {
        bytes memory generator = abi.encode(harness.load(GENERATOR));
        bytes[] memory expected = harness.multiples(GENERATOR, 5);
        (bytes[] memory up, bytes[] memory down, bytes memory negated) = harness.upAndDown(GENERATOR, 5, 7);
        for (uint256 i = 0; i < 5; ++i) {
            vm.assertEq(up[i], expected[i]);
        }
        vm.assertEq(down[4], generator);
        // G - G is infinity, all zero, and what is added to it comes back.
        vm.assertEq(down[5], new bytes(128));
        vm.assertEq(down[6], negated);
    }

    function testFuzz_Compress(uint256 xHigh, uint256 xLow, uint256 yHigh, uint256 yLow) public view {
        bytes memory x = abi.encodePacked(uint128(xHigh), xLow);
        bytes memory y = abi.encodePacked(uint128(yHigh), yLow);
        // Into the field: the top byte below that of the prime.
        x[0] = bytes1(uint8(x[0]) % 0x1a);
        y[0] = bytes1(uint8(y[0]) % 0x1a);
        _assertCompressed(x, y);
    }

    /// (p - 1) / 2 is the smaller root, (p + 1) / 2 the larger one.
    function test_CompressAtTheMiddle() public view {
        bytes memory x = new bytes(48);
        x[47] = 0x01;
        bytes memory half =
            hex"0d0088f51cbff34d258dd3db21a5d66bb23ba5c279c2895fb39869507b587b120f55ffff58a9ffffdcff7fffffffd555";
        _assertCompressed(x, half);
        half[47] = 0x56;
        _assertCompressed(x, half);
        half[47] = 0x54;
        _assertCompressed(x, half);
    }

    function testFuzz_Negate(uint256 yHigh, uint256 yLow) public view {
        bytes memory y = abi.encodePacked(uint128(yHigh), yLow);
        y[0] = bytes1(uint8(y[0]) % 0x1a);
        Bls12381.G1Point memory point = harness.negate(bytes.concat(new bytes(47), bytes1(0x01), y));
        bytes memory negated = abi.encodePacked(uint128(point.yHigh), point.yLow);
        // y + (p - y) = p, added byte by byte
        uint256 carry;
        for (uint256 i = 48; i > 0; --i) {
            uint256 sum = uint256(uint8(y[i - 1])) + uint8(negated[i - 1]) + carry;
            vm.assertEq(sum & 0xff, uint256(uint8(PRIME[i - 1])));
            carry = sum >> 8;
        }
        vm.assertEq(carry, 0);
    }

    function testFuzz_AbsentMembers(bytes32 first, bytes32 second, bool small) public view {
        bytes memory bits = abi.encodePacked(first, second);
        _assertDifference(bits, bits, "", small ? 32 : 512);
    }

    /// Few members differ as a rule: the second bitvector is the first with some bits turned.
    function testFuzz_Difference(bytes32 first, bytes32 second, uint256 turned, bool small) public view {
        bytes memory base = abi.encodePacked(first, second);
        bytes memory bits =
            abi.encodePacked(first ^ bytes32(turned & (turned >> 1)), second ^ bytes32(turned & (turned << 1)));
        bytes memory expected = new bytes(64);
        for (uint256 i = 0; i < 64; ++i) {
            expected[i] = ~(bits[i] ^ base[i]);
        }
        _assertDifference(expected, bits, base, small ? 32 : 512);
    }

    /// @dev The members are those whose bit is 0 in `equal`, ascending.
    function _assertDifference(bytes memory equal, bytes memory bits, bytes memory base, uint256 size) private view {
        uint256[] memory indices = harness.difference(bits, base, size);
        uint256 count;
        for (uint256 i = 0; i < size; ++i) {
            if ((uint8(equal[i >> 3]) >> (i & 7)) & 1 == 1) continue;
            vm.assertEq(indices[count], i);
            ++count;
        }
        vm.assertEq(indices.length, count);
    }

    function testFuzz_HeaderRoot(uint64 slot, uint64 proposer, bytes32 parent, bytes32 state, bytes32 body)
        public
        view
    {
        bytes32 left = _pair(_pair(_littleEndian(slot), _littleEndian(proposer)), _pair(parent, state));
        bytes32 right = _pair(_pair(body, 0), _pair(0, 0));
        bytes32 root = _pair(left, right);
        vm.assertEq(harness.headerRoot(abi.encodePacked(slot, proposer, parent, state, body)), root);
        (bytes32 aroundBody, bytes32 aroundState) = harness.rootAround(
            abi.encodePacked(slot, proposer, _pair(parent, state)),
            body,
            abi.encodePacked(slot, proposer, parent, right),
            state
        );
        vm.assertEq(aroundBody, root);
        vm.assertEq(aroundState, root);
    }

    function testFuzz_BranchRoot(bytes32 leaf, uint24 place, bytes32 seed) public view {
        uint256 gindex = uint256(place) + 1;
        uint256 depth = harness.depth(gindex);
        bytes memory branch;
        bytes32 node = leaf;
        for (uint256 i = 0; i < depth; ++i) {
            bytes32 sibling = keccak256(abi.encode(seed, i));
            branch = bytes.concat(branch, sibling);
            node = (gindex / 2 ** i) % 2 == 1 ? _pair(sibling, node) : _pair(node, sibling);
        }
        vm.assertTrue(2 ** depth <= gindex && gindex < 2 ** (depth + 1));
        vm.assertEq(harness.branchRoot(leaf, gindex, branch), node);
    }

    function _assertCompressed(bytes memory x, bytes memory y) private view {
        if (keccak256(x) == keccak256(new bytes(48)) && keccak256(y) == keccak256(new bytes(48))) return;
        (bytes32 head, bytes32 tail) = harness.compress(bytes.concat(x, y));
        bytes memory expected = bytes.concat(x, new bytes(16));
        expected[0] |= 0x80;
        if (_isAboveHalf(y)) expected[0] |= 0x20;
        vm.assertEq(bytes.concat(head, tail), expected);
    }

    /// @dev 2y > p - 1, that is 2y > p: doubled byte by byte into 49 bytes and compared from the top.
    function _isAboveHalf(bytes memory y) private pure returns (bool) {
        bytes memory doubled = new bytes(49);
        uint256 carry;
        for (uint256 i = 48; i > 0; --i) {
            uint256 sum = 2 * uint256(uint8(y[i - 1])) + carry;
            doubled[i] = bytes1(uint8(sum & 0xff));
            carry = sum >> 8;
        }
        if (carry > 0) return true;
        for (uint256 i = 0; i < 48; ++i) {
            if (doubled[i + 1] != PRIME[i]) return doubled[i + 1] > PRIME[i];
        }
        return false;
    }

    function _pair(bytes32 left, bytes32 right) private pure returns (bytes32) {
        return sha256(abi.encode(left, right));
    }

    function _littleEndian(uint64 value) private pure returns (bytes32) {
        bytes memory chunk = new bytes(32);
        for (uint256 i = 0; i < 8; ++i) {
            chunk[i] = bytes1(uint8(value >> (8 * i)));
        }
        return bytes32(chunk);
    }
}
