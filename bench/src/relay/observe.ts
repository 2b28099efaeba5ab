import { createRpc, getLogs } from '@meridian/chain'
import { mapMessageInTopic, mapMessageOutTopic } from '@meridian/core'
import type { Hex } from 'viem'
import type { Side } from '../../../e2e/src/support/two-qbft.ts'

/** When the blocks of a chain came to be, by this machine's clock. */
export interface BlockTimes {
  /** Milliseconds; null where the block is older than the watch. */
  at(number: bigint): number | null
  stop(): void
}

const LOOK_MS = 10

/** Watches the head from inside the process that makes the blocks: no request, no delay. */
export function watchBlocks(head: () => { readonly number: bigint }): BlockTimes {
  const times = new Map<bigint, number>()
  let last = head().number
  const timer = setInterval(() => {
    const { number } = head()
    for (; last < number; ) times.set(++last, performance.now())
  }, LOOK_MS)
  return { at: (number) => times.get(number) ?? null, stop: () => clearInterval(timer) }
}

/** An order that ended or began: in which block. */
export type OrderBlocks = ReadonlyMap<string, bigint>

async function ordersIn(side: Side, topic: Hex): Promise<OrderBlocks> {
  const rpc = createRpc({ urls: [side.chain.rpcUrl], timeoutMs: 120_000 })
  const toBlock = await side.deployer.client.getBlockNumber()
  const filter = { address: side.contracts.mos, topics: [topic], fromBlock: side.contracts.fromBlock, toBlock }
  const found = new Map<string, bigint>()
  for (const log of await getLogs(rpc, filter, 20n)) {
    // the order id is the first word that is not indexed, of both events
    const order = log.data.slice(0, 66)
    if (found.has(order)) throw new Error(`order ${order} is there twice`)
    found.set(order, log.blockNumber)
  }
  return found
}

/** Orders that were sent from a chain. */
export const sentFrom = (side: Side): Promise<OrderBlocks> => ordersIn(side, mapMessageOutTopic)
/** Orders that were run on a chain, each once. */
export const ranOn = (side: Side): Promise<OrderBlocks> => ordersIn(side, mapMessageInTopic)
