import { iMessageServiceAbi } from '@meridian/abi'
import { type Address, decodeEventLog, encodeAbiParameters, getAddress, type Hex, size, toEventSelector } from 'viem'
import { MeridianError } from './errors.ts'
import { nonceOf, orderId } from './order-id.ts'

/** topic0 of `mapMessageOut`, the only log that carries a message. */
export const mapMessageOutTopic = toEventSelector('mapMessageOut(uint256,uint256,bytes32,bytes,bytes)')
/** topic0 of `mapMessageIn`. */
export const mapMessageInTopic = toEventSelector('mapMessageIn(uint256,uint256,bytes32,bytes,bytes,bool,bytes)')

/** The part of a log that consensus commits to. */
export interface RawLog {
  readonly address: Address
  readonly topics: readonly Hex[]
  readonly data: Hex
}

/** A message as MOS on the source chain emitted it. */
export interface MapMessageOut {
  /** MOS on the source chain. */
  readonly mos: Address
  readonly fromChain: bigint
  readonly toChain: bigint
  readonly orderId: Hex
  /** Lane nonce. */
  readonly nonce: bigint
  readonly sender: Address
  /** The encoded `MessageData`, byte for byte as sent. */
  readonly messageData: Hex
}

/** How a message ended on its target chain. */
export interface MapMessageIn {
  readonly mos: Address
  readonly fromChain: bigint
  readonly toChain: bigint
  readonly orderId: Hex
  readonly sender: Address
  readonly payload: Hex
  /** Whether the target succeeded. */
  readonly result: boolean
  /** The target's return data if it failed, capped; or MOS' own error. */
  readonly reason: Hex
}

/** A log that MOS did not emit like this. */
export class LogError extends MeridianError<
  'LOG_FOREIGN_TOPIC' | 'LOG_MALFORMED' | 'LOG_ORDER_ID',
  { readonly expected: string; readonly given: string }
> {}

/**
 * Reads a `mapMessageOut` log exactly as MOS on the target chain does: canonical data, 20-byte sender, and the order id
 * recomputed from the log's own fields. Whether `address` is the right MOS is for the caller to check.
 *
 * @throws {@link LogError}
 */
export function parseMapMessageOut(log: RawLog): MapMessageOut {
  expectTopic(log, mapMessageOutTopic)
  const { args } = decode(log, 'mapMessageOut')
  const sender = addressOf(args.fromAddrss)
  const canonical = encodeAbiParameters(
    [{ type: 'bytes32' }, { type: 'bytes' }, { type: 'bytes' }],
    [args.orderId, args.fromAddrss, args.callData],
  )
  if (canonical !== log.data.toLowerCase()) {
    throw new LogError('LOG_MALFORMED', 'The data is not canonical', { expected: canonical, given: log.data })
  }
  const nonce = nonceOf(args.orderId)
  const expected = orderId({
    fromChain: args.fromChain,
    mos: log.address,
    toChain: args.toChain,
    nonce,
    sender,
    messageData: args.callData,
  })
  if (expected !== args.orderId) {
    throw new LogError('LOG_ORDER_ID', "The order id does not commit to the log's fields", {
      expected,
      given: args.orderId,
    })
  }
  return {
    mos: getAddress(log.address),
    fromChain: args.fromChain,
    toChain: args.toChain,
    orderId: args.orderId,
    nonce,
    sender,
    messageData: args.callData,
  }
}

/**
 * Reads a `mapMessageIn` log.
 *
 * @throws {@link LogError}
 */
export function parseMapMessageIn(log: RawLog): MapMessageIn {
  expectTopic(log, mapMessageInTopic)
  const { args } = decode(log, 'mapMessageIn')
  return {
    mos: getAddress(log.address),
    fromChain: args.fromChain,
    toChain: args.toChain,
    orderId: args.orderId,
    sender: addressOf(args.fromAddrss),
    payload: args.callData,
    result: args.result,
    reason: args.reason,
  }
}

function expectTopic(log: RawLog, expected: Hex): void {
  const given = log.topics[0] ?? '0x'
  if (given === expected) return
  throw new LogError('LOG_FOREIGN_TOPIC', 'The log is another event', { expected, given })
}

function decode<const Name extends 'mapMessageOut' | 'mapMessageIn'>(log: RawLog, eventName: Name) {
  const [signature, ...rest] = log.topics
  try {
    return decodeEventLog({
      abi: iMessageServiceAbi,
      eventName,
      data: log.data,
      topics: signature === undefined ? [] : [signature, ...rest],
    })
  } catch (cause) {
    throw new LogError(
      'LOG_MALFORMED',
      `The log is not ${eventName}`,
      { expected: eventName, given: log.data },
      { cause },
    )
  }
}

function addressOf(bytes: Hex): Address {
  if (size(bytes) === 20) return getAddress(bytes)
  throw new LogError('LOG_MALFORMED', 'The sender is not an EVM address', {
    expected: '20 bytes',
    given: `${size(bytes)} bytes`,
  })
}
