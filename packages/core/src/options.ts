import { type Address, encodeAbiParameters, getAddress, type Hex, size, slice, zeroAddress } from 'viem'
import { MeridianError } from './errors.ts'

/** What a sender asks for beside the message, as it travels: in the log, in the order id, in a stored message. */
export interface MessageOptions {
  /** Unix seconds on the target chain; from then on the message is not run any more. 0: it never expires. */
  readonly deadline: bigint
  /** Place in the stream from the sender to the target, the first is 1. 0: not ordered. */
  readonly sequence: bigint
  /** Who gets the fee back if the message expires without having been run. */
  readonly refundRecipient: Address
}

/** The encoded options of a message that has none. */
export const noOptions: Hex = '0x'

/** Options that MOS does not emit like this. */
export class OptionsError extends MeridianError<
  'OPTIONS_MALFORMED',
  { readonly expected: string; readonly given: string }
> {}

const parameters = [{ type: 'uint64' }, { type: 'uint64' }, { type: 'address' }] as const
/** Three words. Bytes. */
const optionsLength = 96
const word = 32
const maxUint64 = 2n ** 64n - 1n
const maxAddress = 2n ** 160n - 1n

/** `abi.encode(uint64 deadline, uint64 sequence, address refundRecipient)`: 96 bytes. @throws RangeError */
export function encodeOptions({ deadline, sequence, refundRecipient }: MessageOptions): Hex {
  for (const [name, value] of Object.entries({ deadline, sequence }))
    if (value < 0n || value > maxUint64) throw new RangeError(`${name} must be below 2^64, not ${value}`)
  return encodeAbiParameters(parameters, [deadline, sequence, refundRecipient])
}

/**
 * Reads encoded options exactly as MOS does: three words, each in its range, nothing behind them.
 *
 * @throws {@link OptionsError}
 */
export function decodeOptions(encoded: Hex): MessageOptions {
  if (size(encoded) !== optionsLength) throw malformed(`${optionsLength} bytes`, `${size(encoded)} bytes`)
  const wordAt = (index: number): bigint => BigInt(slice(encoded, index * word, (index + 1) * word))
  const [deadline, sequence, recipient] = [wordAt(0), wordAt(1), wordAt(2)]
  for (const value of [deadline, sequence])
    if (value > maxUint64) throw malformed('a number below 2^64', `0x${value.toString(16)}`)
  // MOS puts the sender where nobody is named: a refund always has somewhere to go
  if (recipient === 0n || recipient > maxAddress)
    throw malformed('an address that is not zero', `0x${recipient.toString(16)}`)
  return { deadline, sequence, refundRecipient: getAddress(`0x${recipient.toString(16).padStart(40, '0')}`) }
}

/** The options of a message as they count: those of one that has none ask for nothing. @throws {@link OptionsError} */
export function optionsOf(encoded: Hex): MessageOptions {
  return encoded === noOptions ? { deadline: 0n, sequence: 0n, refundRecipient: zeroAddress } : decodeOptions(encoded)
}

function malformed(expected: string, given: string): OptionsError {
  return new OptionsError('OPTIONS_MALFORMED', `Expected ${expected} of options, found ${given}`, { expected, given })
}
