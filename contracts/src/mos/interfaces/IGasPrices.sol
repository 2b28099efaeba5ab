// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title  Prices of chains' gas
/// @notice What a fee service asks when a chain's prices come from an oracle instead of its own table.
interface IGasPrices {
    /// @notice Price of a unit of gas on `chainId`.
    /// @param  feeToken The zero address for the native coin.
    /// @return listed Whether `feeToken` is accepted for the chain.
    /// @return perGas Fee-token units per gas.
    function gasPrice(uint256 chainId, address feeToken) external view returns (bool listed, uint256 perGas);
}
