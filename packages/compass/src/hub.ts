import { iHubAbi } from '@meridian/abi'
import { call, getLogs, type Receipt, RpcMalformedError } from '@meridian/chain'
import type { RpcPort } from '@meridian/consensus'
import {
  expiryRecordForwardedTopic,
  mapMessageOutTopic,
  mapMessageOutWithOptionsTopic,
  nonceOf,
  parseExpiryRecordForwarded,
} from '@meridian/core'
import {
  type Address,
  decodeEventLog,
  decodeFunctionResult,
  encodeFunctionData,
  getAbiItem,
  getAddress,
  type Hex,
  hexToBigInt,
  isAddressEqual,
  slice,
  toEventSelector,
  zeroAddress,
} from 'viem'
import type { Message, MessageOrigin } from './message.ts'
import { chainTopic, type Ending, type Outcome } from './mos.ts'

/** Topic 0 of `MessageRelayed`, and of `RelayStored`. */
const messageRelayedTopic = toEventSelector(getAbiItem({ abi: iHubAbi, name: 'MessageRelayed' }))
const relayStoredTopic = toEventSelector(getAbiItem({ abi: iHubAbi, name: 'RelayStored' }))

/** What `IHub.storedRelay` says of an order that expired: without having been run, or after it failed. */
const EXPIRED_UNRUN = 1n
const EXPIRED_AFTER_FAILURE = 2n

/** The two halves of a forwarding log's data before anything variable: the order id. */
const ORDER_ID_LENGTH = 32

/** What became of an order at the hub that it passes: `forwarded`; or, where the hub runs it, how that ended. */
export async function readPassage(
  rpc: RpcPort,
  hub: Address,
  message: MessageOrigin,
  relay: boolean,
): Promise<Outcome> {
  const { fromChain, toChain, mos, orderId } = message
  const functionName = 'isForwarded'
  const args = [fromChain, getAddress(mos), toChain, nonceOf(orderId)] as const
  const answer = await ask(rpc, hub, encodeFunctionData({ abi: iHubAbi, functionName, args }), functionName)
  const passed = decodeFunctionResult({ abi: iHubAbi, functionName, data: answer })
  if (!relay) return passed ? 'forwarded' : 'none'
  const storedData = encodeFunctionData({ abi: iHubAbi, functionName: 'storedRelay', args: [fromChain, orderId] })
  const stored = hexToBigInt(await ask(rpc, hub, storedData, 'storedRelay'))
  if (stored === EXPIRED_UNRUN || stored === EXPIRED_AFTER_FAILURE) return 'expired'
  if (stored !== 0n) return 'failed'
  return passed ? 'delivered' : 'none'
}

/** The orders from `fromChain` that a hub's logs say it forwarded, or ran, or found to have expired. */
export function passagesIn(logs: Receipt['logs'], hub: Address, fromChain: bigint): readonly Ending[] {
  return logs
    .filter((log) => isAddressEqual(log.address, hub) && log.topics[1] === chainTopic(fromChain))
    .flatMap((log): readonly Ending[] => {
      const [signature, , , orderId] = log.topics
      if (signature === mapMessageOutTopic || signature === mapMessageOutWithOptionsTopic)
        return [{ orderId: slice(log.data, 0, ORDER_ID_LENGTH), outcome: 'forwarded', reason: '0x' }]
      if (orderId === undefined) return []
      if (signature === messageRelayedTopic) {
        const topics: [Hex, ...Hex[]] = [signature, ...log.topics.slice(1)]
        const relayed = decodeEventLog({ abi: iHubAbi, eventName: 'MessageRelayed', data: log.data, topics })
        const { result, reason } = relayed.args
        return [{ orderId, outcome: result ? 'delivered' : 'failed', reason }]
      }
      if (signature !== expiryRecordForwardedTopic) return []
      // one that names a MOS passes on what happened on another chain
      return parseExpiryRecordForwarded(log).recordMos === zeroAddress
        ? [{ orderId, outcome: 'expired', reason: '0x' }]
        : []
    })
}

/** A hub's logs that end the first leg of a message. */
export const passageTopics = [
  mapMessageOutTopic,
  mapMessageOutWithOptionsTopic,
  messageRelayedTopic,
  expiryRecordForwardedTopic,
] as const

/** The light client that vouched for a failed relayed message when it was stored last; null where no such log is found. */
export async function readStoredRelayClient(
  rpc: RpcPort,
  hub: Address,
  message: Message,
  head: bigint,
): Promise<Address | null> {
  const topics = [relayStoredTopic, chainTopic(message.fromChain), message.orderId]
  const logs = await getLogs(rpc, { address: hub, topics, fromBlock: message.targetBlock ?? 0n, toBlock: head })
  const last = logs.at(-1)
  if (last === undefined) return null
  const [signature, ...rest] = last.topics
  if (signature === undefined) return null
  const topicsOf: [Hex, ...Hex[]] = [signature, ...rest]
  return decodeEventLog({ abi: iHubAbi, eventName: 'RelayStored', data: last.data, topics: topicsOf }).args.lightClient
}

/** Calldata of `retryRelay`. @param lightClient Which one vouched for it when it was stored last. */
export function retryRelayCalldata(message: Message, lightClient: Address): Hex {
  const { fromChain, toChain, orderId, fromAddress, messageData, options } = message
  const fromMos = getAddress(message.mos)
  const stored = {
    fromChain,
    lightClient,
    hub: zeroAddress,
    fromMos,
    toChain,
    orderId,
    fromAddress,
    messageData,
    options,
  }
  return encodeFunctionData({ abi: iHubAbi, functionName: 'retryRelay', args: [stored] })
}

async function ask(rpc: RpcPort, hub: Address, data: Hex, what: string): Promise<Hex> {
  const result = await call(rpc, { to: hub, data })
  if (result.ok) return result.data
  throw new RpcMalformedError('endpoint', 'eth_call', `${what} reverted with ${result.revert.name}`)
}
