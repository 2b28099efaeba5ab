import type { Hex } from 'viem'
import { proveThroughAncestors } from '../ancestry.ts'
import { isExpired, ready } from '../answers.ts'
import { proveSealed, requireHeader, type WrongAnswer } from '../sealed-chain.ts'
import type { BlockPoint, BlockProof, ClientState, SourcePorts } from '../types.ts'
import { currentRange, type QbftClientDetail, qbftDetail } from './client.ts'
import { encodeSealedProof, encodeStoredProof, type SealedHeader } from './encode.ts'
import { QbftSourceError } from './errors.ts'
import type { QbftHeader } from './header.ts'
import { encodeUpdates, headersBetween, quorumSeals, sealedSteps, type TrustedPoint } from './plan.ts'
import { createQbftSource, type QbftSource } from './source.ts'
import { lower, oneDifference, setHashOf } from './validator-set.ts'

/** A client is refreshed once less than this share of its trusting period is left. */
const REFRESH_SHARE = 3n
const NO_HASH = 0n

const wrong: WrongAnswer = (message, context) => new QbftSourceError('QBFT_NODE_ANSWER', message, context)

/** Updates and proof for a block, as `Consensus.proveBlock` has it. */
export function proveBlock(
  { rpc }: SourcePorts,
  client: ClientState,
  block: BlockPoint,
  now: bigint,
): Promise<BlockProof> {
  const source = createQbftSource(rpc)
  return proveSealed(source, client, block, now, wrong, (header) => {
    const detail = qbftDetail(client)
    return {
      clockDrift: detail.clockDrift,
      known: () => proveKnown(source, client, detail, header, now),
      async ahead() {
        const range = currentRange(detail)
        if (header.setHash === range.setHash)
          return ready(encodeSealedProof({ header, seals: quorumSeals(header), range: range.index }))
        return ready(encodeStoredProof(header), await updatesTo(source, client, header))
      },
    }
  })
}

/** As `Consensus.maintain` has it. */
export async function maintain({ rpc }: SourcePorts, client: ClientState, now: bigint): Promise<readonly Hex[]> {
  if (client.status !== 'active' || isExpired(client, now)) return []
  const source = createQbftSource(rpc)
  const detail = qbftDetail(client)
  const latest = await source.latest()
  if (latest.number <= client.head.number || now < latest.timestamp - detail.clockDrift) return []
  const runsDown = client.expiresAt - now <= detail.trustingPeriod / REFRESH_SHARE
  if (latest.setHash === currentRange(detail).setHash && !runsDown) return []
  return updatesTo(source, client, latest)
}

/** Updates that end with `target` as the client's head. */
async function updatesTo(source: QbftSource, client: ClientState, target: QbftHeader): Promise<readonly Hex[]> {
  const range = currentRange(qbftDetail(client))
  const from = await trustedPoint(source, client)
  const headers = await headersBetween(source, from, target)
  const steps = headers.at(-1)?.hash === target.hash ? headers : [...headers, target]
  return encodeUpdates(sealedSteps(steps, from.validators, range.index))
}

/** The client's head with the validators that it trusts, which it knows only by their hash. */
async function trustedPoint(source: QbftSource, client: ClientState): Promise<TrustedPoint> {
  const { number, hash } = client.head
  const header = await requireHeader(source, number, wrong)
  if (BigInt(hash) !== NO_HASH && header.hash !== lower(hash))
    throw new QbftSourceError('QBFT_CLIENT_MISMATCH', "the chain has another block at the client's head", {
      number,
      expected: hash,
      given: header.hash,
    })
  return { number, validators: validatorsOf(header, currentRange(qbftDetail(client)).setHash) }
}

function validatorsOf(header: QbftHeader, setHash: Hex): QbftHeader['validators'] {
  if (header.setHash !== setHash || setHashOf(header.validators) !== setHash)
    throw new QbftSourceError('QBFT_CLIENT_MISMATCH', 'the chain has other validators than the client trusts', {
      number: header.number,
      expected: setHash,
      given: header.setHash,
    })
  return header.validators
}

/** Proves a block at or below the head: stored, by its seals, or as an ancestor of such a block. */
function proveKnown(
  source: QbftSource,
  client: ClientState,
  detail: QbftClientDetail,
  block: QbftHeader,
  now: bigint,
): Promise<BlockProof> {
  const above = (number: bigint) => requireHeader(source, number, wrong)
  return proveThroughAncestors(client, block, now, above, async (anchor, ancestors) => {
    if (anchor.hash === lower(client.head.hash)) return encodeStoredProof(anchor, ancestors)
    if (isExpired(client, now)) return undefined
    const sealed = await sealedBelow(source, detail, anchor, now)
    return sealed === undefined ? undefined : encodeSealedProof(sealed, ancestors)
  })
}

/** The header with its seals, under the range that may vouch for it, if one does. */
async function sealedBelow(
  source: QbftSource,
  detail: QbftClientDetail,
  header: QbftHeader,
  now: bigint,
): Promise<SealedHeader | undefined> {
  const current = currentRange(detail)
  const usable = detail.ranges.filter(
    ({ index, first, end, vouchedAt }) =>
      first <= header.number &&
      header.number <= end &&
      (index === current.index || now < vouchedAt + detail.trustingPeriod),
  )
  const equal = usable.find(({ setHash }) => setHash === header.setHash)
  if (equal !== undefined) return { header, seals: quorumSeals(header), range: equal.index }
  for (const range of usable) {
    // The block that brought the set: the anchor for the first range, else where the range before ends.
    const height = range.index === 0 ? range.first : detail.ranges.find(({ index }) => index === range.index - 1)?.end
    if (height === undefined) continue
    const trusted = validatorsOf(await requireHeader(source, height, wrong), range.setHash)
    if (oneDifference(trusted, header.validators) !== undefined)
      return { header, seals: quorumSeals(header), range: range.index, trusted }
  }
  return undefined
}
