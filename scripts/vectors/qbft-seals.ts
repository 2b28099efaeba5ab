/** Which seals make a block final. */
import { encodeStoredProof, encodeUpdate, type SeatedSeal, seatedSeals, signSeal } from '@meridian/consensus/qbft'
import { concatHex, type Hex, numberToHex, slice } from 'viem'
import { keyOf } from '../../packages/consensus/test/qbft-chain.ts'
import {
  all,
  anchor,
  atRound,
  type Case,
  four,
  header,
  one,
  plain,
  proves,
  refused,
  seal,
  sealed,
  seals,
  verify,
} from './qbft-world.ts'

/** Order of secp256k1. */
const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n

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

export const sealCases: Readonly<Record<string, Case>> = {
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
}
