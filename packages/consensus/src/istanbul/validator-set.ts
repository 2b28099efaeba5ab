import { concatHex, type Hex, keccak256, size, slice } from 'viem'
import { G1_SIZE } from './bn254.ts'
import { IstanbulVerifyError } from './errors.ts'
import { bitsOf } from './quorum.ts'

/** Most members: their number is one byte. atlas elects 150 at most. */
export const MAX_VALIDATORS = 255
/** Bytes of a set hash. */
export const SET_HASH_SIZE = 26

/** What the last block of an epoch says of the next epoch's set. */
export interface SetDifference {
  /** G1 keys that join, behind those that stay, in this order. */
  readonly added: readonly Hex[]
  /** Bit i: the member in seat i leaves. */
  readonly removed: bigint
}

/** The word by which the contract knows a set: the first 26 bytes of the keccak-256 of its G1 keys. */
export const setHashOf = (keys: readonly Hex[]): Hex => slice(keccak256(concatHex([...keys])), 0, SET_HASH_SIZE)

/** @throws {IstanbulVerifyError} unless there are 1 to 255 keys of 64 bytes */
export function requireSet(keys: readonly Hex[]): void {
  if (keys.length === 0 || keys.length > MAX_VALIDATORS || keys.some((key) => size(key) !== G1_SIZE))
    throw new IstanbulVerifyError('ISTANBUL_VALIDATORS_SIZE', 'a set has 1 to 255 keys of 64 bytes', {
      limit: MAX_VALIDATORS,
      given: keys.length,
    })
}

/**
 * The next epoch's set: first members leave, then others join behind (atlas `RemoveValidators`, `AddValidators`).
 * @throws {IstanbulVerifyError}
 */
export function applyDifference(keys: readonly Hex[], { added, removed }: SetDifference): readonly Hex[] {
  if (removed >> BigInt(keys.length) !== 0n)
    throw new IstanbulVerifyError('ISTANBUL_VALIDATORS_REMOVED', 'a seat that is not there is removed', {
      limit: keys.length,
      given: removed,
    })
  const leaving = new Set(bitsOf(removed))
  const next = [...keys.filter((_, seat) => !leaving.has(seat)), ...added]
  requireSet(next)
  return next
}
