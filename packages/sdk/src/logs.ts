import { type Address, type Hex, isAddressEqual, numberToHex } from 'viem'
import type { ChainEndpoint, Lane } from './endpoint.ts'

/** Blocks per log query: what public endpoints commonly accept. */
const LOG_RANGE = 5_000n

/** A log of a chain's MOS, or of its hub. */
export interface FoundLog {
  readonly address: Hex
  readonly topics: readonly Hex[]
  readonly data: Hex
  readonly blockNumber: bigint
  readonly transactionHash: Hex
}

/** A chain id as an indexed topic. */
export const topicOf = (chainId: bigint): Hex => numberToHex(chainId, { size: 32 })

/** The indexed arguments of a message's events. */
export const laneTopics = ({ from, to }: Lane): readonly Hex[] => [topicOf(from.chainId), topicOf(to.chainId)]

/**
 * The newest log of a chain's MOS, or of another contract, that fits, or null. The search runs from the newest block backwards to the endpoint's
 * `fromBlock`, in ranges that public endpoints take.
 *
 * @param signatures Topic 0: one of them. @param indexed The topics behind it, exactly.
 */
export async function findLog(
  chain: ChainEndpoint,
  signatures: readonly Hex[],
  indexed: readonly Hex[],
  fits: (log: FoundLog) => boolean,
  emitter: Address = chain.mos,
): Promise<FoundLog | null> {
  const newest = await chain.client.getBlockNumber({ cacheTime: 0 })
  for (let last = newest; last >= chain.fromBlock; last -= LOG_RANGE) {
    const first = last - LOG_RANGE + 1n
    const range = [first > chain.fromBlock ? first : chain.fromBlock, last] as const
    const logs = await chain.client.request({
      method: 'eth_getLogs',
      params: [
        {
          address: emitter,
          topics: [[...signatures], ...indexed],
          fromBlock: numberToHex(range[0]),
          toBlock: numberToHex(range[1]),
        },
      ],
    })
    for (const { address, topics, data, blockNumber, transactionHash } of [...logs].reverse()) {
      if (blockNumber === null || transactionHash === null || !isAddressEqual(address, emitter)) continue
      const log = { address, topics, data, blockNumber: BigInt(blockNumber), transactionHash }
      if (fits(log)) return log
    }
  }
  return null
}
