// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMapoExecutor} from "./interfaces/IMapoExecutor.sol";
import {IMOSV3} from "./interfaces/IMOSV3.sol";
import {Lanes} from "./Lanes.sol";
import {DeliveryGas} from "./libraries/DeliveryGas.sol";
import {Inbound} from "./libraries/Inbound.sol";

/// @title  Calling targets
/// @notice Which targets MOS calls, for whom, and how: with the gas that the sender asked for and no more of their return
///         data than is kept.
abstract contract Execution is Lanes {
    /// @notice Bytes of a failed target's return data that are kept.
    uint256 public constant RETURN_DATA_CAP = 512;

    /// @notice Whether `target` permits CALLDATA messages from `fromAddress` on `fromChain`.
    mapping(address target => mapping(uint256 fromChain => mapping(bytes fromAddress => bool))) public callerList;

    /// @inheritdoc IMOSV3
    function addRemoteCaller(uint256 fromChain, bytes calldata fromAddress, bool tag) external {
        callerList[msg.sender][fromChain][fromAddress] = tag;
        emit AddRemoteCaller(msg.sender, fromChain, fromAddress, tag);
    }

    /// @inheritdoc IMOSV3
    function getExecutePermission(address target, uint256 fromChain, bytes calldata fromAddress)
        external
        view
        returns (bool)
    {
        return callerList[target][fromChain][fromAddress];
    }

    /// @dev Calls the target with exactly `message.gasLimit` gas, or says why it must not be called.
    function _execute(uint256 fromChain, Inbound memory message, bytes calldata payload)
        internal
        returns (bool ok, bytes memory reason)
    {
        address target = message.target;
        if (_forbidden[target]) return (false, abi.encodeWithSelector(MOS_ForbiddenTarget.selector, target));
        if (target.code.length == 0) return (false, abi.encodeWithSelector(MOS_TargetHasNoCode.selector, target));
        bytes memory from = abi.encodePacked(message.sender);
        bytes memory input;
        if (message.msgType == MessageType.MESSAGE) {
            input =
                abi.encodeCall(IMapoExecutor.mapoExecute, (fromChain, block.chainid, from, message.orderId, payload));
        } else {
            if (_feeService.isFeeToken(target)) {
                return (false, abi.encodeWithSelector(MOS_ForbiddenTarget.selector, target));
            }
            if (!callerList[target][fromChain][from]) {
                return (false, abi.encodeWithSelector(MOS_CallNotPermitted.selector, target, fromChain, from));
            }
            // Its arguments say who sent what on which chain: only MOS may fill them in, not the sender of a payload.
            if (bytes4(payload) == IMapoExecutor.mapoExecute.selector) {
                return (false, abi.encodeWithSelector(MOS_ForbiddenSelector.selector, bytes4(payload)));
            }
            input = payload;
        }
        uint256 gasLimit = message.gasLimit;
        if (DeliveryGas.callGas(gasleft()) < gasLimit) {
            revert MOS_InsufficientGas(gasLimit, DeliveryGas.callGas(gasleft()));
        }
        // The target's return data is copied up to the cap, only where it failed. The copy goes to free memory, and the
        // free-memory pointer moves past it.
        assembly ("memory-safe") {
            ok := call(gasLimit, target, 0, add(input, 0x20), mload(input), 0, 0)
            reason := mload(0x40)
            let size := 0
            if iszero(ok) {
                size := returndatasize()
                if gt(size, RETURN_DATA_CAP) { size := RETURN_DATA_CAP }
                returndatacopy(add(reason, 0x20), 0, size)
            }
            mstore(reason, size)
            mstore(0x40, and(add(add(reason, 0x3f), size), not(0x1f)))
        }
    }
}
