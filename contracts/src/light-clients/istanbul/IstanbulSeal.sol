// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Bn254} from "../../crypto/Bn254.sol";
import {RLP} from "../../proofs/RLP.sol";
import {HashToG1} from "./HashToG1.sol";
import {IIstanbulLightClient} from "./IIstanbulLightClient.sol";
import {IstanbulValidators} from "./IstanbulValidators.sol";

/// @title  The aggregated seal of a MAP relay chain header, with the keys that it is checked by
/// @notice Behind the header: `size(1) members(64·size) bitmap(32) round(8) signature(64) aggregateKey(128) hints(32·k)`. A
///         validator commits to a block by signing `hash ‖ round ‖ 0x02` (atlas `PrepareCommittedSeal`), the round in as few
///         bytes as it needs; a seal is the sum of the signatures of the validators whose bits are set.
library IstanbulSeal {
    /// @dev Bytes of: the number of members, bitmap, round.
    uint256 private constant COUNT_SIZE = 1;
    uint256 private constant BITMAP_SIZE = 32;
    uint256 private constant ROUND_SIZE = 8;
    /// @dev Kind of message that a commit is (atlas `istanbul.MsgCommit`).
    uint256 private constant MSG_COMMIT = 2;
    /// @dev Basis points in a whole.
    uint256 private constant BASIS_POINTS = 10_000;

    /// @notice A seal and the set that it claims to be of.
    struct Seal {
        /// @dev Where the members' keys start in calldata, and how many there are.
        uint256 members;
        uint256 size;
        bytes26 setHash;
        /// @dev Bit i: the member in seat i signed.
        uint256 bitmap;
        uint256 round;
        /// @dev Where the signature starts in calldata; the aggregate key and the hints follow.
        uint256 signature;
        /// @dev How many signed; known once verified.
        uint256 signers;
    }

    /// @notice The seal at `ptr`, nothing of it verified.
    function read(uint256 ptr, uint256 limit) internal pure returns (Seal memory seal) {
        seal.members = _take(ptr, limit, COUNT_SIZE);
        seal.size = RLP.loadAt(ptr) >> 248;
        ptr = _take(seal.members, limit, seal.size * IstanbulValidators.MEMBER_SIZE);
        seal.setHash = IstanbulValidators.hash(keccak256(RLP.slice(seal.members, ptr)));
        seal.signature = _take(ptr, limit, BITMAP_SIZE + ROUND_SIZE);
        seal.bitmap = RLP.loadAt(ptr);
        seal.round = RLP.loadAt(ptr + BITMAP_SIZE) >> 192;
        _take(seal.signature, limit, Bn254.G1_SIZE + Bn254.G2_SIZE);
    }

    /// @notice Reverts unless a quorum of the members signed the block with this hash. @return to Where the seal ends.
    /// @dev    The bitmap is not signed, and need not be: a prover who clears a signer's bit or sets another's has a sum of
    ///         keys that the signature is not of.
    function verify(Seal memory seal, bytes32 hash, uint256 limit) internal view returns (uint256 to) {
        if (seal.bitmap >> seal.size != 0) {
            revert IIstanbulLightClient.IstanbulLightClient_UnknownSigner(seal.size, seal.bitmap);
        }
        seal.signers = _count(seal.bitmap);
        uint256 needed = quorum(seal.size);
        if (seal.signers < needed) {
            revert IIstanbulLightClient.IstanbulLightClient_TooFewSigners(needed, seal.signers);
        }
        Bn254.G1Point memory signature = Bn254.loadG1(seal.signature);
        Bn254.G2Point memory aggregate = Bn254.loadG2(seal.signature + Bn254.G1_SIZE);
        Bn254.G1Point memory keySum = Bn254.sumAt(seal.members, seal.bitmap);
        Bn254.G1Point memory message;
        (message, to) = HashToG1.hash(_message(hash, seal.round), seal.signature + Bn254.G1_SIZE + Bn254.G2_SIZE, limit);
        if (!Bn254.verifyAggregate(message, signature, keySum, aggregate)) {
            revert IIstanbulLightClient.IstanbulLightClient_Seal(hash, seal.round, seal.bitmap);
        }
    }

    /// @notice Signers that commit a block among `size` validators: `ceil(2N/3)`, atlas' `MinQuorumSize`.
    function quorum(uint256 size) internal pure returns (uint256) {
        return (2 * size + 2) / 3;
    }

    /// @notice Share of the set that signed, in basis points, rounded down.
    function participation(Seal memory seal) internal pure returns (uint256) {
        return seal.signers * BASIS_POINTS / seal.size;
    }

    /// @dev `hash ‖ round ‖ 0x02`, the round big-endian without leading zeros: 0 takes no byte.
    function _message(bytes32 hash, uint256 round) private pure returns (bytes memory message) {
        uint256 size = 0; // bytes of the round, at most 8
        while (round >> (8 * size) != 0) ++size;
        bytes9 tail = bytes9(uint72((round << 8 | MSG_COMMIT) << (64 - 8 * size)));
        message = new bytes(33 + size);
        // The allocation is rounded up to 64 bytes, and so takes the 41 that are written.
        assembly ("memory-safe") {
            mstore(add(message, 0x20), hash)
            mstore(add(message, 0x40), tail)
        }
    }

    /// @dev Bits that are set. Their order of magnitude is that of the set, so a loop over them is enough.
    function _count(uint256 bitmap) private pure returns (uint256 bits) {
        // Each step clears the lowest bit; it is not 0 when 1 is subtracted.
        unchecked {
            for (; bitmap != 0; bitmap &= bitmap - 1) {
                ++bits;
            }
        }
    }

    function _take(uint256 ptr, uint256 limit, uint256 size) private pure returns (uint256 to) {
        to = ptr + size;
        if (to > limit) revert IIstanbulLightClient.IstanbulLightClient_Truncated(size, limit - ptr);
    }
}
