import type { RpcBlock } from '@meridian/proofs'
import { type Hex, numberToHex } from 'viem'
import type { RpcPort } from '../types.ts'
import { QbftSourceError } from './errors.ts'
import { headerOfBlock, parseQbftHeader, type QbftHeader } from './header.ts'

export interface QbftSource {
  /** The newest block: final, as every QBFT block is. Its seals are the caller's to count. */
  latest(): Promise<QbftHeader>
  /** The header at a height, undefined where the node has none yet. Recomputed to its block hash. */
  headerAt(number: bigint): Promise<QbftHeader | undefined>
}

/** Headers of a QBFT chain over JSON-RPC, each read once and recomputed to its hash. */
export function createQbftSource(rpc: RpcPort): QbftSource {
  const cache = new Map<bigint, QbftHeader>()

  async function read(tag: Hex | 'latest'): Promise<QbftHeader | undefined> {
    const block = await rpc.request('eth_getBlockByNumber', [tag, false])
    if (block === null || block === undefined) return undefined
    if (typeof block !== 'object' || !('hash' in block) || typeof block.hash !== 'string')
      throw new QbftSourceError('QBFT_NODE_ANSWER', 'the node answers with no block', { given: block })
    try {
      return headerOfBlock(block as RpcBlock) // CAST: encodeHeaderFields checks each field that it reads
    } catch (cause) {
      const raw = await rpc.request('debug_getRawHeader', [tag === 'latest' ? block.hash : tag]).catch(() => undefined)
      if (typeof raw !== 'string' || !/^0x([0-9a-fA-F]{2})+$/.test(raw)) throw cause
      const header = parseQbftHeader(`0x${raw.slice(2)}`)
      if (header.hash !== block.hash.toLowerCase()) throw cause
      return header
    }
  }

  return {
    async latest() {
      const header = await read('latest')
      if (header === undefined) throw new QbftSourceError('QBFT_NODE_ANSWER', 'the node has no block', {})
      return header
    },
    async headerAt(number) {
      const known = cache.get(number)
      if (known !== undefined) return known
      const header = await read(numberToHex(number))
      if (header === undefined) return undefined
      if (header.number !== number)
        throw new QbftSourceError('QBFT_NODE_ANSWER', 'the block is of another height', {
          expected: number,
          given: header.number,
        })
      cache.set(number, header)
      return header
    },
  }
}
