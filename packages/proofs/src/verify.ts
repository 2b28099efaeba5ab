import type { Address, Hex } from 'viem'
import { ReceiptError, RlpError, TrieProofError } from './errors.ts'
import { toHex } from './hex.ts'
import { defaultKeccak, type Keccak256 } from './keccak.ts'
import { trieKey } from './receipts-trie.ts'
import { fixedAt, itemAt, listAt, requireEnd, stringAt } from './rlp.ts'

const HASH_SIZE = 32
const CHILDREN = 16
const KEY_MAX = 32
const PATH_ELEMENT = 2
const EMPTY = 0x80
const HASH = 0xa0
const LIST = 0xc0
/** Prefix of the longest node that is embedded in its parent: 31 bytes. */
const EMBEDDED_MAX = 0xde
const BLOOM_SIZE = 256
const TOPIC_ITEM = 33
const TOPICS_MAX = 4

/** A log as proven: counterpart of what `Receipts.logAt` returns. */
export interface ProvenLog {
  readonly emitter: Address
  readonly topics: readonly Hex[]
  readonly data: Hex
}

/** What is left of the way: the hash of the next node, or the value. `depth` counts the key's nibbles behind us. */
type Step =
  | { readonly child: Uint8Array; readonly depth: number }
  | { readonly value: Uint8Array; readonly depth: number }

const sameBytes = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, i) => byte === b[i])

function nibblesOf(key: Uint8Array): number[] {
  if (key.length === 0 || key.length > KEY_MAX) {
    throw new TrieProofError('TRIE_KEY_LENGTH', 'a key has 1 to 32 bytes', { limit: KEY_MAX, given: key.length })
  }
  return [...key].flatMap((byte) => [byte >> 4, byte & 0x0f])
}

const isEmbedded = (prefix: number): boolean => prefix > LIST && prefix <= EMBEDDED_MAX

const childError = (given: number): TrieProofError =>
  new TrieProofError('TRIE_CHILD', 'a child is neither empty, nor a hash, nor an embedded node', { given })

const mismatch = (nibblesLeft: number): TrieProofError =>
  new TrieProofError('TRIE_KEY_MISMATCH', 'the key leads elsewhere', { nibblesLeft })

function checkNode(node: Uint8Array, expected: Uint8Array, least: number, keccak: Keccak256): void {
  const given = keccak(node)
  if (!sameBytes(given, expected)) {
    throw new TrieProofError('TRIE_NODE_HASH', 'a node is not the one that its parent names', {
      expected: toHex(expected),
      given: toHex(given),
    })
  }
  if (node.length < least) {
    throw new TrieProofError('TRIE_NODE_TOO_SHORT', 'so short a node is embedded in its parent', {
      expected: least,
      given: node.length,
    })
  }
}

function requireLast(at: number, to: number): void {
  if (at !== to) {
    throw new TrieProofError('TRIE_ITEM_COUNT', "items follow the node's last", { expected: at, given: to })
  }
}

function lastValue(bytes: Uint8Array, at: number, to: number): Uint8Array {
  const item = stringAt(bytes, at, to)
  requireLast(item.to, to)
  if (item.from === item.to) throw new TrieProofError('TRIE_EMPTY_VALUE', 'the value is empty', {})
  return bytes.subarray(item.from, item.to)
}

/** Whether the node with payload `[from, to)` can only be a branch; the argument is at `_isBranch` in the contract. */
function isBranch(bytes: Uint8Array, from: number, to: number): boolean {
  const prefix = bytes[from] ?? 0
  if (prefix === HASH) return itemAt(bytes, from + 1 + HASH_SIZE, to).to !== to
  return prefix === EMPTY || prefix >= LIST
}

function walkBranch(bytes: Uint8Array, from: number): { readonly slots: readonly number[]; readonly last: number } {
  const slots: number[] = []
  let at = from
  for (let i = 0; i < CHILDREN; i += 1) {
    slots.push(at)
    const prefix = bytes[at] ?? 0
    if (prefix === EMPTY) at += 1
    else if (prefix === HASH) at += 1 + HASH_SIZE
    else if (isEmbedded(prefix)) at += 1 + prefix - LIST
    else throw childError(prefix)
  }
  return { slots, last: at }
}

function matchPath(bytes: Uint8Array, at: number, to: number, key: readonly number[], depth: number) {
  const { from, to: slot } = stringAt(bytes, at, to)
  const first = bytes[from] ?? 0
  const odd = (first >> 4) & 1
  const leaf = first >> 5 === 1
  const matched = 2 * (slot - from - 1) + odd
  if (first >> 6 !== 0 || (odd === 0 && (first & 0x0f) !== 0) || (!leaf && matched === 0)) {
    throw new TrieProofError('TRIE_HEX_PREFIX', 'a path is not in canonical hex-prefix form', { given: first })
  }
  const path = [...bytes.subarray(from, slot)].flatMap((byte) => [byte >> 4, byte & 0x0f]).slice(2 - odd)
  const left = key.length - depth
  if (matched > left || path.some((nibble, i) => nibble !== key[depth + i])) throw mismatch(left)
  return { slot, depth: depth + matched, leaf }
}

/** Follows the key through one hashed node and the nodes embedded in it. */
function descend(bytes: Uint8Array, start: number, end: number, key: readonly number[], at: number): Step {
  let from = start
  let to = end
  let depth = at
  for (;;) {
    let slot: number
    let last: number
    if (isBranch(bytes, from, to)) {
      const branch = walkBranch(bytes, from)
      const nibble = key[depth]
      if (nibble === undefined) return { value: lastValue(bytes, branch.last, to), depth }
      slot = branch.slots[nibble] ?? branch.last
      depth += 1
      last = stringAt(bytes, branch.last, to).to
    } else {
      const match = matchPath(bytes, from, to, key, depth)
      slot = match.slot
      depth = match.depth
      if (match.leaf) {
        if (depth !== key.length) throw mismatch(key.length - depth)
        return { value: lastValue(bytes, slot, to), depth }
      }
      last = itemAt(bytes, slot, to).to
    }
    requireLast(last, to)
    const prefix = bytes[slot] ?? 0
    if (prefix === HASH) return { child: bytes.subarray(slot + 1, slot + 1 + HASH_SIZE), depth }
    if (prefix === EMPTY) throw mismatch(key.length - depth)
    if (!isEmbedded(prefix)) throw childError(prefix)
    from = slot + 1
    to = from + prefix - LIST
  }
}

/**
 * The value at `key` in the trie with this root. Counterpart of `MerklePatricia.verify`: accepts and rejects the same.
 * @param nodes From the root to the node that holds the value, concatenated.
 * @throws {TrieProofError | RlpError}
 */
export function verifyProof(
  root: Uint8Array,
  key: Uint8Array,
  nodes: Uint8Array,
  keccak: Keccak256 = defaultKeccak,
): Uint8Array {
  const nibbles = nibblesOf(key)
  let at = 0
  let least = 0
  let step: Step = { child: root, depth: 0 }
  while ('child' in step) {
    const { from, to } = listAt(nodes, at, nodes.length)
    checkNode(nodes.subarray(at, to), step.child, least, keccak)
    step = descend(nodes, from, to, nibbles, step.depth)
    least = HASH_SIZE
    at = to
  }
  if (at !== nodes.length) {
    throw new TrieProofError('TRIE_TRAILING_NODES', 'bytes follow the last node', { expected: at, given: nodes.length })
  }
  return step.value
}

/**
 * As {@link verifyProof}, with nodes that several proofs share.
 * @param path Indices into `nodes` from the root on, two bytes each, big-endian.
 * @throws {TrieProofError | RlpError}
 */
export function verifySharedProof(
  root: Uint8Array,
  key: Uint8Array,
  nodes: readonly Uint8Array[],
  path: Uint8Array,
  keccak: Keccak256 = defaultKeccak,
): Uint8Array {
  if (path.length % PATH_ELEMENT !== 0) {
    throw new TrieProofError('TRIE_PATH_LENGTH', 'a path is a whole number of two-byte indices', { given: path.length })
  }
  const nibbles = nibblesOf(key)
  let at = 0
  let least = 0
  let step: Step = { child: root, depth: 0 }
  while ('child' in step) {
    if (at === path.length) {
      throw new TrieProofError('TRIE_PATH_TOO_SHORT', 'the path ends before the value', { given: at / PATH_ELEMENT })
    }
    const index = (path[at] ?? 0) * 256 + (path[at + 1] ?? 0)
    const node = nodes[index]
    if (node === undefined) {
      throw new TrieProofError('TRIE_NODE_INDEX', 'the path names a node that is not there', {
        limit: nodes.length,
        given: index,
      })
    }
    const { from, to } = listAt(node, 0, node.length)
    if (to !== node.length) {
      throw new TrieProofError('TRIE_TRAILING_NODES', 'bytes follow the node', { expected: to, given: node.length })
    }
    checkNode(node, step.child, least, keccak)
    step = descend(node, from, to, nibbles, step.depth)
    least = HASH_SIZE
    at += PATH_ELEMENT
  }
  if (at !== path.length) {
    throw new TrieProofError('TRIE_TRAILING_NODES', 'indices follow the last', { expected: at, given: path.length })
  }
  return step.value
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
