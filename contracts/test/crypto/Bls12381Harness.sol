// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Bls12381} from "../../src/crypto/Bls12381.sol";
import {BeaconHeader} from "../../src/light-clients/ethereum/BeaconHeader.sol";
import {SyncCommitteeProof} from "../../src/light-clients/ethereum/SyncCommitteeProof.sol";
import {SszBranch} from "../../src/proofs/SszBranch.sol";

/// @notice Makes points, hashes and branches callable; points are given as `loadG1` reads them.
/// @custom:compiled as-deployed
contract Bls12381Harness {
    function load(bytes calldata data) external pure returns (Bls12381.G1Point memory) {
        return _load(data);
    }

    function negate(bytes calldata data) external pure returns (Bls12381.G1Point memory point) {
        point = _load(data);
        Bls12381.negate(point);
    }

    function compress(bytes calldata data) external pure returns (bytes32 head, bytes32 tail) {
        return Bls12381.compress(_load(data));
    }

    /// @notice 2G, 3G and so on, each by the sum of two points.
    function multiples(bytes calldata generator, uint256 count) external view returns (bytes[] memory sums) {
        Bls12381.G1Point memory sum = _load(generator);
        Bls12381.G1Point memory point = _load(generator);
        sums = new bytes[](count);
        for (uint256 i = 0; i < count; ++i) {
            Bls12381.add(sum, point);
            sums[i] = abi.encode(sum);
        }
    }

    /// @notice The same by sums in place, `ups` times up and then `downs` times down from there by -G.
    function upAndDown(bytes calldata generator, uint256 ups, uint256 downs)
        external
        view
        returns (bytes[] memory up, bytes[] memory down, bytes memory negated)
    {
        Bls12381.G1Point memory point = _load(generator);
        (Bls12381.G1Point memory sum, Bls12381.G1Point memory next) = Bls12381.withNext(point);
        Bls12381.copy(next, point);
        up = _sums(sum, ups);
        Bls12381.negate(next);
        down = _sums(sum, downs);
        negated = abi.encode(next);
    }

    function _sums(Bls12381.G1Point memory sum, uint256 count) private view returns (bytes[] memory sums) {
        sums = new bytes[](count);
        for (uint256 i = 0; i < count; ++i) {
            Bls12381.addNext(sum);
            sums[i] = abi.encode(sum);
        }
    }

    function _load(bytes calldata data) private pure returns (Bls12381.G1Point memory) {
        uint256 offset;
        assembly {
            offset := data.offset
        }
        return Bls12381.loadG1(offset);
    }

    function selfTest() external view {
        Bls12381.selfTest();
    }

    function hashToG2(bytes32 message) external view returns (Bls12381.G2Point memory) {
        return Bls12381.hashToG2(message);
    }

    /// @notice The hash, where scratch memory holds `dirt` all over.
    function hashToG2OverDirt(bytes32 message, uint256 dirt) external view returns (Bls12381.G2Point memory) {
        assembly {
            let free := mload(0x40)
            for { let i := 0 } lt(i, 2048) { i := add(i, 32) } {
                mstore(add(free, i), dirt)
            }
        }
        return Bls12381.hashToG2(message);
    }

    function reduce(uint256 high, uint256 low) external pure returns (uint256 restHigh, uint256 restLow) {
        return Bls12381.reduce(high, low);
    }

    function depth(uint256 gindex) external pure returns (uint256) {
        return SszBranch.depth(gindex);
    }

    function difference(bytes calldata bits, bytes calldata base, uint256 size)
        external
        pure
        returns (uint256[] memory indices)
    {
        uint256 offset;
        uint256 from;
        assembly {
            offset := bits.offset
            if base.length { from := base.offset }
        }
        SyncCommitteeProof.Members memory found = SyncCommitteeProof.difference(offset, from, size);
        indices = new uint256[](found.count);
        for (uint256 i = 0; i < found.count; ++i) {
            uint256 node = found.nodes + 64 * i;
            uint256 index;
            assembly {
                index := mload(node)
            }
            indices[i] = index - size;
        }
    }

    function headerRoot(bytes calldata header) external view returns (bytes32) {
        uint256 offset;
        assembly {
            offset := header.offset
        }
        return SszBranch.headerRoot(offset);
    }

    function rootAround(bytes calldata body, bytes32 bodyRoot, bytes calldata state, bytes32 stateRoot)
        external
        view
        returns (bytes32, bytes32)
    {
        uint256 aroundBody;
        uint256 aroundState;
        assembly {
            aroundBody := body.offset
            aroundState := state.offset
        }
        return (BeaconHeader.rootAroundBody(aroundBody, bodyRoot), BeaconHeader.rootAroundState(aroundState, stateRoot));
    }

    function branchRoot(bytes32 leaf, uint256 gindex, bytes calldata branch) external view returns (bytes32) {
        uint256 offset;
        assembly {
            offset := branch.offset
        }
        return SszBranch.root(leaf, gindex, offset);
    }
}
