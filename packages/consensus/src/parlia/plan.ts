import type { Hex } from 'viem'
import type { ParliaClientDetail } from './client.ts'
import { nextEpochOf } from './deploy.ts'
import { adoptStep, commitmentTo, encodeAttestedProof, encodeUpdate, type KnownSet, type Link } from './encode.ts'
import { ParliaSourceError } from './errors.ts'
import { HISTORY_WINDOW } from './proofs.ts'
import type { FinalBlock, ParliaSource } from './source.ts'
import { offsetOf } from './validator-set.ts'

/** Gas of a step that adopts a set of 64 keys, with three ancestors; and of one `update` call: half of what a transaction
 * may have (EIP-7825). */
const STEP_GAS = 600_000
const UPDATE_GAS = 2 ** 23
const STEPS_PER_UPDATE = Math.floor(UPDATE_GAS / STEP_GAS)

/** Most parents that are sent instead of a proof of the state: about as many bytes. */
const MAX_PARENTS = 12n
/** Links of a proof are counted in one byte. */
const MAX_LINKS = 255n

/** A set that the client knows, rebuilt from the chain: it stores no more than a word of it. */
export async function knownSet(source: ParliaSource, detail: ParliaClientDetail, epoch: bigint): Promise<KnownSet> {
  const expected = detail.sets.get(epoch)
  const set = await source.setAt(epoch)
  const { timestamp } = await source.headerAt(epoch)
  const next = nextEpochOf(epoch, detail.epochLength)
  const end = epoch === detail.epoch ? detail.end : next + offsetOf(set)
  // A set that came with a jump is trusted from the next epoch on only.
  for (const first of [await source.firstTarget(epoch), next]) {
    const known = { set, first, end, timestamp }
    if (commitmentTo(known) === expected) return known
  }
  throw new ParliaSourceError('PARLIA_CLIENT_MISMATCH', 'the chain has another validator set than the client knows', {
    epoch,
    expected,
  })
}

/** The sets between the client's newest and that of `epoch`, each as a step, and as the client will know it. */
export async function epochSteps(
  source: ParliaSource,
  detail: ParliaClientDetail,
  epoch: bigint,
): Promise<
  { readonly steps: readonly Hex[]; readonly known: KnownSet; readonly last: FinalBlock | undefined } | undefined
> {
  let known = await knownSet(source, detail, detail.epoch)
  let last: FinalBlock | undefined
  const steps: Hex[] = []
  while (known.set.epoch < epoch) {
    const next = nextEpochOf(known.set.epoch, detail.epochLength)
    // Votes on targets below the set's end are its own: a source is one below its target.
    const anchor = await source.firstFinal(next, known.end - 2n)
    if (anchor === undefined) return undefined
    const set = await source.setAt(next)
    const voters = await votersOf(source, detail, known, anchor)
    const links = await parentLinks(source, anchor.header.number, next)
    steps.push(adoptStep(encodeAttestedProof({ ...anchor, known: voters }, links), set))
    const { timestamp } = await source.headerAt(next)
    known = { set, first: known.end, end: nextEpochOf(next, detail.epochLength) + offsetOf(set), timestamp }
    last = anchor
  }
  return { steps, known, last }
}

/** The set whose votes a block has: the one that is followed, or one that the client had before. */
async function votersOf(
  source: ParliaSource,
  detail: ParliaClientDetail,
  known: KnownSet,
  block: FinalBlock,
): Promise<KnownSet> {
  return block.epoch === known.set.epoch ? known : knownSet(source, detail, block.epoch)
}

/** Steps as `update` calls, as many to a call as fit a transaction. */
export function encodeUpdates(steps: readonly Hex[]): Hex[] {
  const updates: Hex[] = []
  for (let at = 0; at < steps.length; at += STEPS_PER_UPDATE)
    updates.push(encodeUpdate(steps.slice(at, at + STEPS_PER_UPDATE)))
  return updates
}

/**
 * From block `from` down to `to`: by parents if there are few, else through the state of `from` if the node has it.
 * Undefined where it has not and there are too many parents.
 */
export async function linksBetween(
  source: ParliaSource,
  from: bigint,
  to: bigint,
): Promise<readonly Link[] | undefined> {
  if (from - to > MAX_PARENTS && from - to <= HISTORY_WINDOW) {
    const history = await source.historyProof(from, to)
    if (history !== undefined) return [{ header: await source.headerAt(to), history }]
  }
  return from - to > MAX_LINKS ? undefined : parentLinks(source, from, to)
}

async function parentLinks(source: ParliaSource, from: bigint, to: bigint): Promise<readonly Link[]> {
  const links: Link[] = []
  for (let number = from - 1n; number >= to; number -= 1n) links.push({ header: await source.headerAt(number) })
  return links
}
