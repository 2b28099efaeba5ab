import { concatHex, type Hex, numberToHex, size } from 'viem'
import { encodeG1, encodeG2 } from '../ethereum/bls.ts'
import type { VoteAttestation } from './extra.ts'
import type { ParliaHeader } from './header.ts'
import { commitmentOf, decompressSignature, encodeKeys, leafOf, ordinateOf } from './keys.ts'
import { votersOf } from './quorum.ts'
import type { ValidatorSet } from './validator-set.ts'

/** First byte of a proof. */
export const KIND_STORED = 0
export const KIND_ATTESTED = 1
export const KIND_JUMP = 2
/** First byte of a step of an update. */
export const STEP_STORE = 0
export const STEP_ADOPT = 1
/** First byte of a link. */
export const LINK_PARENT = 0
export const LINK_HISTORY = 1
/** In place of a seat in the trusted set. */
export const NEWCOMER = 0xff

/** A set as the client knows it: the targets that it votes on, and when its epoch began. */
export interface KnownSet {
  readonly set: ValidatorSet
  /** First target. */
  readonly first: bigint
  /** First target that it does not vote on any more, as it was when the client adopted it. */
  readonly end: bigint
  /** Unix seconds of the block that lists it. */
  readonly timestamp: bigint
}

/** Trie nodes, from the root on and concatenated, that show a block's hash in a later block's state (EIP-2935). */
export interface HistoryProof {
  readonly account: Hex
  readonly storage: Hex
}

/** A header below another, and how it is reached: as its parent, or through its state. */
export interface Link {
  readonly header: ParliaHeader
  readonly history?: HistoryProof
}

/** A block with votes that finalize it, and the set whose votes they are. */
export interface AttestedBlock {
  readonly header: ParliaHeader
  readonly attestation: VoteAttestation
  readonly known: KnownSet
}

/** That a validator has its vote key, as it was shown to StakeHub. */
export interface Possession {
  readonly operator: Hex
  /** Compressed G2 point, 96 bytes. */
  readonly signature: Hex
}

/** A later epoch's set with votes of its own, judged by a trusted set. */
export interface Jump {
  readonly trusted: KnownSet
  readonly header: ParliaHeader
  readonly attestation: VoteAttestation
  readonly history: HistoryProof
  readonly epochHeader: ParliaHeader
  readonly set: ValidatorSet
  /** For each voter that is not in the trusted set, by its seat. */
  readonly possessions: ReadonlyMap<number, Possession>
}

const byte = (value: number): Hex => numberToHex(value, { size: 1 })
const height = (value: bigint): Hex => numberToHex(value, { size: 6 })

/** A set's numbers, as they are bound to its keys: first(6) end(6) timestamp(6) size(1). */
export function encodeMeta(meta: Omit<KnownSet, 'set'> & { readonly size: number }): Hex {
  return concatHex([height(meta.first), height(meta.end), height(meta.timestamp), byte(meta.size)])
}

/** The word by which the contract knows a set. */
export const commitmentTo = (known: KnownSet): Hex =>
  commitmentOf(known.set.tree.sum, known.set.tree.root, metaOf(known))

const metaOf = (known: KnownSet): Hex => encodeMeta({ ...known, size: known.set.validators.length })

function encodeVotes({ voters, signature, data }: VoteAttestation): Hex {
  return concatHex([
    numberToHex(voters, { size: 8 }),
    height(data.targetNumber),
    data.targetHash,
    encodeG2(decompressSignature(signature)),
  ])
}

function encodeAttested({ header, attestation, known }: AttestedBlock): Hex {
  const { tree, validators } = known.set
  const all = (1n << BigInt(validators.length)) - 1n
  const absent = votersOf(all & ~attestation.voters)
  return concatHex([
    height(known.set.epoch),
    metaOf(known),
    encodeVotes(attestation),
    encodeG1(tree.sum),
    encodeKeys(tree.at(absent)),
    ...tree.prove(absent),
    header.raw,
  ])
}

const nodes = (proof: Hex): Hex => concatHex([numberToHex(size(proof), { size: 3 }), proof])
const encodeHistory = ({ account, storage }: HistoryProof): Hex => concatHex([nodes(account), nodes(storage)])

function encodeLink({ header, history }: Link): Hex {
  return history === undefined
    ? concatHex([byte(LINK_PARENT), header.raw])
    : concatHex([byte(LINK_HISTORY), encodeHistory(history), header.raw])
}

const proof = (kind: number, anchor: Hex, links: readonly Link[]): Hex =>
  concatHex([byte(kind), byte(links.length), anchor, ...links.map(encodeLink)])

/** Proof of a stored block, or of the last of `links` below it. */
export const encodeStoredProof = (header: ParliaHeader, links: readonly Link[] = []): Hex =>
  proof(KIND_STORED, header.raw, links)

/** Proof of a block that comes with its votes, or of the last of `links` below it. */
export const encodeAttestedProof = (block: AttestedBlock, links: readonly Link[] = []): Hex =>
  proof(KIND_ATTESTED, encodeAttested(block), links)

/** Proof of a block by the votes of a later epoch's set. For updates and evidence. */
export function encodeJumpProof(jump: Jump, links: readonly Link[] = []): Hex {
  const { trusted, attestation, header, history, epochHeader, set, possessions } = jump
  const leaves = trusted.set.tree.keys.map(leafOf)
  const anchor = concatHex([
    height(trusted.set.epoch),
    metaOf(trusted),
    encodeG1(trusted.set.tree.sum),
    ...leaves,
    encodeVotes(attestation),
    header.raw,
    encodeHistory(history),
    epochHeader.raw,
    encodeOrdinates(set),
    ...votersOf(attestation.voters).map((seat): Hex => {
      const key = set.tree.keys[seat]
      const place = key === undefined ? -1 : leaves.indexOf(leafOf(key))
      if (place >= 0) return byte(place)
      const possession = possessions.get(seat)
      return possession === undefined
        ? byte(NEWCOMER)
        : concatHex([byte(NEWCOMER), possession.operator, encodeG2(decompressSignature(possession.signature))])
    }),
  ])
  return proof(KIND_JUMP, anchor, links)
}

/** The y coordinates of a set's keys, 48 bytes each. */
export const encodeOrdinates = (set: ValidatorSet): Hex => concatHex(['0x', ...set.tree.keys.map(ordinateOf)])

/** A step of an update that stores what the proof proves. */
export const storeStep = (proven: Hex): Hex => concatHex([byte(STEP_STORE), proven])

/** A step of an update that adopts the set which the proven header lists. */
export const adoptStep = (proven: Hex, set: ValidatorSet): Hex =>
  concatHex([byte(STEP_ADOPT), proven, encodeOrdinates(set)])

/** Argument of `update`. */
export const encodeUpdate = (steps: readonly Hex[]): Hex => concatHex(steps)

/** Argument of `reportMisbehaviour`: two proofs of blocks that no chain can hold both of. */
export const encodeEvidence = (first: Hex, second: Hex): Hex => concatHex([first, second])
