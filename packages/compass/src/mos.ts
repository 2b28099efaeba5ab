import { iMessageServiceAbi } from '@meridian/abi'
import { type CallResult, call, getLogs, type Log, type Receipt, RpcMalformedError } from '@meridian/chain'
import type { RpcPort } from '@meridian/consensus'
import { decodeMessageData, hasCode, mapMessageInTopic, parseMapMessageIn, parseMapMessageOut } from '@meridian/core'
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
import type { Message, MessageOrigin } from './message.ts'

/** A chain id as an indexed topic. */
export const chainTopic = (id: bigint): Hex => pad(numberToHex(id))

/**
 * A message from the `mapMessageOut` log that MOS emitted for it: read as MOS on the target will, order id recomputed.
 *
 * @throws {LogError} the log is none that MOS emits.
 */
export function originOf(log: Log, blockTimestamp: bigint): MessageOrigin {
  const out = parseMapMessageOut(log)
  return {
    fromChain: out.fromChain,
    orderId: out.orderId,
    toChain: out.toChain,
    nonce: out.nonce,
    mos: out.mos,
    fromAddress: out.sender,
    messageData: out.messageData,
    gasLimit: gasLimitOf(out.messageData),
    blockNumber: log.blockNumber,
    blockHash: log.blockHash,
    blockTimestamp,
    txHash: log.transactionHash,
    txIndex: log.transactionIndex,
    logIndex: log.logIndex,
  }
}

/** The gas limit of a message; 0 where it cannot be read, so that the target's own check says what is wrong with it. */
function gasLimitOf(messageData: Hex): bigint {
  try {
    return decodeMessageData(messageData).gasLimit
  } catch (error) {
    if (error instanceof Error && 'code' in error && hasCode(error, String(error.code))) return 0n
    throw error
  }
}

/** A target's log `mapMessageIn`: the message ran. */
export interface Executed {
  readonly orderId: Hex
  readonly result: boolean
  readonly reason: Hex
}

/** The messages from `fromChain` that ran in a transaction. @throws {LogError} MOS emits no such log. */
export function executedIn(logs: Receipt['logs'], mos: Address, fromChain: bigint): readonly Executed[] {
  return logs
    .filter((log) => isAddressEqual(log.address, mos))
    .filter((log) => log.topics[0] === mapMessageInTopic && log.topics[1] === chainTopic(fromChain))
    .map((log) => {
      const { orderId, result, reason } = parseMapMessageIn(log)
      return { orderId, result, reason }
    })
}

/** Outcome of an order as its target chain records it. */
export type Outcome = 'none' | 'failed' | 'delivered'
const outcomes: readonly Outcome[] = ['none', 'failed', 'delivered']

function value(result: CallResult, what: string): Hex {
  if (result.ok) return result.data
  throw new RpcMalformedError('endpoint', 'eth_call', `${what} reverted with ${result.revert.name}`)
}

/** Whether the order was delivered, read from its target chain. */
export async function readOutcome(rpc: RpcPort, mos: Address, { fromChain, orderId }: Message): Promise<Outcome> {
  const data = encodeFunctionData({ abi: iMessageServiceAbi, functionName: 'outcome', args: [fromChain, orderId] })
  const answer = value(await call(rpc, { to: mos, data }), 'outcome')
  const index = decodeFunctionResult({ abi: iMessageServiceAbi, functionName: 'outcome', data: answer })
  const outcome = outcomes[index]
  if (outcome === undefined) throw new RpcMalformedError('endpoint', 'eth_call', `outcome ${index}`)
  return outcome
}

/** The light client and MOS that vouch for `fromChain` on a target. */
export async function readRoute(
  rpc: RpcPort,
  mos: Address,
  fromChain: bigint,
): Promise<{ readonly lightClient: Address; readonly remoteMos: Address }> {
  const data = encodeFunctionData({ abi: iMessageServiceAbi, functionName: 'route', args: [fromChain] })
  const answer = value(await call(rpc, { to: mos, data }), 'route')
  return decodeFunctionResult({ abi: iMessageServiceAbi, functionName: 'route', data: answer })
}

/** Next nonce of a lane on its source chain after a block. */
export async function readLaneNonce(rpc: RpcPort, mos: Address, toChain: bigint, block: bigint): Promise<bigint> {
  const data = encodeFunctionData({ abi: iMessageServiceAbi, functionName: 'laneNonce', args: [toChain] })
  const answer = value(await call(rpc, { to: mos, data }, block), 'laneNonce')
  // no code, no message: MOS was deployed later
  if (answer === '0x') return 0n
  return decodeFunctionResult({ abi: iMessageServiceAbi, functionName: 'laneNonce', data: answer })
}

/** Topic 0 of `MessageStored`. */
const messageStoredTopic = toEventSelector(getAbiItem({ abi: iMessageServiceAbi, name: 'MessageStored' }))

/** The light client that vouched for a failed message when it was stored last; null where no such log is found. */
export async function readStoredClient(
  rpc: RpcPort,
  mos: Address,
  message: Message,
  head: bigint,
): Promise<Address | null> {
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
  return decoded.args.lightClient
}

/** Calldata of `retry`. */
export function retryCalldata(message: Message, lightClient: Address): Hex {
  const { fromChain, toChain, orderId, fromAddress, messageData } = message
  const fromMos = getAddress(message.mos)
  return encodeFunctionData({
    abi: iMessageServiceAbi,
    functionName: 'retry',
    args: [{ lightClient, fromChain, fromMos, toChain, orderId, fromAddress, messageData }],
  })
}
