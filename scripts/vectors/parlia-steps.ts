/** Steps and cases of `vectors/parlia/`, and the bytes that most of them are made of. */
import { encodeEvidence, encodeUpdate, type Link, type ParliaHeader, storeStep } from '@meridian/consensus/parlia'
import { concatHex, type Hex, size, slice } from 'viem'
import { chain, NOW } from './parlia-world.ts'
import { type Case, one, proven, reverted, type Step, updated } from './steps.ts'

export { type Case, one, type Step }

export const proves = (header: ParliaHeader, data: Hex, participation: bigint, now = NOW): Step =>
  proven(header, data, participation, now)
export const updates = (data: Hex, head: bigint, epoch = 20n, result: 0 | 1 = 1, now = NOW): Step => ({
  ...updated(data, head, result, now),
  epoch,
})
export const refused = (call: Step['call'], data: Hex, error: string, now = NOW): Step =>
  reverted(call, data, error.includes('_') ? error : `ParliaLightClient_${error}`, now)
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
