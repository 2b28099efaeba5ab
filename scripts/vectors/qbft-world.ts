/** What the cases of `vectors/qbft/` are made of: a chain of four validators from block 100, and the steps of a case. */
import {
  encodeSealedProof,
  encodeUpdate,
  type QbftHeader,
  type SealedHeader,
  type SeatedSeal,
  seatedSeals,
} from '@meridian/consensus/qbft'
import { concatHex, type Hex, numberToHex, slice, toRlp } from 'viem'
import { type BlockPlan, makeBlock, sortedKeys } from '../../packages/consensus/test/qbft-chain.ts'
import { type Case, one, proven, reverted, type Step, updated } from './steps.ts'

export const DAY = 86_400n
export const DRIFT = 60n

export { type Case, one, type Step }

export const four = sortedKeys([1, 2, 3, 4])
export const five = sortedKeys([1, 2, 3, 4, 5])
export const three = four.slice(0, 3)
export const header = (number: bigint, set: readonly Hex[] = four, plan: Partial<BlockPlan> = {}): QbftHeader =>
  makeBlock({ number, set, ...plan }).header
export const anchor = header(100n)
export const NOW = anchor.timestamp + 10_000n

export const sealed = (block: QbftHeader, more: Partial<SealedHeader> = {}): SealedHeader => ({
  header: block,
  seals: seatedSeals(block),
  range: 0,
  ...more,
})
export const verify = (block: QbftHeader, more: Partial<SealedHeader> = {}): Hex =>
  encodeSealedProof(sealed(block, more))
export const trustFour = { trusted: anchor.validators }

export const proves = (block: QbftHeader, data: Hex, participation: bigint, now = NOW): Step =>
  proven(block, data, participation, now)
export const updates = (data: Hex, head: bigint, result: 0 | 1 = 1, now = NOW): Step => updated(data, head, result, now)
export const refused = (call: Step['call'], data: Hex, error: string, now = NOW): Step =>
  reverted(call, data, error, now)

export const seals = seatedSeals(header(101n, four, { signers: four }))
export const all = header(101n, four, { signers: four })
export const plain = header(101n)
export const seal = (seat: number): SeatedSeal => {
  const found = seals.find((candidate) => candidate.seat === seat)
  if (found === undefined) throw new Error(`no seal in seat ${seat}`)
  return found
}
/** The header with other extra data; sealed by the first three of `four` all the same. */
export function withExtra(extraData: Hex, other: Readonly<Record<number, Hex>> = {}): Hex {
  const fields = [...Array(12).keys()].map((index): Hex => {
    const given = other[index]
    if (given !== undefined) return given
    if (index === 0 || (index >= 3 && index <= 5)) return numberToHex(index, { size: 32 })
    return index === 8 ? '0x65' : index === 11 ? numberToHex(plain.timestamp) : '0x'
  })
  return toRlp([...fields, extraData, numberToHex(1, { size: 32 }), '0x0000000000000000'])
}
/** A sealed proof of raw bytes, which need not be a header. */
export const rawProof = (bytes: Hex): Hex => {
  const blank = verify(plain)
  return concatHex([slice(blank, 0, 1 + 4 + 1 + 1 + 3 * 66), bytes])
}
export const set = anchor.validators
export const vanity = numberToHex(0, { size: 32 })
export const added = header(110n, five)
export const addedUpdate = encodeUpdate([sealed(added, trustFour)])
export const atRound = (round: number, plan: Partial<BlockPlan> = {}): QbftHeader =>
  header(101n, four, { round, ...plan })
