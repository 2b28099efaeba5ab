// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {FeeService} from "../src/mos/FeeService.sol";
import {MosTest} from "./mos/utils/MosTest.sol";

/// @notice Test contracts are compiled without the optimizer (`scripts/solc-split.cjs`), what they test must not be: the code
///         that `new` deploys is the one of the artifacts, which are made with the settings of production.
contract AsDeployedTest is MosTest {
    function test_NewDeploysTheArtifact() public {
        vm.chainId(CHAIN_A);
        _assertArtifact(address(feeA), "FeeService", abi.encode(timelock, PRICER, mosA));
        address next = vm.computeCreateAddress(address(this), vm.getNonce(address(this)) + 1);
        FeeService fees = new FeeService(address(timelock), PRICER, next);
        _assertArtifact(address(mosA), "MessageService", abi.encode(timelock, fees, PAUSER, UNPAUSER));
        address[] memory self = new address[](1);
        self[0] = address(this);
        _assertArtifact(address(timelock), "Timelock", abi.encode(1 days, self, self, address(0)));
    }

    /// @dev Immutables are alike where the arguments are.
    function _assertArtifact(address deployed, string memory name, bytes memory arguments) private {
        string memory out = vm.envOr("FOUNDRY_OUT", "contracts/out");
        string memory path = string.concat(out, "/", name, ".sol/", name, ".json");
        vm.assertTrue(abi.decode(vm.parseJson(vm.readFile(path), ".metadata.settings.viaIR"), (bool)), name);
        bytes memory creation = bytes.concat(vm.getCode(path), arguments);
        address artifact;
        assembly ("memory-safe") {
            artifact := create(0, add(creation, 32), mload(creation))
        }
        vm.assertGt(artifact.code.length, 0);
        vm.assertEq(deployed.codehash, artifact.codehash, name);
    }
}
