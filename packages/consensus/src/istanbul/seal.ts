import { uintBytes } from '@meridian/proofs/rlp'
import { concatHex, type Hex, hexToBytes, keccak256 } from 'viem'
import {
  decodeG1,
  decodeG2,
  decodeTwist,
  encodeG1,
  encodeG2,
  G1_GENERATOR,
  G2_GENERATOR,
  ORDER,
  pairingsEqual,
  signPoint,
  sumG1,
  sumG2,
} from './bn254.ts'
import { hashToG1, hintsOf } from './hash-to-g1.ts'
import { bitsOf } from './quorum.ts'

/** Kind of message that a commit is (atlas `istanbul.MsgCommit`). */
const MSG_COMMIT = 2

/** Sum of the committed seals of a block, as its header carries it. */
export interface AggregatedSeal {
  /** Bit i: the validator in seat i signed. */
  readonly bitmap: bigint
  /** Point of G1, 64 bytes. */
  readonly signature: Hex
  readonly round: bigint
}

/** What validators sign to commit a block: `hash ‖ round ‖ 0x02`, the round without leading zeros, 0 being no byte. */
export const sealMessage = (hash: Hex, round: bigint): Uint8Array =>
  Uint8Array.of(...hexToBytes(hash), ...uintBytes(round), MSG_COMMIT)

/**
 * Sum of the G2 keys in the seats of `bitmap`: what the contract is given and binds to the G1 keys. Whether the sum is of the
 * pairing's group is for {@link sealHolds} to say, once for all.
 */
export const aggregateKey = (g2Keys: readonly Hex[], bitmap: bigint): Hex =>
  encodeG2(sumG2(bitsOf(bitmap).map((seat) => decodeTwist(g2Keys[seat] ?? '0x'))))

/**
 * Whether `seal` is the sum of the signatures of its signers over the block and `aggregate` the sum of their keys: both by one
 * pairing check, as in the contract (`Bn254.verifyAggregate`).
 * @throws {IstanbulVerifyError} for what is no point
 */
export function sealHolds(hash: Hex, seal: AggregatedSeal, g1Keys: readonly Hex[], aggregate: Hex): boolean {
  const [signature, key] = [decodeG1(seal.signature), decodeG2(aggregate)]
  const sum = sumG1(bitsOf(seal.bitmap).map((seat) => decodeG1(g1Keys[seat] ?? '0x')))
  if (signature.is0() || key.is0() || sum.is0()) return false
  const message = hashToG1(sealMessage(hash, seal.round))
  const inputs = concatHex([encodeG1(message), seal.signature, encodeG1(sum), aggregate])
  const factor = BigInt(keccak256(inputs)) % ORDER
  return pairingsEqual(
    signature.add(sum.multiplyUnsafe(factor)),
    G2_GENERATOR,
    message.add(G1_GENERATOR.multiplyUnsafe(factor)),
    key,
  )
}

/** The inverse and the roots with which the contract checks the hash to the curve. */
export const sealHints = (hash: Hex, round: bigint): Hex => hintsOf(sealMessage(hash, round))

/** The seal of the validators with these secrets, who sit in the seats of `bitmap`: by the sum of their secrets at once. */
export function signSeal(hash: Hex, round: bigint, secrets: readonly Hex[], bitmap: bigint): AggregatedSeal {
  const signature = signPoint(hashToG1(sealMessage(hash, round)), secrets)
  return { bitmap, round, signature: encodeG1(signature) }
}
