import type { RpcPort } from '@meridian/consensus'
import { type Address, type Hex, isAddressEqual, numberToHex } from 'viem'
import { z } from 'zod'
import { ChainDataError, RpcMalformedError, RpcResponseError, RpcTransportError } from './errors.ts'
import { address, bytes, bytes32, parseAnswer, quantity } from './schema.ts'

/** A log in its place. */
export interface Log {
  readonly address: Address
  readonly topics: readonly Hex[]
  readonly data: Hex
  readonly blockNumber: bigint
  readonly blockHash: Hex
  readonly transactionHash: Hex
  readonly transactionIndex: number
  /** Counted inside the block, as JSON-RPC does; a receipt proof counts inside the receipt. */
  readonly logIndex: number
}

/** Which logs. */
export interface LogFilter {
  readonly address: Address
  /** Topics by position: exactly one, one of several, or null for anything. */
  readonly topics: readonly (Hex | readonly Hex[] | null)[]
  readonly fromBlock: bigint
  /** Inclusive. */
  readonly toBlock: bigint
}

const index = quantity.pipe(
  z
    .bigint()
    .max(2n ** 32n)
    .transform(Number),
)

const logSchema = z.object({
  address,
  topics: z.array(bytes32).max(4),
  data: bytes,
  blockNumber: quantity,
  blockHash: bytes32,
  transactionHash: bytes32,
  transactionIndex: index,
  logIndex: index,
  removed: z.boolean().optional(),
})

/**
 * Logs of a range in chain order. Where the node refuses or fails on a range, it is halved, down to one block: limits of
 * endpoints on blocks, results and time differ and are not announced. Each log is held against the filter.
 *
 * @param maxSpan Blocks asked for at once. @throws what the node answers for a single block.
 */
export async function getLogs(rpc: RpcPort, filter: LogFilter, maxSpan = 2_000n): Promise<readonly Log[]> {
  const found: Log[] = []
  const ranges: [bigint, bigint][] = []
  for (let from = filter.fromBlock; from <= filter.toBlock; from += maxSpan) {
    const to = from + maxSpan - 1n
    ranges.push([from, to < filter.toBlock ? to : filter.toBlock])
  }
  for (let range = ranges.shift(); range !== undefined; range = ranges.shift()) {
    const [from, to] = range
    try {
      found.push(...(await getLogsOnce(rpc, { ...filter, fromBlock: from, toBlock: to })))
    } catch (error) {
      if (from === to || !mayBeTooMuch(error)) throw error
      const middle = from + (to - from) / 2n
      ranges.unshift([from, middle], [middle + 1n, to])
    }
  }
  return found
}

async function getLogsOnce(rpc: RpcPort, filter: LogFilter): Promise<readonly Log[]> {
  const answer = await rpc.request('eth_getLogs', [
    {
      address: filter.address,
      topics: filter.topics,
      fromBlock: numberToHex(filter.fromBlock),
      toBlock: numberToHex(filter.toBlock),
    },
  ])
  const logs = parseAnswer(z.array(logSchema), 'eth_getLogs', answer).filter((log) => log.removed !== true)
  for (const log of logs) {
    if (log.blockNumber < filter.fromBlock || log.blockNumber > filter.toBlock)
      throw new ChainDataError('log block', `${filter.fromBlock}..${filter.toBlock}`, String(log.blockNumber))
    if (!isAddressEqual(log.address, filter.address))
      throw new ChainDataError('log address', filter.address, log.address)
    filter.topics.forEach((topic, i) => {
      if (topic === null) return
      const wanted = typeof topic === 'string' ? [topic] : topic
      const given = log.topics[i]
      if (given === undefined || !wanted.includes(given))
        throw new ChainDataError(`log topic ${i}`, wanted.join(' or '), given ?? 'none')
    })
  }
  return [...logs].sort((a, b) => Number(a.blockNumber - b.blockNumber) || a.logIndex - b.logIndex)
}

/** Whether a smaller range may succeed: the node said something about the query, or gave up on the way. */
function mayBeTooMuch(error: unknown): boolean {
  if (error instanceof RpcTransportError) return error.context.status === 413 || /in time|more than/.test(error.message)
  return error instanceof RpcResponseError || error instanceof RpcMalformedError
}
