import type { Random } from './synthetic.ts'
import { randomBytes } from './synthetic.ts'

/** A proof that was tampered with, and how. */
export interface Mutation {
  readonly name: string
  readonly nodes: Uint8Array
}

const join = (nodes: readonly Uint8Array[]): Uint8Array => Uint8Array.from(Buffer.concat(nodes))

/** Every byte with one bit flipped, with all flipped, and with one more and one less; or every `stride`-th byte. */
export function* flippedBytes(nodes: Uint8Array, random: Random, stride = 1): Generator<Mutation> {
  for (let at = stride === 1 ? 0 : random(stride); at < nodes.length; at += stride === 1 ? 1 : 1 + random(2 * stride)) {
    const byte = nodes[at] ?? 0
    for (const other of [byte ^ (1 << random(8)), byte ^ 0xff, byte + 1, byte - 1]) {
      const changed = nodes.slice()
      changed[at] = other
      yield { name: `byte ${at} is ${other & 0xff}`, nodes: changed }
    }
  }
}

/**
 * Every node left out, doubled, swapped with each other, cut short, and made longer; the whole extended, and cut at every
 * byte, or at one in about `stride`.
 */
export function* rearranged(list: readonly Uint8Array[], random: Random, stride = 1): Generator<Mutation> {
  const whole = join(list)
  for (const mutation of rearrangements(list, whole, random, stride)) {
    // With one node, some of these change nothing.
    if (Buffer.compare(mutation.nodes, whole) !== 0) yield mutation
  }
}

function* rearrangements(
  list: readonly Uint8Array[],
  whole: Uint8Array,
  random: Random,
  stride: number,
): Generator<Mutation> {
  for (const [i, node] of list.entries()) {
    yield { name: `without node ${i}`, nodes: join(list.toSpliced(i, 1)) }
    yield { name: `node ${i} twice`, nodes: join(list.toSpliced(i, 0, node)) }
    yield { name: `node ${i} again at the end`, nodes: join([...list, node]) }
    yield { name: `only node ${i}`, nodes: node }
    yield { name: `node ${i} and what follows`, nodes: join(list.slice(i + 1)) }
    yield { name: `node ${i} without its first byte`, nodes: join(list.toSpliced(i, 1, node.subarray(1))) }
    yield { name: `node ${i} without its last byte`, nodes: join(list.toSpliced(i, 1, node.subarray(0, -1))) }
    yield { name: `a byte behind node ${i}`, nodes: join(list.toSpliced(i + 1, 0, randomBytes(random, 1))) }
    yield { name: `an empty list behind node ${i}`, nodes: join(list.toSpliced(i + 1, 0, Uint8Array.of(0xc0))) }
    for (let j = i + 1; j < list.length; j += 1) {
      const other = list[j] ?? node
      yield { name: `nodes ${i} and ${j} swapped`, nodes: join(list.with(i, other).with(j, node)) }
    }
  }
  for (let length = 0; length < whole.length; length += stride === 1 ? 1 : 1 + random(2 * stride)) {
    yield { name: `cut to ${length} bytes`, nodes: whole.subarray(0, length) }
  }
  for (const size of [1, 2, 31, 32, 33, 532]) {
    yield { name: `${size} bytes more`, nodes: join([whole, randomBytes(random, size)]) }
    yield { name: `${size} zeros more`, nodes: join([whole, new Uint8Array(size)]) }
  }
  yield { name: 'twice', nodes: join([whole, whole]) }
  yield { name: 'nothing', nodes: new Uint8Array() }
}
