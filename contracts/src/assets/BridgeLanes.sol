// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessControl} from "@openzeppelin/contracts/access/AccessControl.sol";
import {BridgeFungible} from "@openzeppelin/contracts/crosschain/bridges/abstract/BridgeFungible.sol";
import {InteroperableAddress} from "@openzeppelin/contracts/utils/draft-InteroperableAddress.sol";
import {RateLimiter} from "@openzeppelin/contracts/utils/RateLimiter.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {IMosGateway} from "../gateway/IMosGateway.sol";
import {IMessageService} from "../mos/interfaces/IMessageService.sol";
import {MapoExecutor} from "../mos/MapoExecutor.sol";
import {IProver} from "../prover/IProver.sol";
import {ITokenBridge} from "./ITokenBridge.sol";

/// @title  Lanes of a token bridge
/// @notice Links, limits, pauses, and the books: every lane keeps its own, so that a chain which lies can claim what was
///         sent to that chain and nothing else.
abstract contract BridgeLanes is ITokenBridge, BridgeFungible, AccessControl {
    using RateLimiter for RateLimiter.RefillingBucket;
    using SafeCast for uint256;

    struct Lane {
        Books books;
        bool inboundPaused;
        bool outboundPaused;
        bool known;
        RateLimiter.RefillingBucket inbound;
        RateLimiter.RefillingBucket outbound;
    }

    /// @notice May pause lanes, and nothing else.
    bytes32 public constant PAUSER_ROLE = keccak256("PAUSER_ROLE");
    /// @notice May unpause lanes, and nothing else. Never an account that may pause.
    bytes32 public constant UNPAUSER_ROLE = keccak256("UNPAUSER_ROLE");

    /// @dev Every limiter here has one bucket.
    bytes32 private constant BUCKET = 0;

    /// @inheritdoc ITokenBridge
    IMessageService public immutable mos;
    /// @inheritdoc ITokenBridge
    IProver public immutable prover;
    /// @inheritdoc ITokenBridge
    address public immutable timelock;

    mapping(uint256 chainId => Lane) internal _lanes;
    mapping(uint256 chainId => RateLimiter.RefillingBucket) private _vouching;
    uint256[] internal _chains;

    modifier onlyTimelock() {
        if (msg.sender != timelock) revert Bridge_NotTimelock(timelock, msg.sender);
        _;
    }

    /// @param prover_ Of the MOS whose routes say who vouches for a chain. @param timelock_ Administers. @param pauser Pauses lanes.
    /// @param unpauser Unpauses them; another account.
    constructor(IProver prover_, address timelock_, address pauser, address unpauser) {
        _requireContract(address(prover_));
        _requireContract(timelock_);
        prover = prover_;
        mos = prover_.mos();
        timelock = timelock_;
        _grantRole(DEFAULT_ADMIN_ROLE, timelock_);
        _grantRole(PAUSER_ROLE, pauser);
        _grantRole(UNPAUSER_ROLE, unpauser);
    }

    /// @inheritdoc ITokenBridge
    function setLink(IMosGateway gateway, bytes calldata counterpart) external onlyTimelock {
        (uint256 chainId,) = _parse(counterpart);
        address given = address(MapoExecutor(address(gateway)).mos());
        if (given != address(mos)) revert Bridge_GatewayOfAnotherMos(address(mos), given);
        if (!_lanes[chainId].known) {
            _lanes[chainId].known = true;
            _chains.push(chainId);
        }
        _setLink(address(gateway), counterpart, true);
    }

    /// @inheritdoc ITokenBridge
    function setLimit(uint256 chainId, bool outbound, uint208 capacity, uint48 window) external onlyTimelock {
        _setLimit(outbound ? _lanes[chainId].outbound : _lanes[chainId].inbound, capacity, window);
        emit LimitSet(chainId, outbound, capacity, window);
    }

    /// @inheritdoc ITokenBridge
    function setVouchingLimit(uint256 chainId, uint208 capacity, uint48 window) external onlyTimelock {
        _setLimit(_vouching[chainId], capacity, window);
        emit VouchingLimitSet(chainId, capacity, window);
    }

    /// @inheritdoc ITokenBridge
    function pauseLane(uint256 chainId, bool outbound) external onlyRole(PAUSER_ROLE) {
        _setPaused(chainId, outbound, true);
    }

    /// @inheritdoc ITokenBridge
    function unpauseLane(uint256 chainId, bool outbound) external onlyRole(UNPAUSER_ROLE) {
        _setPaused(chainId, outbound, false);
    }

    /// @inheritdoc ITokenBridge
    function books(uint256 chainId) external view returns (Books memory) {
        return _lanes[chainId].books;
    }

    /// @inheritdoc ITokenBridge
    function linkedChains() external view returns (uint256[] memory) {
        return _chains;
    }

    /// @inheritdoc ITokenBridge
    function limit(uint256 chainId, bool outbound) external view returns (Limit memory) {
        return _limit(outbound ? _lanes[chainId].outbound : _lanes[chainId].inbound);
    }

    /// @inheritdoc ITokenBridge
    function vouchingLimit(uint256 chainId) external view returns (Limit memory) {
        return _limit(_vouching[chainId]);
    }

    /// @inheritdoc ITokenBridge
    function isLanePaused(uint256 chainId, bool outbound) external view returns (bool) {
        return outbound ? _lanes[chainId].outboundPaused : _lanes[chainId].inboundPaused;
    }

    /// @dev Whether what was claimed on a lane is backed by what was given on it. Reverts if not.
    function _requireBacked(uint256 chainId, Books memory current) internal pure virtual;

    function _bookSent(uint256 chainId, uint256 amount) internal {
        Books memory current = _lanes[chainId].books;
        current.sent += amount.toUint128();
        _requireBacked(chainId, current);
        _lanes[chainId].books = current;
    }

    function _bookUnsent(uint256 chainId, uint256 amount) internal {
        Books memory current = _lanes[chainId].books;
        if (amount > current.sent) revert Bridge_Unbacked(chainId, current.sent, amount);
        current.sent -= amount.toUint128();
        _requireBacked(chainId, current);
        _lanes[chainId].books = current;
    }

    function _bookReceived(uint256 chainId, uint256 amount) internal {
        Books memory current = _lanes[chainId].books;
        current.received += amount.toUint128();
        _requireBacked(chainId, current);
        _lanes[chainId].books = current;
    }

    function _bookUnreceived(uint256 chainId, uint256 amount) internal {
        Books memory current = _lanes[chainId].books;
        if (amount > current.received) revert Bridge_Unbacked(chainId, current.received, amount);
        current.received -= amount.toUint128();
        _requireBacked(chainId, current);
        _lanes[chainId].books = current;
    }

    /// @dev Takes `amount` from the lane's outbound limit, if it lets it pass.
    function _passOutbound(uint256 chainId, uint256 amount) internal returns (bool) {
        return _lanes[chainId].outbound.tryConsume(BUCKET, amount);
    }

    /// @dev What the outbound limit never lets pass must not begin to wait for it.
    function _requireBelowCapacity(uint256 chainId, uint256 amount) internal view {
        uint256 capacity = _lanes[chainId].outbound._capacity;
        if (amount > capacity) revert Bridge_AboveLimit(capacity, amount);
    }

    /// @dev Takes `amount` from both limits that an arrival is under, or from neither.
    function _passInbound(uint256 chainId, uint256 vouchingChain, uint256 amount) internal returns (bool) {
        if (_availableInbound(chainId, vouchingChain) < amount) return false;
        _lanes[chainId].inbound.consume(BUCKET, amount);
        _vouching[vouchingChain].consume(BUCKET, amount);
        return true;
    }

    function _availableOutbound(uint256 chainId) internal view returns (uint256) {
        return _lanes[chainId].outbound.available(BUCKET);
    }

    function _availableInbound(uint256 chainId, uint256 vouchingChain) internal view returns (uint256) {
        uint256 lane = _lanes[chainId].inbound.available(BUCKET);
        uint256 sum = _vouching[vouchingChain].available(BUCKET);
        return lane < sum ? lane : sum;
    }

    function _requireOpen(uint256 chainId, bool outbound) internal view {
        Lane storage lane = _lanes[chainId];
        if (outbound ? lane.outboundPaused : lane.inboundPaused) revert Bridge_LanePaused(chainId, outbound);
    }

    /// @dev The gateway and counterpart of a chain, which must be linked.
    function _link(uint256 chainId) internal view returns (IMosGateway gateway, bytes memory counterpart) {
        address linked;
        (linked, counterpart) = getLink(InteroperableAddress.formatEvmV1(chainId));
        if (linked == address(0)) revert Bridge_NoLink(chainId);
        gateway = IMosGateway(linked);
    }

    /// @dev A canonical ERC-7930 address of an account on another EIP-155 chain, taken apart.
    function _parse(bytes memory interop) internal view returns (uint256 chainId, address account) {
        bool parsed;
        (parsed, chainId, account) = InteroperableAddress.tryParseEvmV1(interop);
        if (
            !parsed || account == address(0) || chainId == block.chainid
                || keccak256(InteroperableAddress.formatEvmV1(chainId, account)) != keccak256(interop)
        ) revert Bridge_MalformedAddress(interop);
    }

    /// @dev Nobody but the timelock administers, and who pauses does not unpause.
    function _grantRole(bytes32 role, address account) internal override returns (bool) {
        if (role == DEFAULT_ADMIN_ROLE && account != timelock) revert Bridge_NotTimelock(timelock, account);
        if (
            (role == PAUSER_ROLE && hasRole(UNPAUSER_ROLE, account))
                || (role == UNPAUSER_ROLE && hasRole(PAUSER_ROLE, account))
        ) revert Bridge_PauserIsUnpauser(account);
        return super._grantRole(role, account);
    }

    function _requireContract(address account) internal view {
        if (account.code.length == 0) revert Bridge_NotAContract(account);
    }

    /// @dev What refilled so far refilled at the old rate.
    function _setLimit(RateLimiter.RefillingBucket storage bucket, uint208 capacity, uint48 window) private {
        if (window == 0) revert Bridge_ZeroWindow();
        bucket.sync(BUCKET);
        bucket.updateSettings(window, capacity);
    }

    function _setPaused(uint256 chainId, bool outbound, bool paused) private {
        if (outbound) _lanes[chainId].outboundPaused = paused;
        else _lanes[chainId].inboundPaused = paused;
        emit LanePaused(chainId, outbound, paused);
    }

    function _limit(RateLimiter.RefillingBucket storage bucket) private view returns (Limit memory) {
        return Limit(bucket._capacity, bucket._window, bucket.available(BUCKET));
    }
}
