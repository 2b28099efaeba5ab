// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title  Numbers of votes in QBFT
/// @dev    Sizes are below 2^8 where they come from a header, so no product can overflow.
library QbftQuorum {
    /// @dev Basis points in a whole.
    uint256 internal constant BASIS_POINTS = 10_000;

    /// @notice Seals that commit a block among `size` validators: `ceil(2N/3)`.
    function quorum(uint256 size) internal pure returns (uint256) {
        return (2 * size + 2) / 3;
    }

    /// @notice Validators that may be faulty among `size`: `f = floor((N-1)/3)`. `size` must not be 0.
    function faulty(uint256 size) internal pure returns (uint256) {
        return (size - 1) / 3;
    }

    /// @notice Members of a trusted set of `size` that must have sealed a header whose own set is one member larger or
    ///         smaller: `max(f+1, ceil(2N/3)-1)`. `size` must not be 0.
    /// @dev    `f+1` so that one of them is honest; `ceil(2N/3)-1` is as many as a chain that changes one member a block
    ///         always has. The header's own quorum implies both; they are checked all the same.
    function trusted(uint256 size) internal pure returns (uint256) {
        uint256 honest = faulty(size) + 1;
        uint256 carried = quorum(size) - 1;
        return honest > carried ? honest : carried;
    }

    /// @notice Share of `signed` among `size` in basis points, rounded down. `size` must not be 0.
    function participation(uint256 signed, uint256 size) internal pure returns (uint256) {
        return signed * BASIS_POINTS / size;
    }
}
