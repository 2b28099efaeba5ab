// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {QbftHeader} from "../../../src/light-clients/qbft/QbftHeader.sol";
import {QbftQuorum} from "../../../src/light-clients/qbft/QbftQuorum.sol";
import {ValidatorSet} from "../../../src/light-clients/qbft/ValidatorSet.sol";
import {RLP} from "../../../src/proofs/RLP.sol";

/// @dev The libraries on calldata, behind external functions.
/// @custom:compiled as-deployed
contract QbftLibrariesHarness {
    using RLP for bytes;

    function sealedForm(bytes calldata header) external pure returns (QbftHeader.Header memory parsed, uint256 left) {
        (uint256 ptr, uint256 limit) = header.bounds();
        uint256 to;
        (parsed, to) = QbftHeader.sealedAt(ptr, limit);
        left = limit - to;
    }

    function difference(bytes calldata trusted, bytes calldata own) external pure returns (uint256 seat, bool added) {
        (uint256 a, uint256 aEnd) = trusted.bounds();
        (uint256 b, uint256 bEnd) = own.bounds();
        return ValidatorSet.difference(a, ValidatorSet.sizeOf(a, aEnd), b, ValidatorSet.sizeOf(b, bEnd));
    }

    function quorum(uint256 size) external pure returns (uint256, uint256, uint256) {
        return (QbftQuorum.quorum(size), QbftQuorum.faulty(size), QbftQuorum.trusted(size));
    }

    function hash(address[] memory members) external pure returns (bytes32) {
        return ValidatorSet.hash(members);
    }
}
