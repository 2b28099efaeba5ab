import { iMessageServiceAbi } from '@meridian/abi'
import type { Hex } from 'viem'
import type { ChainEndpoint, Lane } from './endpoint.ts'
import { OrderNotFoundError } from './errors.ts'

/** `failed` is not an end: anybody may retry the message. */
export type Stage = 'sent' | 'final' | 'failed' | 'delivered'

/** Where a message is, read from both chains. */
export interface MessageStatus {
  readonly orderId: Hex
  readonly fromChain: bigint
  readonly toChain: bigint
  readonly stage: Stage
  readonly sourceTx: Hex
  readonly sourceBlock: bigint
  /** The transaction that ran the message last; null before that. */
  readonly targetTx: Hex | null
  /** What the target returned where it failed; null otherwise. */
  readonly reason: Hex | null
}

/** Blocks per log query: what public endpoints commonly accept. */
const LOG_RANGE = 5_000n

/** A target's outcome in `IMessageService.Outcome`: 0 none, 1 failed, 2 delivered. */
const outcomes = ['none', 'failed', 'delivered'] as const

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
  const sent = await findLog(from, 'mapMessageOut', lane, orderId)
  if (sent === null) throw new OrderNotFoundError(orderId, from.chainId, to.chainId)
  const found = { orderId, fromChain: from.chainId, toChain: to.chainId, sourceTx: sent.hash, sourceBlock: sent.block }
  const name = outcomes[outcome] ?? 'none'
  if (name === 'none') {
    return { ...found, stage: sent.block <= finalized ? 'final' : 'sent', targetTx: null, reason: null }
  }
  const ran = await findLog(to, 'mapMessageIn', lane, orderId)
  return {
    ...found,
    stage: name,
    targetTx: ran?.hash ?? null,
    reason: name === 'failed' ? (ran?.reason ?? null) : null,
  }
}

interface FoundLog {
  readonly hash: Hex
  readonly block: bigint
  readonly reason: Hex | null
}

async function findLog(
  chain: ChainEndpoint,
  eventName: 'mapMessageOut' | 'mapMessageIn',
  lane: Lane,
  orderId: Hex,
): Promise<FoundLog | null> {
  const newest = await chain.client.getBlockNumber({ cacheTime: 0 })
  for (let last = newest; last >= chain.fromBlock; last -= LOG_RANGE) {
    const first = last - LOG_RANGE + 1n
    const logs = await chain.client.getContractEvents({
      address: chain.mos,
      abi: iMessageServiceAbi,
      eventName,
      args: { fromChain: lane.from.chainId, toChain: lane.to.chainId },
      fromBlock: first > chain.fromBlock ? first : chain.fromBlock,
      toBlock: last,
      strict: true,
    })
    const log = logs.findLast((candidate) => candidate.args.orderId === orderId)
    if (log !== undefined) {
      const reason = 'reason' in log.args ? log.args.reason : null
      return { hash: log.transactionHash, block: log.blockNumber, reason }
    }
  }
  return null
}
