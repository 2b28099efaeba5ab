// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title  Fee service
/// @notice Prices messages and holds their fees. MOS itself never holds funds.
interface IFeeService {
    /// @notice The gas charged beside a message's own gas limit changed.
    event SetBaseGas(uint256 chainId, uint256 baseGas);
    /// @notice The price of a chain's gas in a token changed. @param listed Whether the token is accepted.
    event SetChainGasPrice(uint256 chainId, address token, uint256 chainGasPrice, bool listed);
    /// @notice Who receives the fees changed.
    event SetFeeReceiver(address receiver);
    /// @notice Fees were paid out. @param token The zero address for the native coin.
    event FeesWithdrawn(address indexed token, address indexed receiver, uint256 amount);

    /// @notice No base gas is set for the chain: it is not served.
    error FeeService_ChainNotServed(uint256 chainId);
    /// @notice The token is not accepted for the chain.
    error FeeService_TokenNotListed(uint256 chainId, address token);
    /// @notice Fee tokens must have code. @param token Address given.
    error FeeService_NotAContract(address token);
    /// @notice The value is beyond what can be multiplied without overflow. @param limit Units. @param given Units.
    error FeeService_OutOfRange(uint256 limit, uint256 given);
    /// @notice The zero address cannot receive fees.
    error FeeService_ZeroReceiver();
    /// @notice Only the receiver withdraws. @param expected Receiver. @param given Account.
    error FeeService_NotReceiver(address expected, address given);
    /// @notice The native coin could not be paid out.
    error FeeService_PaymentFailed(address receiver, uint256 amount);

    /// @notice MAP Protocol's quote: `amount = (base + gasLimit) * gasPrice`.
    /// @return base Gas charged beside the message's own gas limit.
    /// @return gasPrice Fee-token units per gas; may be 0, which is not the same as unset.
    /// @return receiver Who may withdraw the fee. Reverts for a chain or token without a price.
    function getMessageFee(uint256 chainId, address feeToken)
        external
        view
        returns (uint256 base, uint256 gasPrice, address receiver);

    /// @notice Whether `token` was ever listed. Senders approve MOS for such tokens, so MOS never calls them for a
    ///         message. A new fee service must know the tokens of the one before it.
    function isFeeToken(address token) external view returns (bool);

    /// @notice Sets the gas charged beside a message's own gas limit and so opens the lane to `chainId`. Pricer only.
    function setBaseGas(uint256 chainId, uint256 baseGas) external;

    /// @notice Lists `token` (zero: the native coin) for `chainId` at `chainGasPrice` units per gas. Pricer only.
    function setChainGasPrice(uint256 chainId, address token, uint256 chainGasPrice) external;

    /// @notice Takes `token` off the list for `chainId`. Pricer only.
    function unlistToken(uint256 chainId, address token) external;

    /// @notice Sets who receives the fees. Admin (the timelock) only.
    function setFeeReceiver(address receiver) external;

    /// @notice Pays `amount` of `token` (zero: the native coin) to the receiver. Receiver only.
    function withdraw(address token, uint256 amount) external;
}
