import type { Hex } from 'viem'
import { type G1Point, type G2Point, sumPubkeys, verifyAggregate } from '../ethereum/bls.ts'
import { fail } from './errors.ts'
import { type VoteAttestation, type VoteData, voteHash } from './extra.ts'
import { decompressSignature } from './keys.ts'
import { quorum, votersOf } from './quorum.ts'
import type { ValidatorSet } from './validator-set.ts'

/** Whether these votes finalize their source: the target is its child. Any others only justify the target. */
export const isAdjacent = ({ sourceNumber, targetNumber }: VoteData): boolean => targetNumber === sourceNumber + 1n

/** Seats of the voters. @throws {ParliaVerifyError} for a bit that no validator has, and below the quorum. */
export function requireQuorum(voters: bigint, size: number): readonly number[] {
  if (voters >> BigInt(size) !== 0n) throw fail('PARLIA_LIGHT_CLIENT_UNKNOWN_VOTER', { expected: size, given: voters })
  const seats = votersOf(voters)
  const expected = quorum(size)
  if (seats.length < expected) throw fail('PARLIA_LIGHT_CLIENT_TOO_FEW_VOTES', { expected, given: seats.length })
  return seats
}

/**
 * Judges an attestation under a set: adjacency, voters, quorum, signature. Whether the set is the one in force at the
 * target is the caller's to know.
 * @returns how many voted.
 * @throws {ParliaVerifyError}
 */
export function verifyAttestation({ voters, signature, data }: VoteAttestation, set: ValidatorSet): number {
  requireAdjacent(data)
  const seats = requireQuorum(voters, set.validators.length)
  const key = sumPubkeys(set.tree.at(seats))
  requireSignature(key, data, decompressSignature(signature))
  return seats.length
}

/** @throws {ParliaVerifyError} `PARLIA_LIGHT_CLIENT_NOT_ADJACENT` */
export function requireAdjacent(data: VoteData): void {
  if (!isAdjacent(data))
    throw fail('PARLIA_LIGHT_CLIENT_NOT_ADJACENT', { expected: data.sourceNumber + 1n, given: data.targetNumber })
}

/** @throws {ParliaVerifyError} `PARLIA_LIGHT_CLIENT_SIGNATURE` */
export function requireSignature(key: G1Point, data: VoteData, signature: G2Point): void {
  const hash: Hex = voteHash(data)
  if (!verifyAggregate(key, hash, signature)) throw fail('PARLIA_LIGHT_CLIENT_SIGNATURE', { given: hash })
}
