/** Contradictions, and what freezes or expires a client. */
import {
  encodeEvidence,
  encodeSealedProof,
  encodeStoredProof,
  encodeUpdate,
  seatedSeals,
} from '@meridian/consensus/qbft'
import { sortedKeys } from '../../packages/consensus/test/qbft-chain.ts'
import {
  added,
  addedUpdate,
  anchor,
  atRound,
  type Case,
  DAY,
  five,
  four,
  header,
  NOW,
  one,
  plain,
  proves,
  refused,
  sealed,
  trustFour,
  updates,
  verify,
} from './qbft-world.ts'

const other = header(105n, four, { salt: 'other' })
const sameTime = header(106n, four, { timestamp: header(105n).timestamp })
const childOfOther = header(106n, four, { parentHash: other.hash })
const expiry = anchor.timestamp + DAY
const elected = header(110n, sortedKeys([1, 2, 3, 4, 6]))
const far = header(1n << 40n, four, { timestamp: NOW })
const later = header(105n, four, { timestamp: NOW + 1n })
const late = header(111n, five, { timestamp: expiry - 10n })

export const evidenceCases: Readonly<Record<string, Case>> = {
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
