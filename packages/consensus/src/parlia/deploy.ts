import { type Address, type Hex, zeroAddress, zeroHash } from 'viem'
import type { KnownSet } from './encode.ts'
import { encodeKeys } from './keys.ts'
import { offsetOf, type ValidatorSet } from './validator-set.ts'

/** The contract's `TrustAnchor`. */
export interface TrustAnchor {
  /** Height of a final block. */
  readonly number: bigint
  /** Unix seconds of that block, or earlier. */
  readonly timestamp: bigint
  /** Hash of that block; zeros store no block. */
  readonly hash: Hex
  readonly set: ValidatorSet
  /** Unix seconds of the block that lists the set. */
  readonly epochTimestamp: bigint
  /** First target on which the set votes. */
  readonly first: bigint
}

/** What a deployer chooses. */
export interface ParliaPolicy {
  /** Seconds for which a set is trusted; below the chain's unbonding period. */
  readonly trustingPeriod: bigint
  /** Seconds that a header may be ahead of the target chain's clock. Default 60. */
  readonly clockDrift?: bigint
  /** Timelock that may schedule another epoch length. Default: nobody. */
  readonly scheduler?: Address
}

/** Blocks in an epoch of BNB Smart Chain since the Maxwell fork, mainnet and Chapel. */
export const EPOCH_LENGTH = 1000n

const CLOCK_DRIFT = 60n
const NO_HASH = zeroHash

/** The contract's `Parameters`. */
export interface ParliaParameters {
  readonly chainId: bigint
  readonly epochLength: bigint
  readonly policy: ParliaPolicy
}

/** Trust in a set alone, at a height and a time, which stands in for the set's own: no block is stored. */
export function anchorOfSet(set: ValidatorSet, first: bigint, number: bigint, timestamp: bigint): TrustAnchor {
  return { number, timestamp, hash: NO_HASH, set, epochTimestamp: timestamp, first }
}

/** First block of the epoch after that of `epoch`. */
export const nextEpochOf = (epoch: bigint, length: bigint): bigint => (epoch / length + 1n) * length

/** The anchor's set as the client knows it. */
export function knownSetOf(anchor: TrustAnchor, epochLength: bigint): KnownSet {
  const { set, first, epochTimestamp } = anchor
  return { set, first, end: nextEpochOf(set.epoch, epochLength) + offsetOf(set), timestamp: epochTimestamp }
}

/** Arguments of the contract's constructor. */
export function parliaClientArgs({ chainId, epochLength, policy }: ParliaParameters, anchor: TrustAnchor) {
  return [
    {
      chainId,
      epochLength: Number(epochLength),
      trustingPeriod: Number(policy.trustingPeriod),
      clockDrift: Number(policy.clockDrift ?? CLOCK_DRIFT),
      scheduler: policy.scheduler ?? zeroAddress,
    },
    {
      number: Number(anchor.number),
      timestamp: Number(anchor.timestamp),
      hash: anchor.hash,
      epoch: Number(anchor.set.epoch),
      epochTimestamp: Number(anchor.epochTimestamp),
      first: Number(anchor.first),
      turnLength: anchor.set.turnLength,
      keys: encodeKeys(anchor.set.tree.keys),
    },
  ] as const
}
