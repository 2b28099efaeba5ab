// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title  Light client
/// @notice Follows the consensus of one source chain and answers: is this block final?
/// @dev    Anybody may call every function. Verification cannot be switched off and there is no owner who can replace
///         it; what a fork of the source chain needs is scheduled ahead through a timelock and never touches the past.
interface ILightClient {
    /// @notice What the client still accepts.
    /// @dev    `Active`: everything. `Expired`: the head is older than the trusting period; what is stored stays valid,
    ///         nothing newly signed is accepted. `Frozen`: misbehaviour was proven; nothing is accepted.
    ///         Expired and Frozen are final for this contract: recovery is a new client behind a new route.
    enum Status {
        Active,
        Expired,
        Frozen
    }

    /// @notice What a valid update changed.
    /// @dev    `NoOp`: verified in full and nothing was new. `Updated`: the head moved, or a validator set or an older
    ///         block was stored.
    enum UpdateResult {
        NoOp,
        Updated
    }

    /// @notice A final execution block of the source chain.
    struct Block {
        /// @dev Execution block number.
        uint256 number;
        /// @dev Unix seconds, from the header.
        uint256 timestamp;
        /// @dev keccak-256 of the header as the source chain computes it.
        bytes32 hash;
        /// @dev Root of the state trie after the block.
        bytes32 stateRoot;
        /// @dev Root of the transactions trie of the block.
        bytes32 transactionsRoot;
        /// @dev Root of the receipts trie of the block.
        bytes32 receiptsRoot;
        /// @dev Share of the signing set that vouched for the block, in basis points, rounded down.
        uint256 participation;
    }

    /// @notice The newest final point that the client knows.
    struct Head {
        /// @dev In the consensus' own unit: beacon slot for Ethereum, block number for QBFT.
        uint64 number;
        /// @dev Unix seconds of that point.
        uint64 timestamp;
        /// @dev Beacon block root for Ethereum, block hash for QBFT.
        bytes32 hash;
    }

    /// @notice The head moved.
    event HeadAdvanced(uint64 indexed number, uint64 timestamp, bytes32 hash, uint256 participation);
    /// @notice Two valid, conflicting proofs were shown: the client is frozen for good.
    event Misbehaviour(address indexed reporter, bytes32 first, bytes32 second);

    /// @notice The client accepts nothing, because misbehaviour was proven.
    error LightClient_Frozen();
    /// @notice The head is older than the trusting period.
    /// @param expiredAt Unix seconds when the client expired. @param timestamp Unix seconds now.
    error LightClient_Expired(uint256 expiredAt, uint256 timestamp);
    /// @notice The evidence does not prove a conflict.
    error LightClient_NoConflict();

    /// @notice Verifies an update in full and applies what is new in it.
    /// @param  data Encoded as `docs/spec/` says for the client's consensus.
    function update(bytes calldata data) external returns (UpdateResult result);

    /// @notice The block that `proof` proves to be final. Reverts unless it is.
    /// @param  proof Encoded as `docs/spec/` says for the client's consensus.
    function verifyBlock(bytes calldata proof) external view returns (Block memory finalBlock);

    /// @notice The receipts root of a block that `proof` proves to be final. Reverts unless it is.
    /// @dev    All that a message needs. A consensus that can show the root alone takes a shorter proof here; every client
    ///         takes what `verifyBlock` takes as well.
    /// @param  proof Encoded as `docs/spec/` says for the client's consensus.
    function verifyReceiptsRoot(bytes calldata proof) external view returns (bytes32 receiptsRoot);

    /// @notice Freezes the client for good if `evidence` holds two valid proofs that conflict; reverts otherwise.
    function reportMisbehaviour(bytes calldata evidence) external;

    /// @notice The newest final point known.
    function head() external view returns (Head memory);

    /// @notice Whether the client is active, expired or frozen.
    function status() external view returns (Status);

    /// @notice Unix seconds from which the client is expired unless its head moves.
    function expiresAt() external view returns (uint256);

    /// @notice EIP-155 id of the source chain.
    function chainId() external view returns (uint256);

    /// @notice Name of the consensus in the registry: "ethereum", "qbft".
    function consensus() external view returns (string memory);
}
