// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC7786GatewaySource, IERC7786Recipient} from "@openzeppelin/contracts/interfaces/draft-IERC7786.sol";
import {InteroperableAddress} from "@openzeppelin/contracts/utils/draft-InteroperableAddress.sol";
import {IMessageService} from "../mos/interfaces/IMessageService.sol";
import {IMOSV3} from "../mos/interfaces/IMOSV3.sol";
import {MessageCodec} from "../mos/libraries/MessageCodec.sol";
import {OrderedStream} from "../mos/libraries/OrderedStream.sol";
import {MapoExecutor} from "../mos/MapoExecutor.sol";
import {GatewayCodec} from "./GatewayCodec.sol";
import {GatewayCredit} from "./GatewayCredit.sol";
import {IMosGateway} from "./IMosGateway.sol";

/// @title  ERC-7786 gateway over MOS
/// @notice One contract for both ends. It has no privileged path that a message could reach: what it calls for a message is
///         `receiveMessage` and nothing else, and it holds no token and no approval, only its accounts' credit.
/// @dev    Not locked: it settles its own state before it calls anybody but MOS. A lock would let somebody deliver another's
///         message from inside a refund and so make that message's reply fail.
contract MosGateway is MapoExecutor, GatewayCredit {
    using OrderedStream for OrderedStream.Stream;

    /// @notice Bytes of a failed recipient's return data that are handed on. As many as MOS keeps.
    uint256 public constant RETURN_DATA_CAP = 512;

    /// @dev How many times the gas that its sender would have got the payer of a parked message may give it. Without a bound
    ///      anybody could pay for more gas than a block of the target chain has, and so keep it from ever being delivered.
    uint256 private constant PAYER_GAS_FACTOR = 8;
    /// @dev Domain of the ids of parked messages, so that none is an order id.
    bytes32 private constant PARKED_DOMAIN = keccak256("meridian.gateway.parked.v1");
    /// @dev In place of an order id: the message is parked. The first 24 bytes of an order id are a hash.
    bytes32 private constant PARKED = bytes32(uint256(1));

    /// @inheritdoc IMosGateway
    address public immutable timelock;

    mapping(uint256 chainId => Remote) private _remotes;
    mapping(address sender => mapping(uint256 chainId => uint256)) private _gasLimits;
    /// @dev `PARKED`, or the order that it left as.
    mapping(bytes32 sendId => bytes32) private _parked;
    uint256 private _parkedCount;
    /// @dev By keccak256(abi.encode(target chain, sender, recipient)): ordered messages sent so far.
    mapping(bytes32 key => uint64 sequence) private _sequences;
    /// @dev By keccak256(abi.encode(source chain, gateway there, sender, recipient)). MOS' own streams would not do: to MOS
    ///      all messages between two gateways are one stream, and whoever sends one that always fails would stop it for all.
    mapping(bytes32 key => OrderedStream.Stream) private _streams;
    /// @dev Expired orders that their stream was told of: each at most once.
    mapping(bytes32 orderId => bool) private _passed;

    modifier onlyTimelock() {
        if (msg.sender != timelock) revert MosGateway_NotTimelock(timelock, msg.sender);
        _;
    }

    /// @param mos_ Carries the messages. @param timelock_ Connects other chains' gateways.
    constructor(IMessageService mos_, address timelock_) MapoExecutor(mos_) {
        if (timelock_.code.length == 0) revert MosGateway_NotAContract(timelock_);
        timelock = timelock_;
    }

    /// @inheritdoc IERC7786GatewaySource
    function sendMessage(bytes calldata recipient, bytes calldata payload, bytes[] calldata attributes)
        external
        payable
        returns (bytes32 sendId)
    {
        GatewayCodec.Attributes memory asked = GatewayCodec.parseAttributes(attributes);
        if (msg.value != 0 && !asked.relay) revert MosGateway_UnexpectedValue(msg.value);
        if (asked.deadline != 0 && asked.deadline <= block.timestamp) {
            revert MosGateway_DeadlinePassed(asked.deadline, block.timestamp);
        }
        (uint256 toChain, address to) = GatewayCodec.parseRecipient(recipient);
        if (asked.refundRecipient == address(0)) asked.refundRecipient = msg.sender;

        GatewayCodec.Envelope memory envelope = GatewayCodec.Envelope({
            gasLimit: asked.relay ? asked.gasLimit : gasLimitOf(msg.sender, toChain),
            sequence: asked.ordered ? ++_sequences[_sequenceKey(toChain, msg.sender, to)] : 0,
            sender: msg.sender,
            recipient: to,
            payload: payload
        });
        bytes memory messageData = GatewayCodec.encode(_connected(toChain).gateway, envelope);
        uint256 fee = _mos().quote(toChain, address(0), _mosGas(envelope), messageData.length);

        uint256 funds = msg.value == 0 ? creditOf[msg.sender] : msg.value;
        bool paid = funds >= fee;
        if (!paid && (asked.relay || asked.ordered)) revert MosGateway_FeeTooLow(fee, funds);
        if (paid) {
            if (msg.value == 0) _takeCredit(msg.sender, fee);
            sendId = _transferOut(toChain, messageData, fee, asked.deadline, asked.refundRecipient);
            if (msg.value == 0 && fee != 0) emit CreditSpent(msg.sender, sendId, fee);
        } else {
            sendId = _park(toChain, envelope, asked.deadline);
        }
        emit MessageSent(
            sendId, InteroperableAddress.formatEvmV1(block.chainid, msg.sender), recipient, payload, 0, attributes
        );
        if (msg.value != 0) _pay(asked.refundRecipient, msg.value - fee);
    }

    /// @inheritdoc IMosGateway
    function requestRelay(ParkedMessage calldata message, uint256 gasLimit, address refundRecipient)
        external
        payable
        returns (bytes32 orderId)
    {
        bytes32 sendId = parkedId(message);
        if (_parked[sendId] != PARKED) revert MosGateway_NotParked(sendId);
        uint256 least = gasLimitOf(message.sender, message.toChain);
        uint256 most = least * PAYER_GAS_FACTOR;
        if (gasLimit < least || gasLimit > most) revert MosGateway_GasLimit(least, most, gasLimit);
        GatewayCodec.Envelope memory envelope =
            GatewayCodec.Envelope(gasLimit, 0, message.sender, message.recipient, message.payload);
        bytes memory messageData = GatewayCodec.encode(_connected(message.toChain).gateway, envelope);
        uint256 fee = _mos().quote(message.toChain, address(0), _mosGas(envelope), messageData.length);
        if (msg.value < fee) revert MosGateway_FeeTooLow(fee, msg.value);
        address refundee = refundRecipient == address(0) ? msg.sender : refundRecipient;

        delete _parked[sendId];
        orderId = _transferOut(message.toChain, messageData, fee, message.deadline, refundee);
        _parked[sendId] = orderId;
        emit MessageRelayed(sendId, orderId, msg.sender, gasLimit);
        _pay(refundee, msg.value - fee);
    }

    /// @inheritdoc IMosGateway
    function cancel(ParkedMessage calldata message) external {
        if (msg.sender != message.sender) revert MosGateway_NotSender(message.sender, msg.sender);
        bytes32 sendId = parkedId(message);
        if (_parked[sendId] != PARKED) revert MosGateway_NotParked(sendId);
        delete _parked[sendId];
        emit MessageCancelled(sendId);
    }

    /// @inheritdoc IMosGateway
    function setGasLimit(uint256 chainId, uint64 gasLimit) external {
        _gasLimits[msg.sender][chainId] = gasLimit;
        emit GasLimitSet(msg.sender, chainId, gasLimit);
    }

    /// @inheritdoc IMosGateway
    function setRemote(uint256 chainId, address gateway, uint64 defaultGasLimit) external onlyTimelock {
        if (chainId == block.chainid || (gateway == address(0)) != (defaultGasLimit == 0)) {
            revert MosGateway_InvalidRemote(chainId, gateway, defaultGasLimit);
        }
        address previous = _remotes[chainId].gateway;
        _remotes[chainId] = Remote(gateway, defaultGasLimit);
        if (previous != gateway) {
            if (previous != address(0)) _setTrustedRemote(chainId, abi.encodePacked(previous), false);
            if (gateway != address(0)) _setTrustedRemote(chainId, abi.encodePacked(gateway), true);
        }
        emit RemoteSet(chainId, gateway, defaultGasLimit);
    }

    /// @inheritdoc IMosGateway
    function passExpired(uint256 fromChain, bytes32 orderId, bytes calldata messageData, bytes calldata options)
        external
    {
        address gateway = _connected(fromChain).gateway;
        bytes32 genuine = MessageCodec.orderId(
            fromChain,
            _mos().route(fromChain).remoteMos,
            block.chainid,
            MessageCodec.nonceOf(orderId),
            gateway,
            keccak256(messageData),
            keccak256(options)
        );
        if (
            genuine != orderId || _passed[orderId]
                || _mos().outcome(fromChain, orderId) != IMessageService.Outcome.Expired
        ) revert MosGateway_NothingToPass(orderId);
        (IMOSV3.MessageType msgType, address target,, bytes calldata message) = MessageCodec.decode(messageData);
        GatewayCodec.Envelope memory envelope = GatewayCodec.decode(message);
        if (msgType != IMOSV3.MessageType.MESSAGE || target != address(this) || envelope.sequence == 0) {
            revert MosGateway_NothingToPass(orderId);
        }
        _passed[orderId] = true;
        _stream(fromChain, gateway, envelope.sender, envelope.recipient).pass(envelope.sequence);
        emit SequencePassed(fromChain, orderId, envelope.sequence);
    }

    /// @inheritdoc IERC7786GatewaySource
    function supportsAttribute(bytes4 selector) external pure returns (bool) {
        return GatewayCodec.isAttribute(selector);
    }

    /// @inheritdoc IMosGateway
    function quote(uint256 toChain, uint256 gasLimit, uint256 payloadLength, bool isOrdered)
        external
        view
        returns (uint256 fee)
    {
        _connected(toChain);
        uint256 mosGas = GatewayCodec.gatewayGas(gasLimit, payloadLength, isOrdered);
        return _mos().quote(toChain, address(0), mosGas, GatewayCodec.encodedLength(payloadLength));
    }

    /// @inheritdoc IMosGateway
    function orderOf(bytes32 sendId) external view returns (bytes32 orderId) {
        orderId = _parked[sendId];
        if (orderId == PARKED) return 0;
    }

    /// @inheritdoc IMosGateway
    function isParked(bytes32 sendId) external view returns (bool) {
        return _parked[sendId] == PARKED;
    }

    /// @inheritdoc IMosGateway
    function remote(uint256 chainId) external view returns (Remote memory) {
        return _remotes[chainId];
    }

    /// @inheritdoc IMosGateway
    function nextSequence(uint256 toChain, address sender, address recipient) external view returns (uint64) {
        return _sequences[_sequenceKey(toChain, sender, recipient)] + 1;
    }

    /// @inheritdoc IMosGateway
    function awaitedSequence(uint256 fromChain, address sender, address recipient) external view returns (uint64) {
        return _stream(fromChain, _remotes[fromChain].gateway, sender, recipient).next();
    }

    /// @inheritdoc IMosGateway
    function gasLimitOf(address sender, uint256 chainId) public view returns (uint256 gasLimit) {
        gasLimit = _gasLimits[sender][chainId];
        if (gasLimit == 0) gasLimit = _remotes[chainId].defaultGasLimit;
    }

    /// @inheritdoc IMosGateway
    function parkedId(ParkedMessage calldata message) public view returns (bytes32 sendId) {
        return keccak256(abi.encode(PARKED_DOMAIN, block.chainid, address(this), message));
    }

    /// @dev Calls the recipient with all the gas there is and at least what the sender asked for. Only MOS stores and
    ///      retries: whatever goes wrong reverts, with the recipient's own reason.
    function _receiveMessage(uint256 fromChain, bytes calldata fromAddress, bytes32 orderId, bytes calldata message)
        internal
        override
        returns (bytes memory)
    {
        GatewayCodec.Envelope memory envelope = GatewayCodec.decode(message);
        address recipient = envelope.recipient;
        if (recipient.code.length == 0) revert MosGateway_RecipientHasNoCode(recipient);
        if (envelope.sequence != 0) {
            OrderedStream.Stream storage stream =
                _stream(fromChain, address(bytes20(fromAddress)), envelope.sender, recipient);
            uint64 awaited = stream.next();
            if (awaited != envelope.sequence) revert MosGateway_OutOfOrder(awaited, envelope.sequence);
            stream.pass(awaited);
        }
        bytes memory input = abi.encodeCall(
            IERC7786Recipient.receiveMessage,
            (orderId, InteroperableAddress.formatEvmV1(fromChain, envelope.sender), envelope.payload)
        );
        uint256 available = gasleft();
        available -= available / 64;
        uint256 needed = envelope.gasLimit + GatewayCodec.TAIL_GAS;
        if (available < needed) revert MosGateway_InsufficientGas(needed, available);
        _callRecipient(recipient, available - GatewayCodec.TAIL_GAS, input);
        return "";
    }

    /// @dev Reverts unless the call succeeds and returns the magic value.
    function _callRecipient(address recipient, uint256 gasLimit, bytes memory input) private {
        bool ok;
        bytes32 returned;
        bytes memory reason;
        // The first word of what came back goes to scratch space; of a failure's reason, the cap at most goes to free memory,
        // and the free-memory pointer moves past it.
        assembly ("memory-safe") {
            mstore(0, 0)
            ok := call(gasLimit, recipient, 0, add(input, 0x20), mload(input), 0, 0x20)
            let size := returndatasize()
            if ok { if gt(size, 0x1f) { returned := mload(0) } }
            reason := mload(0x40)
            if gt(size, RETURN_DATA_CAP) { size := RETURN_DATA_CAP }
            if ok { size := 0 }
            returndatacopy(add(reason, 0x20), 0, size)
            mstore(reason, size)
            mstore(0x40, and(add(add(reason, 0x3f), size), not(0x1f)))
        }
        if (!ok) {
            if (reason.length == 0) revert MosGateway_RecipientFailed(recipient);
            assembly ("memory-safe") {
                revert(add(reason, 0x20), mload(reason))
            }
        }
        bytes32 expected = bytes32(IERC7786Recipient.receiveMessage.selector);
        if (returned != expected) revert MosGateway_WrongMagicValue(expected, returned);
    }

    /// @dev Without a deadline a message cannot expire, and needs no options.
    function _transferOut(
        uint256 toChain,
        bytes memory messageData,
        uint256 fee,
        uint64 deadline,
        address refundRecipient
    ) private returns (bytes32 orderId) {
        if (deadline == 0) return _mos().transferOut{value: fee}(toChain, messageData, address(0));
        return _mos().transferOutWithOptions{value: fee}(
            toChain, messageData, address(0), IMessageService.MessageOptions(deadline, false, refundRecipient)
        );
    }

    function _park(uint256 toChain, GatewayCodec.Envelope memory envelope, uint64 deadline)
        private
        returns (bytes32 sendId)
    {
        uint256 nonce = _parkedCount++;
        sendId = keccak256(
            abi.encode(
                PARKED_DOMAIN,
                block.chainid,
                address(this),
                ParkedMessage(nonce, envelope.sender, toChain, envelope.recipient, envelope.payload, deadline)
            )
        );
        _parked[sendId] = PARKED;
        emit MessageParked(sendId, nonce);
    }

    function _connected(uint256 chainId) private view returns (Remote memory found) {
        found = _remotes[chainId];
        if (found.gateway == address(0)) revert MosGateway_NoRemote(chainId);
    }

    function _stream(uint256 fromChain, address gateway, address sender, address recipient)
        private
        view
        returns (OrderedStream.Stream storage)
    {
        return _streams[keccak256(abi.encode(fromChain, gateway, sender, recipient))];
    }

    function _mos() private view returns (IMessageService) {
        return IMessageService(address(mos));
    }

    function _mosGas(GatewayCodec.Envelope memory envelope) private pure returns (uint256) {
        return GatewayCodec.gatewayGas(envelope.gasLimit, envelope.payload.length, envelope.sequence != 0);
    }

    function _sequenceKey(uint256 toChain, address sender, address recipient) private pure returns (bytes32) {
        return keccak256(abi.encode(toChain, sender, recipient));
    }
}
