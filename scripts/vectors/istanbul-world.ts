/** What the vectors of the Istanbul client are made of: blocks of a made-up MAP relay chain, right ones and broken ones. */
import {
  aggregateKey,
  encodeG1,
  encodeG2,
  encodeSealedProof,
  encodeUpdate,
  G1_GENERATOR,
  G2_GENERATOR,
  hashToG1,
  hintsOf,
  type IstanbulHeader,
  ORDER,
  type SealedHeader,
  sealMessage,
} from '@meridian/consensus/istanbul'
import { bn254 } from '@noble/curves/bn254.js'
import { concatHex, type Hex, keccak256, numberToHex, size, slice, toRlp } from 'viem'
import {
  type BlockPlan,
  type Change,
  createTestIstanbulChain,
  g1Of,
  headerOf,
  keys,
  makeBlock,
  sealOf,
  secretOf,
  secretsOf,
  testChain,
} from '../../packages/consensus/test/istanbul-chain.ts'
import { type Case, one, proven, reverted, type Step, updated } from './steps.ts'

export const DAY = 86_400n
export const DRIFT = 60n
export const WORD = 32

export { type Case, one, type Step }

export const four = secretsOf([1, 2, 3, 4])
export const five = secretsOf([1, 2, 3, 4, 5])
export const block = (number: bigint, plan: Partial<BlockPlan> = {}) => makeBlock({ number, set: four, ...plan })
export const anchor = block(20n)
export const NOW = anchor.header.timestamp + 10_000n

export const verify = (sealed: SealedHeader, ancestors: readonly IstanbulHeader[] = []): Hex =>
  encodeSealedProof(sealed, ancestors)
export const update = (...sealed: readonly SealedHeader[]): Hex => encodeUpdate(sealed)

export const proves = ({ header }: SealedHeader, data: Hex, participation = 7500n, now = NOW): Step =>
  proven(header, data, participation, now)
export const updates = (data: Hex, head: bigint, result: 0 | 1 = 1, now = NOW): Step => updated(data, head, result, now)
export const freezes = (data: Hex, now = NOW): Step => ({ call: 'reportMisbehaviour', now, data, error: '' })
export const refused = (call: Step['call'], data: Hex, error: string, now = NOW): Step =>
  reverted(call, data, error, now)
export const client = (name: string): string => `IstanbulLightClient_${name}`

/** A sealed header whose envelope differs from the true one. */
export function envelope(sealed: SealedHeader, other: Partial<Record<'validators' | 'tail', Hex>> = {}): Hex {
  const { hashForm } = sealed.header
  const validators = other.validators ?? concatHex([...sealed.validators])
  const tail =
    other.tail ??
    concatHex([
      numberToHex(sealed.seal.bitmap, { size: WORD }),
      numberToHex(sealed.seal.round, { size: 8 }),
      sealed.seal.signature,
      sealed.aggregateKey,
      hintsOf(sealMessage(sealed.header.hash, sealed.seal.round)),
    ])
  return concatHex(['0x01', hashForm, numberToHex(size(validators) / 64, { size: 1 }), validators, tail])
}
export const withSeal = (sealed: SealedHeader, seal: Partial<SealedHeader['seal']>): SealedHeader => ({
  ...sealed,
  seal: { ...sealed.seal, ...seal },
})
/** A seal of these seats over the block in another round or under another set. */
export const resealed = (
  sealed: SealedHeader,
  set: readonly Hex[],
  seats: readonly number[],
  round = 0n,
): SealedHeader => {
  const seal = sealOf(sealed.header.hash, set, seats, round)
  return {
    ...sealed,
    seal,
    validators: g1Of(set),
    aggregateKey: aggregateKey(
      set.map((s) => keys(s).g2),
      seal.bitmap,
    ),
  }
}
export const words = (bytes: Hex): Hex[] =>
  Array.from({ length: size(bytes) / WORD }, (_, i) => slice(bytes, i * WORD, (i + 1) * WORD))
export const withHints = (sealed: SealedHeader, alter: (hints: Hex[]) => readonly Hex[]): Hex => {
  const hints = hintsOf(sealMessage(sealed.header.hash, sealed.seal.round))
  const proof = verify(sealed)
  return concatHex([slice(proof, 0, size(proof) - size(hints)), ...alter(words(hints))])
}

export const plain = block(25n)
export const end = block(30n)
export const joins = { added: [secretOf(5)] }
export const endJoins = block(30n, { change: joins })

/** A key that makes the sum of the first three and itself infinity. */
export const cancelling = numberToHex(
  ORDER - (secretsOf([1, 2, 3]).reduce((sum, secret) => sum + BigInt(secret), 0n) % ORDER),
  { size: WORD },
)
/** Extra data with the list's items replaced. */
export function extraWith(change: Change, alter: (items: unknown[]) => unknown[], vanity = 32): Hex {
  const addresses = (change.added ?? []).map((secret): Hex => `0x${keccak256(secret).slice(-40)}`)
  const items: unknown[] = [
    addresses,
    (change.added ?? []).map((secret) => keys(secret).g2),
    (change.added ?? []).map((secret) => keys(secret).g1),
    '0x',
    `0x${'5a'.repeat(65)}`,
    ['0x', '0x', '0x'],
    ['0x', '0x', '0x'],
  ]
  return concatHex([`0x${'00'.repeat(vanity)}`, toRlp(alter(items) as never)]) // CAST: nested lists of hex
}
/** Without the TypeScript parser, which refuses such extra data: the header's bytes, sealed. */
export function rawEnd(extraData: Hex): Hex {
  const hashForm = headerOf({ number: 30n, set: four, extraData })
  const hash = keccak256(hashForm)
  const sealed = resealed({ ...end, header: { ...end.header, hash, hashForm } }, four, [0, 1, 2])
  return encodeUpdate([sealed])
}
export const zeroKey: Hex = `0x${'00'.repeat(64)}`

/** Forged without any secret: before the fork a message hashed to keccak(m)·G1, so keccak(m)·PK is its signature. */
export function preFork(sealed: SealedHeader): SealedHeader {
  const factor = BigInt(keccak256(sealMessage(sealed.header.hash, 0n))) % ORDER
  const sum = [1, 2, 3].reduce(
    (total, index) => total.add(G1_GENERATOR.multiply(BigInt(secretOf(index)) % ORDER)),
    bn254.G1.Point.ZERO,
  )
  return withSeal(sealed, { signature: encodeG1(sum.multiply(factor)) })
}

/** A point of the twist that is not in the group: the first x = (n, 1) with a root. */
export function outsideGroup(): Hex {
  const { Fp2 } = bn254.fields
  const b = bn254.G2.Point.CURVE().b
  for (let n = 0n; ; n += 1n) {
    const x = Fp2.create({ c0: n, c1: 1n })
    try {
      const point = bn254.G2.Point.fromAffine({ x, y: Fp2.sqrt(Fp2.add(Fp2.mul(Fp2.sqr(x), x), b)) })
      if (!point.isTorsionFree()) return encodeG2(point)
    } catch {}
  }
}

export const rogueSecret = BigInt(secretOf(99)) % ORDER
export const messagePoint = hashToG1(sealMessage(plain.header.hash, 0n))
export const rogueSignature = messagePoint.multiply(rogueSecret)
export const rogueKey = G2_GENERATOR.multiply(rogueSecret)
export const g1At = (bytes: Hex) =>
  bn254.G1.Point.fromAffine({ x: BigInt(slice(bytes, 0, 32)), y: BigInt(slice(bytes, 32, 64)) })

/** What passes for a seal of `plain`, made of public keys, if the two statements are combined with a factor known before. */
export function forgedForFactor(factor: bigint): SealedHeader {
  const keySum = [1, 2, 3].reduce(
    (sum, index) => sum.add(G1_GENERATOR.multiply(BigInt(secretOf(index)) % ORDER)),
    bn254.G1.Point.ZERO,
  )
  const signature = rogueSignature
    .add(G1_GENERATOR.multiply((factor * rogueSecret) % ORDER))
    .subtract(keySum.multiply(factor))
  return { ...withSeal(plain, { signature: encodeG1(signature) }), aggregateKey: encodeG2(rogueKey) }
}

export const linked = createTestIstanbulChain(four, testChain)
linked.change(3n, joins)
linked.growTo(36n)
export const at = (number: bigint) => linked.block(number)

export const roundCase = (round: bigint): Case =>
  one(
    `A seal of round ${round} is over the hash, the round in as few bytes as it needs, and the byte 2.`,
    proves(plain, verify(block(25n, { round }))),
  )

export const late = block(35n, { set: four, timestamp: anchor.header.timestamp + 80_000n })
export const LATER = end.header.timestamp + DAY
