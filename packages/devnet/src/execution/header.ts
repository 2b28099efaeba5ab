import {
  concatHex,
  type Hex,
  keccak256,
  numberToHex,
  type RpcBlock,
  type RpcTransactionReceipt,
  toRlp,
  trim,
} from 'viem'
import { DevnetError } from '../errors.ts'

/** An execution block with full transactions, as JSON-RPC gives it. */
export type ExecutionBlock = RpcBlock<'latest', true> & {
  readonly parentBeaconBlockRoot: Hex
  readonly requestsHash: Hex
}

/** RLP's integer: big-endian, no leading zero; zero is the empty string. */
export const scalar = (value: Hex): Hex => (BigInt(value) === 0n ? '0x' : trim(value))

function field(block: object, name: string): Hex {
  const value: unknown = Object.getOwnPropertyDescriptor(block, name)?.value
  if (typeof value === 'string' && value.startsWith('0x')) return value as Hex // CAST: checked in this line
  throw new DevnetError('BLOCK_FIELD', `block has no ${name}`, { name, given: value })
}

/** Header fields in their order up to Osaka (EIP-7685 last); integers are marked. */
const FIELDS = [
  ['parentHash', false],
  ['sha3Uncles', false],
  ['miner', false],
  ['stateRoot', false],
  ['transactionsRoot', false],
  ['receiptsRoot', false],
  ['logsBloom', false],
  ['difficulty', true],
  ['number', true],
  ['gasLimit', true],
  ['gasUsed', true],
  ['timestamp', true],
  ['extraData', false],
  ['mixHash', false],
  ['nonce', false],
  ['baseFeePerGas', true],
  ['withdrawalsRoot', false],
  ['blobGasUsed', true],
  ['excessBlobGas', true],
  ['parentBeaconBlockRoot', false],
  ['requestsHash', false],
] as const

/** RLP of the header of a block in JSON-RPC's form: 21 fields. */
export function encodeHeader(block: object): Hex {
  return toRlp(FIELDS.map(([name, integer]) => (integer ? scalar(field(block, name)) : field(block, name))))
}

/** Throws `BLOCK_HASH` unless the block's hash is the hash of its header. */
export function assertBlockHash(block: ExecutionBlock): void {
  const computed = keccak256(encodeHeader(block))
  if (computed !== block.hash)
    throw new DevnetError('BLOCK_HASH', 'block hash differs from its header', { expected: computed, given: block.hash })
}

/** EIP-2718 receipt as the receipts trie holds it: type byte (none for legacy) and RLP[status, gas, bloom, logs]. */
export function encodeReceipt(receipt: RpcTransactionReceipt): Hex {
  const logs = receipt.logs.map((log) => [log.address, [...log.topics], log.data])
  const payload = toRlp([scalar(receipt.status), scalar(receipt.cumulativeGasUsed), receipt.logsBloom, logs])
  const type = BigInt(receipt.type)
  return type === 0n ? payload : concatHex([numberToHex(type, { size: 1 }), payload])
}
