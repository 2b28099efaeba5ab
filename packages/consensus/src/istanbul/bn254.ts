import { bn254 } from '@noble/curves/bn254.js'
import { bytesToHex, type Hex, hexToBytes, numberToHex, size, slice } from 'viem'
import { IstanbulVerifyError } from './errors.ts'

const { Fp, Fp2, Fp12, Fr } = bn254.fields
const G1 = bn254.G1.Point
const G2 = bn254.G2.Point

/** A point of G1. */
export type G1Point = typeof G1.ZERO
/** A point of G2. */
export type G2Point = typeof G2.ZERO

/** Bytes of a point of G1 (`x ‖ y`) and of G2 (`x₁ ‖ x₀ ‖ y₁ ‖ y₀`, imaginary parts first: EIP-196, EIP-197). */
export const G1_SIZE = 64
export const G2_SIZE = 128
const WORD = 32

const word = (bytes: Hex, index: number): bigint => BigInt(slice(bytes, index * WORD, (index + 1) * WORD))
const words = (values: readonly bigint[]): Hex =>
  `0x${values.map((value) => numberToHex(value, { size: WORD }).slice(2)).join('')}`

const refused = (what: string, given: Hex): IstanbulVerifyError =>
  new IstanbulVerifyError('BN254_PRECOMPILE', `not a point of ${what}`, { given })

const inField = (values: readonly bigint[]): boolean => values.every((value) => value < Fp.ORDER)

/** @throws {IstanbulVerifyError} unless these are the coordinates of a point on the curve, or zeros for infinity */
export function decodeG1(bytes: Hex): G1Point {
  if (size(bytes) !== G1_SIZE) throw refused('G1', bytes)
  const [x, y] = [word(bytes, 0), word(bytes, 1)]
  if (!inField([x, y])) throw refused('G1', bytes)
  if (x === 0n && y === 0n) return G1.ZERO
  try {
    const point = G1.fromAffine({ x, y })
    point.assertValidity()
    return point
  } catch {
    throw refused('G1', bytes)
  }
}

/** @throws {IstanbulVerifyError} unless these are the coordinates of a point of the twist, or zeros for infinity */
export function decodeTwist(bytes: Hex): G2Point {
  if (size(bytes) !== G2_SIZE) throw refused('G2', bytes)
  const values = [0, 1, 2, 3].map((index) => word(bytes, index))
  const [x1 = 0n, x0 = 0n, y1 = 0n, y0 = 0n] = values
  if (!inField(values)) throw refused('G2', bytes)
  if (values.every((value) => value === 0n)) return G2.ZERO
  const [x, y] = [Fp2.create({ c0: x0, c1: x1 }), Fp2.create({ c0: y0, c1: y1 })]
  if (!Fp2.eql(Fp2.sqr(y), Fp2.add(Fp2.mul(Fp2.sqr(x), x), G2.CURVE().b))) throw refused('G2', bytes)
  return G2.fromAffine({ x, y })
}

/** As {@link decodeTwist}, of the group of the pairing. @throws {IstanbulVerifyError} */
export function decodeG2(bytes: Hex): G2Point {
  const point = decodeTwist(bytes)
  if (!point.is0() && !point.isTorsionFree()) throw refused('G2', bytes)
  return point
}

export function encodeG1(point: G1Point): Hex {
  if (point.is0()) return words([0n, 0n])
  const { x, y } = point.toAffine()
  return words([x, y])
}

export function encodeG2(point: G2Point): Hex {
  if (point.is0()) return words([0n, 0n, 0n, 0n])
  const { x, y } = point.toAffine()
  return words([x.c1, x.c0, y.c1, y.c0])
}

export const sumG1 = (points: readonly G1Point[]): G1Point => points.reduce((sum, point) => sum.add(point), G1.ZERO)
export const sumG2 = (points: readonly G2Point[]): G2Point => points.reduce((sum, point) => sum.add(point), G2.ZERO)

/** Whether `e(a, b) = e(c, d)`. No point may be infinity. */
export function pairingsEqual(a: G1Point, b: G2Point, c: G1Point, d: G2Point): boolean {
  const product = bn254.pairingBatch([
    { g1: a, g2: b },
    { g1: c.negate(), g2: d },
  ])
  return Fp12.eql(product, Fp12.ONE)
}

export const G1_GENERATOR: G1Point = G1.BASE
export const G2_GENERATOR: G2Point = G2.BASE
/** The field's prime. */
export const P: bigint = Fp.ORDER
/** The group's order. */
export const ORDER: bigint = Fr.ORDER

/** A validator's keys: `s·G1` and `s·G2` of one secret. */
export interface ValidatorKeys {
  /** 64 bytes. */
  readonly g1: Hex
  /** 128 bytes. */
  readonly g2: Hex
}

const scalarOf = (secret: Hex): bigint => {
  const scalar = BigInt(secret) % ORDER
  if (scalar === 0n) throw new RangeError('a secret is not a multiple of the group order')
  return scalar
}

/** Keys of a secret, which is taken modulo the group's order. */
export function keysOf(secret: Hex): ValidatorKeys {
  const scalar = scalarOf(secret)
  return { g1: encodeG1(G1.BASE.multiply(scalar)), g2: encodeG2(G2.BASE.multiply(scalar)) }
}

/** Sum of the signatures of these secrets over a point of G1: infinity where the secrets are none or cancel. */
export function signPoint(point: G1Point, secrets: readonly Hex[]): G1Point {
  const sum = secrets.reduce((total, secret) => (total + scalarOf(secret)) % ORDER, 0n)
  return sum === 0n ? G1.ZERO : point.multiply(sum)
}

/** `bytes` cut into points of `pointSize` bytes. */
export function splitPoints(bytes: Hex, pointSize: number): Hex[] {
  const all = hexToBytes(bytes)
  return Array.from({ length: all.length / pointSize }, (_, i) =>
    bytesToHex(all.subarray(i * pointSize, (i + 1) * pointSize)),
  )
}
