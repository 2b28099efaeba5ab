import type { Hex } from 'viem'

/** Where the methods of JSON-RPC take a block: tag, number, hash or EIP-1898 object. */
const BLOCK_PARAM: Readonly<Record<string, number>> = {
  debug_traceBlockByHash: 0,
  debug_traceBlockByNumber: 0,
  debug_traceCall: 1,
  eth_call: 1,
  eth_createAccessList: 1,
  eth_estimateGas: 1,
  eth_feeHistory: 1,
  eth_getBalance: 1,
  eth_getBlockByHash: 0,
  eth_getBlockByNumber: 0,
  eth_getBlockReceipts: 0,
  eth_getBlockTransactionCountByHash: 0,
  eth_getBlockTransactionCountByNumber: 0,
  eth_getCode: 1,
  eth_getProof: 2,
  eth_getRawTransactionByBlockHashAndIndex: 0,
  eth_getRawTransactionByBlockNumberAndIndex: 0,
  eth_getStorageAt: 2,
  eth_getTransactionByBlockHashAndIndex: 0,
  eth_getTransactionByBlockNumberAndIndex: 0,
  eth_getTransactionCount: 1,
  eth_simulateV1: 1,
  trace_block: 0,
}

const FILTER_METHODS: ReadonlySet<string> = new Set(['eth_getLogs', 'eth_newFilter'])

/** Maps every block reference in the parameters of `method` through `map` (a tag, a number or a hash). */
export function mapBlockParams(
  method: string,
  params: readonly unknown[],
  map: (reference: string) => string,
): readonly unknown[] {
  const one = (reference: unknown): unknown => {
    if (typeof reference === 'string') return map(reference)
    if (isRecord(reference) && typeof reference.blockHash === 'string')
      return { ...reference, blockHash: map(reference.blockHash) }
    return reference
  }
  const position = BLOCK_PARAM[method]
  if (position !== undefined) return params.map((param, index) => (index === position ? one(param) : param))
  if (FILTER_METHODS.has(method) && isRecord(params[0])) {
    const filter = { ...params[0] }
    for (const key of ['fromBlock', 'toBlock', 'blockHash']) if (key in filter) filter[key] = one(filter[key])
    return [filter, ...params.slice(1)]
  }
  return params
}

/** Maps every `blockHash` in a result (transactions, receipts, logs and lists of them) through `map`. */
export function mapBlockHashes(result: unknown, map: (hash: Hex) => Hex): unknown {
  if (Array.isArray(result)) return result.map((item: unknown) => mapBlockHashes(item, map))
  if (!isRecord(result)) return result
  const copy = { ...result }
  if (isHash(copy.blockHash)) copy.blockHash = map(copy.blockHash)
  if (Array.isArray(copy.logs)) copy.logs = mapBlockHashes(copy.logs, map)
  return copy
}

/** Whether this is a JSON object. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Whether this is a 32-byte hash in hex. */
export function isHash(value: unknown): value is Hex {
  return typeof value === 'string' && /^0x[0-9a-fA-F]{64}$/.test(value)
}
