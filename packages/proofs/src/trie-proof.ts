import type { Hex } from 'viem'
import { TrieProofError } from './errors.ts'
import { toHex } from './hex.ts'
import { defaultKeccak, type Keccak256 } from './keccak.ts'
import { itemAt, listAt, stringAt } from './rlp.ts'

const HASH_SIZE = 32
const CHILDREN = 16
const KEY_MAX = 32
const PATH_ELEMENT = 2
const EMPTY = 0x80
const HASH = 0xa0
const LIST = 0xc0
/** Prefix of the longest node that is embedded in its parent: 31 bytes. */
const EMBEDDED_MAX = 0xde

/** Root of the trie without entries: keccak-256 of the RLP of an empty string. */
export const EMPTY_ROOT: Hex = '0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421'

/**
 * What is left of the way: the hash of the next node, or its end: the value, or nothing where the key has none. `depth`
 * counts the key's nibbles behind us.
 */
type Step =
  | { readonly child: Uint8Array; readonly depth: number }
  | { readonly value: Uint8Array | undefined; readonly depth: number }

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

/** The string at `at`, which must be the node's last item. */
function lastString(bytes: Uint8Array, at: number, to: number): Uint8Array {
  const item = stringAt(bytes, at, to)
  requireLast(item.to, to)
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

/** Where the second item of a leaf or extension starts, the depth behind its path, and whether the key leads through. */
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
  const leads = matched <= key.length - depth && path.every((nibble, i) => nibble === key[depth + i])
  return { slot, depth: depth + matched, leaf, leads }
}

/** Follows the key through one hashed node and the nodes embedded in it. */
function descend(bytes: Uint8Array, start: number, end: number, key: readonly number[], at: number): Step {
  let from = start
  let to = end
  let depth = at
  for (;;) {
    let slot: number
    if (isBranch(bytes, from, to)) {
      const branch = walkBranch(bytes, from)
      const own = lastString(bytes, branch.last, to)
      const nibble = key[depth]
      if (nibble === undefined) return { value: own.length === 0 ? undefined : own, depth }
      slot = branch.slots[nibble] ?? branch.last
      if (bytes[slot] === EMPTY) return { value: undefined, depth }
      depth += 1
    } else {
      const match = matchPath(bytes, from, to, key, depth)
      slot = match.slot
      if (match.leaf) {
        const value = lastString(bytes, slot, to)
        if (value.length === 0) throw new TrieProofError('TRIE_EMPTY_VALUE', 'the value is empty', {})
        return match.leads && match.depth === key.length ? { value, depth: match.depth } : { value: undefined, depth }
      }
      requireLast(itemAt(bytes, slot, to).to, to)
      const child = bytes[slot] ?? 0
      if (child !== HASH && !isEmbedded(child)) throw childError(child)
      if (!match.leads) return { value: undefined, depth }
      depth = match.depth
    }
    const prefix = bytes[slot] ?? 0
    if (prefix === HASH) return { child: bytes.subarray(slot + 1, slot + 1 + HASH_SIZE), depth }
    from = slot + 1
    to = from + prefix - LIST
  }
}

const mismatch = (nibblesLeft: number): TrieProofError =>
  new TrieProofError('TRIE_KEY_MISMATCH', 'the key leads elsewhere', { nibblesLeft })

/** The value at `key`, or how much of the key leads nowhere. */
function find(root: Uint8Array, key: Uint8Array, nodes: Uint8Array, keccak: Keccak256) {
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
  return { value: step.value, nibblesLeft: nibbles.length - step.depth }
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
  const { value, nibblesLeft } = find(root, key, nodes, keccak)
  if (value === undefined) throw mismatch(nibblesLeft)
  return value
}

/**
 * The value at `key`, or `undefined` if the nodes show that there is none. Counterpart of `MerklePatricia.get`.
 * @param nodes From the root to the node that holds the value or has no way on for the key, concatenated; empty if and
 * only if the trie is.
 * @throws {TrieProofError | RlpError}
 */
export function getByProof(
  root: Uint8Array,
  key: Uint8Array,
  nodes: Uint8Array,
  keccak: Keccak256 = defaultKeccak,
): Uint8Array | undefined {
  if (nodes.length === 0 && toHex(root) === EMPTY_ROOT) {
    nibblesOf(key)
    return undefined
  }
  return find(root, key, nodes, keccak).value
}

/**
 * The nodes from the root to the one that holds the value at `key` or has no way on for it, concatenated: what
 * {@link getByProof} takes.
 * @param nodeOf The node with this hash (hex), or nothing.
 * @throws {TrieProofError} `TRIE_NODE_MISSING`, and what is wrong with a node
 */
export function collectProof(
  root: Uint8Array,
  key: Uint8Array,
  nodeOf: (hash: Hex) => Uint8Array | undefined,
): Uint8Array {
  const nibbles = nibblesOf(key)
  const nodes: Uint8Array[] = []
  let step: Step = { child: root, depth: 0 }
  if (toHex(root) === EMPTY_ROOT) return new Uint8Array()
  while ('child' in step) {
    const hash = toHex(step.child)
    const node = nodeOf(hash)
    if (node === undefined) throw new TrieProofError('TRIE_NODE_MISSING', 'a node is not there', { hash })
    const { from, to } = listAt(node, 0, node.length)
    nodes.push(node)
    step = descend(node, from, to, nibbles, step.depth)
  }
  return concatenate(nodes)
}

/** The parts one behind the other. */
export function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
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
  if (step.value === undefined) throw mismatch(nibbles.length - step.depth)
  return step.value
}
