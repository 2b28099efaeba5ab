import { checkRawHeader, encodeHeader, type RpcBlock } from '@meridian/proofs'
import { bytesToHex, type Hex } from 'viem'
import type { BeaconPort, RpcPort, SourcePorts } from '../types.ts'
import { signedBeaconBlockType } from './body.ts'
import { ForkError, NodeAnswerError, PortError } from './errors.ts'
import { blockRootGindex, blockSummaryGindex, depthOf, type ForkName, gindices } from './forks.ts'
import { rootOfBranch } from './merkle.ts'
import { forkAtSlot, type Network } from './networks.ts'
import { parseBlockHeader, parseBootstrap, parseUpdate, parseUpdates } from './parse.ts'
import { beaconHeaderRoot, executionHeaderTree } from './ssz.ts'
import { beaconStateType } from './state.ts'
import { branchOfAnswer, branchOfNode, descriptorOf, type SingleBranch } from './tree-proof.ts'
import type { BeaconHeader, Bootstrap, LightClientHeader, Update } from './types.ts'

/** `body` is field 4 of the 5 of a BeaconBlock: depth 3, index 8 + 4. */
const BODY_GINDEX = 12n
/** Fields of an execution payload that proofs show; an execution payload header has them in the same places. */
const fieldIndices = { receiptsRoot: 3n, blockHash: 12n } as const
export type ExecutionField = keyof typeof fieldIndices
/** Beacon API: the most updates that one request may ask for. */
const MAX_UPDATES = 128n
/** The node does not have it, or does not serve the route. */
const NOT_SERVED = [404, 405, 501]

/** The source chain, every answer parsed and checked against the root that it was asked by. */
export interface EthereumSource {
  /** The newest finality update. Its signature is the caller's to check. */
  finalityUpdate(): Promise<Update>
  /** The best update of each period from `startPeriod` on, ascending; fewer where the node has fewer. */
  updates(startPeriod: bigint, count: bigint): Promise<readonly Update[]>
  /** The bootstrap of a block, undefined where the node has none. */
  bootstrap(blockRoot: Hex): Promise<Bootstrap | undefined>
  /** A block's header by its root, undefined where the node does not have it. */
  headerByRoot(blockRoot: Hex): Promise<BeaconHeader | undefined>
  /** The canonical header at a slot as the node sees it, undefined for none: proves nothing by itself. */
  headerAtSlot(slot: bigint): Promise<BeaconHeader | undefined>
  /** Branch of `block_roots[slot]` in the state of `header`, undefined where the node no longer has that state. */
  blockRootBranch(header: BeaconHeader, slot: bigint): Promise<SingleBranch | undefined>
  /**
   * Branch of the block root at `slot` in an entry of `historical_summaries` in the state of `header`, and which entry;
   * undefined where the slot's window is not complete there, or the node has no longer what that takes: the state of
   * `header`, and one at the window's end.
   */
  summarizedRootBranch(
    header: BeaconHeader,
    slot: bigint,
  ): Promise<{ readonly summary: bigint; readonly inState: SingleBranch } | undefined>
  /** Branch of what the body of `header` says of an execution block: of its payload, from Gloas on of its bid's parent. */
  executionBranch(header: BeaconHeader, field: ExecutionField): Promise<SingleBranch | undefined>
  /** Raw RLP of an execution header, which hashes to `hash`. */
  executionHeader(hash: Hex): Promise<Hex>
}

function isNotServed(error: unknown): boolean {
  if (!(error instanceof Error) || !('context' in error)) return false
  const { context } = error
  return (
    typeof context === 'object' &&
    context !== null &&
    'status' in context &&
    typeof context.status === 'number' &&
    NOT_SERVED.includes(context.status)
  )
}

async function unlessNotServed<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer
  } catch (error) {
    if (isNotServed(error)) return undefined
    throw error
  }
}

function requireRoot(path: string, expected: Hex, given: Hex): void {
  if (given !== expected)
    throw new NodeAnswerError(`${path}: the answer does not hash to the root it was asked for`, {
      path,
      expected,
      given,
    })
}

/** Generalized index in a block's body of what it says of an execution block. @throws ForkError where it does not. */
function executionGindex(fork: ForkName, field: ExecutionField): bigint {
  const { executionBlockHash, executionReceiptsRoot } = gindices[fork]
  const gindex = field === 'blockHash' ? executionBlockHash : executionReceiptsRoot
  if (gindex === undefined)
    throw new ForkError(`a body of ${fork} has no ${field}`, { expected: 'a fork before gloas', given: fork })
  return gindex
}

/**
 * Branch of what a block's body says of an execution block, from the light-client header alone. The header's own branch
 * must be checked.
 */
export function executionBranchOf(header: LightClientHeader, network: Network, field: ExecutionField): SingleBranch {
  const fork = forkAtSlot(network, header.beacon.slot).name
  const gindex = executionGindex(fork, field)
  if (!('execution' in header))
    return { leaf: header.executionBlockHash, branch: header.executionBranch, root: header.beacon.bodyRoot }
  const fields = 1n << BigInt(depthOf(gindex) - header.executionBranch.length)
  const inPayload = branchOfNode(executionHeaderTree(fork, header.execution).node, fields + fieldIndices[field])
  return {
    leaf: inPayload.leaf,
    branch: [...inPayload.branch, ...header.executionBranch],
    root: header.beacon.bodyRoot,
  }
}

/** Generalized index in a BeaconBlock of what its body says of an execution block. */
export function executionGindexInBlock(fork: ForkName, field: ExecutionField): bigint {
  const inBody = executionGindex(fork, field)
  const width = 1n << BigInt(depthOf(inBody))
  return BODY_GINDEX * width + (inBody - width)
}

/** @throws PortError without a beacon endpoint. */
export function createEthereumSource(ports: SourcePorts, network: Network): EthereumSource {
  const { rpc } = ports
  const beacon = requireBeacon(ports)

  async function headerAt(id: string): Promise<BeaconHeader | undefined> {
    const path = `/eth/v1/beacon/headers/${id}`
    const json = await unlessNotServed(beacon.get(path))
    if (json === undefined) return undefined
    const { root, header } = parseBlockHeader(json)
    requireRoot(path, root, beaconHeaderRoot(header))
    return header
  }

  return {
    finalityUpdate: async () => parseUpdate(await beacon.get('/eth/v1/beacon/light_client/finality_update'), network),

    async updates(startPeriod, count) {
      const bounded = count < MAX_UPDATES ? count : MAX_UPDATES
      const path = `/eth/v1/beacon/light_client/updates?start_period=${startPeriod}&count=${bounded}`
      const json = await unlessNotServed(beacon.get(path))
      return json === undefined ? [] : parseUpdates(json, network)
    },

    async bootstrap(blockRoot) {
      const path = `/eth/v1/beacon/light_client/bootstrap/${blockRoot}`
      const json = await unlessNotServed(beacon.get(path))
      if (json === undefined) return undefined
      const bootstrap = parseBootstrap(json, network)
      requireRoot(path, blockRoot, beaconHeaderRoot(bootstrap.header.beacon))
      return bootstrap
    },

    async headerByRoot(blockRoot) {
      const header = await headerAt(blockRoot)
      if (header !== undefined) requireRoot(`/eth/v1/beacon/headers/${blockRoot}`, blockRoot, beaconHeaderRoot(header))
      return header
    },

    async headerAtSlot(slot) {
      const header = await headerAt(slot.toString())
      if (header !== undefined && header.slot !== slot)
        throw new NodeAnswerError('the header is of another slot', { expected: slot, given: header.slot })
      return header
    },

    async blockRootBranch(header, slot) {
      const fork = forkAtSlot(network, header.slot).name
      const gindex = blockRootGindex(fork, slot, network.preset)
      const found = await branchInState(header.stateRoot, fork, gindex)
      return found === undefined ? undefined : checkedBranch(found.branch, header.stateRoot, found.path)
    },

    async summarizedRootBranch(header, slot) {
      const { slotsPerHistoricalRoot } = network.preset
      const window = slot / slotsPerHistoricalRoot
      const end = (window + 1n) * slotsPerHistoricalRoot
      const first = firstSummarizedWindow(network)
      if (first === undefined || window < first || header.slot < end) return undefined
      const summary = window - first
      const entry = await branchInState(
        header.stateRoot,
        forkAtSlot(network, header.slot).name,
        blockSummaryGindex(forkAtSlot(network, header.slot).name, summary),
      )
      if (entry === undefined) return undefined
      const upper = checkedBranch(entry.branch, header.stateRoot, entry.path)
      // At the window's end `block_roots` holds the whole window: the tree that the entry is the root of.
      const endFork = forkAtSlot(network, end).name
      const roots = await branchInState(end.toString(), endFork, blockRootGindex(endFork, slot, network.preset))
      if (roots === undefined) return undefined
      const { leaf } = roots.branch
      const lower = roots.branch.branch.slice(0, depthOf(slotsPerHistoricalRoot))
      requireRoot(roots.path, upper.leaf, rootOfBranch(leaf, lower, slot % slotsPerHistoricalRoot))
      return { summary, inState: { leaf, branch: [...lower, ...upper.branch], root: upper.root } }
    },

    async executionBranch(header, field) {
      const fork = forkAtSlot(network, header.slot).name
      const root = beaconHeaderRoot(header)
      const gindex = executionGindexInBlock(fork, field)
      const path = `/eth/v0/beacon/proof/block/${root}?format=${descriptorOf(gindex)}`
      const json = await unlessNotServed(beacon.get(path))
      if (json === undefined) return branchFromBlock(header, fork, root, executionGindex(fork, field))
      const inBlock = checkedBranch(branchOfAnswer(json, gindex, path), root, path)
      const depth = depthOf(executionGindex(fork, field))
      return { leaf: inBlock.leaf, branch: inBlock.branch.slice(0, depth), root: header.bodyRoot }
    },

    executionHeader: (hash) => readExecutionHeader(rpc, hash),
  }

  /** Branch in the state that `id` names, by its own root: the caller checks where it leads. */
  async function branchInState(id: string, fork: ForkName, gindex: bigint) {
    const proofPath = `/eth/v0/beacon/proof/state/${id}?format=${descriptorOf(gindex)}`
    const json = await unlessNotServed(beacon.get(proofPath))
    if (json !== undefined) return { path: proofPath, branch: branchOfAnswer(json, gindex, proofPath) }
    const path = `/eth/v2/debug/beacon/states/${id}`
    const bytes = await unlessNotServed(beacon.getBytes(path))
    if (bytes === undefined) return undefined
    const node = readTree(path, () => beaconStateType(fork, network.preset).deserializeToViewDU(bytes).node)
    return { path, branch: branchOfNode(node, gindex) }
  }

  async function branchFromBlock(header: BeaconHeader, fork: ForkName, root: Hex, gindex: bigint) {
    const path = `/eth/v2/beacon/blocks/${root}`
    const bytes = await unlessNotServed(beacon.getBytes(path))
    if (bytes === undefined) return undefined
    const node = readTree(path, () => {
      const view = signedBeaconBlockType(fork, network.preset).deserializeToViewDU(bytes)
      return view.message.body.node
    })
    return checkedBranch(branchOfNode(node, gindex), header.bodyRoot, path)
  }
}

/** The window of slots that entry 0 of `historical_summaries` covers: that of Capella's first slot. */
function firstSummarizedWindow({ forks, preset }: Network): bigint | undefined {
  // A schedule that begins with a later fork at epoch 0 had Capella there too. Any other one does not say.
  const capella = forks.find(({ name, epoch }) => name === 'capella' || epoch === 0n)
  return capella && (capella.epoch * preset.slotsPerEpoch) / preset.slotsPerHistoricalRoot
}

function requireBeacon({ beacon }: SourcePorts): BeaconPort {
  if (beacon === undefined)
    throw new PortError('ethereum needs a beacon endpoint', { expected: 'beacon', given: undefined })
  return beacon
}

function readTree<T>(path: string, read: () => T): T {
  try {
    return read()
  } catch (cause) {
    throw new NodeAnswerError(`${path}: not the SSZ that the fork calls for`, { path }, { cause })
  }
}

function checkedBranch(branch: SingleBranch, root: Hex, path: string): SingleBranch {
  requireRoot(path, root, branch.root)
  return branch
}

/** The raw header of an execution block: from its fields, or as the node keeps it where a fork added unknown ones. */
async function readExecutionHeader(rpc: RpcPort, hash: Hex): Promise<Hex> {
  const block = await rpc.request('eth_getBlockByHash', [hash, false])
  if (typeof block !== 'object' || block === null)
    throw new NodeAnswerError('the execution node does not have the block', { expected: hash, given: block })
  try {
    // CAST: encodeHeader checks each field that it reads, and the hash over all of them.
    return bytesToHex(encodeHeader({ ...(block as RpcBlock), hash }))
  } catch (cause) {
    const raw = await rpc.request('debug_getRawHeader', [hash]).catch(() => undefined)
    if (typeof raw !== 'string')
      throw new NodeAnswerError('the execution header does not hash to its block hash', { expected: hash }, { cause })
    // CAST: checkRawHeader refuses what is not hex.
    return bytesToHex(checkRawHeader(raw as Hex, hash))
  }
}
