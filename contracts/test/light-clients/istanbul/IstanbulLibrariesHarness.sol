// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IstanbulHeader} from "../../../src/light-clients/istanbul/IstanbulHeader.sol";
import {IstanbulSeal} from "../../../src/light-clients/istanbul/IstanbulSeal.sol";
import {IstanbulValidators} from "../../../src/light-clients/istanbul/IstanbulValidators.sol";
import {RLP} from "../../../src/proofs/RLP.sol";

/// @dev The libraries on calldata, behind external functions.
/// @custom:compiled as-deployed
contract IstanbulLibrariesHarness {
    using RLP for bytes;

    function header(bytes calldata encoded) external pure returns (IstanbulHeader.Header memory) {
        (uint256 ptr, uint256 limit) = encoded.bounds();
        return IstanbulHeader.read(ptr, limit);
    }

    function next(bytes calldata members, bytes calldata encoded) external pure returns (bytes26, uint256) {
        (uint256 ptr, uint256 limit) = encoded.bounds();
        (uint256 from,) = members.bounds();
        return IstanbulValidators.next(from, members.length / 64, IstanbulHeader.read(ptr, limit));
    }

    function seal(bytes calldata encoded) external pure returns (IstanbulSeal.Seal memory) {
        (uint256 ptr, uint256 limit) = encoded.bounds();
        return IstanbulSeal.read(ptr, limit);
    }

    function quorum(uint256 size) external pure returns (uint256) {
        return IstanbulSeal.quorum(size);
    }
}
