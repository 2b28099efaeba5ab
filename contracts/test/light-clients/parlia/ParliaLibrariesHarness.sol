// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Bls12381} from "../../../src/crypto/Bls12381.sol";
import {ParliaHeader} from "../../../src/light-clients/parlia/ParliaHeader.sol";
import {ParliaKeys} from "../../../src/light-clients/parlia/ParliaKeys.sol";
import {ParliaProofs} from "../../../src/light-clients/parlia/ParliaProofs.sol";
import {ParliaQuorum} from "../../../src/light-clients/parlia/ParliaQuorum.sol";

/// @dev The libraries as external functions, so that they read calldata.
/// @custom:compiled as-deployed
contract ParliaLibrariesHarness {
    using Bls12381 for Bls12381.G1Point;

    function addAbsent(uint256 size, uint256 absent, bytes calldata data)
        external
        view
        returns (bytes32 root, uint256 used, bytes memory sum)
    {
        uint256 start;
        assembly ("memory-safe") {
            start := data.offset
        }
        Bls12381.G1Point memory accumulator;
        (root, used) = ParliaKeys.addAbsent(accumulator, size, absent, start);
        used -= start;
        sum = abi.encode(accumulator);
    }

    function root(bytes32[] memory leaves) external pure returns (bytes32) {
        return ParliaKeys.root(leaves);
    }

    function sumAndRoot(bytes memory keys) external view returns (bytes memory sum, bytes32 treeRoot, uint256 size) {
        Bls12381.G1Point memory point;
        (point, treeRoot, size) = ParliaKeys.sumAndRoot(keys);
        sum = abi.encode(point);
    }

    function voteHash(uint256 source, bytes32 sourceHash, uint256 target, bytes32 targetHash)
        external
        pure
        returns (bytes32)
    {
        return ParliaProofs.voteHash(source, sourceHash, target, targetHash);
    }

    function readHeader(bytes calldata rlp) external pure returns (ParliaHeader.Header memory header) {
        uint256 start;
        assembly ("memory-safe") {
            start := rlp.offset
        }
        (header,) = ParliaHeader.read(start, start + rlp.length);
    }

    function count(uint256 bits) external pure returns (uint256) {
        return ParliaQuorum.count(bits);
    }

    function quorum(uint256 size) external pure returns (uint256) {
        return ParliaQuorum.quorum(size);
    }

    function add(Bls12381.G1Point memory a, Bls12381.G1Point memory b) external view returns (Bls12381.G1Point memory) {
        Bls12381.add(a, b);
        return a;
    }
}
