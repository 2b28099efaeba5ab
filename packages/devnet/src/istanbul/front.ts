import { epochOf } from '@meridian/consensus/istanbul'
import { isHash, isRecord, mapBlockHashes, mapBlockParams } from '../rpc/blocks.ts'
import { type SealedIndex, sealedBlocks } from '../rpc/sealed.ts'
import type { RpcHandler } from '../rpc/server.ts'
import type { Upstream } from '../rpc/upstream.ts'
import type { IstanbulBlock } from './block.ts'
import type { Validator } from './validators.ts'

/** The sealed chain as the front reads it. */
export interface IstanbulIndex extends SealedIndex<IstanbulBlock> {
  readonly epochSize: bigint
  /** The set that seals the blocks of an epoch. */
  validators(epoch: bigint): readonly Validator[]
}

/** Fields that anvil's headers have and these have not. */
const FOREIGN: ReadonlySet<string> = new Set([
  ...['sha3Uncles', 'difficulty', 'totalDifficulty', 'withdrawals', 'withdrawalsRoot', 'blobGasUsed', 'excessBlobGas'],
  ...['parentBeaconBlockRoot', 'requestsHash'],
])

/** JSON-RPC of an atlas node over anvil: the same answers with the sealed chain's headers and hashes. */
export function istanbulFront(upstream: Upstream, index: IstanbulIndex): RpcHandler {
  const { toAnvil, toSealed, select, answer } = sealedBlocks(upstream, index, () => 'latest', FOREIGN)
  /** The set that seals a block; of the block after it for a snapshot, which is what the block left behind. */
  const setAt = (number: bigint): readonly Validator[] => index.validators(epochOf(number, index.epochSize))

  const logs = async (params: readonly unknown[]): Promise<unknown> => {
    const found = await upstream.request('eth_getLogs', mapBlockParams('eth_getLogs', params, toAnvil))
    const [filter] = params
    if (!Array.isArray(found) || !isRecord(filter)) return found
    const at = (reference: unknown): bigint => select(reference).number
    const [from, to] = isHash(filter.blockHash)
      ? [at(filter.blockHash), at(filter.blockHash)]
      : [at(filter.fromBlock), at(filter.toBlock)]
    const own: unknown[] = []
    for (let number = from; number <= to; number += 1n) own.push(...(index.byNumber(number)?.systemLogs ?? []))
    const all = [
      ...found.map((log: unknown) => mapBlockHashes(log, toSealed)),
      ...own.filter((log) => matches(log, filter)),
    ]
    return all.sort((a, b) => order(a) - order(b))
  }

  const handle: RpcHandler = async (method, params) => {
    switch (method) {
      case 'web3_clientVersion':
        return 'atlas/meridian-devnet'
      case 'istanbul_getSnapshot': {
        const { number, hash } = select(params[0])
        return {
          epoch: Number(index.epochSize),
          number: Number(number - (number % index.epochSize)),
          hash,
          validators: setAt(number + 1n).map(({ address, g1, g2 }) => ({
            Address: address,
            BLSPublicKey: g2,
            BLSG1PublicKey: g1,
            UncompressedBLSPublicKey: null,
          })),
        }
      }
      case 'istanbul_getValidators':
        return setAt(select(params[0]).number).map(({ address }) => address)
      case 'istanbul_getValidatorsBLSPublicKeys':
        return setAt(select(params[0]).number).map(({ g2 }) => g2)
      case 'istanbul_getEpochInfo': {
        const epoch = Number(params[0])
        const set = index.validators(BigInt(epoch))
        return {
          epoch,
          epoch_size: Number(index.epochSize),
          threshold: Math.ceil((2 * set.length) / 3),
          validators: set.map(({ address, g1 }) => ({
            weight: 1,
            address,
            g1_pub_key: { x: g1.slice(2, 66), y: g1.slice(66) },
          })),
        }
      }
      case 'debug_getRawHeader':
        return select(isRecord(params[0]) ? (params[0].blockHash ?? params[0].blockNumber) : params[0]).served
      case 'eth_getLogs':
        return logs(params)
      default:
        return answer(method, params)
    }
  }
  return handle
}

const order = (log: unknown): number =>
  isRecord(log) ? Number(log.blockNumber) * 2 ** 20 + Number(log.logIndex) : Number.POSITIVE_INFINITY

/** Whether a log is one that the filter asks for (`address` one or several; `topics` by place, null or several). */
function matches(log: unknown, filter: Readonly<Record<string, unknown>>): boolean {
  if (!isRecord(log) || !Array.isArray(log.topics)) return false
  const topics: readonly unknown[] = log.topics
  const among = (wanted: unknown, given: unknown): boolean =>
    wanted === undefined ||
    wanted === null ||
    (Array.isArray(wanted) ? wanted : [wanted]).some((one) => String(one).toLowerCase() === String(given).toLowerCase())
  const wanted: readonly unknown[] = Array.isArray(filter.topics) ? filter.topics : []
  return among(filter.address, log.address) && wanted.every((topic, place) => among(topic, topics[place]))
}
