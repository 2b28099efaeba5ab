import type { Address, Hex } from 'viem'
import type { SealedHeader } from './encode.ts'
import { encodeUpdate } from './encode.ts'
import { QbftSourceError } from './errors.ts'
import type { QbftHeader } from './header.ts'
import { quorum } from './quorum.ts'
import { type SeatedSeal, seatedSeals } from './seal.ts'
import type { QbftSource } from './source.ts'
import { oneDifference } from './validator-set.ts'

/** Gas of a header that changes the set, and of a seal with its calldata and its validator's: 255 validators, 170 seals,
 * cost 1.3 million. */
const HEADER_GAS = 60_000
const SEAL_GAS = 8_000
/** Gas of one `update` call: half of what a transaction may have (EIP-7825). */
const UPDATE_GAS = 2 ** 23

/** A height and the set that is trusted there. */
export interface TrustedPoint {
  readonly number: bigint
  readonly validators: readonly Address[]
}

/**
 * As many seals as make the quorum of the header's own set: more would cost gas and prove nothing more.
 * @throws QbftSourceError if there are fewer: the node serves a block that its validators did not commit.
 */
export function quorumSeals(header: QbftHeader): SeatedSeal[] {
  const seals = seatedSeals(header)
  const expected = quorum(header.validators.length)
  if (seals.length < expected)
    throw new QbftSourceError('QBFT_NODE_ANSWER', 'the block has too few seals of its validators', {
      number: header.number,
      expected,
      given: seals.length,
    })
  return seals.slice(0, expected)
}

/**
 * The headers that lead a client from the set at `from` to the set of `target`, each with at most one validator more or
 * less than the one before. The last one is `target` itself unless its set is trusted already. Heights are halved until
 * the sets are close enough, so that a chain that never votes costs nothing to follow.
 * @throws QbftSourceError `QBFT_SET_JUMP` where two neighbouring blocks differ by more.
 */
export async function headersBetween(
  source: QbftSource,
  from: TrustedPoint,
  target: QbftHeader,
): Promise<readonly QbftHeader[]> {
  if (sameSet(from.validators, target.validators)) return []
  if (oneDifference(from.validators, target.validators) !== undefined) return [target]
  if (target.number - from.number <= 1n)
    throw new QbftSourceError('QBFT_SET_JUMP', 'the validators changed by more than one within one block', {
      number: target.number,
      expected: from.validators,
      given: target.validators,
    })
  const height = (from.number + target.number) / 2n
  const middle = await source.headerAt(height)
  if (middle === undefined)
    throw new QbftSourceError('QBFT_NODE_ANSWER', 'the node lacks a block below its head', { number: height })
  return [...(await headersBetween(source, from, middle)), ...(await headersBetween(source, middle, target))]
}

/** Each of `headers` with its quorum, and with the set that the client trusts once those before are applied. */
export function sealedSteps(
  headers: readonly QbftHeader[],
  validators: readonly Address[],
  firstRange: number,
): SealedHeader[] {
  let trusted = validators
  let range = firstRange
  return headers.map((header) => {
    const seals = quorumSeals(header)
    if (sameSet(trusted, header.validators)) return { header, seals, range }
    const step = { header, seals, range, trusted }
    trusted = header.validators
    range += 1
    return step
  })
}

/** The steps as `update` calls, as many to a call as fit a transaction. */
export function encodeUpdates(steps: readonly SealedHeader[]): Hex[] {
  const batches: SealedHeader[][] = []
  let left = 0
  for (const step of steps) {
    const gas = HEADER_GAS + SEAL_GAS * step.seals.length
    const batch = batches.at(-1)
    if (batch !== undefined && gas <= left) {
      batch.push(step)
      left -= gas
    } else {
      batches.push([step])
      left = UPDATE_GAS - gas
    }
  }
  return batches.map(encodeUpdate)
}

export const sameSet = (a: readonly Address[], b: readonly Address[]): boolean =>
  a.length === b.length && a.every((member, seat) => member === b[seat])
