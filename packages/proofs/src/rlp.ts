import { RlpError } from './errors.ts'

/** First prefix of a string, of a list, and the longest payload that a one-byte prefix announces. */
const STRING = 0x80
const LIST = 0xc0
const SHORT_MAX = 55

/** Where an item starts, where its payload starts, where both end, and whether it is a list. */
export interface Item {
  readonly start: number
  readonly from: number
  readonly to: number
  readonly isList: boolean
}

/**
 * The item of `bytes` at `at`, which must end at or before `limit`. Strict like `RLP.itemAt` in `RLP.sol`: exactly one
 * encoding of each value is accepted.
 * @throws {RlpError}
 */
export function itemAt(bytes: Uint8Array, at: number, limit: number): Item {
  if (at >= limit) throw new RlpError('RLP_OUT_OF_BOUNDS', 'an item is missing', { expected: 1, given: 0 })
  const prefix = bytes[at] ?? 0
  if (prefix < STRING) return { start: at, from: at, to: at + 1, isList: false }
  const isList = prefix >= LIST
  let length = prefix - (isList ? LIST : STRING)
  let from = at + 1
  const nonCanonical = () =>
    new RlpError('RLP_NON_CANONICAL_LENGTH', 'a length is not in its shortest form', { given: prefix })
  if (length <= SHORT_MAX) {
    if (prefix === STRING + 1 && from < limit && (bytes[from] ?? 0) < STRING) throw nonCanonical()
  } else {
    const size = length - SHORT_MAX
    length = 0
    // Up to 8 bytes: beyond 2^53 the sum is no longer exact, but far over any limit.
    for (let i = 0; i < size; i += 1) length = length * 256 + (bytes[from + i] ?? 0)
    if ((bytes[from] ?? 0) === 0 || length <= SHORT_MAX) throw nonCanonical()
    from += size
  }
  const to = from + length
  if (to > limit) {
    throw new RlpError('RLP_OUT_OF_BOUNDS', 'an item reaches over its container', {
      expected: to - at,
      given: limit - at,
    })
  }
  return { start: at, from, to, isList }
}

function ofKind(bytes: Uint8Array, at: number, limit: number, isList: boolean): Item {
  const item = itemAt(bytes, at, limit)
  if (item.isList !== isList) {
    throw new RlpError('RLP_UNEXPECTED_KIND', isList ? 'a list belongs here' : 'a string belongs here', {
      expected: isList ? 'list' : 'string',
      given: bytes[at],
    })
  }
  return item
}

/** The list at `at`. @throws {RlpError} */
export const listAt = (bytes: Uint8Array, at: number, limit: number): Item => ofKind(bytes, at, limit, true)

/** The string at `at`. @throws {RlpError} */
export const stringAt = (bytes: Uint8Array, at: number, limit: number): Item => ofKind(bytes, at, limit, false)

/** The string of `size` bytes at `at`. @throws {RlpError} */
export function fixedAt(bytes: Uint8Array, at: number, limit: number, size: number): Item {
  const item = stringAt(bytes, at, limit)
  const given = item.to - item.from
  if (given !== size) throw new RlpError('RLP_STRING_LENGTH', 'a string has another length', { expected: size, given })
  return item
}

/** The unsigned integer of at most 32 bytes at `at`, and where it ends. @throws {RlpError} */
export function uintAt(bytes: Uint8Array, at: number, limit: number): { readonly value: bigint; readonly to: number } {
  const { from, to } = stringAt(bytes, at, limit)
  if (to - from > 32) {
    throw new RlpError('RLP_INTEGER_TOO_LONG', 'an integer is too long', { limit: 32, given: to - from })
  }
  if (to > from && bytes[from] === 0) {
    throw new RlpError('RLP_NON_CANONICAL_INTEGER', 'an integer has leading zeros', {})
  }
  let value = 0n
  for (let i = from; i < to; i += 1) value = (value << 8n) | BigInt(bytes[i] ?? 0)
  return { value, to }
}

/** Reverts' counterpart for bytes behind the last item. @throws {RlpError} */
export function requireEnd(at: number, limit: number): void {
  if (at !== limit) {
    throw new RlpError('RLP_TRAILING_BYTES', 'bytes follow the last item', { expected: at, given: limit })
  }
}

/** The items of the list that `encoded` is, from its first byte to its last. @throws {RlpError} */
export function listItems(encoded: Uint8Array): Item[] {
  const list = listAt(encoded, 0, encoded.length)
  requireEnd(list.to, encoded.length)
  const items: Item[] = []
  for (let at = list.from; at < list.to; ) {
    const item = itemAt(encoded, at, list.to)
    items.push(item)
    at = item.to
  }
  return items
}

/** Bytes that `value` takes, big-endian without leading zeros; 0 for 0. */
export function byteLength(value: number): number {
  let length = 0
  for (let rest = value; rest > 0; rest = Math.floor(rest / 256)) length += 1
  return length
}

/** Size of the header of a payload of `length` bytes (not of a lone byte below 0x80, which has none). */
export const headerSize = (length: number): number => (length <= SHORT_MAX ? 1 : 1 + byteLength(length))

/** Size of a list with this payload. */
export const listSize = (payload: number): number => headerSize(payload) + payload

/** Size of a string of `length` bytes whose first byte is `first`. */
export const stringSize = (length: number, first: number): number =>
  length === 1 && first < STRING ? 1 : headerSize(length) + length

/** Writes a header and returns where it ends. `base` is 0x80 for a string, 0xc0 for a list. */
export function writeHeader(out: Uint8Array, at: number, base: 0x80 | 0xc0, length: number): number {
  if (length <= SHORT_MAX) {
    out[at] = base + length
    return at + 1
  }
  const size = byteLength(length)
  out[at] = base + SHORT_MAX + size
  for (let i = size, rest = length; i > 0; i -= 1, rest = Math.floor(rest / 256)) out[at + i] = rest % 256
  return at + 1 + size
}

/** Writes `bytes` as a string and returns where it ends. */
export function writeString(out: Uint8Array, at: number, bytes: Uint8Array): number {
  const start = bytes.length === 1 && (bytes[0] ?? 0) < STRING ? at : writeHeader(out, at, STRING, bytes.length)
  out.set(bytes, start)
  return start + bytes.length
}

/** Big-endian bytes of `value` without leading zeros. */
export function uintBytes(value: bigint): Uint8Array {
  let length = 0
  for (let rest = value; rest > 0n; rest >>= 8n) length += 1
  const out = new Uint8Array(length)
  for (let i = length - 1, rest = value; i >= 0; i -= 1, rest >>= 8n) out[i] = Number(rest & 0xffn)
  return out
}

/** A list of the already encoded `items`. */
export function encodeList(items: readonly Uint8Array[]): Uint8Array {
  const payload = items.reduce((sum, item) => sum + item.length, 0)
  const out = new Uint8Array(listSize(payload))
  let at = writeHeader(out, 0, LIST, payload)
  for (const item of items) {
    out.set(item, at)
    at += item.length
  }
  return out
}

/** `bytes` as a string. */
export function encodeString(bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(stringSize(bytes.length, bytes[0] ?? 0))
  writeString(out, 0, bytes)
  return out
}
