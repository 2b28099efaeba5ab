import { parseHeader } from '@meridian/proofs'
import { type Hex, hexToBytes } from 'viem'
import type { BeaconPort, BlockPoint, BlockProof, ClientState, Consensus, SourcePorts, WaitReason } from '../types.ts'
import { type Advance, bestFirst, createAdvancer, firstThatHolds } from './advance.ts'
import { detailOf, readEthereumClient, storeOf } from './client.ts'
import { encodeBlockProof, encodeReceiptsRootProof, type ProvenHeader } from './encode.ts'
import { ForkScheduleError, NodeAnswerError, PortError } from './errors.ts'
import { gindices } from './forks.ts'
import { ethereumMisbehaviour, otherClaims } from './misbehaviour.ts'
import { epochAtSlot, forkAtSlot, type Network, periodAtSlot, slotAtTime, timeAtSlot } from './networks.ts'
import type { Served } from './nodes.ts'
import { ownBeaconViews } from './own-views.ts'
import { requireSchedule } from './schedule.ts'
import { createEthereumSource, type EthereumSource, type ExecutionField, executionBranchOf } from './source.ts'
import type { SingleBranch } from './tree-proof.ts'
import type { BeaconHeader, LightClientHeader, Update } from './types.ts'
import { type Clock, validateLightClientHeader } from './verify.ts'

/** A client is refreshed once less than this share of its trusting period is left. */
const REFRESH_SHARE = 3n

/** Slots after an execution block's in which the beacon block that names it as its parent is looked for, Gloas on. */
const MAX_EMPTY_SLOTS = 256n

/** What an Ethereum consensus follows. */
export interface EthereumConsensusOptions {
  readonly network: Network
}

/**
 * Ethereum's proof of stake as Compass sees it: finality by sync committees, blocks by `block_roots`.
 * Everything that a node answers is verified before it goes into a proof.
 */
export function createEthereumConsensus({ network }: EthereumConsensusOptions): Consensus {
  return {
    kind: 'ethereum',
    async finalized(ports) {
      const source = createEthereumSource(ports, network)
      return pointOf((await source.finalityUpdate()).finalizedHeader, network, source)
    },
    readClient: (target, address) => readEthereumClient(target, address, network),
    proveBlock: (ports, client, block, now) => prove(network, ports, client, { block, shown: 'block' }, now),
    proveReceiptsRoot: (ports, client, block, now) =>
      prove(network, ports, client, { block, shown: 'receiptsRoot' }, now),
    maintain: (ports, client, now) => maintain(network, ports, client, now),
    otherClaims,
    async ownViews({ beacon }, claim) {
      if (beacon === undefined)
        throw new PortError('ethereum needs a beacon endpoint', { expected: 'beacon', given: undefined })
      return ownBeaconViews(beacon, network, claim)
    },
    misbehaviour: (ports, target, client, accepted, now) =>
      ethereumMisbehaviour(network, ports, target, client, accepted, now),
  }
}

/** What is to be proven: a block, or the receipts root of one. */
interface Claim {
  readonly block: BlockPoint
  readonly shown: 'block' | 'receiptsRoot'
}

async function pointOf(header: LightClientHeader, network: Network, source: EthereumSource): Promise<BlockPoint> {
  validateLightClientHeader(header, network)
  if ('execution' in header) {
    const { blockNumber, timestamp, blockHash } = header.execution
    return { number: blockNumber, timestamp, hash: blockHash }
  }
  const { number, timestamp, hash } = parseHeader(hexToBytes(await source.executionHeader(header.executionBlockHash)))
  return { number, timestamp, hash }
}

function clockOf(client: ClientState, now: bigint): Clock {
  const { trustingPeriod, clockDrift } = detailOf(client)
  return { now, trustingPeriod, clockDrift }
}

function begin(client: ClientState): Advance {
  return { store: storeOf(client), updates: [], kept: detailOf(client).kept }
}

function waiting(reason: WaitReason): BlockProof {
  return { status: 'waiting', reason }
}

function notServed(detail: string): BlockProof {
  return waiting({ code: 'UPDATE_NOT_SERVED', detail })
}

async function prove(
  network: Network,
  ports: SourcePorts,
  client: ClientState,
  claim: Claim,
  now: bigint,
): Promise<BlockProof> {
  if (client.status === 'frozen') return waiting({ code: 'CLIENT_UNUSABLE', status: 'frozen' })
  const source = createEthereumSource(ports, network)
  const slot = slotOf(claim.block, network)
  const known = await proveFromHead(network, source, client, claim, slot)
  if (known !== undefined) return known
  if (client.status === 'expired' || now >= client.expiresAt)
    return waiting({ code: 'CLIENT_UNUSABLE', status: 'expired' })

  await requireSameForks(source, ports, network, client, now)
  const served = await finalityInReach(source, network)
  const [newest] = newestFirst(served)
  if (newest === undefined) return notServed('no beacon node has a finality update')
  const enough = served.filter(({ value }) => value.finalizedHeader.beacon.slot >= firstProvingSlot(network, slot))
  if (enough.length === 0) {
    const { number } = await pointOf(newest.value.finalizedHeader, network, source)
    return waiting({ code: 'NOT_FINAL', finalized: number, wanted: claim.block.number })
  }
  const ahead = enough.filter(({ value }) => value.finalizedHeader.beacon.slot > client.head.number)
  if (ahead.length === 0) return notServed(`neither the client's head nor newer finality proves slot ${slot}`)
  const advancer = createAdvancer(source, network, clockOf(client, now))
  let reason: WaitReason | undefined
  // One that more have signed may be older, and its state no longer at hand.
  for (let left = bestFirst(ahead, network); left.length > 0; ) {
    const held = await firstThatHolds(left, network, async (update) => ({
      update,
      ...(await advancer.toUpdate(begin(client), asFinality(update, network))),
    }))
    if (held.waiting !== undefined) return waiting(reason ?? held.waiting)
    const shown = await proveAt(network, source, held.update.finalizedHeader, claim, slot)
    if (shown.proof !== undefined) return { status: 'ready', updates: held.updates, proof: shown.proof }
    reason ??= shown.waiting
    left = left.slice(left.findIndex(({ value }) => value === held.update) + 1)
  }
  return waiting(reason ?? { code: 'UPDATE_NOT_SERVED', detail: `no update proves slot ${slot}` })
}

/**
 * The finality updates of every node; where none of them was signed by everybody, also the best updates of the newest period,
 * which more may have signed.
 */
async function finalityInReach(source: EthereumSource, network: Network): Promise<readonly Served<Update>[]> {
  const served = await source.finalityUpdates()
  const [newest] = newestFirst(served)
  const [best] = bestFirst(served, network)
  if (newest === undefined || best === undefined || isSignedByAll(best.value)) return served
  const period = periodAtSlot(network, newest.value.attestedHeader.beacon.slot)
  const ranged = await source.updates(period, 1n).catch(() => [])
  return [...served, ...ranged]
}

function isSignedByAll({ syncAggregate }: Update): boolean {
  return /^0xf+$/.test(syncAggregate.bits)
}

function newestFirst(served: readonly Served<Update>[]): readonly Served<Update>[] {
  const slotOf = ({ value }: Served<Update>) => value.finalizedHeader.beacon.slot
  return [...served].sort((a, b) => Number(slotOf(b) - slotOf(a)))
}

/** An update for its finality: with its next committee only where the client may take that. */
function asFinality({ nextSyncCommittee: next, ...update }: Update, network: Network): Update {
  const [attested, finalized] = [update.attestedHeader, update.finalizedHeader].map(({ beacon }) =>
    periodAtSlot(network, beacon.slot),
  )
  return next === undefined || attested !== finalized ? update : { ...update, nextSyncCommittee: next }
}

/** Seconds for which a node's schedule is not asked for again. */
const SCHEDULE_AGE = 600n
const schedules = new WeakMap<
  BeaconPort,
  { readonly at: bigint; readonly served: Awaited<ReturnType<EthereumSource['schedules']>> }
>()

async function schedulesOf(source: EthereumSource, { beacon }: SourcePorts, now: bigint) {
  const known = beacon && schedules.get(beacon)
  if (known !== undefined && known.at <= now && now < known.at + SCHEDULE_AGE) return known.served
  const served = await source.schedules()
  if (beacon !== undefined) schedules.set(beacon, { at: now, served })
  return served
}

/** The first slot whose state can prove the execution block of `slot`: its own; from Gloas on a later block names it. */
function firstProvingSlot(network: Network, slot: bigint): bigint {
  return gindices[forkAtSlot(network, slot).name].executionPayload === undefined ? slot + 1n : slot
}

/**
 * No update can be signed as the client expects it where the forks differ: the node's `config/spec` and what is verified by
 * here are both held against the client's own schedule, as far as it has begun.
 * @throws ForkScheduleError
 */
async function requireSameForks(
  source: EthereumSource,
  ports: SourcePorts,
  network: Network,
  client: ClientState,
  now: bigint,
): Promise<void> {
  const { forks } = detailOf(client)
  const until = epochAtSlot(network, slotAtTime(network, now)) + 1n
  requireSchedule(forks, network.forks, until, `Compass on ${network.name}`)
  let isServed = false
  let failure: unknown
  for (const { host, passOver, value } of await schedulesOf(source, ports, now)) {
    try {
      requireSchedule(forks, value, until, host)
      isServed = true
    } catch (error) {
      if (!(error instanceof ForkScheduleError)) throw error
      passOver(error)
      failure = error
    }
  }
  if (!isServed && failure !== undefined) throw failure
}

/** Execution payloads carry exactly their slot's time. */
function slotOf(block: BlockPoint, network: Network): bigint {
  const slot = slotAtTime(network, block.timestamp)
  const expected = timeAtSlot(network, slot)
  if (block.timestamp < network.genesisTime || expected !== block.timestamp)
    throw new NodeAnswerError('no slot starts at the block time', { expected, given: block.timestamp })
  return slot
}

/** Whether `state.block_roots` of a header reaches a slot. */
function reaches(network: Network, from: bigint, slot: bigint): boolean {
  return slot < from && from <= slot + network.preset.slotsPerHistoricalRoot
}

/** From what the client stores already, if a node still has what that takes. */
async function proveFromHead(
  network: Network,
  source: EthereumSource,
  client: ClientState,
  claim: Claim,
  slot: bigint,
): Promise<BlockProof | undefined> {
  if (firstProvingSlot(network, slot) > client.head.number) return undefined
  const header = await source.headerByRoot(client.head.hash)
  if (header === undefined) return undefined
  const { proof } = await proveAt(network, source, { beacon: header }, claim, slot)
  return proof === undefined ? undefined : { status: 'ready', updates: [], proof }
}

/** A header to prove from: of a light-client header also what that shows of its execution block. */
type Anchor = LightClientHeader | { readonly beacon: BeaconHeader }

type Shown =
  | { readonly proof: Hex; readonly waiting?: never }
  | { readonly proof?: never; readonly waiting: WaitReason }

function notShown(detail: string): Shown {
  return { waiting: { code: 'UPDATE_NOT_SERVED', detail } }
}

/**
 * Proves the execution block of `slot` from a finalized header. Which beacon block shows it is read from the finalized state
 * itself: the block of the same slot, from Gloas on the next one, which names it as its bid's parent.
 */
async function proveAt(
  network: Network,
  source: EthereumSource,
  anchor: Anchor,
  claim: Claim,
  slot: bigint,
): Promise<Shown> {
  const { beacon: finalized } = anchor
  const first = firstProvingSlot(network, slot)
  for (let at = first; at <= finalized.slot && at <= first + MAX_EMPTY_SLOTS; at++) {
    const field = fieldOf(network, claim, at)
    if (at === finalized.slot) {
      const own = 'executionBranch' in anchor ? executionBranchOf(anchor, network, field) : undefined
      const inBody = own ?? (await source.executionBranch(finalized, field))
      return proveExecution(source, claim, { finalized }, field, inBody)
    }
    const found = await rootBranch(network, source, finalized, at)
    const header = found && (await source.headerByRoot(found.inState.leaf))
    if (found === undefined || header === undefined)
      return notShown(`no node has a proof of slot ${at} in the state of slot ${finalized.slot}`)
    if (header.slot !== at) {
      // An empty slot repeats the root before it.
      if (first !== slot) continue
      throw new NodeAnswerError('the finalized chain has no block in this slot', { expected: at, given: header.slot })
    }
    const { inState, summary } = found
    const ancestor = { header, blockRootBranch: inState.branch, ...(summary === undefined ? {} : { summary }) }
    const inBody = await source.executionBranch(header, field)
    return proveExecution(source, claim, { finalized, ancestor }, field, inBody)
  }
  return notShown(`no beacon block follows slot ${slot} within ${MAX_EMPTY_SLOTS} slots`)
}

/** What the body at a slot shows: a receipts root only where it has one. */
function fieldOf(network: Network, { shown }: Claim, slot: bigint): ExecutionField {
  const { executionReceiptsRoot } = gindices[forkAtSlot(network, slot).name]
  return shown === 'receiptsRoot' && executionReceiptsRoot !== undefined ? 'receiptsRoot' : 'blockHash'
}

/** Ends a proof with what it shows of the execution block, which must be the one that was asked for. */
async function proveExecution(
  source: EthereumSource,
  { block }: Claim,
  at: ProvenHeader,
  field: ExecutionField,
  inBody: SingleBranch | undefined,
): Promise<Shown> {
  if (inBody === undefined)
    return notShown(`no node has the body of slot ${(at.ancestor?.header ?? at.finalized).slot}`)
  const { leaf, branch } = inBody
  if (field === 'blockHash') {
    requireExecution(block.hash.toLowerCase(), leaf)
    const executionHeader = await source.executionHeader(block.hash)
    return { proof: encodeBlockProof({ ...at, blockHashBranch: branch, executionHeader }) }
  }
  // The block's own header says which root is its: another block in the slot has another one, or the same receipts.
  requireExecution(parseHeader(hexToBytes(await source.executionHeader(block.hash))).receiptsRoot, leaf)
  return { proof: encodeReceiptsRootProof({ ...at, receiptsRoot: leaf, receiptsRootBranch: branch }) }
}

function requireExecution(expected: string, given: Hex): void {
  if (given !== expected)
    throw new NodeAnswerError('the chain has another execution block in this slot', { expected, given })
}

/** The root at a slot in a finalized state: in `block_roots` as far as that reaches, in a summary beyond. */
async function rootBranch(
  network: Network,
  source: EthereumSource,
  finalized: BeaconHeader,
  slot: bigint,
): Promise<{ readonly inState: SingleBranch; readonly summary?: bigint } | undefined> {
  if (!reaches(network, finalized.slot, slot)) return source.summarizedRootBranch(finalized, slot)
  const inState = await source.blockRootBranch(finalized, slot)
  return inState === undefined ? undefined : { inState }
}

/**
 * The next committee as soon as its period is final, period by period where several are missing, and a newer head once
 * a third of the trusting period is left.
 */
async function maintain(
  network: Network,
  ports: SourcePorts,
  client: ClientState,
  now: bigint,
): Promise<readonly Hex[]> {
  if (client.status !== 'active' || now >= client.expiresAt) return []
  const source = createEthereumSource(ports, network)
  const clock = clockOf(client, now)
  const served = await source.finalityUpdates()
  const limit = slotAtTime(network, now + (clock.clockDrift ?? 0n))
  const possible = served.filter(({ value }) => value.finalizedHeader.beacon.slot <= limit)
  const [newest] = newestFirst(possible)
  if (newest === undefined) return []
  const advancer = createAdvancer(source, network, clock)
  const period = periodAtSlot(network, newest.value.finalizedHeader.beacon.slot)
  const from = begin(client)
  const isRunningDown = ({ store }: Advance): boolean =>
    (timeAtSlot(network, store.head.slot) + clock.trustingPeriod - now) * REFRESH_SHARE < clock.trustingPeriod
  if (from.store.committeeRoots.has(period + 1n) && !isRunningDown(from)) return []
  await requireSameForks(source, ports, network, client, now)
  const rotated = await advancer.toCommittee(from, period + 1n)
  const ahead = possible.filter(({ value }) => value.finalizedHeader.beacon.slot > rotated.store.head.slot)
  if (!isRunningDown(rotated) || ahead.length === 0) return rotated.updates
  return (await firstThatHolds(ahead, network, (update) => advancer.toUpdate(rotated, update))).updates
}
