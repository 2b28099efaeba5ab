// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title  Numbers of votes in Parlia's fast finality
/// @dev    Sizes are at most 64 and turn lengths below 2^8, so no product can overflow.
library ParliaQuorum {
    /// @dev Basis points in a whole.
    uint256 internal constant BASIS_POINTS = 10_000;

    /// @notice Votes that justify a block among `size` validators: `ceil(2N/3)` (parlia `verifyVoteAttestation`).
    function quorum(uint256 size) internal pure returns (uint256) {
        return (2 * size + 2) / 3;
    }

    /// @notice Blocks from an epoch's first until the set that it lists votes, with the numbers of the set before:
    ///         `(N/2 + 1) · turnLength` (parlia `minerHistoryCheckLen() + 1`).
    function switchOffset(uint256 size, uint256 turnLength) internal pure returns (uint256) {
        return (size / 2 + 1) * turnLength;
    }

    /// @notice Share of `voted` among `size` in basis points, rounded down. `size` must not be 0.
    function participation(uint256 voted, uint256 size) internal pure returns (uint256) {
        return voted * BASIS_POINTS / size;
    }

    /// @notice How many bits of `bits` are set.
    function count(uint256 bits) internal pure returns (uint256 total) {
        while (bits != 0) {
            unchecked {
                // `bits` is not 0: taking its lowest bit away cannot wrap.
                bits &= bits - 1;
                ++total;
            }
        }
    }
}
