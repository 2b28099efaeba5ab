/** Steps and cases of `vectors/parlia/`, and the bytes that most of them are made of. */
import { errorsBySelector } from '@meridian/abi'
import { encodeEvidence, encodeUpdate, type Link, type ParliaHeader, storeStep } from '@meridian/consensus/parlia'
import { concatHex, type Hex, size, slice } from 'viem'
import { chain, NOW } from './parlia-world.ts'

export interface Step {
  readonly call: 'update' | 'verifyBlock' | 'reportMisbehaviour'
  readonly now: bigint
  readonly data: Hex
  /** Name of the custom error, empty for success. */
  readonly error: string
  /** Its selector, left out for success. */
  readonly selector?: string
  /** verifyBlock: what is returned. */
  readonly number?: bigint
  readonly hash?: Hex
  readonly participation?: bigint
  /** update: what is returned, and the head and the newest set's epoch after it. */
  readonly result?: 0 | 1
  readonly head?: bigint
  readonly epoch?: bigint
}

export interface Case {
  /** What would happen if the check were missing. */
  readonly story: string
  readonly steps: readonly Step[]
}

export const one = (story: string, ...steps: Step[]): Case => ({ story, steps })
export const proves = (header: ParliaHeader, data: Hex, participation: bigint, now = NOW): Step => ({
  call: 'verifyBlock',
  now,
  data,
  error: '',
  number: header.number,
  hash: header.hash,
  participation,
})
export const updates = (data: Hex, head: bigint, epoch = 20n, result: 0 | 1 = 1, now = NOW): Step => ({
  call: 'update',
  now,
  data,
  error: '',
  result,
  head,
  epoch,
})
const selectors = new Map(Object.entries(errorsBySelector).map(([selector, { name }]) => [name as string, selector])) // CAST: widened
export function refused(call: Step['call'], data: Hex, error: string, now = NOW): Step {
  const full = error.includes('_') ? error : `ParliaLightClient_${error}`
  const selector = selectors.get(full)
  if (selector === undefined) throw new Error(`the contracts have no error ${full}`)
  return { call, now, data, error: full, selector }
}
export const freezes = (first: Hex, second: Hex): Step => ({
  call: 'reportMisbehaviour',
  now: NOW,
  data: encodeEvidence(first, second),
  error: '',
})
/** `data` with `bytes` at `at`. */
export const patched = (data: Hex, at: number, bytes: Hex): Hex => {
  const end = at + size(bytes)
  return concatHex([slice(data, 0, at), bytes, ...(end < size(data) ? [slice(data, end)] : [])])
}
export const store = (...proofs: readonly Hex[]): Hex => encodeUpdate(proofs.map(storeStep))
export const parents = (from: bigint, to: bigint): Link[] => {
  const links: Link[] = []
  for (let number = from; number >= to; number -= 1n) links.push({ header: chain.header(number) })
  return links
}
export const through = (above: bigint, number: bigint): Link => ({
  header: chain.header(number),
  history: chain.historyProof(above, number),
})
