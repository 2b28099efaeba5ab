import type { Hex } from 'viem'
import { ForkError } from './errors.ts'
import type { Preset } from './presets.ts'

/** Forks whose light-client data this client reads, oldest first. */
export const forkNames = ['capella', 'deneb', 'electra', 'fulu', 'gloas'] as const
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
 *
 * From Gloas on state, body and bid are progressive containers (EIP-7495): the fields are at 2, left of the word that says
 * which there are, in subtrees of 1, 4, 16, 64 leaves (EIP-7916), each left of the next. Field 0 is at 4, fields 1 to 4 at
 * 40 + i - 1, fields 5 to 20 at 352 + i - 5, fields 21 to 84 at 2944 + i - 21. The same holds below a node g, with g in
 * the place of the root: field 0 of it is at 4g.
 *
 *   BeaconState
 *     block_roots                   5  ->  352
 *     finalized_checkpoint         20  ->  367, .root 367*2+1 = 735
 *     current_sync_committee       22  -> 2945
 *     next_sync_committee          23  -> 2946
 *     historical_summaries         27  -> 2950
 *   BeaconBlockBody
 *     signed_execution_payload_bid 10  ->  357, .message 357*2 = 714
 *       parent_block_hash           0  ->  714*4 = 2856
 */
export interface ForkGindices {
  readonly blockRoots: bigint
  readonly finalizedRoot: bigint
  readonly currentSyncCommittee: bigint
  readonly nextSyncCommittee: bigint
  readonly historicalSummaries: bigint
  /** In the block's body; from Gloas on it has none. */
  readonly executionPayload?: bigint
  /**
   * In the block's body: the hash of its payload's block, from Gloas on that of its bid's parent, because the payload of the
   * bid itself may never be revealed.
   */
  readonly executionBlockHash: bigint
  /** In the block's body; from Gloas on it has none. */
  readonly executionReceiptsRoot?: bigint
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

const gloasState = {
  blockRoots: 352n,
  finalizedRoot: 735n,
  currentSyncCommittee: 2945n,
  nextSyncCommittee: 2946n,
  historicalSummaries: 2950n,
} as const

/** The generalized indices of each fork. */
export const gindices: Readonly<Record<ForkName, ForkGindices>> = {
  capella: { ...altairState, executionPayload: 25n, executionBlockHash: 412n, executionReceiptsRoot: 403n },
  deneb: { ...altairState, executionPayload: 25n, executionBlockHash: 812n, executionReceiptsRoot: 803n },
  electra: { ...electraState, executionPayload: 25n, executionBlockHash: 812n, executionReceiptsRoot: 803n },
  fulu: { ...electraState, executionPayload: 25n, executionBlockHash: 812n, executionReceiptsRoot: 803n },
  gloas: { ...gloasState, executionBlockHash: 2856n },
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
