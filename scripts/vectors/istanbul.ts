/**
 * Writes `vectors/istanbul/`, a file a case: updates, block proofs and evidence of a made-up MAP relay chain, valid and
 * hostile ones, each with what the contract and its TypeScript twin must answer. `--check` writes nothing and fails if a file
 * differs.
 */

import { encodeEvidence, encodeStoredProof, parseHeader } from '@meridian/consensus/istanbul'
import { concatHex, type Hex, numberToHex, size, slice, toRlp } from 'viem'
import {
  extraDataOf,
  g1Of,
  headerOf,
  keys,
  secretOf,
  secretsOf,
  testChain,
} from '../../packages/consensus/test/istanbul-chain.ts'
import { sealCases } from './istanbul-seals.ts'
import {
  anchor,
  at,
  block,
  type Case,
  client,
  DAY,
  DRIFT,
  end,
  endJoins,
  envelope,
  extraWith,
  five,
  four,
  freezes,
  joins,
  LATER,
  late,
  NOW,
  one,
  plain,
  preFork,
  proves,
  rawEnd,
  refused,
  resealed,
  update,
  updates,
  verify,
} from './istanbul-world.ts'
import { writeVectors } from './write.ts'

const cases: Readonly<Record<string, Case>> = {
  ...sealCases,
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
  unknownEpoch: one(
    'An epoch is known once the one before has ended in a sealed header; none can be skipped, and none before the anchor is known.',
    refused('verifyBlock', verify(block(31n)), client('UnknownEpoch')),
    refused('update', update(block(40n)), client('UnknownEpoch')),
    refused('verifyBlock', verify(block(20n)), client('UnknownEpoch')),
    refused('verifyBlock', verify(block(15n)), client('UnknownEpoch')),
    updates(update(end, block(40n), block(50n)), 50n),
    proves(block(51n), verify(block(51n))),
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
