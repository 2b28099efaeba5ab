import type { Hex } from 'viem'
import { hexToBytes } from 'viem'
import { decompressPubkey, type G1Point } from './bls.ts'
import { VerifyError } from './errors.ts'
import type { SyncCommittee } from './types.ts'

/** Whether member `index` signed. Bit i is byte `i >> 3`, bit `i & 7`. */
function isSet(bits: Uint8Array, index: number): boolean {
  return (((bits[index >> 3] ?? 0) >> (index & 7)) & 1) === 1
}

/** Positions of the members whose bit is not set, ascending. @throws VerifyError `COMMITTEE_SIZE`. */
export function absentIndices(bits: Hex, size: number): number[] {
  const value = hexToBytes(bits)
  if (value.length * 8 !== size)
    throw new VerifyError('COMMITTEE_SIZE', `expected a bit for each of ${size} members`, {
      expected: size / 8,
      given: value.length,
    })
  const absent: number[] = []
  for (let i = 0; i < size; i++) if (!isSet(value, i)) absent.push(i)
  return absent
}

/** Positions of the members whose bit differs, ascending. @throws VerifyError `COMMITTEE_SIZE`. */
export function changedIndices(bits: Hex, from: Hex, size: number): number[] {
  const [absent, absentBefore] = [new Set(absentIndices(bits, size)), new Set(absentIndices(from, size))]
  return [...absent.symmetricDifference(absentBefore)].sort((a, b) => a - b)
}

/** How many members signed. */
export function participants(bits: Hex, size: number): number {
  return size - absentIndices(bits, size).length
}

/** Whether `count` of `size` members are enough: two thirds, rounded up. */
export function isQuorum(count: number, size: number): boolean {
  return 3 * count >= 2 * size
}

/** Sum of the keys that signed: the committee's own aggregate less the absent members, as the contract computes it. */
export function participantsKey(committee: SyncCommittee, bits: Hex): G1Point {
  const absent = absentIndices(bits, committee.pubkeys.length)
  let key = decompressPubkey(committee.aggregatePubkey)
  for (const index of absent) {
    const pubkey = committee.pubkeys[index]
    if (pubkey !== undefined) key = key.subtract(decompressPubkey(pubkey))
  }
  return key
}
