import type { Hex } from 'viem'
import { isExpired, ready, waiting } from '../answers.ts'
import type { BlockPoint, BlockProof, ClientState } from '../types.ts'
import { type ParliaClientDetail, parliaDetail } from './client.ts'
import { encodeAttestedProof, encodeStoredProof, type KnownSet, storeStep } from './encode.ts'
import { ParliaSourceError } from './errors.ts'
import type { ParliaHeader } from './header.ts'
import { encodeUpdates, epochSteps, knownSet, linksBetween } from './plan.ts'
import type { FinalBlock, ParliaSource } from './source.ts'

/** How far below the newest block a final one is looked for. */
export const FINALITY_DEPTH = 256n
/** A client is refreshed once less than this share of its trusting period is left. */
const REFRESH_SHARE = 3n
/** A client follows once it is so many epochs behind, although no message waits: whoever sends then waits for one update. */
const EPOCHS_BEHIND = 8n

const notServed = (detail: string): BlockProof => waiting({ code: 'UPDATE_NOT_SERVED', detail })

/** Updates and proof for a block, as `Consensus.proveBlock` has it. */
export async function proveBlock(
  source: ParliaSource,
  client: ClientState,
  block: BlockPoint,
  now: bigint,
): Promise<BlockProof> {
  if (client.status === 'frozen') return waiting({ code: 'CLIENT_UNUSABLE', status: 'frozen' })
  const header = await source.findHeader(block.number)
  const latest = await source.latest()
  if (header === undefined) return waiting({ code: 'NOT_FINAL', finalized: latest, wanted: block.number })
  if (header.hash !== block.hash.toLowerCase())
    throw new ParliaSourceError('PARLIA_NODE_ANSWER', 'the chain has another block at this height', {
      number: block.number,
      expected: block.hash,
      given: header.hash,
    })
  if (block.number <= client.head.number) {
    const stored = await belowHead(source, client, header)
    if (stored !== undefined) return stored
  }
  return proveByVotes(source, client, header, now)
}

/** Proof of a block by the votes that make it final, or one above it, whatever the client's head is. */
export async function proveByVotes(
  source: ParliaSource,
  client: ClientState,
  block: ParliaHeader,
  now: bigint,
): Promise<BlockProof> {
  const detail = parliaDetail(client)
  if (isExpired(client, now)) return waiting({ code: 'CLIENT_UNUSABLE', status: 'expired' })
  const final = await source.firstFinal(block.number, await source.latest())
  if (final === undefined) return waiting({ code: 'NOT_FINAL', finalized: client.head.number, wanted: block.number })
  const earliest = final.header.timestamp - detail.clockDrift
  if (now < earliest) return waiting({ code: 'CLOCK_BEHIND', earliest, now })
  const followed = await voting(source, detail, final)
  if (followed === undefined)
    return notServed(`no set that the client can follow to votes on block ${final.header.number}`)
  const links = await linksBetween(source, final.header.number, block.number)
  if (links === undefined) return notServed(`block ${block.number} is too far below its votes`)
  const proof = encodeAttestedProof({ ...final, known: followed.known }, links)
  return ready(proof, encodeUpdates(followed.steps))
}

/** Proof of a block at or below the head from the head, which is stored; undefined where it is too far to walk. */
async function belowHead(
  source: ParliaSource,
  client: ClientState,
  block: ParliaHeader,
): Promise<BlockProof | undefined> {
  if (BigInt(client.head.hash) === 0n) return undefined
  const head = await source.findHeader(client.head.number)
  if (head?.hash !== client.head.hash)
    throw new ParliaSourceError('PARLIA_CLIENT_MISMATCH', "the chain has another block at the client's head", {
      number: client.head.number,
      expected: client.head.hash,
      given: head?.hash,
    })
  const links = await linksBetween(source, head.number, block.number)
  if (links === undefined) return undefined
  return ready(encodeStoredProof(head, links))
}

/** The set whose votes a block has as the client knows it, and the steps that must come first. */
async function voting(
  source: ParliaSource,
  detail: ParliaClientDetail,
  block: FinalBlock,
): Promise<{ readonly steps: readonly Hex[]; readonly known: KnownSet } | undefined> {
  if (block.epoch > detail.epoch) return epochSteps(source, detail, block.epoch)
  if (!detail.sets.has(block.epoch)) return undefined
  return { steps: [], known: await knownSet(source, detail, block.epoch) }
}

/** As `Consensus.maintain` has it. */
export async function maintain(source: ParliaSource, client: ClientState, now: bigint): Promise<readonly Hex[]> {
  if (client.status !== 'active' || isExpired(client, now)) return []
  const detail = parliaDetail(client)
  const final = await source.lastFinal(await source.latest(), FINALITY_DEPTH)
  if (final === undefined || final.header.number <= client.head.number) return []
  if (now < final.header.timestamp - detail.clockDrift) return []
  const runsDown = client.expiresAt - now <= detail.trustingPeriod / REFRESH_SHARE
  const isBehind = final.epoch >= detail.epoch + EPOCHS_BEHIND * detail.epochLength
  if (!runsDown && !isBehind) return []
  const followed = await voting(source, detail, final)
  if (followed === undefined) return []
  return encodeUpdates([...followed.steps, storeStep(encodeAttestedProof({ ...final, known: followed.known }))])
}
