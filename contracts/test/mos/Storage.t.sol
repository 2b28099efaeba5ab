// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {MosTest} from "./utils/MosTest.sol";

/// @notice Where MOS keeps what other chains prove from its state. A contract of theirs that is deployed has these numbers
///         in it: they may change with no later MOS.
contract StorageTest is MosTest {
    /// @dev Slot of the mapping of consumed nonces.
    uint256 private constant CONSUMED_SLOT = 5;

    function test_ConsumedNoncesLieWhereOtherChainsLookForThem() public {
        vm.assertEq(_word(0), 0);
        deliver(sendTo(address(0xc0de)));
        vm.assertEq(_word(0), 1);
        Sent memory skipped = sendTo(address(0xc0de));
        for (uint256 i = 2; i < 256; ++i) {
            sendTo(address(0xc0de));
        }
        vm.assertEq(_word(1), 0);
        deliver(sendTo(address(0xc0de)));
        vm.assertEq(_word(0), 1);
        vm.assertEq(_word(1), 1);
        deliver(skipped);
        vm.assertEq(_word(0), 3);
    }

    /// @dev The word with the nonces from `256 * index` on.
    function _word(uint64 index) private view returns (uint256) {
        bytes32 key = keccak256(abi.encode(CHAIN_A, address(mosA), index));
        return uint256(vm.load(address(mosB), keccak256(abi.encode(key, CONSUMED_SLOT))));
    }
}
