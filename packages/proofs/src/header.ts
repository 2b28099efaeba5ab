import type { Address, Hex } from 'viem'
import { HeaderError } from './errors.ts'
import { fromHex, fromHexOfSize, quantity, toHex } from './hex.ts'
import { defaultKeccak, type Keccak256 } from './keccak.ts'
import { encodeList, encodeString, fixedAt, listItems, stringAt, uintAt, uintBytes } from './rlp.ts'

/** A block as JSON-RPC has it: the header's fields by name. Others (transactions, size, …) do not count. */
export interface RpcBlock {
  readonly hash: Hex
  readonly parentHash: Hex
  readonly sha3Uncles: Hex
  readonly miner: Address
  readonly stateRoot: Hex
  readonly transactionsRoot: Hex
  readonly receiptsRoot: Hex
  readonly logsBloom: Hex
  readonly difficulty: Hex
  readonly number: Hex
  readonly gasLimit: Hex
  readonly gasUsed: Hex
  readonly timestamp: Hex
  readonly extraData: Hex
  readonly mixHash: Hex
  readonly nonce: Hex
  readonly baseFeePerGas?: Hex | null | undefined
  readonly withdrawalsRoot?: Hex | null | undefined
  readonly blobGasUsed?: Hex | null | undefined
  readonly excessBlobGas?: Hex | null | undefined
  readonly parentBeaconBlockRoot?: Hex | null | undefined
  readonly requestsHash?: Hex | null | undefined
  readonly blockAccessListHash?: Hex | null | undefined
}

/** What Meridian reads of a header. Counterpart of `BlockHeader.parse`. */
export interface HeaderFields {
  readonly hash: Hex
  readonly parentHash: Hex
  readonly stateRoot: Hex
  readonly receiptsRoot: Hex
  readonly number: bigint
  /** Unix seconds on most chains. */
  readonly timestamp: bigint
  readonly extraData: Hex
}

type FieldName = Exclude<keyof RpcBlock, 'hash'>
/** Size in bytes, an unsigned integer, or bytes of any length. */
type FieldKind = number | 'uint' | 'bytes'

/** The header's list in its order (yellow paper §4.4), then what forks appended: a field is there or it is not. */
const required: readonly (readonly [FieldName, FieldKind])[] = [
  ['parentHash', 32],
  ['sha3Uncles', 32],
  ['miner', 20],
  ['stateRoot', 32],
  ['transactionsRoot', 32],
  ['receiptsRoot', 32],
  ['logsBloom', 256],
  ['difficulty', 'uint'],
  ['number', 'uint'],
  ['gasLimit', 'uint'],
  ['gasUsed', 'uint'],
  ['timestamp', 'uint'],
  ['extraData', 'bytes'],
  ['mixHash', 32],
  ['nonce', 8],
]
const appended: readonly (readonly [FieldName, FieldKind])[] = [
  ['baseFeePerGas', 'uint'], // EIP-1559
  ['withdrawalsRoot', 32], // EIP-4895
  ['blobGasUsed', 'uint'], // EIP-4844
  ['excessBlobGas', 'uint'], // EIP-4844
  ['parentBeaconBlockRoot', 32], // EIP-4788
  ['requestsHash', 32], // EIP-7685
  ['blockAccessListHash', 32], // EIP-7928
]

function encodeField(value: string, kind: FieldKind, name: string): Uint8Array {
  if (kind === 'uint') return encodeString(uintBytes(quantity(value)))
  return encodeString(kind === 'bytes' ? fromHex(value) : fromHexOfSize(value, kind, name))
}

/**
 * The header's RLP from the fields that are there, not compared with `block.hash`. Only for consensus protocols whose
 * block hash is not the hash of the whole header, and whose caller checks that hash itself.
 * @throws {HeaderError | HexError}
 */
export function encodeHeaderFields(block: Omit<RpcBlock, 'hash'>): Uint8Array {
  const items: Uint8Array[] = []
  for (const [name, kind] of required) {
    const value = block[name]
    if (value == null) throw new HeaderError('HEADER_FIELD_MISSING', 'the block lacks a field', { field: name })
    items.push(encodeField(value, kind, name))
  }
  for (const [name, kind] of appended) {
    const value = block[name]
    if (value != null) items.push(encodeField(value, kind, name))
  }
  return encodeList(items)
}

function requireHash(encoded: Uint8Array, expected: string, keccak: Keccak256): Uint8Array {
  const given = toHex(keccak(encoded))
  if (given !== expected.toLowerCase()) {
    throw new HeaderError('HEADER_HASH', 'the header does not hash to its block hash', { expected, given })
  }
  return encoded
}

/**
 * The header's RLP. A block with a field that this list does not know, or with a wrong one, hashes to something else
 * than `block.hash` and is refused: then the caller asks for the raw header ({@link checkRawHeader}).
 * @throws {HeaderError} `HEADER_HASH`, `HEADER_FIELD_MISSING`
 * @throws {HexError}
 */
export function encodeHeader(block: RpcBlock, keccak: Keccak256 = defaultKeccak): Uint8Array {
  return requireHash(encodeHeaderFields(block), block.hash, keccak)
}

/** The raw header (`debug_getRawHeader`), checked against the block's hash. @throws {HeaderError | HexError} */
export function checkRawHeader(raw: Hex, hash: Hex, keccak: Keccak256 = defaultKeccak): Uint8Array {
  return requireHash(fromHex(raw), hash, keccak)
}

/** Reads a raw header by the places of its fields; forks may have appended any others. @throws {RlpError} */
export function parseHeader(encoded: Uint8Array, keccak: Keccak256 = defaultKeccak): HeaderFields {
  const items = listItems(encoded)
  const place = (index: number): number => {
    const item = items[index]
    if (item === undefined) throw new HeaderError('HEADER_FIELD_MISSING', 'the header lacks a field', { field: index })
    return item.start
  }
  const word = (index: number): Hex => {
    const { from, to } = fixedAt(encoded, place(index), encoded.length, 32)
    return toHex(encoded.subarray(from, to))
  }
  const uint = (index: number): bigint => uintAt(encoded, place(index), encoded.length).value
  const extra = stringAt(encoded, place(12), encoded.length)
  return {
    hash: toHex(keccak(encoded)),
    parentHash: word(0),
    stateRoot: word(3),
    receiptsRoot: word(5),
    number: uint(8),
    timestamp: uint(11),
    extraData: toHex(encoded.subarray(extra.from, extra.to)),
  }
}
