/** Cases of `vectors/parlia/` with epoch headers that list keys which nobody vouched for, or no set at all. */
import {
  adoptStep,
  encodeAttestedProof,
  encodeExtraData,
  encodeOrdinates,
  encodeStoredProof,
  encodeUpdate,
} from '@meridian/consensus/parlia'
import { bls12_381 } from '@noble/curves/bls12-381.js'
import { concatHex, type Hex, numberToHex, slice, zeroHash } from 'viem'
import { sorted, type TestValidator, validator } from '../../packages/consensus/test/parlia-chain.ts'
import { type Case, one, patched, refused } from './parlia-steps.ts'
import { alpha, beta, chain, forged, known20, prove, votes } from './parlia-world.ts'

/** An epoch header whose extra data is whatever is given, final by the votes of the set before; and keys to adopt. */
function epochWith(extraData: Hex, ordinates: Hex): Hex {
  const header = chain.make(40n, { extraData })
  const proof = encodeAttestedProof({ header, attestation: votes(header, alpha), known: known20 })
  return concatHex(['0x01', proof, ordinates])
}
const seal: Hex = `0x${'11'.repeat(65)}`
const listing = (validators: readonly TestValidator[], turnLength: number): Hex =>
  encodeExtraData({ epoch: { validators, turnLength } }, zeroHash, seal)
const betaOrdinates = encodeOrdinates(chain.setAt(40n))
const genuine = listing(beta, 2)
const ordinate = BigInt(slice(betaOrdinates, 0, 48))
const { ORDER } = bls12_381.G1.Point.Fp
const negated = patched(betaOrdinates, 0, numberToHex(ORDER - ordinate, { size: 48 }))
/** With the sign that the compressed bytes have. */
const strange = patched(betaOrdinates, 0, numberToHex(ordinate > ORDER / 2n ? ORDER - 2n : 2n, { size: 48 }))
const otherKey = (member: TestValidator, voteKey: Hex): TestValidator => ({ ...member, voteKey })
const lastMember = (voteKey: Hex): TestValidator[] =>
  beta.map((member, i) => (i === 3 ? otherKey(member, voteKey) : member))

/** A set of the forger's own, with votes of alpha. */
export const forgedEpoch = forged(40n, known20, alpha, { extraData: listing(sorted([11, 12, 13, 14]), 1) })

export const epochCases: Readonly<Record<string, Case>> = {
  injectedKeys: one(
    'Keys that the header does not list, or a header that nobody voted on.',
    // The other root for the same x; and a y that no point has there.
    refused('update', concatHex(['0x01', prove(40n, known20), negated]), 'ParliaKeys_Compressed'),
    refused('update', concatHex(['0x01', prove(40n, known20), strange]), 'Bls12381_Precompile'),
    refused(
      'update',
      concatHex(['0x01', prove(40n, known20, { header: forgedEpoch.header }), encodeOrdinates(chain.setAt(40n))]),
      'Signature',
    ),
    refused('update', encodeUpdate([adoptStep(encodeStoredProof(forgedEpoch.header), chain.setAt(40n))]), 'NotStored'),
    refused('update', concatHex(['0x01', prove(40n, known20), slice(betaOrdinates, 0, 191)]), 'Truncated'),
  ),
  malformedEpoch: one(
    'An epoch header that a quorum voted on, but that lists no set anybody could follow: the client stops rather than guess.',
    refused('update', epochWith(concatHex([zeroHash, '0x00', '0x01', seal]), '0x'), 'ParliaExtra_ValidatorCount'),
    refused('update', epochWith(concatHex([zeroHash, '0x41', '0x01', seal]), '0x'), 'ParliaExtra_ValidatorCount'),
    refused('update', epochWith(seal, '0x'), 'ParliaExtra_Length'),
    refused(
      'update',
      epochWith(concatHex([slice(genuine, 0, 32 + 1 + 4 * 68), seal]), betaOrdinates),
      'ParliaExtra_Length',
    ),
    refused('update', epochWith(listing([...beta].reverse(), 2), betaOrdinates), 'ParliaExtra_ValidatorOrder'),
    refused(
      'update',
      epochWith(
        listing(
          beta.map(() => beta[0] ?? validator(0)),
          2,
        ),
        betaOrdinates,
      ),
      'ParliaExtra_ValidatorOrder',
    ),
    refused('update', epochWith(listing(beta, 0), betaOrdinates), 'ParliaExtra_TurnLength'),
    refused('update', epochWith(listing(beta, 7), betaOrdinates), 'SwitchOffset'),
    refused('update', epochWith(listing(beta.slice(0, 1), 1), slice(betaOrdinates, 0, 48)), 'SwitchOffset'),
    refused(
      'update',
      epochWith(listing(lastMember(`0x${'00'.repeat(48)}`), 2), betaOrdinates),
      'ParliaKeys_Compressed',
    ),
    refused(
      'update',
      epochWith(listing(lastMember(`0xc0${'00'.repeat(47)}`), 2), patched(betaOrdinates, 144, `0x${'00'.repeat(48)}`)),
      'ParliaKeys_Compressed',
    ),
    // x = y = 0 with the flag of a finite point: the addition takes it for infinity.
    refused(
      'update',
      epochWith(listing(lastMember(`0x80${'00'.repeat(47)}`), 2), patched(betaOrdinates, 144, `0x${'00'.repeat(48)}`)),
      'ParliaKeys_Compressed',
    ),
    // x = 1 is on no point of the curve.
    refused(
      'update',
      epochWith(
        listing(lastMember(`0x80${'00'.repeat(46)}01`), 2),
        patched(betaOrdinates, 144, `0x${'00'.repeat(47)}01`),
      ),
      'Bls12381_Precompile',
    ),
  ),
}
