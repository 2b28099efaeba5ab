import { type Hex, zeroHash } from 'viem'
import type { AcceptedClaim, BeaconPort, OwnViews } from '../types.ts'
import { NodeAnswerError } from './errors.ts'
import { type Network, periodAtSlot } from './networks.ts'
import { type BeaconNode, everyNode, isNotServed, nodesOf } from './nodes.ts'
import { parseBlockHeader, parseBootstrap, parseUpdates } from './parse.ts'
import { beaconHeaderRoot, syncCommitteeRoot } from './ssz.ts'
import type { BeaconHeader } from './types.ts'
import { initializeLightClientStore, requireQuorum, validateBranches } from './verify.ts'

/** Slots after one without a block in which the next block is looked for, whose parent says that it was empty. */
const MAX_EMPTY_SLOTS = 64n
/** First slots of epochs of a period whose blocks are asked for a bootstrap. */
const MAX_BOOTSTRAPS = 4

interface Known {
  readonly root: Hex
  readonly header: BeaconHeader
}

/**
 * What each beacon node has finally where a head or a committee stands. That a slot is empty counts only where the next
 * block's parent says so: a node that lacks old blocks answers the same to a request for one.
 *
 * @throws what a node failed with, where none answers.
 */
export async function ownBeaconViews(beacon: BeaconPort, network: Network, claim: AcceptedClaim): Promise<OwnViews> {
  const read = (node: BeaconNode) => (claim.what === 'head' ? blockOf(node, claim) : committeeOf(node, network, claim))
  const nodes = nodesOf(beacon)
  const served = await everyNode(nodes, read)
  return { asked: nodes.length, views: served.map(({ host, value }) => ({ host, hash: value })) }
}

async function headerOf(node: BeaconNode, id: string): Promise<Known | undefined> {
  const path = `/eth/v1/beacon/headers/${id}`
  try {
    const { root, canonical, header } = parseBlockHeader(await node.get(path))
    const computed = beaconHeaderRoot(header)
    if (computed !== root.toLowerCase())
      throw new NodeAnswerError(`${path}: the header does not hash to its root`, { expected: root, given: computed })
    if (/^\d+$/.test(id) && header.slot !== BigInt(id))
      throw new NodeAnswerError(`${path}: the header is of another slot`, { expected: id, given: header.slot })
    return canonical ? { root: computed, header } : undefined
  } catch (error) {
    if (isNotServed(error)) return undefined
    throw error
  }
}

async function blockOf(node: BeaconNode, { number: slot, hash }: AcceptedClaim): Promise<Hex | null> {
  const seen = await headerOf(node, String(slot))
  if (seen?.root === hash.toLowerCase()) return seen.root
  const final = await headerOf(node, 'finalized')
  if (final === undefined || final.header.slot < slot) return null
  // read again: what was there before it was final may have been replaced
  const found = await headerOf(node, String(slot))
  if (found !== undefined) return found.root
  return (await isEmpty(node, slot, final.header.slot)) ? zeroHash : null
}

async function isEmpty(node: BeaconNode, slot: bigint, final: bigint): Promise<boolean> {
  for (let at = slot + 1n; at <= final && at <= slot + MAX_EMPTY_SLOTS; at++) {
    const next = await headerOf(node, String(at))
    if (next === undefined) continue
    const parent = await headerOf(node, next.header.parentRoot)
    return parent !== undefined && parent.header.slot < slot
  }
  return false
}

/** The root of a period's committee, by the final update of the period before it or a final bootstrap of its own. */
async function committeeOf(node: BeaconNode, network: Network, { number: period }: AcceptedClaim): Promise<Hex | null> {
  if (period > 0n) {
    const path = `/eth/v1/beacon/light_client/updates?start_period=${period - 1n}&count=1`
    const [update] = parseUpdates(await node.get(path), network)
    const isFinal =
      update?.nextSyncCommittee !== undefined &&
      [update.attestedHeader, update.finalizedHeader].every(
        ({ beacon }) => periodAtSlot(network, beacon.slot) === period - 1n,
      )
    if (update?.nextSyncCommittee !== undefined && isFinal) {
      requireQuorum(update, network)
      validateBranches(update, network)
      return syncCommitteeRoot(update.nextSyncCommittee.committee)
    }
  }
  const final = await headerOf(node, 'finalized')
  for (const slot of bootstrapSlots(network, period)) {
    if (final === undefined || final.header.slot < slot) return null
    const block = await headerOf(node, String(slot))
    const shown = block && (await committeeAt(node, network, block.root))
    if (shown !== undefined) return shown
  }
  return null
}

/** Slots of a period that can be final by themselves, of which nodes keep bootstraps. */
function bootstrapSlots({ preset }: Network, period: bigint): readonly bigint[] {
  const { slotsPerEpoch, epochsPerSyncCommitteePeriod } = preset
  const first = period * epochsPerSyncCommitteePeriod
  return Array.from({ length: MAX_BOOTSTRAPS }, (_, i) => (first + BigInt(i)) * slotsPerEpoch)
}

/** The committee that signs in a block's period; undefined where the node keeps no bootstrap of it. */
async function committeeAt(node: BeaconNode, network: Network, root: Hex): Promise<Hex | undefined> {
  try {
    const bootstrap = parseBootstrap(await node.get(`/eth/v1/beacon/light_client/bootstrap/${root}`), network)
    const { committeeRoots } = initializeLightClientStore(bootstrap, network, root)
    return [...committeeRoots.values()][0]
  } catch (error) {
    if (isNotServed(error)) return undefined
    throw error
  }
}
