// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IGasPrices} from "./IGasPrices.sol";

/// @title  Fee service
/// @notice Prices messages, keeps each one's fee in escrow, and pays it to whom the deliverer named once the target chain's
///         record of the delivery is proven here. MOS itself never holds funds.
interface IFeeService {
    /// @notice What a message to a chain costs beside its own gas limit. Gas, before the price.
    struct Terms {
        /// @dev Whether messages to the chain are taken.
        bool served;
        /// @dev A delivery's own gas: proof, MOS, record, and the claim here.
        uint32 baseGas;
        /// @dev A message's share of the light-client updates there. 0: somebody sponsors them.
        uint32 updateGas;
        /// @dev Bytes of encoded `MessageData` that `baseGas` covers.
        uint16 includedBytes;
        /// @dev For each byte beyond.
        uint16 gasPerByte;
        /// @dev Where prices come from. Zero: the table here.
        IGasPrices oracle;
    }

    /// @notice A fee that waits for the target chain's record.
    struct Escrow {
        /// @dev EIP-155 id of the chain whose record decides; 0: there is no escrow.
        uint64 toChain;
        /// @dev The zero address for the native coin.
        address token;
        /// @dev Units of the token.
        uint128 amount;
    }

    /// @notice Everything that an order id commits to, its message and options.
    struct Order {
        uint256 toChain;
        uint64 nonce;
        address sender;
        bytes32 messageHash;
        /// @dev The encoded options.
        bytes options;
    }

    /// @notice The terms of a chain changed.
    event TermsSet(uint256 indexed chainId, Terms terms);
    /// @notice The price of a chain's gas in a token changed in the table. @param listed Whether the token is accepted.
    event SetChainGasPrice(uint256 indexed chainId, address indexed token, uint256 chainGasPrice, bool listed);
    /// @notice The fee of an order lies here. @param payer Who paid it.
    event FeeEscrowed(bytes32 indexed orderId, address indexed payer, uint256 toChain, address token, uint256 amount);
    /// @notice A fee was raised while its message is on the way. @param amount Units added. @param total Units now.
    event FeeToppedUp(bytes32 indexed orderId, address indexed payer, address token, uint256 amount, uint256 total);
    /// @notice The fee of a delivered order was credited to its payee.
    event FeeEarned(bytes32 indexed orderId, address indexed payee, address token, uint256 amount);
    /// @notice The fee of an order that expired without having been run was credited to its refund recipient.
    event FeeRefunded(bytes32 indexed orderId, address indexed recipient, address token, uint256 amount);
    /// @notice A credit was paid out. @param token The zero address for the native coin.
    event Withdrawn(address indexed account, address indexed token, address to, uint256 amount);

    /// @notice Messages to the chain are not taken.
    error FeeService_ChainNotServed(uint256 chainId);
    /// @notice The token is not accepted for the chain, or not registered.
    error FeeService_TokenNotListed(uint256 chainId, address token);
    /// @notice Fee tokens, MOS and oracles must have code. @param account Address given.
    error FeeService_NotAContract(address account);
    /// @notice The value is beyond what is kept. @param limit Units. @param given Units.
    error FeeService_OutOfRange(uint256 limit, uint256 given);
    /// @notice Only MOS puts fees in escrow. @param expected MOS. @param given Caller.
    error FeeService_NotMos(address expected, address given);
    /// @notice The value that came with the call is not the amount. @param expected Wei. @param given Wei.
    error FeeService_WrongValue(uint256 expected, uint256 given);
    /// @notice There is a fee for this order already.
    error FeeService_AlreadyEscrowed(bytes32 orderId);
    /// @notice There is no fee for this order, or no longer.
    error FeeService_NotEscrowed(bytes32 orderId);
    /// @notice The fee is in another token. @param expected Of the escrow. @param given Token.
    error FeeService_WrongToken(address expected, address given);
    /// @notice The token took its own cut or did not move. @param expected Units. @param given Units received.
    error FeeService_NotReceived(uint256 expected, uint256 given);
    /// @notice No route to the chain: nothing of it can be proven here.
    error FeeService_NoRoute(uint256 chainId);
    /// @notice A hub vouches for the chain: its storage cannot be proven here.
    error FeeService_HubRoute(uint256 chainId);
    /// @notice The lane from the chain is paused: nothing that it says is believed.
    error FeeService_LanePaused(uint256 chainId);
    /// @notice The receipt holds no record that frees a fee.
    error FeeService_NothingToSettle(uint256 chainId);
    /// @notice The order has no deadline, or its options are malformed.
    error FeeService_NoDeadline(bytes32 orderId);
    /// @notice The final block is not past the deadline. @param deadline Unix seconds. @param given Unix seconds.
    error FeeService_BeforeDeadline(uint256 deadline, uint256 given);
    /// @notice The order was consumed on its target chain.
    error FeeService_Consumed(bytes32 orderId);
    /// @notice Nothing is owed. @param account Who asked. @param token Token.
    error FeeService_NothingOwed(address account, address token);
    /// @notice The native coin could not be paid out.
    error FeeService_PaymentFailed(address to, uint256 amount);

    /// @notice MAP Protocol's quote for a message no longer than the terms include: `amount = (base + gasLimit) * gasPrice`.
    /// @return base Gas charged beside the message's own gas limit: `baseGas + updateGas`.
    /// @return gasPrice Fee-token units per gas; may be 0, which is not the same as unset.
    /// @return receiver Who keeps the fee: this contract. Reverts for a chain or token without a price.
    function getMessageFee(uint256 chainId, address feeToken)
        external
        view
        returns (uint256 base, uint256 gasPrice, address receiver);

    /// @notice What a message of `length` bytes costs.
    /// @return amount Units of `feeToken`. Reverts for a chain or token without a price.
    function quote(uint256 chainId, address feeToken, uint256 gasLimit, uint256 length)
        external
        view
        returns (uint256 amount);

    /// @notice Keeps the fee of an order: native coin comes with the call, a token was transferred here before. MOS only.
    function escrow(bytes32 orderId, uint256 toChain, address token, uint256 amount, address payer) external payable;

    /// @notice Raises the fee of an order that is on its way. Native coin comes with the call; a token is taken from the
    ///         caller, who approved this contract. Anybody. Lost to a deliverer whose record is proven just before.
    function topUp(bytes32 orderId, address token, uint256 amount) external payable;

    /// @notice Credits the fees that the records in one proven receipt of `toChain`, or of the hub that vouches for it, free: of
    ///         orders delivered there to their payees, of orders expired there unrun to their refund recipients. Anybody.
    /// @param  receiptProof `abi.encode(IMessageService.ReceiptProof)`.
    /// @return settled How many fees.
    function settle(uint256 toChain, bytes calldata receiptProof) external returns (uint256 settled);

    /// @notice Credits the fee of an order that a final block of its target chain, past the deadline, shows as not consumed:
    ///         it can only expire. Anybody. For chains with a direct route.
    /// @param  proof `abi.encode(RemoteMos.UnconsumedProof)`.
    function refundUnconsumed(Order calldata order, bytes calldata proof) external;

    /// @notice Pays the caller's credit in `token` (zero: the native coin) to `to`.
    function withdraw(address token, address to) external returns (uint256 amount);

    /// @notice Sets a chain's terms, and so opens or closes the lane. Pricer only; who sets an oracle is the admin.
    function setTerms(uint256 chainId, Terms calldata terms) external;

    /// @notice Lists `token` (zero: the native coin; else a registered one) for `chainId` at `chainGasPrice` units per gas in
    ///         the table. Pricer only.
    function setChainGasPrice(uint256 chainId, address token, uint256 chainGasPrice) external;

    /// @notice Takes `token` off the table's list for `chainId`. Pricer only.
    function unlistToken(uint256 chainId, address token) external;

    /// @notice Makes `token` one that may be listed, and that MOS never calls by CALLDATA again: who may do so can end an
    ///         application that is not a token. Admin only.
    function registerToken(address token) external;

    /// @notice The fee of an order, while it waits.
    function escrowOf(bytes32 orderId) external view returns (Escrow memory);

    /// @notice The terms of a chain.
    function termsOf(uint256 chainId) external view returns (Terms memory);

    /// @notice What `account` may withdraw. Units of `token`.
    function owed(address account, address token) external view returns (uint256);

    /// @notice Whether `token` was ever registered. Senders approve MOS for such tokens, so MOS never calls them for a
    ///         message. A new fee service must know the tokens of the one before it.
    function isFeeToken(address token) external view returns (bool);

    /// @notice The MOS whose fees are kept here.
    function mos() external view returns (address);
}
