import { encodeG1, encodeG2, G2_GENERATOR, hashToG1, ORDER, P, sealMessage } from '@meridian/consensus/istanbul'
import { bn254 } from '@noble/curves/bn254.js'
import { concatHex, numberToHex, slice } from 'viem'
import { g1Of, secretOf, secretsOf } from '../../packages/consensus/test/istanbul-chain.ts'

import {
  block,
  type Case,
  cancelling,
  client,
  endJoins,
  envelope,
  extraWith,
  five,
  forgedForFactor,
  four,
  g1At,
  one,
  outsideGroup,
  plain,
  preFork,
  proves,
  rawEnd,
  refused,
  rogueKey,
  rogueSignature,
  roundCase,
  update,
  updates,
  verify,
  withHints,
  withSeal,
  zeroKey,
} from './istanbul-world.ts'

export const sealCases: Readonly<Record<string, Case>> = {
  allSign: one(
    'Who signs beyond the quorum counts.',
    proves(plain, verify(block(25n, { signers: [0, 1, 2, 3] })), 10_000n),
  ),
  preForkSignature: one(
    'A seal forged from public keys, as the hash before the fork allowed, is none for a block after it.',
    refused('verifyBlock', verify(preFork(plain)), client('Seal')),
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
    // σ = p·H + p·G1 - S for a secret p of one's own: it would do if both statements were added with the factor 1.
    refused('verifyBlock', verify(forgedForFactor(1n)), client('Seal')),
    refused('verifyBlock', verify(forgedForFactor(2n)), client('Seal')),
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
}
