// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {SszBranch} from "../../proofs/SszBranch.sol";
import {IEthereumLightClient} from "./IEthereumLightClient.sol";

/// @title  What the constructor checks
/// @notice In memory and without a thought of gas: it runs once.
library ClientBootstrap {
    /// @dev Longest trusting period, seconds: below mainnet's weak subjectivity period, within which those who signed
    ///      are still staked.
    uint256 private constant MAX_TRUSTING_PERIOD = 14 days;
    /// @dev Largest clock drift, seconds.
    uint256 private constant MAX_CLOCK_DRIFT = 120;

    /// @notice Reverts unless each parameter is in its bounds.
    function checkParameters(IEthereumLightClient.Parameters memory config) internal pure {
        if (config.secondsPerSlot == 0) revert IEthereumLightClient.EthereumLightClient_Parameter("secondsPerSlot", 0);
        if (config.slotsPerEpoch == 0) revert IEthereumLightClient.EthereumLightClient_Parameter("slotsPerEpoch", 0);
        if (config.epochsPerSyncCommitteePeriod == 0) {
            revert IEthereumLightClient.EthereumLightClient_Parameter("epochsPerSyncCommitteePeriod", 0);
        }
        if (config.syncCommitteeSize != 512 && config.syncCommitteeSize != 32) {
            revert IEthereumLightClient.EthereumLightClient_Parameter("syncCommitteeSize", config.syncCommitteeSize);
        }
        if (config.slotsPerHistoricalRoot != 8192 && config.slotsPerHistoricalRoot != 64) {
            revert IEthereumLightClient.EthereumLightClient_Parameter(
                "slotsPerHistoricalRoot", config.slotsPerHistoricalRoot
            );
        }
        if (config.trustingPeriod == 0 || config.trustingPeriod > MAX_TRUSTING_PERIOD) {
            revert IEthereumLightClient.EthereumLightClient_Parameter("trustingPeriod", config.trustingPeriod);
        }
        if (config.clockDrift > MAX_CLOCK_DRIFT) {
            revert IEthereumLightClient.EthereumLightClient_Parameter("clockDrift", config.clockDrift);
        }
        // A fork scheduled now must not reach a signature that is accepted now.
        if (config.forkScheduler != address(0) && config.forkNotice <= config.clockDrift) {
            revert IEthereumLightClient.EthereumLightClient_Parameter("forkNotice", config.forkNotice);
        }
    }

    /// @dev Slot, root and state root of a header in memory, 112 bytes.
    function headerFields(bytes memory header) internal pure returns (uint64 slot, bytes32 root, bytes32 stateRoot) {
        uint64 proposerIndex;
        bytes32 parentRoot;
        bytes32 bodyRoot;
        assembly ("memory-safe") {
            slot := shr(192, mload(add(header, 32)))
            proposerIndex := shr(192, mload(add(header, 40)))
            parentRoot := mload(add(header, 48))
            stateRoot := mload(add(header, 80))
            bodyRoot := mload(add(header, 112))
        }
        bytes32 left = sha256(
            abi.encode(
                sha256(abi.encode(_littleEndian(slot), _littleEndian(proposerIndex))),
                sha256(abi.encode(parentRoot, stateRoot))
            )
        );
        bytes32 right = sha256(abi.encode(sha256(abi.encode(bodyRoot, bytes32(0))), sha256(new bytes(64))));
        root = sha256(abi.encode(left, right));
    }

    function _littleEndian(uint64 value) private pure returns (bytes32 chunk) {
        uint256 result;
        for (uint256 i = 0; i < 8; ++i) {
            result |= uint256((value >> (8 * i)) & 0xff) << (248 - 8 * i);
        }
        chunk = bytes32(result);
    }

    /// @dev Root above `leaf` by a branch in memory, of exactly the depth of `gindex`.
    function branchRoot(bytes32 leaf, uint256 gindex, bytes32[] memory branch) internal pure returns (bytes32) {
        uint256 depth = SszBranch.depth(gindex);
        if (branch.length != depth) revert IEthereumLightClient.EthereumLightClient_Length(depth, branch.length);
        for (uint256 i = 0; i < depth; ++i) {
            leaf = (gindex >> i) & 1 == 1 ? sha256(abi.encode(branch[i], leaf)) : sha256(abi.encode(leaf, branch[i]));
        }
        return leaf;
    }
}
