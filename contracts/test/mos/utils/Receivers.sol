// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMapoExecutor} from "../../../src/mos/interfaces/IMapoExecutor.sol";
import {IMessageService} from "../../../src/mos/interfaces/IMessageService.sol";

/// @notice Records with how much gas and with what it was called, whatever the call is.
contract Probe {
    event Called(uint256 gas, address caller, bytes data);

    uint256 public calls;
    uint256 public gasSeen;
    bytes32 public dataHash;

    fallback() external {
        uint256 gas = gasleft();
        gasSeen = gas;
        dataHash = keccak256(msg.data);
        ++calls;
    }
}

/// @notice Fails until it is told not to. Counts what it took, by order id.
contract Moody is IMapoExecutor {
    error Moody_NotNow();

    bool public failing = true;
    uint256 public calls;
    mapping(bytes32 orderId => uint256) public taken;
    address public lastSender;
    uint256 public lastChain;
    bytes public lastMessage;

    function setFailing(bool failing_) external {
        failing = failing_;
    }

    function mapoExecute(uint256 fromChain, uint256, bytes calldata from, bytes32 orderId, bytes calldata message)
        external
        returns (bytes memory)
    {
        if (failing) revert Moody_NotNow();
        ++calls;
        ++taken[orderId];
        lastSender = address(bytes20(from));
        lastChain = fromChain;
        lastMessage = message;
        return "";
    }
}

/// @notice Uses up all its gas.
contract Burner {
    fallback() external {
        assembly {
            invalid()
        }
    }
}

/// @notice Returns or reverts with a megabyte.
contract Bomb {
    bool private immutable _reverts;

    constructor(bool reverts_) {
        _reverts = reverts_;
    }

    fallback() external {
        bool reverts = _reverts;
        assembly {
            if reverts { revert(0, 0x100000) }
            return(0, 0x100000)
        }
    }
}

/// @notice Makes a call that a test chose while it is called, once, and keeps how it went.
contract Caller {
    address private _to;
    bytes private _input;
    uint256 private _value;
    bool public done;
    bool public ok;
    bytes public returned;

    function plan(address to, uint256 value, bytes calldata input) external {
        (_to, _value, _input, done) = (to, value, input, false);
    }

    function callNow() external payable returns (bool, bytes memory) {
        return _to.call{value: _value}(_input);
    }

    receive() external payable {
        _run();
    }

    fallback() external {
        _run();
    }

    function _run() private {
        if (done || _to == address(0)) return;
        done = true;
        (ok, returned) = _to.call{value: _value}(_input);
    }
}

/// @notice Sends, and will not take its change.
contract Unchanging {
    function send(IMessageService mos, uint256 toChain, bytes calldata message) external payable {
        mos.transferOut{value: msg.value}(toChain, message, address(0));
    }
}
