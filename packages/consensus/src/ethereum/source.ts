import { checkRawHeader, encodeHeader, type RpcBlock } from '@meridian/proofs'
import { bytesToHex, type Hex } from 'viem'
import type { BeaconPort, RpcPort, SourcePorts } from '../types.ts'
import { signedBeaconBlockType } from './body.ts'
import { ForkError, NodeAnswerError, PortError } from './errors.ts'
import { blockRootGindex, blockSummaryGindex, depthOf, type ForkEpoch, type ForkName, gindices } from './forks.ts'
import { rootOfBranch } from './merkle.ts'
import { forkAtSlot, type Network } from './networks.ts'
import { type BeaconNode, everyNode, firstNode, isWrongAnswer, nodesOf, type Served } from './nodes.ts'
import { parseBlockHeader, parseBootstrap, parseUpdate, parseUpdates } from './parse.ts'
import { readSchedule } from './schedule.ts'
import { beaconHeaderRoot, executionHeaderTree, syncCommitteeRoot } from './ssz.ts'
import { beaconStateType } from './state.ts'
import { branchOfAnswer, branchOfNode, descriptorOf, type SingleBranch } from './tree-proof.ts'
import type { BeaconHeader, Bootstrap, LightClientHeader, SyncAggregate, SyncCommittee, Update } from './types.ts'
import { requireQuorum, validateBranches } from './verify.ts'

/** `body` is field 4 of the 5 of a BeaconBlock: depth 3, index 8 + 4. */
const BODY_GINDEX = 12n
/** Fields of an execution payload that proofs show; an execution payload header has them in the same places. */
const fieldIndices = { receiptsRoot: 3n, blockHash: 12n } as const
export type ExecutionField = keyof typeof fieldIndices
const FINALITY_PATH = '/eth/v1/beacon/light_client/finality_update'
/** Beacon API: the most updates that one request may ask for. */
const MAX_UPDATES = 128n
/**
 * The source chain, every answer parsed and checked against the root that it was asked by. Of several nodes one whose answer
 * fails its check is passed over and named.
 */
export interface EthereumSource {
  /** The newest finality update of the first node that has one whose branches hold and that two thirds signed. */
  finalityUpdate(): Promise<Update>
  /** The newest finality update of every node, as it came: all checks are the caller's. */
  finalityUpdates(): Promise<readonly Served<Update>[]>
  /** The best update of each period from `startPeriod` on as every node has it: all checks are the caller's. */
  updates(startPeriod: bigint, count: bigint): Promise<readonly Served<Update>[]>
  /** The bootstrap of a block, undefined where no node has one. */
  bootstrap(blockRoot: Hex): Promise<Bootstrap | undefined>
  /** The committee with this root, as the update of `period` or the bootstrap of `head` shows it. */
  committee(root: Hex, period: bigint, head: Hex): Promise<SyncCommittee | undefined>
  /** A block's header by its root, undefined where no node has it. */
  headerByRoot(blockRoot: Hex): Promise<BeaconHeader | undefined>
  /** The canonical block of a slot, as far as light clients read one; undefined where no node has it. */
  signedBlock(slot: bigint): Promise<SignedBlock | undefined>
  /** Branch of `finalized_checkpoint.root` in the state of `header`, undefined where no node has that state any more. */
  finalityBranch(header: BeaconHeader): Promise<SingleBranch | undefined>
  /** Branch of `block_roots[slot]` in the state of `header`, undefined where no node has that state any more. */
  blockRootBranch(header: BeaconHeader, slot: bigint): Promise<SingleBranch | undefined>
  /**
   * Branch of the block root at `slot` in an entry of `historical_summaries` in the state of `header`, and which entry;
   * undefined where the slot's window is not complete there, or no node has any more what that takes: the state of
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
  /** The schedule of forks by every node that serves its configuration. */
  schedules(): Promise<readonly Served<readonly ForkEpoch[]>[]>
}

/** A block's header, and what its body says of the signatures over the block before it. */
export interface SignedBlock {
  readonly header: BeaconHeader
  readonly syncAggregate: SyncAggregate
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
 * Branch of what a block's body says of an execution block, from the light-client header alone; undefined where the header
 * has it not, being in Gloas' form. The header's own branch must be checked.
 */
export function executionBranchOf(
  header: LightClientHeader,
  network: Network,
  field: ExecutionField,
): SingleBranch | undefined {
  const fork = forkAtSlot(network, header.beacon.slot).name
  const gindex = executionGindex(fork, field)
  if (!('execution' in header)) {
    const { executionBlockHash: leaf, executionBranch: branch } = header
    return field === 'blockHash' ? { leaf, branch, root: header.beacon.bodyRoot } : undefined
  }
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
  const first = <T>(ask: (node: BeaconNode) => Promise<T>) => firstNode(nodesOf(beacon), ask)
  const every = <T>(ask: (node: BeaconNode) => Promise<T>) => everyNode(nodesOf(beacon), ask)
  const finalityOf = async (node: BeaconNode) => parseUpdate(await node.get(FINALITY_PATH), network)

  async function updates(startPeriod: bigint, count: bigint): Promise<readonly Served<Update>[]> {
    const bounded = count < MAX_UPDATES ? count : MAX_UPDATES
    const path = `/eth/v1/beacon/light_client/updates?start_period=${startPeriod}&count=${bounded}`
    const served = await every(async (node) => parseUpdates(await node.get(path), network))
    return served.flatMap(({ value, ...node }) => value.map((update) => ({ ...node, value: update })))
  }

  async function bootstrap(blockRoot: Hex): Promise<Bootstrap | undefined> {
    const path = `/eth/v1/beacon/light_client/bootstrap/${blockRoot}`
    return first(async (node) => {
      const found = parseBootstrap(await node.get(path), network)
      requireRoot(path, blockRoot, beaconHeaderRoot(found.header.beacon))
      return found
    })
  }

  return {
    async finalityUpdate() {
      const found = await first(async (node) => {
        const update = await finalityOf(node)
        requireQuorum(update, network)
        validateBranches(update, network)
        return update
      })
      if (found === undefined)
        throw new NodeAnswerError(`${FINALITY_PATH}: no beacon node has one`, { expected: 'an update', given: 404 })
      return found
    },

    finalityUpdates: () => every(finalityOf),
    updates,
    bootstrap,

    async committee(root, period, head) {
      for (const { value } of period > 0n ? await updates(period - 1n, 1n) : []) {
        const committee = value.nextSyncCommittee?.committee
        if (committee !== undefined && syncCommitteeRoot(committee) === root) return committee
      }
      const committee = (await bootstrap(head))?.currentSyncCommittee
      return committee !== undefined && syncCommitteeRoot(committee) === root ? committee : undefined
    },

    async headerByRoot(blockRoot) {
      const path = `/eth/v1/beacon/headers/${blockRoot}`
      return first(async (node) => {
        const { header } = parseBlockHeader(await node.get(path))
        requireRoot(path, blockRoot, beaconHeaderRoot(header))
        return header
      })
    },

    async signedBlock(slot) {
      const fork = forkAtSlot(network, slot).name
      // bodies of Gloas are read by proofs alone
      if (fork === 'gloas') return undefined
      const path = `/eth/v1/beacon/headers/${slot}`
      return first(async (node) => {
        const { root, header } = parseBlockHeader(await node.get(path))
        requireRoot(path, root, beaconHeaderRoot(header))
        const { syncAggregate } = await bodyOf(node, header, fork, root)
        const { syncCommitteeBits, syncCommitteeSignature } = syncAggregate
        const bits = bytesToHex(syncCommitteeBits.serialize())
        return { header, syncAggregate: { bits, signature: bytesToHex(syncCommitteeSignature) } }
      })
    },

    async finalityBranch(header) {
      const fork = forkAtSlot(network, header.slot).name
      return branchInState(header.stateRoot, fork, gindices[fork].finalizedRoot, header.stateRoot)
    },

    async blockRootBranch(header, slot) {
      const fork = forkAtSlot(network, header.slot).name
      const gindex = blockRootGindex(fork, slot, network.preset)
      return branchInState(header.stateRoot, fork, gindex, header.stateRoot)
    },

    async summarizedRootBranch(header, slot) {
      const { slotsPerHistoricalRoot } = network.preset
      const window = slot / slotsPerHistoricalRoot
      const end = (window + 1n) * slotsPerHistoricalRoot
      const firstWindow = firstSummarizedWindow(network)
      if (firstWindow === undefined || window < firstWindow || header.slot < end) return undefined
      const summary = window - firstWindow
      const fork = forkAtSlot(network, header.slot).name
      const entry = blockSummaryGindex(fork, summary)
      const upper = await branchInState(header.stateRoot, fork, entry, header.stateRoot)
      if (upper === undefined) return undefined
      // At the window's end `block_roots` holds the whole window: the tree that the entry is the root of.
      const endFork = forkAtSlot(network, end).name
      const gindex = blockRootGindex(endFork, slot, network.preset)
      const depth = depthOf(slotsPerHistoricalRoot)
      const roots = await branchInState(end.toString(), endFork, gindex, upper.leaf, ({ leaf, branch }) =>
        rootOfBranch(leaf, branch.slice(0, depth), slot % slotsPerHistoricalRoot),
      )
      if (roots === undefined) return undefined
      const branch = [...roots.branch.slice(0, depth), ...upper.branch]
      return { summary, inState: { leaf: roots.leaf, branch, root: upper.root } }
    },

    async executionBranch(header, field) {
      const fork = forkAtSlot(network, header.slot).name
      const root = beaconHeaderRoot(header)
      const gindex = executionGindexInBlock(fork, field)
      const path = `/eth/v0/beacon/proof/block/${root}?format=${descriptorOf(gindex)}`
      const depth = depthOf(executionGindex(fork, field))
      const proof = async (node: BeaconNode) => {
        const inBlock = branchOfAnswer(await node.get(path), gindex, path)
        requireRoot(path, root, inBlock.root)
        return { leaf: inBlock.leaf, branch: inBlock.branch.slice(0, depth), root: header.bodyRoot }
      }
      return firstOfTwo(proof, (node) => branchFromBlock(node, header, fork, root, executionGindex(fork, field)))
    },

    executionHeader: (hash) => readExecutionHeader(rpc, hash),
    schedules: () => every(readSchedule),
  }

  /** By a proof, which every node is asked for first; where none has one, by the whole. */
  async function firstOfTwo<T>(
    proof: (node: BeaconNode) => Promise<T>,
    whole: (node: BeaconNode) => Promise<T>,
  ): Promise<T | undefined> {
    let failure: unknown
    try {
      const found = await first(proof)
      if (found !== undefined) return found
    } catch (error) {
      failure = error
    }
    const found = await first(whole)
    if (found === undefined && failure !== undefined) throw failure
    return found
  }

  /**
   * Branch in the state that `id` names, which must lead to `expected`.
   * @param rootOf Where it leads; by default to the state's root.
   */
  async function branchInState(
    id: string,
    fork: ForkName,
    gindex: bigint,
    expected: Hex,
    rootOf: (branch: SingleBranch) => Hex = ({ root }) => root,
  ): Promise<SingleBranch | undefined> {
    const proofPath = `/eth/v0/beacon/proof/state/${id}?format=${descriptorOf(gindex)}`
    const statePath = `/eth/v2/debug/beacon/states/${id}`
    const checked = (path: string, branch: SingleBranch): SingleBranch => {
      requireRoot(path, expected, rootOf(branch))
      return branch
    }
    return firstOfTwo(
      async (node) => checked(proofPath, branchOfAnswer(await node.get(proofPath), gindex, proofPath)),
      async (node) => {
        const bytes = await node.getBytes(statePath)
        const tree = readTree(statePath, () => beaconStateType(fork, network.preset).deserializeToViewDU(bytes).node)
        return checked(statePath, branchOfNode(tree, gindex))
      },
    )
  }

  async function branchFromBlock(
    node: BeaconNode,
    header: BeaconHeader,
    fork: ForkName,
    root: Hex,
    gindex: bigint,
  ): Promise<SingleBranch> {
    return branchOfNode((await bodyOf(node, header, fork, root)).node, gindex)
  }

  async function bodyOf(node: BeaconNode, header: BeaconHeader, fork: ForkName, root: Hex) {
    const path = `/eth/v2/beacon/blocks/${root}`
    const bytes = await node.getBytes(path)
    const body = readTree(
      path,
      () => signedBeaconBlockType(fork, network.preset).deserializeToViewDU(bytes).message.body,
    )
    requireRoot(path, header.bodyRoot, bytesToHex(body.hashTreeRoot()))
    return body
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

/** The raw header of an execution block: from its fields, or as the node keeps it where a fork added unknown ones. */
async function readExecutionHeader(rpc: RpcPort, hash: Hex): Promise<Hex> {
  const nodes = rpc.nodes?.() ?? []
  if (nodes.length < 2) return readExecutionHeaderFrom(rpc, hash)
  let failure: unknown
  for (const node of nodes) {
    try {
      return await readExecutionHeaderFrom(node, hash)
    } catch (error) {
      if (isWrongAnswer(error)) node.passOver(error)
      failure = error
    }
  }
  throw failure
}

async function readExecutionHeaderFrom(rpc: RpcPort, hash: Hex): Promise<Hex> {
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
