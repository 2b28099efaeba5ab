// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessControl} from "@openzeppelin/contracts/access/AccessControl.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {IFeeService} from "./interfaces/IFeeService.sol";

/// @title  Fee service with a price table
/// @notice Fees arrive from MOS and stay here until their receiver withdraws them, so that no receiver can hinder sending.
contract FeeService is IFeeService, AccessControl {
    using SafeERC20 for IERC20;

    struct Price {
        bool listed;
        uint128 perGas;
    }

    struct Base {
        bool served;
        uint64 gas;
    }

    /// @notice May set base gas and prices, at once.
    bytes32 public constant PRICER_ROLE = keccak256("PRICER_ROLE");

    address private _receiver;
    /// @inheritdoc IFeeService
    mapping(address token => bool) public isFeeToken;
    mapping(uint256 chainId => Base) private _bases;
    mapping(uint256 chainId => mapping(address token => Price)) private _prices;

    /// @param admin The timelock. @param pricer Sets prices. @param receiver Withdraws the fees.
    constructor(address admin, address pricer, address receiver) {
        _grantRole(DEFAULT_ADMIN_ROLE, admin);
        _grantRole(PRICER_ROLE, pricer);
        _setReceiver(receiver);
    }

    /// @notice Takes native fees.
    receive() external payable {}

    /// @inheritdoc IFeeService
    function setBaseGas(uint256 chainId, uint256 baseGas) external onlyRole(PRICER_ROLE) {
        if (baseGas > type(uint64).max) revert FeeService_OutOfRange(type(uint64).max, baseGas);
        _bases[chainId] = Base(true, uint64(baseGas));
        emit SetBaseGas(chainId, baseGas);
    }

    /// @inheritdoc IFeeService
    function setChainGasPrice(uint256 chainId, address token, uint256 chainGasPrice) external onlyRole(PRICER_ROLE) {
        if (chainGasPrice > type(uint128).max) revert FeeService_OutOfRange(type(uint128).max, chainGasPrice);
        if (token != address(0) && token.code.length == 0) revert FeeService_NotAContract(token);
        _prices[chainId][token] = Price(true, uint128(chainGasPrice));
        if (token != address(0)) isFeeToken[token] = true;
        emit SetChainGasPrice(chainId, token, chainGasPrice, true);
    }

    /// @inheritdoc IFeeService
    function unlistToken(uint256 chainId, address token) external onlyRole(PRICER_ROLE) {
        delete _prices[chainId][token];
        emit SetChainGasPrice(chainId, token, 0, false);
    }

    /// @inheritdoc IFeeService
    function setFeeReceiver(address receiver) external onlyRole(DEFAULT_ADMIN_ROLE) {
        _setReceiver(receiver);
    }

    /// @inheritdoc IFeeService
    function withdraw(address token, uint256 amount) external {
        address receiver = _receiver;
        if (msg.sender != receiver) revert FeeService_NotReceiver(receiver, msg.sender);
        emit FeesWithdrawn(token, receiver, amount);
        if (token == address(0)) {
            (bool paid,) = receiver.call{value: amount}("");
            if (!paid) revert FeeService_PaymentFailed(receiver, amount);
        } else {
            IERC20(token).safeTransfer(receiver, amount);
        }
    }

    /// @inheritdoc IFeeService
    function getMessageFee(uint256 chainId, address feeToken)
        external
        view
        returns (uint256 base, uint256 gasPrice, address receiver)
    {
        Base memory chain = _bases[chainId];
        if (!chain.served) revert FeeService_ChainNotServed(chainId);
        Price memory price = _prices[chainId][feeToken];
        if (!price.listed) revert FeeService_TokenNotListed(chainId, feeToken);
        return (chain.gas, price.perGas, _receiver);
    }

    function _setReceiver(address receiver) private {
        if (receiver == address(0)) revert FeeService_ZeroReceiver();
        _receiver = receiver;
        emit SetFeeReceiver(receiver);
    }
}
