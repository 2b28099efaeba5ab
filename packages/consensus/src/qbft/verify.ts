import { type Address, bytesToHex, type Hex, hexToBytes, keccak256 } from 'viem'
import type { SetRange } from './client.ts'
import type { TrustAnchor } from './deploy.ts'
import { KIND_SEALED, KIND_STORED } from './encode.ts'
import { QbftVerifyError, type QbftVerifyErrorCode } from './errors.ts'
import { type HeaderFields, type QbftHeader, readHashForm, readHeader } from './header.ts'
import { participation, quorum, trustedQuorum } from './quorum.ts'
import { recoverSigner } from './seal.ts'
import { oneDifference, requireCanonicalSet, setHashOf } from './validator-set.ts'

const RANGE_SIZE = 4
const COUNT_SIZE = 1
const MEMBER_SIZE = 21
const SEAL_SIZE = 66
const LENGTH_SIZE = 4
const MAX_MEMBERS = 255
/** What at least vouched for a stored block. */
const STORED_PARTICIPATION = 6666n
const MAX_UINT64 = (1n << 64n) - 1n

/** What the contract holds. A value: {@link applyUpdate} and {@link applyEvidence} return another. */
export interface QbftState {
  readonly trustingPeriod: bigint
  readonly clockDrift: bigint
  readonly number: bigint
  readonly timestamp: bigint
  readonly frozen: boolean
  readonly ranges: readonly SetRange[]
  readonly blocks: ReadonlyMap<bigint, Hex>
}

/** `ILightClient.Block`. */
export interface VerifiedBlock extends Omit<HeaderFields, 'parentHash'> {
  readonly hash: Hex
  readonly participation: bigint
}

type Known = HeaderFields & { readonly hash: Hex }
interface Sealed {
  readonly header: QbftHeader
  readonly trustedHash: Hex
  readonly seals: number
}

const fail = (code: QbftVerifyErrorCode, context: Readonly<Record<string, unknown>>): QbftVerifyError =>
  new QbftVerifyError(code, code.toLowerCase().replaceAll('_', ' '), context)

/** The state of a contract just deployed. @throws QbftVerifyError */
export function initialState(anchor: TrustAnchor, trustingPeriod: bigint, clockDrift: bigint): QbftState {
  requireCanonicalSet(anchor.validators)
  return {
    trustingPeriod,
    clockDrift,
    number: anchor.number,
    timestamp: anchor.timestamp,
    frozen: false,
    ranges: [{ setHash: setHashOf(anchor.validators), first: anchor.number, end: MAX_UINT64, vouchedAt: 0n }],
    blocks: new Map(BigInt(anchor.hash) === 0n ? [] : [[anchor.number, anchor.hash]]),
  }
}

/** `update` of the contract. @param now Unix seconds. @throws {QbftVerifyError} @throws {RlpError} */
export function applyUpdate(state: QbftState, data: Hex, now: bigint): QbftState {
  requireActive(state, now)
  const bytes = hexToBytes(data)
  if (bytes.length === 0) throw fail('QBFT_LIGHT_CLIENT_EMPTY_UPDATE', {})
  let next = state
  let lowest = 0n
  for (let at = 0; at < bytes.length; ) {
    const { sealed, to } = readSealed(next, bytes, at, now)
    const { number } = sealed.header
    if (number < lowest) throw fail('QBFT_LIGHT_CLIENT_HEADER_ORDER', { expected: lowest, given: number })
    lowest = number + 1n
    next = apply(next, sealed)
    at = to
  }
  return next
}

/** `verifyBlock` of the contract. @param now Unix seconds. @throws {QbftVerifyError} @throws {RlpError} */
export function verifyBlockProof(state: QbftState, proof: Hex, now: bigint): VerifiedBlock {
  if (state.frozen) throw fail('LIGHT_CLIENT_FROZEN', {})
  const { anchor, sealed, block, participation } = prove(state, hexToBytes(proof), now)
  if (anchor.number > state.number) {
    if (sealed !== undefined && sealed.header.setHash !== sealed.trustedHash)
      throw fail('QBFT_LIGHT_CLIENT_SET_CHANGED', { expected: sealed.trustedHash, given: sealed.header.setHash })
  } else requireNoConflict(state, anchor)
  if (block.number !== anchor.number) requireNoConflict(state, block)
  const { number, timestamp, hash, stateRoot, transactionsRoot, receiptsRoot } = block
  return { number, timestamp, hash, stateRoot, transactionsRoot, receiptsRoot, participation }
}

/** `reportMisbehaviour` of the contract. @param now Unix seconds. @throws {QbftVerifyError} @throws {RlpError} */
export function applyEvidence(state: QbftState, evidence: Hex, now: bigint): QbftState {
  requireActive(state, now)
  const bytes = hexToBytes(evidence)
  const from = take(bytes, 0, LENGTH_SIZE)
  const middle = take(bytes, from, uint(bytes, 0, LENGTH_SIZE))
  const first = prove(state, bytes.subarray(from, middle), now).block
  const second = prove(state, bytes.subarray(middle), now).block
  if (!conflict(first, second)) throw fail('LIGHT_CLIENT_NO_CONFLICT', {})
  return { ...state, frozen: true }
}

/** Whether no chain can hold both blocks. */
function conflict(first: Known, second: Known): boolean {
  if (first.number === second.number) return first.hash !== second.hash
  const [lower, higher] = first.number < second.number ? [first, second] : [second, first]
  return lower.timestamp > higher.timestamp
}

function requireActive(state: QbftState, now: bigint): void {
  if (state.frozen) throw fail('LIGHT_CLIENT_FROZEN', {})
  const expiredAt = state.timestamp + state.trustingPeriod
  if (now >= expiredAt) throw fail('LIGHT_CLIENT_EXPIRED', { expiredAt, now })
}

function apply(state: QbftState, { header, trustedHash }: Sealed): QbftState {
  const { number, timestamp, hash, setHash } = header
  if (state.blocks.get(number) === hash) return state
  requireNoConflict(state, header)
  const blocks = new Map([...state.blocks, [number, hash]])
  if (number <= state.number) return { ...state, blocks }
  const ranges = [...state.ranges]
  if (setHash !== trustedHash) {
    const last = ranges.pop()
    if (last !== undefined) ranges.push({ ...last, end: number, vouchedAt: state.timestamp })
    ranges.push({ setHash, first: state.number + 1n, end: MAX_UINT64, vouchedAt: 0n })
  }
  return { ...state, number, timestamp, ranges, blocks }
}

function requireNoConflict(state: QbftState, { number, hash }: Known): void {
  const stored = state.blocks.get(number)
  if (stored !== undefined && stored !== hash) throw fail('QBFT_LIGHT_CLIENT_CONFLICT', { number, stored, given: hash })
}

interface Proven {
  readonly anchor: Known
  /** Undefined for a stored anchor. */
  readonly sealed?: Sealed
  readonly block: Known
  readonly participation: bigint
}

function prove(state: QbftState, bytes: Uint8Array, now: bigint): Proven {
  const { at, ...proven } = readAnchor(state, bytes, now)
  let block: Known = proven.anchor
  for (let next = at; next < bytes.length; ) {
    const expected = block.parentHash
    const { fields, hash, to } = readHashForm(bytes, next)
    if (hash !== expected) throw fail('QBFT_LIGHT_CLIENT_NOT_PARENT', { expected, given: hash })
    block = { ...fields, hash }
    next = to
  }
  return { ...proven, block }
}

function readAnchor(state: QbftState, bytes: Uint8Array, now: bigint): Omit<Proven, 'block'> & { readonly at: number } {
  const from = take(bytes, 0, 1)
  const kind = uint(bytes, 0, 1)
  if (kind === KIND_STORED) {
    const { fields, hash, to } = readHashForm(bytes, from)
    const stored = state.blocks.get(fields.number)
    if (stored !== hash)
      throw fail('QBFT_LIGHT_CLIENT_NOT_STORED', { number: fields.number, expected: stored, given: hash })
    return { anchor: { ...fields, hash }, participation: STORED_PARTICIPATION, at: to }
  }
  if (kind !== KIND_SEALED) throw fail('QBFT_LIGHT_CLIENT_PROOF_KIND', { given: kind })
  requireActive(state, now)
  const { sealed, to } = readSealed(state, bytes, from, now)
  const share = participation(sealed.seals, sealed.header.validators.length)
  return { anchor: sealed.header, sealed, participation: share, at: to }
}

/** The sealed header at `start`, verified under the set of the range that it names. */
function readSealed(
  state: QbftState,
  bytes: Uint8Array,
  start: number,
  now: bigint,
): { readonly sealed: Sealed; readonly to: number } {
  const trustedAt = take(bytes, start, RANGE_SIZE + COUNT_SIZE)
  const rangeIndex = uint(bytes, start, RANGE_SIZE)
  const trustedTo = take(bytes, trustedAt, uint(bytes, start + RANGE_SIZE, COUNT_SIZE) * MEMBER_SIZE)
  const sealsAt = take(bytes, trustedTo, COUNT_SIZE)
  const count = uint(bytes, trustedTo, COUNT_SIZE)
  const headerAt = take(bytes, sealsAt, count * SEAL_SIZE)
  const { header, to } = readHeader(bytes, headerAt)
  if (header.seals.length > 0) throw fail('QBFT_HEADER_SEALS_INSIDE', { given: header.seals.length })
  if (header.validators.length > MAX_MEMBERS)
    throw fail('VALIDATOR_SET_SIZE', { limit: MAX_MEMBERS, given: header.validators.length })
  requireTime(state, header, now)
  const trustedHash = trustedHashOf(state, rangeIndex, header.number, now)

  const needed = quorum(header.validators.length)
  if (count < needed) throw fail('QBFT_LIGHT_CLIENT_TOO_FEW_SEALS', { expected: needed, given: count })
  const trusted = bytes.subarray(trustedAt, trustedTo)
  if (header.setHash === trustedHash) {
    if (trusted.length > 0) throw fail('QBFT_LIGHT_CLIENT_TRUSTED_SET', { given: bytesToHex(trusted) })
    requireSeals(header, bytes.subarray(sealsAt, headerAt))
  } else {
    const given = keccak256(trusted)
    if (given !== trustedHash) throw fail('QBFT_LIGHT_CLIENT_TRUSTED_SET', { expected: trustedHash, given })
    requireCanonicalSet(header.validators)
    const seats = requireSeals(header, bytes.subarray(sealsAt, headerAt))
    requireOverlap(header, seats, membersOf(trusted))
  }
  return { sealed: { header, trustedHash, seals: count }, to }
}

function requireTime(state: QbftState, header: QbftHeader, now: bigint): void {
  const latest = now + state.clockDrift
  if (header.timestamp > latest)
    throw fail('QBFT_LIGHT_CLIENT_FUTURE_HEADER', { limit: latest, given: header.timestamp })
  if (header.number > state.number && header.timestamp < state.timestamp)
    throw fail('QBFT_LIGHT_CLIENT_TIMESTAMP', { expected: state.timestamp, given: header.timestamp })
}

function trustedHashOf(state: QbftState, index: number, number: bigint, now: bigint): Hex {
  const range = state.ranges[index]
  if (range === undefined) throw fail('QBFT_LIGHT_CLIENT_UNKNOWN_RANGE', { limit: state.ranges.length, given: index })
  const current = index === state.ranges.length - 1
  if (current && number > state.number) return range.setHash
  const { first, end, vouchedAt } = range
  if (number < first || number > end) throw fail('QBFT_LIGHT_CLIENT_HEIGHT_OUT_OF_RANGE', { first, end, given: number })
  const expiredAt = vouchedAt + state.trustingPeriod
  if (!current && now >= expiredAt) throw fail('QBFT_LIGHT_CLIENT_SET_EXPIRED', { expiredAt, now })
  return range.setHash
}

/** @returns the seats that sealed. */
function requireSeals(header: QbftHeader, seals: Uint8Array): number[] {
  const seats: number[] = []
  for (let at = 0; at < seals.length; at += SEAL_SIZE) {
    const lowest = (seats.at(-1) ?? -1) + 1
    const seat = uint(seals, at, 1)
    if (seat < lowest) throw fail('QBFT_LIGHT_CLIENT_SEAL_ORDER', { expected: lowest, given: seat })
    const expected = header.validators[seat]
    if (expected === undefined)
      throw fail('QBFT_LIGHT_CLIENT_UNKNOWN_SEAT', { limit: header.validators.length, given: seat })
    const recoveryId = uint(seals, at + SEAL_SIZE - 1, 1)
    if (recoveryId > 1) throw fail('QBFT_LIGHT_CLIENT_RECOVERY_ID', { given: recoveryId })
    const signer = recoverSigner(header.digest, bytesToHex(seals.subarray(at + 1, at + SEAL_SIZE)))
    if (signer !== expected) throw fail('QBFT_LIGHT_CLIENT_UNKNOWN_SIGNER', { expected, given: signer })
    seats.push(seat)
  }
  return seats
}

function requireOverlap(header: QbftHeader, seats: readonly number[], trusted: readonly Address[]): void {
  const difference = oneDifference(trusted, header.validators)
  if (difference === undefined)
    throw fail('VALIDATOR_SET_TOO_DIFFERENT', { expected: trusted, given: header.validators })
  const known = seats.filter((seat) => !difference.added || header.validators[seat] !== difference.member).length
  const needed = trustedQuorum(trusted.length)
  if (known < needed) throw fail('QBFT_LIGHT_CLIENT_TOO_FEW_TRUSTED_SEALS', { expected: needed, given: known })
}

function membersOf(payload: Uint8Array): Address[] {
  const members: Address[] = []
  for (let at = 0; at < payload.length; at += MEMBER_SIZE)
    members.push(bytesToHex(payload.subarray(at + 1, at + MEMBER_SIZE)))
  return members
}

/** Where `size` bytes from `at` end. */
function take(bytes: Uint8Array, at: number, size: number): number {
  if (at + size > bytes.length) throw fail('QBFT_LIGHT_CLIENT_TRUNCATED', { expected: size, given: bytes.length - at })
  return at + size
}

/** Big-endian integer of at most 4 bytes. */
function uint(bytes: Uint8Array, at: number, size: number): number {
  let value = 0
  for (let i = 0; i < size; i += 1) value = value * 256 + (bytes[at + i] ?? 0)
  return value
}
