// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ILightClient} from "../ILightClient.sol";

/// @title  Light client of a Parlia chain with fast finality (BNB Smart Chain)
/// @notice Byte formats and rules are in `docs/spec/parlia-light-client.md`.
interface IParliaLightClient is ILightClient {
    /// @notice What the client takes on trust when it starts.
    struct TrustAnchor {
        /// @dev Height of a final block.
        uint48 number;
        /// @dev Unix seconds of that block, or earlier; the trusting period runs from it.
        uint48 timestamp;
        /// @dev Hash of that block; 0 stores no block.
        bytes32 hash;
        /// @dev The block that lists `keys`, first of its epoch.
        uint48 epoch;
        /// @dev Unix seconds of that block; once the set is replaced, its trusting period runs from here.
        uint48 epochTimestamp;
        /// @dev First target on which the set votes: `epoch` and the switch offset of the set before.
        uint48 first;
        /// @dev Turn length that the block lists.
        uint8 turnLength;
        /// @dev Vote keys in the order of the validators' addresses, affine, `x(48) y(48)` each.
        bytes keys;
    }

    /// @notice What a deployer chooses.
    struct Parameters {
        /// @dev EIP-155 id of the source chain.
        uint256 chainId;
        /// @dev Blocks in an epoch, at the anchor.
        uint24 epochLength;
        /// @dev Seconds for which a validator set is trusted; below the chain's unbonding period.
        uint48 trustingPeriod;
        /// @dev Seconds that a header may be ahead of this chain's clock.
        uint48 clockDrift;
        /// @dev Timelock that may schedule another epoch length; 0 for nobody.
        address scheduler;
    }

    /// @notice The newest validator set is another. @param epoch The block that lists it. @param first First target on
    ///         which it votes. @param end First target on which it does not vote any more.
    event ValidatorSetAdopted(uint256 indexed epoch, bytes32 commitment, uint256 first, uint256 end, uint256 size);
    /// @notice A block that is not beyond the head was stored.
    event BlockStored(uint64 indexed number, bytes32 hash);
    /// @notice From block `from` on, epochs have `length` blocks.
    event EpochLengthScheduled(uint256 indexed from, uint256 length);

    /// @notice A parameter is 0.
    error ParliaLightClient_ZeroParameter();
    /// @notice The bytes end too early. @param expected Bytes needed. @param given Bytes left.
    error ParliaLightClient_Truncated(uint256 expected, uint256 given);
    /// @notice Bytes follow the proof. @param given Bytes.
    error ParliaLightClient_TrailingBytes(uint256 given);
    /// @notice The proof, or the step of an update, is of no known kind. @param given Its first byte.
    error ParliaLightClient_ProofKind(uint256 given);
    /// @notice A link between headers is of no known kind. @param given Its first byte.
    error ParliaLightClient_LinkKind(uint256 given);
    /// @notice An update holds no step.
    error ParliaLightClient_EmptyUpdate();
    /// @notice The votes are not for the source's child: they justify, and finalize nothing (BEP-126).
    /// @param  expected The child's height. @param given Height of the target.
    error ParliaLightClient_NotAdjacent(uint256 expected, uint256 given);
    /// @notice The client has no validator set of this epoch.
    error ParliaLightClient_UnknownEpoch(uint256 given);
    /// @notice The set, as given, is not the one that the client knows. @param expected Its commitment. @param given Of
    ///         what was given.
    error ParliaLightClient_Commitment(bytes32 expected, bytes32 given);
    /// @notice The set does not vote on this target. @param first First target. @param end First target not voted on.
    error ParliaLightClient_HeightOutOfRange(uint256 first, uint256 end, uint256 given);
    /// @notice The set was replaced, and its trusting period is over.
    error ParliaLightClient_SetExpired(uint256 expiredAt, uint256 timestamp);
    /// @notice A bit is set that no validator has. @param size Validators. @param given The bits.
    error ParliaLightClient_UnknownVoter(uint256 size, uint256 given);
    /// @notice Too few votes. @param expected Quorum. @param given Votes.
    error ParliaLightClient_TooFewVotes(uint256 expected, uint256 given);
    /// @notice Too few votes of the trusted set. @param expected Its quorum. @param given Votes.
    error ParliaLightClient_TooFewTrustedVotes(uint256 expected, uint256 given);
    /// @notice The aggregate signature is not one of the voters over the votes. @param given Hash of the votes.
    error ParliaLightClient_Signature(bytes32 given);
    /// @notice The voter in this seat is not in the trusted set and did not prove that it has its key.
    error ParliaLightClient_Possession(uint256 seat);
    /// @notice The key is not that of the trusted seat, or the seat was taken before.
    error ParliaLightClient_TrustedSeat(uint256 seat, uint256 given);
    /// @notice A header beyond the head is older than the head. @param expected Least timestamp. @param given Its own.
    error ParliaLightClient_Timestamp(uint256 expected, uint256 given);
    /// @notice The header is from the future. @param limit Greatest timestamp allowed. @param given Its own.
    error ParliaLightClient_FutureHeader(uint256 limit, uint256 given);
    /// @notice The block is not stored. @param stored Hash stored at that height, 0 for none. @param given Hash.
    error ParliaLightClient_NotStored(uint256 number, bytes32 stored, bytes32 given);
    /// @notice Another block is stored at that height. @param stored Its hash. @param given Hash.
    error ParliaLightClient_Conflict(uint256 number, bytes32 stored, bytes32 given);
    /// @notice The header is not the one that the block above names. @param expected Hash. @param given Hash.
    error ParliaLightClient_NotParent(bytes32 expected, bytes32 given);
    /// @notice The block above keeps no hash of this height (EIP-2935). @param above Its height. @param given Height.
    error ParliaLightClient_LinkOrder(uint256 above, uint256 given);
    /// @notice The block is not the one whose set comes next. @param expected Height. @param given Height.
    error ParliaLightClient_EpochOrder(uint256 expected, uint256 given);
    /// @notice The set could not hand over to the next within an epoch. @param limit Epoch length. @param given Offset.
    error ParliaLightClient_SwitchOffset(uint256 limit, uint256 given);
    /// @notice The caller may not schedule. @param expected Who may. @param given Caller.
    error ParliaLightClient_Unauthorized(address expected, address given);
    /// @notice The epoch length cannot be scheduled so: it touches the past, or no epoch begins at `from`.
    error ParliaLightClient_Schedule(uint256 from, uint256 length);

    /// @notice From block `from`, the first of an epoch, epochs have `length` blocks.
    function scheduleEpochLength(uint48 from, uint24 length) external;

    /// @notice What the deployer chose.
    function parameters() external view returns (Parameters memory);

    /// @notice The block that lists the newest set, and the first target on which that set does not vote any more.
    function newestSet() external view returns (uint256 epoch, uint256 end);

    /// @notice Commitment to the set that `epoch` lists, 0 where the client has none.
    function setCommitment(uint256 epoch) external view returns (bytes32);

    /// @notice Blocks in an epoch, and what is scheduled: 0 and 0 for nothing.
    function epochLengths() external view returns (uint256 length, uint256 nextFrom, uint256 nextLength);

    /// @notice Hash of the stored block at this height, 0 for none.
    function blockHash(uint256 number) external view returns (bytes32);
}
