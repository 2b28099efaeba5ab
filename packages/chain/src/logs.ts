import type { RpcPort } from '@meridian/consensus'
import { type Address, type Hex, isAddressEqual, numberToHex } from 'viem'
import { z } from 'zod'
import { ChainDataError, QuorumError, RpcMalformedError, RpcResponseError, RpcTransportError } from './errors.ts'
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

/** How many blocks are asked for at once, as an endpoint's limits turn out to be. */
export interface LogSpan {
  readonly blocks: bigint
  /** Blocks of the last range that was refused and has not been answered since; null where there is none. */
  readonly refusedAt: bigint | null
  /** A range of so many blocks was answered. */
  served(blocks: bigint): void
  /** A range of so many blocks was refused, or not answered in time. */
  refused(blocks: bigint): void
}

/** Blocks of one query where nobody says anything else. */
export const DEFAULT_LOG_BLOCKS = 2_000n

/** A JSON-RPC port that knows how many blocks may be asked of it at once. */
export interface LogPort extends RpcPort {
  readonly logSpan?: LogSpan
}

/** One span for endpoints that are all asked: as short as the shortest. */
export function commonLogSpan(spans: readonly LogSpan[]): LogSpan | undefined {
  const [first] = spans
  if (first === undefined) return undefined
  const shortest = () => spans.reduce((least, one) => (one.blocks < least.blocks ? one : least), first)
  return {
    get blocks() {
      return shortest().blocks
    },
    get refusedAt() {
      return shortest().refusedAt
    },
    served: (blocks) => {
      for (const one of spans) one.served(blocks)
    },
    refused: (blocks) => {
      for (const one of spans) one.refused(blocks)
    },
  }
}

/** Ranges that are answered in a row before a longer one is tried. */
const SERVED_BEFORE_GROWTH = 4
/** As many, where the longer one has been refused before: limits on results depend on what the blocks hold. */
const SERVED_BEFORE_RETRY = 64

/**
 * A span that halves where a range is refused and doubles again, up to `max`, after some that were not: limits of endpoints on
 * blocks, results and time differ, change and are not announced.
 *
 * @param known What was learned before.
 */
export function createLogSpan(max: bigint, known: Pick<LogSpan, 'blocks' | 'refusedAt'> | null = null): LogSpan {
  let blocks = known !== null && known.blocks > 0n && known.blocks < max ? known.blocks : max
  let refusedAt = blocks < max ? (known?.refusedAt ?? null) : null
  let inARow = 0
  return {
    get blocks() {
      return blocks
    },
    get refusedAt() {
      return refusedAt
    },
    served(asked) {
      // what is shorter says nothing about the span
      if (asked < blocks || blocks === max) return
      if (refusedAt !== null && asked >= refusedAt) refusedAt = null
      inARow += 1
      const next = blocks * 2n < max ? blocks * 2n : max
      if (inARow < (refusedAt !== null && next >= refusedAt ? SERVED_BEFORE_RETRY : SERVED_BEFORE_GROWTH)) return
      blocks = next
      inARow = 0
    },
    refused(asked) {
      refusedAt = asked
      blocks = asked > 1n ? asked / 2n : 1n
      inARow = 0
    },
  }
}

/**
 * Logs of a range in chain order. Where the node refuses or fails on a range, a shorter one is asked for, down to one block.
 * Each log is held against the filter.
 *
 * @param span Blocks asked for at once; a {@link LogSpan} keeps what was learned for the next call. Default: the port's own.
 * @throws what the node answers for a single block.
 */
export async function getLogs(
  rpc: LogPort,
  filter: LogFilter,
  span: bigint | LogSpan = rpc.logSpan ?? DEFAULT_LOG_BLOCKS,
): Promise<readonly Log[]> {
  const adaptive = typeof span === 'bigint' ? createLogSpan(span) : span
  const found: Log[] = []
  for (let from = filter.fromBlock; from <= filter.toBlock; ) {
    const left = filter.toBlock - from + 1n
    const blocks = adaptive.blocks < left ? adaptive.blocks : left
    try {
      found.push(...(await getLogsOnce(rpc, { ...filter, fromBlock: from, toBlock: from + blocks - 1n })))
    } catch (error) {
      if (blocks === 1n || !mayBeTooMuch(error)) throw error
      adaptive.refused(blocks)
      continue
    }
    adaptive.served(blocks)
    from += blocks
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
  // some of a quorum may take what others refuse
  if (error instanceof QuorumError) return mayBeTooMuch(error.cause)
  return error instanceof RpcResponseError || error instanceof RpcMalformedError
}
