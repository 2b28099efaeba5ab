// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {OrderedStream} from "../../src/mos/libraries/OrderedStream.sol";
import {Test} from "../utils/Test.sol";

/// @notice The stream against the plainest reference: next is the first sequence that was not passed.
/// @custom:compiled as-deployed
contract OrderedStreamTest is Test {
    using OrderedStream for OrderedStream.Stream;

    uint64 private constant COUNT = 40;

    OrderedStream.Stream private _stream;
    bool[COUNT + 2] private _passed;

    /// @dev In any order: each is passed once, whether it expired or was delivered in its turn.
    function testFuzz_NextIsTheFirstThatWasNotPassed(uint256 seed) public {
        uint64[COUNT] memory order;
        for (uint64 i = 0; i < COUNT; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            uint256 j = seed % (i + 1);
            order[i] = order[j];
            order[j] = i + 1;
        }
        uint64 expected = 1;
        for (uint256 i = 0; i < COUNT; ++i) {
            vm.assertEq(uint256(_stream.next()), expected);
            _stream.pass(order[i]);
            _passed[order[i]] = true;
            while (_passed[expected]) {
                ++expected;
            }
        }
        vm.assertEq(uint256(_stream.next()), COUNT + 1);
    }
}
