import type { Hex } from 'viem'
import { proveThroughAncestors } from '../ancestry.ts'
import { isExpired, ready } from '../answers.ts'
import { proveSealed, requireHeader, type WrongAnswer } from '../sealed-chain.ts'
import type { BlockPoint, BlockProof, ClientState, SourcePorts } from '../types.ts'
import { type IstanbulClientDetail, istanbulDetail } from './client.ts'
import { encodeSealedProof, encodeStoredProof, type SealedHeader } from './encode.ts'
import { epochOf, lastBlockOf } from './epoch.ts'
import { IstanbulSourceError } from './errors.ts'
import type { IstanbulHeader } from './header.ts'
import { encodeUpdates, sealedHeader } from './plan.ts'
import { createIstanbulSource, type IstanbulSource } from './source.ts'
import { setHashOf } from './validator-set.ts'

/** A client is refreshed once less than this share of its trusting period is left. */
const REFRESH_SHARE = 3n

const wrong: WrongAnswer = (message, context) => new IstanbulSourceError('ISTANBUL_NODE_ANSWER', message, context)

/** Updates and proof for a block, as `Consensus.proveBlock` has it. */
export function proveBlock(
  { rpc }: SourcePorts,
  client: ClientState,
  block: BlockPoint,
  now: bigint,
): Promise<BlockProof> {
  const source = createIstanbulSource(rpc)
  return proveSealed(source, client, block, now, wrong, (header) => {
    const detail = istanbulDetail(client)
    return {
      clockDrift: detail.clockDrift,
      known: () => proveKnown(source, client, detail, header, now),
      async ahead() {
        const updates = encodeUpdates(await epochEnds(source, detail, header.number))
        return ready(encodeSealedProof(await trusted(source, detail, header)), updates)
      },
    }
  })
}

/** As `Consensus.maintain` has it. */
export async function maintain({ rpc }: SourcePorts, client: ClientState, now: bigint): Promise<readonly Hex[]> {
  if (client.status !== 'active' || isExpired(client, now)) return []
  const source = createIstanbulSource(rpc)
  const detail = istanbulDetail(client)
  const latest = await source.latest()
  if (latest.number <= client.head.number || now < latest.timestamp - detail.clockDrift) return []
  // The block after the newest: at the end of an epoch the next set is there to be learnt.
  const ends = await epochEnds(source, detail, latest.number + 1n)
  const runsDown = client.expiresAt - now <= detail.trustingPeriod / REFRESH_SHARE
  if (!runsDown || ends.at(-1)?.header.number === latest.number) return encodeUpdates(ends)
  return encodeUpdates([...ends, await trusted(source, detail, latest)])
}

/** The last blocks of the epochs that the client must pass before it knows the set of block `number`. */
async function epochEnds(
  source: IstanbulSource,
  detail: IstanbulClientDetail,
  number: bigint,
): Promise<readonly SealedHeader[]> {
  const ends: SealedHeader[] = []
  const { epochSize } = detail.chain
  for (let epoch = detail.epoch; epoch < epochOf(number, epochSize); epoch += 1n)
    ends.push(await trusted(source, detail, await requireHeader(source, lastBlockOf(epoch, epochSize), wrong)))
  return ends
}

/** The header with its seal, whose set is the one that the client knows, if it knows one. */
async function trusted(
  source: IstanbulSource,
  detail: IstanbulClientDetail,
  header: IstanbulHeader,
): Promise<SealedHeader> {
  const sealed = await sealedHeader(source, detail.chain, header)
  const expected = detail.sets.get(epochOf(header.number, detail.chain.epochSize))?.setHash
  const given = setHashOf(sealed.validators)
  if (expected !== undefined && given !== expected)
    throw new IstanbulSourceError('ISTANBUL_CLIENT_MISMATCH', 'the chain has other validators than the client trusts', {
      number: header.number,
      expected,
      given,
    })
  return sealed
}

/** Proves a block at or below the head: stored, by its seal, or as an ancestor of such a block. */
function proveKnown(
  source: IstanbulSource,
  client: ClientState,
  detail: IstanbulClientDetail,
  block: IstanbulHeader,
  now: bigint,
): Promise<BlockProof> {
  const above = (number: bigint) => requireHeader(source, number, wrong)
  return proveThroughAncestors(client, block, now, above, async (anchor, ancestors) => {
    if (isStored(client, detail, anchor)) return encodeStoredProof(anchor, ancestors)
    if (isExpired(client, now) || !maySeal(detail, anchor.number, now)) return undefined
    return encodeSealedProof(await trusted(source, detail, anchor), ancestors)
  })
}

/** The head, and the last block of each epoch that the client has passed: it was stored when the epoch was. */
function isStored(client: ClientState, detail: IstanbulClientDetail, { number, hash }: IstanbulHeader): boolean {
  if (hash === client.head.hash.toLowerCase()) return true
  const { epochSize } = detail.chain
  const epoch = epochOf(number, epochSize)
  return number % epochSize === 0n && detail.sets.has(epoch) && epoch < detail.epoch
}

/** Whether the client takes a block at this height by its seal. */
function maySeal(detail: IstanbulClientDetail, number: bigint, now: bigint): boolean {
  const epoch = epochOf(number, detail.chain.epochSize)
  const after = detail.sets.get(epoch + 1n)
  return (
    detail.sets.has(epoch) &&
    (epoch === detail.epoch || (after !== undefined && now < after.since + detail.trustingPeriod))
  )
}
