import {
  adoptStep,
  createValidatorSet,
  encodeAttestedProof,
  encodeEvidence,
  encodeJumpProof,
  encodeKeys,
  encodeOrdinates,
  encodeStoredProof,
  encodeUpdate,
} from '@meridian/consensus/parlia'
import { concatHex, type Hex, keccak256, numberToHex, size, slice, stringToHex, zeroHash } from 'viem'
import { CHAIN_ID, sorted, validator } from '../../packages/consensus/test/parlia-chain.ts'
import { epochCases, forgedEpoch } from './parlia-epochs.ts'
import { jumpCases } from './parlia-jumps.ts'
import {
  type Case,
  freezes,
  one,
  parents,
  patched,
  proves,
  refused,
  type Step,
  store,
  through,
  updates,
} from './parlia-steps.ts'
import {
  alpha,
  anchor,
  beta,
  chain,
  DAY,
  DRIFT,
  first,
  forged,
  gamma,
  jump,
  known20,
  known40,
  known60,
  NOW,
  parameters,
  prove,
  seatsIn,
  votes,
} from './parlia-world.ts'
import { writeVectors } from './write.ts'

const SIGNATURE_SIZE = 192
/** Places in an attested proof, counted from its first byte. */
const META = 2 + 6
const SIZE = META + 18
const VOTERS = SIZE + 1
const TARGET = VOTERS + 8
const SIGNATURE = TARGET + 6 + 32
const SUM = SIGNATURE + SIGNATURE_SIZE

const plain = prove(30n, known20)
const adopt40 = encodeUpdate([adoptStep(prove(40n, known20), chain.setAt(40n))])
const adopt60 = encodeUpdate([adoptStep(prove(60n, known40), chain.setAt(60n))])
const infinity: Hex = `0x${'00'.repeat(SIGNATURE_SIZE)}`
const offCurve: Hex = `0x${'00'.repeat(SIGNATURE_SIZE - 1)}01`
/** When the head of the anchor is too old, and when the set of epoch 20 is, once replaced. */
const expiry = anchor.timestamp + DAY
const setExpiry = anchor.epochTimestamp + DAY

const equivocal = forged(30n, known20, alpha)
const late = forged(29n, known20, alpha, { timestamp: chain.header(30n).timestamp + 1n })

export const cases: Readonly<Record<string, Case>> = {
  finalized: one(
    'Votes of three of four for a block and its child make the block final; a block below the head is stored and does not move it back.',
    proves(chain.header(30n), plain, 7500n),
    updates(store(plain), 30n),
    updates(store(plain), 30n, 20n, 0),
    proves(chain.header(30n), encodeStoredProof(chain.header(30n)), 6666n),
    updates(store(prove(25n, known20)), 30n),
    proves(chain.header(25n), encodeStoredProof(chain.header(25n)), 6666n),
  ),
  everyVote: one(
    'Nobody is absent: the root of the keys stands in place of absentees.',
    proves(chain.header(30n), prove(30n, known20, { attestation: chain.votesFor(30n, first(4)) }), 10_000n),
    ...first(4).map((absent) => {
      const attestation = chain.votesFor(
        30n,
        first(4).filter((seat) => seat !== absent),
      )
      return proves(chain.header(30n), prove(30n, known20, { attestation }), 7500n)
    }),
  ),
  nonAdjacent: one(
    'A quorum that votes from block 30 to block 32 justifies 32 and finalizes nothing: 30 can still be left behind (BEP-126).',
    refused(
      'verifyBlock',
      prove(30n, known20, { attestation: votes(chain.header(30n), alpha, first(4), { targetNumber: 32n }) }),
      'NotAdjacent',
    ),
    refused(
      'verifyBlock',
      prove(30n, known20, { attestation: votes(chain.header(30n), alpha, first(4), { targetNumber: 30n }) }),
      'NotAdjacent',
    ),
    // The same votes with another number in them: they were not given for that.
    refused(
      'verifyBlock',
      patched(
        prove(30n, known20, { attestation: votes(chain.header(30n), alpha, first(4), { targetNumber: 32n }) }),
        TARGET,
        numberToHex(31n, { size: 6 }),
      ),
      'Signature',
    ),
  ),
  floorQuorum: one(
    'Two of four are half, and floor(2N/3) of four.',
    refused('verifyBlock', prove(30n, known20, { attestation: chain.votesFor(30n, [0, 1]) }), 'TooFewVotes'),
    refused('verifyBlock', patched(plain, VOTERS, numberToHex(0, { size: 8 })), 'TooFewVotes'),
  ),
  unknownVoter: one(
    'A bit that no validator has would count for the quorum.',
    refused('verifyBlock', patched(plain, VOTERS, numberToHex(0b10011, { size: 8 })), 'UnknownVoter'),
    refused('verifyBlock', patched(plain, VOTERS, '0xffffffffffffffff'), 'UnknownVoter'),
  ),
  claimedVoter: one(
    'A bit of somebody who did not vote: the signature is not theirs.',
    refused(
      'verifyBlock',
      prove(30n, known20, { attestation: { ...chain.votesFor(30n, [0, 1]), voters: 0b111n } }),
      'Signature',
    ),
    refused(
      'verifyBlock',
      prove(30n, known20, { attestation: { ...chain.votesFor(30n, [0, 1, 2]), voters: 0b1110n } }),
      'Signature',
    ),
  ),
  otherBlock: one(
    'Votes for another block, or with another child.',
    refused('verifyBlock', prove(30n, known20, { header: equivocal.header }), 'Signature'),
    refused('verifyBlock', patched(plain, TARGET + 6, keccak256(stringToHex('other child'))), 'Signature'),
  ),
  switchBlock: one(
    'The set of epoch 40 votes from target 43 on, by the numbers of the set before it: block 41 has the old votes, block 42 the new ones.',
    updates(adopt40, 40n, 40n),
    proves(chain.header(41n), prove(41n, known20), 7500n),
    proves(chain.header(42n), prove(42n, known40), 7500n),
    refused('verifyBlock', prove(41n, known40, { attestation: votes(chain.header(41n), beta) }), 'HeightOutOfRange'),
    refused('verifyBlock', prove(42n, known20, { attestation: votes(chain.header(42n), alpha) }), 'HeightOutOfRange'),
    refused(
      'verifyBlock',
      prove(42n, known40, { attestation: votes(chain.header(42n), alpha, first(4)) }),
      'Signature',
    ),
  ),
  turnLength: one(
    'Epoch 40 has turn length 2: it hands over at 66, six blocks into epoch 60, whatever turn length that one lists.',
    updates(adopt40, 40n, 40n),
    updates(adopt60, 60n, 60n),
    proves(chain.header(64n), prove(64n, known40), 7500n),
    proves(chain.header(65n), prove(65n, known60), 8000n),
    refused('verifyBlock', prove(64n, known60, { attestation: votes(chain.header(64n), gamma) }), 'HeightOutOfRange'),
    refused('verifyBlock', prove(65n, known40, { attestation: votes(chain.header(65n), beta) }), 'HeightOutOfRange'),
  ),
  beyondTheRange: one(
    'Before its successor is known a set votes until that would: targets up to 42.',
    proves(chain.header(41n), prove(41n, known20), 7500n),
    refused('verifyBlock', prove(42n, known20, { attestation: votes(chain.header(42n), alpha) }), 'HeightOutOfRange'),
    refused('verifyBlock', prove(84n, known20, { attestation: votes(chain.header(84n), alpha) }), 'HeightOutOfRange'),
    refused('verifyBlock', prove(21n, known20, { attestation: votes(chain.header(21n), alpha) }), 'HeightOutOfRange'),
  ),
  epochAdopted: one(
    'Epochs one after the other, each final under the set before; the same again changes nothing.',
    updates(adopt40, 40n, 40n),
    updates(adopt40, 40n, 40n, 0),
    updates(adopt60, 60n, 60n),
    updates(adopt40, 60n, 60n, 0),
    proves(chain.header(70n), prove(70n, known60), 8000n),
  ),
  twoEpochsInOneUpdate: one(
    'The second is judged by the set that the first brings.',
    updates(concatHex([adopt40, adopt60, store(prove(70n, known60))]), 70n, 60n),
  ),
  epochBelowVotes: one(
    'The first block of an epoch has no votes of its own: a child that is final vouches for it.',
    updates(encodeUpdate([adoptStep(prove(41n, known20, {}, parents(40n, 40n)), chain.setAt(40n))]), 41n, 40n),
    refused('verifyBlock', encodeStoredProof(chain.header(40n)), 'NotStored'),
    proves(chain.header(42n), prove(42n, known40), 7500n),
  ),
  epochOfStoredBlock: one(
    'The block first, its keys later.',
    updates(store(prove(41n, known20, {}, parents(40n, 40n))), 41n),
    updates(encodeUpdate([adoptStep(encodeStoredProof(chain.header(40n)), chain.setAt(40n))]), 41n, 40n),
  ),
  skippedEpoch: one(
    'A set two epochs ahead is not the next: who votes until it does is not known.',
    refused('update', encodeUpdate([adoptStep(prove(39n, known20), chain.setAt(40n))]), 'EpochOrder'),
    updates(adopt40, 40n, 40n),
    refused('update', encodeUpdate([adoptStep(prove(61n, known40), chain.setAt(60n))]), 'EpochOrder'),
  ),
  ...epochCases,
  weakenedSet: one(
    'The set as given has fewer members, or votes for longer, than the one that is known; or its sum is of other keys.',
    refused('verifyBlock', patched(plain, SIZE, '0x03'), 'Commitment'),
    refused('verifyBlock', patched(plain, META + 6, numberToHex(1_000_000n, { size: 6 })), 'Commitment'),
    refused('verifyBlock', patched(plain, META, numberToHex(0n, { size: 6 })), 'Commitment'),
    refused('verifyBlock', patched(plain, META + 12, numberToHex(NOW + DAY, { size: 6 })), 'Commitment'),
    refused('verifyBlock', patched(plain, SIZE, '0x00'), 'UnknownVoter'),
    refused('verifyBlock', patched(plain, SUM, encodeKeys([chain.setAt(40n).tree.sum])), 'Commitment'),
    refused('verifyBlock', prove(30n, known40), 'UnknownEpoch'),
    refused('verifyBlock', patched(plain, 2, numberToHex(21n, { size: 6 })), 'UnknownEpoch'),
  ),
  absenteeKeys: one(
    'A key that is subtracted must be that of the absentee: any other would turn the voters key into what an attacker holds.',
    refused(
      'verifyBlock',
      patched(plain, SUM + 96, encodeKeys(chain.setAt(40n).tree.at(seatsIn(beta, [validator(5)])))),
      'Commitment',
    ),
    refused('verifyBlock', patched(plain, SUM + 96, encodeKeys(chain.setAt(20n).tree.at([0]))), 'Commitment'),
    refused('verifyBlock', patched(plain, SUM + 192, zeroHash), 'Commitment'),
    refused('verifyBlock', patched(plain, SUM + 96, `0x${'00'.repeat(96)}`), 'Bls12381_Infinity'),
    refused('verifyBlock', patched(plain, SUM + 96, `0x${'ff'.repeat(96)}`), 'Bls12381_NotInField'),
    refused('verifyBlock', patched(plain, SUM + 96, `0x${'00'.repeat(95)}01`), 'Bls12381_Precompile'),
    refused('verifyBlock', patched(plain, SUM, `0x${'00'.repeat(96)}`), 'Bls12381_Infinity'),
  ),
  signaturePoints: one(
    'Infinity is the signature of no key; a point off the curve is none.',
    refused('verifyBlock', patched(plain, SIGNATURE, infinity), 'Bls12381_Infinity'),
    refused('verifyBlock', patched(plain, SIGNATURE, offCurve), 'Bls12381_Precompile'),
  ),
  oldKeys: one(
    'A set that was replaced is trusted for its own period only, whatever the head does.',
    updates(concatHex([adopt40, adopt60]), 60n, 60n),
    proves(chain.header(30n), plain, 7500n, setExpiry - 1n),
    refused('verifyBlock', plain, 'SetExpired', setExpiry),
    proves(chain.header(70n), prove(70n, known60), 8000n, setExpiry),
  ),
  ancestors: one(
    'From a final block down by parents, and by the hashes that the state keeps (EIP-2935).',
    proves(chain.header(28n), prove(30n, known20, {}, parents(29n, 28n)), 7500n),
    proves(chain.header(5n), prove(30n, known20, {}, [through(30n, 5n)]), 7500n),
    proves(chain.header(4n), prove(30n, known20, {}, [through(30n, 6n), ...parents(5n, 5n), through(5n, 4n)]), 7500n),
    proves(chain.header(10n), encodeStoredProof(chain.header(23n), [through(23n, 10n)]), 6666n),
    updates(store(prove(30n, known20, {}, [through(30n, 5n)])), 30n),
    proves(chain.header(5n), encodeStoredProof(chain.header(5n)), 6666n),
  ),
  brokenLinks: one(
    'What is not below a final block is not final.',
    refused('verifyBlock', prove(30n, known20, {}, parents(28n, 28n)), 'NotParent'),
    refused('verifyBlock', prove(30n, known20, {}, [{ header: late.header }]), 'NotParent'),
    refused(
      'verifyBlock',
      prove(30n, known20, {}, [{ ...through(30n, 5n), header: chain.header(6n) }]),
      'MerklePatricia_NodeHash',
    ),
    refused('verifyBlock', prove(30n, known20, {}, [{ ...through(30n, 29n), header: late.header }]), 'NotParent'),
    refused('verifyBlock', prove(30n, known20, {}, [{ ...through(31n, 5n) }]), 'MerklePatricia_NodeHash'),
    refused('verifyBlock', prove(30n, known20, {}, [{ ...through(30n, 5n), header: chain.header(30n) }]), 'LinkOrder'),
    refused('verifyBlock', prove(30n, known20, {}, [{ ...through(30n, 5n), header: chain.header(31n) }]), 'LinkOrder'),
    refused('verifyBlock', concatHex([patched(plain, 1, '0x01'), '0x02', chain.header(29n).raw]), 'LinkKind'),
    refused('verifyBlock', patched(plain, 1, '0x01'), 'Truncated'),
  ),
  envelope: one(
    'Nothing may be missing or left over.',
    refused('verifyBlock', concatHex([plain, '0x00']), 'TrailingBytes'),
    refused('verifyBlock', '0x', 'Truncated'),
    refused('verifyBlock', '0x01', 'Truncated'),
    refused('verifyBlock', slice(plain, 0, 300), 'Truncated'),
    refused('verifyBlock', slice(plain, 0, size(plain) - 1), 'RLP_OutOfBounds'),
    refused('verifyBlock', patched(plain, 0, '0x03'), 'ProofKind'),
    refused('verifyBlock', encodeJumpProof(jump()), 'ProofKind'),
    refused('update', '0x', 'EmptyUpdate'),
    refused('update', concatHex(['0x02', plain]), 'ProofKind'),
    refused('update', concatHex(['0x00', plain, '0x00']), 'Truncated'),
    refused('reportMisbehaviour', plain, 'Truncated'),
    refused('reportMisbehaviour', concatHex([plain, plain, '0x00']), 'TrailingBytes'),
  ),
  forksAddFields: one(
    'A fork that appends fields to the header changes nothing.',
    ...[['0x01'], [keccak256('0x'), '0x05', keccak256('0x')]].map((more): Step => {
      const given = forged(30n, known20, alpha, { more: more as Hex[] }) // CAST: hex literals
      return proves(given.header, encodeAttestedProof(given), 7500n)
    }),
  ),
  timestamps: one(
    'A header beyond the head is not older than it, and none is from the future.',
    updates(store(plain), 30n),
    refused(
      'update',
      store(encodeAttestedProof(forged(31n, known20, alpha, { timestamp: chain.header(30n).timestamp - 1n }))),
      'Timestamp',
    ),
    proves(
      forged(31n, known20, alpha, { timestamp: chain.header(30n).timestamp }).header,
      encodeAttestedProof(forged(31n, known20, alpha, { timestamp: chain.header(30n).timestamp })),
      7500n,
    ),
    refused('verifyBlock', prove(35n, known20), 'FutureHeader', chain.header(35n).timestamp - DRIFT - 1n),
    proves(chain.header(35n), prove(35n, known20), 7500n, chain.header(35n).timestamp - DRIFT),
  ),
  largeNumbers: one(
    'Heights and times fit 48 bits.',
    refused(
      'verifyBlock',
      encodeAttestedProof(forged(30n, known20, alpha, { timestamp: 1n << 48n })),
      'ParliaHeader_TooLarge',
    ),
  ),
  storedConflict: one(
    'Another block at a height that is stored is refused: it is for evidence.',
    updates(store(plain), 30n),
    refused('update', store(encodeAttestedProof(equivocal)), 'Conflict'),
    refused('verifyBlock', encodeAttestedProof(equivocal), 'Conflict'),
    refused(
      'verifyBlock',
      prove(35n, known20, {}, [through(35n, 30n)]).replace(
        chain.header(30n).raw.slice(2),
        equivocal.header.raw.slice(2),
      ) as Hex,
      'NotParent',
    ), // CAST: hex in hex
  ),
  equivocation: one(
    'Two finalized blocks at one height freeze the client for good: nothing is accepted any more.',
    freezes(plain, encodeAttestedProof(equivocal)),
    refused('verifyBlock', encodeStoredProof(chain.header(23n)), 'LightClient_Frozen'),
    refused('update', store(plain), 'LightClient_Frozen'),
    refused('reportMisbehaviour', encodeEvidence(plain, encodeAttestedProof(equivocal)), 'LightClient_Frozen'),
  ),
  conflictingBranches: one(
    'Two finalized blocks at different heights that are not on one chain: from the higher down to the height of the lower there is another block.',
    freezes(prove(33n, known20, {}, [through(33n, 30n)]), encodeAttestedProof(equivocal)),
  ),
  storedAgainstVotes: one(
    'What was stored, against what a quorum finalized beside it.',
    updates(store(plain), 30n),
    freezes(encodeStoredProof(chain.header(30n)), encodeAttestedProof(equivocal)),
  ),
  timeRunsBack: one(
    'No chain has a block that is younger than one above it.',
    freezes(encodeAttestedProof(late), plain),
  ),
  noConflict: one(
    'Evidence that proves nothing: the same block twice, two blocks of one chain, justified blocks, votes of strangers.',
    refused('reportMisbehaviour', encodeEvidence(plain, plain), 'LightClient_NoConflict'),
    refused(
      'reportMisbehaviour',
      encodeEvidence(
        plain,
        prove(30n, known20, {
          attestation: votes(chain.header(30n), alpha, first(4), {
            targetHash: keccak256(stringToHex('another child')),
          }),
        }),
      ),
      'LightClient_NoConflict',
    ),
    refused('reportMisbehaviour', encodeEvidence(plain, prove(31n, known20)), 'LightClient_NoConflict'),
    refused(
      'reportMisbehaviour',
      encodeEvidence(
        plain,
        encodeAttestedProof({
          ...equivocal,
          attestation: votes(equivocal.header, alpha, first(3), { targetNumber: 33n }),
        }),
      ),
      'NotAdjacent',
    ),
    refused(
      'reportMisbehaviour',
      encodeEvidence(plain, encodeAttestedProof({ ...equivocal, attestation: votes(equivocal.header, beta) })),
      'Signature',
    ),
    refused('reportMisbehaviour', encodeEvidence(plain, encodeStoredProof(equivocal.header)), 'NotStored'),
  ),
  contestedEpoch: one(
    'A forged epoch header brings keys of the forger. The true one is judged by the same old set, so it can be shown against it.',
    updates(
      concatHex([
        '0x01',
        encodeAttestedProof(forgedEpoch),
        encodeOrdinates(createValidatorSet(40n, 1, sorted([11, 12, 13, 14]))),
      ]),
      40n,
      40n,
    ),
    refused('update', adopt40, 'Conflict'),
    freezes(prove(40n, known20), encodeStoredProof(forgedEpoch.header)),
  ),
  expired: one(
    'After the trusting period what is stored stays valid and nothing newly signed is accepted.',
    proves(chain.header(30n), plain, 7500n, expiry - 1n),
    refused('verifyBlock', plain, 'LightClient_Expired', expiry),
    refused('update', store(plain), 'LightClient_Expired', expiry),
    refused('reportMisbehaviour', encodeEvidence(plain, encodeAttestedProof(equivocal)), 'LightClient_Expired', expiry),
    refused('update', store(encodeJumpProof(jump())), 'LightClient_Expired', expiry),
    proves(chain.header(23n), encodeStoredProof(chain.header(23n)), 6666n, expiry),
    proves(chain.header(22n), encodeStoredProof(chain.header(23n), parents(22n, 22n)), 6666n, expiry),
  ),
  ...jumpCases,
}

const files: Readonly<Record<string, unknown>> = {
  client: {
    cases: Object.keys(cases),
    parameters: {
      chainId: CHAIN_ID,
      epochLength: parameters.epochLength,
      trustingPeriod: DAY,
      clockDrift: DRIFT,
    },
    anchor: {
      number: anchor.number,
      timestamp: anchor.timestamp,
      hash: anchor.hash,
      epoch: anchor.set.epoch,
      epochTimestamp: anchor.epochTimestamp,
      first: anchor.first,
      turnLength: anchor.set.turnLength,
      keys: encodeKeys(anchor.set.tree.keys),
      validators: anchor.set.validators.map(({ address, voteKey }) => ({ address, voteKey })),
    },
    now: NOW,
  },
  ...cases,
}
// forge reads quantities as numbers; all of these are far below 2^53.
const numeric = (_: string, value: unknown) => (typeof value === 'bigint' ? Number(value) : value)
writeVectors(
  Object.fromEntries(
    Object.entries(files).map(([name, content]) => [`parlia/${name}.json`, `${JSON.stringify(content, numeric, 1)}\n`]),
  ),
)
