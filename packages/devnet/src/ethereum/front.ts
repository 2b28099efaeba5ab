import type { Hex } from 'viem'
import { encodeHeader } from '../execution/header.ts'
import { isRecord, mapBlockParams } from '../rpc/blocks.ts'
import { invalidParams, RpcError } from '../rpc/error.ts'
import { blockQuery } from '../rpc/front.ts'
import type { RpcHandler } from '../rpc/server.ts'
import type { Upstream } from '../rpc/upstream.ts'

/** Execution blocks that the beacon chain calls final and safe (justified). */
export interface FinalityTags {
  finalized(): Hex
  safe(): Hex
}

/** JSON-RPC of an execution node: anvil's, with the tags that follow the beacon chain. */
export function ethereumFront(upstream: Upstream, tags: FinalityTags): RpcHandler {
  const reference = (given: string): string => {
    if (given === 'finalized') return tags.finalized()
    return given === 'safe' ? tags.safe() : given
  }
  const handle: RpcHandler = async (method, params) => {
    if (method === 'web3_clientVersion') return 'Geth/meridian-devnet/ethereum'
    if (method === 'debug_getRawHeader') {
      const query = blockQuery(params)
      const block = await handle(query.method, query.params)
      if (!isRecord(block)) throw invalidParams('unknown block')
      return encodeHeader(block)
    }
    if (method === 'eth_sendRawTransaction' && typeof params[0] === 'string' && params[0].startsWith('0x03'))
      throw new RpcError(-32000, 'blob transactions are not offered on a devnet')
    return upstream.request(method, mapBlockParams(method, params, reference))
  }
  return handle
}
