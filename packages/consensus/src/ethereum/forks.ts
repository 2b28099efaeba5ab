import type { Hex } from 'viem'
import { ForkError } from './errors.ts'
import type { Preset } from './presets.ts'

/** Forks whose light-client data this client reads, oldest first. */
export const forkNames = ['capella', 'deneb', 'electra', 'fulu'] as const
export type ForkName = (typeof forkNames)[number]

/** One row of a network's fork schedule. */
export interface ForkEpoch {
  readonly name: ForkName
  /** First epoch of the fork. */
  readonly epoch: bigint
  /** `CURRENT_FORK_VERSION`, 4 bytes: what the signature's domain commits to. */
  readonly version: Hex
}

/**
 * Where a light client looks, as generalized indices (consensus-specs `ssz/merkle-proofs.md`).
 *
 * A container of n fields is a tree of depth ceil(log2(n)); field i has the index 2^depth + i.
 *
 *   BeaconState     Altair to Deneb  < 32 fields, depth 5     Electra, Fulu  > 32 fields, depth 6
 *     block_roots                 5  ->  32 +  5 =  37                        64 +  5 =  69
 *     finalized_checkpoint       20  ->  32 + 20 =  52, .root 52*2+1 = 105    64 + 20 =  84, .root 84*2+1 = 169
 *     current_sync_committee     22  ->  32 + 22 =  54                        64 + 22 =  86
 *     next_sync_committee        23  ->  32 + 23 =  55                        64 + 23 =  87
 *     historical_summaries       27  ->  32 + 27 =  59                        64 + 27 =  91
 *
 *   BeaconBlockBody 11 to 13 fields, depth 4
 *     execution_payload           9  ->  16 +  9 =  25
 *       ExecutionPayload  Capella 15 fields, depth 4    Deneb to Fulu 17 fields, depth 5
 *         receipts_root   3  ->  25*16 +  3 = 403                25*32 +  3 = 803
 *         block_hash     12  ->  25*16 + 12 = 412                25*32 + 12 = 812
 */
export interface ForkGindices {
  readonly blockRoots: bigint
  readonly finalizedRoot: bigint
  readonly currentSyncCommittee: bigint
  readonly nextSyncCommittee: bigint
  readonly historicalSummaries: bigint
  /** In the block's body. */
  readonly executionPayload: bigint
  /** In the block's body. */
  readonly executionBlockHash: bigint
  /** In the block's body. */
  readonly executionReceiptsRoot: bigint
}

const altairState = {
  blockRoots: 37n,
  finalizedRoot: 105n,
  currentSyncCommittee: 54n,
  nextSyncCommittee: 55n,
  historicalSummaries: 59n,
} as const

const electraState = {
  blockRoots: 69n,
  finalizedRoot: 169n,
  currentSyncCommittee: 86n,
  nextSyncCommittee: 87n,
  historicalSummaries: 91n,
} as const

/** The generalized indices of each fork. */
export const gindices: Readonly<Record<ForkName, ForkGindices>> = {
  capella: { ...altairState, executionPayload: 25n, executionBlockHash: 412n, executionReceiptsRoot: 403n },
  deneb: { ...altairState, executionPayload: 25n, executionBlockHash: 812n, executionReceiptsRoot: 803n },
  electra: { ...electraState, executionPayload: 25n, executionBlockHash: 812n, executionReceiptsRoot: 803n },
  fulu: { ...electraState, executionPayload: 25n, executionBlockHash: 812n, executionReceiptsRoot: 803n },
}

/** Depth of a generalized index: the number of siblings of its branch. */
export function depthOf(gindex: bigint): number {
  return gindex.toString(2).length - 1
}

/** Position of a generalized index within its level. */
export function indexOf(gindex: bigint): bigint {
  return gindex - (1n << BigInt(depthOf(gindex)))
}

/** Generalized index of `state.block_roots[slot % SLOTS_PER_HISTORICAL_ROOT]`. */
export function blockRootGindex(fork: ForkName, slot: bigint, preset: Preset): bigint {
  return gindices[fork].blockRoots * preset.slotsPerHistoricalRoot + (slot % preset.slotsPerHistoricalRoot)
}

/** Depth of `historical_summaries`: HISTORICAL_ROOTS_LIMIT is 2^24. */
const SUMMARIES_DEPTH = 24n

/**
 * Generalized index of `state.historical_summaries[index].block_summary_root`: the list stands left of its length, and
 * the root left of `state_summary_root`.
 */
export function blockSummaryGindex(fork: ForkName, index: bigint): bigint {
  return (((gindices[fork].historicalSummaries * 2n) << SUMMARIES_DEPTH) + index) * 2n
}

/**
 * The fork in force at an epoch, by the schedule.
 * @throws ForkError before the first fork of the schedule, or where the schedule names a fork that is not known here.
 */
export function forkAtEpoch(schedule: readonly ForkEpoch[], epoch: bigint): ForkEpoch {
  const fork = schedule.findLast((entry) => entry.epoch <= epoch)
  if (fork === undefined)
    throw new ForkError(`epoch ${epoch} is before the oldest fork known here`, { epoch, oldest: schedule[0]?.epoch })
  if (!forkNames.includes(fork.name))
    throw new ForkError(`fork ${fork.name} at epoch ${epoch} is not known here`, { epoch, fork: fork.name })
  return fork
}
