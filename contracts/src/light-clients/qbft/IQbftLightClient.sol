// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ILightClient} from "../ILightClient.sol";

/// @title  Light client of a QBFT chain whose validators are elected by votes in headers
/// @notice Byte formats are in `docs/spec/qbft-light-client.md`.
interface IQbftLightClient is ILightClient {
    /// @notice What the client takes on trust when it starts.
    struct TrustAnchor {
        /// @dev Height from which `validators` vouch for blocks.
        uint64 number;
        /// @dev Unix seconds of the block at that height, or earlier; the trusting period runs from it.
        uint64 timestamp;
        /// @dev Hash of the block at that height; 0 stores no block.
        bytes32 hash;
        /// @dev Strictly ascending.
        address[] validators;
    }

    /// @notice A validator set and the heights whose blocks it may vouch for.
    struct SetRange {
        /// @dev keccak-256 of the list of validators as a header's extra data has it, without the list's prefix.
        bytes32 setHash;
        /// @dev First height.
        uint64 first;
        /// @dev Last height: that of the header that brought the next set. It was judged by this set, and so is whatever
        ///      contradicts it. Largest value for the current set.
        uint64 end;
        /// @dev Timestamp of the newest header known of this set when the next came, from which its trusting period
        ///      runs; 0 for the current set, whose period runs from the head.
        uint64 vouchedAt;
    }

    /// @notice A new validator set is trusted.
    event ValidatorSetAdopted(uint256 indexed range, uint64 indexed number, bytes32 setHash, uint256 size);
    /// @notice A block that is not beyond the head was stored.
    event BlockStored(uint64 indexed number, bytes32 hash);

    /// @notice A parameter is 0.
    error QbftLightClient_ZeroParameter();
    /// @notice The chain that the client runs on lacks ecrecover. @param expected Signer. @param given What it recovered.
    error QbftLightClient_NoEcrecover(address expected, address given);
    /// @notice The bytes end too early. @param expected Bytes needed. @param given Bytes left.
    error QbftLightClient_Truncated(uint256 expected, uint256 given);
    /// @notice The proof is of no known kind. @param given Its first byte.
    error QbftLightClient_ProofKind(uint256 given);
    /// @notice An update holds no header.
    error QbftLightClient_EmptyUpdate();
    /// @notice The headers of an update do not ascend. @param expected Lowest height allowed. @param given Height.
    error QbftLightClient_HeaderOrder(uint256 expected, uint256 given);
    /// @notice A header beyond the head is older than the head. @param expected Least timestamp. @param given Its own.
    error QbftLightClient_Timestamp(uint256 expected, uint256 given);
    /// @notice The header is from the future. @param limit Greatest timestamp allowed. @param given Its own.
    error QbftLightClient_FutureHeader(uint256 limit, uint256 given);
    /// @notice There is no such set range. @param limit Ranges. @param given Index.
    error QbftLightClient_UnknownRange(uint256 limit, uint256 given);
    /// @notice The set does not vouch for this height. @param first First height. @param end Last height.
    error QbftLightClient_HeightOutOfRange(uint256 first, uint256 end, uint256 given);
    /// @notice The set was replaced, and the trusting period since it last vouched is over.
    error QbftLightClient_SetExpired(uint256 expiredAt, uint256 timestamp);
    /// @notice The set given as the trusted one is another. @param expected Its hash. @param given Hash of that given.
    error QbftLightClient_TrustedSet(bytes32 expected, bytes32 given);
    /// @notice The header beyond the head has another set than the head: an update must come first.
    error QbftLightClient_SetChanged(bytes32 expected, bytes32 given);
    /// @notice Too few seals of the header's own set. @param expected Quorum. @param given Seals.
    error QbftLightClient_TooFewSeals(uint256 expected, uint256 given);
    /// @notice Too few seals of the trusted set. @param expected Seals needed. @param given Seals.
    error QbftLightClient_TooFewTrustedSeals(uint256 expected, uint256 given);
    /// @notice A seat is there twice, or the seats do not ascend. @param expected Lowest seat allowed. @param given Seat.
    error QbftLightClient_SealOrder(uint256 expected, uint256 given);
    /// @notice No validator has this seat. @param limit Validators. @param given Seat.
    error QbftLightClient_UnknownSeat(uint256 limit, uint256 given);
    /// @notice The seal is not of the validator in that seat. @param expected Validator. @param given Signer, 0 for none.
    error QbftLightClient_UnknownSigner(address expected, address given);
    /// @notice The recovery id of a seal is neither 0 nor 1.
    error QbftLightClient_RecoveryId(uint256 given);
    /// @notice The block is not stored. @param stored Hash stored at that height, 0 for none. @param given Hash.
    error QbftLightClient_NotStored(uint256 number, bytes32 stored, bytes32 given);
    /// @notice Another block is stored at that height. @param stored Its hash. @param given Hash.
    error QbftLightClient_Conflict(uint256 number, bytes32 stored, bytes32 given);
    /// @notice The header is not the parent of the one before. @param expected Parent hash. @param given Hash.
    error QbftLightClient_NotParent(bytes32 expected, bytes32 given);

    /// @notice Seconds for which a set of validators is trusted after the newest header known of it.
    function trustingPeriod() external view returns (uint256);

    /// @notice Seconds that a header may be ahead of this chain's clock.
    function clockDrift() external view returns (uint256);

    /// @notice Hash of the stored block at this height, 0 for none.
    function blockHash(uint256 number) external view returns (bytes32);

    /// @notice How many set ranges there are; the last holds the current set.
    function setRangeCount() external view returns (uint256);

    /// @notice The set range with this index.
    function setRange(uint256 index) external view returns (SetRange memory);
}
