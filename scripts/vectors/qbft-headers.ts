/** What a header, a proof and an update may look like, and which blocks are beyond them. */
import { encodeSealedProof, encodeStoredProof, encodeUpdate } from '@meridian/consensus/qbft'
import { concatHex, type Hex, slice, toRlp } from 'viem'
import type { BlockPlan } from '../../packages/consensus/test/qbft-chain.ts'
import {
  anchor,
  atRound,
  type Case,
  DRIFT,
  four,
  header,
  NOW,
  one,
  plain,
  proves,
  rawProof,
  refused,
  seal,
  sealed,
  set,
  updates,
  vanity,
  verify,
  withExtra,
} from './qbft-world.ts'

const withFields = (other: Readonly<Record<number, Hex>>): Hex =>
  withExtra(toRlp([vanity, [...set], [], '0x', []]), other)

const roundCase = (round: number, plan: Partial<BlockPlan> = {}): Case =>
  one(
    `A block committed in round ${round} has the hash of round 0, with every length around it made anew.`,
    proves(atRound(round, plan), verify(atRound(round, plan)), 7500n),
  )
const child = header(103n, four, { parentHash: header(102n).hash })

export const headerCases: Readonly<Record<string, Case>> = {
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
}
