import type { Hex } from 'viem'
import { isHash, isRecord, mapBlockHashes, mapBlockParams } from './blocks.ts'
import { invalidParams } from './error.ts'
import type { RpcHandler } from './server.ts'
import type { Upstream } from './upstream.ts'

/** A block of anvil's with the header that the chain's own validators sealed. */
export interface SealedBlock {
  readonly number: bigint
  readonly hash: Hex
  readonly anvilHash: Hex
  /** Fields of the header, as JSON-RPC has them. */
  readonly header: Readonly<Record<string, unknown>>
}

/** A sealed chain by what its blocks are called. */
export interface SealedIndex<Block extends SealedBlock> {
  byNumber(number: bigint): Block | undefined
  bySealedHash(hash: Hex): Block | undefined
  byAnvilHash(hash: Hex): Block | undefined
  head(): Block
}

export interface SealedBlocks<Block extends SealedBlock> {
  /** What anvil calls a block: tag, number or hash. */
  toAnvil(reference: string): string
  /** The sealed chain's hash for one of anvil's; any other is itself. */
  toSealed(hash: Hex): Hex
  /** The block that a parameter means, the head where it says nothing. Throws `invalidParams` for an unknown one. */
  select(reference: unknown): Block
  /** Whatever is about blocks: anvil's answer with the sealed chain's headers and hashes. */
  readonly answer: RpcHandler
}

const QUANTITY = /^0x[0-9a-fA-F]+$/
const NONE: ReadonlySet<string> = new Set()

/**
 * Reads a sealed chain over anvil.
 * @param final What the tags `safe` and `finalized` mean: a quantity or another tag.
 * @param foreign Fields that anvil's headers have and the chain's have not.
 */
export function sealedBlocks<Block extends SealedBlock>(
  upstream: Upstream,
  index: SealedIndex<Block>,
  final: (tag: 'safe' | 'finalized') => string,
  foreign: ReadonlySet<string> = NONE,
): SealedBlocks<Block> {
  const toAnvil = (reference: string): string => {
    if (reference === 'safe' || reference === 'finalized') return final(reference)
    return isHash(reference) ? (index.bySealedHash(lowerHex(reference))?.anvilHash ?? reference) : reference
  }
  const toSealed = (hash: Hex): Hex => index.byAnvilHash(hash)?.hash ?? hash
  const select = (reference: unknown): Block => {
    const named = reference === 'safe' || reference === 'finalized' ? final(reference) : reference
    const block =
      typeof named !== 'string' || !QUANTITY.test(named)
        ? index.head()
        : isHash(named)
          ? index.bySealedHash(lowerHex(named))
          : index.byNumber(BigInt(named))
    if (block === undefined) throw invalidParams(`unknown block ${reference}`)
    return block
  }
  const sealedBlock = (result: unknown): unknown => {
    const sealed = isRecord(result) && isHash(result.hash) ? index.byAnvilHash(result.hash) : undefined
    if (!isRecord(result) || sealed === undefined) return result
    const own = Object.fromEntries(Object.entries(result).filter(([name]) => !foreign.has(name)))
    const transactions = mapBlockHashes(result.transactions, toSealed)
    return { ...own, ...sealed.header, transactions, hash: sealed.hash }
  }
  const answer: RpcHandler = async (method, params) => {
    const result = await upstream.request(method, mapBlockParams(method, params, toAnvil))
    switch (method) {
      case 'eth_getBlockByNumber':
      case 'eth_getBlockByHash':
        return sealedBlock(result)
      case 'eth_getFilterChanges':
        if (!Array.isArray(result)) return result
        return result.map((item: unknown) => (isHash(item) ? toSealed(item) : mapBlockHashes(item, toSealed)))
      default:
        return mapBlockHashes(result, toSealed)
    }
  }
  return { toAnvil, toSealed, select, answer }
}

function lowerHex(hash: Hex): Hex {
  return hash.toLowerCase() as Hex // CAST: lower case of hex is hex
}
