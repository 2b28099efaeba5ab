/** Cases of the light clients' vectors: what a client is asked, one call after another, and what comes of it. */
import { errorsBySelector } from '@meridian/abi'
import type { Hex } from 'viem'

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
  /** update: what is returned, and the head after it; for Parlia the newest set's epoch too. */
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

/** `verifyBlock` returns the block. */
export const proven = (
  { number, hash }: { readonly number: bigint; readonly hash: Hex },
  data: Hex,
  participation: bigint,
  now: bigint,
): Step => ({ call: 'verifyBlock', now, data, error: '', number, hash, participation })

/** `update` is taken, and leaves that head. */
export const updated = (data: Hex, head: bigint, result: 0 | 1, now: bigint): Step => ({
  call: 'update',
  now,
  data,
  error: '',
  result,
  head,
})

const selectors = new Map(Object.entries(errorsBySelector).map(([selector, { name }]) => [name as string, selector])) // CAST: widened

/** The call reverts with the error. */
export function reverted(call: Step['call'], data: Hex, error: string, now: bigint): Step {
  const selector = selectors.get(error)
  if (selector === undefined) throw new Error(`the contracts have no error ${error}`)
  return { call, now, data, error, selector }
}
