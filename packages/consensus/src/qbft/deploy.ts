import type { Address, Hex } from 'viem'
import type { QbftHeader } from './header.ts'
import { requireCanonicalSet } from './validator-set.ts'

/** The contract's `TrustAnchor`. */
export interface TrustAnchor {
  /** Height from which the validators vouch for blocks. */
  readonly number: bigint
  /** Unix seconds of the block at that height, or earlier. */
  readonly timestamp: bigint
  /** Hash of the block at that height; zeros store no block. */
  readonly hash: Hex
  /** Strictly ascending. */
  readonly validators: readonly Address[]
}

/** What a deployer chooses. Proof of authority has no unbonding period, so there is no default to derive. */
export interface QbftPolicy {
  /** Seconds for which a set is trusted after the newest header known of it. */
  readonly trustingPeriod: bigint
  /** Seconds that a header may be ahead of the target chain's clock. Default 60. */
  readonly clockDrift?: bigint
}

const CLOCK_DRIFT = 60n
const NO_HASH: Hex = `0x${'00'.repeat(32)}`

/** Trust in a block and the validators that it names. @throws QbftVerifyError if they are no set. */
export function anchorOfHeader(header: QbftHeader): TrustAnchor {
  requireCanonicalSet(header.validators)
  return { number: header.number, timestamp: header.timestamp, hash: header.hash, validators: header.validators }
}

/**
 * Trust in validators alone, from a height and a time on: no block is stored.
 * @throws QbftVerifyError if they are no set.
 */
export function anchorOfValidators(validators: readonly Address[], number: bigint, timestamp: bigint): TrustAnchor {
  const sorted = [...validators].sort((a, b) => (BigInt(a) < BigInt(b) ? -1 : 1))
  requireCanonicalSet(sorted)
  return { number, timestamp, hash: NO_HASH, validators: sorted }
}

/** Arguments of the contract's constructor. */
export function qbftClientArgs(
  chainId: bigint,
  anchor: TrustAnchor,
  policy: QbftPolicy,
): readonly [bigint, TrustAnchor, bigint, bigint] {
  return [chainId, anchor, policy.trustingPeriod, policy.clockDrift ?? CLOCK_DRIFT]
}
