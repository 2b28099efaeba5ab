/** The made-up Parlia chain of `vectors/parlia/`, and the ways to prove its blocks and blocks that it does not have. */
import {
  type AttestedBlock,
  encodeAttestedProof,
  type Jump,
  type KnownSet,
  knownSetOf,
  type Link,
  offsetOf,
  type ParliaHeader,
  type Possession,
  type TrustAnchor,
  type VoteAttestation,
  type VoteData,
} from '@meridian/consensus/parlia'
import { bls12_381 } from '@noble/curves/bls12-381.js'
import { bytesToHex, keccak256, stringToHex } from 'viem'
import {
  attest,
  CHAIN_ID,
  createTestParliaChain,
  TEST_EPOCH_LENGTH as LENGTH,
  possessionOf,
  sorted,
  type TestBlockPlan,
  type TestParliaChain,
  type TestValidator,
  validator,
} from '../../packages/consensus/test/parlia-chain.ts'

export const DAY = 86_400n
export const DRIFT = 60n

/** Sets of the epochs that start at 0, 20, 40, 60 and 80. The third has turn length 2: it hands over at 66, not at 63. */
export const alpha = sorted([1, 2, 3, 4])
export const beta = sorted([1, 2, 3, 5])
export const gamma = sorted([1, 2, 3, 5, 6])
export const chain = createTestParliaChain([
  { members: alpha, turnLength: 1 },
  { members: alpha, turnLength: 1 },
  { members: beta, turnLength: 2 },
  { members: gamma, turnLength: 1 },
  { members: gamma, turnLength: 1 },
])
chain.appendUntil(85n)

const start = chain.header(23n)
export const anchor: TrustAnchor = {
  number: start.number,
  timestamp: start.timestamp,
  hash: start.hash,
  set: chain.setAt(20n),
  epochTimestamp: chain.header(20n).timestamp,
  first: chain.firstTarget(20n),
}
export const parameters = {
  chainId: CHAIN_ID,
  epochLength: LENGTH,
  policy: { trustingPeriod: DAY, clockDrift: DRIFT },
}
/** Seconds after the newest block of the chain. */
export const NOW = chain.header(85n).timestamp + 1_000n

/** The set of epoch 20, as the client knows it from its anchor; that of 40, once adopted; that of 60, after that. */
export const known20 = knownSetOf(anchor, LENGTH)
export const known40 = adopted(40n, known20.end)
export const known60 = adopted(60n, known40.end)

export function adopted(epoch: bigint, first: bigint, header = chain.header(epoch)): KnownSet {
  const set = chain.setAt(epoch)
  return { set, first, end: epoch + LENGTH + offsetOf(set), timestamp: header.timestamp }
}

export const first = (count: number): number[] => [...Array(count).keys()]
/** The seats of these validators in a set. */
export const seatsIn = (set: readonly TestValidator[], members: readonly TestValidator[]): number[] =>
  members.map(({ address }) => set.findIndex((member) => member.address === address)).sort((a, b) => a - b)

/** Votes for a header and a child that is only a hash: nothing else of it is looked at. */
export function votes(
  header: ParliaHeader,
  set: readonly TestValidator[],
  seats: readonly number[] = first(Math.ceil((2 * set.length) / 3)),
  more: Partial<VoteData> = {},
): VoteAttestation {
  return attest(set, seats, {
    sourceNumber: header.number,
    sourceHash: header.hash,
    targetNumber: header.number + 1n,
    targetHash: keccak256(stringToHex('child')),
    ...more,
  })
}

/** A block of the chain with its own votes. */
export const block = (number: bigint, known: KnownSet, more: Partial<AttestedBlock> = {}): AttestedBlock => ({
  header: chain.header(number),
  attestation: chain.votesFor(number),
  known,
  ...more,
})
export const prove = (
  number: bigint,
  known: KnownSet,
  more: Partial<AttestedBlock> = {},
  links: readonly Link[] = [],
) => encodeAttestedProof(block(number, known, more), links)

/** A header that the chain does not have, with votes of `set` for it. */
export function forged(
  number: bigint,
  known: KnownSet,
  set: readonly TestValidator[],
  plan: TestBlockPlan = { salt: 'forged' },
): AttestedBlock {
  const header = chain.make(number, plan)
  return { header, attestation: votes(header, set), known }
}

/** What newcomers show of their keys, by seat. */
export const possessions = (
  set: readonly TestValidator[],
  trusted: readonly TestValidator[],
  of: (member: TestValidator) => Possession = possessionOf,
): ReadonlyMap<number, Possession> =>
  new Map(
    [...set.entries()]
      .filter(([, { address }]) => !trusted.some((member) => member.address === address))
      .map(([seat, member]) => [seat, of(member)]),
  )

/** The jump from the anchor's set to that of epoch 60, by block 80 with votes of the latter. */
export const jump = (more: Partial<Jump> = {}, source = 80n): Jump => ({
  trusted: known20,
  header: chain.header(source),
  attestation: chain.votesFor(source, first(5)),
  history: chain.historyProof(source, 60n),
  epochHeader: chain.header(60n),
  set: chain.setAt(60n),
  possessions: possessions(gamma, alpha),
  ...more,
})

/** A key made of the trusted ones: whoever knows `ROGUE_SECRET` signs for all of alpha and this one together. */
export const ROGUE_SECRET = 12_345n
const { G1 } = bls12_381
export const rogue: TestValidator = {
  ...validator(9),
  voteKey: bytesToHex(
    alpha
      .reduce(
        (key, { voteKey }) => key.subtract(G1.Point.fromHex(voteKey.slice(2))),
        G1.Point.BASE.multiply(ROGUE_SECRET),
      )
      .toBytes(true),
  ),
}

/** Another chain, whose epoch 60 lists these validators. Nobody votes on it but who is told to. */
export function sideChain(members: readonly TestValidator[]): TestParliaChain {
  const side = createTestParliaChain([
    { members: alpha, turnLength: 1 },
    { members: alpha, turnLength: 1 },
    { members: beta, turnLength: 2 },
    { members, turnLength: 1 },
  ])
  side.appendUntil(80n, { voters: [] })
  return side
}

/** The jump from the anchor's set to that of epoch 60 of another chain, by its block 80. */
export function sideJump(side: TestParliaChain, attestation: VoteAttestation, members: readonly TestValidator[]): Jump {
  return {
    trusted: known20,
    header: side.header(80n),
    attestation,
    history: side.historyProof(80n, 60n),
    epochHeader: side.header(60n),
    set: side.setAt(60n),
    possessions: possessions(members, alpha),
  }
}
