import { errorsBySelector } from '@meridian/abi'
import { type Abi, decodeErrorResult, type Hex, size, slice } from 'viem'

/** A revert by what it says. `Unknown` is never a success: whoever reads it waits and shows it. */
export type Revert =
  | { readonly kind: 'custom'; readonly name: string; readonly args: Readonly<Record<string, unknown>> }
  | { readonly kind: 'reason'; readonly name: 'Error'; readonly reason: string }
  | { readonly kind: 'panic'; readonly name: 'Panic'; readonly code: bigint }
  | { readonly kind: 'unknown'; readonly name: 'Unknown'; readonly data: Hex }

/** Why a call did not run: it reverted, or the node gave no revert data, only words. Neither is ever a success. */
export type Refusal = Revert | { readonly kind: 'node'; readonly name: 'Node'; readonly message: string }

const builtin = [
  { type: 'error', name: 'Error', inputs: [{ name: 'reason', type: 'string' }] },
  { type: 'error', name: 'Panic', inputs: [{ name: 'code', type: 'uint256' }] },
] as const

// CAST: the catalogue is generated with exactly this shape; the keys are lower-case selectors
const catalogue = errorsBySelector as unknown as Readonly<Record<string, Extract<Abi[number], { type: 'error' }>>>

/** Bytes of revert data that are decoded: more than MOS copies of what a target returns. Decoding megabytes takes minutes. */
const MAX_REVERT = 65_536

/**
 * Decodes revert data by selector against every error of the contracts, `Error(string)` and `Panic(uint256)`. What is longer
 * than any contract's error is cut, and unknown.
 */
export function decodeRevert(data: Hex): Revert {
  if (size(data) < 4) return { kind: 'unknown', name: 'Unknown', data }
  if (size(data) > MAX_REVERT) return { kind: 'unknown', name: 'Unknown', data: slice(data, 0, MAX_REVERT) }
  const selector = slice(data, 0, 4).toLowerCase()
  const custom = Object.hasOwn(catalogue, selector) ? catalogue[selector] : undefined
  try {
    if (custom !== undefined) {
      const { args } = decodeErrorResult({ abi: [custom], data })
      const values: readonly unknown[] = Array.isArray(args) ? args : []
      const named = custom.inputs.map((input, i) => [input.name || String(i), values[i]] as const)
      return { kind: 'custom', name: custom.name, args: Object.fromEntries(named) }
    }
    const decoded = decodeErrorResult({ abi: builtin, data })
    return decoded.errorName === 'Error'
      ? { kind: 'reason', name: 'Error', reason: decoded.args[0] }
      : { kind: 'panic', name: 'Panic', code: decoded.args[0] }
  } catch {
    return { kind: 'unknown', name: 'Unknown', data }
  }
}

/** Letters of a description: an endpoint may answer a call with as many bytes as it likes. */
const MAX_DESCRIPTION = 500

/** One line for people and logs, cut where it is long. */
export function describeRevert(revert: Refusal): string {
  const text = describe(revert)
  return text.length > MAX_DESCRIPTION ? `${text.slice(0, MAX_DESCRIPTION)}…` : text
}

function describe(revert: Refusal): string {
  switch (revert.kind) {
    case 'custom':
      return `${revert.name}(${Object.entries(revert.args)
        .map(([name, value]) => `${name}=${String(value)}`)
        .join(', ')})`
    case 'reason':
      return `Error(${JSON.stringify(revert.reason)})`
    case 'panic':
      return `Panic(0x${revert.code.toString(16)})`
    case 'node':
      return `Node(${JSON.stringify(revert.message.slice(0, 200))})`
    case 'unknown':
      return `Unknown(${revert.data.slice(0, 74)})`
  }
}
