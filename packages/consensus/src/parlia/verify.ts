import { concatHex, type Hex, hexToBytes, keccak256, numberToHex } from 'viem'
import { type G1Point, sumPubkeys, verifyAggregate } from '../ethereum/bls.ts'
import { requireQuorum, requireSignature } from './attestation.ts'
import { nextEpochOf, type ParliaParameters, type TrustAnchor } from './deploy.ts'
import { encodeMeta, KIND_ATTESTED, KIND_JUMP, KIND_STORED, NEWCOMER, STEP_ADOPT } from './encode.ts'
import { fail } from './errors.ts'
import { type ParliaValidator, readExtraData } from './extra.ts'
import type { ParliaHeader } from './header.ts'
import { boundKey, commitmentOf, foldKeys, KEY_SIZE, leafOf, readKey, readSignature, rootOf } from './keys.ts'
import { readHistory, readLink } from './proofs.ts'
import { participation, quorum, switchOffset, votersOf } from './quorum.ts'
import { Reader } from './reader.ts'

const HASH_SIZE = 32
const NUMBER_SIZE = 6
const SIGNATURE_SIZE = 192
const ORDINATE_SIZE = 48
const MIN_SWITCH_OFFSET = 2n
/** What at least vouched for a stored block. */
const STORED_PARTICIPATION = 6666n
const CLOCK_DRIFT = 60n

/** What the contract holds. A value: {@link applyUpdate} and {@link applyEvidence} return another. */
export interface ParliaState {
  readonly chainId: bigint
  readonly trustingPeriod: bigint
  readonly clockDrift: bigint
  readonly number: bigint
  readonly timestamp: bigint
  /** The block that lists the newest set. */
  readonly epoch: bigint
  /** First target on which the newest set does not vote any more. */
  readonly end: bigint
  /** Blocks in an epoch. */
  readonly length: bigint
  /** Another epoch length that is to come, and the first block of its first epoch. */
  readonly scheduled?: { readonly from: bigint; readonly length: bigint } | undefined
  readonly frozen: boolean
  readonly sets: ReadonlyMap<bigint, Hex>
  readonly blocks: ReadonlyMap<bigint, Hex>
}

/** `ILightClient.Block`. */
export interface VerifiedBlock {
  readonly number: bigint
  readonly timestamp: bigint
  readonly hash: Hex
  readonly stateRoot: Hex
  readonly transactionsRoot: Hex
  readonly receiptsRoot: Hex
  /** Basis points. */
  readonly participation: bigint
}

/** A set that a header lists, with its keys bound. */
interface ListedSet {
  readonly epoch: bigint
  readonly timestamp: bigint
  readonly keys: readonly G1Point[]
  readonly turnLength: number
}

interface Proven {
  readonly anchor: ParliaHeader
  readonly block: ParliaHeader
  readonly kind: number
  readonly participation: bigint
  readonly jump?: { readonly trustedEpoch: bigint; readonly set: ListedSet }
}

/** The state of a contract just deployed. @throws {ParliaVerifyError} */
export function initialState({ chainId, epochLength, policy }: ParliaParameters, anchor: TrustAnchor): ParliaState {
  const { number, timestamp, hash, set, epochTimestamp, first } = anchor
  const state: ParliaState = {
    chainId,
    trustingPeriod: policy.trustingPeriod,
    clockDrift: policy.clockDrift ?? CLOCK_DRIFT,
    number,
    timestamp,
    epoch: set.epoch,
    end: 0n,
    length: epochLength,
    frozen: false,
    sets: new Map(),
    blocks: new Map(BigInt(hash) === 0n ? [] : [[number, hash]]),
  }
  const { epoch, turnLength, tree } = set
  return adoptSet(state, { epoch, timestamp: epochTimestamp, keys: tree.keys, turnLength }, first)
}

/** `update` of the contract. @param now Unix seconds. @throws {ParliaVerifyError} @throws {RlpError} @throws {TrieProofError} */
export function applyUpdate(state: ParliaState, data: Hex, now: bigint): ParliaState {
  requireActive(state, now)
  const reader = new Reader(hexToBytes(data))
  if (reader.isAtEnd) throw fail('PARLIA_LIGHT_CLIENT_EMPTY_UPDATE', {})
  let next = state
  while (!reader.isAtEnd) {
    const step = reader.byte()
    if (step > STEP_ADOPT) throw fail('PARLIA_LIGHT_CLIENT_PROOF_KIND', { given: step })
    const proven = readProof(next, reader, now)
    if (proven.kind !== KIND_STORED) next = applyVotes(next, proven)
    if (step === STEP_ADOPT) next = adopt(next, proven.block, reader)
    else if (proven.block.number !== proven.anchor.number) next = store(next, proven.block)
  }
  return next
}

/** `verifyBlock` of the contract. @param now Unix seconds. @throws {ParliaVerifyError} @throws {RlpError} @throws {TrieProofError} */
export function verifyBlockProof(state: ParliaState, proof: Hex, now: bigint): VerifiedBlock {
  if (state.frozen) throw fail('LIGHT_CLIENT_FROZEN', {})
  const reader = new Reader(hexToBytes(proof))
  const proven = readProof(state, reader, now)
  requireEnd(reader)
  if (proven.kind === KIND_JUMP) throw fail('PARLIA_LIGHT_CLIENT_PROOF_KIND', { given: KIND_JUMP })
  if (proven.anchor.number <= state.number) requireNoConflict(state, proven.anchor)
  requireNoConflict(state, proven.block)
  const { number, timestamp, hash, stateRoot, transactionsRoot, receiptsRoot } = proven.block
  return {
    number,
    timestamp,
    hash,
    stateRoot,
    transactionsRoot,
    receiptsRoot,
    participation: proven.participation,
  }
}

/** `reportMisbehaviour` of the contract. @param now Unix seconds. @throws {ParliaVerifyError} @throws {RlpError} @throws {TrieProofError} */
export function applyEvidence(state: ParliaState, evidence: Hex, now: bigint): ParliaState {
  requireActive(state, now)
  const reader = new Reader(hexToBytes(evidence))
  const first = readProof(state, reader, now).block
  const second = readProof(state, reader, now).block
  requireEnd(reader)
  if (!conflict(first, second)) throw fail('LIGHT_CLIENT_NO_CONFLICT', {})
  return { ...state, frozen: true }
}

/** Whether no chain can hold both blocks. */
function conflict(first: ParliaHeader, second: ParliaHeader): boolean {
  if (first.number === second.number) return first.hash !== second.hash
  const [lower, higher] = first.number < second.number ? [first, second] : [second, first]
  return lower.timestamp > higher.timestamp
}

function requireActive(state: ParliaState, now: bigint): void {
  if (state.frozen) throw fail('LIGHT_CLIENT_FROZEN', {})
  const expiredAt = state.timestamp + state.trustingPeriod
  if (now >= expiredAt) throw fail('LIGHT_CLIENT_EXPIRED', { expiredAt, now })
}

function requireEnd(reader: Reader): void {
  if (!reader.isAtEnd) throw fail('PARLIA_LIGHT_CLIENT_TRAILING_BYTES', { given: reader.left })
}

function requireNoConflict(state: ParliaState, { number, hash }: ParliaHeader): void {
  const stored = state.blocks.get(number)
  if (stored !== undefined && stored !== hash)
    throw fail('PARLIA_LIGHT_CLIENT_CONFLICT', { number, stored, given: hash })
}

function readProof(state: ParliaState, reader: Reader, now: bigint): Proven {
  const kind = reader.byte()
  const links = reader.byte()
  const start = readAnchor(state, reader, kind, now)
  let block = start.anchor
  for (let i = 0; i < links; i += 1) block = readLink(reader, block)
  return { ...start, kind, block }
}

function readAnchor(state: ParliaState, reader: Reader, kind: number, now: bigint): Omit<Proven, 'kind' | 'block'> {
  if (kind === KIND_STORED) {
    const anchor = reader.header()
    const stored = state.blocks.get(anchor.number)
    if (stored !== anchor.hash)
      throw fail('PARLIA_LIGHT_CLIENT_NOT_STORED', { number: anchor.number, expected: stored, given: anchor.hash })
    return { anchor, participation: STORED_PARTICIPATION }
  }
  if (kind !== KIND_ATTESTED && kind !== KIND_JUMP) throw fail('PARLIA_LIGHT_CLIENT_PROOF_KIND', { given: kind })
  requireActive(state, now)
  return kind === KIND_ATTESTED ? readAttested(state, reader, now) : readJump(state, reader, now)
}

interface Meta {
  readonly first: bigint
  readonly end: bigint
  readonly timestamp: bigint
  readonly size: number
}

function readMeta(reader: Reader): Meta {
  const [first, end, timestamp] = [reader.uint(NUMBER_SIZE), reader.uint(NUMBER_SIZE), reader.uint(NUMBER_SIZE)]
  return { first, end, timestamp, size: reader.byte() }
}

interface Votes {
  readonly voters: bigint
  readonly target: bigint
  readonly targetHash: Hex
  readonly signature: Hex
}

const readVotes = (reader: Reader): Votes => ({
  voters: reader.uint(8),
  target: reader.uint(NUMBER_SIZE),
  targetHash: reader.hex(HASH_SIZE),
  signature: reader.hex(SIGNATURE_SIZE),
})

function readAttested(state: ParliaState, reader: Reader, now: bigint): Omit<Proven, 'kind' | 'block'> {
  const epoch = reader.uint(NUMBER_SIZE)
  const meta = readMeta(reader)
  const votes = readVotes(reader)
  const seats = requireQuorum(votes.voters, meta.size)
  const sum = readKey(reader.hex(KEY_SIZE))
  const absent = votersOf(((1n << BigInt(meta.size)) - 1n) & ~votes.voters)
  const keys = absent.map(() => readKey(reader.hex(KEY_SIZE)))
  const root = foldKeys(meta.size, absent, keys, () => reader.hex(HASH_SIZE))
  const { first, end } = trustedRange(state, epoch, meta, sum, root, now)
  if (votes.target < first || votes.target >= end)
    throw fail('PARLIA_LIGHT_CLIENT_HEIGHT_OUT_OF_RANGE', { first, end, given: votes.target })
  const anchor = reader.header()
  requireVotes(
    state,
    anchor,
    votes,
    keys.reduce((key, absentee) => key.subtract(absentee), sum),
    now,
  )
  return { anchor, participation: participation(seats.length, meta.size) }
}

function readJump(state: ParliaState, reader: Reader, now: bigint): Omit<Proven, 'kind' | 'block'> {
  const trustedEpoch = reader.uint(NUMBER_SIZE)
  const meta = readMeta(reader)
  const sum = readKey(reader.hex(KEY_SIZE))
  const leaves = Array.from({ length: meta.size }, () => reader.hex(HASH_SIZE))
  trustedRange(state, trustedEpoch, meta, sum, rootOf(leaves), now)
  const votes = readVotes(reader)
  const anchor = reader.header()
  const epochHeader = readHistory(reader, anchor)
  const set = readListedSet(epochHeader, reader)
  const seats = requireQuorum(votes.voters, set.keys.length)
  requireInJump(state, trustedEpoch, set, votes.target)
  const taken = new Set<number>()
  for (const seat of seats) {
    const given = reader.byte()
    const key = set.keys[seat]
    if (key === undefined) throw fail('PARLIA_LIGHT_CLIENT_UNKNOWN_VOTER', { given: seat })
    if (given === NEWCOMER) requirePossession(state, key, seat, reader)
    else if (taken.has(given) || leaves[given] !== leafOf(key))
      throw fail('PARLIA_LIGHT_CLIENT_TRUSTED_SEAT', { expected: seat, given })
    else taken.add(given)
  }
  const expected = quorum(meta.size)
  if (taken.size < expected) throw fail('PARLIA_LIGHT_CLIENT_TOO_FEW_TRUSTED_VOTES', { expected, given: taken.size })
  const key = sumPubkeys(set.keys.filter((_, seat) => seats.includes(seat)))
  requireVotes(state, anchor, votes, key, now)
  return { anchor, participation: participation(seats.length, set.keys.length), jump: { trustedEpoch, set } }
}

function readListedSet(header: ParliaHeader, reader: Reader): ListedSet {
  const { validators, turnLength } = readExtraData(header.extraData, true, false).epoch ?? {
    validators: [],
    turnLength: 0,
  }
  const ordinates = validators.map(() => 0n)
  for (const seat of ordinates.keys()) ordinates[seat] = reader.uint(ORDINATE_SIZE)
  const keys = validators.map(({ voteKey }: ParliaValidator, seat) => boundKey(voteKey, ordinates[seat] ?? 0n, seat))
  return { epoch: header.number, timestamp: header.timestamp, keys, turnLength }
}

function requireInJump(state: ParliaState, trustedEpoch: bigint, set: ListedSet, target: bigint): void {
  const { scheduled } = state
  const length = scheduled !== undefined && set.epoch >= scheduled.from ? scheduled.length : state.length
  if (set.epoch <= trustedEpoch || set.epoch % length !== 0n)
    throw fail('PARLIA_LIGHT_CLIENT_EPOCH_ORDER', { expected: trustedEpoch + length, given: set.epoch })
  const first = nextEpoch({ ...state, epoch: set.epoch, length })
  const end = first + switchOffset(set.keys.length, set.turnLength)
  if (target < first || target >= end)
    throw fail('PARLIA_LIGHT_CLIENT_HEIGHT_OUT_OF_RANGE', { first, end, given: target })
}

/** What a validator signs to show StakeHub that it has its vote key. */
export const possessionMessage = (operator: Hex, voteKey: Hex, chainId: bigint): Hex =>
  keccak256(concatHex([operator, voteKey, numberToHex(chainId, { size: 32 })]))

function requirePossession(state: ParliaState, key: G1Point, seat: number, reader: Reader): void {
  const operator = reader.hex(20)
  const message = possessionMessage(operator, `0x${key.toHex(true)}`, state.chainId)
  if (!verifyAggregate(key, message, readSignature(reader.hex(SIGNATURE_SIZE))))
    throw fail('PARLIA_LIGHT_CLIENT_POSSESSION', { given: seat })
}

function trustedRange(state: ParliaState, epoch: bigint, meta: Meta, sum: G1Point, root: Hex, now: bigint) {
  const expected = state.sets.get(epoch)
  if (expected === undefined) throw fail('PARLIA_LIGHT_CLIENT_UNKNOWN_EPOCH', { given: epoch })
  const given = commitmentOf(sum, root, encodeMeta(meta))
  if (given !== expected) throw fail('PARLIA_LIGHT_CLIENT_COMMITMENT', { expected, given })
  if (epoch === state.epoch) return { first: meta.first, end: state.end }
  const expiredAt = meta.timestamp + state.trustingPeriod
  if (now >= expiredAt) throw fail('PARLIA_LIGHT_CLIENT_SET_EXPIRED', { expiredAt, now })
  return { first: meta.first, end: meta.end }
}

function requireVotes(state: ParliaState, header: ParliaHeader, votes: Votes, key: G1Point, now: bigint): void {
  const { number, timestamp, hash } = header
  if (votes.target !== number + 1n)
    throw fail('PARLIA_LIGHT_CLIENT_NOT_ADJACENT', { expected: number + 1n, given: votes.target })
  const limit = now + state.clockDrift
  if (timestamp > limit) throw fail('PARLIA_LIGHT_CLIENT_FUTURE_HEADER', { limit, given: timestamp })
  if (number > state.number && timestamp < state.timestamp)
    throw fail('PARLIA_LIGHT_CLIENT_TIMESTAMP', { expected: state.timestamp, given: timestamp })
  const data = { sourceNumber: number, sourceHash: hash, targetNumber: votes.target, targetHash: votes.targetHash }
  requireSignature(key, data, readSignature(votes.signature))
}

function applyVotes(state: ParliaState, { anchor, jump }: Proven): ParliaState {
  if (jump !== undefined && jump.trustedEpoch !== state.epoch)
    throw fail('PARLIA_LIGHT_CLIENT_EPOCH_ORDER', { expected: state.epoch, given: jump.trustedEpoch })
  let next = store(state, anchor)
  if (anchor.number > state.number) next = { ...next, number: anchor.number, timestamp: anchor.timestamp }
  return jump === undefined ? next : adoptSet(next, jump.set, 0n)
}

function store(state: ParliaState, header: ParliaHeader): ParliaState {
  if (state.blocks.get(header.number) === header.hash) return state
  requireNoConflict(state, header)
  return { ...state, blocks: new Map([...state.blocks, [header.number, header.hash]]) }
}

function adopt(state: ParliaState, header: ParliaHeader, reader: Reader): ParliaState {
  const expected = nextEpoch(state)
  if (header.number > state.epoch && header.number !== expected)
    throw fail('PARLIA_LIGHT_CLIENT_EPOCH_ORDER', { expected, given: header.number })
  const set = readListedSet(header, reader)
  return header.number <= state.epoch ? state : adoptSet(state, set, state.end)
}

/** @param first First target on which the set votes; 0 for the next epoch's first block. */
function adoptSet(before: ParliaState, set: ListedSet, first: bigint): ParliaState {
  const reached = before.scheduled !== undefined && set.epoch >= before.scheduled.from
  const state: ParliaState = {
    ...before,
    epoch: set.epoch,
    length: reached ? (before.scheduled?.length ?? before.length) : before.length,
    scheduled: reached ? undefined : before.scheduled,
  }
  const next = nextEpoch(state)
  const offset = switchOffset(set.keys.length, set.turnLength)
  if (offset < MIN_SWITCH_OFFSET || offset > next - set.epoch)
    throw fail('PARLIA_LIGHT_CLIENT_SWITCH_OFFSET', { expected: next - set.epoch, given: offset })
  const end = next + offset
  const meta = { first: first === 0n ? next : first, end, timestamp: set.timestamp, size: set.keys.length }
  const commitment = commitmentOf(sumPubkeys(set.keys), rootOf(set.keys.map(leafOf)), encodeMeta(meta))
  return { ...state, end, sets: new Map([...state.sets, [set.epoch, commitment]]) }
}

function nextEpoch({ epoch, length, scheduled }: ParliaState): bigint {
  const next = nextEpochOf(epoch, length)
  return scheduled !== undefined && epoch < scheduled.from && next > scheduled.from ? scheduled.from : next
}
