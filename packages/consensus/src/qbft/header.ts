import { encodeHeaderFields, RlpError, type RpcBlock } from '@meridian/proofs'
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
import { type Address, bytesToHex, type Hex, hexToBytes, keccak256, size, slice } from 'viem'
import { QbftSourceError, QbftVerifyError } from './errors.ts'
import { lower } from './validator-set.ts'

/** Places of fields in a header (yellow paper §4.4). */
const PARENT_HASH = 0
const STATE_ROOT = 3
const TRANSACTIONS_ROOT = 4
const RECEIPTS_ROOT = 5
const NUMBER = 8
const TIMESTAMP = 11
const EXTRA_DATA = 12
/** Bytes of r, s and v. */
export const SEAL_SIZE = 65
const MEMBER_SIZE = 21
const ADDRESS_PREFIX = 0x94
const MAX_UINT64 = (1n << 64n) - 1n
const ROUND_SIZE = 4

/** RLP of 0, and of an empty list. */
const ZERO = Uint8Array.of(0x80)
const EMPTY_LIST = Uint8Array.of(0xc0)

/** What every form of a header shows. */
export interface HeaderFields {
  readonly number: bigint
  /** Unix seconds. */
  readonly timestamp: bigint
  readonly parentHash: Hex
  readonly stateRoot: Hex
  readonly transactionsRoot: Hex
  readonly receiptsRoot: Hex
}

/**
 * A QBFT header. It has three forms that differ in `extraData = RLP[vanity, validators, vote, round, seals]` alone: as a
 * node serves it; {@link sealForm}, without seals; {@link hashForm}, with round 0 besides. None is re-encoded: the bytes
 * around what changes are the given ones.
 */
export interface QbftHeader extends HeaderFields {
  /** Ascending. */
  readonly validators: readonly Address[]
  /** keccak-256 of the validators as they lie in the header: the contract's name for the set. */
  readonly setHash: Hex
  readonly round: number
  /** r ‖ s ‖ v each, as served; empty where the header came without. */
  readonly seals: readonly Hex[]
  /** RLP that the validators seal. */
  readonly sealForm: Hex
  /** RLP that the block hash is of. */
  readonly hashForm: Hex
  /** keccak-256 of {@link sealForm}. */
  readonly digest: Hex
  /** The chain's block hash: keccak-256 of {@link hashForm}. */
  readonly hash: Hex
}

const bytesOf = (bytes: Uint8Array, { from, to }: Item): Hex => bytesToHex(bytes.subarray(from, to))

/** Reads the fields before the extra data of the header whose payload is `[at, limit)`. */
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
  const uint64 = (field: number): bigint => {
    skipTo(field)
    const { value } = uintAt(bytes, at, limit)
    if (value > MAX_UINT64)
      throw new QbftVerifyError('QBFT_HEADER_TOO_LARGE', 'a number does not fit 64 bits', { field, given: value })
    return value
  }
  const parentHash = word(PARENT_HASH)
  const stateRoot = word(STATE_ROOT)
  const transactionsRoot = word(TRANSACTIONS_ROOT)
  const receiptsRoot = word(RECEIPTS_ROOT)
  const number = uint64(NUMBER)
  const timestamp = uint64(TIMESTAMP)
  skipTo(EXTRA_DATA)
  return { parentHash, stateRoot, transactionsRoot, receiptsRoot, number, timestamp, extraAt: at }
}

/** Reads the header's fields in the form of the block hash. @returns the fields, the hash, and where it ends. */
export function readHashForm(
  bytes: Uint8Array,
  at: number,
): { readonly fields: HeaderFields; readonly hash: Hex; readonly to: number } {
  const list = listAt(bytes, at, bytes.length)
  return {
    fields: readFields(bytes, list.from, list.to),
    hash: keccak256(bytes.subarray(at, list.to)),
    to: list.to,
  }
}

/** Validators of the list's payload. Anything but whole addresses is refused; order and size are not checked here. */
function readValidators(bytes: Uint8Array, list: Item): Address[] {
  const length = list.to - list.from
  if (length === 0 || length % MEMBER_SIZE !== 0)
    throw new QbftVerifyError('VALIDATOR_SET_SIZE', 'the validators are not whole addresses, or are none', {
      given: length,
    })
  const validators: Address[] = []
  for (let at = list.from; at < list.to; at += MEMBER_SIZE) {
    if (bytes[at] !== ADDRESS_PREFIX)
      throw new QbftVerifyError('VALIDATOR_SET_MEMBER', 'a validator is not an address', {
        expected: ADDRESS_PREFIX,
        given: bytes[at],
      })
    validators.push(bytesToHex(bytes.subarray(at + 1, at + MEMBER_SIZE)))
  }
  return validators
}

/**
 * The header at `at`, which ends at `to`. Seals may be inside, as nodes serve them.
 * @throws {RlpError} for what is not canonical RLP of that shape @throws {QbftVerifyError}
 */
export function readHeader(bytes: Uint8Array, start: number): { readonly header: QbftHeader; readonly to: number } {
  const list = listAt(bytes, start, bytes.length)
  const { extraAt, ...fields } = readFields(bytes, list.from, list.to)
  const extra = stringAt(bytes, extraAt, list.to)
  const items = listAt(bytes, extra.from, extra.to)
  requireEnd(items.to, extra.to)
  const vanity = stringAt(bytes, items.from, items.to)
  const set = listAt(bytes, vanity.to, items.to)
  const vote = listAt(bytes, set.to, items.to)
  const round = uintAt(bytes, vote.to, items.to)
  if (round.to - vote.to > ROUND_SIZE + 1)
    throw new QbftVerifyError('QBFT_HEADER_ROUND', 'the round does not fit 32 bits', { given: round.value })
  const sealList = listAt(bytes, round.to, items.to)
  requireEnd(sealList.to, items.to)
  const seals: Hex[] = []
  for (let at = sealList.from; at < sealList.to; ) {
    const seal = stringAt(bytes, at, sealList.to)
    if (seal.to - seal.from !== SEAL_SIZE)
      throw new QbftVerifyError('QBFT_HEADER_SEAL_LENGTH', 'a seal has another length', {
        expected: SEAL_SIZE,
        given: seal.to - seal.from,
      })
    seals.push(bytesOf(bytes, seal))
    at = seal.to
  }
  const withExtra = (tail: readonly Uint8Array[]): Hex =>
    bytesToHex(
      encodeList([
        bytes.subarray(list.from, extraAt),
        encodeString(encodeList([bytes.subarray(items.from, vote.to), ...tail])),
        bytes.subarray(extra.to, list.to),
      ]),
    )
  const sealForm = withExtra([bytes.subarray(vote.to, round.to), EMPTY_LIST])
  const hashForm = withExtra([ZERO, EMPTY_LIST])
  const header: QbftHeader = {
    ...fields,
    validators: readValidators(bytes, set),
    setHash: keccak256(bytes.subarray(set.from, set.to)),
    round: Number(round.value),
    seals,
    sealForm,
    hashForm,
    digest: keccak256(sealForm),
    hash: keccak256(hashForm),
  }
  return { header, to: list.to }
}

/** The header that `encoded` is, in whatever form it came. @throws {RlpError} @throws {QbftVerifyError} */
export function parseQbftHeader(encoded: Hex): QbftHeader {
  const bytes = hexToBytes(encoded)
  const { header, to } = readHeader(bytes, 0)
  if (to !== bytes.length)
    throw new RlpError('RLP_TRAILING_BYTES', 'bytes follow the header', { expected: to, given: bytes.length })
  return header
}

/**
 * The header of a block as JSON-RPC serves it. Every field is checked by the block hash, which is recomputed.
 * @throws {QbftSourceError} `QBFT_NODE_ANSWER` if it comes out differently @throws {HeaderError} if a field is missing
 */
export function headerOfBlock(block: RpcBlock): QbftHeader {
  const header = parseQbftHeader(bytesToHex(encodeHeaderFields(block)))
  if (header.hash !== lower(block.hash))
    throw new QbftSourceError('QBFT_NODE_ANSWER', 'the header does not hash to its block hash', {
      expected: block.hash,
      given: header.hash,
    })
  return header
}

/** The header's RLP with other seals and round: as a node would serve it. */
export function encodeServed(header: QbftHeader, round: number, seals: readonly Hex[]): Hex {
  const bytes = hexToBytes(header.sealForm)
  const list = listAt(bytes, 0, bytes.length)
  const { extraAt } = readFields(bytes, list.from, list.to)
  const extra = stringAt(bytes, extraAt, list.to)
  const items = listAt(bytes, extra.from, extra.to)
  let at = items.from
  for (let index = 0; index < 3; index += 1) at = itemAt(bytes, at, items.to).to
  return bytesToHex(
    encodeList([
      bytes.subarray(list.from, extraAt),
      encodeString(
        encodeList([
          bytes.subarray(items.from, at),
          encodeString(round === 0 ? new Uint8Array() : hexToBytes(`0x${evenHex(round)}`)),
          encodeList(seals.map((seal) => encodeString(hexToBytes(seal)))),
        ]),
      ),
      bytes.subarray(extra.to, list.to),
    ]),
  )
}

function evenHex(value: number): string {
  const text = value.toString(16)
  return text.length % 2 === 0 ? text : `0${text}`
}

/** r, s and recovery id of a seal. */
export function splitSeal(seal: Hex): { readonly rs: Hex; readonly recoveryId: number } {
  if (size(seal) !== SEAL_SIZE)
    throw new QbftVerifyError('QBFT_HEADER_SEAL_LENGTH', 'a seal has another length', {
      expected: SEAL_SIZE,
      given: size(seal),
    })
  return { rs: slice(seal, 0, 64), recoveryId: Number.parseInt(seal.slice(-2), 16) }
}
