/**
 * Writes light-client cases in exactly the layout and encoding of the official vectors, which are not at hand: objects by the
 * SSZ types, places and hashes of @lodestar/types, signatures by real BLS keys. What the runner reads is thus made without the
 * code that it tests.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Tree } from '@chainsafe/persistent-merkle-tree'
import type { CompositeType } from '@chainsafe/ssz'
import { ACTIVE_PRESET, EPOCHS_PER_SYNC_COMMITTEE_PERIOD, SLOTS_PER_EPOCH, SYNC_COMMITTEE_SIZE } from '@lodestar/params'
import { ssz } from '@lodestar/types'
import { sha256 } from '@noble/hashes/sha2.js'
import { compress } from 'snappyjs'
import { bytesToHex, type Hex, hexToBytes, stringToBytes } from 'viem'
import { stringify } from 'yaml'
import { type ForkName, forkNames } from '../src/ethereum/index.ts'
import { committeeOf, sign, testNetwork } from './ethereum-chain.ts'
import { forkDigest, parseSpecConfig, type SpecConfig, specForks } from './ethereum-spec-config.ts'

const FAR_FUTURE = '18446744073709551615'
const PERIOD = SLOTS_PER_EPOCH * EPOCHS_PER_SYNC_COMMITTEE_PERIOD
const DOMAIN_SYNC_COMMITTEE = Uint8Array.of(7, 0, 0, 0)
const GVR = sha256(stringToBytes('meridian spec vectors'))
const preset = ACTIVE_PRESET === 'minimal' ? 'minimal' : 'mainnet'
/** Only for committees: their seats and keys. */
const seats = testNetwork(preset, [['capella', 0n]])

type Gindex = bigint
type AnyType = CompositeType<unknown, { readonly node: Tree['rootNode'] }, unknown>
/** What the writer sets of a state; @lodestar's types of the forks have no common one. */
interface StateView {
  slot: number
  finalizedCheckpoint: { root: Uint8Array }
  currentSyncCommittee: unknown
  nextSyncCommittee: unknown
  hashTreeRoot(): Uint8Array
  serialize(): Uint8Array
  clone(): StateView
  readonly node: Tree['rootNode']
}
interface Payload {
  blockNumber: number
  timestamp: number
  blockHash: Uint8Array
  receiptsRoot: Uint8Array
  baseFeePerGas: bigint
  readonly transactions: unknown
  readonly withdrawals: unknown
}
interface Body {
  readonly executionPayload: Payload
  readonly signedExecutionPayloadBid: { readonly message: { parentBlockHash: Uint8Array } }
}

interface Block {
  readonly fork: ForkName
  readonly header: {
    slot: number
    proposerIndex: number
    parentRoot: Uint8Array
    stateRoot: Uint8Array
    bodyRoot: Uint8Array
  }
  readonly root: Uint8Array
  readonly state: StateView
  readonly body: Body
  readonly bodyNode: Tree['rootNode']
  readonly blockHash: Uint8Array
}

// CAST: the types of all forks are composite types; what differs is their values, which are written through `Body` and `StateView`.
const typeOf = (
  fork: ForkName,
  name: 'BeaconState' | 'BeaconBlockBody' | 'LightClientUpdate' | 'LightClientBootstrap',
) => ssz[fork][name] as unknown as AnyType

function gindexOf(fork: ForkName, name: 'BeaconState' | 'BeaconBlockBody', path: readonly string[]): Gindex {
  return typeOf(fork, name).getPathInfo([...path]).gindex
}

const branchOf = (node: Tree['rootNode'], gindex: Gindex): Uint8Array[] => new Tree(node).getSingleProof(gindex)
const seed = (text: string): Uint8Array => sha256(stringToBytes(text))

/** Remembers what a function of one value gave: keys and whole states are slow to make. */
function once<K, T>(make: (of: K) => T): (of: K) => T {
  const known = new Map<K, T>()
  return (of) => {
    const made = known.get(of) ?? make(of)
    known.set(of, made)
    return made
  }
}

const committee = once((period: number) => committeeOf(seats, BigInt(period)))
const committeeValue = once((period: number) => {
  const { pubkeys, aggregatePubkey } = committee(period)
  return { pubkeys: pubkeys.map((key) => hexToBytes(key)), aggregatePubkey: hexToBytes(aggregatePubkey) }
})
const committeeNode = once((period: number) => ssz.altair.SyncCommittee.toViewDU(committeeValue(period)))

/** A chain under a schedule: `forks` names the first epoch of each fork after the first, which holds from genesis. */
export interface SpecWorld {
  readonly first: ForkName
  readonly forks: readonly (readonly [ForkName, number])[]
}

function epochsOf({ first, forks }: SpecWorld): ReadonlyMap<string, string> {
  const until = specForks.slice(0, specForks.indexOf(first) + 1).map((name) => [name, '0'] as const)
  return new Map([...until, ...forks.map(([name, epoch]) => [name, String(epoch)] as const)])
}

function configYaml(world: SpecWorld): string {
  const epochs = epochsOf(world)
  const lines = specForks.flatMap((name, i) => {
    const version = `0x0${i + 1}0000${preset === 'minimal' ? '01' : '00'}`
    return [
      `${name.toUpperCase()}_FORK_VERSION: ${version}`,
      `${name.toUpperCase()}_FORK_EPOCH: ${epochs.get(name) ?? FAR_FUTURE}`,
    ]
  })
  const blobs = ['BLOB_SCHEDULE:', '  - EPOCH: 5', '    MAX_BLOBS_PER_BLOCK: 15']
  return [`PRESET_BASE: '${preset}'`, ...lines, 'MAX_BLOBS_PER_BLOCK_ELECTRA: 9', ...blobs, ''].join('\n')
}

function forkAt(config: SpecConfig, slot: number): { readonly name: ForkName; readonly version: Hex } {
  const epoch = BigInt(Math.floor(slot / SLOTS_PER_EPOCH))
  const fork = config.forks.findLast((entry) => entry.epoch <= epoch)
  const name = forkNames.find((known) => known === fork?.name)
  if (fork === undefined || name === undefined) throw new RangeError(`no fork at slot ${slot}`)
  return { name, version: fork.version }
}

/** A fork's empty state with its hashes, which most of every other one shares. */
const emptyState = once((fork: ForkName) => {
  const state = typeOf(fork, 'BeaconState').defaultViewDU() as unknown as StateView // CAST: see `typeOf`
  state.hashTreeRoot()
  return state
})

function makeBlock(config: SpecConfig, slot: number, finalized?: Block): Block {
  const fork = forkAt(config, slot).name
  const period = Math.floor(slot / PERIOD)
  const state = emptyState(fork).clone()
  state.slot = slot
  state.currentSyncCommittee = committeeNode(period)
  state.nextSyncCommittee = committeeNode(period + 1)
  if (finalized !== undefined) state.finalizedCheckpoint.root = finalized.root
  const stateRoot = state.hashTreeRoot()
  const bodyType = typeOf(fork, 'BeaconBlockBody')
  const body = bodyType.defaultValue() as unknown as Body // CAST: see `typeOf`
  const blockHash = seed(`block ${fork} ${slot}`)
  if (fork === 'gloas') body.signedExecutionPayloadBid.message.parentBlockHash = blockHash
  else {
    const payload = body.executionPayload
    Object.assign(payload, { blockNumber: slot, timestamp: slot * 12, blockHash, baseFeePerGas: 7n })
    payload.receiptsRoot = seed(`receipts ${slot}`)
  }
  const bodyNode = bodyType.toView(body).node
  const header = {
    slot,
    proposerIndex: slot % 7,
    parentRoot: seed(`parent ${slot}`),
    stateRoot,
    bodyRoot: bodyNode.root,
  }
  return { fork, header, root: ssz.phase0.BeaconBlockHeader.hashTreeRoot(header), state, body, bodyNode, blockHash }
}

function executionOf(block: Block, form: ForkName) {
  const { executionPayload } = block.body
  const { transactions, withdrawals, ...fields } = executionPayload
  const types = block.fork === 'capella' ? ssz.capella.ExecutionPayload.fields : ssz.deneb.ExecutionPayload.fields
  // CAST: a default payload's lists, which are empty
  const transactionsRoot = types.transactions.hashTreeRoot(transactions as Uint8Array[])
  const withdrawalsRoot = types.withdrawals.hashTreeRoot(withdrawals as [])
  const blobs = form !== 'capella' && block.fork === 'capella' ? { blobGasUsed: 0n, excessBlobGas: 0n } : {}
  return { ...fields, transactionsRoot, withdrawalsRoot, ...blobs }
}

/** A light-client header in the form of `form`, which may be newer than the block: spec `upgrade_lc_header_to_…`. */
function headerIn(block: Block, form: ForkName) {
  const { header: beacon, fork } = block
  if (form !== 'gloas') {
    const executionBranch = branchOf(block.bodyNode, gindexOf(fork, 'BeaconBlockBody', ['executionPayload']))
    return { beacon, execution: executionOf(block, form), executionBranch }
  }
  const path =
    fork === 'gloas' ? ['signedExecutionPayloadBid', 'message', 'parentBlockHash'] : ['executionPayload', 'blockHash']
  const branch = branchOf(block.bodyNode, gindexOf(fork, 'BeaconBlockBody', path))
  const own = ['signedExecutionPayloadBid', 'message', 'parentBlockHash']
  const depth = gindexOf('gloas', 'BeaconBlockBody', own).toString(2).length - 1
  const zeros = Array.from({ length: depth - branch.length }, () => new Uint8Array(32))
  return { beacon, executionBlockHash: block.blockHash, executionBranch: [...zeros, ...branch] }
}

interface Signing {
  readonly absent?: number
  readonly signatureSlot?: number
  /** Leaves out what a header without finality lacks. */
  readonly withoutFinality?: boolean
  readonly withoutNext?: boolean
}

function updateOf(config: SpecConfig, attested: Block, finalized: Block, options: Signing = {}) {
  const { fork, state } = attested
  const signatureSlot = options.signatureSlot ?? attested.header.slot + 1
  const { version } = forkAt(config, signatureSlot - 1)
  const forkDataRoot = ssz.phase0.ForkData.hashTreeRoot({
    currentVersion: hexToBytes(version),
    genesisValidatorsRoot: GVR,
  })
  const domain = new Uint8Array(32)
  domain.set(DOMAIN_SYNC_COMMITTEE)
  domain.set(forkDataRoot.slice(0, 28), 4)
  const message = ssz.phase0.SigningData.hashTreeRoot({ objectRoot: attested.root, domain })
  const signers = committee(Math.floor(signatureSlot / PERIOD))
  const absent = Array.from({ length: options.absent ?? 0 }, (_, i) => i * 2)
  const { bits, signature } = sign(signers, absent, bytesToHex(message))
  const type = typeOf(fork, 'LightClientUpdate')
  const empty = type.defaultValue() as object // CAST: a container's value
  const next = {
    nextSyncCommittee: committeeValue(Math.floor(attested.header.slot / PERIOD) + 1),
    nextSyncCommitteeBranch: branchOf(state.node, gindexOf(fork, 'BeaconState', ['nextSyncCommittee'])),
  }
  const finality = {
    finalizedHeader: headerIn(finalized, fork),
    finalityBranch: branchOf(state.node, gindexOf(fork, 'BeaconState', ['finalizedCheckpoint', 'root'])),
  }
  return type.serialize({
    ...empty,
    attestedHeader: headerIn(attested, fork),
    ...(options.withoutNext === true ? {} : next),
    ...(options.withoutFinality === true ? {} : finality),
    syncAggregate: {
      syncCommitteeBits: ssz.altair.SyncCommitteeBits.deserialize(hexToBytes(bits)),
      syncCommitteeSignature: hexToBytes(signature),
    },
    signatureSlot,
  })
}

function checkOf(block: Block) {
  const { header, fork } = block
  const type = fork === 'capella' ? ssz.capella.ExecutionPayloadHeader : ssz.deneb.ExecutionPayloadHeader
  // CAST: `executionOf` has every field of its fork's header
  const executionRoot = fork === 'gloas' ? block.blockHash : type.hashTreeRoot(executionOf(block, fork) as never)
  return { slot: header.slot, beacon_root: bytesToHex(block.root), execution_root: bytesToHex(executionRoot) }
}

function writeObject(folder: string, name: string, bytes: Uint8Array): void {
  writeFileSync(join(folder, `${name}.ssz_snappy`), compress(bytes))
}

/** Writes one case step by step. */
class CaseWriter {
  readonly #steps: unknown[] = []
  readonly #folder: string
  readonly #config: SpecConfig
  #finalized: Block
  #optimistic: Block

  constructor(root: string, name: string, world: SpecWorld, trusted: number) {
    this.#folder = join(root, 'tests', preset, world.first, 'light_client', 'sync', 'pyspec_tests', name)
    mkdirSync(this.#folder, { recursive: true })
    const yaml = configYaml(world)
    this.#config = parseSpecConfig(yaml)
    const block = makeBlock(this.#config, trusted)
    this.#finalized = block
    this.#optimistic = block
    const digest = this.#digest(trusted)
    const store = forkAt(this.#config, trusted).version
    const meta = {
      genesis_validators_root: bytesToHex(GVR),
      trusted_block_root: bytesToHex(block.root),
      bootstrap_fork_digest: digest,
      store_fork_version: store,
    }
    writeFileSync(join(this.#folder, 'config.yaml'), yaml)
    writeFileSync(join(this.#folder, 'meta.yaml'), stringify(meta, { collectionStyle: 'flow', lineWidth: 0 }))
    const bootstrap = {
      header: headerIn(block, block.fork),
      currentSyncCommittee: committeeValue(Math.floor(trusted / PERIOD)),
      currentSyncCommitteeBranch: branchOf(
        block.state.node,
        gindexOf(block.fork, 'BeaconState', ['currentSyncCommittee']),
      ),
    }
    writeObject(this.#folder, 'bootstrap', typeOf(block.fork, 'LightClientBootstrap').serialize(bootstrap))
  }

  #digest(slot: number): Hex {
    return forkDigest(this.#config, bytesToHex(GVR), BigInt(Math.floor(slot / SLOTS_PER_EPOCH)))
  }

  #checks() {
    return { finalized_header: checkOf(this.#finalized), optimistic_header: checkOf(this.#optimistic) }
  }

  /** An update; `moves` says whether the specification's client takes its finalized header. */
  update(attestedSlot: number, finalizedSlot: number, moves: boolean, options: Signing = {}): this {
    const finalized = makeBlock(this.#config, finalizedSlot)
    const attested = makeBlock(this.#config, attestedSlot, finalized)
    const kind = `${options.withoutNext === true ? 'x' : 's'}${options.withoutFinality === true ? 'x' : 'f'}`
    const update = `update_${bytesToHex(attested.root)}_${kind}`
    writeObject(this.#folder, update, updateOf(this.#config, attested, finalized, options))
    if (moves) this.#finalized = finalized
    this.#optimistic = attested
    const current_slot = options.signatureSlot ?? attestedSlot + 1
    const process_update = {
      update_fork_digest: this.#digest(attestedSlot),
      update,
      current_slot,
      checks: this.#checks(),
    }
    this.#steps.push({ process_update })
    return this
  }

  /** A force update; `takes` is the slot of the unfinalized header that the specification's client goes to. */
  force(currentSlot: number, takes?: number): this {
    if (takes !== undefined) this.#finalized = makeBlock(this.#config, takes)
    this.#steps.push({ force_update: { current_slot: currentSlot, checks: this.#checks() } })
    return this
  }

  upgrade(slot: number): this {
    this.#steps.push({
      upgrade_store: { store_fork_version: forkAt(this.#config, slot).version, checks: this.#checks() },
    })
    return this
  }

  done(): string {
    writeFileSync(join(this.#folder, 'steps.yaml'), stringify(this.#steps, { collectionStyle: 'flow', lineWidth: 0 }))
    return this.#folder
  }
}

/** Members that may be absent before two thirds are no longer there. */
const MOST_ABSENT = Math.floor(SYNC_COMMITTEE_SIZE / 3)

/** Forks whose whole states are written: mainnet's are large, and Deneb's to Fulu's differ little. */
export const proofForks: readonly ForkName[] = preset === 'minimal' ? forkNames : ['capella', 'fulu', 'gloas']

/** Every case of every fork and of every passage from one to the next, below `root`. Returns the folders of the sync cases. */
export function writeSpecCases(root: string): ReadonlyMap<string, string> {
  const folders = new Map<string, string>()
  const S = SLOTS_PER_EPOCH
  for (const first of forkNames) {
    const whole = new CaseWriter(root, 'light_client_sync', { first, forks: [] }, 2 * S)
      .update(5 * S, 3 * S, true)
      .update(6 * S, 4 * S, false, { absent: MOST_ABSENT + 1 })
      .update(6 * S + 1, 4 * S, false, { withoutFinality: true })
      .force(7 * S)
      .update(7 * S, 5 * S, true, { absent: MOST_ABSENT, withoutNext: true })
      .update(PERIOD + 4 * S, PERIOD + 3 * S, true)
      // signed by the committee after the one of the header's period
      .update(2 * PERIOD - 1, 2 * PERIOD - 2 * S, true, { signatureSlot: 2 * PERIOD, absent: 3 })
      // the committee that it carries is not final yet
      .update(2 * PERIOD + 1, 2 * PERIOD - S, true)
      .update(2 * PERIOD + 3 * S, 2 * PERIOD, true)
    folders.set(`${first}/light_client_sync`, whole.done())
    const forced = new CaseWriter(root, 'forced', { first, forks: [] }, 2 * S)
      .update(4 * S, 3 * S, true)
      .update(5 * S, 4 * S, false, { withoutFinality: true })
      .force(4 * PERIOD, 5 * S)
      .update(6 * S, 5 * S, true)
    folders.set(`${first}/forced`, forced.done())
    const next = forkNames[forkNames.indexOf(first) + 1]
    if (next !== undefined) {
      const passage = new CaseWriter(root, `${next}_fork`, { first, forks: [[next, 6]] }, 2 * S)
        .update(5 * S, 3 * S, true)
        // attested before the fork, signed at its first slot: still by the older version
        .update(6 * S - 1, 4 * S, true, { absent: 1 })
        .upgrade(6 * S)
        // attested after the fork, finalized before it
        .update(7 * S, 5 * S, true)
        .update(8 * S, 6 * S, true, { absent: 2 })
      folders.set(`${first}/${next}_fork`, passage.done())
    }
    if (proofForks.includes(first)) writeProofs(root, first)
  }
  return folders
}

function writeProofs(root: string, fork: ForkName): void {
  const block = makeBlock(parseSpecConfig(configYaml({ first: fork, forks: [] })), 9)
  const execution =
    fork === 'gloas' ? ['signedExecutionPayloadBid', 'message', 'parentBlockHash'] : ['executionPayload']
  const cases = [
    ['BeaconState', 'current_sync_committee_merkle_proof', ['currentSyncCommittee']],
    ['BeaconState', 'next_sync_committee_merkle_proof', ['nextSyncCommittee']],
    ['BeaconState', 'finality_root_merkle_proof', ['finalizedCheckpoint', 'root']],
    ['BeaconBlockBody', 'execution_merkle_proof', execution],
  ] as const
  for (const [suite, name, path] of cases) {
    const folder = join(root, 'tests', preset, fork, 'light_client', 'single_merkle_proof', suite, name)
    mkdirSync(folder, { recursive: true })
    const gindex = gindexOf(fork, suite, path)
    const isState = suite === 'BeaconState'
    const node = isState ? block.state.node : block.bodyNode
    writeObject(folder, 'object', isState ? block.state.serialize() : typeOf(fork, suite).serialize(block.body))
    const leaf = bytesToHex(new Tree(node).getRoot(gindex))
    const branch = branchOf(node, gindex).map((word) => bytesToHex(word))
    writeFileSync(join(folder, 'proof.yaml'), stringify({ leaf, leaf_index: gindex, branch }))
  }
}
