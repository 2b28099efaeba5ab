import { max, min } from '../bigint.ts'

/** Fees of an EIP-1559 transaction, wei per gas. */
export interface Fees {
  readonly maxFeePerGas: bigint
  readonly maxPriorityFeePerGas: bigint
}

/** What the market and the operator say. */
export interface Market {
  readonly baseFeePerGas: bigint
  /** What the node suggests. */
  readonly priorityFeePerGas: bigint
  /** Tip at least. */
  readonly minPriorityFeePerGas: bigint
  /** Nothing is sent above it. */
  readonly cap: bigint
}

/** Blocks grow the base fee by at most an eighth: twice today's covers six full blocks in a row. */
const BASE_FEE_HEADROOM = 2n

/** Fees to send with now; null where the cap does not even cover today's base fee. */
export function marketFees(market: Market): Fees | null {
  if (market.baseFeePerGas > market.cap) return null
  const wanted = max(market.priorityFeePerGas, market.minPriorityFeePerGas)
  const tip = min(wanted, market.cap - market.baseFeePerGas)
  return { maxFeePerGas: min(market.baseFeePerGas * BASE_FEE_HEADROOM + tip, market.cap), maxPriorityFeePerGas: tip }
}

/** Wei. What a unit of gas costs in the next block: its base fee, and the tip that is paid. */
export function gasPriceOf(market: Market): bigint {
  return market.baseFeePerGas + (marketFees(market)?.maxPriorityFeePerGas ?? market.minPriorityFeePerGas)
}

/** Nodes take a replacement from ten percent more; an eighth leaves room for rounding. */
const BUMP_NUMERATOR = 9n
const BUMP_DENOMINATOR = 8n

/** Fees of a replacement: an eighth more than before and not below the market; null where the cap forbids it. */
export function bumpedFees(previous: Fees, market: Market): Fees | null {
  const now = marketFees(market)
  const raise = (fee: bigint): bigint => (fee * BUMP_NUMERATOR) / BUMP_DENOMINATOR + 1n
  const maxFeePerGas = max(raise(previous.maxFeePerGas), now?.maxFeePerGas ?? 0n)
  const maxPriorityFeePerGas = max(raise(previous.maxPriorityFeePerGas), now?.maxPriorityFeePerGas ?? 0n)
  return maxFeePerGas > market.cap
    ? null
    : { maxFeePerGas, maxPriorityFeePerGas: min(maxPriorityFeePerGas, maxFeePerGas) }
}
