import { encodeHeaderFields, RlpError, type RpcBlock } from '@meridian/proofs'
import { fixedAt, itemAt, listAt, stringAt, uintAt } from '@meridian/proofs/rlp'
import { bytesToHex, type Hex, hexToBytes, keccak256 } from 'viem'
import { fail, ParliaSourceError } from './errors.ts'

/** Places of fields in a header (yellow paper §4.4). */
const PARENT_HASH = 0
const STATE_ROOT = 3
const TRANSACTIONS_ROOT = 4
const RECEIPTS_ROOT = 5
const NUMBER = 8
const TIMESTAMP = 11
const EXTRA_DATA = 12
/** Heights and times are kept in 48 bits: at a block a millisecond that is 8,900 years. */
const MAX_UINT48 = (1n << 48n) - 1n

/** A header of a Parlia chain. Its block hash is the hash of its bytes, and nothing is ever re-encoded. */
export interface ParliaHeader {
  readonly number: bigint
  /** Unix seconds; the milliseconds are in `mixHash` and do not matter here. */
  readonly timestamp: bigint
  readonly parentHash: Hex
  readonly stateRoot: Hex
  readonly transactionsRoot: Hex
  readonly receiptsRoot: Hex
  readonly extraData: Hex
  /** RLP as it came. */
  readonly raw: Hex
  /** keccak-256 of {@link raw}. */
  readonly hash: Hex
}

/** The header at `start`, whatever fields forks appended, and where it ends. @throws {RlpError} @throws {ParliaVerifyError} */
export function readHeader(bytes: Uint8Array, start: number): { readonly header: ParliaHeader; readonly to: number } {
  const list = listAt(bytes, start, bytes.length)
  let at = list.from
  let next = 0
  const skipTo = (field: number): void => {
    for (; next < field; next += 1) at = itemAt(bytes, at, list.to).to
  }
  const word = (field: number): Hex => {
    skipTo(field)
    const item = fixedAt(bytes, at, list.to, 32)
    return bytesToHex(bytes.subarray(item.from, item.to))
  }
  const uint48 = (field: number): bigint => {
    skipTo(field)
    const { value } = uintAt(bytes, at, list.to)
    if (value > MAX_UINT48) throw fail('PARLIA_HEADER_TOO_LARGE', { field, given: value })
    return value
  }
  const parentHash = word(PARENT_HASH)
  const stateRoot = word(STATE_ROOT)
  const transactionsRoot = word(TRANSACTIONS_ROOT)
  const receiptsRoot = word(RECEIPTS_ROOT)
  const number = uint48(NUMBER)
  const timestamp = uint48(TIMESTAMP)
  skipTo(EXTRA_DATA)
  const extra = stringAt(bytes, at, list.to)
  const raw = bytes.subarray(start, list.to)
  const header: ParliaHeader = {
    number,
    timestamp,
    parentHash,
    stateRoot,
    transactionsRoot,
    receiptsRoot,
    extraData: bytesToHex(bytes.subarray(extra.from, extra.to)),
    raw: bytesToHex(raw),
    hash: keccak256(raw),
  }
  return { header, to: list.to }
}

/** The header that `encoded` is. @throws {RlpError} @throws {ParliaVerifyError} */
export function parseParliaHeader(encoded: Hex): ParliaHeader {
  const bytes = hexToBytes(encoded)
  const { header, to } = readHeader(bytes, 0)
  if (to !== bytes.length)
    throw new RlpError('RLP_TRAILING_BYTES', 'bytes follow the header', { expected: to, given: bytes.length })
  return header
}

/**
 * The header of a block as JSON-RPC serves it. Every field is checked by the block hash, which is recomputed.
 * @throws {ParliaSourceError} `PARLIA_NODE_ANSWER` if it comes out differently @throws {HeaderError} if a field is missing
 */
export function headerOfBlock(block: RpcBlock): ParliaHeader {
  const header = parseParliaHeader(bytesToHex(encodeHeaderFields(block)))
  if (header.hash !== block.hash.toLowerCase())
    throw new ParliaSourceError('PARLIA_NODE_ANSWER', 'the header does not hash to its block hash', {
      expected: block.hash,
      given: header.hash,
    })
  return header
}
