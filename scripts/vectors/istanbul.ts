/**
 * Writes `vectors/istanbul/`, a file a case: updates, block proofs and evidence of a made-up MAP relay chain, valid and
 * hostile ones, each with what the contract and its TypeScript twin must answer. `--check` writes nothing and fails if a file
 * differs.
 */

import { errorsBySelector } from '@meridian/abi'
import {
  aggregateKey,
  encodeEvidence,
  encodeG1,
  encodeG2,
  encodeSealedProof,
  encodeStoredProof,
  encodeUpdate,
  G1_GENERATOR,
  G2_GENERATOR,
  hashToG1,
  hintsOf,
  type IstanbulHeader,
  ORDER,
  P,
  parseHeader,
  type SealedHeader,
  sealMessage,
} from '@meridian/consensus/istanbul'
import { bn254 } from '@noble/curves/bn254.js'
import { concatHex, type Hex, keccak256, numberToHex, size, slice, toRlp } from 'viem'
import {
  type BlockPlan,
  type Change,
  createTestIstanbulChain,
  extraDataOf,
  g1Of,
  headerOf,
  keys,
  makeBlock,
  sealOf,
  secretOf,
  secretsOf,
  testChain,
} from '../../packages/consensus/test/istanbul-chain.ts'
import { writeVectors } from './write.ts'

const DAY = 86_400n
const DRIFT = 60n
const WORD = 32

interface Step {
  readonly call: 'update' | 'verifyBlock' | 'reportMisbehaviour'
  readonly now: bigint
  readonly data: Hex
  /** Name of the custom error, empty for success. */
  readonly error: string
  /** Its selector, left out for success. */
  readonly selector?: string
  /** verifyBlock: what is returned. */
  readonly number?: bigint
  readonly hash?: Hex
  readonly participation?: bigint
  /** update: what is returned, and the head after it. */
  readonly result?: 0 | 1
  readonly head?: bigint
}

interface Case {
  /** What would happen if the check were missing. */
  readonly story: string
  readonly steps: readonly Step[]
}

const four = secretsOf([1, 2, 3, 4])
const five = secretsOf([1, 2, 3, 4, 5])
const block = (number: bigint, plan: Partial<BlockPlan> = {}) => makeBlock({ number, set: four, ...plan })
const anchor = block(20n)
const NOW = anchor.header.timestamp + 10_000n

const verify = (sealed: SealedHeader, ancestors: readonly IstanbulHeader[] = []): Hex =>
  encodeSealedProof(sealed, ancestors)
const update = (...sealed: readonly SealedHeader[]): Hex => encodeUpdate(sealed)

const proves = ({ header }: SealedHeader, data: Hex, participation = 7500n, now = NOW): Step => ({
  call: 'verifyBlock',
  now,
  data,
  error: '',
  number: header.number,
  hash: header.hash,
  participation,
})
const updates = (data: Hex, head: bigint, result: 0 | 1 = 1, now = NOW): Step => ({
  call: 'update',
  now,
  data,
  error: '',
  result,
  head,
})
const freezes = (data: Hex, now = NOW): Step => ({ call: 'reportMisbehaviour', now, data, error: '' })
const selectors = new Map(Object.entries(errorsBySelector).map(([selector, { name }]) => [name as string, selector])) // CAST: widened
function refused(call: Step['call'], data: Hex, error: string, now = NOW): Step {
  const selector = selectors.get(error)
  if (selector === undefined) throw new Error(`the contracts have no error ${error}`)
  return { call, now, data, error, selector }
}
const client = (name: string): string => `IstanbulLightClient_${name}`
const one = (story: string, ...steps: Step[]): Case => ({ story, steps })

/** A sealed header whose envelope differs from the true one. */
function envelope(sealed: SealedHeader, other: Partial<Record<'validators' | 'tail', Hex>> = {}): Hex {
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
const withSeal = (sealed: SealedHeader, seal: Partial<SealedHeader['seal']>): SealedHeader => ({
  ...sealed,
  seal: { ...sealed.seal, ...seal },
})
/** A seal of these seats over the block in another round or under another set. */
const resealed = (sealed: SealedHeader, set: readonly Hex[], seats: readonly number[], round = 0n): SealedHeader => {
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
const words = (bytes: Hex): Hex[] =>
  Array.from({ length: size(bytes) / WORD }, (_, i) => slice(bytes, i * WORD, (i + 1) * WORD))
const withHints = (sealed: SealedHeader, alter: (hints: Hex[]) => readonly Hex[]): Hex => {
  const hints = hintsOf(sealMessage(sealed.header.hash, sealed.seal.round))
  const proof = verify(sealed)
  return concatHex([slice(proof, 0, size(proof) - size(hints)), ...alter(words(hints))])
}

const plain = block(25n)
const end = block(30n)
const joins = { added: [secretOf(5)] }
const endJoins = block(30n, { change: joins })

/** A key that makes the sum of the first three and itself infinity. */
const cancelling = numberToHex(
  ORDER - (secretsOf([1, 2, 3]).reduce((sum, secret) => sum + BigInt(secret), 0n) % ORDER),
  { size: WORD },
)
/** Extra data with the list's items replaced. */
function extraWith(change: Change, alter: (items: unknown[]) => unknown[], vanity = 32): Hex {
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
function rawEnd(extraData: Hex): Hex {
  const hashForm = headerOf({ number: 30n, set: four, extraData })
  const hash = keccak256(hashForm)
  const sealed = resealed({ ...end, header: { ...end.header, hash, hashForm } }, four, [0, 1, 2])
  return encodeUpdate([sealed])
}
const zeroKey: Hex = `0x${'00'.repeat(64)}`

/** Forged without any secret: before the fork a message hashed to keccak(m)·G1, so keccak(m)·PK is its signature. */
function preFork(sealed: SealedHeader): SealedHeader {
  const factor = BigInt(keccak256(sealMessage(sealed.header.hash, 0n))) % ORDER
  const sum = [1, 2, 3].reduce(
    (total, index) => total.add(G1_GENERATOR.multiply(BigInt(secretOf(index)) % ORDER)),
    bn254.G1.Point.ZERO,
  )
  return withSeal(sealed, { signature: encodeG1(sum.multiply(factor)) })
}

/** A point of the twist that is not in the group: the first x = (n, 1) with a root. */
function outsideGroup(): Hex {
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

const rogueSecret = BigInt(secretOf(99)) % ORDER
const messagePoint = hashToG1(sealMessage(plain.header.hash, 0n))
const rogueSignature = messagePoint.multiply(rogueSecret)
const rogueKey = G2_GENERATOR.multiply(rogueSecret)
const g1At = (bytes: Hex) =>
  bn254.G1.Point.fromAffine({ x: BigInt(slice(bytes, 0, 32)), y: BigInt(slice(bytes, 32, 64)) })

const linked = createTestIstanbulChain(four, testChain)
linked.change(3n, joins)
linked.growTo(36n)
const at = (number: bigint) => linked.block(number)

const roundCase = (round: bigint): Case =>
  one(
    `A seal of round ${round} is over the hash, the round in as few bytes as it needs, and the byte 2.`,
    proves(plain, verify(block(25n, { round }))),
  )

const late = block(35n, { set: four, timestamp: anchor.header.timestamp + 80_000n })
const LATER = end.header.timestamp + DAY

const cases: Readonly<Record<string, Case>> = {
  sealedBeyondHead: one(
    'Any block of the current epoch is proven by its own seal: no update, nothing is written.',
    proves(plain, verify(plain)),
    proves(end, verify(end)),
    proves(block(21n), verify(block(21n))),
  ),
  storedAnchor: one(
    'The anchor is stored: its header alone proves it, in the form of the block hash.',
    proves(anchor, encodeStoredProof(anchor.header), 6666n),
    refused('verifyBlock', encodeStoredProof(plain.header), client('NotStored')),
    refused('verifyBlock', concatHex(['0x00', anchor.served]), client('NotStored')),
  ),
  allSign: one(
    'Who signs beyond the quorum counts.',
    proves(plain, verify(block(25n, { signers: [0, 1, 2, 3] })), 10_000n),
  ),
  headMoves: one(
    'A header within the epoch moves the head, and is stored; again it is nothing new.',
    updates(update(plain), 25n),
    updates(update(plain), 25n, 0),
    proves(plain, encodeStoredProof(plain.header), 6666n),
  ),
  olderHeader: one(
    'An older block of the epoch is stored and never moves the head.',
    updates(update(plain), 25n),
    updates(update(block(22n)), 25n),
    proves(block(22n), encodeStoredProof(block(22n).header), 6666n),
    proves(block(24n), verify(block(24n))),
  ),
  noChange: one(
    'The last block of an epoch without a change: the next epoch has the same set.',
    updates(update(end), 30n),
    proves(block(31n), verify(block(31n))),
    updates(update(block(40n), block(41n)), 41n),
  ),
  memberJoins: one(
    'The last block of an epoch is sealed by the old set; from the next block on the new one seals, and no other.',
    refused('verifyBlock', verify(block(31n, { set: five })), client('UnknownEpoch')),
    refused('verifyBlock', verify(resealed(endJoins, five, [0, 1, 2, 3])), client('WrongSet')),
    updates(update(endJoins), 30n),
    refused('verifyBlock', verify(block(31n)), client('WrongSet')),
    proves(block(31n, { set: five }), verify(block(31n, { set: five })), 8000n),
    proves(plain, verify(plain)),
  ),
  memberLeaves: one(
    'A member leaves by its bit; those behind it move up a seat.',
    updates(update(block(30n, { change: { removed: [1] } })), 30n),
    proves(
      block(31n, { set: secretsOf([1, 3, 4]) }),
      verify(block(31n, { set: secretsOf([1, 3, 4]), signers: [1, 2] })),
      6666n,
    ),
    refused('verifyBlock', verify(block(31n, { set: secretsOf([1, 4, 3]) })), client('WrongSet')),
  ),
  membersSwapped: one(
    'First members leave, then others join behind those that stay.',
    updates(update(block(30n, { change: { removed: [0, 2], added: secretsOf([7, 8]) } })), 30n),
    proves(block(31n, { set: secretsOf([2, 4, 7, 8]) }), verify(block(31n, { set: secretsOf([2, 4, 7, 8]) }))),
    refused('verifyBlock', verify(block(31n, { set: secretsOf([7, 8, 2, 4]) })), client('WrongSet')),
  ),
  returningMember: one(
    'A member may leave and join in one block: it sits behind the others then.',
    updates(update(block(30n, { change: { removed: [0], added: secretsOf([1]) } })), 30n),
    proves(block(31n, { set: secretsOf([2, 3, 4, 1]) }), verify(block(31n, { set: secretsOf([2, 3, 4, 1]) }))),
  ),
  injectedKeys: one(
    "MAP's own client could be taken over by anyone: with the genuine header of an epoch without a change it took keys that the caller brought and the header did not name. Here the set is what the sealed header says, and the keys that a caller brings are only compared with it.",
    refused(
      'update',
      slice(
        envelope(end, {
          validators: concatHex(g1Of([...four, ...secretsOf([91, 92, 93, 94, 95, 96, 97, 98, 99, 90])])),
        }),
        1,
      ),
      client('WrongSet'),
    ),
    refused(
      'update',
      update({ ...end, header: parseHeader(headerOf({ number: 30n, set: four, change: { added: secretsOf([91]) } })) }),
      client('Seal'),
    ),
    refused(
      'update',
      update({ ...end, header: parseHeader(headerOf({ number: 30n, set: four, change: { removed: [0, 1, 2] } })) }),
      client('Seal'),
    ),
    updates(update(end), 30n),
    refused('verifyBlock', verify(block(31n, { set: secretsOf([91, 92, 93]) })), client('WrongSet')),
    refused('verifyBlock', verify(block(31n, { set: [...four, ...secretsOf([91, 92, 93, 94])] })), client('WrongSet')),
    proves(block(31n), verify(block(31n))),
  ),
  injectedInAnyBlock: one(
    'A change that a block other than the last of its epoch names means nothing.',
    updates(update(block(29n, { change: { added: secretsOf([91]), removed: [0] } })), 29n),
    refused('verifyBlock', verify(block(31n)), client('UnknownEpoch')),
    updates(update(end), 30n),
    proves(block(31n), verify(block(31n))),
  ),
  maskedHeight: one(
    "MAP's own client cut heights to 32 bits: a block 2^32 further on passed for one of the epoch. The whole height decides, and one of more than 64 bits is none.",
    refused(
      'verifyBlock',
      verify(block(25n + (1n << 32n), { timestamp: plain.header.timestamp })),
      client('UnknownEpoch'),
    ),
    refused('update', update(block(30n + (1n << 32n), { timestamp: plain.header.timestamp })), client('UnknownEpoch')),
    refused(
      'verifyBlock',
      concatHex(['0x01', headerOf({ number: (1n << 64n) + 25n, set: four, timestamp: plain.header.timestamp })]),
      'IstanbulHeader_TooLarge',
    ),
    refused(
      'verifyBlock',
      concatHex(['0x01', headerOf({ number: 25n, set: four, timestamp: (1n << 48n) + plain.header.timestamp })]),
      'IstanbulHeader_TooLarge',
    ),
  ),
  beforeFork: one(
    'Before the fork anybody could make seals from public keys: blocks below it are refused in every place.',
    refused('verifyBlock', verify(block(4n)), client('BeforeFork')),
    refused('verifyBlock', verify(preFork(block(4n))), client('BeforeFork')),
    refused('update', update(preFork(block(4n))), client('BeforeFork')),
    refused('verifyBlock', encodeStoredProof(block(4n).header), client('BeforeFork')),
    refused('verifyBlock', verify(block(5n)), client('UnknownEpoch')),
  ),
  preForkSignature: one(
    'A seal forged from public keys, as the hash before the fork allowed, is none for a block after it.',
    refused('verifyBlock', verify(preFork(plain)), client('Seal')),
  ),
  unknownEpoch: one(
    'An epoch is known once the one before has ended in a sealed header; none can be skipped, and none before the anchor is known.',
    refused('verifyBlock', verify(block(31n)), client('UnknownEpoch')),
    refused('update', update(block(40n)), client('UnknownEpoch')),
    refused('verifyBlock', verify(block(20n)), client('UnknownEpoch')),
    refused('verifyBlock', verify(block(15n)), client('UnknownEpoch')),
    updates(update(end, block(40n), block(50n)), 50n),
    proves(block(51n), verify(block(51n))),
  ),
  floorQuorum: one(
    'A quorum is two thirds rounded up: two of four and three of five are none.',
    refused('verifyBlock', verify(block(25n, { signers: [0, 1] })), client('TooFewSigners')),
    refused('verifyBlock', verify(block(25n, { signers: [] })), client('TooFewSigners')),
    updates(update(endJoins), 30n),
    refused('verifyBlock', verify(block(31n, { set: five, signers: [0, 1, 2] })), client('TooFewSigners')),
    proves(block(31n, { set: five }), verify(block(31n, { set: five, signers: [1, 2, 3, 4] })), 8000n),
  ),
  unknownSeat: one(
    'Bits beyond the set are nobody.',
    refused('verifyBlock', verify(withSeal(plain, { bitmap: 0b10111n })), client('UnknownSigner')),
    refused('verifyBlock', verify(withSeal(plain, { bitmap: 0b111n | (1n << 255n) })), client('UnknownSigner')),
  ),
  bitmapOfOthers: one(
    'A bit says whose key is in the sum: one who did not sign, one signer left out, or another in its place is another sum.',
    refused('verifyBlock', verify(withSeal(plain, { bitmap: 0b1111n })), client('Seal')),
    refused('verifyBlock', verify(withSeal(plain, { bitmap: 0b1011n })), client('Seal')),
    refused('verifyBlock', verify(withSeal(block(25n, { signers: [0, 1, 2, 3] }), { bitmap: 0b111n })), client('Seal')),
  ),
  rogueAggregateKey: one(
    'The sum of G2 keys is whatever the caller brings: not bound to the G1 keys, one made-up key would sign for the whole set.',
    refused(
      'verifyBlock',
      verify({ ...withSeal(plain, { signature: encodeG1(rogueSignature) }), aggregateKey: encodeG2(rogueKey) }),
      client('Seal'),
    ),
    refused('verifyBlock', verify({ ...plain, aggregateKey: encodeG2(rogueKey) }), client('Seal')),
    refused(
      'verifyBlock',
      verify({
        ...withSeal(plain, { signature: encodeG1(g1At(plain.seal.signature).add(rogueSignature)) }),
        aggregateKey: encodeG2(
          [1, 2, 3].reduce((sum, index) => sum.add(G2_GENERATOR.multiply(BigInt(secretOf(index)) % ORDER)), rogueKey),
        ),
      }),
      client('Seal'),
    ),
    refused(
      'verifyBlock',
      verify(withSeal(plain, { signature: encodeG1(g1At(plain.seal.signature).negate()) })),
      client('Seal'),
    ),
  ),
  infinity: one(
    'With a signature and a key at infinity the pairing holds for every message.',
    refused(
      'verifyBlock',
      verify({ ...withSeal(plain, { signature: zeroKey }), aggregateKey: `0x${'00'.repeat(128)}` }),
      'Bn254_Infinity',
    ),
    refused('verifyBlock', verify(withSeal(plain, { signature: zeroKey })), 'Bn254_Infinity'),
    refused('verifyBlock', verify({ ...plain, aggregateKey: `0x${'00'.repeat(128)}` }), 'Bn254_Infinity'),
  ),
  keysThatCancel: one(
    'Keys that sum to infinity would sign everything. MAP wants a proof of possession of each; should one slip through, its sum is refused.',
    updates(update(block(30n, { change: { added: [cancelling] } })), 30n),
    refused(
      'verifyBlock',
      verify({
        ...block(31n, { set: [...four, cancelling], signers: [0, 1, 2, 3] }),
        seal: { bitmap: 0b10111n, round: 0n, signature: plain.seal.signature },
      }),
      'Bn254_Infinity',
    ),
    proves(
      block(31n, { set: [...four, cancelling] }),
      verify(block(31n, { set: [...four, cancelling], signers: [0, 1, 2, 3] })),
      8000n,
    ),
  ),
  keyAtInfinity: one(
    'A member whose key is infinity adds nothing to a sum: anybody could set its bit, so it has no vote.',
    updates(
      rawEnd(extraWith({ added: [secretOf(5)] }, (items) => [items[0], items[1], [zeroKey], ...items.slice(3)])),
      30n,
    ),
    refused(
      'verifyBlock',
      verify({
        ...block(31n, { set: four, signers: [0, 1, 2] }),
        seal: { ...block(31n, { set: four, signers: [0, 1, 2] }).seal, bitmap: 0b10111n },
        validators: [...g1Of(four), zeroKey],
      }),
      'Bn254_Infinity',
    ),
    proves(
      block(31n),
      verify({ ...block(31n, { signers: [0, 1, 2, 3] }), validators: [...g1Of(four), zeroKey] }),
      8000n,
    ),
  ),
  notOnTheCurve: one(
    'Coordinates off the curve, not below p, or outside the group of the twist are no points.',
    refused(
      'verifyBlock',
      verify(withSeal(plain, { signature: concatHex([numberToHex(1, { size: 32 }), numberToHex(1, { size: 32 })]) })),
      'Bn254_Precompile',
    ),
    refused(
      'verifyBlock',
      verify(
        withSeal(plain, {
          signature: concatHex([
            numberToHex(BigInt(slice(plain.seal.signature, 0, 32)) + P, { size: 32 }),
            slice(plain.seal.signature, 32),
          ]),
        }),
      ),
      'Bn254_Precompile',
    ),
    refused('verifyBlock', verify({ ...plain, aggregateKey: `0x${'01'.repeat(128)}` }), 'Bn254_Precompile'),
    refused('verifyBlock', verify({ ...plain, aggregateKey: outsideGroup() }), 'Bn254_Precompile'),
  ),
  round1: roundCase(1n),
  round127: roundCase(127n),
  round128: roundCase(128n),
  round255: roundCase(255n),
  round256: roundCase(256n),
  round65536: roundCase(65_536n),
  round24Bits: roundCase(1n << 24n),
  roundMax: roundCase((1n << 64n) - 1n),
  otherRound: one(
    'The round is signed: a seal of round 1 is none of round 0 or of 256.',
    refused('verifyBlock', verify(withSeal(block(25n, { round: 1n }), { round: 0n })), client('Seal')),
    refused('verifyBlock', verify(withSeal(block(25n, { round: 1n }), { round: 256n })), client('Seal')),
    refused('verifyBlock', verify(withSeal(plain, { round: 2n })), client('Seal')),
  ),
  sealOfOtherHeader: one(
    'A seal is over one header.',
    refused('verifyBlock', verify({ ...plain, header: block(25n, { salt: 'other' }).header }), client('Seal')),
    refused('verifyBlock', verify({ ...plain, header: block(26n).header }), client('Seal')),
  ),
  otherMessage: one(
    'Of a message that is no commit (its last byte is another) nothing follows.',
    refused(
      'verifyBlock',
      verify(
        withSeal(plain, {
          signature: encodeG1(
            [1, 2, 3].reduce(
              (sum, index) =>
                sum.add(
                  hashToG1(Uint8Array.of(...sealMessage(plain.header.hash, 0n).subarray(0, 32), 1)).multiply(
                    BigInt(secretOf(index)) % ORDER,
                  ),
                ),
              bn254.G1.Point.ZERO,
            ),
          ),
        }),
      ),
      client('Seal'),
    ),
  ),
  hints: one(
    'Hints are checked, whatever they are: they decide whether there is an answer, never which.',
    refused(
      'verifyBlock',
      withHints(plain, ([inverse, ...roots]) => [numberToHex(BigInt(inverse ?? 0) ^ 1n, { size: 32 }), ...roots]),
      'HashToG1_Inverse',
    ),
    refused(
      'verifyBlock',
      withHints(plain, (hints) =>
        hints.map((hint, i) => (i === 1 ? numberToHex(BigInt(hint) ^ 1n, { size: 32 }) : hint)),
      ),
      'HashToG1_Root',
    ),
    refused(
      'verifyBlock',
      withHints(plain, (hints) =>
        hints.map((hint, i) => (i === hints.length - 1 ? numberToHex(0, { size: 32 }) : hint)),
      ),
      'HashToG1_Root',
    ),
    refused(
      'verifyBlock',
      withHints(plain, (hints) => hints.slice(0, -1)),
      client('Truncated'),
    ),
    refused(
      'verifyBlock',
      withHints(plain, () => []),
      client('Truncated'),
    ),
    proves(
      plain,
      withHints(plain, ([inverse, ...roots]) => [
        inverse ?? '0x',
        ...roots.map((root) => numberToHex(P - BigInt(root), { size: 32 })),
      ]),
    ),
  ),
  wrongSet: one(
    'The set that the caller brings is the epoch’s, whole and in order.',
    refused('verifyBlock', envelope(plain, { validators: '0x' }), client('WrongSet')),
    refused('verifyBlock', envelope(plain, { validators: concatHex(g1Of(four.slice(0, 3))) }), client('WrongSet')),
    refused('verifyBlock', envelope(plain, { validators: concatHex(g1Of([...four].reverse())) }), client('WrongSet')),
    refused('verifyBlock', verify(block(25n, { set: secretsOf([91, 92, 93, 94]) })), client('WrongSet')),
  ),
  ancestors: {
    story:
      'A block is proven by the headers from a sealed or stored one down to it, each the parent of the one before.',
    steps: [
      refused('verifyBlock', verify(at(25n), [at(24n).header, at(22n).header]), client('NotParent')),
      proves(at(23n), verify(at(25n), [at(24n).header, at(23n).header]), 10_000n),
      updates(update(at(30n)), 30n),
      proves(at(28n), encodeStoredProof(at(30n).header, [at(29n).header, at(28n).header]), 6666n),
      refused('verifyBlock', encodeStoredProof(at(30n).header, [at(28n).header]), client('NotParent')),
    ],
  },
  forksAddFields: one(
    'Forks append fields to headers and items to the extra data: what is known keeps its place.',
    proves(
      block(25n, { more: ['0x', numberToHex(7, { size: 32 })] }),
      verify(block(25n, { more: ['0x', numberToHex(7, { size: 32 })] })),
    ),
    updates(rawEnd(extraWith(joins, (items) => [...items, '0x1234'])), 30n),
    proves(block(31n, { set: five }), verify(block(31n, { set: five })), 8000n),
  ),
  malformedExtra: {
    story: 'Extra data that does not say how the set changes, in exactly one way, changes nothing.',
    steps: [
      refused('update', rawEnd(`0x${'00'.repeat(31)}`), 'IstanbulHeader_Vanity'),
      refused('update', rawEnd(`0x${'00'.repeat(32)}`), 'RLP_OutOfBounds'),
      refused('update', rawEnd(concatHex([extraDataOf(), '0x00'])), 'RLP_TrailingBytes'),
      refused('update', rawEnd(extraWith({}, (items) => items.slice(0, 3))), 'RLP_OutOfBounds'),
      refused('update', rawEnd(extraWith(joins, (items) => [[], ...items.slice(1)])), 'IstanbulValidators_Added'),
      refused(
        'update',
        rawEnd(extraWith(joins, (items) => [items[0], [], ...items.slice(2)])),
        'IstanbulValidators_Added',
      ),
      refused(
        'update',
        rawEnd(extraWith(joins, (items) => [items[0], items[1], [], ...items.slice(3)])),
        'IstanbulValidators_Added',
      ),
      refused(
        'update',
        rawEnd(
          extraWith(joins, (items) => [items[0], items[1], [slice(keys(secretOf(5)).g1, 0, 63)], ...items.slice(3)]),
        ),
        'RLP_StringLength',
      ),
      refused(
        'update',
        rawEnd(extraWith(joins, (items) => [items[0], items[1], [[keys(secretOf(5)).g1]], ...items.slice(3)])),
        'RLP_UnexpectedKind',
      ),
      refused(
        'update',
        rawEnd(extraWith({}, (items) => [...items.slice(0, 3), '0x10', ...items.slice(4)])),
        'IstanbulValidators_Removed',
      ),
      refused(
        'update',
        rawEnd(extraWith({}, (items) => [...items.slice(0, 3), numberToHex(1n << 255n), ...items.slice(4)])),
        'IstanbulValidators_Removed',
      ),
      refused(
        'update',
        rawEnd(extraWith({}, (items) => [...items.slice(0, 3), '0x000f', ...items.slice(4)])),
        'RLP_NonCanonicalInteger',
      ),
      refused(
        'update',
        rawEnd(extraWith({}, (items) => [...items.slice(0, 3), '0x0f', ...items.slice(4)])),
        'IstanbulValidators_Size',
      ),
      updates(update(end), 30n),
    ],
  },
  headerOrder: one(
    'The headers of an update ascend.',
    refused('update', update(block(25n), block(24n)), client('HeaderOrder')),
    refused('update', update(plain, plain), client('HeaderOrder')),
    updates(update(block(24n), block(25n)), 25n),
  ),
  timestamps: one(
    'Time does not run back beyond the head; within a second it may stand still.',
    refused('verifyBlock', verify(block(25n, { timestamp: anchor.header.timestamp - 1n })), client('Timestamp')),
    proves(
      block(25n, { timestamp: anchor.header.timestamp }),
      verify(block(25n, { timestamp: anchor.header.timestamp })),
    ),
  ),
  futureHeader: one(
    'A header from the future is refused until its time is near.',
    refused('verifyBlock', verify(block(25n, { timestamp: NOW + DRIFT + 1n })), client('FutureHeader')),
    proves(block(25n, { timestamp: NOW + DRIFT }), verify(block(25n, { timestamp: NOW + DRIFT }))),
  ),
  malformedEnvelope: {
    story: 'A proof is of a known kind, whole, and nothing follows it.',
    steps: [
      refused('update', '0x', client('EmptyUpdate')),
      refused('verifyBlock', '0x', client('Truncated')),
      refused('verifyBlock', '0x02', client('ProofKind')),
      refused('verifyBlock', '0x01', 'RLP_OutOfBounds'),
      refused('verifyBlock', concatHex(['0x01', plain.header.hashForm]), client('Truncated')),
      refused('verifyBlock', concatHex(['0x01', plain.header.hashForm, '0x04', ...g1Of(four)]), client('Truncated')),
      refused('verifyBlock', slice(verify(plain), 0, size(verify(plain)) - 1), client('Truncated')),
      refused('verifyBlock', concatHex([verify(plain), '0x00']), 'RLP_UnexpectedKind'),
      refused('update', concatHex([update(plain), '0x00']), 'RLP_UnexpectedKind'),
      refused('verifyBlock', concatHex(['0x00', '0xc0']), 'IstanbulHeader_Layout'),
      refused('verifyBlock', concatHex(['0x00', toRlp(Array<Hex>(14).fill('0x'))]), 'IstanbulHeader_Layout'),
      refused('verifyBlock', concatHex(['0x00', slice(plain.header.hashForm, 0, 300)]), 'RLP_OutOfBounds'),
      refused('reportMisbehaviour', '0x000000', client('Truncated')),
      refused('reportMisbehaviour', '0x00000001', client('Truncated')),
    ],
  },
  equivocation: one(
    'Two blocks at one height freeze the client for good.',
    freezes(encodeEvidence(verify(plain), verify(block(25n, { salt: 'other' })))),
    refused('verifyBlock', verify(plain), 'LightClient_Frozen'),
    refused('verifyBlock', encodeStoredProof(anchor.header), 'LightClient_Frozen'),
    refused('update', update(plain), 'LightClient_Frozen'),
    refused(
      'reportMisbehaviour',
      encodeEvidence(verify(plain), verify(block(25n, { salt: 'other' }))),
      'LightClient_Frozen',
    ),
  ),
  conflictWithStored: one(
    'What contradicts a stored block is refused, and is evidence.',
    updates(update(plain), 25n),
    refused('update', update(block(25n, { salt: 'other' })), client('Conflict')),
    refused('verifyBlock', verify(block(25n, { salt: 'other' })), client('Conflict')),
    freezes(encodeEvidence(encodeStoredProof(plain.header), verify(block(25n, { salt: 'other' })))),
  ),
  contestedHandover: one(
    'Two last blocks of one epoch that hand over to different sets: the one that came first rules until it is reported, and the old set judges both.',
    updates(update(block(30n, { change: { removed: [0, 1, 2, 3], added: secretsOf([91]) } })), 30n),
    refused('verifyBlock', verify(block(31n)), client('WrongSet')),
    freezes(
      encodeEvidence(
        encodeStoredProof(block(30n, { change: { removed: [0, 1, 2, 3], added: secretsOf([91]) } }).header),
        verify(end),
      ),
    ),
  ),
  farAhead: one(
    'The last block of an epoch sealed before its time contradicts the blocks below it as soon as they are younger.',
    updates(
      update(
        block(30n, { change: { removed: [0, 1, 2, 3], added: secretsOf([91]) }, timestamp: anchor.header.timestamp }),
      ),
      30n,
    ),
    freezes(
      encodeEvidence(
        verify(block(22n)),
        encodeStoredProof(
          block(30n, { change: { removed: [0, 1, 2, 3], added: secretsOf([91]) }, timestamp: anchor.header.timestamp })
            .header,
        ),
      ),
    ),
  ),
  sameBlockTwoRounds: one(
    'One block sealed in two rounds has one hash: no conflict.',
    refused(
      'reportMisbehaviour',
      encodeEvidence(verify(plain), verify(block(25n, { round: 3n }))),
      'LightClient_NoConflict',
    ),
    refused('reportMisbehaviour', encodeEvidence(verify(block(24n)), verify(plain)), 'LightClient_NoConflict'),
    refused('reportMisbehaviour', encodeEvidence(verify(plain), verify(block(24n))), 'LightClient_NoConflict'),
  ),
  weakEvidence: one(
    'Evidence is judged by the same rules as blocks.',
    refused(
      'reportMisbehaviour',
      encodeEvidence(verify(plain), verify(block(25n, { salt: 'other', signers: [0, 1] }))),
      client('TooFewSigners'),
    ),
    refused(
      'reportMisbehaviour',
      encodeEvidence(verify(plain), verify({ ...plain, header: block(25n, { salt: 'other' }).header })),
      client('Seal'),
    ),
    refused('reportMisbehaviour', encodeEvidence(encodeStoredProof(plain.header), verify(plain)), client('NotStored')),
  ),
  expired: one(
    'Once the head is older than the trusting period nothing newly signed counts; what is stored stays provable.',
    updates(update(plain), 25n),
    refused('update', update(block(26n)), 'LightClient_Expired', plain.header.timestamp + DAY),
    refused('verifyBlock', verify(block(26n)), 'LightClient_Expired', plain.header.timestamp + DAY),
    refused(
      'reportMisbehaviour',
      encodeEvidence(verify(plain), verify(block(25n, { salt: 'other' }))),
      'LightClient_Expired',
      plain.header.timestamp + DAY,
    ),
    proves(plain, encodeStoredProof(plain.header), 6666n, plain.header.timestamp + DAY),
    proves(block(26n), verify(block(26n)), 7500n, plain.header.timestamp + DAY - 1n),
  ),
  setExpired: one(
    'A set that was replaced is believed for the trusting period from the last block of its epoch on: its keys may be sold by then.',
    updates(update(end, late), 35n, 1, late.header.timestamp),
    proves(plain, verify(plain), 7500n, LATER - 1n),
    refused('verifyBlock', verify(plain), client('SetExpired'), LATER),
    refused('update', update(plain), client('SetExpired'), LATER),
    refused(
      'reportMisbehaviour',
      encodeEvidence(encodeStoredProof(end.header), verify(block(30n, { salt: 'other' }))),
      client('SetExpired'),
      LATER,
    ),
    proves(
      block(36n, { timestamp: late.header.timestamp }),
      verify(block(36n, { timestamp: late.header.timestamp })),
      7500n,
      LATER,
    ),
    proves(end, encodeStoredProof(end.header), 6666n, LATER),
  ),
  longRange: one(
    'Members who left seal nothing of the epochs after.',
    updates(update(block(30n, { change: { removed: [0, 1, 2], added: secretsOf([6, 7, 8]) } })), 30n),
    refused('verifyBlock', verify(block(31n)), client('WrongSet')),
    refused('update', update(block(40n)), client('WrongSet')),
    proves(block(31n, { set: secretsOf([4, 6, 7, 8]) }), verify(block(31n, { set: secretsOf([4, 6, 7, 8]) }))),
  ),
}

const names = Object.keys(cases)
const json = (value: unknown): string =>
  `${JSON.stringify(value, (_, item: unknown) => (typeof item === 'bigint' ? Number(item) : item), 1)}\n`
writeVectors({
  'istanbul/client.json': json({
    cases: names,
    chain: testChain,
    anchor: {
      number: anchor.header.number,
      timestamp: anchor.header.timestamp,
      hash: anchor.header.hash,
      validators: concatHex(g1Of(four)),
    },
    trustingPeriod: DAY,
    clockDrift: DRIFT,
    now: NOW,
  }),
  ...Object.fromEntries(names.map((name) => [`istanbul/${name}.json`, json(cases[name])])),
})
