// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ITokenBridge} from "../../src/assets/ITokenBridge.sol";
import {IMessageService} from "../../src/mos/interfaces/IMessageService.sol";
import {Vm} from "../utils/Vm.sol";
import {BridgesTest} from "./utils/BridgesTest.sol";

/// @notice What an ERC-20 transfer costs on the side that locks and on the side that mints: whole transactions, Osaka rules,
///         slots not zero, everything cold. Shown by `-vv`. On the mint side the receipt is the only one of its block, so the
///         three trie nodes that a block of 300 transactions adds are not in the figure.
contract AssetsGasTest is BridgesTest {
    event log_named_uint(string name, uint256 value);

    /// @dev Of a transaction; of a calldata token, and of EIP-7623's floor for it; tokens of a byte that is not zero.
    uint256 private constant BASE = 21_000;
    uint256 private constant PER_TOKEN = 4;
    uint256 private constant FLOOR_PER_TOKEN = 10;
    uint256 private constant NON_ZERO = 4;
    /// @dev What calling costs that a transaction's own call does not: a cold account, and coin. Gas.
    uint256 private constant COLD = 2600;
    uint256 private constant CALL = COLD + 9000 - 2300;
    /// @dev Bounds that a change which costs much runs into. Gas.
    uint256 private constant LOCK_SIDE_MAX = 320_000;
    uint256 private constant MINT_SIDE_MAX = 400_000;

    function _transaction(bytes memory input, uint256 execution) private pure returns (uint256) {
        uint256 tokens;
        for (uint256 i = 0; i < input.length; ++i) {
            tokens += input[i] == 0 ? 1 : NON_ZERO;
        }
        uint256 standard = BASE + PER_TOKEN * tokens + execution;
        uint256 least = BASE + FLOOR_PER_TOKEN * tokens;
        return standard > least ? standard : least;
    }

    function _cool(Chain storage chain) private {
        vm.cool(address(chain.mos));
        vm.cool(address(chain.fees));
        vm.cool(address(chain.gateway));
        vm.cool(address(chain.client));
        vm.cool(address(token));
        vm.cool(address(minted));
        vm.cool(address(lock));
        vm.cool(address(mint));
    }

    function test_Erc20() public {
        across(1e18);
        on(a);
        uint256 fee = lock.quoteTransfer(CHAIN_B, 0);
        bytes memory input = abi.encodeWithSignature(
            "crosschainTransfer(bytes,uint256,(uint64,uint64,address))", interop(b, USER), 1e18, plain()
        );
        _cool(a);
        vm.recordLogs();
        vm.prank(USER);
        uint256 start = gasleft();
        (bool ok,) = address(lock).call{value: fee}(input);
        uint256 lockSide = _transaction(input, start - gasleft() - CALL);
        vm.assertTrue(ok);
        Vm.Log memory log = messageLog(vm.getRecordedLogs());
        bytes memory proof = prove(b, log);
        on(b);
        input = abi.encodeCall(b.mos.deliver, (CHAIN_A, new bytes[](0), bytes32(0), address(0), 0, proof));
        _cool(b);
        start = gasleft();
        (ok,) = address(b.mos).call(input);
        uint256 mintSide = _transaction(input, start - gasleft() - COLD);
        vm.assertTrue(ok);
        vm.assertEq(minted.balanceOf(USER), 2e9);
        emit log_named_uint("assets/erc20, lock side", lockSide);
        emit log_named_uint("assets/erc20, mint side", mintSide);
        vm.assertLt(lockSide, LOCK_SIDE_MAX);
        vm.assertLt(mintSide, MINT_SIDE_MAX);
    }
}
