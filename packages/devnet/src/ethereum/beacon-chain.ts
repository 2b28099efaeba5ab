import { SLOTS_PER_EPOCH } from '@lodestar/params'
import { ssz } from '@lodestar/types'
import { bytesToHex, type Hex } from 'viem'
import { DevnetError } from '../errors.ts'
import type { ValidatorKeys } from './keys.ts'
import { payloadHeader } from './payload.ts'
import { DOMAIN_BEACON_PROPOSER, DOMAIN_SYNC_COMMITTEE, signingRoot } from './signing.ts'
import { epochOf, genesisState, headerOf, periodOf, processBlock, processSlots } from './transition.ts'
import type {
  BeaconBlock,
  BeaconBlockHeader,
  BeaconStateView,
  ExecutionPayload,
  ExecutionPayloadHeader,
  SyncAggregate,
} from './types.ts'

/** What the validators do wrong. */
export interface EthereumFault {
  /** Seats of the sync committee that do not sign: the first `absent`, or these. */
  readonly absent?: number | readonly number[]
  /** No epoch is justified while this is set. */
  readonly noFinality?: boolean
  /** No block is proposed while this is set: all slots stay empty. */
  readonly noBlocks?: boolean
}

export interface StoredBlock {
  readonly slot: number
  readonly root: Hex
  readonly stateRoot: Hex
  readonly header: BeaconBlockHeader
  readonly block: BeaconBlock
  /** The state after the block; absent when pruned. */
  state: BeaconStateView['node'] | undefined
  readonly finalized: { readonly epoch: number; readonly root: Hex }
  readonly justified: { readonly epoch: number; readonly root: Hex }
}

export interface BeaconChainOptions {
  readonly genesisTime: number
  readonly keys: ValidatorKeys
  readonly forkVersion: Uint8Array
  readonly execution: ExecutionPayloadHeader
  /** States kept for proofs, counted in blocks. */
  readonly statesKept: number
}

/** The beacon chain without its clock and without its endpoints. */
export interface BeaconChain {
  readonly genesisValidatorsRoot: Uint8Array
  readonly genesis: StoredBlock
  head(): StoredBlock
  /** The newest block that the head's state calls final (genesis before there is any). */
  finalized(): StoredBlock
  justified(): StoredBlock
  byRoot(root: string): StoredBlock | undefined
  byStateRoot(root: string): StoredBlock | undefined
  bySlot(slot: number): StoredBlock | undefined
  /** Canonical blocks, ascending. */
  blocks(): readonly StoredBlock[]
  /** Puts a block with this payload into `slot`. */
  produce(slot: number, payload: ExecutionPayload): StoredBlock
  /** Forgets the newest `depth` blocks; none of them may be final. Returns them. */
  rollback(depth: number): readonly StoredBlock[]
  /** The committee's signature of `slot` over a block root, without faults unless `absent` says so. */
  syncAggregate(slot: number, blockRoot: Uint8Array, absent?: EthereumFault['absent']): SyncAggregate
  proposerSignature(block: BeaconBlock): Uint8Array
  setFault(fault: EthereumFault): void
  fault(): EthereumFault
}

/** consensus-specs' chain with one honest history: fork choice is "what was produced last". */
export function createBeaconChain(options: BeaconChainOptions): BeaconChain {
  const { keys, forkVersion } = options
  let state = genesisState(options)
  const genesisValidatorsRoot = state.genesisValidatorsRoot
  let fault: EthereumFault = {}
  /** Epochs in which two thirds attested: those with a block, unless a fault says otherwise. */
  const attested = new Set<number>()
  const canonical: StoredBlock[] = []
  const roots = new Map<string, StoredBlock>()
  const stateRoots = new Map<string, StoredBlock>()
  const slots = new Map<number, StoredBlock>()

  const checkpoint = (view: { readonly epoch: number; readonly root: Uint8Array }) => ({
    epoch: view.epoch,
    root: bytesToHex(view.root),
  })
  const store = (block: BeaconBlock): StoredBlock => {
    const header = headerOf(block)
    const stored: StoredBlock = {
      slot: block.slot,
      root: bytesToHex(ssz.phase0.BeaconBlockHeader.hashTreeRoot(header)),
      stateRoot: bytesToHex(block.stateRoot),
      header,
      block,
      state: state.node,
      finalized: checkpoint(state.finalizedCheckpoint),
      justified: checkpoint(state.currentJustifiedCheckpoint),
    }
    canonical.push(stored)
    roots.set(stored.root, stored)
    stateRoots.set(stored.stateRoot, stored)
    slots.set(stored.slot, stored)
    const old = canonical[canonical.length - 1 - options.statesKept]
    if (old !== undefined && old.slot !== 0) old.state = undefined
    return stored
  }
  const genesis = store({ ...ssz.fulu.BeaconBlock.defaultValue(), stateRoot: state.hashTreeRoot() })
  const head = (): StoredBlock => canonical.at(-1) ?? genesis
  const proposerOf = (slot: number): number => (slot * 31) % keys.pubkeys.length

  const syncAggregate: BeaconChain['syncAggregate'] = (slot, blockRoot, absent = 0) => {
    const { members } = keys.committee(periodOf(slot))
    const away = new Set(typeof absent === 'number' ? members.keys().take(absent) : absent)
    const signers = members.filter((_, seat) => !away.has(seat))
    const syncCommitteeBits = ssz.altair.SyncCommitteeBits.defaultValue()
    for (const seat of members.keys()) syncCommitteeBits.set(seat, !away.has(seat))
    const root = signingRoot(blockRoot, DOMAIN_SYNC_COMMITTEE, forkVersion, genesisValidatorsRoot)
    return { syncCommitteeBits, syncCommitteeSignature: keys.sign(signers, root) }
  }
  const known = (root: Hex): StoredBlock => roots.get(root) ?? genesis

  return {
    genesisValidatorsRoot,
    genesis,
    head,
    finalized: () => known(head().finalized.root),
    justified: () => known(head().justified.root),
    byRoot: (root) => roots.get(root),
    byStateRoot: (root) => stateRoots.get(root),
    bySlot: (slot) => slots.get(slot),
    blocks: () => canonical,
    produce(slot, payload) {
      const parent = head()
      if (slot <= parent.slot) throw new DevnetError('BEACON_SLOT', 'slot is taken', { head: parent.slot, slot })
      processSlots(state, slot, keys, (epoch) => ({ justified: attested.has(epoch) }))
      const parentRoot = state.latestBlockHeader.hashTreeRoot()
      const block: BeaconBlock = {
        slot,
        proposerIndex: proposerOf(slot),
        parentRoot,
        stateRoot: new Uint8Array(32),
        body: {
          ...ssz.fulu.BeaconBlockBody.defaultValue(),
          syncAggregate: syncAggregate(slot, parentRoot, fault.absent),
          executionPayload: payload,
        },
      }
      block.stateRoot = processBlock(state, block, payloadHeader(payload))
      if (fault.noFinality !== true) attested.add(epochOf(slot))
      return store(block)
    },
    rollback(depth) {
      const first = canonical.at(-depth)
      const tip = canonical.at(-1 - depth)
      if (first === undefined || tip?.state === undefined || first.slot <= epochSlot(head().finalized.epoch))
        throw new DevnetError('BEACON_REORG', 'final blocks stay', { depth, finalized: head().finalized })
      const gone = canonical.splice(canonical.length - depth, depth)
      for (const block of gone) {
        roots.delete(block.root)
        stateRoots.delete(block.stateRoot)
        slots.delete(block.slot)
      }
      state = ssz.fulu.BeaconState.getViewDU(tip.state)
      return gone
    },
    syncAggregate,
    proposerSignature(block) {
      const root = ssz.fulu.BeaconBlock.hashTreeRoot(block)
      return keys.sign(
        [block.proposerIndex],
        signingRoot(root, DOMAIN_BEACON_PROPOSER, forkVersion, genesisValidatorsRoot),
      )
    },
    setFault(next) {
      fault = next
    },
    fault: () => fault,
  }
}

const epochSlot = (epoch: number): number => epoch * SLOTS_PER_EPOCH
