import type { Hex } from 'viem'
import { encodeUpdate, type SealedHeader } from './encode.ts'
import { epochOf } from './epoch.ts'
import { IstanbulSourceError } from './errors.ts'
import type { IstanbulHeader } from './header.ts'
import type { IstanbulChain } from './networks.ts'
import { countBits, quorum } from './quorum.ts'
import { aggregateKey, sealHolds } from './seal.ts'
import type { IstanbulSource } from './source.ts'

/** Gas of a header that ends an epoch, without its validators', and of a validator's key and addition. */
const HEADER_GAS = 240_000
const VALIDATOR_GAS = 1_800
/** Gas of one `update` call: half of what a transaction may have (EIP-7825). */
const UPDATE_GAS = 2 ** 23

/**
 * The header with its seal and the keys that it is checked by, checked here as the contract will.
 * @throws {IstanbulSourceError} where the node serves a block that its validators did not commit, or other validators
 */
export async function sealedHeader(
  source: IstanbulSource,
  chain: IstanbulChain,
  header: IstanbulHeader,
): Promise<SealedHeader> {
  const refused = (message: string, context: Readonly<Record<string, unknown>>) =>
    new IstanbulSourceError('ISTANBUL_NODE_ANSWER', message, { number: header.number, ...context })
  const keys = await source.validatorsOf(epochOf(header.number, chain.epochSize), chain.epochSize)
  const { seal } = header
  if (seal === undefined) throw refused('the block has no seal', {})
  if (seal.bitmap >> BigInt(keys.length) !== 0n)
    throw refused('a validator that is not there signed', { limit: keys.length, given: seal.bitmap })
  const [expected, given] = [quorum(keys.length), countBits(seal.bitmap)]
  if (given < expected) throw refused('too few validators signed', { expected, given })
  const validators = keys.map(({ g1 }) => g1)
  const aggregate = aggregateKey(
    keys.map(({ g2 }) => g2),
    seal.bitmap,
  )
  if (!sealHolds(header.hash, seal, validators, aggregate))
    throw refused('the seal is not that of the validators', { bitmap: seal.bitmap, round: seal.round })
  return { header, seal, validators, aggregateKey: aggregate }
}

/** The headers as `update` calls, as many to a call as fit a transaction. */
export function encodeUpdates(headers: readonly SealedHeader[]): Hex[] {
  const batches: SealedHeader[][] = []
  let left = 0
  for (const header of headers) {
    const gas = HEADER_GAS + VALIDATOR_GAS * header.validators.length
    const batch = batches.at(-1)
    if (batch !== undefined && gas <= left) {
      batch.push(header)
      left -= gas
    } else {
      batches.push([header])
      left = UPDATE_GAS - gas
    }
  }
  return batches.map(encodeUpdate)
}
