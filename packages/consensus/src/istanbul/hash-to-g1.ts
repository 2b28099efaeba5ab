import { bn254 } from '@noble/curves/bn254.js'
import { keccak_256 } from '@noble/hashes/sha3.js'
import { bytesToHex, concatHex, type Hex, numberToHex } from 'viem'
import { type G1Point, P } from './bn254.ts'
import { IstanbulVerifyError } from './errors.ts'

const G1 = bn254.G1.Point

/**
 * Constants of the map (Fouque-Tibouchi for BN curves, as MadNet has it and atlas took it), for `y² = x³ + 3`:
 * (-1 + √-3)/2, √-3 and 1/3 modulo p.
 */
const C1 = 2203960485148121921418603742825762020974279258880205651966n
const C2 = 4407920970296243842837207485651524041948558517760411303933n
const C3 = 14592161914559516814830937163504850059130874104865215775126025263096817472389n
const B = 3n
const HALF = (P - 1n) / 2n
/** Of each of the two maps: the square and the three candidates for x. */
const CANDIDATES = 3
const WORD = 32

const mod = (value: bigint): bigint => ((value % P) + P) % P
const mul = (a: bigint, b: bigint): bigint => (a * b) % P

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n
  for (let b = mod(base), e = exponent; e > 0n; e >>= 1n, b = mul(b, b)) if ((e & 1n) === 1n) result = mul(result, b)
  return result
}

/** The root that is itself a square, if there is a root. */
function root(value: bigint): bigint | undefined {
  const candidate = power(value, (P + 1n) / 4n)
  return mul(candidate, candidate) === mod(value) ? candidate : undefined
}

const digest = (prefix: number, message: Uint8Array): bigint =>
  BigInt(bytesToHex(keccak_256(Uint8Array.of(prefix, ...message))))

/** `(keccak(c0 ‖ m)·2^256 + keccak(c1 ‖ m)) mod p`, c0 = 2·which, c1 = 2·which + 1. */
const toBase = (message: Uint8Array, which: 0 | 1): bigint =>
  ((digest(2 * which, message) << 256n) + digest(2 * which + 1, message)) % P

/** `t²·(t² + 4)`, whose inverse the map needs. */
const denominator = (t: bigint): bigint => mul(mul(t, t), mod(mul(t, t) + 4n))

/** The three candidates for x, at least one of which is on the curve; `inverse` is that of the denominator. */
function candidates(t: bigint, inverse: bigint): readonly bigint[] {
  const square = mul(t, t)
  const a = mod(square + 4n)
  const x1 = mod(C1 - mul(C2, mul(mul(square, square), inverse)))
  const x2 = mod(-1n - x1)
  const x3 = mod(1n - mul(C3, mul(mul(a, mul(a, a)), inverse)))
  return [x1, x2, x3]
}

const curve = (x: bigint): bigint => mod(mul(x, mul(x, x)) + B)

/** y of the point: its root has the sign of t. */
const signed = (t: bigint, principal: bigint): bigint => (t > HALF ? mod(-principal) : principal)

/**
 * The point that a message hashes to, with square roots and an inverse taken here: atlas' `HashToG1` from the fork height
 * on. A message whose t is 0 has no point here (probability 2^-253): the contract cannot be given an inverse of 0.
 */
export function hashToG1(message: Uint8Array): G1Point {
  return hashWithHints(message).point
}

/** What the contract is given instead of computing it: 32 bytes each, an inverse and one root for each candidate looked at. */
export function hintsOf(message: Uint8Array): Hex {
  return hashWithHints(message).hints
}

function hashWithHints(message: Uint8Array): { readonly point: G1Point; readonly hints: Hex } {
  const ts = [toBase(message, 0), toBase(message, 1)] as const
  const inverse = power(mul(denominator(ts[0]), denominator(ts[1])), P - 2n)
  const hints = [inverse]
  const points = ts.map((t, which) => {
    const own = mul(inverse, denominator(ts[which === 0 ? 1 : 0]))
    for (const x of candidates(t, own)) {
      const value = curve(x)
      const y = root(value)
      // -1 is no square: of a value and its negative exactly one is. The root that is a square has a root again.
      hints.push(root(y ?? root(mod(-value)) ?? 0n) ?? 0n)
      if (y !== undefined) return G1.fromAffine({ x, y: signed(t, y) })
    }
    throw new IstanbulVerifyError('HASH_TO_G1_ROOT', 'no candidate is on the curve', { t })
  })
  return { point: points.reduce((sum, point) => sum.add(point), G1.ZERO), hints: encodeWords(hints) }
}

/**
 * The same point by the contract's way: from `hints` at `at`. Returns where they end.
 * @throws {IstanbulVerifyError} if they are not this message's
 */
export function hashToG1ByHints(
  message: Uint8Array,
  hints: Uint8Array,
  start: number,
): { readonly point: G1Point; readonly to: number } {
  let at = start
  const next = (): bigint => {
    const to = at + WORD
    if (to > hints.length)
      throw new IstanbulVerifyError('ISTANBUL_LIGHT_CLIENT_TRUNCATED', 'the hints end too early', {
        expected: WORD,
        given: hints.length - at,
      })
    const value = BigInt(bytesToHex(hints.subarray(at, to)))
    at = to
    return value
  }
  const ts = [toBase(message, 0), toBase(message, 1)] as const
  const denominators = [denominator(ts[0]), denominator(ts[1])] as const
  const inverse = mod(next())
  if (mul(mul(denominators[0], denominators[1]), inverse) !== 1n)
    throw new IstanbulVerifyError('HASH_TO_G1_INVERSE', 'the inverse is another', { given: inverse })
  const point = (which: 0 | 1): G1Point => {
    const own = mul(inverse, denominators[which === 0 ? 1 : 0])
    for (const [index, x] of candidates(ts[which], own).entries()) {
      const value = curve(x)
      const fourth = mod(next())
      const y = mul(fourth, fourth)
      const square = mul(y, y)
      if (square === value) return G1.fromAffine({ x, y: signed(ts[which], y) })
      if (square !== mod(-value) || index === CANDIDATES - 1)
        throw new IstanbulVerifyError('HASH_TO_G1_ROOT', 'not a root of the candidate', { candidate: index })
    }
    throw new IstanbulVerifyError('HASH_TO_G1_ROOT', 'no candidate is on the curve', {})
  }
  const first = point(0)
  return { point: first.add(point(1)), to: at }
}

const encodeWords = (values: readonly bigint[]): Hex =>
  concatHex(values.map((value) => numberToHex(value, { size: WORD })))
