// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC7786GatewaySource} from "@openzeppelin/contracts/interfaces/draft-IERC7786.sol";

/// @title  ERC-7786 gateway over MOS
/// @notice Sends for anybody to any contract of a connected chain, and calls `receiveMessage` there. `docs/spec/gateway.md`.
/// @dev    A message is paid for by the native coin that comes with `requestRelay`, or by the sender's credit, or it is
///         parked until anybody pays for it. `sendMessage` returns the order id, or a parked message's own id: never zero.
///         What OpenZeppelin's interface says of a non-zero id (more is to be done) is true of parked messages only.
interface IMosGateway is IERC7786GatewaySource {
    /// @notice The gateway of another chain.
    struct Remote {
        /// @dev Sends to this chain are received by it, and messages from that chain come from it. Zero: not connected.
        address gateway;
        /// @dev Gas for recipients there, of messages that do not say. Gas.
        uint64 defaultGasLimit;
    }

    /// @notice A message that waits for its fee. Its id commits to every field.
    struct ParkedMessage {
        /// @dev Of `MessageParked`: two messages with the same content are two.
        uint256 nonce;
        address sender;
        uint256 toChain;
        address recipient;
        bytes payload;
        /// @dev Unix seconds on the target chain; 0: none.
        uint64 deadline;
    }

    /// @notice A chain's gateway, or the gas for recipients there, changed. Zero: disconnected.
    event RemoteSet(uint256 indexed chainId, address gateway, uint256 defaultGasLimit);
    /// @notice A sender chose the gas for its messages that do not say. 0: the chain's default again.
    event GasLimitSet(address indexed sender, uint256 indexed chainId, uint256 gasLimit);
    /// @notice Credit was bought. Wei.
    event Deposited(address indexed account, address indexed payer, uint256 amount);
    /// @notice Credit was taken out. Wei.
    event Withdrawn(address indexed account, address indexed to, uint256 amount);
    /// @notice Credit paid for a message. Wei.
    event CreditSpent(address indexed account, bytes32 indexed sendId, uint256 amount);
    /// @notice The message of `MessageSent` with this id waits for `requestRelay`.
    event MessageParked(bytes32 indexed sendId, uint256 nonce);
    /// @notice A parked message was paid for and left as `orderId`.
    event MessageRelayed(bytes32 indexed sendId, bytes32 indexed orderId, address indexed payer, uint256 gasLimit);
    /// @notice A parked message was taken back by its sender: it never leaves.
    event MessageCancelled(bytes32 indexed sendId);
    /// @notice An ordered message expired: its stream does not wait for it any more.
    event SequencePassed(uint256 indexed fromChain, bytes32 indexed orderId, uint64 sequence);

    /// @notice The recipient is not an ERC-7930 address of version 1 on an EIP-155 chain.
    error MosGateway_MalformedRecipient(bytes recipient);
    /// @notice The recipient is a chain and no address, or no recipient at all: nothing is broadcast.
    error MosGateway_NoRecipientAddress(bytes recipient);
    /// @notice The recipient has another encoding. @param expected Canonical. @param given Recipient.
    error MosGateway_NonCanonicalRecipient(bytes expected, bytes given);
    /// @notice No gateway on the chain.
    error MosGateway_NoRemote(uint256 chainId);
    /// @notice The attribute's value is not canonical, or out of its range.
    error MosGateway_MalformedAttribute(bytes4 selector);
    /// @notice The attribute is there twice.
    error MosGateway_DuplicateAttribute(bytes4 selector);
    /// @notice No native coin is carried to recipients. @param given Wei.
    error MosGateway_ValueNotSupported(uint256 given);
    /// @notice Native coin without `requestRelay` has no meaning. @param given Wei.
    error MosGateway_UnexpectedValue(uint256 given);
    /// @notice The coin or the credit does not cover the fee. @param expected Wei. @param given Wei.
    error MosGateway_FeeTooLow(uint256 expected, uint256 given);
    /// @notice What was not needed could not be returned.
    error MosGateway_PaymentFailed(address to, uint256 amount);
    /// @notice The deadline is not ahead. @param deadline Unix seconds. @param timestamp Unix seconds now.
    error MosGateway_DeadlinePassed(uint256 deadline, uint256 timestamp);
    /// @notice No message with these fields is parked.
    error MosGateway_NotParked(bytes32 sendId);
    /// @notice Only the sender takes a message back. @param expected Sender. @param given Caller.
    error MosGateway_NotSender(address expected, address given);
    /// @notice The payer gives the recipient too little or too much gas. @param least Gas. @param most Gas. @param given Gas.
    error MosGateway_GasLimit(uint256 least, uint256 most, uint256 given);
    /// @notice The account has less credit. @param expected Wei asked for. @param given Wei there.
    error MosGateway_CreditTooLow(uint256 expected, uint256 given);
    /// @notice Only the timelock may administer. @param expected Timelock. @param given Account.
    error MosGateway_NotTimelock(address expected, address given);
    /// @notice The address has no code.
    error MosGateway_NotAContract(address account);
    /// @notice A remote on this very chain, or a gateway without gas, or gas without a gateway.
    error MosGateway_InvalidRemote(uint256 chainId, address gateway, uint256 defaultGasLimit);
    /// @notice The recipient has no code.
    error MosGateway_RecipientHasNoCode(address recipient);
    /// @notice The gas left does not cover what the sender asked for. @param expected Gas. @param given Gas.
    error MosGateway_InsufficientGas(uint256 expected, uint256 given);
    /// @notice The recipient did not return the magic value. @param expected Word. @param given Word, zero if there is none.
    error MosGateway_WrongMagicValue(bytes32 expected, bytes32 given);
    /// @notice The recipient failed and gave no reason.
    error MosGateway_RecipientFailed(address recipient);
    /// @notice The message is not the next of its stream. @param expected Next sequence. @param given Of the message.
    error MosGateway_OutOfOrder(uint64 expected, uint64 given);
    /// @notice The order did not expire here, or is not a message of the gateway's remote to this gateway, or is not
    ///         ordered, or was passed before.
    error MosGateway_NothingToPass(bytes32 orderId);

    /// @notice Pays for a parked message and sends it. Anybody; what is not needed goes to `refundRecipient`.
    /// @param  gasLimit For the recipient; at least `gasLimitOf` its sender and at most eight times that. Gas.
    /// @param  refundRecipient Also gets the fee if the message expires unrun. Zero: the caller.
    function requestRelay(ParkedMessage calldata message, uint256 gasLimit, address refundRecipient)
        external
        payable
        returns (bytes32 orderId);

    /// @notice Takes a parked message back: it never leaves. Its sender only.
    function cancel(ParkedMessage calldata message) external;

    /// @notice Buys credit for `account`: it pays for messages that come without coin. Only the account can take it out
    ///         again, so what is bought for one that cannot call `withdraw` can only be used up.
    function deposit(address account) external payable;

    /// @notice Takes out the caller's credit. @param amount Wei.
    function withdraw(address to, uint256 amount) external;

    /// @notice Chooses the gas for the caller's messages to `chainId` that do not say. 0: the chain's default.
    function setGasLimit(uint256 chainId, uint64 gasLimit) external;

    /// @notice Connects the gateway of a chain, in place of the one before; or with zeros disconnects it. Timelock only.
    function setRemote(uint256 chainId, address gateway, uint64 defaultGasLimit) external;

    /// @notice Lets the stream of an expired ordered message go on. Anybody.
    /// @param  messageData The encoded `MessageData` of the order. @param options Its encoded options.
    function passExpired(uint256 fromChain, bytes32 orderId, bytes calldata messageData, bytes calldata options)
        external;

    /// @notice What a message costs. Wei.
    /// @param  gasLimit For the recipient. Gas. @param payloadLength Bytes.
    function quote(uint256 toChain, uint256 gasLimit, uint256 payloadLength, bool isOrdered)
        external
        view
        returns (uint256 fee);

    /// @notice The order that a parked message left as. Zero: it did not, or `sendId` is an order id itself.
    function orderOf(bytes32 sendId) external view returns (bytes32 orderId);

    /// @notice Whether a message waits for `requestRelay` under this id.
    function isParked(bytes32 sendId) external view returns (bool);

    /// @notice Id of a parked message.
    function parkedId(ParkedMessage calldata message) external view returns (bytes32 sendId);

    /// @notice The gateway of a chain.
    function remote(uint256 chainId) external view returns (Remote memory);

    /// @notice Gas for recipients on `chainId` of the sender's messages that do not say.
    function gasLimitOf(address sender, uint256 chainId) external view returns (uint256 gasLimit);

    /// @notice What `account` has paid in advance. Wei.
    function creditOf(address account) external view returns (uint256);

    /// @notice Sequence of the next ordered message from `sender` here to `recipient` on `toChain`; the first is 1.
    function nextSequence(uint256 toChain, address sender, address recipient) external view returns (uint64);

    /// @notice Sequence of the ordered message from `sender` on `fromChain` that `recipient` here is to receive next.
    function awaitedSequence(uint256 fromChain, address sender, address recipient) external view returns (uint64);

    /// @notice The only account that administers.
    function timelock() external view returns (address);
}
