import type { Hex } from 'viem'
import { encodeHeader } from '../execution/header.ts'
import { isHash, isRecord, mapBlockHashes, mapBlockParams } from '../rpc/blocks.ts'
import { invalidParams } from '../rpc/error.ts'
import { blockQuery } from '../rpc/front.ts'
import type { RpcHandler } from '../rpc/server.ts'
import type { Upstream } from '../rpc/upstream.ts'
import type { SealedBlock } from './chain.ts'

/** The sealed chain as the front reads it. */
export interface SealedIndex {
  byNumber(number: bigint): SealedBlock | undefined
  bySealedHash(hash: Hex): SealedBlock | undefined
  byAnvilHash(hash: Hex): SealedBlock | undefined
  head(): SealedBlock
}

/** JSON-RPC of a Besu node over anvil: the same answers with the sealed chain's headers and hashes. */
export function qbftFront(upstream: Upstream, index: SealedIndex): RpcHandler {
  const toAnvil = (reference: string): string => {
    if (reference === 'safe' || reference === 'finalized') return 'latest'
    return isHash(reference) ? (index.bySealedHash(lowerHex(reference))?.anvilHash ?? reference) : reference
  }
  const toSealed = (hash: Hex): Hex => index.byAnvilHash(hash)?.hash ?? hash
  const sealedBlock = (result: unknown): unknown => {
    const sealed = isRecord(result) && isHash(result.hash) ? index.byAnvilHash(result.hash) : undefined
    if (!isRecord(result) || sealed === undefined) return result
    return {
      ...result,
      ...sealed.header,
      transactions: mapBlockHashes(result.transactions, toSealed),
      hash: sealed.hash,
    }
  }
  const select = (reference: unknown): SealedBlock => {
    const block =
      reference === undefined || typeof reference !== 'string' || !/^0x[0-9a-fA-F]+$/.test(reference)
        ? index.head()
        : isHash(reference)
          ? index.bySealedHash(lowerHex(reference))
          : index.byNumber(BigInt(reference))
    if (block === undefined) throw invalidParams(`unknown block ${reference}`)
    return block
  }
  const handle: RpcHandler = async (method, params) => {
    switch (method) {
      case 'web3_clientVersion':
        return 'besu/meridian-devnet/qbft'
      case 'qbft_getValidatorsByBlockNumber':
        return [...select(params[0]).extra.validators]
      case 'qbft_getValidatorsByBlockHash':
        return [...select(params[0]).extra.validators]
      case 'debug_getRawHeader': {
        const block = await handle(...spread(blockQuery(params)))
        if (!isRecord(block)) throw invalidParams('unknown block')
        return encodeHeader(block)
      }
      case 'eth_getBlockByNumber':
      case 'eth_getBlockByHash':
        return sealedBlock(await upstream.request(method, mapBlockParams(method, params, toAnvil)))
      case 'eth_getFilterChanges': {
        const changes = await upstream.request(method, params)
        if (!Array.isArray(changes)) return changes
        return changes.map((item: unknown) => (isHash(item) ? toSealed(item) : mapBlockHashes(item, toSealed)))
      }
      default:
        return mapBlockHashes(await upstream.request(method, mapBlockParams(method, params, toAnvil)), toSealed)
    }
  }
  return handle
}

const spread = ({ method, params }: { method: string; params: readonly unknown[] }) => [method, params] as const

function lowerHex(hash: Hex): Hex {
  return hash.toLowerCase() as Hex // CAST: lower case of hex is hex
}
