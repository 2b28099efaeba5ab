// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IProver} from "../prover/IProver.sol";
import {IWrappedNative} from "./IWrappedNative.sol";
import {LockBridge} from "./LockBridge.sol";

/// @title  Native coin bridge
/// @notice A lock bridge of the wrapped coin that takes coin and gives coin. Who takes no coin gets it wrapped.
contract NativeBridge is LockBridge {
    /// @notice Gas that a recipient of coin gets.
    uint256 public constant COIN_GAS = 50_000;
    /// @dev What giving coin costs beside that, at most: a cold account (2,600), coin (9,000), a new account (25,000). Gas.
    uint256 private constant COIN_CALL_COST = 36_600;

    /// @dev Set while coin is being sent, and not the token. Transient.
    bool private transient _sendingCoin;

    constructor(
        IWrappedNative token_,
        uint8 sharedDecimals,
        IProver prover_,
        address timelock_,
        address pauser,
        address unpauser
    ) LockBridge(token_, sharedDecimals, prover_, timelock_, pauser, unpauser) {}

    /// @notice Coin comes from the wrapped coin's contract only.
    receive() external payable {
        if (msg.sender != address(token())) revert Bridge_UnexpectedCoin(msg.sender);
    }

    /// @notice As `crosschainTransfer`, of coin: `amount` of the value that comes with the call is sent, the rest pays the
    ///         fee. What is below a shared unit is returned.
    function crosschainTransferNative(bytes calldata to, uint256 amount, Options calldata options)
        external
        payable
        returns (bytes32 id)
    {
        if (msg.value < amount) revert Bridge_ValueTooLow(amount, msg.value);
        _sendingCoin = true;
        id = _start(_msgSender(), to, amount, options, msg.value - amount);
        _sendingCoin = false;
        _returnCoin(_msgSender(), amount % unit);
    }

    function _take(address from, uint256 amount) internal override returns (uint256 received) {
        if (!_sendingCoin) return super._take(from, amount);
        _sendingCoin = false;
        uint256 before = token().balanceOf(address(this));
        IWrappedNative(address(token())).deposit{value: amount}();
        return token().balanceOf(address(this)) - before;
    }

    /// @dev The caller of `release` chooses how much gas there is: too little must not turn a recipient's coin into tokens.
    function _give(address to, uint256 amount) internal override {
        if (_measured()) revert Bridge_Reentered();
        IWrappedNative wrapped = IWrappedNative(address(token()));
        wrapped.withdraw(amount);
        uint256 available = gasleft();
        available -= available / 64;
        uint256 needed = COIN_GAS + COIN_CALL_COST;
        if (available < needed) revert Bridge_InsufficientGas(needed, available);
        // No return data is copied: a recipient cannot spend this contract's gas with it.
        bool taken;
        uint256 gasLimit = COIN_GAS;
        assembly ("memory-safe") {
            taken := call(gasLimit, to, amount, 0, 0, 0, 0)
        }
        if (taken) return;
        wrapped.deposit{value: amount}();
        super._give(to, amount);
    }
}
