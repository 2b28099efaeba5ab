// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @notice Says that it moved, or that it did not, and moves nothing.
contract IdleToken {
    bool private immutable _answer;
    uint8 public constant decimals = 18;

    constructor(bool answer) {
        _answer = answer;
    }

    function balanceOf(address) external pure returns (uint256) {
        return 1_000_000e18;
    }

    function transferFrom(address, address, uint256) external view returns (bool) {
        return _answer;
    }
}

/// @notice Takes a hundredth of every transfer.
contract TaxedToken is ERC20("Taxed", "X") {
    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function _update(address from, address to, uint256 value) internal override {
        super._update(from, to, value);
        if (from != address(0) && to != address(0)) super._update(to, address(0xdead), value / 100);
    }
}

/// @notice Calls its sender before it moves, as ERC-777 does.
contract HookToken is ERC20("Hook", "H") {
    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function _update(address from, address to, uint256 value) internal override {
        if (from.code.length != 0 && to != address(0)) Hooked(from).tokensToSend();
        super._update(from, to, value);
    }
}

interface Hooked {
    function tokensToSend() external;
}

/// @notice Refuses to give anything to one account.
contract BlockingToken is ERC20("Blocking", "B") {
    error BlockingToken_Blocked(address account);

    address public blocked;

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function setBlocked(address account) external {
        blocked = account;
    }

    function _update(address from, address to, uint256 value) internal override {
        if (to == blocked && to != address(0)) revert BlockingToken_Blocked(to);
        super._update(from, to, value);
    }
}
