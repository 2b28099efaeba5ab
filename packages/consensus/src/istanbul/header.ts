import { RlpError } from '@meridian/proofs'
import {
  encodeList,
  encodeString,
  fixedAt,
  type Item,
  itemAt,
  listAt,
  requireEnd,
  stringAt,
  uintAt,
} from '@meridian/proofs/rlp'
import { type Address, bytesToHex, type Hex, hexToBytes, keccak256 } from 'viem'
import { G1_SIZE, G2_SIZE } from './bn254.ts'
import { IstanbulVerifyError } from './errors.ts'
import type { AggregatedSeal } from './seal.ts'
import type { SetDifference } from './validator-set.ts'

/** Places of fields in a header (atlas `core/types/block.go`): neither uncles nor difficulty are among them. */
const PARENT_HASH = 0
const STATE_ROOT = 2
const TRANSACTIONS_ROOT = 3
const RECEIPTS_ROOT = 4
const NUMBER = 6
const TIMESTAMP = 9
const EXTRA_DATA = 10
/** Bytes in front of the list in the extra data. */
export const VANITY_SIZE = 32
const ADDRESS_SIZE = 20
const SEAL_SIZE = 65
/** Places in the list: what comes before the aggregated seal, and it. */
const SEAL = 4
/** `[0, "", 0]`: an aggregated seal that is empty, as the block hash has it. */
const EMPTY_SEAL = Uint8Array.of(0xc3, 0x80, 0x80, 0x80)
const MAX_UINT64 = (1n << 64n) - 1n
const MAX_UINT48 = (1n << 48n) - 1n

/** What the contract reads of every header. */
export interface HeaderFields {
  readonly number: bigint
  /** Unix seconds. */
  readonly timestamp: bigint
  readonly parentHash: Hex
  readonly stateRoot: Hex
  readonly transactionsRoot: Hex
  readonly receiptsRoot: Hex
}

/** A header's own bytes in the form of the block hash, and what they say. */
export interface HashedHeader extends HeaderFields {
  /** RLP with an empty aggregated seal: what the block hash is of. */
  readonly hashForm: Hex
  /** The chain's block hash: keccak-256 of {@link hashForm}. */
  readonly hash: Hex
}

/** A header as a node serves it, with its aggregated seal apart. */
export interface IstanbulHeader extends HashedHeader {
  /** What the block that its own epoch's set committed says of the next epoch's; empty except in the last of an epoch. */
  readonly difference: SetDifference
  readonly addedAddresses: readonly Address[]
  readonly addedG2Keys: readonly Hex[]
  /** Undefined where the header came in the form of the block hash. */
  readonly seal: AggregatedSeal | undefined
}

const bytesOf = (bytes: Uint8Array, { from, to }: Item): Hex => bytesToHex(bytes.subarray(from, to))

function readFields(bytes: Uint8Array, start: number, limit: number): HeaderFields & { readonly extraAt: number } {
  let at = start
  let next = 0
  const skipTo = (field: number): void => {
    for (; next < field; next += 1) at = itemAt(bytes, at, limit).to
  }
  const word = (field: number): Hex => {
    skipTo(field)
    return bytesOf(bytes, fixedAt(bytes, at, limit, 32))
  }
  const uint = (field: number, most: bigint): bigint => {
    skipTo(field)
    const { value } = uintAt(bytes, at, limit)
    if (value > most)
      throw new IstanbulVerifyError('ISTANBUL_HEADER_TOO_LARGE', 'a number is too large', { field, given: value })
    return value
  }
  const parentHash = word(PARENT_HASH)
  const stateRoot = word(STATE_ROOT)
  const transactionsRoot = word(TRANSACTIONS_ROOT)
  const receiptsRoot = word(RECEIPTS_ROOT)
  const number = uint(NUMBER, MAX_UINT64)
  const timestamp = uint(TIMESTAMP, MAX_UINT48)
  skipTo(EXTRA_DATA)
  return { parentHash, stateRoot, transactionsRoot, receiptsRoot, number, timestamp, extraAt: at }
}

/** The header at `at` in the form of the block hash, which is not looked into. @throws {RlpError} @throws {IstanbulVerifyError} */
export function readHashForm(
  bytes: Uint8Array,
  at: number,
): { readonly header: HashedHeader; readonly extraAt: number; readonly to: number } {
  const list = listAt(bytes, at, bytes.length)
  const { extraAt, ...fields } = readFields(bytes, list.from, list.to)
  const hashForm = bytesToHex(bytes.subarray(at, list.to))
  return { header: { ...fields, hashForm, hash: keccak256(hashForm) }, extraAt, to: list.to }
}

/** The list in the extra data whose string is at `extraAt`. */
function extraList(bytes: Uint8Array, extraAt: number, limit: number): { readonly extra: Item; readonly list: Item } {
  const extra = stringAt(bytes, extraAt, limit)
  if (extra.to - extra.from < VANITY_SIZE)
    throw new IstanbulVerifyError('ISTANBUL_HEADER_VANITY', 'the extra data is too short', {
      expected: VANITY_SIZE,
      given: extra.to - extra.from,
    })
  const list = listAt(bytes, extra.from + VANITY_SIZE, extra.to)
  requireEnd(list.to, extra.to)
  return { extra, list }
}

function stringsIn(bytes: Uint8Array, list: Item, size: number): Hex[] {
  const strings: Hex[] = []
  for (let at = list.from; at < list.to; ) {
    const item = fixedAt(bytes, at, list.to, size)
    strings.push(bytesOf(bytes, item))
    at = item.to
  }
  return strings
}

/** What the extra data whose string is at `extraAt` says of the next epoch's set. @throws {RlpError} @throws {IstanbulVerifyError} */
export function readDifference(
  bytes: Uint8Array,
  extraAt: number,
  limit: number,
): Pick<IstanbulHeader, 'difference' | 'addedAddresses' | 'addedG2Keys'> {
  const { list } = extraList(bytes, extraAt, limit)
  const addresses = listAt(bytes, list.from, list.to)
  const g2 = listAt(bytes, addresses.to, list.to)
  const g1 = listAt(bytes, g2.to, list.to)
  const removed = uintAt(bytes, g1.to, list.to)
  const addedAddresses = stringsIn(bytes, addresses, ADDRESS_SIZE)
  const addedG2Keys = stringsIn(bytes, g2, G2_SIZE)
  const added = stringsIn(bytes, g1, G1_SIZE)
  if (addedAddresses.length !== added.length || addedG2Keys.length !== added.length)
    throw new IstanbulVerifyError('ISTANBUL_VALIDATORS_ADDED', 'not one address and one G2 key for each G1 key', {
      expected: added.length,
      given: [addedAddresses.length, addedG2Keys.length],
    })
  return { difference: { added, removed: removed.value }, addedAddresses, addedG2Keys }
}

function readSeal(
  bytes: Uint8Array,
  at: number,
  limit: number,
): { readonly seal: AggregatedSeal; readonly to: number } {
  const list = listAt(bytes, at, limit)
  const bitmap = uintAt(bytes, list.from, list.to)
  const signature = stringAt(bytes, bitmap.to, list.to)
  const round = uintAt(bytes, signature.to, list.to)
  requireEnd(round.to, list.to)
  return {
    seal: { bitmap: bitmap.value, signature: bytesOf(bytes, signature), round: round.value },
    to: list.to,
  }
}

/**
 * The header that `encoded` is, as a node serves it or in the form of the block hash. Nothing is re-encoded but the
 * aggregated seal and the lengths around it.
 * @throws {RlpError} @throws {IstanbulVerifyError}
 */
export function parseHeader(encoded: Hex): IstanbulHeader {
  const bytes = hexToBytes(encoded)
  const list = listAt(bytes, 0, bytes.length)
  if (list.to !== bytes.length)
    throw new RlpError('RLP_TRAILING_BYTES', 'bytes follow the header', { expected: list.to, given: bytes.length })
  const { extraAt } = readFields(bytes, list.from, list.to)
  const { extra, list: items } = extraList(bytes, extraAt, list.to)
  let sealAt = items.from
  for (let index = 0; index < SEAL; index += 1) sealAt = itemAt(bytes, sealAt, items.to).to
  sealAt = fixedAt(bytes, sealAt, items.to, SEAL_SIZE).to
  const { seal, to: sealEnd } = readSeal(bytes, sealAt, items.to)
  const hashForm = encodeList([
    bytes.subarray(list.from, extraAt),
    encodeString(
      Uint8Array.of(
        ...bytes.subarray(extra.from, extra.from + VANITY_SIZE),
        ...encodeList([bytes.subarray(items.from, sealAt), EMPTY_SEAL, bytes.subarray(sealEnd, items.to)]),
      ),
    ),
    bytes.subarray(extra.to, list.to),
  ])
  return {
    ...readHashForm(hashForm, 0).header,
    ...readDifference(bytes, extraAt, list.to),
    seal: seal.signature === '0x' ? undefined : seal,
  }
}
