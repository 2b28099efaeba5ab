import { bls12_381 } from '@noble/curves/bls12-381.js'
import { bytesToHex, concatHex, type Hex, hexToBytes, numberToHex, sliceHex } from 'viem'
import { VerifyError } from './errors.ts'

/** The suite of the beacon chain. The library's default for signatures is another one. */
export const SIGNATURE_DST = 'BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_'

const { G1, G2, fields, longSignatures } = bls12_381
export type G1Point = ReturnType<typeof G1.Point.fromAffine>
export type G2Point = ReturnType<typeof G2.Point.fromAffine>

const FIELD_BYTES = 48

function field(value: bigint): Hex {
  return numberToHex(value, { size: FIELD_BYTES })
}

/**
 * A compressed public key as a point of the curve. Not the subgroup: committee members proved possession when they
 * deposited, and the contract relies on the same.
 * @throws VerifyError `POINT` where the bytes are no compressed point of the curve, or infinity.
 */
export function decompressPubkey(compressed: Hex): G1Point {
  let point: G1Point
  try {
    point = G1.Point.fromBytes(hexToBytes(compressed))
  } catch (cause) {
    throw new VerifyError('POINT', 'no compressed point of G1', { given: compressed }, { cause })
  }
  if (point.is0()) throw new VerifyError('POINT', 'a public key is never infinity', { given: compressed })
  return point
}

/** A compressed signature as a point of the curve. @throws VerifyError `POINT`. */
export function decompressSignature(compressed: Hex): G2Point {
  let point: G2Point
  try {
    point = G2.Point.fromBytes(hexToBytes(compressed))
  } catch (cause) {
    throw new VerifyError('POINT', 'no compressed point of G2', { given: compressed }, { cause })
  }
  if (point.is0()) throw new VerifyError('POINT', 'a signature is never infinity', { given: compressed })
  return point
}

/** `x(48) y(48)`. */
export function encodeG1(point: G1Point): Hex {
  const { x, y } = point.toAffine()
  return concatHex([field(x), field(y)])
}

/** `x.c0(48) x.c1(48) y.c0(48) y.c1(48)`. */
export function encodeG2(point: G2Point): Hex {
  const { x, y } = point.toAffine()
  return concatHex([field(x.c0), field(x.c1), field(y.c0), field(y.c1)])
}

/** A point as {@link encodeG2} writes it. @throws VerifyError `POINT` where it is none of the curve, or infinity. */
export function decodeG2(encoded: Hex): G2Point {
  const at = (i: number) => BigInt(sliceHex(encoded, i * FIELD_BYTES, (i + 1) * FIELD_BYTES))
  let point: G2Point
  try {
    point = G2.Point.fromAffine({
      x: fields.Fp2.create({ c0: at(0), c1: at(1) }),
      y: fields.Fp2.create({ c0: at(2), c1: at(3) }),
    })
    point.assertValidity()
  } catch (cause) {
    throw new VerifyError('POINT', 'no point of G2', { given: encoded }, { cause })
  }
  return point
}

/** The compressed form of a key: what SSZ hashes. */
export function compressPubkey(point: G1Point): Hex {
  return bytesToHex(point.toBytes(true))
}

/** Sum of points; infinity for none. */
export function sumPubkeys(points: readonly G1Point[]): G1Point {
  return points.reduce((sum, point) => sum.add(point), G1.Point.ZERO)
}

/** Hash of a message to G2 in the beacon chain's suite. */
export function hashToG2(message: Hex): G2Point {
  const known = hashed.get(message)
  if (known !== undefined) return known
  const point = longSignatures.hash(hexToBytes(message), SIGNATURE_DST)
  const oldest = hashed.size < HASHED_KEPT ? undefined : hashed.keys().next().value
  if (oldest !== undefined) hashed.delete(oldest)
  hashed.set(message, point)
  return point
}

/** Points of the newest messages, 10 ms of work each: what is built for a message's proof is verified before it is sent. */
const hashed = new Map<Hex, G2Point>()
const HASHED_KEPT = 256

/**
 * One pairing check of an aggregate: `e(g1, signature) = e(key, H(message))`.
 * @returns false for a wrong signature, and for points outside the subgroups.
 */
export function verifyAggregate(key: G1Point, message: Hex, signature: G2Point): boolean {
  if (key.is0() || !key.isTorsionFree() || !signature.isTorsionFree()) return false
  return longSignatures.verify(signature, hashToG2(message), key)
}
