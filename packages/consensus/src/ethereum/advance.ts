import { hasCode } from '@meridian/core'
import type { Hex } from 'viem'
import type { WaitReason } from '../types.ts'
import { encodeUpdate } from './encode.ts'
import { NodeAnswerError, VerifyError } from './errors.ts'
import { aggregateCommitment, type CommittedAggregate, chooseEncoding } from './kept-aggregate.ts'
import { type Network, periodAtSlot, timeAtSlot } from './networks.ts'
import type { EthereumSource } from './source.ts'
import { syncCommitteeRoot } from './ssz.ts'
import type { SyncCommittee, Update } from './types.ts'
import {
  applyLightClientUpdate,
  type Clock,
  type LightClientStore,
  type ValidatedUpdate,
  validateLightClientUpdate,
} from './verify.ts'

/** A client's state, moved ahead off chain by updates that the contract will accept in this order. */
export interface Advance {
  readonly store: LightClientStore
  readonly updates: readonly Hex[]
  /** What the contract will have kept by then, if that is known. */
  readonly kept?: CommittedAggregate | undefined
}

/** An advance, and why it stopped short of what was wanted, if it did. */
export interface AdvanceResult extends Advance {
  readonly waiting?: WaitReason
}

interface Context {
  readonly source: EthereumSource
  readonly network: Network
  readonly clock: Clock
  /** Committees whose keys are known, by their root. */
  readonly committees: Map<Hex, SyncCommittee>
}

/** Moves a client ahead: what it lacks, verified in full before anybody pays for it. */
export interface Advancer {
  /** Brings the committees up to that of `period`, an update a period. */
  toCommittee(from: Advance, period: bigint): Promise<AdvanceResult>
  /** Applies one update, with the committees that its signature needs. */
  toUpdate(from: Advance, update: Update): Promise<AdvanceResult>
}

/** @param clock Of the chain that holds the client. */
export function createAdvancer(source: EthereumSource, network: Network, clock: Clock): Advancer {
  const context: Context = { source, network, clock, committees: new Map() }
  return {
    toCommittee: (from, period) => advanceToCommittee(context, from, period),
    async toUpdate(from, update) {
      const signersPeriod = periodAtSlot(network, update.signatureSlot)
      const ready = await advanceToCommittee(context, from, signersPeriod)
      return ready.waiting === undefined ? applyOne(context, ready, update) : ready
    },
  }
}

function lastPeriod(store: LightClientStore): bigint {
  return [...store.committeeRoots.keys()].reduce((last, period) => (period > last ? period : last), 0n)
}

async function advanceToCommittee(context: Context, from: Advance, period: bigint): Promise<AdvanceResult> {
  // Not what made an earlier advance wait: that concerned another committee.
  let state: AdvanceResult = { store: from.store, updates: from.updates, kept: from.kept }
  while (!state.store.committeeRoots.has(period)) {
    const last = lastPeriod(state.store)
    if (period < last)
      return { ...state, waiting: { code: 'UPDATE_NOT_SERVED', detail: `the client no longer knows period ${period}` } }
    const served = await context.source.updates(last, period - last)
    const update = served[0]
    if (update === undefined)
      return { ...state, waiting: { code: 'UPDATE_NOT_SERVED', detail: `no update of period ${last} is served` } }
    for (const next of served) {
      state = await applyOne(context, state, next)
      if (state.waiting !== undefined) return state
    }
    if (lastPeriod(state.store) === last)
      return { ...state, waiting: { code: 'UPDATE_NOT_SERVED', detail: `period ${last} brings no next committee` } }
  }
  return state
}

async function applyOne(context: Context, from: Advance, update: Update): Promise<AdvanceResult> {
  const { network, clock } = context
  try {
    const signers = await signersOf(context, from.store, periodAtSlot(network, update.signatureSlot))
    if (signers === undefined)
      return {
        ...from,
        waiting: { code: 'UPDATE_NOT_SERVED', detail: `no keys of the committee at slot ${update.signatureSlot}` },
      }
    const valid = validateLightClientUpdate(from.store, update, signers, network, clock)
    learn(context, update, valid)
    const { store, result } = applyLightClientUpdate(from.store, valid, network)
    if (result === 'noop') return { store, updates: from.updates, kept: from.kept }
    const encoding = chooseEncoding(update, signers, network, from.kept)
    const isKept = encoding.keep === true && store.head.slot > from.store.head.slot
    return {
      store,
      updates: [...from.updates, encodeUpdate(update, signers, encoding)],
      kept: isKept ? keptBy(update, signers, network) : from.kept,
    }
  } catch (error) {
    return { ...from, waiting: waitReasonOf(error, update, network, clock) }
  }
}

function keptBy(update: Update, signers: SyncCommittee, network: Network): CommittedAggregate {
  const kept = { period: periodAtSlot(network, update.signatureSlot), bits: update.syncAggregate.bits }
  return { ...kept, commitment: aggregateCommitment(kept, signers) }
}

function learn(context: Context, update: Update, valid: ValidatedUpdate): void {
  if (update.nextSyncCommittee !== undefined && valid.nextCommittee !== undefined)
    context.committees.set(valid.nextCommittee.root, update.nextSyncCommittee.committee)
}

/** The keys of a committee whose root the client holds: from the update that brought it, else from the head's bootstrap. */
async function signersOf(
  context: Context,
  store: LightClientStore,
  period: bigint,
): Promise<SyncCommittee | undefined> {
  const root = store.committeeRoots.get(period)
  if (root === undefined)
    throw new VerifyError('COMMITTEE_UNKNOWN', `no committee is known for period ${period}`, {
      expected: [...store.committeeRoots.keys()],
      given: period,
    })
  const known = context.committees.get(root)
  if (known !== undefined) return known
  const found =
    (period > 0n ? await committeeFromUpdate(context, period - 1n, root) : undefined) ??
    (await committeeFromBootstrap(context, store.head.root, root))
  if (found !== undefined) context.committees.set(root, found)
  return found
}

async function committeeFromUpdate(context: Context, period: bigint, root: Hex): Promise<SyncCommittee | undefined> {
  const [update] = await context.source.updates(period, 1n)
  const committee = update?.nextSyncCommittee?.committee
  return committee !== undefined && syncCommitteeRoot(committee) === root ? committee : undefined
}

async function committeeFromBootstrap(context: Context, head: Hex, root: Hex): Promise<SyncCommittee | undefined> {
  const bootstrap = await context.source.bootstrap(head)
  const committee = bootstrap?.currentSyncCommittee
  return committee !== undefined && syncCommitteeRoot(committee) === root ? committee : undefined
}

/** What resolves by waiting is a reason; conflicting evidence and what no honest node would serve are errors. */
function waitReasonOf(error: unknown, update: Update, network: Network, clock: Clock): WaitReason {
  if (!(error instanceof VerifyError)) throw error
  if (hasCode(error, 'SLOT_IN_FUTURE')) {
    const earliest = timeAtSlot(network, update.signatureSlot) - (clock.clockDrift ?? 0n)
    return { code: 'CLOCK_BEHIND', earliest, now: clock.now }
  }
  if (hasCode(error, 'EXPIRED')) return { code: 'CLIENT_UNUSABLE', status: 'expired' }
  if (hasCode(error, 'PARTICIPATION') || hasCode(error, 'PERIOD_MISMATCH'))
    return { code: 'UPDATE_NOT_SERVED', detail: error.message }
  if (hasCode(error, 'BLOCK_CONFLICT') || hasCode(error, 'COMMITTEE_CONFLICT')) throw error
  throw new NodeAnswerError(`the beacon node served an update that does not verify: ${error.message}`, error.context, {
    cause: error,
  })
}
