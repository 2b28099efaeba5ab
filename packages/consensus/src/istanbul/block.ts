import { encodeList, encodeString, uintBytes } from '@meridian/proofs/rlp'
import { bytesToHex, type Hex, hexToBytes } from 'viem'
import { IstanbulSourceError } from './errors.ts'
import { type IstanbulHeader, parseHeader } from './header.ts'

/** Size in bytes, an unsigned integer, or bytes of any length. */
type FieldKind = number | 'uint' | 'bytes'

/** A header's fields in their order, by the names that JSON-RPC and atlas' own structure have for them. */
const fields: readonly (readonly [names: readonly string[], kind: FieldKind])[] = [
  [['parentHash'], 32],
  [['miner', 'coinbase'], 20],
  [['stateRoot'], 32],
  [['transactionsRoot'], 32],
  [['receiptsRoot'], 32],
  [['logsBloom'], 256],
  [['number'], 'uint'],
  [['gasLimit'], 'uint'],
  [['gasUsed'], 'uint'],
  [['timestamp'], 'uint'],
  [['extraData'], 'bytes'],
  [['mixHash', 'mixDigest'], 32],
  [['nonce'], 8],
]
/** There since MAP took over EIP-1559. */
const BASE_FEE = 'baseFeePerGas'

const answer = (message: string, context: Readonly<Record<string, unknown>>): IstanbulSourceError =>
  new IstanbulSourceError('ISTANBUL_NODE_ANSWER', message, context)

/** Own member of a JSON object, undefined for anything else. */
export function member(json: unknown, key: string): unknown {
  return typeof json === 'object' && json !== null && Object.hasOwn(json, key)
    ? (json as Readonly<Record<string, unknown>>)[key] // CAST: an object that has the key
    : undefined
}

export const isBytes = (value: unknown): value is Hex =>
  typeof value === 'string' && /^0x([0-9a-fA-F]{2})*$/.test(value)

function encodeField(name: string, value: unknown, kind: FieldKind): Uint8Array {
  if (kind === 'uint') {
    if (typeof value !== 'string' || !/^(0x[0-9a-fA-F]{1,64}|\d{1,78})$/.test(value))
      throw answer('a field is no quantity', { field: name, given: value })
    return encodeString(uintBytes(BigInt(value)))
  }
  if (!isBytes(value) || (kind !== 'bytes' && value.length !== 2 + 2 * kind))
    throw answer('a field has another form', { field: name, expected: kind, given: value })
  return encodeString(hexToBytes(value))
}

/** RLP of the header whose fields are in a JSON object; its hash is the caller's to check. @throws {IstanbulSourceError} */
export function encodeBlock(block: unknown): Hex {
  const items = fields.map(([names, kind]) => {
    const name = names.find((candidate) => member(block, candidate) !== undefined)
    if (name === undefined) throw answer('the block lacks a field', { field: names[0] })
    return encodeField(name, member(block, name), kind)
  })
  const baseFee = member(block, BASE_FEE)
  if (baseFee !== undefined && baseFee !== null) items.push(encodeField(BASE_FEE, baseFee, 'uint'))
  return bytesToHex(encodeList(items))
}

/**
 * The header of a block as JSON-RPC serves it. Every field but the aggregated seal is checked by the block hash, which is
 * recomputed. @throws {IstanbulSourceError} @throws {RlpError} @throws {IstanbulVerifyError}
 */
export function headerOfBlock(block: unknown): IstanbulHeader {
  const header = parseHeader(encodeBlock(block))
  const hash = member(block, 'hash')
  if (typeof hash !== 'string' || header.hash !== hash.toLowerCase())
    throw answer('the header does not hash to its block hash', { expected: hash, given: header.hash })
  return header
}
