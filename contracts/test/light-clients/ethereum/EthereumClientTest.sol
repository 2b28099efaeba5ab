// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {EthereumLightClient} from "../../../src/light-clients/ethereum/EthereumLightClient.sol";
import {IEthereumLightClient} from "../../../src/light-clients/ethereum/IEthereumLightClient.sol";
import {ILightClient} from "../../../src/light-clients/ILightClient.sol";
import {Test} from "../../utils/Test.sol";

/// @notice Clients and bytes from `vectors/ethereum/`, which scripts/vectors/ethereum.ts makes.
abstract contract EthereumClientTest is Test {
    /// @dev Where the fields of an update of 32 members stand.
    uint256 internal constant ATTESTED_SLOT = 0;
    uint256 internal constant FINALIZED = 112;
    uint256 internal constant SIGNATURE_SLOT = 224;
    uint256 internal constant BITS = 232;
    uint256 internal constant PUBKEYS_ROOT = 236;
    uint256 internal constant AGGREGATE = 268;
    uint256 internal constant SIGNATURE = 364;
    uint256 internal constant FLAG = 556;
    uint256 internal constant BRANCHES = 557;

    /// @dev Slots of storage: the packed word, then 16 committees, then 8192 blocks.
    bytes32 internal constant STATE = 0;
    uint256 internal constant COMMITTEES_AT = 1;
    uint256 internal constant BLOCKS_AT = 17;

    string internal json;
    EthereumLightClient internal client;
    /// @dev Bytes by their keys, for tests that ask often: reading them out of the JSON takes milliseconds.
    mapping(string key => bytes) private kept;

    function _load(string memory file) internal view returns (string memory) {
        return vm.readFile(string.concat(vm.projectRoot(), "/vectors/ethereum/", file));
    }

    function _deploy(bytes memory args) internal returns (EthereumLightClient) {
        (
            IEthereumLightClient.Parameters memory parameters,
            IEthereumLightClient.Fork[] memory forks,
            IEthereumLightClient.Bootstrap memory bootstrap
        ) = _decode(args);
        return new EthereumLightClient(parameters, forks, bootstrap);
    }

    function _decode(bytes memory args)
        internal
        pure
        returns (
            IEthereumLightClient.Parameters memory,
            IEthereumLightClient.Fork[] memory,
            IEthereumLightClient.Bootstrap memory
        )
    {
        return abi.decode(
            args, (IEthereumLightClient.Parameters, IEthereumLightClient.Fork[], IEthereumLightClient.Bootstrap)
        );
    }

    function _bytes(string memory key) internal view returns (bytes memory known) {
        known = kept[key];
        if (known.length == 0) known = vm.parseJsonBytes(json, key);
    }

    function _keep(string memory key) internal {
        kept[key] = vm.parseJsonBytes(json, key);
    }

    function _keepUpdate(string memory name) internal {
        _keep(string.concat(".updates.", name));
    }

    function _update(string memory name) internal view returns (bytes memory) {
        return _bytes(string.concat(".updates.", name));
    }

    function _send(string memory name) internal returns (ILightClient.UpdateResult) {
        return client.update(_update(name));
    }

    function _flip(bytes memory data, uint256 index, uint8 bits) internal pure returns (bytes memory) {
        data[index] = bytes1(uint8(data[index]) ^ bits);
        return data;
    }

    function _slice(bytes memory data, uint256 start, uint256 end) internal pure returns (bytes memory part) {
        part = new bytes(end - start);
        for (uint256 i = start; i < end; ++i) {
            part[i - start] = data[i];
        }
    }

    function _splice(bytes memory data, uint256 start, bytes memory part) internal pure returns (bytes memory) {
        for (uint256 i = 0; i < part.length; ++i) {
            data[start + i] = part[i];
        }
        return data;
    }
}
