// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ILightClient} from "../light-clients/ILightClient.sol";
import {Receipts} from "../proofs/Receipts.sol";
import {IFeeService} from "./interfaces/IFeeService.sol";
import {IMessageService} from "./interfaces/IMessageService.sol";
import {ProofEncoding} from "../prover/ProofEncoding.sol";
import {RemoteMos} from "../prover/RemoteMos.sol";
import {Options} from "./libraries/Inbound.sol";
import {MessageCodec} from "./libraries/MessageCodec.sol";
import {Records} from "./libraries/Records.sol";

/// @title  Fees in escrow
/// @notice A fee lies here by its order until the target chain's own record says whose it is: the light client of that
///         chain, by MOS' route to it, vouches for the record. It is credited once, and withdrawn by its owner.
abstract contract FeeClaims is IFeeService {
    using ProofEncoding for bytes;
    using SafeERC20 for IERC20;

    /// @dev One word an order. Deleted when the fee is credited, which is what makes that happen once.
    struct Held {
        uint64 toChain;
        /// @dev Place of the token in `_tokens`; 0: the native coin.
        uint32 token;
        uint128 amount;
    }

    /// @inheritdoc IFeeService
    address public immutable mos;

    /// @dev The first is the native coin. Only grows: escrows name tokens by their place.
    address[] private _tokens = [address(0)];
    mapping(address token => uint32 place) private _placeOf;
    mapping(bytes32 orderId => Held) private _held;
    /// @inheritdoc IFeeService
    mapping(address account => mapping(address token => uint256 amount)) public owed;

    constructor(address mos_) {
        mos = mos_;
    }

    /// @inheritdoc IFeeService
    function escrow(bytes32 orderId, uint256 toChain, address token, uint256 amount, address payer) external payable {
        if (msg.sender != mos) revert FeeService_NotMos(mos, msg.sender);
        uint256 expected = token == address(0) ? amount : 0;
        if (msg.value != expected) revert FeeService_WrongValue(expected, msg.value);
        if (_held[orderId].toChain != 0) revert FeeService_AlreadyEscrowed(orderId);
        uint32 place = token == address(0) ? 0 : _placeOf[token];
        if (place == 0 && token != address(0)) revert FeeService_TokenNotListed(toChain, token);
        // MOS asks for a quote first, which `setTerms` refuses beyond 64 bits.
        if (toChain == 0 || toChain > type(uint64).max) revert FeeService_OutOfRange(type(uint64).max, toChain);
        _held[orderId] = Held(uint64(toChain), place, _toUint128(amount));
        emit FeeEscrowed(orderId, payer, toChain, token, amount);
    }

    /// @inheritdoc IFeeService
    function topUp(bytes32 orderId, address token, uint256 amount) external payable {
        Held storage held = _existing(orderId);
        address expected = _tokens[held.token];
        if (token != expected) revert FeeService_WrongToken(expected, token);
        uint256 value = token == address(0) ? amount : 0;
        if (msg.value != value) revert FeeService_WrongValue(value, msg.value);
        uint128 total = _toUint128(held.amount + amount);
        held.amount = total;
        emit FeeToppedUp(orderId, msg.sender, token, amount, total);
        if (token == address(0)) return;
        uint256 before = IERC20(token).balanceOf(address(this));
        IERC20(token).safeTransferFrom(msg.sender, address(this), amount);
        uint256 received = IERC20(token).balanceOf(address(this)) - before;
        if (received != amount) revert FeeService_NotReceived(amount, received);
    }

    /// @inheritdoc IFeeService
    function settle(uint256 toChain, bytes calldata receiptProof) external returns (uint256 settled) {
        IMessageService.Route memory route = _route(toChain);
        bytes calldata rest = _logs(route.lightClient, receiptProof);
        while (rest.length != 0) {
            address emitter;
            bytes32[] memory topics;
            bytes calldata data;
            (emitter, topics, data, rest) = Receipts.nextLog(rest);
            if (_settleRecord(toChain, _record(route, toChain, emitter, topics, data))) ++settled;
        }
        if (settled == 0) revert FeeService_NothingToSettle(toChain);
    }

    /// @inheritdoc IFeeService
    function refundUnconsumed(Order calldata order, bytes calldata proof) external {
        IMessageService.Route memory route = _route(order.toChain);
        if (route.hub != address(0)) revert FeeService_HubRoute(order.toChain);
        (bool canonical, Options memory options) = MessageCodec.inspectOptions(order.options);
        bytes32 orderId = MessageCodec.orderId(
            block.chainid, mos, order.toChain, order.nonce, order.sender, order.messageHash, keccak256(order.options)
        );
        if (_held[orderId].toChain != order.toChain) revert FeeService_NotEscrowed(orderId);
        if (!canonical || options.deadline == 0) revert FeeService_NoDeadline(orderId);
        (bytes calldata blockProof, bytes calldata accountNodes, bytes calldata storageNodes) = _unconsumedProof(proof);
        ILightClient.Block memory finalBlock = route.lightClient.verifyBlock(blockProof);
        if (finalBlock.timestamp < options.deadline) {
            revert FeeService_BeforeDeadline(options.deadline, finalBlock.timestamp);
        }
        if (!RemoteMos.isUnconsumedAt(
                finalBlock,
                RemoteMos.CONSUMED_SLOT,
                route.remoteMos,
                block.chainid,
                mos,
                order.toChain,
                order.nonce,
                accountNodes,
                storageNodes
            )) revert FeeService_Consumed(orderId);
        _refund(orderId, options.refundRecipient);
    }

    /// @inheritdoc IFeeService
    function withdraw(address token, address to) external returns (uint256 amount) {
        amount = owed[msg.sender][token];
        if (amount == 0) revert FeeService_NothingOwed(msg.sender, token);
        delete owed[msg.sender][token];
        emit Withdrawn(msg.sender, token, to, amount);
        if (token == address(0)) {
            (bool paid,) = to.call{value: amount}("");
            if (!paid) revert FeeService_PaymentFailed(to, amount);
        } else {
            IERC20(token).safeTransfer(to, amount);
        }
    }

    /// @inheritdoc IFeeService
    function escrowOf(bytes32 orderId) external view returns (Escrow memory) {
        Held memory held = _held[orderId];
        return Escrow(held.toChain, _tokens[held.token], held.amount);
    }

    /// @inheritdoc IFeeService
    function isFeeToken(address token) public view returns (bool) {
        return _placeOf[token] != 0;
    }

    function _registerToken(address token) internal {
        if (_placeOf[token] != 0) return;
        _requireContract(token);
        uint256 place = _tokens.length;
        if (place > type(uint32).max) revert FeeService_OutOfRange(type(uint32).max, place);
        _placeOf[token] = uint32(place);
        _tokens.push(token);
    }

    function _requireContract(address account) internal view {
        if (account.code.length == 0) revert FeeService_NotAContract(account);
    }

    /// @dev The logs of a receipt that the light client vouches for; `receiptProof` is `IMessageService.ReceiptProof`.
    function _logs(ILightClient lightClient, bytes calldata receiptProof) private view returns (bytes calldata) {
        (bytes calldata blockProof, uint256 txIndex, bytes calldata nodes) = receiptProof.item();
        return Receipts.logs(Receipts.verify(lightClient.verifyReceiptsRoot(blockProof), txIndex, nodes));
    }

    /// @dev The record, if the log is one of an order from here that the route's MOS made; or that its hub made or forwarded.
    function _record(
        IMessageService.Route memory route,
        uint256 toChain,
        address emitter,
        bytes32[] memory topics,
        bytes calldata data
    ) private view returns (Records.Record memory record) {
        bool viaHub = route.hub != address(0);
        if (emitter != (viaHub ? route.hub : route.remoteMos)) return record;
        record = viaHub ? Records.readForwarded(toChain, topics, data) : Records.read(emitter, topics, data);
        bool byHub = viaHub && record.mos == address(0);
        if (record.originChain != block.chainid || (record.mos != route.remoteMos && !byHub)) {
            record.kind = Records.Kind.None;
        }
    }

    /// @dev Whether the record frees a fee that waits for that chain.
    function _settleRecord(uint256 toChain, Records.Record memory record) private returns (bool) {
        if (record.kind == Records.Kind.None || _held[record.orderId].toChain != toChain) return false;
        if (record.kind == Records.Kind.Expiry) {
            // It was run and failed before: its fee belongs to who brought it then.
            if (record.attempted) return false;
            _refund(record.orderId, record.account);
            return true;
        }
        (address token, uint256 amount) = _credit(record.orderId, record.account);
        emit FeeEarned(record.orderId, record.account, token, amount);
        return true;
    }

    function _refund(bytes32 orderId, address recipient) private {
        (address token, uint256 amount) = _credit(orderId, recipient);
        emit FeeRefunded(orderId, recipient, token, amount);
    }

    function _credit(bytes32 orderId, address account) private returns (address token, uint256 amount) {
        Held memory held = _held[orderId];
        delete _held[orderId];
        (token, amount) = (_tokens[held.token], held.amount);
        owed[account][token] += amount;
    }

    /// @dev The route of what `chainId` says, if MOS believes it now.
    function _route(uint256 chainId) internal view returns (IMessageService.Route memory route) {
        route = IMessageService(mos).route(chainId);
        if (address(route.lightClient) == address(0)) revert FeeService_NoRoute(chainId);
        if (IMessageService(mos).isLanePaused(chainId, false)) revert FeeService_LanePaused(chainId);
    }

    function _existing(bytes32 orderId) internal view returns (Held storage held) {
        held = _held[orderId];
        if (held.toChain == 0) revert FeeService_NotEscrowed(orderId);
    }

    function _toUint128(uint256 value) private pure returns (uint128) {
        if (value > type(uint128).max) revert FeeService_OutOfRange(type(uint128).max, value);
        return uint128(value);
    }

    /// @dev `RemoteMos.UnconsumedProof`.
    function _unconsumedProof(bytes calldata proof)
        private
        pure
        returns (bytes calldata blockProof, bytes calldata accountNodes, bytes calldata storageNodes)
    {
        uint256 next = proof.begin(3);
        (blockProof, next) = proof.tail(0, next);
        (accountNodes, next) = proof.tail(1, next);
        (storageNodes, next) = proof.tail(2, next);
        proof.end(next);
    }
}
