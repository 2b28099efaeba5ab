/** Cases of `vectors/parlia/` that jump over epochs, and the chains of those who would forge one. */
import {
  adoptStep,
  encodeJumpProof,
  encodeStoredProof,
  encodeUpdate,
  possessionMessage,
  signAggregate,
  voteHash,
} from '@meridian/consensus/parlia'
import { concatHex, type Hex } from 'viem'
import {
  CHAIN_ID,
  possessionOf,
  sorted,
  type TestValidator,
  validator,
} from '../../packages/consensus/test/parlia-chain.ts'
import { type Case, freezes, one, proves, refused, store, updates } from './parlia-steps.ts'
import {
  adopted,
  alpha,
  chain,
  first,
  gamma,
  jump,
  possessions,
  prove,
  ROGUE_SECRET,
  rogue,
  seatsIn,
  sideChain,
  sideJump,
  votes,
} from './parlia-world.ts'

const SIGNATURE_SIZE = 192

/** Alpha, and a key that cancels theirs. */
const withRogue = bySeat([...alpha, rogue])
const rogueChain = sideChain(withRogue)
const rogueVotes = votes(rogueChain.header(80n), withRogue, first(5))
const rogueSignature = signAggregate([ROGUE_SECRET], voteHash(rogueVotes.data))
/** The best that can be shown for it: the right words, signed by what is known. */
const { operator } = possessionOf(rogue)
const pretended = {
  operator,
  signature: signAggregate([ROGUE_SECRET], possessionMessage(operator, rogue.voteKey, CHAIN_ID)),
}
const rogueJump = {
  ...sideJump(rogueChain, { ...rogueVotes, signature: rogueSignature }, withRogue),
  possessions: possessions(withRogue, alpha, () => pretended),
}
/** The bytes of the rogue's seat: not in the trusted set, operator and signature. */
const rogueSeat = concatHex(['0xff', operator])
const encodedRogue = encodeJumpProof(rogueJump)

/** Three of alpha, the first of them twice. */
const doubled = bySeat([...sorted([1, 2, 3]), { ...validator(1), address: validator(7).address }])
const doubledChain = sideChain(doubled)
const doubledVotes = votes(
  doubledChain.header(80n),
  doubled,
  seatsIn(doubled, [...sorted([1, 2]), { ...validator(7) }]),
)

/** Three of alpha that left, with two of their own. */
const colluding = sorted([1, 2, 3, 11, 12])
const colludingChain = sideChain(colluding)
const colludingJump = sideJump(colludingChain, votes(colludingChain.header(80n), colluding, first(5)), colluding)

export const jumpCases: Readonly<Record<string, Case>> = {
  jump: one(
    'Over an epoch at once: block 80 has votes of the set of epoch 60, three of them of the trusted set, the others with proof of possession.',
    updates(store(encodeJumpProof(jump())), 80n, 60n),
    proves(chain.header(81n), prove(81n, jumped()), 8000n),
    refused('update', store(encodeJumpProof(jump())), 'EpochOrder'),
    updates(encodeUpdate([adoptStep(encodeStoredProof(chain.header(80n)), chain.setAt(80n))]), 80n, 80n),
  ),
  jumpWithRogueKey: one(
    'A key made of the trusted ones lets its maker sign for all of them: without proof of possession no stranger votes.',
    refused('update', store(encodedRogue), 'Possession'),
    // Nor is it the key of any trusted seat.
    refused('update', store(withTrustedSeat(encodedRogue)), 'TrustedSeat'),
  ),
  jumpPossession: one(
    'Proof of possession is of this key and for this chain.',
    refused(
      'update',
      store(
        encodeJumpProof(
          jump({ possessions: possessions(gamma, alpha, (member) => possessionOf(member, CHAIN_ID + 1n)) }),
        ),
      ),
      'Possession',
    ),
    refused(
      'update',
      store(encodeJumpProof(jump({ possessions: possessions(gamma, alpha, () => possessionOf(validator(6))) }))),
      'Possession',
    ),
  ),
  jumpTrustedVotes: one(
    'A quorum of the later set with too few of the trusted one, or with one of those twice.',
    refused(
      'update',
      store(encodeJumpProof(jump({ attestation: chain.votesFor(80n, seatsIn(gamma, sorted([1, 2, 5, 6]))) }))),
      'TooFewTrustedVotes',
    ),
    refused(
      'update',
      store(encodeJumpProof(jump({ attestation: chain.votesFor(80n, seatsIn(gamma, sorted([1, 2, 3]))) }))),
      'TooFewVotes',
    ),
    refused('update', store(encodeJumpProof(sideJump(doubledChain, doubledVotes, doubled))), 'TrustedSeat'),
  ),
  jumpTooEarly: one(
    'Whether the set of epoch 60 votes on a target before epoch 80 depends on the set before it, which a jump does not show.',
    refused(
      'update',
      store(encodeJumpProof(jump({ attestation: votes(chain.header(78n), gamma, first(5)) }, 78n))),
      'HeightOutOfRange',
    ),
    refused(
      'update',
      store(encodeJumpProof(jump({ attestation: votes(chain.header(82n), gamma, first(5)) }, 82n))),
      'HeightOutOfRange',
    ),
    updates(store(encodeJumpProof(jump({ attestation: votes(chain.header(79n), gamma, first(5)) }, 79n))), 79n, 60n),
  ),
  jumpToNoEpoch: one(
    'The header lies below the block that has the votes, and begins an epoch that is later than the trusted one.',
    refused('update', store(encodeJumpProof(jump({ epochHeader: chain.header(61n) }))), 'MerklePatricia_NodeHash'),
    refused(
      'update',
      store(
        encodeJumpProof(
          jump({
            epochHeader: chain.header(20n),
            history: chain.historyProof(80n, 20n),
            set: chain.setAt(20n),
            attestation: votes(chain.header(80n), alpha, first(4)),
          }),
        ),
      ),
      'EpochOrder',
    ),
  ),
  jumpVotes: one(
    'The votes are for the block and its child.',
    refused(
      'update',
      store(
        encodeJumpProof(jump({ attestation: { ...chain.votesFor(80n, first(5)), data: chain.votesFor(81n).data } })),
      ),
      'NotAdjacent',
    ),
    refused(
      'update',
      store(
        encodeJumpProof(
          jump({ attestation: { ...chain.votesFor(80n, first(5)), signature: chain.votesFor(79n).signature } }),
        ),
      ),
      'Signature',
    ),
  ),
  jumpAgainstForgedJump: one(
    'A forged jump moves the head and brings keys of the forger; the true jump from the same set is evidence against it.',
    updates(store(encodeJumpProof(colludingJump)), 80n, 60n),
    freezes(encodeJumpProof(jump()), encodeStoredProof(colludingJump.header)),
  ),
}

/** The set of epoch 60 after the jump: trusted for targets of epoch 80 on only. */
function jumped() {
  return { ...adopted(60n, 80n), end: 83n }
}

/** The bytes with the rogue's seat taken for the first of the trusted set's. */
function withTrustedSeat(data: Hex): Hex {
  const at = data.lastIndexOf(rogueSeat.slice(2))
  return `0x${data.slice(2, at)}00${data.slice(at + rogueSeat.length - 2 + 2 * SIGNATURE_SIZE)}`
}

function bySeat(members: readonly TestValidator[]): TestValidator[] {
  return [...members].sort((a, b) => (BigInt(a.address) < BigInt(b.address) ? -1 : 1))
}
