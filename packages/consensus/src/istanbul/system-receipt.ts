import { buildReceiptsTrie, type RpcLog, type RpcReceipt } from '@meridian/proofs'
import { keccak_256 } from '@noble/hashes/sha3.js'
import { bytesToHex, type Hex, hexToBytes, numberToHex } from 'viem'
import type { BlockPoint, SourcePorts } from '../types.ts'
import { isBytes, member } from './block.ts'
import { IstanbulSourceError } from './errors.ts'

const BLOOM_BYTES = 256
/** Bits that each address and topic sets (yellow paper §4.3.1). */
const BLOOM_BITS = 3

/** Bloom filter of logs: of each address and topic, the three lowest 11-bit numbers of the first six bytes of its hash. */
export function bloomOf(logs: readonly RpcLog[]): Hex {
  const bloom = new Uint8Array(BLOOM_BYTES)
  for (const item of logs.flatMap(({ address, topics }) => [address, ...topics])) {
    const hash = keccak_256(hexToBytes(item))
    for (let i = 0; i < BLOOM_BITS; i += 1) {
      const bit = (((hash[2 * i] ?? 0) << 8) | (hash[2 * i + 1] ?? 0)) & 0x7ff
      const at = BLOOM_BYTES - 1 - (bit >> 3)
      bloom[at] = (bloom[at] ?? 0) | (1 << (bit & 7))
    }
  }
  return bytesToHex(bloom)
}

/**
 * The receipt of the logs that the chain's own contracts emit outside of transactions, at the end of an epoch: it follows
 * those of the transactions in the receipts trie, and JSON-RPC serves its logs and never it (atlas `AddBlockReceipt`:
 * legacy, successful, no gas).
 */
export function systemReceipt(logs: readonly RpcLog[], transactionIndex: number): RpcReceipt {
  return {
    type: '0x0',
    status: '0x1',
    cumulativeGasUsed: '0x0',
    logsBloom: bloomOf(logs),
    logs,
    transactionIndex: numberToHex(transactionIndex),
  }
}

/** Root of the receipts trie of a block whose own contracts emitted these logs. */
export function receiptsRootWith(receipts: readonly RpcReceipt[], logs: readonly RpcLog[]): Hex {
  return bytesToHex(buildReceiptsTrie([...receipts, systemReceipt(logs, receipts.length)]).root)
}

/**
 * The system receipt of a block, if it has one: of the logs whose transaction is the block itself. Whether they are all
 * is for the receipts root in the header to say.
 * @throws {IstanbulSourceError} `ISTANBUL_NODE_ANSWER` for what are no logs
 */
export async function readSystemReceipt(
  { rpc }: SourcePorts,
  { hash }: BlockPoint,
  transactions: number,
): Promise<readonly RpcReceipt[]> {
  const answer = await rpc.request('eth_getLogs', [{ blockHash: hash }])
  if (!Array.isArray(answer))
    throw new IstanbulSourceError('ISTANBUL_NODE_ANSWER', 'the node answers with no logs', { given: answer })
  const logs = answer
    .filter((log: unknown) => String(member(log, 'transactionHash')).toLowerCase() === hash.toLowerCase())
    .map(logOf)
  return logs.length === 0 ? [] : [systemReceipt(logs, transactions)]
}

function logOf(log: unknown): RpcLog {
  const [address, topics, data] = ['address', 'topics', 'data'].map((name) => member(log, name))
  if (!isBytes(address) || !isBytes(data) || !Array.isArray(topics) || !topics.every(isBytes))
    throw new IstanbulSourceError('ISTANBUL_NODE_ANSWER', 'not a log', { given: log })
  return { address, topics, data }
}
