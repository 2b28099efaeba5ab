// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessControl} from "@openzeppelin/contracts/access/AccessControl.sol";
import {IFeeService} from "./interfaces/IFeeService.sol";
import {FeeClaims} from "./FeeClaims.sol";

/// @title  Fee service
/// @notice Prices by a table that a role keeps, or by an oracle that the timelock chooses. What happens to a fee once it is
///         paid is in `FeeClaims`.
contract FeeService is FeeClaims, AccessControl {
    struct Price {
        bool listed;
        uint128 perGas;
    }

    /// @notice May set terms and the table's prices, at once. Cannot choose an oracle, nor what is a fee token.
    bytes32 public constant PRICER_ROLE = keccak256("PRICER_ROLE");

    mapping(uint256 chainId => Terms) private _terms;
    mapping(uint256 chainId => mapping(address token => Price)) private _prices;

    /// @param admin The timelock. @param pricer Sets prices. @param mos_ Brings the fees. It need not exist yet: its own
    ///        constructor checks that this is its fee service.
    constructor(address admin, address pricer, address mos_) FeeClaims(mos_) {
        _grantRole(DEFAULT_ADMIN_ROLE, admin);
        _grantRole(PRICER_ROLE, pricer);
    }

    /// @inheritdoc IFeeService
    function setTerms(uint256 chainId, Terms calldata terms) external {
        if (!hasRole(DEFAULT_ADMIN_ROLE, msg.sender)) {
            _checkRole(PRICER_ROLE);
            // An oracle of the pricer's own would be a price without a bound to be held to in the table.
            if (terms.oracle != _terms[chainId].oracle) _checkRole(DEFAULT_ADMIN_ROLE);
        }
        if (chainId > type(uint64).max) revert FeeService_OutOfRange(type(uint64).max, chainId);
        if (address(terms.oracle) != address(0)) _requireContract(address(terms.oracle));
        _terms[chainId] = terms;
        emit TermsSet(chainId, terms);
    }

    /// @inheritdoc IFeeService
    function setChainGasPrice(uint256 chainId, address token, uint256 chainGasPrice) external onlyRole(PRICER_ROLE) {
        if (chainGasPrice > type(uint128).max) revert FeeService_OutOfRange(type(uint128).max, chainGasPrice);
        if (token != address(0) && !isFeeToken(token)) revert FeeService_TokenNotListed(chainId, token);
        _prices[chainId][token] = Price(true, uint128(chainGasPrice));
        emit SetChainGasPrice(chainId, token, chainGasPrice, true);
    }

    /// @inheritdoc IFeeService
    function unlistToken(uint256 chainId, address token) external onlyRole(PRICER_ROLE) {
        delete _prices[chainId][token];
        emit SetChainGasPrice(chainId, token, 0, false);
    }

    /// @inheritdoc IFeeService
    function registerToken(address token) external onlyRole(DEFAULT_ADMIN_ROLE) {
        _registerToken(token);
    }

    /// @inheritdoc IFeeService
    function termsOf(uint256 chainId) external view returns (Terms memory) {
        return _terms[chainId];
    }

    /// @inheritdoc IFeeService
    function getMessageFee(uint256 chainId, address feeToken)
        external
        view
        returns (uint256 base, uint256 gasPrice, address receiver)
    {
        Terms memory terms = _terms[chainId];
        gasPrice = _price(chainId, feeToken, terms);
        return (uint256(terms.baseGas) + terms.updateGas, gasPrice, address(this));
    }

    /// @inheritdoc IFeeService
    function quote(uint256 chainId, address feeToken, uint256 gasLimit, uint256 length)
        external
        view
        returns (uint256 amount)
    {
        Terms memory terms = _terms[chainId];
        uint256 perGas = _price(chainId, feeToken, terms);
        uint256 beyond = length > terms.includedBytes ? length - terms.includedBytes : 0;
        return (uint256(terms.baseGas) + terms.updateGas + gasLimit + beyond * terms.gasPerByte) * perGas;
    }

    /// @dev A token must be registered whoever lists it: MOS must know what senders approve it for.
    function _price(uint256 chainId, address feeToken, Terms memory terms) private view returns (uint256 perGas) {
        if (!terms.served) revert FeeService_ChainNotServed(chainId);
        bool listed;
        if (address(terms.oracle) == address(0)) {
            Price memory price = _prices[chainId][feeToken];
            (listed, perGas) = (price.listed, price.perGas);
        } else {
            (listed, perGas) = terms.oracle.gasPrice(chainId, feeToken);
            listed = listed && (feeToken == address(0) || isFeeToken(feeToken));
        }
        if (!listed) revert FeeService_TokenNotListed(chainId, feeToken);
    }
}
