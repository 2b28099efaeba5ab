// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title  MAP Protocol's message service, version 3
/// @notice The functions and events that deployed applications use, with their selectors and topics unchanged.
interface IMOSV3 {
    /// @notice How the target is called. CALLDATA: `target.call(payload)`, permitted by `addRemoteCaller`.
    ///         MESSAGE: `IMapoExecutor(target).mapoExecute(...)`, which checks its caller itself.
    enum MessageType {
        CALLDATA,
        MESSAGE
    }

    /// @notice What travels. Encoded as `abi.encode(MessageData)` (word 0 = 0x20) or flat,
    ///         `abi.encode(relay, msgType, target, payload, gasLimit, value)` (word 0 = 0).
    struct MessageData {
        /// @dev Whether a hub runs the target first and forwards what it returned.
        bool relay;
        MessageType msgType;
        /// @dev 20 bytes on EVM chains.
        bytes target;
        bytes payload;
        /// @dev Gas that the target receives at least.
        uint256 gasLimit;
        /// @dev Must be 0.
        uint256 value;
    }

    /// @notice A message left this chain.
    /// @param  callData The encoded `MessageData`, byte for byte as sent.
    event mapMessageOut(
        uint256 indexed fromChain, uint256 indexed toChain, bytes32 orderId, bytes fromAddrss, bytes callData
    );

    /// @notice A message was run on this chain.
    /// @param  callData The inner payload. @param result Whether the target succeeded. @param reason Why not.
    event mapMessageIn(
        uint256 indexed fromChain,
        uint256 indexed toChain,
        bytes32 orderId,
        bytes fromAddrss,
        bytes callData,
        bool result,
        bytes reason
    );

    /// @notice `target` permits or forbids CALLDATA messages from a remote address.
    event AddRemoteCaller(address indexed target, uint256 remoteChainId, bytes remoteAddress, bool tag);

    /// @notice Sends a message. Charges exactly `getMessageFee` and refunds the excess of `msg.value` to the caller.
    /// @param  feeToken Token of the fee, the zero address for the native coin.
    function transferOut(uint256 toChain, bytes calldata messageData, address feeToken)
        external
        payable
        returns (bytes32 orderId);

    /// @notice Delivers every message for this chain in one proven receipt.
    function transferIn(uint256 chainId, bytes calldata receiptProof) external;

    /// @notice Delivers the message in the log at `logIndex` (counted inside the receipt) of one proven receipt.
    function transferInWithIndex(uint256 chainId, uint256 logIndex, bytes calldata receiptProof) external;

    /// @notice Permits or forbids CALLDATA messages from `fromAddress` on `fromChain` to call `msg.sender`.
    function addRemoteCaller(uint256 fromChain, bytes calldata fromAddress, bool tag) external;

    /// @notice What sending to `toChain` with `gasLimit` costs, and who receives it.
    function getMessageFee(uint256 toChain, address feeToken, uint256 gasLimit)
        external
        view
        returns (uint256 amount, address receiver);

    /// @notice Whether `target` permits CALLDATA messages from `fromAddress` on `fromChain`.
    function getExecutePermission(address target, uint256 fromChain, bytes calldata fromAddress)
        external
        view
        returns (bool);

    /// @notice Whether the order was consumed here, whether its chain's light client is usable, and the node type
    ///         (always 1, light client).
    function getOrderStatus(uint256 chainId, uint256 blockNum, bytes32 orderId)
        external
        view
        returns (bool exists, bool verifiable, uint256 nodeType);
}
