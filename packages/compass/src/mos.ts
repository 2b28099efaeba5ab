import { iLightClientAbi, iMessageServiceAbi } from '@meridian/abi'
import { type CallResult, call, getLogs, type Log, type Receipt, RpcMalformedError } from '@meridian/chain'
import type { RpcPort } from '@meridian/consensus'
import {
  decodeMessageData,
  expiryRecordTopic,
  hasCode,
  type MapMessageOut,
  mapMessageInTopic,
  mapMessageOutTopic,
  mapMessageOutWithOptionsTopic,
  noOptions,
  optionsOf,
  parseExpiryRecord,
  parseMapMessageIn,
  parseMessageOut,
} from '@meridian/core'
import {
  type Address,
  decodeEventLog,
  decodeFunctionResult,
  encodeFunctionData,
  getAbiItem,
  getAddress,
  type Hex,
  isAddressEqual,
  numberToHex,
  pad,
  toEventSelector,
} from 'viem'
import type { Message, MessageKey, MessageOrigin, Settled } from './message.ts'

/** Either of the two events that carry a message: they share the lane's nonces. */
export const messageTopics = [mapMessageOutTopic, mapMessageOutWithOptionsTopic] as const

/** A chain id as an indexed topic. */
export const chainTopic = (id: bigint): Hex => pad(numberToHex(id))

/**
 * A message from the log that MOS emitted for it, with options or without: read as MOS on the target will, order id
 * recomputed.
 *
 * @throws {LogError} the log is none that MOS emits.
 */
export function originOf(log: Log, blockTimestamp: bigint): MessageOrigin {
  const out = parseMessageOut(log)
  return readOrigin(log, out, out.fromChain, blockTimestamp)
}

/**
 * A message from the log by which a hub forwarded it: the same, but that the log is the hub's. Null where its source is not
 * among `origins`.
 *
 * @param logChain The hub's chain. @throws {LogError} no hub that believes the source's MOS emits it.
 */
export function forwardedOrigin(
  log: Log,
  blockTimestamp: bigint,
  logChain: bigint,
  origins: readonly { readonly id: bigint; readonly mos: Address }[],
): MessageOrigin | null {
  const origin = origins.find(({ id }) => log.topics[1] === chainTopic(id))
  return origin === undefined ? null : readOrigin(log, parseMessageOut(log, origin.mos), logChain, blockTimestamp)
}

function readOrigin(log: Log, out: MapMessageOut, logChain: bigint, blockTimestamp: bigint): MessageOrigin {
  const { deadline, sequence, refundRecipient } = optionsOf(out.options)
  return {
    fromChain: out.fromChain,
    orderId: out.orderId,
    logChain,
    emitter: getAddress(log.address),
    toChain: out.toChain,
    nonce: out.nonce,
    mos: out.mos,
    fromAddress: out.sender,
    messageData: out.messageData,
    ...callOf(out.messageData),
    options: out.options,
    deadline,
    sequence,
    refundRecipient: out.options === noOptions ? null : refundRecipient,
    blockNumber: log.blockNumber,
    blockHash: log.blockHash,
    blockTimestamp,
    txHash: log.transactionHash,
    txIndex: log.transactionIndex,
    logIndex: log.logIndex,
  }
}

/** Whom a message calls; 0 gas and nobody where it cannot be read, so that the target's own check says what is wrong. */
function callOf(messageData: Hex): Pick<MessageOrigin, 'gasLimit' | 'target'> {
  try {
    const { gasLimit, target } = decodeMessageData(messageData)
    return { gasLimit, target }
  } catch (error) {
    if (error instanceof Error && 'code' in error && hasCode(error, String(error.code)))
      return { gasLimit: 0n, target: null }
    throw error
  }
}

/** What the target's logs say of an order: `mapMessageIn` that it ran, `ExpiryRecord` that it never will. */
export interface Ending {
  readonly orderId: Hex
  readonly outcome: Settled
  /** What the target returned where it failed; empty otherwise. */
  readonly reason: Hex
}

/** The orders from `fromChain` that ran or expired in a transaction. @throws {LogError} MOS emits no such log. */
export function endingsIn(logs: Receipt['logs'], mos: Address, fromChain: bigint): readonly Ending[] {
  return logs
    .filter((log) => isAddressEqual(log.address, mos) && log.topics[1] === chainTopic(fromChain))
    .flatMap((log): readonly Ending[] => {
      if (log.topics[0] === mapMessageInTopic) {
        const { orderId, result, reason } = parseMapMessageIn(log)
        return [{ orderId, outcome: result ? 'delivered' : 'failed', reason }]
      }
      if (log.topics[0] !== expiryRecordTopic) return []
      return [{ orderId: parseExpiryRecord(log).orderId, outcome: 'expired', reason: '0x' }]
    })
}

/** Outcome of an order as its target chain records it. */
export type Outcome = 'none' | Settled
const outcomes: readonly Outcome[] = ['none', 'failed', 'delivered', 'expired']

function value(result: CallResult, what: string): Hex {
  if (result.ok) return result.data
  throw new RpcMalformedError('endpoint', 'eth_call', `${what} reverted with ${result.revert.name}`)
}

/** What became of the order, read from its target chain. */
export async function readOutcome(rpc: RpcPort, mos: Address, { fromChain, orderId }: MessageKey): Promise<Outcome> {
  const data = encodeFunctionData({ abi: iMessageServiceAbi, functionName: 'outcome', args: [fromChain, orderId] })
  const answer = value(await call(rpc, { to: mos, data }), 'outcome')
  const index = decodeFunctionResult({ abi: iMessageServiceAbi, functionName: 'outcome', data: answer })
  const outcome = outcomes[index]
  if (outcome === undefined) throw new RpcMalformedError('endpoint', 'eth_call', `outcome ${index}`)
  return outcome
}

/** A target's logs that end a message. */
export const endTopics = [mapMessageInTopic, expiryRecordTopic] as const

/** Who vouches for a source on a target. `hub`: on the light client's chain; zero where the route is direct. */
export interface Route {
  readonly lightClient: Address
  readonly remoteMos: Address
  readonly hub: Address
}

/** Who vouches for `fromChain` on a target. */
export async function readRoute(rpc: RpcPort, mos: Address, fromChain: bigint): Promise<Route> {
  const data = encodeFunctionData({ abi: iMessageServiceAbi, functionName: 'route', args: [fromChain] })
  const answer = value(await call(rpc, { to: mos, data }), 'route')
  return decodeFunctionResult({ abi: iMessageServiceAbi, functionName: 'route', data: answer })
}

/** The receipts root that a light client vouches for; null: it refuses the proof. */
export async function readReceiptsRoot(rpc: RpcPort, lightClient: Address, proof: Hex): Promise<Hex | null> {
  const functionName = 'verifyReceiptsRoot'
  const data = encodeFunctionData({ abi: iLightClientAbi, functionName, args: [proof] })
  const answer = await call(rpc, { to: lightClient, data })
  return answer.ok ? decodeFunctionResult({ abi: iLightClientAbi, functionName, data: answer.data }) : null
}

/** The chain that a light client follows. */
export async function readChainOf(rpc: RpcPort, lightClient: Address): Promise<bigint> {
  const data = encodeFunctionData({ abi: iLightClientAbi, functionName: 'chainId' })
  const answer = value(await call(rpc, { to: lightClient, data }), 'chainId')
  return decodeFunctionResult({ abi: iLightClientAbi, functionName: 'chainId', data: answer })
}

/** Next nonce of a lane on its source chain after a block. */
export async function readLaneNonce(rpc: RpcPort, mos: Address, toChain: bigint, block: bigint): Promise<bigint> {
  const data = encodeFunctionData({ abi: iMessageServiceAbi, functionName: 'laneNonce', args: [toChain] })
  const answer = value(await call(rpc, { to: mos, data }, block), 'laneNonce')
  // no code, no message: MOS was deployed later
  if (answer === '0x') return 0n
  return decodeFunctionResult({ abi: iMessageServiceAbi, functionName: 'laneNonce', data: answer })
}

/** Sequence that the target awaits next of a message's stream. */
export async function readAwaitedSequence(rpc: RpcPort, mos: Address, message: Message, target: Hex): Promise<bigint> {
  const functionName = 'awaitedSequence'
  const { fromChain } = message
  const args = [fromChain, getAddress(message.mos), getAddress(message.fromAddress), getAddress(target)] as const
  const data = encodeFunctionData({ abi: iMessageServiceAbi, functionName, args })
  const answer = value(await call(rpc, { to: mos, data }), functionName)
  return decodeFunctionResult({ abi: iMessageServiceAbi, functionName, data: answer })
}

/** Topic 0 of `MessageStored`. */
const messageStoredTopic = toEventSelector(getAbiItem({ abi: iMessageServiceAbi, name: 'MessageStored' }))

/** Who vouched for a failed message when it was stored last; null where no such log is found. */
export async function readStoredVoucher(
  rpc: RpcPort,
  mos: Address,
  message: Message,
  head: bigint,
): Promise<Pick<Route, 'lightClient' | 'hub'> | null> {
  const topics = [messageStoredTopic, chainTopic(message.fromChain), message.orderId]
  const logs = await getLogs(rpc, { address: mos, topics, fromBlock: message.targetBlock ?? 0n, toBlock: head })
  const last = logs.at(-1)
  if (last === undefined) return null
  const [signature, ...rest] = last.topics
  if (signature === undefined) return null
  const decoded = decodeEventLog({
    abi: iMessageServiceAbi,
    eventName: 'MessageStored',
    data: last.data,
    topics: [signature, ...rest],
  })
  return decoded.args
}

/** Calldata of `retry`. @param voucher Who vouched for it when it was stored last. */
export function retryCalldata(message: Message, { lightClient, hub }: Pick<Route, 'lightClient' | 'hub'>): Hex {
  const { fromChain, toChain, orderId, fromAddress, messageData, options } = message
  const fromMos = getAddress(message.mos)
  return encodeFunctionData({
    abi: iMessageServiceAbi,
    functionName: 'retry',
    args: [{ lightClient, hub, fromChain, fromMos, toChain, orderId, fromAddress, messageData, options }],
  })
}
