import type { Address, Hex } from 'viem'
import { ReceiptError, RlpError } from './errors.ts'
import { toHex } from './hex.ts'
import { defaultKeccak, type Keccak256 } from './keccak.ts'
import { trieKey } from './receipts-trie.ts'
import { fixedAt, listAt, requireEnd, stringAt } from './rlp.ts'
import { verifyProof, verifySharedProof } from './trie-proof.ts'

const HASH_SIZE = 32
const LIST = 0xc0
const BLOOM_SIZE = 256
const TOPIC_ITEM = 33
const TOPICS_MAX = 4

/** A log as proven: counterpart of what `Receipts.logAt` returns. */
export interface ProvenLog {
  readonly emitter: Address
  readonly topics: readonly Hex[]
  readonly data: Hex
}

/** The receipt of transaction `txIndex`. Counterpart of `Receipts.verify`. @throws {TrieProofError | RlpError} */
export function verifyReceiptProof(
  receiptsRoot: Uint8Array,
  txIndex: number,
  nodes: Uint8Array,
  keccak: Keccak256 = defaultKeccak,
): Uint8Array {
  return verifyProof(receiptsRoot, trieKey(txIndex), nodes, keccak)
}

/** As {@link verifyReceiptProof}, with nodes that several proofs share. @throws {TrieProofError | RlpError} */
export function verifySharedReceiptProof(
  receiptsRoot: Uint8Array,
  txIndex: number,
  nodes: readonly Uint8Array[],
  path: Uint8Array,
  keccak: Keccak256 = defaultKeccak,
): Uint8Array {
  return verifySharedProof(receiptsRoot, trieKey(txIndex), nodes, path, keccak)
}

/** Payload of the receipt's list of logs; checks type, field count and bloom like `Receipts.logs`. */
function logsAt(receipt: Uint8Array): { readonly from: number; readonly to: number } {
  const limit = receipt.length
  const first = receipt[0]
  if (first === undefined) throw new RlpError('RLP_OUT_OF_BOUNDS', 'the receipt is empty', { expected: 1, given: 0 })
  if (first === 0 || (first > 0x7f && first < LIST)) {
    throw new ReceiptError('RECEIPT_TYPE', 'the receipt starts with no known type and no list', { given: first })
  }
  const list = listAt(receipt, first < LIST ? 1 : 0, limit)
  requireEnd(list.to, limit)
  const status = stringAt(receipt, list.from, limit)
  const gas = stringAt(receipt, status.to, limit)
  const bloom = stringAt(receipt, gas.to, limit)
  if (bloom.to - bloom.from !== BLOOM_SIZE) {
    throw new ReceiptError('RECEIPT_BLOOM_LENGTH', 'the bloom filter has another length', {
      expected: BLOOM_SIZE,
      given: bloom.to - bloom.from,
    })
  }
  const logs = listAt(receipt, bloom.to, limit)
  requireEnd(logs.to, limit)
  return logs
}

function readLog(receipt: Uint8Array, start: number, limit: number): ProvenLog {
  const emitter = fixedAt(receipt, start, limit, 20)
  const list = listAt(receipt, emitter.to, limit)
  const length = list.to - list.from
  if (length > TOPICS_MAX * TOPIC_ITEM || length % TOPIC_ITEM !== 0) {
    throw new ReceiptError('RECEIPT_TOPICS', 'the topics are not 0 to 4 words', {
      limit: TOPICS_MAX * TOPIC_ITEM,
      given: length,
    })
  }
  const topics: Hex[] = []
  for (let at = list.from; at < list.to; at += TOPIC_ITEM) {
    const topic = fixedAt(receipt, at, list.to, HASH_SIZE)
    topics.push(toHex(receipt.subarray(topic.from, topic.to)))
  }
  const data = stringAt(receipt, list.to, limit)
  requireEnd(data.to, limit)
  return {
    emitter: toHex(receipt.subarray(emitter.from, emitter.to)),
    topics,
    data: toHex(receipt.subarray(data.from, data.to)),
  }
}

/** All logs of an encoded receipt, each validated. @throws {ReceiptError | RlpError} */
export function logsOf(receipt: Uint8Array): ProvenLog[] {
  const { from, to } = logsAt(receipt)
  const logs: ProvenLog[] = []
  for (let at = from; at < to; ) {
    const log = listAt(receipt, at, to)
    logs.push(readLog(receipt, log.from, log.to))
    at = log.to
  }
  return logs
}

/** How many logs an encoded receipt has. @throws {ReceiptError | RlpError} */
export function logCount(receipt: Uint8Array): number {
  const { from, to } = logsAt(receipt)
  let count = 0
  for (let at = from; at < to; at = listAt(receipt, at, to).to) count += 1
  return count
}

/**
 * The log at `logIndex`, counted inside the receipt. Counterpart of `Receipts.logAt`: like it, reads only the headers of
 * the logs before it.
 * @throws {ReceiptError | RlpError}
 */
export function logAt(receipt: Uint8Array, logIndex: number): ProvenLog {
  const { from, to } = logsAt(receipt)
  let at = from
  for (let i = 0; i < logIndex && at < to; i += 1) at = listAt(receipt, at, to).to
  if (at === to) {
    throw new ReceiptError('RECEIPT_LOG_INDEX', 'the receipt has fewer logs', {
      limit: logCount(receipt),
      given: logIndex,
    })
  }
  const log = listAt(receipt, at, to)
  return readLog(receipt, log.from, log.to)
}
