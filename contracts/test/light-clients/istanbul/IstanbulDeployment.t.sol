// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Bn254} from "../../../src/crypto/Bn254.sol";
import {ILightClient} from "../../../src/light-clients/ILightClient.sol";
import {IIstanbulLightClient} from "../../../src/light-clients/istanbul/IIstanbulLightClient.sol";
import {IstanbulLightClient} from "../../../src/light-clients/istanbul/IstanbulLightClient.sol";
import {Test} from "../../utils/Test.sol";

contract IstanbulDeploymentTest is Test {
    uint256 private constant PERIOD = 10 days;
    uint256 private constant DRIFT = 60;
    uint64 private constant START = 1_800_000_000;
    uint64 private constant EPOCH = 50_000;
    uint64 private constant FORK = 2_350_001;
    /// @dev The last block of epoch 50 and one in the middle of epoch 51.
    uint64 private constant LAST = 50 * EPOCH;
    uint64 private constant MIDDLE = LAST + 7;

    function setUp() public {
        vm.warp(START);
    }

    function test_AnchorInTheMiddleOfAnEpoch() public {
        IstanbulLightClient client = _deploy(_anchor(MIDDLE, keccak256("block")));
        ILightClient.Head memory head = client.head();
        vm.assertEq(head.number, MIDDLE);
        vm.assertEq(head.timestamp, START);
        vm.assertEq(head.hash, keccak256("block"));
        vm.assertEq(client.chainId(), 22_776);
        vm.assertEq(client.consensus(), "istanbul");
        vm.assertEq(client.expiresAt(), START + PERIOD);
        vm.assertEq(client.epochSize(), EPOCH);
        vm.assertEq(client.forkHeight(), FORK);
        vm.assertEq(client.currentEpoch(), 51);
        vm.assertEq(bytes32(client.epochSet(51).setHash), bytes32(bytes26(keccak256(_keys()))));
        vm.assertEq(client.epochSet(51).since, START);
        vm.assertEq(bytes32(client.epochSet(50).setHash), bytes32(0));
    }

    /// @dev The set that seals the block after the anchor: after the last block of an epoch, the next epoch's.
    function test_AnchorAtTheEndOfAnEpoch() public {
        vm.assertEq(_deploy(_anchor(LAST, 0)).currentEpoch(), 51);
        vm.assertEq(_deploy(_anchor(LAST - 1, 0)).currentEpoch(), 50);
        vm.assertEq(_deploy(_anchor(LAST, 0)).head().hash, bytes32(0));
    }

    function test_StatusRunsOut() public {
        IstanbulLightClient client = _deploy(_anchor(MIDDLE, 0));
        vm.warp(START + PERIOD - 1);
        vm.assertTrue(client.status() == ILightClient.Status.Active);
        vm.warp(START + PERIOD);
        vm.assertTrue(client.status() == ILightClient.Status.Expired);
    }

    function test_RevertWhen_ParameterIsZero() public {
        bytes memory zero = abi.encodeWithSelector(IIstanbulLightClient.IstanbulLightClient_ZeroParameter.selector);
        IIstanbulLightClient.TrustAnchor memory anchor = _anchor(MIDDLE, 0);
        vm.expectRevert(zero);
        this.deploy(IIstanbulLightClient.Chain(0, EPOCH, FORK), anchor, PERIOD, DRIFT);
        vm.expectRevert(zero);
        this.deploy(IIstanbulLightClient.Chain(1, 0, FORK), anchor, PERIOD, DRIFT);
        vm.expectRevert(zero);
        this.deploy(_chain(), anchor, 0, DRIFT);
        anchor.timestamp = 0;
        vm.expectRevert(zero);
        this.deploy(_chain(), anchor, PERIOD, DRIFT);
    }

    function test_RevertWhen_AnchorIsBeforeTheFork() public {
        vm.expectRevert(
            abi.encodeWithSelector(IIstanbulLightClient.IstanbulLightClient_BeforeFork.selector, FORK, FORK - 1)
        );
        _deploy(_anchor(FORK - 1, 0));
        _deploy(_anchor(FORK, 0));
    }

    function test_RevertWhen_AnchorIsFromTheFutureOrExpired() public {
        IIstanbulLightClient.TrustAnchor memory anchor = _anchor(MIDDLE, 0);
        vm.warp(START - DRIFT - 1);
        vm.expectRevert(
            abi.encodeWithSelector(IIstanbulLightClient.IstanbulLightClient_FutureHeader.selector, START - 1, START)
        );
        _deploy(anchor);
        vm.warp(START + PERIOD);
        vm.expectRevert(
            abi.encodeWithSelector(ILightClient.LightClient_Expired.selector, START + PERIOD, START + PERIOD)
        );
        _deploy(anchor);
    }

    function test_RevertWhen_AnchorKeysAreNone() public {
        IIstanbulLightClient.TrustAnchor memory anchor = _anchor(MIDDLE, 0);
        anchor.validators = "";
        vm.expectPartialRevert(IIstanbulLightClient.IstanbulLightClient_AnchorSet.selector);
        _deploy(anchor);
        anchor.validators = new bytes(65);
        vm.expectPartialRevert(IIstanbulLightClient.IstanbulLightClient_AnchorSet.selector);
        _deploy(anchor);
        anchor.validators = new bytes(256 * 64);
        vm.expectPartialRevert(IIstanbulLightClient.IstanbulLightClient_AnchorSet.selector);
        _deploy(anchor);
        anchor.validators = bytes.concat(_keys(), new bytes(64));
        vm.expectRevert(abi.encodeWithSelector(Bn254.Bn254_Infinity.selector));
        _deploy(anchor);
        anchor.validators = bytes.concat(_keys(), abi.encode(1, 3));
        vm.expectRevert(abi.encodeWithSelector(Bn254.Bn254_Precompile.selector, address(6)));
        _deploy(anchor);
    }

    /// @dev A chain whose pairing says yes to everything would take every seal: the client refuses to live there.
    function test_RevertWhen_ChainLacksPrecompiles() public {
        IIstanbulLightClient.TrustAnchor memory anchor = _anchor(MIDDLE, 0);
        vm.mockCall(address(8), "", abi.encode(1));
        vm.expectRevert(abi.encodeWithSelector(Bn254.Bn254_SelfTest.selector, address(8)));
        _deploy(anchor);
    }

    /// @dev A frame of its own: forge replaces `new` by a cheatcode here, and `vm.expectRevert` right before that would end the
    ///      test as passed.
    function deploy(
        IIstanbulLightClient.Chain memory chain,
        IIstanbulLightClient.TrustAnchor memory anchor,
        uint256 period,
        uint256 drift
    ) external returns (IstanbulLightClient) {
        return new IstanbulLightClient(chain, anchor, period, drift);
    }

    function _deploy(IIstanbulLightClient.TrustAnchor memory anchor) private returns (IstanbulLightClient) {
        return this.deploy(_chain(), anchor, PERIOD, DRIFT);
    }

    function _chain() private pure returns (IIstanbulLightClient.Chain memory) {
        return IIstanbulLightClient.Chain({chainId: 22_776, epochSize: EPOCH, forkHeight: FORK});
    }

    /// @dev The generator and its negative: two points, whatever their sum.
    function _keys() private pure returns (bytes memory) {
        return abi.encode(uint256(1), uint256(2), uint256(1), Bn254.P - 2);
    }

    function _anchor(uint64 number, bytes32 hash) private pure returns (IIstanbulLightClient.TrustAnchor memory) {
        return IIstanbulLightClient.TrustAnchor({number: number, timestamp: START, hash: hash, validators: _keys()});
    }
}
