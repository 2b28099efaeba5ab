import {
  type ParliaValidator,
  quorum,
  signVotes,
  switchOffset,
  type VoteAttestation,
  type VoteData,
  voteKeyOf,
  voteSecret,
} from '@meridian/consensus/parlia'
import { bytesToHex, type Hex, hexToBytes, keccak256, stringToHex } from 'viem'
import { privateKeyToAddress } from 'viem/accounts'
import { signAggregate } from '../bls.ts'
import { DevnetError } from '../errors.ts'

/** A validator with both its keys. */
export interface ParliaKey extends ParliaValidator {
  /** Seals blocks. */
  readonly privateKey: Hex
  /** Signs votes. */
  readonly secret: bigint
}

/** A set as an epoch header lists it. */
export interface ParliaSet {
  /** The block that lists it. */
  readonly epoch: bigint
  /** Ascending by address. */
  readonly members: readonly ParliaKey[]
  readonly turnLength: number
}

/** The validators of a Parlia chain: what epochs list, and who is in force at a target. */
export interface ParliaBook {
  /** The set in force at a target, which is also who proposes that block. */
  inForce(target: bigint): ParliaSet
  /** The set that the first block of an epoch lists. */
  listedAt(epoch: bigint): ParliaSet
  /** What the next epoch that begins will list. @throws {DevnetError} for a set that could not hand over. */
  plan(members: readonly ParliaKey[], turnLength: number): void
  /** Call before block `number` is made: lists the planned set if the block begins an epoch. */
  enter(number: bigint): ParliaSet | undefined
}

/** A development validator, from a label. */
export function parliaKey(label: string): ParliaKey {
  const privateKey = keccak256(stringToHex(`${label} seal`))
  const secret = voteSecret(keccak256(stringToHex(`${label} vote`)))
  const address = privateKeyToAddress(privateKey).toLowerCase() as Hex // CAST: lower case of hex is hex
  return { privateKey, secret, address, voteKey: voteKeyOf(secret) }
}

/** Votes of the first members of a set. */
export const votesOf = (voters: readonly ParliaKey[], data: VoteData): VoteAttestation =>
  signVotes(new Map(voters.map(({ secret }, seat) => [seat, secret])), data, (secrets, message) =>
    bytesToHex(signAggregate(secrets, hexToBytes(message))),
  )

export function createParliaBook(genesis: readonly ParliaKey[], turnLength: number, epochLength: bigint): ParliaBook {
  const listed = new Map<bigint, ParliaSet>()
  let planned = { members: checked(genesis, turnLength, epochLength), turnLength }
  const epochOf = (number: bigint): bigint => number - (number % epochLength)
  const listedAt = (epoch: bigint): ParliaSet => {
    const set = listed.get(epoch)
    if (set === undefined) throw new DevnetError('PARLIA_STATE', 'no such epoch yet', { epoch })
    return set
  }
  return {
    listedAt,
    inForce(target) {
      const epoch = epochOf(target)
      if (epoch === 0n) return listedAt(epoch)
      const before = listedAt(epoch - epochLength)
      return target >= epoch + switchOffset(before.members.length, before.turnLength) ? listedAt(epoch) : before
    },
    plan(members, length) {
      planned = { members: checked(members, length, epochLength), turnLength: length }
    },
    enter(number) {
      if (number % epochLength !== 0n) return undefined
      const set = { epoch: number, ...planned }
      listed.set(number, set)
      return set
    },
  }
}

function checked(members: readonly ParliaKey[], turnLength: number, epochLength: bigint): readonly ParliaKey[] {
  const offset = switchOffset(members.length, turnLength)
  if (members.length < 2 || quorum(members.length) < 1 || turnLength < 1 || offset > epochLength)
    throw new DevnetError('PARLIA_OPTIONS', 'a set of two or more must hand over within an epoch', {
      members: members.length,
      turnLength,
      epochLength,
    })
  return [...members].sort((a, b) => (BigInt(a.address) < BigInt(b.address) ? -1 : 1))
}
