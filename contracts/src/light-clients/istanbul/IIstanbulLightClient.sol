// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ILightClient} from "../ILightClient.sol";

/// @title  Light client of the MAP relay chain: Istanbul BFT with aggregated BN254 seals
/// @notice Byte formats are in `docs/spec/istanbul-light-client.md`.
interface IIstanbulLightClient is ILightClient {
    /// @notice What of the chain never changes.
    struct Chain {
        /// @dev EIP-155 id.
        uint256 chainId;
        /// @dev Blocks of an epoch: the last of each says how the next epoch's validator set differs.
        uint64 epochSize;
        /// @dev First block sealed over a hash to the curve. Seals before it can be made by anybody from public keys.
        uint64 forkHeight;
    }

    /// @notice What the client takes on trust when it starts.
    struct TrustAnchor {
        /// @dev Height of the newest block taken on trust.
        uint64 number;
        /// @dev Unix seconds of that block, or earlier; the trusting period runs from it.
        uint64 timestamp;
        /// @dev Hash of that block; 0 stores no block.
        bytes32 hash;
        /// @dev G1 keys `x ‖ y`, 64 bytes each, of the set that seals the block at `number + 1`, in the order of its seats.
        bytes validators;
    }

    /// @notice The validator set of an epoch.
    struct EpochSet {
        /// @dev First 26 bytes of the keccak-256 of its G1 keys; 0 where the client does not know the epoch.
        bytes26 setHash;
        /// @dev Unix seconds of the last block of the epoch before, or of the anchor. The trusting period of the set before
        ///      runs from it; that of the current epoch's set runs from the head.
        uint48 since;
    }

    /// @notice The validator set of a new epoch is known.
    event EpochAdopted(uint256 indexed epoch, bytes26 setHash, uint256 size);
    /// @notice A block that is not beyond the head was stored.
    event BlockStored(uint64 indexed number, bytes32 hash);

    /// @notice A parameter is 0.
    error IstanbulLightClient_ZeroParameter();
    /// @notice The anchor's keys are not whole keys, or none, or too many. @param limit Most bytes. @param given Bytes.
    error IstanbulLightClient_AnchorSet(uint256 limit, uint256 given);
    /// @notice The bytes end too early. @param expected Bytes needed. @param given Bytes left.
    error IstanbulLightClient_Truncated(uint256 expected, uint256 given);
    /// @notice The proof is of no known kind. @param given Its first byte.
    error IstanbulLightClient_ProofKind(uint256 given);
    /// @notice An update holds no header.
    error IstanbulLightClient_EmptyUpdate();
    /// @notice The headers of an update do not ascend. @param expected Lowest height allowed. @param given Height.
    error IstanbulLightClient_HeaderOrder(uint256 expected, uint256 given);
    /// @notice A header beyond the head is older than the head. @param expected Least timestamp. @param given Its own.
    error IstanbulLightClient_Timestamp(uint256 expected, uint256 given);
    /// @notice The header is from the future. @param limit Greatest timestamp allowed. @param given Its own.
    error IstanbulLightClient_FutureHeader(uint256 limit, uint256 given);
    /// @notice Before the fork seals can be forged. @param expected Lowest height allowed. @param given Height.
    error IstanbulLightClient_BeforeFork(uint256 expected, uint256 given);
    /// @notice The epoch's set is not known: an update must come first, or the epoch is older than the client.
    /// @param  current Newest epoch known. @param given Epoch.
    error IstanbulLightClient_UnknownEpoch(uint256 current, uint256 given);
    /// @notice The set was replaced, and the trusting period since it last vouched is over.
    error IstanbulLightClient_SetExpired(uint256 expiredAt, uint256 timestamp);
    /// @notice The keys given are not the epoch's set. @param expected Its hash. @param given Hash of those given.
    error IstanbulLightClient_WrongSet(bytes26 expected, bytes26 given);
    /// @notice A seat that is not there is said to have signed. @param limit Seats. @param given Bitmap.
    error IstanbulLightClient_UnknownSigner(uint256 limit, uint256 given);
    /// @notice Too few validators signed. @param expected Quorum. @param given Signers.
    error IstanbulLightClient_TooFewSigners(uint256 expected, uint256 given);
    /// @notice The seal is not the aggregate of the signers' over this header and round, or the aggregate key not theirs.
    error IstanbulLightClient_Seal(bytes32 hash, uint256 round, uint256 bitmap);
    /// @notice The block is not stored. @param stored Hash stored at that height, 0 for none. @param given Hash.
    error IstanbulLightClient_NotStored(uint256 number, bytes32 stored, bytes32 given);
    /// @notice Another block is stored at that height. @param stored Its hash. @param given Hash.
    error IstanbulLightClient_Conflict(uint256 number, bytes32 stored, bytes32 given);
    /// @notice The header is not the parent of the one before. @param expected Parent hash. @param given Hash.
    error IstanbulLightClient_NotParent(bytes32 expected, bytes32 given);

    /// @notice Seconds for which a set of validators is trusted after the newest header known of it.
    function trustingPeriod() external view returns (uint256);

    /// @notice Seconds that a header may be ahead of this chain's clock.
    function clockDrift() external view returns (uint256);

    /// @notice Blocks of an epoch.
    function epochSize() external view returns (uint256);

    /// @notice Lowest height of a block that is accepted.
    function forkHeight() external view returns (uint256);

    /// @notice Newest epoch whose set is known: that of the block after the head.
    function currentEpoch() external view returns (uint256);

    /// @notice The validator set of an epoch, all zero if it is not known.
    function epochSet(uint256 epoch) external view returns (EpochSet memory);

    /// @notice Hash of the stored block at this height, 0 for none.
    function blockHash(uint256 number) external view returns (bytes32);
}
