// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title  Fee service
/// @notice Prices messages and holds their fees. MOS itself never holds funds.
interface IFeeService {
    /// @notice MAP Protocol's quote: `amount = (base + gasLimit) * gasPrice`.
    /// @return base Gas charged beside the message's own gas limit.
    /// @return gasPrice Fee-token units per gas.
    /// @return receiver Who receives the fee. Reverts for a chain or token without a price.
    function getMessageFee(uint256 chainId, address feeToken)
        external
        view
        returns (uint256 base, uint256 gasPrice, address receiver);
}
