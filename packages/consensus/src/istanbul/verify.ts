import { bytesToHex, type Hex, hexToBytes } from 'viem'
import { decodeG1, decodeG2, G1_GENERATOR, G1_SIZE, G2_GENERATOR, G2_SIZE, pairingsEqual, sumG1 } from './bn254.ts'
import type { TrustAnchor } from './deploy.ts'
import { requireAnchorKeys } from './deploy.ts'
import { KIND_SEALED, KIND_STORED } from './encode.ts'
import { epochOf } from './epoch.ts'
import { IstanbulVerifyError, type IstanbulVerifyErrorCode } from './errors.ts'
import { hashToG1ByHints } from './hash-to-g1.ts'
import { type HashedHeader, type HeaderFields, readDifference, readHashForm } from './header.ts'
import type { IstanbulChain } from './networks.ts'
import { bitsOf, countBits, participation, quorum } from './quorum.ts'
import { sealMessage } from './seal.ts'
import { applyDifference, setHashOf } from './validator-set.ts'

const COUNT_SIZE = 1
const BITMAP_SIZE = 32
const ROUND_SIZE = 8
const LENGTH_SIZE = 4
/** What at least vouched for a stored block. */
const STORED_PARTICIPATION = 6666n

/** The validator set of an epoch; `EpochSet` of the contract. */
export interface EpochSet {
  readonly setHash: Hex
  /** Unix seconds of the last block of the epoch before, or of the anchor: the set before is trusted from then. */
  readonly since: bigint
}

/** What the contract holds. A value: {@link applyUpdate} and {@link applyEvidence} return another. */
export interface IstanbulState {
  readonly chain: IstanbulChain
  readonly trustingPeriod: bigint
  readonly clockDrift: bigint
  readonly number: bigint
  readonly timestamp: bigint
  readonly epoch: bigint
  readonly frozen: boolean
  readonly sets: ReadonlyMap<bigint, EpochSet>
  readonly blocks: ReadonlyMap<bigint, Hex>
}

/** `ILightClient.Block`. */
export interface VerifiedBlock extends Omit<HeaderFields, 'parentHash'> {
  readonly hash: Hex
  readonly participation: bigint
}

interface Sealed {
  readonly header: HashedHeader
  readonly extraAt: number
  readonly headerEnd: number
  readonly members: readonly Hex[]
  readonly signers: number
}

const fail = (code: IstanbulVerifyErrorCode, context: Readonly<Record<string, unknown>>): IstanbulVerifyError =>
  new IstanbulVerifyError(code, code.toLowerCase().replaceAll('_', ' '), context)

/** The state of a contract just deployed. @throws {IstanbulVerifyError} */
export function initialState(
  chain: IstanbulChain,
  anchor: TrustAnchor,
  trustingPeriod: bigint,
  clockDrift: bigint,
): IstanbulState {
  if (anchor.number < chain.forkHeight)
    throw fail('ISTANBUL_LIGHT_CLIENT_BEFORE_FORK', { expected: chain.forkHeight, given: anchor.number })
  requireAnchorKeys(anchor.validators)
  const epoch = anchor.number / chain.epochSize + 1n
  return {
    chain,
    trustingPeriod,
    clockDrift,
    number: anchor.number,
    timestamp: anchor.timestamp,
    epoch,
    frozen: false,
    sets: new Map([[epoch, { setHash: setHashOf(anchor.validators), since: anchor.timestamp }]]),
    blocks: new Map(BigInt(anchor.hash) === 0n ? [] : [[anchor.number, anchor.hash]]),
  }
}

/** `update` of the contract. @param now Unix seconds. @throws {IstanbulVerifyError} @throws {RlpError} */
export function applyUpdate(state: IstanbulState, data: Hex, now: bigint): IstanbulState {
  requireActive(state, now)
  const bytes = hexToBytes(data)
  if (bytes.length === 0) throw fail('ISTANBUL_LIGHT_CLIENT_EMPTY_UPDATE', {})
  let next = state
  let lowest = 0n
  for (let at = 0; at < bytes.length; ) {
    const { sealed, to } = readSealed(next, bytes, at, now)
    const { number } = sealed.header
    if (number < lowest) throw fail('ISTANBUL_LIGHT_CLIENT_HEADER_ORDER', { expected: lowest, given: number })
    lowest = number + 1n
    next = apply(next, bytes, sealed)
    at = to
  }
  return next
}

/** `verifyBlock` of the contract. @param now Unix seconds. @throws {IstanbulVerifyError} @throws {RlpError} */
export function verifyBlockProof(state: IstanbulState, proof: Hex, now: bigint): VerifiedBlock {
  if (state.frozen) throw fail('LIGHT_CLIENT_FROZEN', {})
  const { anchor, block, participation } = prove(state, hexToBytes(proof), now)
  requireNoConflict(state, anchor)
  requireNoConflict(state, block)
  const { number, timestamp, hash, stateRoot, transactionsRoot, receiptsRoot } = block
  return { number, timestamp, hash, stateRoot, transactionsRoot, receiptsRoot, participation }
}

/** `reportMisbehaviour` of the contract. @param now Unix seconds. @throws {IstanbulVerifyError} @throws {RlpError} */
export function applyEvidence(state: IstanbulState, evidence: Hex, now: bigint): IstanbulState {
  requireActive(state, now)
  const bytes = hexToBytes(evidence)
  const from = take(bytes, 0, LENGTH_SIZE)
  const middle = take(bytes, from, Number(uint(bytes, 0, LENGTH_SIZE)))
  const first = prove(state, bytes.subarray(from, middle), now).block
  const second = prove(state, bytes.subarray(middle), now).block
  if (!conflict(first, second)) throw fail('LIGHT_CLIENT_NO_CONFLICT', {})
  return { ...state, frozen: true }
}

/** Whether no chain can hold both blocks. */
function conflict(first: HashedHeader, second: HashedHeader): boolean {
  if (first.number === second.number) return first.hash !== second.hash
  const [lower, higher] = first.number < second.number ? [first, second] : [second, first]
  return lower.timestamp > higher.timestamp
}

function requireActive(state: IstanbulState, now: bigint): void {
  if (state.frozen) throw fail('LIGHT_CLIENT_FROZEN', {})
  const expiredAt = state.timestamp + state.trustingPeriod
  if (now >= expiredAt) throw fail('LIGHT_CLIENT_EXPIRED', { expiredAt, now })
}

function apply(state: IstanbulState, bytes: Uint8Array, sealed: Sealed): IstanbulState {
  const { number, timestamp, hash } = sealed.header
  if (state.blocks.get(number) === hash) return state
  requireNoConflict(state, sealed.header)
  const blocks = new Map([...state.blocks, [number, hash]])
  if (number <= state.number) return { ...state, blocks }
  if (number % state.chain.epochSize !== 0n) return { ...state, number, timestamp, blocks }
  const { difference } = readDifference(bytes, sealed.extraAt, sealed.headerEnd)
  const setHash = setHashOf(applyDifference(sealed.members, difference))
  const sets = new Map([...state.sets, [state.epoch + 1n, { setHash, since: timestamp }]])
  return { ...state, number, timestamp, epoch: state.epoch + 1n, sets, blocks }
}

function requireNoConflict(state: IstanbulState, { number, hash }: HashedHeader): void {
  const stored = state.blocks.get(number)
  if (stored !== undefined && stored !== hash)
    throw fail('ISTANBUL_LIGHT_CLIENT_CONFLICT', { number, stored, given: hash })
}

interface Proven {
  readonly anchor: HashedHeader
  readonly block: HashedHeader
  readonly participation: bigint
}

function prove(state: IstanbulState, bytes: Uint8Array, now: bigint): Proven {
  const { at, ...proven } = readAnchor(state, bytes, now)
  let block = proven.anchor
  for (let next = at; next < bytes.length; ) {
    const expected = block.parentHash
    const { header, to } = readHeaderAt(state, bytes, next)
    if (header.hash !== expected) throw fail('ISTANBUL_LIGHT_CLIENT_NOT_PARENT', { expected, given: header.hash })
    block = header
    next = to
  }
  return { ...proven, block }
}

function readAnchor(
  state: IstanbulState,
  bytes: Uint8Array,
  now: bigint,
): Omit<Proven, 'block'> & { readonly at: number } {
  const from = take(bytes, 0, 1)
  const kind = bytes[0]
  if (kind === KIND_STORED) {
    const { header, to } = readHeaderAt(state, bytes, from)
    const stored = state.blocks.get(header.number)
    if (stored !== header.hash)
      throw fail('ISTANBUL_LIGHT_CLIENT_NOT_STORED', { number: header.number, expected: stored, given: header.hash })
    return { anchor: header, participation: STORED_PARTICIPATION, at: to }
  }
  if (kind !== KIND_SEALED) throw fail('ISTANBUL_LIGHT_CLIENT_PROOF_KIND', { given: kind })
  requireActive(state, now)
  const { sealed, to } = readSealed(state, bytes, from, now)
  return { anchor: sealed.header, participation: participation(sealed.signers, sealed.members.length), at: to }
}

function readHeaderAt(state: IstanbulState, bytes: Uint8Array, at: number): ReturnType<typeof readHashForm> {
  const read = readHashForm(bytes, at)
  const { forkHeight } = state.chain
  if (read.header.number < forkHeight)
    throw fail('ISTANBUL_LIGHT_CLIENT_BEFORE_FORK', { expected: forkHeight, given: read.header.number })
  return read
}

/** The sealed header at `start`, verified under the set of its epoch. */
function readSealed(
  state: IstanbulState,
  bytes: Uint8Array,
  start: number,
  now: bigint,
): { readonly sealed: Sealed; readonly to: number } {
  const { header, extraAt, to: headerEnd } = readHeaderAt(state, bytes, start)
  requireTime(state, header, now)
  const membersAt = take(bytes, headerEnd, COUNT_SIZE)
  const bitmapAt = take(bytes, membersAt, (bytes[headerEnd] ?? 0) * G1_SIZE)
  const signatureAt = take(bytes, bitmapAt, BITMAP_SIZE + ROUND_SIZE)
  const hintsAt = take(bytes, signatureAt, G1_SIZE + G2_SIZE)
  const members: Hex[] = []
  for (let at = membersAt; at < bitmapAt; at += G1_SIZE) members.push(hexAt(bytes, at, G1_SIZE))
  const expected = setOf(state, header.number, now)
  const given = setHashOf(members)
  if (given !== expected) throw fail('ISTANBUL_LIGHT_CLIENT_WRONG_SET', { expected, given })

  const bitmap = uint(bytes, bitmapAt, BITMAP_SIZE)
  const round = uint(bytes, bitmapAt + BITMAP_SIZE, ROUND_SIZE)
  if (bitmap >> BigInt(members.length) !== 0n)
    throw fail('ISTANBUL_LIGHT_CLIENT_UNKNOWN_SIGNER', { limit: members.length, given: bitmap })
  const signers = countBits(bitmap)
  const needed = quorum(members.length)
  if (signers < needed) throw fail('ISTANBUL_LIGHT_CLIENT_TOO_FEW_SIGNERS', { expected: needed, given: signers })
  const to = requireSeal(bytes, { header, members, bitmap, round, signatureAt, hintsAt })
  return { sealed: { header, extraAt, headerEnd, members, signers }, to }
}

interface SealAt {
  readonly header: HashedHeader
  readonly members: readonly Hex[]
  readonly bitmap: bigint
  readonly round: bigint
  readonly signatureAt: number
  readonly hintsAt: number
}

/** @returns where the hints end. */
function requireSeal(bytes: Uint8Array, { header, members, bitmap, round, signatureAt, hintsAt }: SealAt): number {
  const signatureBytes = hexAt(bytes, signatureAt, G1_SIZE)
  const aggregateBytes = hexAt(bytes, signatureAt + G1_SIZE, G2_SIZE)
  if (BigInt(signatureBytes) === 0n || BigInt(aggregateBytes) === 0n) throw fail('BN254_INFINITY', {})
  const keys = bitsOf(bitmap).map((seat) => decodeG1(members[seat] ?? '0x'))
  const sum = sumG1(keys)
  if (sum.is0() || keys.some((key) => key.is0())) throw fail('BN254_INFINITY', {})
  const { point, to } = hashToG1ByHints(sealMessage(header.hash, round), bytes, hintsAt)
  const [signature, aggregate] = [decodeG1(signatureBytes), decodeG2(aggregateBytes)]
  // Each statement by itself, where the contract checks a random combination of both.
  const holds =
    pairingsEqual(sum, G2_GENERATOR, G1_GENERATOR, aggregate) &&
    pairingsEqual(signature, G2_GENERATOR, point, aggregate)
  if (!holds) throw fail('ISTANBUL_LIGHT_CLIENT_SEAL', { hash: header.hash, round, bitmap })
  return to
}

function requireTime(state: IstanbulState, header: HeaderFields, now: bigint): void {
  const latest = now + state.clockDrift
  if (header.timestamp > latest)
    throw fail('ISTANBUL_LIGHT_CLIENT_FUTURE_HEADER', { limit: latest, given: header.timestamp })
  if (header.number > state.number && header.timestamp < state.timestamp)
    throw fail('ISTANBUL_LIGHT_CLIENT_TIMESTAMP', { expected: state.timestamp, given: header.timestamp })
}

function setOf(state: IstanbulState, number: bigint, now: bigint): Hex {
  const epoch = epochOf(number, state.chain.epochSize)
  const set = state.sets.get(epoch)
  if (set === undefined) throw fail('ISTANBUL_LIGHT_CLIENT_UNKNOWN_EPOCH', { current: state.epoch, given: epoch })
  const expiredAt = (state.sets.get(epoch + 1n)?.since ?? now) + state.trustingPeriod
  if (epoch !== state.epoch && now >= expiredAt) throw fail('ISTANBUL_LIGHT_CLIENT_SET_EXPIRED', { expiredAt, now })
  return set.setHash
}

/** Where `size` bytes from `at` end. */
function take(bytes: Uint8Array, at: number, size: number): number {
  if (at + size > bytes.length)
    throw fail('ISTANBUL_LIGHT_CLIENT_TRUNCATED', { expected: size, given: bytes.length - at })
  return at + size
}

const hexAt = (bytes: Uint8Array, at: number, size: number): Hex => bytesToHex(bytes.subarray(at, at + size))

/** Big-endian integer. */
const uint = (bytes: Uint8Array, at: number, size: number): bigint => BigInt(hexAt(bytes, at, size))
