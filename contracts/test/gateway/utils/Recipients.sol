// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC7786GatewaySource, IERC7786Recipient} from "@openzeppelin/contracts/interfaces/draft-IERC7786.sol";

/// @notice Keeps what it received; does as it was told.
contract Recipient is IERC7786Recipient {
    enum Mood {
        Good,
        WrongMagic,
        DirtyMagic,
        ShortReturn,
        Reverts,
        RevertsWithNothing,
        RevertsWithMuch,
        ReturnsMuch,
        BurnsAll
    }

    error Recipient_No(uint256 number);

    Mood public mood;
    uint256 public count;
    bytes32 public receiveId;
    bytes public sender;
    bytes public payload;
    address public caller;
    uint256 public gasSeen;
    mapping(bytes32 receiveId => uint256) public times;
    bytes[] public all;

    function setMood(Mood mood_) external {
        mood = mood_;
    }

    function received(uint256 index) external view returns (bytes memory) {
        return all[index];
    }

    function receiveMessage(bytes32 receiveId_, bytes calldata sender_, bytes calldata payload_)
        external
        payable
        returns (bytes4)
    {
        uint256 gas = gasleft();
        Mood now_ = mood;
        if (now_ == Mood.Reverts) revert Recipient_No(42);
        if (now_ == Mood.RevertsWithNothing) {
            assembly {
                revert(0, 0)
            }
        }
        if (now_ == Mood.RevertsWithMuch) {
            assembly {
                mstore(0x80, not(0))
                revert(0x80, 0x2000)
            }
        }
        if (now_ == Mood.BurnsAll) {
            assembly {
                invalid()
            }
        }
        ++count;
        ++times[receiveId_];
        gasSeen = gas;
        (receiveId, sender, payload, caller) = (receiveId_, sender_, payload_, msg.sender);
        all.push(payload_);
        if (now_ == Mood.WrongMagic) return 0x12345678;
        if (now_ == Mood.ShortReturn) {
            assembly {
                mstore(0, shl(224, 0x2432ef26))
                return(0, 4)
            }
        }
        if (now_ == Mood.DirtyMagic) {
            assembly {
                mstore(0, or(shl(224, 0x2432ef26), 1))
                return(0, 32)
            }
        }
        if (now_ == Mood.ReturnsMuch) {
            assembly {
                mstore(0, shl(224, 0x2432ef26))
                return(0, 0x20000)
            }
        }
        return IERC7786Recipient.receiveMessage.selector;
    }
}

/// @notice Burns what it gets but for a note of how much that was, which it leaves by succeeding.
contract GasProbe is IERC7786Recipient {
    uint256 public gasSeen;

    function receiveMessage(bytes32, bytes calldata, bytes calldata) external payable returns (bytes4) {
        gasSeen = gasleft();
        return IERC7786Recipient.receiveMessage.selector;
    }
}

/// @notice Answers each message from inside its callback, for its credit.
contract Replier is IERC7786Recipient {
    IERC7786GatewaySource private immutable _gateway;
    bytes32 public replied;

    constructor(IERC7786GatewaySource gateway) {
        _gateway = gateway;
    }

    function receiveMessage(bytes32, bytes calldata sender, bytes calldata payload) external payable returns (bytes4) {
        replied = _gateway.sendMessage(sender, bytes.concat("re: ", payload), new bytes[](0));
        return IERC7786Recipient.receiveMessage.selector;
    }
}

/// @notice Says yes to everything it is called with, and keeps it.
contract YesToAll {
    bytes public last;

    fallback() external payable {
        last = msg.data;
        assembly {
            mstore(0, not(0))
            return(0, 32)
        }
    }
}

/// @notice Takes no coin.
contract Coinless {
    function send(IERC7786GatewaySource gateway, bytes calldata recipient, bytes[] calldata attributes)
        external
        payable
    {
        gateway.sendMessage{value: msg.value}(recipient, "x", attributes);
    }
}
