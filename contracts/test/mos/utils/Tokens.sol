// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @notice A plain token that anybody may mint.
contract Token is ERC20("Token", "T") {
    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }
}

/// @notice Takes one unit of every transfer.
contract TakingToken is ERC20("Taking", "TK") {
    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function _update(address from, address to, uint256 value) internal override {
        super._update(from, to, value);
        if (from != address(0) && to != address(0)) super._update(to, address(0xdead), 1);
    }
}

/// @notice Says false, or says true and moves nothing.
contract LyingToken {
    bool private immutable _answer;

    constructor(bool answer) {
        _answer = answer;
    }

    function balanceOf(address) external pure returns (uint256) {
        return 0;
    }

    function transferFrom(address, address, uint256) external view returns (bool) {
        return _answer;
    }
}

/// @notice Calls anybody for anybody, as ERC-827 tokens do after a transfer.
contract CallingToken is ERC20("Calling", "C") {
    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function transferAndCall(address to, uint256 amount, bytes calldata data) external {
        _transfer(msg.sender, to, amount);
        (bool ok,) = to.call(data);
        require(ok);
    }
}
