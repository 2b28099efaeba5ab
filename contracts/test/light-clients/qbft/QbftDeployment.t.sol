// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ILightClient} from "../../../src/light-clients/ILightClient.sol";
import {IQbftLightClient} from "../../../src/light-clients/qbft/IQbftLightClient.sol";
import {QbftLightClient} from "../../../src/light-clients/qbft/QbftLightClient.sol";
import {ValidatorSet} from "../../../src/light-clients/qbft/ValidatorSet.sol";
import {Test} from "../../utils/Test.sol";

contract QbftDeploymentTest is Test {
    uint256 private constant CHAIN_ID = 1337;
    uint256 private constant PERIOD = 1 days;
    uint256 private constant DRIFT = 60;
    uint64 private constant START = 1_800_000_000;
    /// @dev The address of the private key 1, which signed the self-test.
    address private constant TEST_SIGNER = 0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf;

    function setUp() public {
        vm.warp(START);
    }

    function test_AnchorOfValidatorsStoresNoBlock() public {
        QbftLightClient client = new QbftLightClient(CHAIN_ID, _anchor(0), PERIOD, DRIFT);
        ILightClient.Head memory head = client.head();
        vm.assertEq(head.number, 7);
        vm.assertEq(head.timestamp, START);
        vm.assertEq(head.hash, bytes32(0));
        vm.assertEq(client.blockHash(7), bytes32(0));
        vm.assertEq(client.chainId(), CHAIN_ID);
        vm.assertEq(client.consensus(), "qbft");
        vm.assertEq(client.expiresAt(), START + PERIOD);
        vm.assertEq(client.setRangeCount(), 1);
        IQbftLightClient.SetRange memory range = client.setRange(0);
        vm.assertEq(range.first, 7);
        vm.assertEq(range.end, type(uint64).max);
        vm.assertEq(
            range.setHash,
            keccak256(hex"94000000000000000000000000000000000000000a94000000000000000000000000000000000000000b")
        );
    }

    function test_StatusRunsOut() public {
        QbftLightClient client = new QbftLightClient(CHAIN_ID, _anchor(keccak256("block")), PERIOD, DRIFT);
        vm.warp(START + PERIOD - 1);
        vm.assertTrue(client.status() == ILightClient.Status.Active);
        vm.warp(START + PERIOD);
        vm.assertTrue(client.status() == ILightClient.Status.Expired);
    }

    function test_RevertWhen_RangeIsUnknown() public {
        QbftLightClient client = new QbftLightClient(CHAIN_ID, _anchor(0), PERIOD, DRIFT);
        vm.expectRevert(abi.encodeWithSelector(IQbftLightClient.QbftLightClient_UnknownRange.selector, 1, 1));
        client.setRange(1);
    }

    function test_RevertWhen_ParameterIsZero() public {
        bytes memory zero = abi.encodeWithSelector(IQbftLightClient.QbftLightClient_ZeroParameter.selector);
        vm.expectRevert(zero);
        this.deploy(0, _anchor(0), PERIOD, DRIFT);
        vm.expectRevert(zero);
        this.deploy(CHAIN_ID, _anchor(0), 0, DRIFT);
        IQbftLightClient.TrustAnchor memory anchor = _anchor(0);
        anchor.timestamp = 0;
        vm.expectRevert(zero);
        this.deploy(CHAIN_ID, anchor, PERIOD, DRIFT);
    }

    function test_RevertWhen_AnchorIsFromTheFutureOrExpired() public {
        IQbftLightClient.TrustAnchor memory anchor = _anchor(0);
        vm.warp(START - DRIFT - 1);
        vm.expectRevert(
            abi.encodeWithSelector(IQbftLightClient.QbftLightClient_FutureHeader.selector, START - 1, START)
        );
        this.deploy(CHAIN_ID, anchor, PERIOD, DRIFT);
        vm.warp(START + PERIOD);
        vm.expectRevert(
            abi.encodeWithSelector(ILightClient.LightClient_Expired.selector, START + PERIOD, START + PERIOD)
        );
        this.deploy(CHAIN_ID, anchor, PERIOD, DRIFT);
    }

    function test_RevertWhen_AnchorSetIsMalformed() public {
        IQbftLightClient.TrustAnchor memory anchor = _anchor(0);
        anchor.validators[1] = anchor.validators[0];
        vm.expectPartialRevert(ValidatorSet.ValidatorSet_Order.selector);
        this.deploy(CHAIN_ID, anchor, PERIOD, DRIFT);
        anchor.validators[0] = address(0);
        vm.expectPartialRevert(ValidatorSet.ValidatorSet_Order.selector);
        this.deploy(CHAIN_ID, anchor, PERIOD, DRIFT);
        anchor.validators = new address[](0);
        vm.expectPartialRevert(ValidatorSet.ValidatorSet_Size.selector);
        this.deploy(CHAIN_ID, anchor, PERIOD, DRIFT);
    }

    /// @dev A chain without the precompile answers every recovery with nothing: the client refuses to live there.
    function test_RevertWhen_ChainLacksEcrecover() public {
        vm.mockCall(address(1), "", abi.encode(address(0)));
        vm.expectRevert(
            abi.encodeWithSelector(IQbftLightClient.QbftLightClient_NoEcrecover.selector, TEST_SIGNER, address(0))
        );
        this.deploy(CHAIN_ID, _anchor(0), PERIOD, DRIFT);
    }

    /// @dev A frame of its own: forge replaces `new` by a cheatcode here, and `vm.expectRevert` right before that would end the
    ///      test as passed.
    function deploy(uint256 chainId, IQbftLightClient.TrustAnchor memory anchor, uint256 period, uint256 drift)
        external
        returns (QbftLightClient)
    {
        return new QbftLightClient(chainId, anchor, period, drift);
    }

    function _anchor(bytes32 hash) private pure returns (IQbftLightClient.TrustAnchor memory) {
        address[] memory validators = new address[](2);
        (validators[0], validators[1]) = (address(0x0a), address(0x0b));
        return IQbftLightClient.TrustAnchor({number: 7, timestamp: START, hash: hash, validators: validators});
    }
}
