import type { Hex } from 'viem'
import type { BlockPoint, BlockProof, ClientState, Consensus, SourcePorts, WaitReason } from '../types.ts'
import { type AdvanceResult, createAdvancer } from './advance.ts'
import { detailOf, readEthereumClient, storeOf } from './client.ts'
import { encodeBlockProof } from './encode.ts'
import { NodeAnswerError } from './errors.ts'
import { type Network, periodAtSlot, slotAtTime, timeAtSlot } from './networks.ts'
import { blockHashBranchOf, createEthereumSource, type EthereumSource } from './source.ts'
import { beaconHeaderRoot } from './ssz.ts'
import type { SingleBranch } from './tree-proof.ts'
import type { BeaconHeader, LightClientHeader, Update } from './types.ts'
import { type Clock, validateLightClientHeader } from './verify.ts'

/** A client is refreshed once less than this share of its trusting period is left. */
const REFRESH_SHARE = 3n

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
      const update = await createEthereumSource(ports, network).finalityUpdate()
      return pointOf(update.finalizedHeader, network)
    },
    readClient: (target, address) => readEthereumClient(target, address, network),
    proveBlock: (ports, client, block, now) => proveBlock(network, ports, client, block, now),
    maintain: (ports, client, now) => maintain(network, ports, client, now),
  }
}

function pointOf(header: LightClientHeader, network: Network): BlockPoint {
  validateLightClientHeader(header, network)
  const { blockNumber, timestamp, blockHash } = header.execution
  return { number: blockNumber, timestamp, hash: blockHash }
}

function clockOf(client: ClientState, now: bigint): Clock {
  const { trustingPeriod, clockDrift } = detailOf(client)
  return { now, trustingPeriod, clockDrift }
}

function waiting(reason: WaitReason): BlockProof {
  return { status: 'waiting', reason }
}

function notServed(detail: string): BlockProof {
  return waiting({ code: 'UPDATE_NOT_SERVED', detail })
}

async function proveBlock(
  network: Network,
  ports: SourcePorts,
  client: ClientState,
  block: BlockPoint,
  now: bigint,
): Promise<BlockProof> {
  if (client.status === 'frozen') return waiting({ code: 'CLIENT_UNUSABLE', status: 'frozen' })
  const source = createEthereumSource(ports, network)
  const slot = slotOf(block, network)
  const known = await proveFromHead(network, source, client, block, slot)
  if (known !== undefined) return known
  if (client.status === 'expired' || now >= client.expiresAt)
    return waiting({ code: 'CLIENT_UNUSABLE', status: 'expired' })

  const update = await source.finalityUpdate()
  const finalized = update.finalizedHeader
  if (finalized.beacon.slot < slot)
    return waiting({ code: 'NOT_FINAL', finalized: finalized.execution.blockNumber, wanted: block.number })
  if (finalized.beacon.slot <= client.head.number)
    return notServed(`neither the client's head nor newer finality proves slot ${slot}`)
  const advance = await createAdvancer(source, network, clockOf(client, now)).toUpdate(
    { store: storeOf(client), updates: [] },
    update,
  )
  if (advance.waiting !== undefined) return waiting(advance.waiting)
  return proveFromUpdate(network, source, advance, update, block, slot)
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
  block: BlockPoint,
  slot: bigint,
): Promise<BlockProof | undefined> {
  const head = client.head.number
  if (slot > head) return undefined
  const header = await source.headerByRoot(client.head.hash)
  if (header === undefined) return undefined
  const proof =
    slot === head
      ? await proveAnchor(source, header, block, await source.blockHashBranch(header))
      : await proveAncestor(network, source, header, block, slot)
  return proof === undefined ? undefined : { status: 'ready', updates: [], proof }
}

async function proveFromUpdate(
  network: Network,
  source: EthereumSource,
  advance: AdvanceResult,
  update: Update,
  block: BlockPoint,
  slot: bigint,
): Promise<BlockProof> {
  const header = update.finalizedHeader
  const anchor = header.beacon
  const proof =
    anchor.slot === slot
      ? await proveAnchor(source, anchor, block, blockHashBranchOf(header, network))
      : await proveAncestor(network, source, anchor, block, slot)
  if (proof === undefined) return notServed(`the node has no proof of slot ${slot} in the state of slot ${anchor.slot}`)
  return { status: 'ready', updates: advance.updates, proof }
}

function requireBlock(branch: SingleBranch, block: BlockPoint): void {
  if (branch.leaf !== block.hash.toLowerCase())
    throw new NodeAnswerError('the chain has another execution block in this slot', {
      expected: branch.leaf,
      given: block.hash,
    })
}

async function proveAnchor(
  source: EthereumSource,
  finalized: BeaconHeader,
  block: BlockPoint,
  branch: SingleBranch | undefined,
): Promise<Hex | undefined> {
  if (branch === undefined) return undefined
  requireBlock(branch, block)
  const executionHeader = await source.executionHeader(block.hash)
  return encodeBlockProof({ finalized, blockHashBranch: branch.branch, executionHeader })
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
  block: BlockPoint,
  slot: bigint,
): Promise<Hex | undefined> {
  const found = await rootBranch(network, source, finalized, slot)
  if (found === undefined) return undefined
  const { inState } = found
  const header = await source.headerAtSlot(slot)
  if (header === undefined) return undefined
  const given = beaconHeaderRoot(header)
  if (given !== inState.leaf)
    throw new NodeAnswerError(`the header at slot ${slot} is not on the finalized chain`, {
      expected: inState.leaf,
      given,
    })
  const inBody = await source.blockHashBranch(header)
  if (inBody === undefined) return undefined
  requireBlock(inBody, block)
  return encodeBlockProof({
    finalized,
    ancestor: {
      header,
      blockRootBranch: inState.branch,
      ...(found.summary === undefined ? {} : { summary: found.summary }),
    },
    blockHashBranch: inBody.branch,
    executionHeader: await source.executionHeader(block.hash),
  })
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
  const rotated = await advancer.toCommittee({ store: storeOf(client), updates: [] }, period + 1n)
  const expiresAt = timeAtSlot(network, rotated.store.head.slot) + clock.trustingPeriod
  const isRunningDown = (expiresAt - now) * REFRESH_SHARE < clock.trustingPeriod
  if (!isRunningDown || newest.finalizedHeader.beacon.slot <= rotated.store.head.slot) return rotated.updates
  return (await advancer.toUpdate(rotated, newest)).updates
}
