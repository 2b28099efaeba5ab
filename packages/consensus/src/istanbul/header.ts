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
  uintBytes,
} from '@meridian/proofs/rlp'
import { type Address, bytesToHex, type Hex, hexToBytes, keccak256 } from 'viem'
import { G1_SIZE, G2_SIZE } from './bn254.ts'
import { IstanbulVerifyError } from './errors.ts'
import type { AggregatedSeal } from './seal.ts'
import type { SetDifference } from './validator-set.ts'

/** Sizes of the first fields of a header (atlas `core/types/block.go`; neither uncles nor difficulty are among them): parent's
 * hash, coinbase, state, transactions and receipts root, bloom filter. */
const FIXED_SIZES = [32, 20, 32, 32, 32, 256] as const
/** Places of fields behind them. */
const NUMBER = 6
const TIMESTAMP = 9
const EXTRA_DATA = 10
/** Bytes in front of the list in the extra data. */
export const VANITY_SIZE = 32
const ADDRESS_SIZE = 20
/** Place in the list of the proposer's seal, which the aggregated one follows. */
const PROPOSER_SEAL = 4
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

function readFixed(bytes: Uint8Array, start: number, limit: number) {
  const words: Hex[] = []
  let at = start
  try {
    for (const size of FIXED_SIZES) {
      const item = fixedAt(bytes, at, limit, size)
      if (size === 32) words.push(bytesOf(bytes, item))
      at = item.to
    }
  } catch (cause) {
    if (!(cause instanceof RlpError)) throw cause
    throw new IstanbulVerifyError('ISTANBUL_HEADER_LAYOUT', 'a field has another size', { at }, { cause })
  }
  const [parentHash = '0x', stateRoot = '0x', transactionsRoot = '0x', receiptsRoot = '0x'] = words
  return { parentHash, stateRoot, transactionsRoot, receiptsRoot, to: at }
}

function readFields(bytes: Uint8Array, start: number, limit: number): HeaderFields & { readonly extraAt: number } {
  const { parentHash, stateRoot, transactionsRoot, receiptsRoot, to } = readFixed(bytes, start, limit)
  let at = to
  let next: number = FIXED_SIZES.length
  const skipTo = (field: number): void => {
    for (; next < field; next += 1) at = itemAt(bytes, at, limit).to
  }
  const uint = (field: number, most: bigint): bigint => {
    skipTo(field)
    const { value } = uintAt(bytes, at, limit)
    if (value > most)
      throw new IstanbulVerifyError('ISTANBUL_HEADER_TOO_LARGE', 'a number is too large', { field, given: value })
    return value
  }
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

/** A header cut around its aggregated seal. */
interface Cut {
  readonly bytes: Uint8Array
  readonly list: Item
  readonly extraAt: number
  readonly extra: Item
  readonly items: Item
  readonly sealFrom: number
  readonly sealTo: number
  readonly seal: AggregatedSeal
}

function cut(encoded: Hex): Cut {
  const bytes = hexToBytes(encoded)
  const list = listAt(bytes, 0, bytes.length)
  if (list.to !== bytes.length)
    throw new RlpError('RLP_TRAILING_BYTES', 'bytes follow the header', { expected: list.to, given: bytes.length })
  const { extraAt } = readFields(bytes, list.from, list.to)
  const { extra, list: items } = extraList(bytes, extraAt, list.to)
  let at = items.from
  for (let index = 0; index < PROPOSER_SEAL; index += 1) at = itemAt(bytes, at, items.to).to
  const sealFrom = stringAt(bytes, at, items.to).to
  const { seal, to: sealTo } = readSeal(bytes, sealFrom, items.to)
  return { bytes, list, extraAt, extra, items, sealFrom, sealTo, seal }
}

/** The header's RLP with these bytes for its aggregated seal. Nothing else is re-encoded but the lengths around it. */
function withSeal({ bytes, list, extraAt, extra, items, sealFrom, sealTo }: Cut, seal: Uint8Array): Uint8Array {
  return encodeList([
    bytes.subarray(list.from, extraAt),
    encodeString(
      Uint8Array.of(
        ...bytes.subarray(extra.from, extra.from + VANITY_SIZE),
        ...encodeList([bytes.subarray(items.from, sealFrom), seal, bytes.subarray(sealTo, items.to)]),
      ),
    ),
    bytes.subarray(extra.to, list.to),
  ])
}

/**
 * The header that `encoded` is, as a node serves it or in the form of the block hash.
 * @throws {RlpError} @throws {IstanbulVerifyError}
 */
export function parseHeader(encoded: Hex): IstanbulHeader {
  const parts = cut(encoded)
  const { seal } = parts
  return {
    ...readHashForm(withSeal(parts, EMPTY_SEAL), 0).header,
    ...readDifference(parts.bytes, parts.extraAt, parts.list.to),
    seal: seal.signature === '0x' ? undefined : seal,
  }
}

/** `[bitmap, signature, round]`, as both aggregated seals of a header are. */
export const encodeAggregatedSeal = ({ bitmap, signature, round }: AggregatedSeal): Uint8Array =>
  encodeList([encodeString(uintBytes(bitmap)), encodeString(hexToBytes(signature)), encodeString(uintBytes(round))])

/** The header's RLP with this aggregated seal: as a node serves it. */
export const encodeServed = (encoded: Hex, seal: AggregatedSeal): Hex =>
  bytesToHex(withSeal(cut(encoded), encodeAggregatedSeal(seal)))
