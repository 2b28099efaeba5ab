// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessControl} from "@openzeppelin/contracts/access/AccessControl.sol";
import {ILightClient} from "../light-clients/ILightClient.sol";
import {IFeeService} from "./interfaces/IFeeService.sol";
import {IMessageService} from "./interfaces/IMessageService.sol";

/// @title  Lanes: routes, pauses and who may change them
/// @notice The part of MOS that is administered. Everything that changes by name and with a delay is here.
abstract contract Lanes is IMessageService, AccessControl {
    /// @dev Both directions of the lanes with one chain. The first slot is all that sending needs, and the first two are
    ///      all that a direct route needs.
    struct Lane {
        ILightClient lightClient;
        uint64 nextNonce;
        bool inboundPaused;
        bool outboundPaused;
        /// @dev Whether the route goes over a hub; else `hub` says nothing.
        bool viaHub;
        address remoteMos;
        address hub;
    }

    /// @notice May pause lanes, and nothing else.
    bytes32 public constant PAUSER_ROLE = keccak256("PAUSER_ROLE");
    /// @notice May unpause lanes, and nothing else. Never an account that may pause.
    bytes32 public constant UNPAUSER_ROLE = keccak256("UNPAUSER_ROLE");

    /// @notice The only account that administers this contract.
    address public immutable timelock;

    IFeeService internal _feeService;
    mapping(uint256 chainId => Lane) internal _lanes;
    /// @dev Kept for ever: a light client or fee service that was once in use may hold rights that MOS has there.
    mapping(address target => bool) internal _forbidden;
    /// @dev Set while a message is received. Transient.
    bool internal transient _receiving;

    /// @dev Not while a message is received: who may execute what a timelock has ready could do so from inside it, and the
    ///      messages behind it in the call would come on a route that is not the one that their targets read here.
    modifier onlyTimelock() {
        if (msg.sender != timelock) revert MOS_NotTimelock(timelock, msg.sender);
        if (_receiving) revert MOS_Reentered();
        _;
    }

    /// @param timelock_ Administers routes, the fee service and roles. @param feeService_ Prices and keeps fees.
    /// @param pauser Pauses lanes. @param unpauser Unpauses them; another account.
    constructor(address timelock_, IFeeService feeService_, address pauser, address unpauser) {
        _requireContract(timelock_);
        timelock = timelock_;
        _forbidden[address(this)] = true;
        _forbidden[timelock_] = true;
        _grantRole(DEFAULT_ADMIN_ROLE, timelock_);
        _grantRole(PAUSER_ROLE, pauser);
        _grantRole(UNPAUSER_ROLE, unpauser);
        _setFeeService(feeService_);
    }

    /// @inheritdoc IMessageService
    function setRoute(uint256 fromChain, ILightClient lightClient, address remoteMos) external onlyTimelock {
        Lane storage lane = _lanes[fromChain];
        bool ends = address(lightClient) == address(0);
        if (fromChain == block.chainid || ends != (remoteMos == address(0))) {
            revert MOS_InvalidRoute(fromChain, lightClient, remoteMos);
        }
        if (!ends) {
            _requireContract(address(lightClient));
            uint256 followed = lightClient.chainId();
            if (followed != fromChain) revert MOS_LightClientChain(fromChain, followed);
            _forbidden[address(lightClient)] = true;
            lane.remoteMos = remoteMos;
        }
        lane.lightClient = lightClient;
        lane.viaHub = false;
        emit RouteSet(fromChain, lightClient, remoteMos);
    }

    /// @inheritdoc IMessageService
    function setHubRoute(uint256 fromChain, ILightClient lightClient, address remoteMos, address hub)
        external
        onlyTimelock
    {
        if (fromChain == block.chainid || remoteMos == address(0) || hub == address(0)) {
            revert MOS_InvalidHubRoute(fromChain, lightClient, remoteMos, hub);
        }
        _requireContract(address(lightClient));
        uint256 followed = lightClient.chainId();
        if (followed == fromChain || followed == block.chainid) revert MOS_HubChain(fromChain, followed);
        _forbidden[address(lightClient)] = true;
        Lane storage lane = _lanes[fromChain];
        lane.lightClient = lightClient;
        lane.viaHub = true;
        lane.remoteMos = remoteMos;
        lane.hub = hub;
        emit HubRouteSet(fromChain, lightClient, remoteMos, hub);
    }

    /// @inheritdoc IMessageService
    function setFeeService(IFeeService feeService_) external onlyTimelock {
        _setFeeService(feeService_);
    }

    /// @inheritdoc IMessageService
    function pauseLane(uint256 chainId, bool outbound) external onlyRole(PAUSER_ROLE) {
        _setPaused(chainId, outbound, true);
    }

    /// @inheritdoc IMessageService
    function unpauseLane(uint256 chainId, bool outbound) external onlyRole(UNPAUSER_ROLE) {
        _setPaused(chainId, outbound, false);
    }

    /// @inheritdoc IMessageService
    function route(uint256 fromChain) external view returns (Route memory) {
        Lane storage lane = _lanes[fromChain];
        ILightClient lightClient = lane.lightClient;
        if (address(lightClient) == address(0)) return Route(lightClient, address(0), address(0));
        return Route(lightClient, lane.remoteMos, lane.viaHub ? lane.hub : address(0));
    }

    /// @inheritdoc IMessageService
    function laneNonce(uint256 toChain) external view returns (uint64) {
        return _lanes[toChain].nextNonce;
    }

    /// @inheritdoc IMessageService
    function isLanePaused(uint256 chainId, bool outbound) external view returns (bool) {
        Lane storage lane = _lanes[chainId];
        return outbound ? lane.outboundPaused : lane.inboundPaused;
    }

    /// @inheritdoc IMessageService
    function isForbiddenTarget(address target) external view returns (bool) {
        return _forbidden[target];
    }

    /// @inheritdoc IMessageService
    function feeService() external view returns (IFeeService) {
        return _feeService;
    }

    /// @dev Nobody but the timelock administers, and who pauses does not unpause.
    function _grantRole(bytes32 role, address account) internal override returns (bool) {
        if (role == DEFAULT_ADMIN_ROLE && account != timelock) revert MOS_NotTimelock(timelock, account);
        if (
            (role == PAUSER_ROLE && hasRole(UNPAUSER_ROLE, account))
                || (role == UNPAUSER_ROLE && hasRole(PAUSER_ROLE, account))
        ) revert MOS_PauserIsUnpauser(account);
        return super._grantRole(role, account);
    }

    function _requireContract(address account) internal view {
        if (account.code.length == 0) revert MOS_NotAContract(account);
    }

    function _setFeeService(IFeeService feeService_) private {
        _requireContract(address(feeService_));
        address kept = feeService_.mos();
        if (kept != address(this)) revert MOS_FeeServiceOfAnother(address(this), kept);
        emit FeeServiceSet(_feeService, feeService_);
        _feeService = feeService_;
        _forbidden[address(feeService_)] = true;
    }

    function _setPaused(uint256 chainId, bool outbound, bool paused) private {
        if (outbound) _lanes[chainId].outboundPaused = paused;
        else _lanes[chainId].inboundPaused = paused;
        emit LanePaused(chainId, outbound, paused);
    }
}
