import { bls12_381 } from '@noble/curves/bls12-381.js'
import { concatHex, type Hex, hexToBytes, keccak256, numberToHex, pad, slice, zeroHash } from 'viem'
import { encodeG1, type G1Point, type G2Point, sumPubkeys } from '../ethereum/bls.ts'
import { fail } from './errors.ts'
import { MAX_VALIDATORS } from './extra.ts'

const { G1, G2 } = bls12_381
/** Bytes of an affine key, and of one of its coordinates. */
export const KEY_SIZE = 96
const COORDINATE_SIZE = 48
const { ORDER } = G1.Point.Fp
/** Flags of the compressed form lie above this many bits of x: compressed, infinity, larger y. */
const FLAG_BIT = 381n
const COMPRESSED = 0b100n
const LARGER = 0b001n

/** A compressed vote key as a point of the curve. @throws {ParliaVerifyError} for what is none, and for infinity. */
export function decompressKey(compressed: Hex): G1Point {
  let point: G1Point
  try {
    point = G1.Point.fromBytes(hexToBytes(compressed))
  } catch (cause) {
    throw fail('PARLIA_KEYS_COMPRESSED', { given: compressed }, { cause })
  }
  if (point.is0()) throw fail('BLS12381_INFINITY', { given: compressed })
  return point
}

/** A compressed signature as a point of the curve. @throws {ParliaVerifyError} for what is none, and for infinity. */
export function decompressSignature(compressed: Hex): G2Point {
  let point: G2Point
  try {
    point = G2.Point.fromBytes(hexToBytes(compressed))
  } catch (cause) {
    throw fail('PARLIA_LIGHT_CLIENT_SIGNATURE', { given: compressed }, { cause })
  }
  if (point.is0()) throw fail('BLS12381_INFINITY', { given: compressed })
  return point
}

/** The point of `x(48) y(48)`. Curve but not subgroup is checked, as the contract's addition does. @throws {ParliaVerifyError} */
export function readKey(affine: Hex): G1Point {
  const [x, y] = [0, 1].map((i) => BigInt(slice(affine, i * COORDINATE_SIZE, (i + 1) * COORDINATE_SIZE)))
  if (x === undefined || y === undefined || x >= ORDER || y >= ORDER)
    throw fail('BLS12381_NOT_IN_FIELD', { given: affine })
  if (x === 0n && y === 0n) throw fail('BLS12381_INFINITY', { given: affine })
  const { Fp } = G1.Point
  if (!Fp.eql(Fp.sqr(y), Fp.add(Fp.mul(Fp.sqr(x), x), 4n))) throw fail('BLS12381_PRECOMPILE', { given: affine })
  return G1.Point.fromAffine({ x, y })
}

/** The point of `x.c0 x.c1 y.c0 y.c1`, 48 bytes each. @throws {ParliaVerifyError} */
export function readSignature(affine: Hex): G2Point {
  const [x0, x1, y0, y1] = [0, 1, 2, 3].map((i) =>
    BigInt(slice(affine, i * COORDINATE_SIZE, (i + 1) * COORDINATE_SIZE)),
  )
  const { Fp2 } = bls12_381.fields
  const all = [x0, x1, y0, y1].map((value) => value ?? 0n)
  if (all.every((value) => value === 0n)) throw fail('BLS12381_INFINITY', { given: affine })
  if (all.some((value) => value >= ORDER)) throw fail('BLS12381_PRECOMPILE', { given: affine })
  const x = Fp2.create({ c0: all[0] ?? 0n, c1: all[1] ?? 0n })
  const y = Fp2.create({ c0: all[2] ?? 0n, c1: all[3] ?? 0n })
  const point = G2.Point.fromAffine({ x, y })
  try {
    point.assertValidity()
  } catch (cause) {
    throw fail('BLS12381_PRECOMPILE', { given: affine }, { cause })
  }
  return point
}

/** A key in the form of EIP-2537: each coordinate padded to 64 bytes. */
export function paddedKey(point: G1Point): Hex {
  const { x, y } = point.toAffine()
  return concatHex([numberToHex(x, { size: 64 }), numberToHex(y, { size: 64 })])
}

/** Bytes of a compressed key that the affine y adds: x is in the compressed bytes already. */
export const ordinateOf = (point: G1Point): Hex => numberToHex(point.toAffine().y, { size: COORDINATE_SIZE })

/**
 * The keys of a validator set as the contract knows them: by their sum and the root of a binary keccak tree over them. A quorum leaves at most a third absent, so the voters' key is always cheaper to get from the sum.
 */
export interface KeyTree {
  readonly keys: readonly G1Point[]
  readonly sum: G1Point
  readonly root: Hex
  /** The keys in these seats; a seat beyond the set has none. */
  at(seats: readonly number[]): readonly G1Point[]
  /** Hashes that lead from the keys in `seats` (ascending) to the root; the root itself where there are none. */
  prove(seats: readonly number[]): readonly Hex[]
}

/** Levels of the tree over `size` keys: the least so that every key has a leaf. */
export function treeDepth(size: number): number {
  let depth = 0
  while (1 << depth < size) depth += 1
  return depth
}

const hashPair = (left: Hex, right: Hex): Hex => keccak256(concatHex([left, right]))
export const leafOf = (key: G1Point): Hex => keccak256(paddedKey(key))
/** The word by which the contract knows a set: keccak-256 of the sum (EIP-2537), the root, and the set's numbers as a word. */
export const commitmentOf = (sum: G1Point, root: Hex, meta: Hex): Hex =>
  keccak256(concatHex([paddedKey(sum), root, pad(meta, { size: 32 })]))

/** @throws {ParliaVerifyError} unless there are 1 to 64 keys. */
export function buildKeyTree(keys: readonly G1Point[]): KeyTree {
  if (keys.length === 0 || keys.length > MAX_VALIDATORS)
    throw fail('PARLIA_KEYS_SIZE', { expected: MAX_VALIDATORS, given: keys.length })
  const depth = treeDepth(keys.length)
  const leaves = Array.from({ length: 1 << depth }, (_, seat): Hex => {
    const key = keys[seat]
    return key === undefined ? zeroHash : leafOf(key)
  })
  const levels = [leaves]
  for (let level = leaves; level.length > 1; ) {
    const below = level
    level = Array.from({ length: below.length / 2 }, (_, i) => hashPair(below[2 * i] ?? '0x', below[2 * i + 1] ?? '0x'))
    levels.push(level)
  }
  const root = levels.at(-1)?.[0] ?? zeroHash
  const sum = sumPubkeys(keys)
  return {
    keys,
    sum,
    root,
    at: (seats) => seats.map((seat) => keys[seat]).filter((key) => key !== undefined),
    prove(seats) {
      if (seats.length === 0) return [root]
      const siblings: Hex[] = []
      let known = [...seats]
      for (const level of levels.slice(0, -1)) {
        for (const index of known) {
          const sibling = index ^ 1
          if (!known.includes(sibling)) siblings.push(level[sibling] ?? '0x')
        }
        known = [...new Set(known.map((index) => index >> 1))]
      }
      return siblings
    },
  }
}

/** The root over a set's leaves, filled up with zeros to a power of two. */
export function rootOf(leaves: readonly Hex[]): Hex {
  let level: readonly Hex[] = Array.from({ length: 1 << treeDepth(leaves.length) }, (_, i) => leaves[i] ?? zeroHash)
  while (level.length > 1) {
    const below = level
    level = Array.from({ length: below.length / 2 }, (_, i) => hashPair(below[2 * i] ?? '0x', below[2 * i + 1] ?? '0x'))
  }
  return level[0] ?? zeroHash
}

/**
 * The root that the keys in `seats` (ascending) lead to with the hashes that `sibling` gives, one after the other; without
 * seats the first of those.
 */
export function foldKeys(setSize: number, seats: readonly number[], keys: readonly G1Point[], sibling: () => Hex): Hex {
  if (seats.length === 0) return sibling()
  let nodes = seats.map((index, i) => ({ index, hash: leafOf(keys[i] ?? G1.Point.ZERO) }))
  for (let level = treeDepth(setSize); level > 0; level -= 1) {
    const above: typeof nodes = []
    for (let i = 0; i < nodes.length; i += 1) {
      const node = nodes[i]
      if (node === undefined) break
      const next = nodes[i + 1]
      const pairs = next !== undefined && next.index === (node.index ^ 1)
      const other = pairs ? next.hash : sibling()
      if (pairs) i += 1
      above.push({
        index: node.index >> 1,
        hash: node.index % 2 === 0 ? hashPair(node.hash, other) : hashPair(other, node.hash),
      })
    }
    nodes = above
  }
  return nodes[0]?.hash ?? zeroHash
}

/**
 * The point that a compressed key names, its y given: both together are what the contract takes. Like its addition, this
 * checks the curve and not the subgroup.
 * @throws {ParliaVerifyError} where they do not fit, or name no point.
 */
export function boundKey(compressed: Hex, y: bigint, seat: number): G1Point {
  const word = BigInt(compressed)
  const x = word & ((1n << FLAG_BIT) - 1n)
  const flags = y > (ORDER - 1n) / 2n ? COMPRESSED | LARGER : COMPRESSED
  if (word >> FLAG_BIT !== flags || y === 0n) throw fail('PARLIA_KEYS_COMPRESSED', { given: compressed, seat })
  if (x >= ORDER || y >= ORDER) throw fail('BLS12381_PRECOMPILE', { given: compressed })
  return readKey(concatHex([numberToHex(x, { size: COORDINATE_SIZE }), numberToHex(y, { size: COORDINATE_SIZE })]))
}

/** Keys in calldata: `x(48) y(48)` each. */
export const encodeKeys = (keys: readonly G1Point[]): Hex => concatHex(['0x', ...keys.map(encodeG1)])
