import {
  EPOCHS_PER_HISTORICAL_VECTOR,
  EPOCHS_PER_SYNC_COMMITTEE_PERIOD,
  FAR_FUTURE_EPOCH,
  SLOTS_PER_EPOCH,
  SLOTS_PER_HISTORICAL_ROOT,
} from '@lodestar/params'
import { ssz } from '@lodestar/types'
import type { Committee, ValidatorKeys } from './keys.ts'
import type { BeaconBlock, BeaconBlockHeader, BeaconStateView, ExecutionPayloadHeader } from './types.ts'

const ZERO = new Uint8Array(32)
const GWEI_PER_VALIDATOR = 32_000_000_000

export const epochOf = (slot: number): number => Math.floor(slot / SLOTS_PER_EPOCH)
export const periodOf = (slot: number): number => Math.floor(epochOf(slot) / EPOCHS_PER_SYNC_COMMITTEE_PERIOD)
export const isZero = (root: Uint8Array): boolean => root.every((byte) => byte === 0)

export interface GenesisOptions {
  readonly genesisTime: number
  readonly keys: ValidatorKeys
  readonly forkVersion: Uint8Array
  readonly execution: ExecutionPayloadHeader
}

const committeeView = (committee: Committee) =>
  ssz.altair.SyncCommittee.toViewDU({
    pubkeys: [...committee.pubkeys],
    aggregatePubkey: committee.aggregatePubkey,
  })

/** The state at slot 0, in Fulu from the start. */
export function genesisState(options: GenesisOptions): BeaconStateView {
  const { keys, forkVersion } = options
  const state = ssz.fulu.BeaconState.defaultViewDU()
  state.genesisTime = options.genesisTime
  state.fork = ssz.phase0.Fork.toViewDU({ previousVersion: forkVersion, currentVersion: forkVersion, epoch: 0 })
  state.latestBlockHeader = ssz.phase0.BeaconBlockHeader.toViewDU({
    slot: 0,
    proposerIndex: 0,
    parentRoot: ZERO,
    stateRoot: ZERO,
    bodyRoot: ssz.fulu.BeaconBlockBody.hashTreeRoot(ssz.fulu.BeaconBlockBody.defaultValue()),
  })
  for (const pubkey of keys.pubkeys) {
    const withdrawalCredentials = new Uint8Array(32)
    withdrawalCredentials[0] = 1
    const epochs = { activationEligibilityEpoch: 0, activationEpoch: 0 }
    const exits = { exitEpoch: FAR_FUTURE_EPOCH, withdrawableEpoch: FAR_FUTURE_EPOCH }
    const rest = { effectiveBalance: GWEI_PER_VALIDATOR, slashed: false, ...epochs, ...exits }
    state.validators.push(ssz.phase0.Validator.toViewDU({ pubkey, withdrawalCredentials, ...rest }))
    state.balances.push(GWEI_PER_VALIDATOR)
    state.previousEpochParticipation.push(0)
    state.currentEpochParticipation.push(0)
    state.inactivityScores.push(0)
  }
  state.genesisValidatorsRoot = state.validators.hashTreeRoot()
  state.currentSyncCommittee = committeeView(keys.committee(0))
  state.nextSyncCommittee = committeeView(keys.committee(1))
  state.latestExecutionPayloadHeader = ssz.fulu.ExecutionPayloadHeader.toViewDU(options.execution)
  state.commit()
  return state
}

/** What the validators did in the epoch that ends. */
export interface EpochVotes {
  /** Whether two thirds attested to the epoch's checkpoint. */
  readonly justified: boolean
}

/** consensus-specs `process_slots`, up to and including the epoch processing before `slot`. */
export function processSlots(
  state: BeaconStateView,
  slot: number,
  keys: ValidatorKeys,
  votes: (epoch: number) => EpochVotes,
): void {
  while (state.slot < slot) {
    const root = state.hashTreeRoot()
    state.stateRoots.set(state.slot % SLOTS_PER_HISTORICAL_ROOT, root)
    if (isZero(state.latestBlockHeader.stateRoot)) state.latestBlockHeader.stateRoot = root
    state.blockRoots.set(state.slot % SLOTS_PER_HISTORICAL_ROOT, state.latestBlockHeader.hashTreeRoot())
    if ((state.slot + 1) % SLOTS_PER_EPOCH === 0) processEpoch(state, keys, votes)
    state.slot += 1
  }
}

function processEpoch(state: BeaconStateView, keys: ValidatorKeys, votes: (epoch: number) => EpochVotes): void {
  const epoch = epochOf(state.slot)
  const next = epoch + 1
  justify(state, epoch, votes(epoch).justified)
  const mix = state.randaoMixes.get(epoch % EPOCHS_PER_HISTORICAL_VECTOR)
  if (!isZero(mix)) state.randaoMixes.set(next % EPOCHS_PER_HISTORICAL_VECTOR, mix)
  if (next % (SLOTS_PER_HISTORICAL_ROOT / SLOTS_PER_EPOCH) === 0)
    state.historicalSummaries.push(
      ssz.capella.HistoricalSummary.toViewDU({
        blockSummaryRoot: state.blockRoots.hashTreeRoot(),
        stateSummaryRoot: state.stateRoots.hashTreeRoot(),
      }),
    )
  if (next % EPOCHS_PER_SYNC_COMMITTEE_PERIOD === 0) {
    state.currentSyncCommittee = state.nextSyncCommittee
    state.nextSyncCommittee = committeeView(keys.committee(next / EPOCHS_PER_SYNC_COMMITTEE_PERIOD + 1))
  }
}

/**
 * consensus-specs `weigh_justification_and_finalization` for the ordinary case: an epoch is justified at its end, and
 * two justified epochs in a row finalize the first. The longer rules (late votes, three in a row) are left out.
 */
function justify(state: BeaconStateView, epoch: number, justified: boolean): void {
  const current = state.currentJustifiedCheckpoint
  const bits = state.justificationBits
  for (let index = 3; index > 0; index--) bits.set(index, bits.get(index - 1))
  bits.set(0, justified)
  state.previousJustifiedCheckpoint = current.clone()
  if (!justified || epoch === 0) return
  const root = state.blockRoots.get((epoch * SLOTS_PER_EPOCH) % SLOTS_PER_HISTORICAL_ROOT)
  if (current.epoch === epoch - 1 && current.epoch > 0) state.finalizedCheckpoint = current.clone()
  state.currentJustifiedCheckpoint = ssz.phase0.Checkpoint.toViewDU({ epoch, root })
}

/** consensus-specs `process_block_header` and `process_execution_payload`. Returns the state's root. */
export function processBlock(
  state: BeaconStateView,
  block: BeaconBlock,
  execution: ExecutionPayloadHeader,
): Uint8Array {
  state.latestBlockHeader = ssz.phase0.BeaconBlockHeader.toViewDU({ ...headerOf(block), stateRoot: ZERO })
  state.randaoMixes.set(epochOf(block.slot) % EPOCHS_PER_HISTORICAL_VECTOR, execution.prevRandao)
  state.latestExecutionPayloadHeader = ssz.fulu.ExecutionPayloadHeader.toViewDU(execution)
  return state.hashTreeRoot()
}

/** The header of a block. */
export function headerOf(block: BeaconBlock): BeaconBlockHeader {
  const { slot, proposerIndex, parentRoot, stateRoot, body } = block
  return { slot, proposerIndex, parentRoot, stateRoot, bodyRoot: ssz.fulu.BeaconBlockBody.hashTreeRoot(body) }
}
