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
import { type Passage, passageOf } from './hub.ts'
import { findLog, laneTopics, topicOf } from './logs.ts'

/**
 * `failed` is not an end: anybody may retry the message until its deadline. `expired`: it never runs. `forwarded`: the hub of
 * its lane has logged it again. `relayed`: the hub ran it, which is its end; what it returned is a message of its own.
 */
export type Stage = 'sent' | 'final' | 'forwarded' | 'relayed' | 'failed' | 'delivered' | 'expired'

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
  /** What the hub did with it; null before that. Absent: the lane is direct. */
  readonly passage?: Passage | null
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
  if (lane.via !== undefined) {
    const passage = await passageOf(lane, orderId)
    if (name === 'none') return { ...found, ...waiting(sent.blockNumber <= finalized, passage), passage }
    return { ...(await ended(lane, orderId, found, name)), passage }
  }
  if (name === 'none') {
    return { ...found, stage: sent.blockNumber <= finalized ? 'final' : 'sent', targetTx: null, reason: null }
  }
  return ended(lane, orderId, found, name)
}

type Found = Pick<MessageStatus, 'orderId' | 'fromChain' | 'toChain' | 'sourceTx' | 'sourceBlock' | 'deadline'>

/** Where a message over a hub is that its target does not know of yet. */
function waiting(final: boolean, passage: Passage | null): Pick<MessageStatus, 'stage' | 'targetTx' | 'reason'> {
  const relayed = passage?.relayed ?? null
  if (passage === null) return { stage: final ? 'final' : 'sent', targetTx: null, reason: null }
  if (relayed === null) return { stage: 'forwarded', targetTx: null, reason: null }
  const { outcome, reason } = relayed
  const stage = outcome === 'delivered' ? 'relayed' : outcome
  return { stage, targetTx: passage.tx, reason: outcome === 'failed' ? reason : null }
}

/** What its target says of a message. */
async function ended(
  lane: Lane,
  orderId: Hex,
  found: Found,
  name: 'failed' | 'delivered' | 'expired',
): Promise<MessageStatus> {
  const { from, to } = lane
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
