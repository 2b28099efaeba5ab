// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ILightClient} from "../../../src/light-clients/ILightClient.sol";

/// @notice A light client that believes the roots that a test gives it. The proof of a block is the root itself.
contract TestLightClient is ILightClient {
    error TestLightClient_UnknownRoot(bytes32 root);

    uint256 public immutable chainId;
    Status public status;
    uint256 public updates;
    mapping(bytes32 root => bool) private _final;

    constructor(uint256 chainId_) {
        chainId = chainId_;
    }

    function setFinal(bytes32 root) external {
        _final[root] = true;
    }

    function setStatus(Status status_) external {
        status = status_;
    }

    /// @dev An update is a root that becomes final.
    function update(bytes calldata data) external returns (UpdateResult) {
        if (status == Status.Frozen) revert LightClient_Frozen();
        ++updates;
        bytes32 root = abi.decode(data, (bytes32));
        if (_final[root]) return UpdateResult.NoOp;
        _final[root] = true;
        return UpdateResult.Updated;
    }

    function verifyBlock(bytes calldata proof) external view returns (Block memory finalBlock) {
        if (status == Status.Frozen) revert LightClient_Frozen();
        bytes32 root = abi.decode(proof, (bytes32));
        if (!_final[root]) revert TestLightClient_UnknownRoot(root);
        finalBlock.receiptsRoot = root;
    }

    function verifyReceiptsRoot(bytes calldata proof) external view returns (bytes32) {
        return this.verifyBlock(proof).receiptsRoot;
    }

    function reportMisbehaviour(bytes calldata) external {
        status = Status.Frozen;
    }

    function head() external pure returns (Head memory) {
        return Head(0, 0, 0);
    }

    function expiresAt() external pure returns (uint256) {
        return type(uint256).max;
    }

    function consensus() external pure returns (string memory) {
        return "test";
    }
}
