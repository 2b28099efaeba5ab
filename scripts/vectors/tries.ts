/**
 * Writes `vectors/tries.json`: small proofs whose hashes are all right and whose nodes are not, beside sound ones of the
 * same shapes. The verifiers in Solidity and in TypeScript must give each the same verdict.
 */
import { errorsBySelector } from '@meridian/abi'
import { toHex } from '../../packages/proofs/src/hex.ts'
import { keccakJs } from '../../packages/proofs/src/index.ts'
import { encodeList, encodeString } from '../../packages/proofs/src/rlp.ts'
import { writeVectors } from './write.ts'

const bytes = (...parts: readonly (number | Uint8Array)[]): Uint8Array =>
  Uint8Array.from(parts.flatMap((part) => (typeof part === 'number' ? [part] : [...part])))
const text = (...content: readonly number[]): Uint8Array => encodeString(Uint8Array.from(content))
const fill = (size: number, byte: number): Uint8Array => new Uint8Array(size).fill(byte)

const empty = text()
const ref = (node: Uint8Array): Uint8Array => encodeString(keccakJs(node))
const node = (...items: readonly Uint8Array[]): Uint8Array => encodeList(items)
/** A branch with these children and value. */
const branch = (children: Readonly<Record<number, Uint8Array>>, value = empty): Uint8Array =>
  node(...Array.from({ length: 16 }, (_, i) => children[i] ?? empty), value)

const value = fill(40, 0x77)
const leaf = (path: readonly number[], content = value): Uint8Array => node(text(...path), encodeString(content))
/** The branch that the proofs below start with: its child 1 is what matters, child 9 stands for the rest of a trie. */
const other = encodeString(fill(32, 0xee))
const under = (child: Uint8Array): Uint8Array => branch({ 1: child, 9: other })

interface Case {
  readonly name: string
  readonly key: Uint8Array
  readonly nodes: readonly Uint8Array[]
  /** The value, or the error's code in TypeScript. `TRIE_KEY_MISMATCH`: the key is shown to be absent. */
  readonly expected: Uint8Array | string
}

const cases: Case[] = []
const add = (
  name: string,
  key: readonly number[],
  nodes: readonly Uint8Array[],
  expected: Uint8Array | string,
): void => {
  cases.push({ name, key: Uint8Array.from(key), nodes, expected })
}

const tail = leaf([0x32]) // one nibble, odd
add('a leaf alone', [0x12], [leaf([0x20, 0x12])], value)
add('a leaf under a branch', [0x12], [under(ref(tail)), tail], value)
add('a leaf shorter than a hash at the root', [0x12], [leaf([0x20, 0x12], bytes(5))], bytes(5))
const embeddedLeaf = leaf([0x32], fill(20, 0x55))
add('a leaf embedded in a branch', [0x12], [under(embeddedLeaf)], fill(20, 0x55))
const deep = branch({ 2: leaf([0x20], bytes(0x66, 0x66)) })
add('a branch embedded in a branch', [0x12], [under(deep)], bytes(0x66, 0x66))
const own = branch({ 3: other }, encodeString(value))
add("a branch's own value", [0x12], [node(text(0x00, 0x12), ref(own)), own], value)
add(
  'a branch without a value of its own',
  [0x12],
  [node(text(0x00, 0x12), ref(branch({ 3: other, 4: other }))), branch({ 3: other, 4: other })],
  'TRIE_KEY_MISMATCH',
)
const full = branch(Object.fromEntries(Array.from({ length: 16 }, (_, i) => [i, i === 1 ? ref(tail) : other])))
add('a full branch', [0x12], [full, tail], value)
const fullWithValue = branch(
  Object.fromEntries(Array.from({ length: 16 }, (_, i) => [i, i === 1 ? ref(tail) : other])),
  text(1),
)
add('a full branch with a value', [0x12], [fullWithValue, tail], value)
const extended = branch({ 2: ref(leaf([0x20])) })
add('an extension of one nibble', [0x12], [node(text(0x11), ref(extended)), extended, leaf([0x20])], value)
const shortBranch = branch({ 2: leaf([0x20], bytes(9)) })
add('an extension to an embedded branch', [0x12], [node(text(0x11), shortBranch)], bytes(9))

const hashed = [...fill(32, 0xab)]
add('a secure key: a path of 64 nibbles', hashed, [leaf([0x20, ...hashed])], value)
const path63 = leaf([0x3b, ...hashed.slice(1)])
add('a secure key: a path of 63 nibbles, 32 bytes', hashed, [branch({ 10: ref(path63) }), path63], value)
const path62 = leaf([0x20, ...hashed.slice(1)])
const fork62 = branch({ 11: ref(path62), 0: other })
add('a secure key: a path of 62 nibbles, 32 bytes', hashed, [branch({ 10: ref(fork62) }), fork62, path62], value)
const end63 = branch({ 11: leaf([0x20], bytes(7)), 0: other })
add(
  'an extension of 63 nibbles, 32 bytes',
  hashed,
  [node(text(0x1a, ...hashed.slice(1).map((_, i) => (i < 31 ? 0xba : 0))), ref(end63)), end63],
  bytes(7),
)

add('another key', [0x13], [under(ref(tail)), tail], 'TRIE_KEY_MISMATCH')
add('an empty child', [0x22], [under(ref(tail))], 'TRIE_KEY_MISMATCH')
add('a leaf that ends before the key', [0x12, 0x34], [leaf([0x20, 0x12])], 'TRIE_KEY_MISMATCH')
add('a leaf that goes on behind the key', [0x12], [leaf([0x20, 0x12, 0x34])], 'TRIE_KEY_MISMATCH')
add('an extension that goes on behind the key', [0x12], [node(text(0x00, 0x12, 0x34), ref(tail))], 'TRIE_KEY_MISMATCH')
add('an extension of another path', [0x12], [node(text(0x00, 0x13), ref(own))], 'TRIE_KEY_MISMATCH')
add('an extension of another path, odd', [0x12], [node(text(0x12), ref(extended))], 'TRIE_KEY_MISMATCH')
add('an extension of another path to an embedded branch', [0x12], [node(text(0x12), shortBranch)], 'TRIE_KEY_MISMATCH')
add('an embedded leaf of another path', [0x13], [under(embeddedLeaf)], 'TRIE_KEY_MISMATCH')
add('an empty child of an embedded branch', [0x13], [under(deep)], 'TRIE_KEY_MISMATCH')
add(
  'an empty child of a branch with a value',
  [0x12, 0x45],
  [node(text(0x00, 0x12), ref(own)), own],
  'TRIE_KEY_MISMATCH',
)
add(
  'a secure key that leads to the leaf of another',
  [...hashed.slice(1), 0xac],
  [leaf([0x20, ...hashed])],
  'TRIE_KEY_MISMATCH',
)
add(
  'a secure key that leads to the leaf of another below a branch',
  [...hashed.slice(1), 0xac],
  [branch({ 10: ref(path63), 3: other }), path63],
  'TRIE_KEY_MISMATCH',
)
add(
  'a secure key whose child is empty',
  [0x4b, ...hashed.slice(1)],
  [branch({ 10: ref(path63), 3: other })],
  'TRIE_KEY_MISMATCH',
)

add('an absent key and one node more', [0x12], [node(text(0x00, 0x13), ref(own)), own], 'TRIE_TRAILING_NODES')
add('an empty child and one node more', [0x22], [under(ref(tail)), tail], 'TRIE_TRAILING_NODES')
add('an empty child and one byte more', [0x22], [under(ref(tail)), bytes(0x80)], 'TRIE_TRAILING_NODES')
add('an absent key with its last node left out', [0x13], [under(ref(tail))], 'RLP_OUT_OF_BOUNDS')
add('an extension whose child is empty', [0x12], [node(text(0x11), empty)], 'TRIE_CHILD')
add('an extension of another path whose child is empty', [0x12], [node(text(0x12), empty)], 'TRIE_CHILD')
add('an extension of another path with a third item', [0x12], [node(text(0x12), ref(tail), empty)], 'TRIE_ITEM_COUNT')
add('a leaf of another path with a third item', [0x12], [node(text(0x20, 0x13), text(1), text(1))], 'TRIE_ITEM_COUNT')
add('a leaf of another path without a value', [0x12], [leaf([0x20, 0x13], bytes())], 'TRIE_EMPTY_VALUE')
add(
  'a leaf of another path whose value is a list',
  [0x12],
  [node(text(0x20, 0x13), node(text(1)))],
  'RLP_UNEXPECTED_KIND',
)
add('a leaf of another path with padding', [0x12], [leaf([0x21, 0x13])], 'TRIE_HEX_PREFIX')
add('an empty child beside a strange one', [0x22], [branch({ 1: ref(tail), 9: text(0x05) })], 'TRIE_CHILD')
add(
  'an empty child of a branch of 18 items',
  [0x22],
  [node(...Array.from({ length: 18 }, () => empty))],
  'TRIE_ITEM_COUNT',
)
add(
  'an empty child of a branch whose value is a list',
  [0x22],
  [branch({ 1: ref(tail) }, node())],
  'RLP_UNEXPECTED_KIND',
)

add('a leaf marked as an extension', [0x12], [node(text(0x00, 0x12), encodeString(value))], 'TRIE_CHILD')
add(
  'an extension marked as a leaf gives its hash as the value',
  [0x12],
  [node(text(0x20, 0x12), ref(tail))],
  keccakJs(tail),
)
add('a kind beyond the leaf', [0x12], [leaf([0x40, 0x12])], 'TRIE_HEX_PREFIX')
add('a kind beyond the leaf, odd', [0x12], [leaf([0x51, 0x12])], 'TRIE_HEX_PREFIX')
add('padding that is not zero', [0x12], [leaf([0x2f, 0x12])], 'TRIE_HEX_PREFIX')
add('padding that is not zero in an extension', [0x12], [node(text(0x01, 0x12), ref(own)), own], 'TRIE_HEX_PREFIX')
add(
  'an extension of no nibbles',
  [0x12],
  [node(text(0x00), ref(under(ref(tail)))), under(ref(tail)), tail],
  'TRIE_HEX_PREFIX',
)
add('a path of no bytes', [0x12], [node(empty, encodeString(value))], 'TRIE_CHILD')
add('an empty list', [0x12], [node()], 'RLP_OUT_OF_BOUNDS')

add('a leaf of three items', [0x12], [node(text(0x20, 0x12), encodeString(value), text(1))], 'TRIE_ITEM_COUNT')
add('a leaf of one item', [0x12], [node(text(0x20, 0x12))], 'RLP_OUT_OF_BOUNDS')
add('an extension of three items', [0x12], [node(text(0x11), ref(extended), text(1)), extended], 'TRIE_ITEM_COUNT')
add(
  'a branch of 16 items',
  [0x12],
  [node(...Array.from({ length: 16 }, (_, i) => (i === 1 ? ref(tail) : empty))), tail],
  'RLP_OUT_OF_BOUNDS',
)
add(
  'a branch of 18 items',
  [0x12],
  [node(...Array.from({ length: 18 }, (_, i) => (i === 1 ? ref(tail) : empty))), tail],
  'TRIE_ITEM_COUNT',
)
const long = node(...Array.from({ length: 16 }, () => empty), encodeString(value), text(4))
add('a branch of 18 items, at its value', [0x12], [node(text(0x00, 0x12), ref(long)), long], 'TRIE_ITEM_COUNT')
add('a branch whose value is a list', [0x12], [branch({ 1: ref(tail) }, node(text(1))), tail], 'RLP_UNEXPECTED_KIND')
add('a child of 31 bytes', [0x12], [branch({ 1: encodeString(fill(31, 0xee)) }), tail], 'TRIE_CHILD')
add('a child of 33 bytes', [0x12], [branch({ 1: encodeString(fill(33, 0xee)) }), tail], 'TRIE_CHILD')
add('a child of one byte', [0x12], [branch({ 1: text(0x05), 9: other }), tail], 'TRIE_CHILD')
add('a child that is an empty list', [0x12], [branch({ 1: node(), 9: other })], 'TRIE_CHILD')
add('a strange child beside the path', [0x12], [branch({ 1: ref(tail), 9: text(0x05) }), tail], 'TRIE_CHILD')
add(
  'a strange child beside the path of a branch as long as a full one',
  [0x12],
  [
    node(
      ...Array.from({ length: 14 }, (_, i) => (i === 1 ? ref(tail) : other)),
      encodeString(fill(31, 0xee)),
      encodeString(fill(33, 0xee)),
      empty,
    ),
    tail,
  ],
  'TRIE_CHILD',
)
// Nearly all branches have only empty children and hashes, 0x80 and 0xa0. A walk that knows no others must look at every
// bit of each: one that overlooks bit n takes these for a branch, with items where the bits say that they are.
for (const bit of [0, 1, 2, 3, 4, 6, 7]) {
  const flipped = (item: Uint8Array): Uint8Array => bytes((item[0] ?? 0) ^ (1 << bit), item.subarray(1))
  for (const [kind, item] of [
    ['empty child', empty],
    ['hash', other],
  ] as const) {
    add(
      `the prefix of an ${kind} beside the path with bit ${bit} flipped`,
      [0x12],
      [branch({ 1: ref(tail), 4: other, 9: flipped(item) }), tail],
      'TRIE_CHILD',
    )
  }
  add(
    `the prefix of the hash on the path with bit ${bit} flipped`,
    [0x12],
    [branch({ 1: flipped(ref(tail)), 4: other, 9: other }), tail],
    'TRIE_CHILD',
  )
}
add(
  'a value behind the children of one byte, not empty',
  [0x12],
  [branch({ 1: ref(tail), 4: other, 9: other }, bytes(0x00)), tail],
  value,
)
const bigLeaf = leaf([0x32], fill(30, 0x55))
add('an embedded node as long as a hash', [0x12], [under(bigLeaf)], 'TRIE_CHILD')
add('a node shorter than a hash, by its hash', [0x12], [under(ref(embeddedLeaf)), embeddedLeaf], 'TRIE_NODE_TOO_SHORT')
add('an embedded node beside its parent', [0x12], [under(embeddedLeaf), embeddedLeaf], 'TRIE_TRAILING_NODES')

add('an empty value', [0x12], [leaf([0x20, 0x12], bytes())], 'TRIE_EMPTY_VALUE')
add('a value that is a list', [0x12], [node(text(0x20, 0x12), node(encodeString(value)))], 'RLP_UNEXPECTED_KIND')
add(
  'a value of one byte behind a prefix',
  [0x12],
  [node(text(0x20, 0x12), bytes(0x81, 0x05))],
  'RLP_NON_CANONICAL_LENGTH',
)
add(
  'a value behind a long prefix',
  [0x12],
  [node(text(0x20, 0x12), bytes(0xb8, 40, value))],
  'RLP_NON_CANONICAL_LENGTH',
)
add('a value that reaches over its node', [0x12], [node(text(0x20, 0x12), bytes(0xa9, value))], 'RLP_OUT_OF_BOUNDS')
add(
  'a value of 2^64 - 1 bytes',
  [0x12],
  [node(text(0x20, 0x12), bytes(0xbf, fill(8, 0xff), value))],
  'RLP_OUT_OF_BOUNDS',
)

const items = bytes(text(0x20, 0x12), encodeString(fill(60, 0x77)))
add(
  'a node behind a long prefix',
  [0x12],
  [bytes(0xf8, 44, text(0x20, 0x12), encodeString(value))],
  'RLP_NON_CANONICAL_LENGTH',
)
add('a node whose length has a leading zero', [0x12], [bytes(0xf9, 0, items.length, items)], 'RLP_NON_CANONICAL_LENGTH')
add(
  'a node whose length has eight bytes',
  [0x12],
  [bytes(0xff, 0, 0, 0, 0, 0, 0, 0, items.length, items)],
  'RLP_NON_CANONICAL_LENGTH',
)
add('a node that is a string', [0x12], [encodeString(value)], 'RLP_UNEXPECTED_KIND')
add('a node that reaches over the proof', [0x12], [bytes(0xf8, items.length + 1, items)], 'RLP_OUT_OF_BOUNDS')
add('a byte behind the node', [0x12], [bytes(leaf([0x20, 0x12]), 0)], 'TRIE_TRAILING_NODES')
add('a node behind the last', [0x12], [under(ref(tail)), tail, tail], 'TRIE_TRAILING_NODES')
add('a missing node', [0x12], [under(ref(tail))], 'RLP_OUT_OF_BOUNDS')
add('no node', [0x12], [], 'RLP_OUT_OF_BOUNDS')
add('the empty trie', [0x12], [], 'RLP_OUT_OF_BOUNDS')
add('a node of the empty trie', [0x12], [empty], 'RLP_UNEXPECTED_KIND')
add('nodes in another order', [0x12], [tail, under(ref(tail))], 'TRIE_NODE_HASH')
add('an empty key', [], [leaf([0x20])], 'TRIE_KEY_LENGTH')
add('a key longer than a word', [...fill(33, 1)], [leaf([0x20, ...fill(33, 1)])], 'TRIE_KEY_LENGTH')

const pascal = (code: string): string =>
  code
    .toLowerCase()
    .split('_')
    .map((word) => (word[0] ?? '').toUpperCase() + word.slice(1))
    .join('')

function selectorOf(code: string): string {
  const name = code.startsWith('TRIE_') ? `MerklePatricia_${pascal(code.slice(5))}` : `RLP_${pascal(code.slice(4))}`
  const entry = Object.entries(errorsBySelector).find(([, item]) => item.name === name)
  if (entry === undefined) throw new Error(`the contracts have no error ${name}`)
  return entry[0]
}

const out = cases.map(({ name, key, nodes, expected }) => {
  const proof = bytes(...nodes)
  const first = nodes[0] ?? new Uint8Array()
  // The root is the hash of the first node as its own prefix delimits it; `a byte behind the node` is no part of it.
  const rootNode =
    name === 'a byte behind the node'
      ? first.subarray(0, -1)
      : name === 'nodes in another order'
        ? (nodes[1] ?? first)
        : first
  return {
    name,
    root: toHex(name === 'the empty trie' ? keccakJs(empty) : keccakJs(rootNode)),
    key: toHex(key),
    nodes: toHex(proof),
    verdict:
      typeof expected !== 'string'
        ? 'present'
        : expected === 'TRIE_KEY_MISMATCH' || name === 'the empty trie'
          ? 'absent'
          : 'refused',
    value: typeof expected === 'string' ? '0x' : toHex(expected),
    code: typeof expected === 'string' ? expected : '',
    selector: typeof expected === 'string' ? selectorOf(expected) : '0x',
  }
})
writeVectors({ 'tries.json': `${JSON.stringify({ count: out.length, cases: out }, null, 1)}\n` })
