import type { Hex } from 'viem'
import { HexError, ReceiptError } from './errors.ts'
import { hexSize, quantity, writeHex } from './hex.ts'
import { listSize, stringSize, uintBytes, writeHeader, writeString } from './rlp.ts'

/** A log as JSON-RPC has it; what the receipt commits to. */
export interface RpcLog {
  readonly address: Hex
  readonly topics: readonly Hex[]
  readonly data: Hex
}

/** A receipt as JSON-RPC has it; what the receipts trie commits to, and its place in the block. */
export interface RpcReceipt {
  /** EIP-2718 type; absent or 0 for legacy. */
  readonly type?: Hex | null | undefined
  readonly status?: Hex | null | undefined
  /** State root, instead of the status, before Byzantium. */
  readonly root?: Hex | null | undefined
  readonly cumulativeGasUsed: Hex
  readonly logsBloom: Hex
  readonly logs: readonly RpcLog[]
  readonly transactionIndex?: Hex | null | undefined
}

/** Receipts encoded one behind the other: the one at `i` is `bytes[ends[i - 1] ?? 0, ends[i])`. */
export interface EncodedReceipts {
  readonly bytes: Uint8Array
  readonly ends: readonly number[]
}

const BLOOM_SIZE = 256
const ADDRESS_SIZE = 20
const WORD_SIZE = 32
const TOPICS_MAX = 4
const TYPE_MAX = 0x7f

function typeOf(receipt: RpcReceipt): number {
  const type = receipt.type == null ? 0n : quantity(receipt.type)
  if (type > TYPE_MAX) {
    throw new ReceiptError('RECEIPT_TYPE', 'no receipt has such a type', { limit: TYPE_MAX, given: type })
  }
  return Number(type)
}

/** First item of the receipt: the status as an integer, or the state root. */
function outcomeOf(receipt: RpcReceipt): Uint8Array {
  if (receipt.status != null) {
    const status = quantity(receipt.status)
    if (status > 1n) throw new ReceiptError('RECEIPT_STATUS', 'a status is 0 or 1', { limit: 1, given: status })
    return uintBytes(status)
  }
  if (receipt.root == null) {
    throw new ReceiptError('RECEIPT_STATUS', 'the receipt has neither status nor state root', {})
  }
  const root = new Uint8Array(WORD_SIZE)
  requireSize(receipt.root, WORD_SIZE, 'root')
  writeHex(root, 0, receipt.root)
  return root
}

function requireSize(text: string, expected: number, what: string): void {
  const given = hexSize(text)
  if (given !== expected) throw new HexError('HEX_LENGTH', `${what} has another length`, { what, expected, given })
}

const dataSize = (data: string): number => {
  const size = hexSize(data)
  return stringSize(size, size === 1 ? Number.parseInt(data.slice(2), 16) : 0)
}

const topicsPayload = (log: RpcLog): number => log.topics.length * (WORD_SIZE + 1)
const logPayload = (log: RpcLog): number => ADDRESS_SIZE + 1 + listSize(topicsPayload(log)) + dataSize(log.data)

function writeFixed(out: Uint8Array, at: number, text: string, size: number, what: string): number {
  requireSize(text, size, what)
  return writeHex(out, writeHeader(out, at, 0x80, size), text)
}

function writeLog(out: Uint8Array, start: number, log: RpcLog): number {
  if (log.topics.length > TOPICS_MAX) {
    throw new ReceiptError('RECEIPT_TOPICS', 'a log has at most four topics', {
      limit: TOPICS_MAX,
      given: log.topics.length,
    })
  }
  let at = writeHeader(out, start, 0xc0, logPayload(log))
  at = writeFixed(out, at, log.address, ADDRESS_SIZE, 'address')
  at = writeHeader(out, at, 0xc0, topicsPayload(log))
  for (const topic of log.topics) at = writeFixed(out, at, topic, WORD_SIZE, 'topic')
  const size = hexSize(log.data)
  if (dataSize(log.data) > 1 || size === 0) at = writeHeader(out, at, 0x80, size)
  return writeHex(out, at, log.data)
}

/**
 * Encodes a block's receipts as its receipts trie holds them (EIP-2718): `type || rlp`, or the list alone for legacy.
 * Unknown types are encoded like the known ones: a chain whose receipts have more fields gives another root.
 * @throws {ReceiptError} `RECEIPT_ORDER` if a receipt that names its index stands elsewhere
 * @throws {HexError}
 */
export function encodeReceipts(receipts: readonly RpcReceipt[]): EncodedReceipts {
  const ends: number[] = []
  let total = 0
  const plans = receipts.map((receipt, position) => {
    if (receipt.transactionIndex != null && quantity(receipt.transactionIndex) !== BigInt(position)) {
      throw new ReceiptError('RECEIPT_ORDER', 'the receipts are not those of one block in order', {
        expected: position,
        given: receipt.transactionIndex,
      })
    }
    const type = typeOf(receipt)
    const outcome = outcomeOf(receipt)
    const gas = uintBytes(quantity(receipt.cumulativeGasUsed))
    let logs = 0
    for (const log of receipt.logs) logs += listSize(logPayload(log))
    const payload =
      stringSize(outcome.length, outcome[0] ?? 0) +
      stringSize(gas.length, gas[0] ?? 0) +
      stringSize(BLOOM_SIZE, 0) +
      listSize(logs)
    total += (type === 0 ? 0 : 1) + listSize(payload)
    ends.push(total)
    return { type, outcome, gas, logs, payload }
  })
  const bytes = new Uint8Array(total)
  let at = 0
  for (const [position, receipt] of receipts.entries()) {
    const plan = plans[position]
    if (plan === undefined) continue
    if (plan.type !== 0) {
      bytes[at] = plan.type
      at += 1
    }
    at = writeHeader(bytes, at, 0xc0, plan.payload)
    at = writeString(bytes, at, plan.outcome)
    at = writeString(bytes, at, plan.gas)
    at = writeFixed(bytes, at, receipt.logsBloom, BLOOM_SIZE, 'logsBloom')
    at = writeHeader(bytes, at, 0xc0, plan.logs)
    for (const log of receipt.logs) at = writeLog(bytes, at, log)
  }
  return { bytes, ends }
}

/** One receipt as the receipts trie holds it. Its `transactionIndex` does not count. */
export function encodeReceipt(receipt: RpcReceipt): Uint8Array {
  return encodeReceipts([{ ...receipt, transactionIndex: undefined }]).bytes
}
