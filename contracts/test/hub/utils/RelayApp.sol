// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice A relay target that answers what a test chose, whoever calls and with whatever.
contract RelayApp {
    error RelayApp_NotNow();

    bytes private _answer;
    bool public failing;
    bool public burning;
    uint256 public calls;
    uint256 public gasSeen;
    address public caller;
    bytes32 public inputHash;
    address private _to;
    bytes private _call;
    bool public callOk;
    bytes public callReturned;

    /// @notice Returns `newMessage` as an application does.
    function answer(bytes calldata newMessage) external {
        _answer = abi.encode(newMessage);
    }

    /// @notice Returns exactly these bytes.
    function answerRaw(bytes calldata data) external {
        _answer = data;
    }

    function setFailing(bool failing_) external {
        failing = failing_;
    }

    /// @notice Uses up all its gas, and so fails.
    function setBurning(bool burning_) external {
        burning = burning_;
    }

    /// @notice Makes a call while it runs.
    function plan(address to, bytes calldata data) external {
        (_to, _call) = (to, data);
    }

    fallback() external {
        uint256 gas = gasleft();
        if (burning) {
            assembly {
                invalid()
            }
        }
        (gasSeen, caller, inputHash) = (gas, msg.sender, keccak256(msg.data));
        ++calls;
        if (_to != address(0)) (callOk, callReturned) = _to.call(_call);
        if (failing) revert RelayApp_NotNow();
        bytes memory data = _answer;
        assembly {
            return(add(data, 0x20), mload(data))
        }
    }

    receive() external payable {}
}

/// @notice An application that believes MOS, and says who called it.
contract Listed {
    address public caller;

    fallback() external {
        caller = msg.sender;
    }
}

/// @notice Executes what a timelock has ready while it is called.
contract Executes {
    address private immutable _to;
    bytes private _input;
    bytes private _answer;

    constructor(address to, bytes memory input, bytes memory newMessage) {
        (_to, _input, _answer) = (to, input, abi.encode(newMessage));
    }

    fallback() external {
        (bool ok,) = _to.call(_input);
        require(ok);
        bytes memory data = _answer;
        assembly {
            return(add(data, 0x20), mload(data))
        }
    }
}

/// @notice Calls the hub for somebody else, and can log beside it.
contract Middleman {
    function run(address to, bytes calldata input, uint256 noise) external {
        (bool ok, bytes memory returned) = to.call(input);
        if (!ok) {
            assembly {
                revert(add(returned, 0x20), mload(returned))
            }
        }
        assembly {
            log0(0, noise)
        }
    }
}
