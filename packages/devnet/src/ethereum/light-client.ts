import { SYNC_COMMITTEE_SIZE } from '@lodestar/params'
import { ssz } from '@lodestar/types'
import { DevnetError } from '../errors.ts'
import type { BeaconChain, StoredBlock } from './beacon-chain.ts'
import { payloadHeader } from './payload.ts'
import { branchOf, gindexOf } from './proofs.ts'
import { periodOf } from './transition.ts'
import type {
  BeaconStateView,
  LightClientBootstrap,
  LightClientHeader,
  LightClientUpdate,
  SyncAggregate,
} from './types.ts'

/** consensus-specs `full-node.md`: what a beacon node serves light clients. */
export interface LightClientServer {
  /** Undefined when the block or its state is not kept. */
  bootstrap(root: string): LightClientBootstrap | undefined
  /** The best update whose attested header is in this period. */
  update(period: number): LightClientUpdate | undefined
  /** The newest update with a finalized header. */
  finalityUpdate(): LightClientUpdate | undefined
  /** The newest update, final or not. */
  optimisticUpdate(): LightClientUpdate | undefined
  /** Takes a new head into account. */
  observe(block: StoredBlock): void
  /** Forgets blocks that left the chain. */
  forget(blocks: readonly StoredBlock[]): void
}

const FINALITY = gindexOf('finalizedCheckpoint', 'root')
const CURRENT_COMMITTEE = gindexOf('currentSyncCommittee')
const NEXT_COMMITTEE = gindexOf('nextSyncCommittee')

/** consensus-specs `block_to_light_client_header`. */
export function lightClientHeader(block: StoredBlock): LightClientHeader {
  const { body } = block.block
  const execution = payloadHeader(body.executionPayload)
  const tree = ssz.fulu.BeaconBlockBody.toView(body).node
  const gindex = ssz.fulu.BeaconBlockBody.getPathInfo(['executionPayload']).gindex
  return { beacon: block.header, execution, executionBranch: branchOf(tree, gindex) }
}

/** An update with the header that it attests, proofs from that header's state, and a signature of the next committee. */
export function buildUpdate(parts: {
  readonly attested: LightClientHeader
  readonly attestedState: BeaconStateView['node']
  readonly finalized: LightClientHeader
  readonly aggregate: SyncAggregate
  readonly signatureSlot: number
}): LightClientUpdate {
  const { attestedState } = parts
  return {
    attestedHeader: parts.attested,
    nextSyncCommittee: ssz.fulu.BeaconState.getViewDU(attestedState).nextSyncCommittee.toValue(),
    nextSyncCommitteeBranch: branchOf(attestedState, NEXT_COMMITTEE),
    finalizedHeader: parts.finalized,
    finalityBranch: branchOf(attestedState, FINALITY),
    syncAggregate: parts.aggregate,
    signatureSlot: parts.signatureSlot,
  }
}

/** Serves light clients of `chain`. */
export function createLightClientServer(chain: BeaconChain): LightClientServer {
  const best = new Map<
    number,
    { readonly block: StoredBlock; readonly rank: readonly number[]; update: LightClientUpdate }
  >()

  const participantsOf = (block: StoredBlock): number =>
    block.block.body.syncAggregate.syncCommitteeBits.getTrueBitIndexes().length
  const attestedBy = (block: StoredBlock): StoredBlock | undefined => chain.byRoot(toHex(block.block.parentRoot))
  const finalizedOf = (block: StoredBlock): StoredBlock | undefined =>
    block.finalized.epoch === 0 ? undefined : chain.byRoot(block.finalized.root)

  const updateOf = (block: StoredBlock): LightClientUpdate | undefined => {
    const attested = attestedBy(block)
    if (attested?.state === undefined || participantsOf(block) === 0 || attested.slot === 0) return undefined
    const finalized = finalizedOf(attested)
    return buildUpdate({
      attested: lightClientHeader(attested),
      attestedState: attested.state,
      finalized: finalized === undefined ? ssz.deneb.LightClientHeader.defaultValue() : lightClientHeader(finalized),
      aggregate: block.block.body.syncAggregate,
      signatureSlot: block.slot,
    })
  }
  /** consensus-specs `is_better_update`, as a tuple that compares from the left. */
  const rankOf = (block: StoredBlock): readonly number[] | undefined => {
    const attested = attestedBy(block)
    if (attested === undefined || attested.slot === 0) return undefined
    const count = participantsOf(block)
    if (count === 0) return undefined
    const finalized = finalizedOf(attested)
    const majority = count * 3 >= SYNC_COMMITTEE_SIZE * 2
    return [
      Number(majority),
      majority ? 0 : count,
      Number(periodOf(attested.slot) === periodOf(block.slot)),
      Number(finalized !== undefined),
      Number(finalized !== undefined && periodOf(finalized.slot) === periodOf(attested.slot)),
      count,
      -attested.slot,
      -block.slot,
    ]
  }
  const observe = (block: StoredBlock): void => {
    const rank = rankOf(block)
    const attested = attestedBy(block)
    if (rank === undefined || attested === undefined) return
    const period = periodOf(attested.slot)
    const known = best.get(period)
    if (known !== undefined && compare(rank, known.rank) <= 0) return
    const update = updateOf(block)
    if (update !== undefined) best.set(period, { block, rank, update })
  }
  const newest = (accepts: (block: StoredBlock) => boolean): LightClientUpdate | undefined => {
    const found = chain.blocks().findLast((block) => participantsOf(block) > 0 && accepts(block))
    return found === undefined ? undefined : updateOf(found)
  }

  return {
    bootstrap(root) {
      const block = chain.byRoot(root)
      if (block?.state === undefined || block.slot === 0) return undefined
      return {
        header: lightClientHeader(block),
        currentSyncCommittee: ssz.fulu.BeaconState.getViewDU(block.state).currentSyncCommittee.toValue(),
        currentSyncCommitteeBranch: branchOf(block.state, CURRENT_COMMITTEE),
      }
    },
    update: (period) => best.get(period)?.update,
    finalityUpdate: () =>
      newest((block) => {
        const attested = attestedBy(block)
        return attested !== undefined && finalizedOf(attested) !== undefined
      }),
    optimisticUpdate: () => newest((block) => (attestedBy(block)?.slot ?? 0) > 0),
    observe,
    forget(blocks) {
      for (const [period, { block }] of best) {
        if (!blocks.includes(block)) continue
        best.delete(period)
        for (const other of chain.blocks()) if (periodOf(other.slot) >= period) observe(other)
      }
    },
  }
}

/** Two updates, each signed by two thirds of one committee, that cannot both be true. */
export interface Equivocation {
  readonly honest: LightClientUpdate
  readonly conflicting: LightClientUpdate
}

/**
 * (Values are cloned, not spread: a spread would take along the root that the type has cached in the value.)
 *
 * The newest finality update and a second one of the same committee. `finality`: another block is final at the same
 * slot (it differs in its graffiti). `committee`: another next committee for the same period.
 */
export function equivocate(
  chain: BeaconChain,
  server: LightClientServer,
  about: 'finality' | 'committee',
): Equivocation {
  const honest = server.finalityUpdate()
  const attested = honest && chain.bySlot(honest.attestedHeader.beacon.slot)
  const finalized = honest && chain.bySlot(honest.finalizedHeader.beacon.slot)
  if (honest === undefined || finalized === undefined || attested?.state === undefined)
    throw new DevnetError('EQUIVOCATION', 'nothing is final yet', { head: chain.head().slot })
  const state = ssz.fulu.BeaconState.getViewDU(attested.state).clone()
  let other = finalized
  if (about === 'finality') {
    const body = ssz.fulu.BeaconBlockBody.clone(finalized.block.body)
    body.graffiti = new Uint8Array(32).fill(0xee)
    const header = ssz.phase0.BeaconBlockHeader.clone(finalized.header)
    header.bodyRoot = ssz.fulu.BeaconBlockBody.hashTreeRoot(body)
    other = { ...finalized, block: { ...finalized.block, body }, header }
    const root = ssz.phase0.BeaconBlockHeader.hashTreeRoot(header)
    state.finalizedCheckpoint = ssz.phase0.Checkpoint.toViewDU({ epoch: state.finalizedCheckpoint.epoch, root })
  } else state.nextSyncCommittee = state.currentSyncCommittee
  const header = ssz.phase0.BeaconBlockHeader.clone(attested.header)
  header.stateRoot = state.hashTreeRoot()
  const root = ssz.phase0.BeaconBlockHeader.hashTreeRoot(header)
  const conflicting = buildUpdate({
    attested: lightClientHeader({ ...attested, header }),
    attestedState: state.node,
    finalized: lightClientHeader(other),
    aggregate: chain.syncAggregate(honest.signatureSlot, root),
    signatureSlot: honest.signatureSlot,
  })
  return { honest, conflicting }
}

function compare(left: readonly number[], right: readonly number[]): number {
  for (const [index, value] of left.entries()) {
    const difference = value - (right[index] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}

const toHex = (bytes: Uint8Array): string => `0x${Buffer.from(bytes).toString('hex')}`
