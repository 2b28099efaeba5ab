import type { Address } from 'viem'

/** How Compass treats one chain. Every figure has a default in `defaultTuning`. */
export interface Tuning {
  /** Milliseconds between looks at the chain. */
  readonly pollMs: number
  /** Blocks of one log query at most; halved by itself where an endpoint refuses. */
  readonly maxSpan: bigint
  /** Endpoints that have to agree on the head, on final blocks and on logs. Default: 1, whichever answers. */
  readonly quorum?: number
  /** Wei. Nothing is sent above it. */
  readonly maxFeePerGas: bigint
  /** Wei. Tip at least. */
  readonly minPriorityFeePerGas: bigint
  /** Milliseconds that a transaction waits before it is sent again with a higher fee. */
  readonly bumpAfterMs: number
  /** Milliseconds before a pending transaction is shown to the node again. */
  readonly rebroadcastMs: number
  /** Milliseconds that a used nonce may lack a receipt before it counts as used by somebody else. */
  readonly lostAfterMs: number
  /** Transactions of one wallet on their way at most. */
  readonly maxInFlight: number
  /** Messages of one transaction at most. */
  readonly maxBatch: number
  /** Gas of one transaction at most. */
  readonly maxTransactionGas: bigint
  /** Milliseconds between looks at light clients that no message waits for, and at fees that cannot be claimed yet. */
  readonly maintainMs: number
  /** Whether updates go into the delivering transaction: cheaper by a transaction's base cost, but its gas cannot be told
   *  apart then. */
  readonly combineUpdates: boolean
  /**
   * Which messages to this chain that are past their deadline are proven, so that their expiry is recorded. `own`: those
   * whose sender or refund recipient is one of our own accounts. A record costs gas and earns nothing.
   */
  readonly recordExpiry: 'none' | 'own' | 'all'
  /** OP Stack rollups: the contract that says what a transaction's data costs on the chain below. Absent: nothing. */
  readonly l1FeeOracle?: Address
}

/** When fees that lie on a chain are claimed. */
export interface ClaimRule {
  /** Units of the native coin. A receipt whose fees come to it is settled. Null: twice what settling it costs. */
  readonly minAmount: bigint | null
  /** Milliseconds after which a receipt is settled whatever its fees come to. */
  readonly maxAgeMs: number
  /** Milliseconds that a claim waits for messages to move the light client before it pays for an update by itself. */
  readonly updateAfterMs: number
}

/** Fees are claimed as soon as they pay for it twice over, and once a day whatever they are. */
export const defaultClaimRule: ClaimRule = { minAmount: null, maxAgeMs: 86_400_000, updateAfterMs: 3_600_000 }

/** Per-transaction gas limit of EIP-7825, in force since Osaka. */
export const TRANSACTION_GAS_CAP = 2n ** 24n

/** What a chain is treated with where the configuration says nothing. */
export const defaultTuning: Tuning = {
  pollMs: 2_000,
  maxSpan: 2_000n,
  maxFeePerGas: 500_000_000_000n,
  minPriorityFeePerGas: 1_000_000n,
  bumpAfterMs: 30_000,
  rebroadcastMs: 10_000,
  lostAfterMs: 30_000,
  maxInFlight: 16,
  maxBatch: 16,
  maxTransactionGas: TRANSACTION_GAS_CAP,
  maintainMs: 60_000,
  combineUpdates: false,
  recordExpiry: 'none',
}
