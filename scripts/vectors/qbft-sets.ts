/** How a set of validators becomes the next one. */
import { encodeStoredProof, encodeUpdate, seatedSeals, signSeal } from '@meridian/consensus/qbft'
import { type Address, concatHex, type Hex, numberToHex, slice, toRlp, zeroAddress } from 'viem'
import { keyOf, sortedKeys } from '../../packages/consensus/test/qbft-chain.ts'
import {
  added,
  addedUpdate,
  type Case,
  five,
  four,
  header,
  one,
  plain,
  proves,
  rawProof,
  refused,
  seal,
  sealed,
  set,
  three,
  trustFour,
  updates,
  vanity,
  verify,
  withExtra,
} from './qbft-world.ts'

const removed = header(110n, three)
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

export const setCases: Readonly<Record<string, Case>> = {
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
}
