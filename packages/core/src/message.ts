import { type Address, bytesToHex, getAddress, type Hex, hexToBytes } from 'viem'
import { MeridianError } from './errors.ts'

/** How MOS calls the target of a message. */
export type MessageType = 'CALLDATA' | 'MESSAGE'

/**
 * `tuple`: `abi.encode(MessageData)`, word 0 is 0x20. `flat`: `abi.encode(relay, msgType, …)`, word 0 is 0. Deployed
 * applications use both; MOS takes both and nothing else.
 */
export type MessageEncoding = 'tuple' | 'flat'

/** What travels in `mapMessageOut.callData`. */
export interface MessageData {
  readonly msgType: MessageType
  /** Application on the target chain. */
  readonly target: Address
  readonly payload: Hex
  /** Gas that the target receives. */
  readonly gasLimit: bigint
  /** Whether the hub of the lane runs it, and sends on what its target there returns. Default: false. */
  readonly relay?: boolean
}

/** Bounds of `gasLimit` in MOS. Gas. */
export const minGasLimit = 21_000n
export const maxGasLimit = 10_000_000n
/** Longest encoded message that MOS carries. Bytes. */
export const maxMessageLength = 16_384

export type MessageErrorCode =
  | 'MESSAGE_TOO_LONG'
  | 'MESSAGE_MALFORMED'
  | 'MESSAGE_TARGET_LENGTH'
  | 'MESSAGE_GAS_LIMIT'
  | 'MESSAGE_VALUE'
  | 'MESSAGE_RELAY'

/** A message that MOS does not carry; the codes are those of `MessageCodec.Fault`. */
export class MessageError extends MeridianError<
  MessageErrorCode,
  { readonly expected: string; readonly given: string }
> {}

const word = 32
const addressLength = 20
/** Byte offsets in the head of `MessageData` and behind it, as in `MessageCodec.sol`. */
const at = {
  relay: 0x00,
  msgType: 0x20,
  targetOffset: 0x40,
  payloadOffset: 0x60,
  gasLimit: 0x80,
  value: 0xa0,
  targetLength: 0xc0,
  target: 0xe0,
  payloadLength: 0x100,
  payload: 0x120,
} as const

const types: readonly MessageType[] = ['CALLDATA', 'MESSAGE']

/**
 * Encodes a message as MOS takes it.
 *
 * @throws {@link MessageError} for a gas limit out of bounds, a message that is too long, or `relay` in the flat encoding,
 *   which has no such messages
 */
export function encodeMessageData(message: MessageData, encoding: MessageEncoding = 'tuple'): Hex {
  const payload = hexToBytes(message.payload)
  const target = hexToBytes(getAddress(message.target))
  checkGasLimit(message.gasLimit)
  const start = encoding === 'tuple' ? word : 0
  const out = new Uint8Array(start + at.payload + Math.ceil(payload.length / word) * word)
  if (out.length > maxMessageLength) throw tooLong(out.length)
  const { relay = false } = message
  if (relay && encoding === 'flat')
    throw new MessageError('MESSAGE_RELAY', 'relay needs the tuple encoding', { expected: 'tuple', given: encoding })
  if (encoding === 'tuple') setWord(out, 0, BigInt(word))
  const body = out.subarray(start)
  setWord(body, at.relay, relay ? 1n : 0n)
  setWord(body, at.msgType, BigInt(types.indexOf(message.msgType)))
  setWord(body, at.targetOffset, BigInt(at.targetLength))
  setWord(body, at.payloadOffset, BigInt(at.payloadLength))
  setWord(body, at.gasLimit, message.gasLimit)
  setWord(body, at.targetLength, BigInt(addressLength))
  body.set(target, at.target)
  setWord(body, at.payloadLength, BigInt(payload.length))
  body.set(payload, at.payload)
  return bytesToHex(out)
}

/** A message as it was encoded. */
export interface DecodedMessage extends Required<MessageData> {
  readonly encoding: MessageEncoding
}

/**
 * Decodes a message exactly as `MessageCodec.inspect` does: canonical offsets, zero padding, nothing behind it. One with
 * `relay` set is read too, where the contract says `Relay` and nothing else is wrong: a hub takes it, MOS at its end not.
 *
 * @throws {@link MessageError}
 */
export function decodeMessageData(encoded: Hex): DecodedMessage {
  const bytes = hexToBytes(encoded)
  if (bytes.length > maxMessageLength) throw tooLong(bytes.length)
  if (bytes.length < word) throw malformed('at least one word', `${bytes.length} bytes`)
  const first = getWord(bytes, 0)
  if (first !== 0n && first !== BigInt(word)) throw malformed('word 0 of 0x20 or 0', hex(first))
  const encoding: MessageEncoding = first === 0n ? 'flat' : 'tuple'
  const body = encoding === 'tuple' ? bytes.subarray(word) : bytes
  if (body.length < at.target) throw malformed(`at least ${at.target} bytes`, `${body.length} bytes`)

  const relay = getWord(body, at.relay)
  const msgType = types[Number(getWord(body, at.msgType))]
  if (relay > 1n) throw malformed('relay of 0 or 1', hex(relay))
  if (msgType === undefined) throw malformed('msgType of 0 or 1', hex(getWord(body, at.msgType)))
  expectWord(body, at.targetOffset, at.targetLength)
  const targetLength = getWord(body, at.targetLength)
  if (targetLength !== BigInt(addressLength)) {
    throw new MessageError('MESSAGE_TARGET_LENGTH', `The target has ${targetLength} bytes, not 20`, {
      expected: String(addressLength),
      given: String(targetLength),
    })
  }
  if (body.length < at.payload) throw malformed(`at least ${at.payload} bytes`, `${body.length} bytes`)
  expectWord(body, at.payloadOffset, at.payloadLength)
  expectZero(body, at.target + addressLength, at.payloadLength)
  const payloadLength = getWord(body, at.payloadLength)
  if (payloadLength > BigInt(body.length - at.payload)) throw malformed('the whole payload', hex(payloadLength))
  const end = at.payload + Number(payloadLength)
  const padded = at.payload + Math.ceil(Number(payloadLength) / word) * word
  if (padded !== body.length) throw malformed(`${padded} bytes`, `${body.length} bytes`)
  expectZero(body, end, padded)
  const gasLimit = getWord(body, at.gasLimit)
  checkGasLimit(gasLimit)
  const value = getWord(body, at.value)
  if (value !== 0n) {
    throw new MessageError('MESSAGE_VALUE', 'value must be 0', { expected: '0', given: String(value) })
  }
  return {
    encoding,
    msgType,
    target: getAddress(bytesToHex(body.subarray(at.target, at.target + addressLength))),
    payload: bytesToHex(body.subarray(at.payload, end)),
    gasLimit,
    relay: relay === 1n,
  }
}

function checkGasLimit(gasLimit: bigint): void {
  if (gasLimit >= minGasLimit && gasLimit <= maxGasLimit) return
  throw new MessageError('MESSAGE_GAS_LIMIT', `The gas limit ${gasLimit} is not from 21,000 to 10,000,000`, {
    expected: `${minGasLimit}..${maxGasLimit}`,
    given: String(gasLimit),
  })
}

function tooLong(length: number): MessageError {
  return new MessageError('MESSAGE_TOO_LONG', `The message has ${length} bytes; MOS carries ${maxMessageLength}`, {
    expected: `${maxMessageLength}`,
    given: `${length}`,
  })
}

function malformed(expected: string, given: string): MessageError {
  return new MessageError('MESSAGE_MALFORMED', `Expected ${expected}, found ${given}`, { expected, given })
}

function expectWord(bytes: Uint8Array, offset: number, expected: number): void {
  const given = getWord(bytes, offset)
  if (given !== BigInt(expected)) throw malformed(`${hex(BigInt(expected))} at ${offset}`, hex(given))
}

function expectZero(bytes: Uint8Array, start: number, end: number): void {
  const padding = bytes.subarray(start, end)
  if (padding.some((byte) => byte !== 0)) throw malformed(`zero bytes from ${start} to ${end}`, bytesToHex(padding))
}

function getWord(bytes: Uint8Array, offset: number): bigint {
  return BigInt(bytesToHex(bytes.subarray(offset, offset + word)))
}

function setWord(bytes: Uint8Array, offset: number, value: bigint): void {
  bytes.set(hexToBytes(`0x${value.toString(16).padStart(2 * word, '0')}`), offset)
}

function hex(value: bigint): string {
  return `0x${value.toString(16)}`
}
