import { iMessageServiceAbi } from '@meridian/abi'
import {
  expiryRecordTopic as expiryRecord,
  mapMessageInTopic as messageIn,
  mapMessageOutTopic as messageOut,
  mapMessageOutWithOptionsTopic as messageOutWithOptions,
  optionsOf,
  parseMapMessageIn,
  parseMessageOut,
} from '@meridian/core'
import type { Hex } from 'viem'
import type { Lane } from './endpoint.ts'
import { OrderNotFoundError } from './errors.ts'
import { findLog, laneTopics, topicOf } from './logs.ts'

/** `failed` is not an end: anybody may retry the message until its deadline. `expired`: it never runs. */
export type Stage = 'sent' | 'final' | 'failed' | 'delivered' | 'expired'

/** Where a message is, read from both chains. */
export interface MessageStatus {
  readonly orderId: Hex
  readonly fromChain: bigint
  readonly toChain: bigint
  readonly stage: Stage
  readonly sourceTx: Hex
  readonly sourceBlock: bigint
  /** Unix seconds on the target chain; from then on it is not run any more. 0: it never expires. */
  readonly deadline: bigint
  /** The transaction that ran the message last, or recorded that it expired; null before that. */
  readonly targetTx: Hex | null
  /** What the target returned where it failed; null otherwise. */
  readonly reason: Hex | null
}

/** A target's outcome in `IMessageService.Outcome`. */
const outcomes = ['none', 'failed', 'delivered', 'expired'] as const

/**
 * Reads where an order is. The search for its logs runs from the newest block backwards to the endpoint's `fromBlock`.
 *
 * @throws {@link OrderNotFoundError} where the source has not sent it
 */
export async function status(lane: Lane, orderId: Hex): Promise<MessageStatus> {
  const { from, to } = lane
  const [finalized, outcome] = await Promise.all([
    from.finalized(),
    to.client.readContract({
      address: to.mos,
      abi: iMessageServiceAbi,
      functionName: 'outcome',
      args: [from.chainId, orderId],
    }),
  ])
  const sent = await findLog(from, [messageOut, messageOutWithOptions], laneTopics(lane), (log) =>
    log.data.startsWith(orderId),
  )
  if (sent === null) throw new OrderNotFoundError(orderId, from.chainId, to.chainId)
  const { deadline } = optionsOf(parseMessageOut(sent).options)
  const found = {
    orderId,
    fromChain: from.chainId,
    toChain: to.chainId,
    sourceTx: sent.transactionHash,
    sourceBlock: sent.blockNumber,
    deadline,
  }
  const name = outcomes[outcome] ?? 'none'
  if (name === 'none') {
    return { ...found, stage: sent.blockNumber <= finalized ? 'final' : 'sent', targetTx: null, reason: null }
  }
  if (name === 'expired') {
    const record = await findLog(to, [expiryRecord], [topicOf(from.chainId), orderId], () => true)
    return { ...found, stage: name, targetTx: record?.transactionHash ?? null, reason: null }
  }
  const ran = await findLog(to, [messageIn], laneTopics(lane), (log) => log.data.startsWith(orderId))
  return {
    ...found,
    stage: name,
    targetTx: ran?.transactionHash ?? null,
    reason: ran === null || name !== 'failed' ? null : parseMapMessageIn(ran).reason,
  }
}
