import { iHubAbi, iMessageServiceAbi } from '@meridian/abi'
import {
  deliveryRecordForwardedTopic,
  expiryRecordForwardedTopic,
  mapMessageOutTopic,
  mapMessageOutWithOptionsTopic,
  parseExpiryRecordForwarded,
} from '@meridian/core'
import {
  type Address,
  decodeEventLog,
  encodeFunctionData,
  getAbiItem,
  type Hex,
  toEventSelector,
  zeroAddress,
} from 'viem'
import type { HubEndpoint, Lane } from './endpoint.ts'
import { NoHubError, NoRecordError, OrderNotFoundError } from './errors.ts'
import { type FoundLog, findLog, laneTopics, topicOf } from './logs.ts'
import { logIndexOf, type ProvableChain, proveReceipt, type ReceiptProof } from './prove.ts'
import { type Sender, transact } from './transact.ts'

const messageRelayedTopic = toEventSelector(getAbiItem({ abi: iHubAbi, name: 'MessageRelayed' }))

/** Two logs carry a message. */
export const messageTopics = [mapMessageOutTopic, mapMessageOutWithOptionsTopic] as const

/** What the hub of a lane did with a message. */
export interface Passage {
  readonly tx: Hex
  readonly blockNumber: bigint
  /** Where the hub ran it: how that ended. Null: it forwarded the message. */
  readonly relayed: Relayed | null
}

/** How a message ended that a hub ran. */
export interface Relayed {
  readonly outcome: 'delivered' | 'failed' | 'expired'
  /** Why it failed; empty otherwise. */
  readonly reason: Hex
  /** The message of the hub's own chain that carries on what the target returned; null where it did not succeed. */
  readonly onwardOrderId: Hex | null
}

/** The hub that a lane goes over. @throws {@link NoHubError} it is direct */
export function hubOf({ from, to, via }: Lane): HubEndpoint {
  if (via === undefined) throw new NoHubError(from.chainId, to.chainId)
  return via
}

/** The hub's log by which it forwarded an order last, to be proven on the target; null while there is none. */
export function forwardedLog(lane: Lane, orderId: Hex): Promise<FoundLog | null> {
  const via = hubOf(lane)
  return findLog(via, messageTopics, laneTopics(lane), ({ data }) => data.startsWith(orderId), via.hub)
}

/** What the hub of the lane did with an order; null while it has done nothing. @throws {@link NoHubError} */
export async function passageOf(lane: Lane, orderId: Hex): Promise<Passage | null> {
  const via = hubOf(lane)
  const forwarded = await forwardedLog(lane, orderId)
  if (forwarded !== null) {
    return { tx: forwarded.transactionHash, blockNumber: forwarded.blockNumber, relayed: null }
  }
  const indexed = [...laneTopics(lane), orderId]
  const ended = [messageRelayedTopic, expiryRecordForwardedTopic]
  // a record that names a MOS is the target's, which the hub passed on
  const ran = await findLog(via, ended, indexed, (log) => relayedBy(log) !== null, via.hub)
  return ran === null ? null : { tx: ran.transactionHash, blockNumber: ran.blockNumber, relayed: relayedBy(ran) }
}

/** What a hub's log says of a message that it was to run. */
function relayedBy(log: FoundLog): Relayed | null {
  const [signature, ...rest] = log.topics
  if (signature === undefined) return null
  if (signature === expiryRecordForwardedTopic) {
    const ownRecord = parseExpiryRecordForwarded(log).recordMos === zeroAddress
    return ownRecord ? { outcome: 'expired', reason: '0x', onwardOrderId: null } : null
  }
  const { args } = decodeEventLog({
    abi: iHubAbi,
    eventName: 'MessageRelayed',
    data: log.data,
    topics: [signature, ...rest],
  })
  return args.result
    ? { outcome: 'delivered', reason: '0x', onwardOrderId: args.onwardOrderId }
    : { outcome: 'failed', reason: args.reason, onwardOrderId: null }
}

/**
 * Forwards an order at the hub of its lane by oneself, with the light-client updates that it needs; it can be delivered from
 * the hub once that is final. An order that is to be run there is run, which pays whoever is named on the source chain.
 *
 * @param source The chain that `lane.from` is, as a chain whose blocks can be proven. @param sender On the hub's chain.
 * @param payee Who receives the fee of an order that the hub runs. Without it, the sender.
 * @returns the transaction. @throws {@link NoHubError} {@link OrderNotFoundError} {@link ContractRevertError}
 */
export async function forward(
  lane: Lane,
  source: ProvableChain,
  sender: Sender,
  orderId: Hex,
  options: { readonly relay?: boolean; readonly payee?: Address } = {},
): Promise<Hex> {
  const via = hubOf(lane)
  const { from, to } = lane
  const sent = await findLog(from, messageTopics, laneTopics(lane), ({ data }) => data.startsWith(orderId))
  if (sent === null) throw new OrderNotFoundError(orderId, from.chainId, to.chainId)
  const [{ updates, proof }, position] = await Promise.all([
    proveReceipt(source, via, sent.transactionHash),
    logIndexOf(source, sent),
  ])
  const logIndex = BigInt(position)
  const abi = iHubAbi
  const data =
    options.relay === true
      ? encodeFunctionData({
          abi,
          functionName: 'relay',
          args: [from.chainId, updates, options.payee ?? zeroAddress, logIndex, proof],
        })
      : encodeFunctionData({ abi, functionName: 'forward', args: [from.chainId, updates, logIndex, proof] })
  const { transactionHash } = await transact(via, sender, 'the forwarding', { to: via.hub, data })
  return transactionHash
}

/**
 * Forwards to its source chain, at the hub of its lane, the record of an order that its target chain made. All records of the
 * same transaction go along.
 *
 * @param target The chain that `lane.to` is, as a chain whose blocks can be proven. @param sender On the hub's chain.
 * @param tx The transaction on the target with the record, as `recordOf` finds it.
 * @returns the transaction. @throws {@link NoHubError} {@link ContractRevertError}
 */
export async function forwardRecord(lane: Lane, target: ProvableChain, sender: Sender, tx: Hex): Promise<Hex> {
  const via = hubOf(lane)
  const { updates, proof } = await proveReceipt(target, via, tx)
  const args = [lane.to.chainId, updates, proof] as const
  const data = encodeFunctionData({ abi: iHubAbi, functionName: 'forwardRecords', args })
  const { transactionHash } = await transact(via, sender, 'the forwarding of records', { to: via.hub, data })
  return transactionHash
}

/** The hub's log by which it forwarded the record of an order last, or made it; null while there is none. */
export function forwardedRecordLog(lane: Lane, orderId: Hex): Promise<FoundLog | null> {
  const via = hubOf(lane)
  const { from, to } = lane
  const signatures = [deliveryRecordForwardedTopic, expiryRecordForwardedTopic]
  const indexed = [topicOf(from.chainId), topicOf(to.chainId), orderId]
  return findLog(via, signatures, indexed, () => true, via.hub)
}

/**
 * Proves the record of an order, as the hub of its lane forwarded it, to the source chain: what `FeeService.settle` takes.
 *
 * @param hub The chain that `lane.via` is, as a chain whose blocks can be proven.
 * @throws {@link NoRecordError} it is not forwarded yet. @throws as {@link proveReceipt}
 */
export async function proveForwardedRecord(lane: Lane, hub: ProvableChain, orderId: Hex): Promise<ReceiptProof> {
  const record = await forwardedRecordLog(lane, orderId)
  if (record === null) throw new NoRecordError(orderId, hubOf(lane).chainId)
  return proveReceipt(hub, lane.from, record.transactionHash, lane.to.chainId)
}

/** Calldata by which MOS on the target takes an order from the hub's log. */
export async function deliveryFromHub(lane: Lane, hub: ProvableChain, orderId: Hex, payee: Address): Promise<Hex> {
  const { from, to } = lane
  const forwarded = await forwardedLog(lane, orderId)
  if (forwarded === null) throw new OrderNotFoundError(orderId, from.chainId, to.chainId)
  const [{ updates, proof }, logIndex] = await Promise.all([
    proveReceipt(hub, to, forwarded.transactionHash, from.chainId),
    logIndexOf(hub, forwarded),
  ])
  const args = [from.chainId, updates, orderId, payee, BigInt(logIndex), proof] as const
  return encodeFunctionData({ abi: iMessageServiceAbi, functionName: 'deliver', args })
}
