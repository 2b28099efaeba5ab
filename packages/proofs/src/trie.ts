import { TrieBuildError } from './errors.ts'
import { toHex } from './hex.ts'
import { defaultKeccak, type Keccak256 } from './keccak.ts'
import { headerSize, listSize, stringSize, writeHeader, writeString } from './rlp.ts'
import { collectProof, concatenate } from './trie-proof.ts'

/** A key and its value; neither is empty. */
export interface TrieEntry {
  readonly key: Uint8Array
  readonly value: Uint8Array
}

/** Proofs of several entries that share their nodes. */
export interface SharedProofs {
  /** Each node once. */
  readonly nodes: readonly Uint8Array[]
  /** One for each entry asked for, in that order: indices into `nodes` from the root on, two bytes each, big-endian. */
  readonly paths: readonly Uint8Array[]
}

/** A Merkle-Patricia trie over entries that do not change any more. Entries are named by their place in the input. */
export interface Trie {
  readonly root: Uint8Array
  /** The nodes from the root to the one that holds the entry's value, concatenated. @throws {TrieBuildError} */
  prove(entry: number): Uint8Array
  /**
   * The nodes from the root to the one that holds the value at `key` or has no way on for it, concatenated: proof of the
   * value or of its absence. @throws {TrieProofError} `TRIE_KEY_LENGTH`
   */
  proveKey(key: Uint8Array): Uint8Array
  /** The same for several entries. @throws {TrieBuildError} */
  proveMany(entries: readonly number[]): SharedProofs
}

const HASH_SIZE = 32
const CHILDREN = 16
/** Two-byte indices name at most so many nodes. */
const SHARED_NODES_MAX = 0x10000
const NONE = -1

const nibbleAt = (key: Uint8Array, depth: number): number => {
  const byte = key[depth >> 1] ?? 0
  return depth % 2 === 0 ? byte >> 4 : byte & 0x0f
}

function compareKeys(a: Uint8Array, b: Uint8Array): number {
  const common = Math.min(a.length, b.length)
  for (let i = 0; i < common; i += 1) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0)
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

/**
 * Builds the trie in one pass over its sorted keys: every node is written once into one buffer and hashed once, and
 * remembers its parent, so that any proof is a walk from the entry's node to the root.
 *
 * @throws {TrieBuildError} `TRIE_DUPLICATE_KEY`, `TRIE_EMPTY_VALUE`
 */
export function buildTrie(entries: readonly TrieEntry[], keccak: Keccak256 = defaultKeccak): Trie {
  const order = entries.map((entry, position) => ({ ...entry, position }))
  order.sort((a, b) => compareKeys(a.key, b.key))
  let size = 1024
  for (const [i, { key, value }] of order.entries()) {
    if (value.length === 0) throw new TrieBuildError('TRIE_EMPTY_VALUE', 'a trie holds no empty values', { entry: i })
    const previous = order[i - 1]
    if (previous !== undefined && compareKeys(previous.key, key) === 0) {
      throw new TrieBuildError('TRIE_DUPLICATE_KEY', 'two entries have one key', {
        expected: 'distinct keys',
        given: key,
      })
    }
    size += value.length + key.length + 64
  }

  let out = new Uint8Array(size)
  let end = 0
  const starts: number[] = []
  const ends: number[] = []
  const parents: number[] = []
  /** Hash of each node, or nothing for one that is embedded in its parent. */
  const hashes: (Uint8Array | undefined)[] = []
  const holders = new Array<number>(entries.length).fill(NONE)

  const reserve = (length: number): void => {
    if (end + length <= out.length) return
    const grown = new Uint8Array(Math.max(out.length * 2, end + length))
    grown.set(out)
    out = grown
  }

  const finish = (start: number, to: number, isRoot: boolean): number => {
    end = to
    starts.push(start)
    ends.push(to)
    parents.push(NONE)
    hashes.push(isRoot || to - start >= HASH_SIZE ? keccak(out.subarray(start, to)) : undefined)
    return starts.length - 1
  }

  const refSize = (node: number): number =>
    hashes[node] === undefined ? (ends[node] ?? 0) - (starts[node] ?? 0) : HASH_SIZE + 1

  const writeRef = (at: number, node: number): number => {
    const hash = hashes[node]
    if (hash !== undefined) return writeString(out, at, hash)
    out.copyWithin(at, starts[node] ?? 0, ends[node] ?? 0)
    return at + refSize(node)
  }

  const pathSize = (nibbles: number): number => {
    const bytes = (nibbles >> 1) + 1
    return bytes === 1 ? 1 : headerSize(bytes) + bytes // a lone hex-prefix byte is below 0x80
  }

  /** Hex-prefix form of `key[from, to)` (yellow paper, appendix C). */
  const writePath = (start: number, key: Uint8Array, from: number, to: number, leaf: boolean): number => {
    const nibbles = to - from
    const bytes = (nibbles >> 1) + 1
    let at = bytes === 1 ? start : writeHeader(out, start, 0x80, bytes)
    let depth = from
    let byte = leaf ? 0x20 : 0
    if (nibbles % 2 === 1) {
      byte |= 0x10 | nibbleAt(key, depth)
      depth += 1
    }
    out[at] = byte
    at += 1
    for (; depth < to; depth += 2) {
      out[at] = (nibbleAt(key, depth) << 4) | nibbleAt(key, depth + 1)
      at += 1
    }
    return at
  }

  const build = (low: number, high: number, depth: number): number => {
    const first = order[low]
    const last = order[high - 1]
    if (first === undefined || last === undefined) throw new RangeError('empty range of entries')
    if (first === last) {
      const nibbles = first.key.length * 2 - depth
      const payload = pathSize(nibbles) + stringSize(first.value.length, first.value[0] ?? 0)
      reserve(listSize(payload))
      const start = end
      let at = writeHeader(out, start, 0xc0, payload)
      at = writePath(at, first.key, depth, first.key.length * 2, true)
      at = writeString(out, at, first.value)
      const node = finish(start, at, low === 0 && high === order.length && depth === 0)
      holders[first.position] = node
      return node
    }
    // Sorted: what the first and the last key share, all share.
    const limit = Math.min(first.key.length, last.key.length) * 2
    let fork = depth
    while (fork < limit && nibbleAt(first.key, fork) === nibbleAt(last.key, fork)) fork += 1
    const isRoot = low === 0 && high === order.length && depth === 0
    const branch = buildBranch(low, high, fork, isRoot && fork === depth)
    if (fork === depth) return branch
    const payload = pathSize(fork - depth) + refSize(branch)
    reserve(listSize(payload))
    const start = end
    let at = writeHeader(out, start, 0xc0, payload)
    at = writePath(at, first.key, depth, fork, false)
    at = writeRef(at, branch)
    const node = finish(start, at, isRoot)
    parents[branch] = node
    return node
  }

  const buildBranch = (low: number, high: number, depth: number, isRoot: boolean): number => {
    let next = low
    const shortest = order[low]
    // A key that ends here sorts first; its value is the branch's own.
    const own = shortest !== undefined && shortest.key.length * 2 === depth ? shortest : undefined
    if (own !== undefined) next += 1
    const children = new Array<number>(CHILDREN).fill(NONE)
    let payload = own === undefined ? 1 : stringSize(own.value.length, own.value[0] ?? 0)
    for (let nibble = 0; nibble < CHILDREN; nibble += 1) {
      const from = next
      for (let entry = order[next]; next < high && entry !== undefined; entry = order[next]) {
        if (nibbleAt(entry.key, depth) !== nibble) break
        next += 1
      }
      if (next === from) {
        payload += 1
        continue
      }
      const child = build(from, next, depth + 1)
      children[nibble] = child
      payload += refSize(child)
    }
    reserve(listSize(payload))
    const start = end
    let at = writeHeader(out, start, 0xc0, payload)
    for (const child of children) {
      if (child === NONE) {
        out[at] = 0x80
        at += 1
      } else {
        at = writeRef(at, child)
      }
    }
    if (own === undefined) {
      out[at] = 0x80
      at += 1
    } else {
      at = writeString(out, at, own.value)
    }
    const node = finish(start, at, isRoot)
    for (const child of children) if (child !== NONE) parents[child] = node
    if (own !== undefined) holders[own.position] = node
    return node
  }

  const top = order.length === 0 ? NONE : build(0, order.length, 0)
  const root = hashes[top] ?? keccak(Uint8Array.of(0x80)) // the empty trie is the hash of an empty string

  /** Nodes from the root to the one that holds `entry`, without those embedded in their parent. */
  const chain = (entry: number): number[] => {
    const holder = holders[entry]
    if (holder === undefined || holder === NONE) {
      throw new TrieBuildError('TRIE_NO_SUCH_ENTRY', 'the trie has no such entry', {
        expected: `below ${entries.length}`,
        given: entry,
      })
    }
    const nodes: number[] = []
    for (let node = holder; node !== NONE; node = parents[node] ?? NONE) {
      if (hashes[node] !== undefined) nodes.push(node)
    }
    return nodes.reverse()
  }

  let byHash: Map<string, number> | undefined
  const nodeBytes = (node: number): Uint8Array => out.slice(starts[node], ends[node])

  return {
    root,
    prove: (entry) => concatenate(chain(entry).map(nodeBytes)),
    proveKey(key) {
      byHash ??= new Map(hashes.flatMap((hash, node) => (hash === undefined ? [] : [[toHex(hash), node]])))
      return collectProof(root, key, (hash) => {
        const node = byHash?.get(hash)
        return node === undefined ? undefined : nodeBytes(node)
      })
    },
    proveMany(wanted) {
      const indices = new Map<number, number>()
      const paths = wanted.map((entry) => {
        const nodes = chain(entry)
        const path = new Uint8Array(nodes.length * 2)
        for (const [i, node] of nodes.entries()) {
          const index = indices.get(node) ?? indices.size
          indices.set(node, index)
          path[2 * i] = index >> 8
          path[2 * i + 1] = index & 0xff
        }
        return path
      })
      if (indices.size > SHARED_NODES_MAX) {
        throw new TrieBuildError('TRIE_TOO_MANY_NODES', 'too many nodes for two-byte indices', {
          limit: SHARED_NODES_MAX,
          given: indices.size,
        })
      }
      return { nodes: [...indices.keys()].map(nodeBytes), paths }
    },
  }
}
