import { hasCode } from '@meridian/core'
import type { Hex } from 'viem'
import type { WaitReason } from '../types.ts'
import { isQuorum, participants } from './committee.ts'
import { encodeUpdate } from './encode.ts'
import { NodeAnswerError, VerifyError } from './errors.ts'
import { aggregateCommitment, type CommittedAggregate, chooseEncoding } from './kept-aggregate.ts'
import { type Network, periodAtSlot, timeAtSlot } from './networks.ts'
import { isWrongAnswer, type Served } from './nodes.ts'
import type { EthereumSource } from './source.ts'
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
    for (let next = last; next < period && !state.store.committeeRoots.has(period); next++) {
      state = await advanceOverPeriod(context, state, next, served)
      if (state.waiting !== undefined) return state
    }
  }
  return state
}

/** The committee after `period`, by the best update of the period that holds. */
async function advanceOverPeriod(
  context: Context,
  from: Advance,
  period: bigint,
  served: readonly Served<Update>[],
): Promise<AdvanceResult> {
  const { network } = context
  const ofPeriod = served.filter(({ value }) => periodAtSlot(network, value.attestedHeader.beacon.slot) === period)
  if (ofPeriod.length === 0)
    return { ...from, waiting: { code: 'UPDATE_NOT_SERVED', detail: `no update of period ${period} is served` } }
  const result = await firstThatHolds(ofPeriod, network, (update) => applyOne(context, from, update))
  if (result.waiting !== undefined || result.store.committeeRoots.has(period + 1n)) return result
  return { ...result, waiting: { code: 'UPDATE_NOT_SERVED', detail: `period ${period} brings no next committee` } }
}

/** How many signed, for choosing between updates; none where the bits are not of the committee's size. */
function signersIn({ syncAggregate }: Update, network: Network): number {
  const { syncCommitteeSize } = network.preset
  return syncAggregate.bits.length === 2 + syncCommitteeSize / 4
    ? participants(syncAggregate.bits, syncCommitteeSize)
    : 0
}

/** The updates with the most signers first, of equal ones those that finalize more. Equal ones keep their order. */
export function bestFirst(served: readonly Served<Update>[], network: Network): readonly Served<Update>[] {
  const slotOf = ({ value }: Served<Update>) => value.finalizedHeader.beacon.slot
  return [...served].sort(
    (a, b) => signersIn(b.value, network) - signersIn(a.value, network) || Number(slotOf(b) - slotOf(a)),
  )
}

/**
 * Tries updates, best first, until one holds. The node of one that cannot be true, or that too few signed, is passed over and
 * named.
 * @throws what is wrong with the last one, where none holds and none is merely waited for.
 */
export async function firstThatHolds<R extends { readonly waiting?: WaitReason }>(
  served: readonly Served<Update>[],
  network: Network,
  use: (update: Update) => Promise<R>,
): Promise<R> {
  const isEnough = ({ value }: Served<Update>) => isQuorum(signersIn(value, network), network.preset.syncCommitteeSize)
  const enough = served.filter(isEnough)
  for (const weak of served.filter((one) => !isEnough(one)))
    weak.passOver(new NodeAnswerError('its update was signed by fewer than two thirds', { host: weak.host }))
  let waiting: R | undefined
  let failure: unknown
  for (const { value, passOver } of bestFirst(enough.length > 0 ? enough : served, network)) {
    try {
      const result = await use(value)
      if (result.waiting === undefined) return result
      waiting ??= result
    } catch (error) {
      if (!isWrongAnswer(error) || isConflict(error)) throw error
      passOver(error)
      failure = error
    }
  }
  if (waiting !== undefined) return waiting
  throw failure ?? new RangeError('no update to try')
}

/** Two thirds signed something else: that is no fault of who shows it. */
function isConflict(error: unknown): boolean {
  return hasCode(error, 'BLOCK_CONFLICT') || hasCode(error, 'COMMITTEE_CONFLICT')
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
  const found = await context.source.committee(root, period, store.head.root)
  if (found !== undefined) context.committees.set(root, found)
  return found
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
  if (isConflict(error)) throw error
  throw new NodeAnswerError(`the beacon node served an update that does not verify: ${error.message}`, error.context, {
    cause: error,
  })
}
