import type { BlockPoint, RpcPort } from '@meridian/consensus'
import { type Hex, isHex, numberToHex } from 'viem'
import { z } from 'zod'
import { ChainDataError, NotFoundError } from './errors.ts'
import { bytes32, parseAnswer, quantity } from './schema.ts'

/** Names of blocks that nodes know. */
export type BlockTag = 'latest' | 'finalized' | 'safe' | 'earliest'

/** A block header as a node shows it. */
export interface BlockHeader extends BlockPoint {
  readonly parentHash: Hex
  readonly receiptsRoot: Hex
  readonly baseFeePerGas: bigint | null
  readonly gasLimit: bigint
  readonly transactions: readonly Hex[]
  /** Every field as the node gave it, for hashing. */
  readonly raw: Readonly<Record<string, unknown>>
}

const blockSchema = z.looseObject({
  number: quantity,
  timestamp: quantity,
  hash: bytes32,
  parentHash: bytes32,
  receiptsRoot: bytes32,
  gasLimit: quantity,
  baseFeePerGas: quantity.nullish(),
  transactions: z.array(bytes32),
})

/**
 * Reads one header by number, hash or tag; the answer must be of the block asked for.
 *
 * @param headerHash Recomputes the hash as the chain's consensus does, so that a lying endpoint is caught here.
 * @throws {NotFoundError} the node does not have it. @throws {ChainDataError} the node gave another block.
 */
export async function getBlock(
  rpc: RpcPort,
  block: bigint | BlockTag | Hex,
  headerHash?: (raw: Readonly<Record<string, unknown>>) => Hex,
): Promise<BlockHeader> {
  const byHash = isHex(block)
  const method = byHash ? 'eth_getBlockByHash' : 'eth_getBlockByNumber'
  const answer = await rpc.request(method, [typeof block === 'bigint' ? numberToHex(block) : block, false])
  if (answer === null) throw new NotFoundError(`block ${block}`)
  const parsed = parseAnswer(blockSchema, method, answer)
  if (typeof block === 'bigint' && parsed.number !== block)
    throw new ChainDataError('block number', String(block), String(parsed.number))
  if (byHash && parsed.hash !== block) throw new ChainDataError('block hash', block, parsed.hash)
  // CAST: parseAnswer found an object there
  const raw = answer as Readonly<Record<string, unknown>>
  const computed = headerHash?.(raw)
  if (computed !== undefined && computed !== parsed.hash) throw new ChainDataError('header hash', parsed.hash, computed)
  return {
    number: parsed.number,
    timestamp: parsed.timestamp,
    hash: parsed.hash,
    parentHash: parsed.parentHash,
    receiptsRoot: parsed.receiptsRoot,
    gasLimit: parsed.gasLimit,
    baseFeePerGas: parsed.baseFeePerGas ?? null,
    transactions: parsed.transactions,
    raw,
  }
}
