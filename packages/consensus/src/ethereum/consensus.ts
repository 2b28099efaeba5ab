import { parseHeader } from '@meridian/proofs'
import { type Hex, hexToBytes } from 'viem'
import type { BlockPoint, BlockProof, ClientState, Consensus, SourcePorts, WaitReason } from '../types.ts'
import { type Advance, type AdvanceResult, createAdvancer } from './advance.ts'
import { detailOf, readEthereumClient, storeOf } from './client.ts'
import { encodeBlockProof, encodeReceiptsRootProof, type ProvenHeader } from './encode.ts'
import { NodeAnswerError } from './errors.ts'
import { gindices } from './forks.ts'
import { forkAtSlot, type Network, periodAtSlot, slotAtTime, timeAtSlot } from './networks.ts'
import { createEthereumSource, type EthereumSource, type ExecutionField, executionBranchOf } from './source.ts'
import { beaconHeaderRoot } from './ssz.ts'
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

  const update = await source.finalityUpdate()
  const finalized = update.finalizedHeader
  const provenAt = await provingSlot(network, source, slot, finalized.beacon.slot)
  if (provenAt === undefined) {
    if (finalized.beacon.slot > slot + MAX_EMPTY_SLOTS)
      return notServed(`no beacon block follows slot ${slot} within ${MAX_EMPTY_SLOTS} slots`)
    const { number } = await pointOf(finalized, network, source)
    return waiting({ code: 'NOT_FINAL', finalized: number, wanted: claim.block.number })
  }
  if (finalized.beacon.slot <= client.head.number)
    return notServed(`neither the client's head nor newer finality proves slot ${provenAt}`)
  const advance = await createAdvancer(source, network, clockOf(client, now)).toUpdate(begin(client), update)
  if (advance.waiting !== undefined) return waiting(advance.waiting)
  return proveFromUpdate(network, source, advance, update, claim, provenAt)
}

/**
 * The slot of the beacon block that proves the execution block of `slot`: its own; from Gloas on that of the next one, which
 * names it as its bid's parent. Undefined where there is none until `last`.
 */
async function provingSlot(
  network: Network,
  source: EthereumSource,
  slot: bigint,
  last: bigint,
): Promise<bigint | undefined> {
  if (gindices[forkAtSlot(network, slot).name].executionPayload !== undefined) return slot <= last ? slot : undefined
  for (let next = slot + 1n; next <= last && next <= slot + MAX_EMPTY_SLOTS; next++)
    if ((await source.headerAtSlot(next)) !== undefined) return next
  return undefined
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

/** From what the client stores already, if the node still has what that takes. */
async function proveFromHead(
  network: Network,
  source: EthereumSource,
  client: ClientState,
  claim: Claim,
  slot: bigint,
): Promise<BlockProof | undefined> {
  const head = client.head.number
  if (slot > head) return undefined
  const header = await source.headerByRoot(client.head.hash)
  if (header === undefined) return undefined
  const provenAt = await provingSlot(network, source, slot, head)
  if (provenAt === undefined) return undefined
  const field = fieldOf(network, claim, provenAt)
  const proof =
    provenAt === head
      ? await proveExecution(source, claim, { finalized: header }, field, await source.executionBranch(header, field))
      : await proveAncestor(network, source, header, claim, provenAt)
  return proof === undefined ? undefined : { status: 'ready', updates: [], proof }
}

async function proveFromUpdate(
  network: Network,
  source: EthereumSource,
  advance: AdvanceResult,
  update: Update,
  claim: Claim,
  slot: bigint,
): Promise<BlockProof> {
  const header = update.finalizedHeader
  const finalized = header.beacon
  const field = fieldOf(network, claim, slot)
  const proof =
    finalized.slot === slot
      ? await proveExecution(source, claim, { finalized }, field, executionBranchOf(header, network, field))
      : await proveAncestor(network, source, finalized, claim, slot)
  if (proof === undefined)
    return notServed(`the node has no proof of slot ${slot} in the state of slot ${finalized.slot}`)
  return { status: 'ready', updates: advance.updates, proof }
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
): Promise<Hex | undefined> {
  if (inBody === undefined) return undefined
  const { leaf, branch } = inBody
  if (field === 'blockHash') {
    requireExecution(block.hash.toLowerCase(), leaf)
    const executionHeader = await source.executionHeader(block.hash)
    return encodeBlockProof({ ...at, blockHashBranch: branch, executionHeader })
  }
  // The block's own header says which root is its: another block in the slot has another one, or the same receipts.
  requireExecution(parseHeader(hexToBytes(await source.executionHeader(block.hash))).receiptsRoot, leaf)
  return encodeReceiptsRootProof({ ...at, receiptsRoot: leaf, receiptsRootBranch: branch })
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

async function proveAncestor(
  network: Network,
  source: EthereumSource,
  finalized: BeaconHeader,
  claim: Claim,
  slot: bigint,
): Promise<Hex | undefined> {
  const found = await rootBranch(network, source, finalized, slot)
  if (found === undefined) return undefined
  const { inState, summary } = found
  const header = await source.headerAtSlot(slot)
  if (header === undefined) return undefined
  const given = beaconHeaderRoot(header)
  if (given !== inState.leaf)
    throw new NodeAnswerError(`the header at slot ${slot} is not on the finalized chain`, {
      expected: inState.leaf,
      given,
    })
  const ancestor = { header, blockRootBranch: inState.branch, ...(summary === undefined ? {} : { summary }) }
  const field = fieldOf(network, claim, slot)
  return proveExecution(source, claim, { finalized, ancestor }, field, await source.executionBranch(header, field))
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
  const newest = await source.finalityUpdate()
  const advancer = createAdvancer(source, network, clock)
  const period = periodAtSlot(network, newest.finalizedHeader.beacon.slot)
  const rotated = await advancer.toCommittee(begin(client), period + 1n)
  const expiresAt = timeAtSlot(network, rotated.store.head.slot) + clock.trustingPeriod
  const isRunningDown = (expiresAt - now) * REFRESH_SHARE < clock.trustingPeriod
  if (!isRunningDown || newest.finalizedHeader.beacon.slot <= rotated.store.head.slot) return rotated.updates
  return (await advancer.toUpdate(rotated, newest)).updates
}
