// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Layout} from "./BeaconLayout.sol";

/// @notice Everything that changes with an update besides the roots, in one storage word.
/// @dev    From the lowest bit: head slot (64), next committee known (8), frozen (8), last byte of the head's block root
///         (8), first epoch (64), version (32) and layout (8) of the newest fork in the schedule.
type ClientState is uint256;

using ClientStateLib for ClientState global;

/// @title  The client's packed word
library ClientStateLib {
    uint256 private constant NEXT_KNOWN = 64;
    uint256 private constant FROZEN = 72;
    uint256 private constant ROOT_TAIL = 80;
    uint256 private constant FORK_EPOCH = 88;
    uint256 private constant FORK_VERSION = 152;
    uint256 private constant FORK_LAYOUT = 184;
    uint256 private constant MASK_8 = 0xff;
    uint256 private constant MASK_32 = 0xffffffff;
    uint256 private constant MASK_64 = 0xffffffffffffffff;

    /// @notice Slot of the newest finalized beacon block.
    function headSlot(ClientState state) internal pure returns (uint256) {
        return ClientState.unwrap(state) & MASK_64;
    }

    /// @notice Whether the committee of the period after the head's is stored.
    function nextKnown(ClientState state) internal pure returns (bool) {
        return (ClientState.unwrap(state) >> NEXT_KNOWN) & MASK_8 != 0;
    }

    /// @notice Whether misbehaviour was proven.
    function frozen(ClientState state) internal pure returns (bool) {
        return (ClientState.unwrap(state) >> FROZEN) & MASK_8 != 0;
    }

    /// @notice The last byte of the head's block root; the other 31 are in the ring of blocks.
    function headRootTail(ClientState state) internal pure returns (uint256) {
        return (ClientState.unwrap(state) >> ROOT_TAIL) & MASK_8;
    }

    /// @notice First epoch of the newest fork in the schedule, active or not.
    function forkEpoch(ClientState state) internal pure returns (uint256) {
        return (ClientState.unwrap(state) >> FORK_EPOCH) & MASK_64;
    }

    /// @notice Version of the newest fork in the schedule.
    function forkVersion(ClientState state) internal pure returns (bytes4) {
        return bytes4(uint32(ClientState.unwrap(state) >> FORK_VERSION));
    }

    /// @notice Layout of the newest fork in the schedule.
    function forkLayout(ClientState state) internal pure returns (Layout) {
        return Layout((ClientState.unwrap(state) >> FORK_LAYOUT) & MASK_8);
    }

    /// @notice `state` with another head.
    function withHead(ClientState state, uint256 slot, bytes32 root) internal pure returns (ClientState) {
        uint256 cleared = ClientState.unwrap(state) & ~(MASK_64 | (MASK_8 << ROOT_TAIL));
        return ClientState.wrap(cleared | (slot & MASK_64) | ((uint256(root) & MASK_8) << ROOT_TAIL));
    }

    /// @notice `state` with the next committee known or not.
    function withNextKnown(ClientState state, bool known) internal pure returns (ClientState) {
        uint256 cleared = ClientState.unwrap(state) & ~(MASK_8 << NEXT_KNOWN);
        return ClientState.wrap(cleared | (known ? 1 << NEXT_KNOWN : 0));
    }

    /// @notice `state`, frozen.
    function withFrozen(ClientState state) internal pure returns (ClientState) {
        return ClientState.wrap(ClientState.unwrap(state) | (1 << FROZEN));
    }

    /// @notice `state` with another newest fork.
    function withFork(ClientState state, uint64 epoch, bytes4 version, Layout stateLayout)
        internal
        pure
        returns (ClientState)
    {
        uint256 cleared = ClientState.unwrap(state)
            & ~((MASK_64 << FORK_EPOCH) | (MASK_32 << FORK_VERSION) | (MASK_8 << FORK_LAYOUT));
        return ClientState.wrap(
            cleared | (uint256(epoch) << FORK_EPOCH) | (uint256(uint32(version)) << FORK_VERSION)
                | (uint256(stateLayout) << FORK_LAYOUT)
        );
    }
}
