/**
 * Writes `vectors/qbft/`, a file a case: updates, block proofs and evidence of a made-up QBFT chain, valid and hostile ones,
 * each with what the contract and its TypeScript twin must answer. `--check` writes nothing and fails if a file differs.
 */
import { errorsBySelector } from '@meridian/abi'
import {
  anchorOfHeader,
  encodeEvidence,
  encodeSealedProof,
  encodeStoredProof,
  encodeUpdate,
  type QbftHeader,
  type SealedHeader,
  type SeatedSeal,
  seatedSeals,
  signSeal,
} from '@meridian/consensus/qbft'
import { type Address, concatHex, type Hex, numberToHex, slice, toRlp, zeroAddress } from 'viem'
import { type BlockPlan, keyOf, makeBlock, sortedKeys } from '../../packages/consensus/test/qbft-chain.ts'
import { writeVectors } from './write.ts'

const DAY = 86_400n
const DRIFT = 60n
/** Order of secp256k1. */
const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n

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

const four = sortedKeys([1, 2, 3, 4])
const five = sortedKeys([1, 2, 3, 4, 5])
const three = four.slice(0, 3)
const header = (number: bigint, set: readonly Hex[] = four, plan: Partial<BlockPlan> = {}): QbftHeader =>
  makeBlock({ number, set, ...plan }).header
const anchor = header(100n)
const NOW = anchor.timestamp + 10_000n

const sealed = (block: QbftHeader, more: Partial<SealedHeader> = {}): SealedHeader => ({
  header: block,
  seals: seatedSeals(block),
  range: 0,
  ...more,
})
const verify = (block: QbftHeader, more: Partial<SealedHeader> = {}): Hex => encodeSealedProof(sealed(block, more))
const trustFour = { trusted: anchor.validators }

const proves = (block: QbftHeader, data: Hex, participation: bigint, now = NOW): Step => ({
  call: 'verifyBlock',
  now,
  data,
  error: '',
  number: block.number,
  hash: block.hash,
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
const selectors = new Map(Object.entries(errorsBySelector).map(([selector, { name }]) => [name as string, selector])) // CAST: widened
function refused(call: Step['call'], data: Hex, error: string, now = NOW): Step {
  const selector = selectors.get(error)
  if (selector === undefined) throw new Error(`the contracts have no error ${error}`)
  return { call, now, data, error, selector }
}
const one = (story: string, ...steps: Step[]): Case => ({ story, steps })

const seals = seatedSeals(header(101n, four, { signers: four }))
const all = header(101n, four, { signers: four })
const plain = header(101n)
const seal = (seat: number): SeatedSeal => {
  const found = seals.find((candidate) => candidate.seat === seat)
  if (found === undefined) throw new Error(`no seal in seat ${seat}`)
  return found
}
const withSeals = (given: readonly SeatedSeal[]): Hex => verify(all, { seals: given })
const malleated = ({ seat, seal: original }: SeatedSeal): SeatedSeal => ({
  seat,
  seal: concatHex([
    slice(original, 0, 32),
    numberToHex(ORDER - BigInt(slice(original, 32, 64)), { size: 32 }),
    original.endsWith('00') ? '0x01' : '0x00',
  ]),
})
const withRecoveryId = ({ seat, seal: original }: SeatedSeal, id: number): SeatedSeal => ({
  seat,
  seal: concatHex([slice(original, 0, 64), numberToHex(id, { size: 1 })]),
})
/** The header with other extra data; sealed by the first three of `four` all the same. */
function withExtra(extraData: Hex, other: Readonly<Record<number, Hex>> = {}): Hex {
  const fields = [...Array(12).keys()].map((index): Hex => {
    const given = other[index]
    if (given !== undefined) return given
    if (index === 0 || (index >= 3 && index <= 5)) return numberToHex(index, { size: 32 })
    return index === 8 ? '0x65' : index === 11 ? numberToHex(plain.timestamp) : '0x'
  })
  return toRlp([...fields, extraData, numberToHex(1, { size: 32 }), '0x0000000000000000'])
}
/** A sealed proof of raw bytes, which need not be a header. */
const rawProof = (bytes: Hex): Hex => {
  const blank = verify(plain)
  return concatHex([slice(blank, 0, 1 + 4 + 1 + 1 + 3 * 66), bytes])
}
const set = anchor.validators
const vanity = numberToHex(0, { size: 32 })
const withFields = (other: Readonly<Record<number, Hex>>): Hex =>
  withExtra(toRlp([vanity, [...set], [], '0x', []]), other)

const added = header(110n, five)
const removed = header(110n, three)
const addedUpdate = encodeUpdate([sealed(added, trustFour)])
/** The update with the newcomer as a list of 20 bytes instead of an address, in the set and not where it proposed. */
const newcomer = added.validators.find((member) => !set.includes(member)) ?? zeroAddress
const newcomerAt = (addedUpdate.lastIndexOf(newcomer.slice(2)) - 2) / 2
const listMember = concatHex([slice(addedUpdate, 0, newcomerAt - 1), '0xd4', slice(addedUpdate, newcomerAt)])
const badSet = (validators: readonly Address[]): Hex =>
  encodeUpdate([
    sealed(header(110n, five, { validators, signers: [] }), {
      ...trustFour,
      seals: [0, 1, 2, 3].map((seat) => ({ seat, seal: seal(0).seal })),
    }),
  ])
const other = header(105n, four, { salt: 'other' })
const sameTime = header(106n, four, { timestamp: header(105n).timestamp })
const childOfOther = header(106n, four, { parentHash: other.hash })
const atRound = (round: number, plan: Partial<BlockPlan> = {}): QbftHeader => header(101n, four, { round, ...plan })
const roundCase = (round: number, plan: Partial<BlockPlan> = {}): Case =>
  one(
    `A block committed in round ${round} has the hash of round 0, with every length around it made anew.`,
    proves(atRound(round, plan), verify(atRound(round, plan)), 7500n),
  )
const child = header(103n, four, { parentHash: header(102n).hash })
const expiry = anchor.timestamp + DAY
const elected = header(110n, sortedKeys([1, 2, 3, 4, 6]))
const far = header(1n << 40n, four, { timestamp: NOW })
const later = header(105n, four, { timestamp: NOW + 1n })
const late = header(111n, five, { timestamp: expiry - 10n })

const cases: Readonly<Record<string, Case>> = {
  sealedBeyondHead: one('Three of four seal: final, without an update.', proves(plain, verify(plain), 7500n)),
  everySealCounts: one('All four seal.', proves(all, verify(all), 10_000n)),
  storedAnchor: one('The anchor is stored.', proves(anchor, encodeStoredProof(anchor), 6666n)),
  forksAddFields: one(
    'Fields behind the ones of the first fork change nothing.',
    proves(header(101n, four, { forks: true }), verify(header(101n, four, { forks: true })), 7500n),
  ),
  floorQuorum: one(
    'A client that computes floor(2N/3) takes two of four seals; QBFT commits with three.',
    refused('verifyBlock', withSeals([seal(0), seal(1)]), 'QbftLightClient_TooFewSeals'),
    refused('update', encodeUpdate([sealed(all, { seals: [seal(0), seal(1)] })]), 'QbftLightClient_TooFewSeals'),
  ),
  noSeals: one('No seal at all.', refused('verifyBlock', withSeals([]), 'QbftLightClient_TooFewSeals')),
  duplicateSeal: one(
    'Two validators and one of them again are two, not three.',
    refused('verifyBlock', withSeals([seal(0), seal(1), seal(1)]), 'QbftLightClient_SealOrder'),
  ),
  malleatedDuplicate: one(
    'A seal and its other form (r, n-s) are of one validator.',
    refused('verifyBlock', withSeals([seal(0), seal(1), malleated(seal(1))]), 'QbftLightClient_SealOrder'),
    refused(
      'verifyBlock',
      withSeals([seal(0), seal(1), { ...malleated(seal(1)), seat: 2 }]),
      'QbftLightClient_UnknownSigner',
    ),
  ),
  malleatedSeal: one(
    'High s is as good as low s where each validator counts once.',
    proves(all, withSeals([seal(0), malleated(seal(1)), seal(2)]), 7500n),
  ),
  unorderedSeals: one(
    'Seats out of order could hide a duplicate.',
    refused('verifyBlock', withSeals([seal(1), seal(0), seal(2)]), 'QbftLightClient_SealOrder'),
  ),
  unknownSigner: one(
    'A stranger seals in the seat of a validator.',
    refused(
      'verifyBlock',
      withSeals([seal(0), seal(1), { seat: 2, seal: signSeal(all.digest, keyOf(9)) }]),
      'QbftLightClient_UnknownSigner',
    ),
  ),
  unknownSeat: one(
    'A seat that nobody has.',
    refused(
      'verifyBlock',
      withSeals([seal(0), seal(1), { seat: 4, seal: signSeal(all.digest, keyOf(9)) }]),
      'QbftLightClient_UnknownSeat',
    ),
  ),
  zeroRecovery: one(
    'ecrecover answers 0 for what is no signature; 0 is nobody.',
    refused(
      'verifyBlock',
      withSeals([seal(0), seal(1), { seat: 2, seal: numberToHex(0, { size: 65 }) }]),
      'QbftLightClient_UnknownSigner',
    ),
  ),
  recoveryId: one(
    'The recovery id is 0 or 1, nothing that an addition could wrap around.',
    refused('verifyBlock', withSeals([seal(0), seal(1), withRecoveryId(seal(2), 2)]), 'QbftLightClient_RecoveryId'),
    refused('verifyBlock', withSeals([seal(0), seal(1), withRecoveryId(seal(2), 27)]), 'QbftLightClient_RecoveryId'),
    refused('verifyBlock', withSeals([seal(0), seal(1), withRecoveryId(seal(2), 229)]), 'QbftLightClient_RecoveryId'),
  ),
  sealOfOtherHeader: one(
    'Seals of another height, of a chain with other contents, or of another round of the same block.',
    refused('verifyBlock', verify(header(102n), { seals }), 'QbftLightClient_UnknownSigner'),
    refused(
      'verifyBlock',
      verify(header(101n, four, { salt: 'other chain' }), { seals }),
      'QbftLightClient_UnknownSigner',
    ),
    refused('verifyBlock', verify(atRound(1), { seals: seatedSeals(plain) }), 'QbftLightClient_UnknownSigner'),
  ),
  memberAdded: one(
    'One validator more: the update is taken, the new set seals on, the old one vouches for what was before.',
    refused('verifyBlock', verify(added, trustFour), 'QbftLightClient_SetChanged'),
    updates(addedUpdate, 110n),
    proves(added, encodeStoredProof(added), 6666n),
    proves(header(120n, five), verify(header(120n, five), { range: 1 }), 8000n),
    proves(header(105n), verify(header(105n)), 7500n),
    proves(header(105n, five), verify(header(105n, five), { range: 1 }), 8000n),
    refused('verifyBlock', verify(header(120n)), 'QbftLightClient_HeightOutOfRange'),
    refused('verifyBlock', verify(header(110n)), 'QbftLightClient_Conflict'),
    refused('verifyBlock', verify(header(111n)), 'QbftLightClient_HeightOutOfRange'),
    refused('verifyBlock', verify(header(100n, five), { range: 1 }), 'QbftLightClient_HeightOutOfRange'),
    refused('verifyBlock', verify(header(120n, five), { range: 2 }), 'QbftLightClient_UnknownRange'),
    refused('verifyBlock', verify(header(120n), { range: 1 }), 'QbftLightClient_TrustedSet'),
  ),
  memberRemoved: one(
    'One validator less.',
    updates(encodeUpdate([sealed(removed, trustFour)]), 110n),
    proves(header(111n, three), verify(header(111n, three), { range: 1 }), 6666n),
  ),
  severalChanges: one(
    'Two changes in one update, a header for each.',
    updates(
      encodeUpdate([
        sealed(added, trustFour),
        sealed(header(112n, five), { range: 1 }),
        sealed(header(115n, sortedKeys([1, 2, 3, 4, 5, 6])), { range: 1, trusted: added.validators }),
      ]),
      115n,
    ),
  ),
  setThatCameAndWent: one(
    'A validator joined and left between two updates: the blocks of that time stay provable under the set around them.',
    updates(encodeUpdate([sealed(header(120n))]), 120n),
    proves(header(110n, five), verify(header(110n, five), trustFour), 8000n),
    refused('verifyBlock', verify(header(110n, five)), 'QbftLightClient_TrustedSet'),
  ),
  addedWithTooFewSeals: one(
    'Three of five are no quorum of the new set.',
    refused(
      'update',
      encodeUpdate([sealed(added, { ...trustFour, seals: seatedSeals(added).slice(0, 3) })]),
      'QbftLightClient_TooFewSeals',
    ),
  ),
  addedWithForeignSeals: one(
    'A set that grows by a stranger who alone signs, in every seat.',
    refused(
      'update',
      encodeUpdate([
        sealed(added, {
          ...trustFour,
          seals: [0, 1, 2, 3].map((seat) => ({ seat, seal: signSeal(added.digest, keyOf(5)) })),
        }),
      ]),
      'QbftLightClient_UnknownSigner',
    ),
    refused(
      'update',
      encodeUpdate([
        sealed(added, { ...trustFour, seals: [...seatedSeals(added).slice(0, 3), ...seatedSeals(added).slice(2, 3)] }),
      ]),
      'QbftLightClient_SealOrder',
    ),
  ),
  strangerSet: one(
    'Strangers name themselves as validators and seal with every key that there is.',
    refused(
      'update',
      encodeUpdate([sealed(header(110n, sortedKeys([11, 12, 13, 14])), trustFour)]),
      'ValidatorSet_TooDifferent',
    ),
    refused('update', encodeUpdate([sealed(header(110n, sortedKeys([11])), trustFour)]), 'ValidatorSet_TooDifferent'),
  ),
  memberSwapped: one(
    'One out and one in with the same block is two changes, which voting cannot make.',
    refused(
      'update',
      encodeUpdate([sealed(header(110n, sortedKeys([1, 2, 3, 9])), trustFour)]),
      'ValidatorSet_TooDifferent',
    ),
  ),
  twoStepsInOneHeader: one(
    'Two validators more, or two less, in one header.',
    refused(
      'update',
      encodeUpdate([sealed(header(110n, sortedKeys([1, 2, 3, 4, 5, 6])), trustFour)]),
      'ValidatorSet_TooDifferent',
    ),
    refused('update', encodeUpdate([sealed(header(110n, four.slice(0, 2)), trustFour)]), 'ValidatorSet_TooDifferent'),
  ),
  wrongTrustedSet: one(
    'The trusted set is what the client says, not what the relayer says.',
    refused('update', encodeUpdate([sealed(added)]), 'QbftLightClient_TrustedSet'),
    refused('update', encodeUpdate([sealed(added, { trusted: added.validators })]), 'QbftLightClient_TrustedSet'),
    refused('update', encodeUpdate([sealed(plain, trustFour)]), 'QbftLightClient_TrustedSet'),
  ),
  malformedSet: one(
    'A set out of order or with a member twice would count one key for two.',
    refused('update', badSet([...added.validators].reverse()), 'ValidatorSet_Order'),
    refused('update', badSet([...set.slice(0, 2), ...set.slice(1)]), 'ValidatorSet_Order'),
    refused('update', badSet([zeroAddress, ...set]), 'ValidatorSet_Order'),
    refused('update', listMember, 'ValidatorSet_Member'),
    refused('verifyBlock', rawProof(withExtra(toRlp([vanity, [...set, '0x01'], [], '0x', []]))), 'ValidatorSet_Size'),
  ),
  emptySet: one(
    'Validators kept in a contract leave the header empty: ceil(0) seals would be enough for anything.',
    refused(
      'verifyBlock',
      concatHex([
        numberToHex(1, { size: 1 }),
        numberToHex(0, { size: 6 }),
        withExtra(toRlp([vanity, [], [], '0x', []])),
      ]),
      'ValidatorSet_Size',
    ),
  ),
  olderHeader: one(
    'An older header is stored and never moves the head back.',
    updates(encodeUpdate([sealed(header(120n))]), 120n),
    updates(encodeUpdate([sealed(header(110n))]), 120n),
    updates(encodeUpdate([sealed(header(110n))]), 120n, 0),
    updates(encodeUpdate([sealed(header(111n)), sealed(header(130n))]), 130n),
    proves(header(110n), encodeStoredProof(header(110n)), 6666n),
  ),
  headerOrder: one(
    'Headers of an update ascend.',
    refused('update', encodeUpdate([sealed(header(105n)), sealed(header(104n))]), 'QbftLightClient_HeaderOrder'),
    refused('update', encodeUpdate([sealed(header(105n)), sealed(header(105n))]), 'QbftLightClient_HeaderOrder'),
  ),
  beforeTheAnchor: one(
    'The anchor says nothing of the validators before it.',
    refused('verifyBlock', verify(header(99n)), 'QbftLightClient_HeightOutOfRange'),
    refused('update', encodeUpdate([sealed(header(99n))]), 'QbftLightClient_HeightOutOfRange'),
  ),
  timestamps: one(
    'Equal timestamps occur below a second a block; time never runs back.',
    proves(
      header(101n, four, { timestamp: anchor.timestamp }),
      verify(header(101n, four, { timestamp: anchor.timestamp })),
      7500n,
    ),
    refused(
      'verifyBlock',
      verify(header(101n, four, { timestamp: anchor.timestamp - 1n })),
      'QbftLightClient_Timestamp',
    ),
    refused(
      'update',
      encodeUpdate([sealed(header(101n, four, { timestamp: anchor.timestamp - 1n }))]),
      'QbftLightClient_Timestamp',
    ),
  ),
  futureHeader: one(
    'A header from the future would keep the client alive beyond its trusting period.',
    proves(
      header(101n, four, { timestamp: NOW + DRIFT }),
      verify(header(101n, four, { timestamp: NOW + DRIFT })),
      7500n,
    ),
    refused('verifyBlock', verify(header(101n, four, { timestamp: NOW + DRIFT + 1n })), 'QbftLightClient_FutureHeader'),
    refused(
      'update',
      encodeUpdate([sealed(header(101n, four, { timestamp: NOW + DRIFT + 1n }))]),
      'QbftLightClient_FutureHeader',
    ),
  ),
  round1: roundCase(1),
  round127: roundCase(127),
  round128: roundCase(128),
  round255: roundCase(255),
  round256: roundCase(256),
  round65536: roundCase(65_536),
  roundMax: roundCase(4_294_967_295),
  roundWithForks: roundCase(70_000, { forks: true }),
  roundInShortExtra: roundCase(300, { vanity: '0x' }),
  roundTooLong: one(
    'No client keeps a round in more than 32 bits.',
    refused('verifyBlock', rawProof(withExtra(toRlp([vanity, [...set], [], '0x0100000000', []]))), 'QbftHeader_Round'),
  ),
  nonCanonicalRound: one(
    'Two encodings of one round would give one block two digests.',
    refused('verifyBlock', rawProof(withExtra(toRlp([vanity, [...set], [], '0x00', []]))), 'RLP_NonCanonicalInteger'),
    refused('verifyBlock', rawProof(withExtra(toRlp([vanity, [...set], [], '0x0080', []]))), 'RLP_NonCanonicalInteger'),
  ),
  sealsInside: one(
    'The header as served still has its seals: validators did not seal that.',
    refused(
      'verifyBlock',
      rawProof(withExtra(toRlp([vanity, [...set], [], '0x', [seal(0).seal]]))),
      'QbftHeader_SealsInside',
    ),
  ),
  extraDataShape: one(
    'Extra data has exactly five items and nothing behind them.',
    refused('verifyBlock', rawProof(withExtra(toRlp([vanity, [...set], [], '0x', [], '0x']))), 'RLP_TrailingBytes'),
    refused(
      'verifyBlock',
      rawProof(withExtra(concatHex([toRlp([vanity, [...set], [], '0x', []]), '0x00']))),
      'RLP_TrailingBytes',
    ),
    refused('verifyBlock', rawProof(withExtra(toRlp([vanity, [...set], [], '0x']))), 'RLP_OutOfBounds'),
    refused('verifyBlock', rawProof(withExtra(toRlp([vanity, [...set], '0x', '0x', []]))), 'RLP_UnexpectedKind'),
    refused('verifyBlock', rawProof(withExtra(vanity)), 'RLP_UnexpectedKind'),
  ),
  trailingBytes: one(
    'Nothing may follow a proof, an update or evidence.',
    refused('verifyBlock', concatHex([verify(plain), '0x00']), 'RLP_UnexpectedKind'),
    refused('verifyBlock', concatHex([verify(plain), '0xc0']), 'RLP_OutOfBounds'),
    refused('update', concatHex([encodeUpdate([sealed(plain)]), '0x00']), 'QbftLightClient_Truncated'),
  ),
  malformedEnvelope: one(
    'Bytes that are no update and no proof.',
    refused('update', '0x', 'QbftLightClient_EmptyUpdate'),
    refused('verifyBlock', '0x', 'QbftLightClient_Truncated'),
    refused('verifyBlock', '0x02', 'QbftLightClient_ProofKind'),
    refused('verifyBlock', slice(verify(plain), 0, 60), 'QbftLightClient_Truncated'),
    refused('reportMisbehaviour', '0x00', 'QbftLightClient_Truncated'),
    refused('reportMisbehaviour', '0xffffffff00', 'QbftLightClient_Truncated'),
  ),
  numbersTooLarge: one(
    'A number of more than 64 bits would be cut short where it is stored.',
    refused('verifyBlock', rawProof(withFields({ 8: '0x010000000000000065' })), 'QbftHeader_TooLarge'),
    refused('verifyBlock', rawProof(withFields({ 11: '0x010000000000000065' })), 'QbftHeader_TooLarge'),
  ),
  notStored: one(
    'A header that nobody sealed is not stored, whatever it says.',
    refused('verifyBlock', encodeStoredProof(plain), 'QbftLightClient_NotStored'),
    refused('verifyBlock', encodeStoredProof(header(100n, four, { salt: 'forged' })), 'QbftLightClient_NotStored'),
  ),
  ancestors: one(
    'A block is final if a final one descends from it.',
    proves(header(102n), encodeSealedProof(sealed(child), [header(102n)]), 7500n),
    refused(
      'verifyBlock',
      encodeSealedProof(sealed(child), [header(102n, four, { salt: 'forged' })]),
      'QbftLightClient_NotParent',
    ),
    refused('verifyBlock', encodeSealedProof(sealed(child), [header(101n)]), 'QbftLightClient_NotParent'),
  ),
  conflictWithStored: one(
    'A sealed block that contradicts a stored one is not served; both together are evidence.',
    updates(encodeUpdate([sealed(header(105n))]), 105n),
    refused('verifyBlock', verify(other), 'QbftLightClient_Conflict'),
    refused('verifyBlock', encodeSealedProof(sealed(childOfOther), [other]), 'QbftLightClient_Conflict'),
    refused('update', encodeUpdate([sealed(other)]), 'QbftLightClient_Conflict'),
    {
      call: 'reportMisbehaviour',
      now: NOW,
      data: encodeEvidence(encodeStoredProof(header(105n)), verify(other)),
      error: '',
    },
    refused('verifyBlock', encodeStoredProof(header(105n)), 'LightClient_Frozen'),
  ),
  equivocation: one(
    'Two blocks at one height freeze the client for good: nothing is accepted any more.',
    { call: 'reportMisbehaviour', now: NOW, data: encodeEvidence(verify(header(105n)), verify(other)), error: '' },
    refused('verifyBlock', encodeStoredProof(anchor), 'LightClient_Frozen'),
    refused('verifyBlock', verify(plain), 'LightClient_Frozen'),
    refused('update', encodeUpdate([sealed(plain)]), 'LightClient_Frozen'),
    refused('reportMisbehaviour', encodeEvidence(verify(header(105n)), verify(other)), 'LightClient_Frozen'),
  ),
  contestedHandover: one(
    'A forged header elects a validator at the height where the chain elected another. The true header is two members from the forged set, so only the set that judged the forged one can judge it: it must, or the forger picks a height at which nobody can freeze the client.',
    updates(addedUpdate, 110n),
    refused('verifyBlock', verify(elected, trustFour), 'QbftLightClient_Conflict'),
    refused('update', encodeUpdate([sealed(elected, trustFour)]), 'QbftLightClient_Conflict'),
    refused(
      'verifyBlock',
      verify(header(111n, sortedKeys([1, 2, 3, 4, 6])), trustFour),
      'QbftLightClient_HeightOutOfRange',
    ),
    refused(
      'reportMisbehaviour',
      encodeEvidence(verify(added, trustFour), encodeStoredProof(added)),
      'LightClient_NoConflict',
    ),
    {
      call: 'reportMisbehaviour',
      now: NOW,
      data: encodeEvidence(encodeStoredProof(added), verify(elected, trustFour)),
      error: '',
    },
    refused('verifyBlock', encodeStoredProof(added), 'LightClient_Frozen'),
  ),
  farAhead: one(
    'A forged header takes a height that the chain will not reach, where no block can contradict it: the next block below it, which is later, does.',
    updates(encodeUpdate([sealed(far)]), 1n << 40n),
    proves(later, verify(later), 7500n),
    refused(
      'reportMisbehaviour',
      encodeEvidence(encodeStoredProof(far), verify(header(105n, four, { timestamp: NOW }))),
      'LightClient_NoConflict',
    ),
    refused('reportMisbehaviour', encodeEvidence(verify(plain), encodeStoredProof(far)), 'LightClient_NoConflict'),
    refused('reportMisbehaviour', encodeEvidence(encodeStoredProof(far), verify(plain)), 'LightClient_NoConflict'),
    { call: 'reportMisbehaviour', now: NOW, data: encodeEvidence(encodeStoredProof(far), verify(later)), error: '' },
    refused('verifyBlock', encodeStoredProof(far), 'LightClient_Frozen'),
  ),
  farAheadUnstored: one(
    'The same before anybody stored the forged header, the later block first.',
    { call: 'reportMisbehaviour', now: NOW, data: encodeEvidence(verify(later), verify(far)), error: '' },
    refused('verifyBlock', verify(later), 'LightClient_Frozen'),
  ),
  sameBlockTwoRounds: one(
    'Validators may seal one block in two rounds: the block hash is one, and no honest validator must be blamed.',
    refused('reportMisbehaviour', encodeEvidence(verify(plain), verify(atRound(3))), 'LightClient_NoConflict'),
  ),
  weakEvidence: one(
    'Evidence is verified as strictly as blocks are, else anybody could freeze the client.',
    refused('reportMisbehaviour', encodeEvidence(verify(header(105n)), verify(plain)), 'LightClient_NoConflict'),
    refused('reportMisbehaviour', encodeEvidence(verify(plain), verify(plain)), 'LightClient_NoConflict'),
    refused('reportMisbehaviour', encodeEvidence(verify(header(105n)), verify(sameTime)), 'LightClient_NoConflict'),
    refused('reportMisbehaviour', encodeEvidence(verify(sameTime), verify(header(105n))), 'LightClient_NoConflict'),
    refused(
      'reportMisbehaviour',
      encodeEvidence(verify(header(105n)), verify(other, { seals: seatedSeals(other).slice(0, 2) })),
      'QbftLightClient_TooFewSeals',
    ),
    refused(
      'reportMisbehaviour',
      encodeEvidence(verify(header(105n)), encodeStoredProof(other)),
      'QbftLightClient_NotStored',
    ),
    refused(
      'reportMisbehaviour',
      encodeEvidence(verify(header(105n)), verify(header(105n, sortedKeys([11, 12, 13, 14])), trustFour)),
      'ValidatorSet_TooDifferent',
    ),
  ),
  longRange: one(
    'Keys of validators that left long ago are cheap to get: what they seal now is not believed.',
    updates(addedUpdate, 110n),
    updates(encodeUpdate([sealed(late, { range: 1 })]), 111n, 1, expiry - 20n),
    proves(header(105n), verify(header(105n)), 7500n, expiry - 1n),
    refused('verifyBlock', verify(header(105n)), 'QbftLightClient_SetExpired', expiry),
    refused('update', encodeUpdate([sealed(header(105n))]), 'QbftLightClient_SetExpired', expiry),
    refused(
      'reportMisbehaviour',
      encodeEvidence(verify(header(105n)), verify(other)),
      'QbftLightClient_SetExpired',
      expiry,
    ),
    proves(
      header(112n, five, { timestamp: expiry }),
      verify(header(112n, five, { timestamp: expiry }), { range: 1 }),
      8000n,
      expiry,
    ),
  ),
  expired: one(
    'After the trusting period what is stored stays valid and nothing newly signed is accepted.',
    proves(plain, verify(plain), 7500n, expiry - 1n),
    refused('verifyBlock', verify(plain), 'LightClient_Expired', expiry),
    refused('update', encodeUpdate([sealed(plain)]), 'LightClient_Expired', expiry),
    refused('reportMisbehaviour', encodeEvidence(verify(header(105n)), verify(other)), 'LightClient_Expired', expiry),
    proves(anchor, encodeStoredProof(anchor), 6666n, expiry),
  ),
}

const { number, timestamp, hash, validators } = anchorOfHeader(anchor)
const files: Readonly<Record<string, unknown>> = {
  client: {
    cases: Object.keys(cases),
    anchor: { number, timestamp, hash, validators },
    trustingPeriod: DAY,
    clockDrift: DRIFT,
    now: NOW,
  },
  ...cases,
}
// forge reads quantities as numbers; all of these are far below 2^53.
const numeric = (_: string, value: unknown) => (typeof value === 'bigint' ? Number(value) : value)
writeVectors(
  Object.fromEntries(
    Object.entries(files).map(([name, content]) => [`qbft/${name}.json`, `${JSON.stringify(content, numeric, 1)}\n`]),
  ),
)
