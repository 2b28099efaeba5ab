import { iHubAbi, iMessageServiceAbi } from '@meridian/abi'
import {
  type Abi,
  type Address,
  type ContractEventName,
  decodeEventLog,
  encodeAbiParameters,
  getAddress,
  type Hex,
  size,
  toEventSelector,
} from 'viem'
import { hasCode, MeridianError } from './errors.ts'
import { decodeOptions, noOptions } from './options.ts'
import { nonceOf, orderId } from './order-id.ts'

/** topic0 of `mapMessageOut`: a message without options. */
export const mapMessageOutTopic = toEventSelector('mapMessageOut(uint256,uint256,bytes32,bytes,bytes)')
/** topic0 of `mapMessageOutWithOptions`, the only other log that carries a message. */
export const mapMessageOutWithOptionsTopic = toEventSelector(
  'mapMessageOutWithOptions(uint256,uint256,bytes32,bytes,bytes,bytes)',
)
/** topic0 of `mapMessageIn`. */
export const mapMessageInTopic = toEventSelector('mapMessageIn(uint256,uint256,bytes32,bytes,bytes,bool,bytes)')
/** topic0 of `DeliveryRecord`. */
export const deliveryRecordTopic = toEventSelector('DeliveryRecord(uint256,bytes32,address)')
/** topic0 of `ExpiryRecord`. */
export const expiryRecordTopic = toEventSelector('ExpiryRecord(uint256,bytes32,address,bool)')
/** topic0 of `DeliveryRecordForwarded`, by which a hub passes on a record that was made on another chain. */
export const deliveryRecordForwardedTopic = toEventSelector(
  'DeliveryRecordForwarded(uint256,uint256,bytes32,address,address)',
)
/** topic0 of `ExpiryRecordForwarded`. */
export const expiryRecordForwardedTopic = toEventSelector(
  'ExpiryRecordForwarded(uint256,uint256,bytes32,address,address,bool)',
)
/** topic0 of `FeeServiceSet`: from there on MOS brings fees to another fee service. */
export const feeServiceSetTopic = toEventSelector('FeeServiceSet(address,address)')

/** The part of a log that consensus commits to. */
export interface RawLog {
  readonly address: Address
  readonly topics: readonly Hex[]
  readonly data: Hex
}

/** A message as MOS on the source chain emitted it, or as a hub emitted it again. */
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
  /** The encoded options, byte for byte as sent; empty if there are none. Canonical. */
  readonly options: Hex
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

/** An order was consumed by running it: its fee is due on the source chain. */
export interface DeliveryRecord {
  readonly mos: Address
  readonly fromChain: bigint
  readonly orderId: Hex
  /** Who receives the fee there. */
  readonly payee: Address
}

/** An order was proven after its deadline: it never runs. */
export interface ExpiryRecord {
  readonly mos: Address
  readonly fromChain: bigint
  readonly orderId: Hex
  readonly refundRecipient: Address
  /** Whether it was run before, and failed: then its fee is the deliverer's. */
  readonly attempted: boolean
}

/** Whose record a hub has forwarded. */
export interface Forwarded {
  readonly hub: Address
  /** Where the order started and its fee lies. */
  readonly originChain: bigint
  /** Where the record was made. */
  readonly recordChain: bigint
  readonly orderId: Hex
  /** MOS on `recordChain` that made it; zero: the hub itself did, of a message that it ran. */
  readonly recordMos: Address
}

/** A {@link DeliveryRecord} as a hub forwards it. */
export interface ForwardedDeliveryRecord extends Forwarded {
  readonly payee: Address
}

/** An {@link ExpiryRecord} as a hub forwards it. */
export interface ForwardedExpiryRecord extends Forwarded {
  readonly refundRecipient: Address
  readonly attempted: boolean
}

/** A log that MOS or a hub did not emit like this. */
export class LogError extends MeridianError<
  'LOG_FOREIGN_TOPIC' | 'LOG_MALFORMED' | 'LOG_ORDER_ID',
  { readonly expected: string; readonly given: string }
> {}

/**
 * Reads a `mapMessageOut` log exactly as MOS on the target chain does: canonical data, 20-byte sender, and the order id
 * recomputed from the log's own fields. Whether `address` is the right MOS, or the right hub, is for the caller to check.
 *
 * @param mos MOS on the source chain, which the order id commits to: a hub emits its logs again. Default: the emitter.
 * @throws {@link LogError}
 */
export function parseMapMessageOut(log: RawLog, mos: Address = log.address): MapMessageOut {
  expectTopics(log, mapMessageOutTopic)
  const { args } = decode(log, 'mapMessageOut')
  expectData(
    log,
    encodeAbiParameters(
      [{ type: 'bytes32' }, { type: 'bytes' }, { type: 'bytes' }],
      [args.orderId, args.fromAddrss, args.callData],
    ),
  )
  return checked(mos, args, noOptions)
}

/**
 * Reads a `mapMessageOutWithOptions` log as {@link parseMapMessageOut} does; the options must be canonical as well.
 *
 * @throws {@link LogError}
 */
export function parseMapMessageOutWithOptions(log: RawLog, mos: Address = log.address): MapMessageOut {
  expectTopics(log, mapMessageOutWithOptionsTopic)
  const { args } = decode(log, 'mapMessageOutWithOptions')
  expectData(
    log,
    encodeAbiParameters(
      [{ type: 'bytes32' }, { type: 'bytes' }, { type: 'bytes' }, { type: 'bytes' }],
      [args.orderId, args.fromAddrss, args.callData, args.options],
    ),
  )
  try {
    decodeOptions(args.options)
  } catch (cause) {
    if (!hasCode(cause, 'OPTIONS_MALFORMED')) throw cause
    const context = { expected: 'canonical options', given: args.options }
    throw new LogError('LOG_MALFORMED', cause.message, context, { cause })
  }
  return checked(mos, args, args.options)
}

/** Reads a message from either of the two logs that carry one, as {@link parseMapMessageOut}. @throws {@link LogError} */
export function parseMessageOut(log: RawLog, mos: Address = log.address): MapMessageOut {
  const withOptions = log.topics[0] === mapMessageOutWithOptionsTopic
  return withOptions ? parseMapMessageOutWithOptions(log, mos) : parseMapMessageOut(log, mos)
}

interface OutArguments {
  readonly fromChain: bigint
  readonly toChain: bigint
  readonly orderId: Hex
  readonly fromAddrss: Hex
  readonly callData: Hex
}

function checked(mos: Address, args: OutArguments, options: Hex): MapMessageOut {
  const { fromChain, toChain, callData: messageData } = args
  const sender = addressOf(args.fromAddrss)
  const nonce = nonceOf(args.orderId)
  const expected = orderId({ fromChain, mos, toChain, nonce, sender, messageData, options })
  if (expected !== args.orderId) {
    throw new LogError('LOG_ORDER_ID', "The order id does not commit to the log's fields", {
      expected,
      given: args.orderId,
    })
  }
  return { mos: getAddress(mos), fromChain, toChain, orderId: expected, nonce, sender, messageData, options }
}

/**
 * Reads a `mapMessageIn` log.
 *
 * @throws {@link LogError}
 */
export function parseMapMessageIn(log: RawLog): MapMessageIn {
  expectTopics(log, mapMessageInTopic)
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

/** Reads a `DeliveryRecord` log. @throws {@link LogError} */
export function parseDeliveryRecord(log: RawLog): DeliveryRecord {
  expectTopics(log, deliveryRecordTopic)
  const { fromChain, orderId, payee } = decode(log, 'DeliveryRecord').args
  expectData(log, encodeAbiParameters([{ type: 'address' }], [payee]))
  return { mos: getAddress(log.address), fromChain, orderId, payee }
}

/** Reads an `ExpiryRecord` log. @throws {@link LogError} */
export function parseExpiryRecord(log: RawLog): ExpiryRecord {
  expectTopics(log, expiryRecordTopic)
  const { fromChain, orderId, refundRecipient, attempted } = decode(log, 'ExpiryRecord').args
  expectData(log, encodeAbiParameters([{ type: 'address' }, { type: 'bool' }], [refundRecipient, attempted]))
  return { mos: getAddress(log.address), fromChain, orderId, refundRecipient, attempted }
}

/** Reads a `DeliveryRecordForwarded` log. @throws {@link LogError} */
export function parseDeliveryRecordForwarded(log: RawLog): ForwardedDeliveryRecord {
  expectTopics(log, deliveryRecordForwardedTopic, forwardedTopicCount)
  const { args } = decodeAs(iHubAbi, log, 'DeliveryRecordForwarded')
  expectData(log, encodeAbiParameters([{ type: 'address' }, { type: 'address' }], [args.recordMos, args.payee]))
  return { hub: getAddress(log.address), ...args }
}

/** Reads an `ExpiryRecordForwarded` log. @throws {@link LogError} */
export function parseExpiryRecordForwarded(log: RawLog): ForwardedExpiryRecord {
  expectTopics(log, expiryRecordForwardedTopic, forwardedTopicCount)
  const { args } = decodeAs(iHubAbi, log, 'ExpiryRecordForwarded')
  const { recordMos, refundRecipient, attempted } = args
  expectData(
    log,
    encodeAbiParameters(
      [{ type: 'address' }, { type: 'address' }, { type: 'bool' }],
      [recordMos, refundRecipient, attempted],
    ),
  )
  return { hub: getAddress(log.address), ...args }
}

/** Topics of each event of MOS that is read here: its signature and two indexed arguments. */
const topicCount = 3
/** A forwarded record's: its signature, both chains and the order. */
const forwardedTopicCount = 4

function expectTopics(log: RawLog, expected: Hex, count = topicCount): void {
  const given = log.topics[0] ?? '0x'
  if (given !== expected) throw new LogError('LOG_FOREIGN_TOPIC', 'The log is another event', { expected, given })
  if (log.topics.length !== count) {
    const context = { expected: `${count} topics`, given: `${log.topics.length} topics` }
    throw new LogError('LOG_MALFORMED', `The log has ${context.given}`, context)
  }
}

function expectData(log: RawLog, canonical: Hex): void {
  if (canonical === log.data.toLowerCase()) return
  throw new LogError('LOG_MALFORMED', 'The data is not canonical', { expected: canonical, given: log.data })
}

const decode = <const Name extends ContractEventName<typeof iMessageServiceAbi>>(log: RawLog, eventName: Name) =>
  decodeAs(iMessageServiceAbi, log, eventName)

function decodeAs<const abi extends Abi, const Name extends ContractEventName<abi>>(
  abi: abi,
  log: RawLog,
  eventName: Name,
) {
  const [signature, ...rest] = log.topics
  try {
    return decodeEventLog({
      abi,
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
