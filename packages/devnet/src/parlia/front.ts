import type { Hex } from 'viem'
import { encodeHeader } from '../execution/header.ts'
import { isHash, isRecord, mapBlockHashes, mapBlockParams } from '../rpc/blocks.ts'
import { invalidParams } from '../rpc/error.ts'
import { blockQuery } from '../rpc/front.ts'
import type { RpcHandler } from '../rpc/server.ts'
import type { Upstream } from '../rpc/upstream.ts'
import type { ParliaBlock } from './chain.ts'
import type { ParliaSet } from './validators.ts'

/** The sealed chain as the front reads it. */
export interface ParliaIndex {
  byNumber(number: bigint): ParliaBlock | undefined
  bySealedHash(hash: Hex): ParliaBlock | undefined
  byAnvilHash(hash: Hex): ParliaBlock | undefined
  head(): ParliaBlock
  justified(): bigint
  finalized(): bigint
  inForce(target: bigint): ParliaSet
}

const quantity = (value: bigint): Hex => `0x${value.toString(16)}`

/** JSON-RPC of a BNB Smart Chain node over anvil: the same answers with the sealed chain's headers and hashes. */
export function parliaFront(upstream: Upstream, index: ParliaIndex): RpcHandler {
  const toAnvil = (reference: string): string => {
    if (reference === 'finalized') return quantity(index.finalized())
    if (reference === 'safe') return quantity(index.justified())
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
  const select = (reference: unknown): bigint => {
    if (typeof reference !== 'string') return index.head().number
    if (isHash(reference)) {
      const block = index.bySealedHash(lowerHex(reference))
      if (block === undefined) throw invalidParams(`unknown block ${reference}`)
      return block.number
    }
    const mapped = toAnvil(reference)
    return /^0x[0-9a-fA-F]+$/.test(mapped) ? BigInt(mapped) : index.head().number
  }
  const handle: RpcHandler = async (method, params) => {
    switch (method) {
      case 'web3_clientVersion':
        return 'Geth/meridian-devnet/parlia'
      case 'parlia_getValidators':
        return index.inForce(select(params[0]) + 1n).members.map(({ address }) => address)
      case 'parlia_getTurnLength':
        return quantity(BigInt(index.inForce(select(params[0]) + 1n).turnLength))
      case 'parlia_getJustifiedNumber':
        return quantity(index.justified())
      case 'parlia_getFinalizedNumber':
        return quantity(index.finalized())
      case 'debug_getRawHeader': {
        const query = blockQuery(params)
        const block = await handle(query.method, query.params)
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

function lowerHex(hash: Hex): Hex {
  return hash.toLowerCase() as Hex // CAST: lower case of hex is hex
}
