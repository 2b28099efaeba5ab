// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Bls12381} from "../../../src/crypto/Bls12381.sol";
import {EthereumLightClient} from "../../../src/light-clients/ethereum/EthereumLightClient.sol";
import {IEthereumLightClient} from "../../../src/light-clients/ethereum/IEthereumLightClient.sol";
import {ILightClient} from "../../../src/light-clients/ILightClient.sol";
import {EthereumClientTest} from "./EthereumClientTest.sol";

/// @notice What the constructor refuses.
contract EthereumBootstrapTest is EthereumClientTest {
    IEthereumLightClient.Parameters private parameters;
    IEthereumLightClient.Fork[] private forks;
    IEthereumLightClient.Bootstrap private bootstrap;

    function setUp() public {
        json = _load("minimal.json");
        vm.warp(vm.parseJsonUint(json, ".time"));
        (
            IEthereumLightClient.Parameters memory parameters_,
            IEthereumLightClient.Fork[] memory forks_,
            IEthereumLightClient.Bootstrap memory bootstrap_
        ) = _decode(_bytes(".constructor"));
        parameters = parameters_;
        for (uint256 i = 0; i < forks_.length; ++i) {
            forks.push(forks_[i]);
        }
        bootstrap = bootstrap_;
    }

    function test_RevertWhen_TheBlockIsNotTheTrustedOne() public {
        bootstrap.blockRoot = bytes32(uint256(1));
        _reverts(IEthereumLightClient.EthereumLightClient_BootstrapRoot.selector);
    }

    function test_RevertWhen_AnyByteOfTheHeaderIsAltered() public {
        bytes memory header = bootstrap.header;
        for (uint256 i = 7; i < 112; i += 5) {
            bootstrap.header = header;
            bootstrap.header[i] = header[i] ^ 0x01;
            _reverts(IEthereumLightClient.EthereumLightClient_BootstrapRoot.selector);
        }
        bootstrap.header = bytes.concat(header, bytes1(0));
        _reverts(IEthereumLightClient.EthereumLightClient_Length.selector);
    }

    function test_RevertWhen_TheCommitteeIsNotOfTheBlock() public {
        bytes4 selector = IEthereumLightClient.EthereumLightClient_BootstrapBranch.selector;
        bytes32 root = bootstrap.syncCommitteeRoot;
        bootstrap.syncCommitteeRoot = vm.parseJsonBytes32(json, ".committeeRoots.c2");
        _reverts(selector);
        bootstrap.syncCommitteeRoot = root;
        for (uint256 i = 0; i < 5; ++i) {
            bytes32 sibling = bootstrap.branch[i];
            bootstrap.branch[i] = ~sibling;
            _reverts(selector);
            bootstrap.branch[i] = sibling;
        }
        bootstrap.branch.push(bytes32(0));
        _reverts(IEthereumLightClient.EthereumLightClient_Length.selector);
    }

    function test_RevertWhen_TheBlockIsOldOrInTheFuture() public {
        uint256 time = parameters.genesisTime + 72 * 6;
        vm.warp(time + 86_400);
        _reverts(ILightClient.LightClient_Expired.selector);
        vm.warp(time - 13);
        _reverts(IEthereumLightClient.EthereumLightClient_Future.selector);
        vm.warp(time - 12);
        this.deploy();
    }

    function test_RevertWhen_ForksAreOutOfOrderOrTooLate() public {
        forks[2].epoch = forks[1].epoch;
        _reverts(IEthereumLightClient.EthereumLightClient_ForkOrder.selector);
        forks[2].epoch = 16;
        forks[0].epoch = 10;
        forks[1].epoch = 11;
        _reverts(IEthereumLightClient.EthereumLightClient_UnsupportedFork.selector);
    }

    /// An empty schedule was Capella for ever under version 0x00000000: a guess that no chain made.
    function test_RevertWhen_ThereIsNoFork() public {
        while (forks.length != 0) {
            forks.pop();
        }
        vm.expectRevert(
            abi.encodeWithSelector(IEthereumLightClient.EthereumLightClient_Parameter.selector, bytes32("forks"), 0)
        );
        this.deploy();
    }

    function test_RevertWhen_AParameterIsOutOfBounds() public {
        bytes4 selector = IEthereumLightClient.EthereumLightClient_Parameter.selector;
        parameters.trustingPeriod = 14 days + 1;
        _reverts(selector);
        parameters.trustingPeriod = 0;
        _reverts(selector);
        parameters.trustingPeriod = 14 days;
        parameters.clockDrift = 121;
        _reverts(selector);
        parameters.clockDrift = 120;
        parameters.forkNotice = 120;
        _reverts(selector);
        parameters.forkNotice = 121;
        parameters.syncCommitteeSize = 64;
        _reverts(selector);
        parameters.syncCommitteeSize = 32;
        parameters.slotsPerHistoricalRoot = 128;
        _reverts(selector);
        parameters.slotsPerHistoricalRoot = 64;
        parameters.secondsPerSlot = 0;
        _reverts(selector);
        parameters.secondsPerSlot = 6;
        parameters.slotsPerEpoch = 0;
        _reverts(selector);
        parameters.slotsPerEpoch = 8;
        parameters.epochsPerSyncCommitteePeriod = 0;
        _reverts(selector);
        parameters.epochsPerSyncCommitteePeriod = 8;
        this.deploy();
    }

    /// On a chain without EIP-2537 a call to the address succeeds and returns nothing.
    function test_RevertWhen_TheChainHasNotThePrecompiles() public {
        // A precompile cannot be taken away here, so a code that answers nothing stands for it.
        vm.mockCall(address(0x0f), "", "");
        vm.expectRevert(abi.encodeWithSelector(Bls12381.Bls12381_Precompile.selector, address(0x0f)));
        this.deploy();
    }

    /// @dev A frame of its own: forge replaces `new` by a cheatcode here, and `vm.expectRevert` right before that would end the
    ///      test as passed.
    function deploy() external returns (EthereumLightClient) {
        return new EthereumLightClient(parameters, forks, bootstrap);
    }

    function _reverts(bytes4 selector) private {
        vm.expectPartialRevert(selector);
        this.deploy();
    }
}
