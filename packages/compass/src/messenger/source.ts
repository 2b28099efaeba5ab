import {
  type BlockHeader,
  ChainDataError,
  createLogSpan,
  getBlock,
  getLogs,
  type Log,
  type LogPort,
  mayHoldLog,
} from '@meridian/chain'
import type { BlockPoint, RpcPort } from '@meridian/consensus'
import { hasCode, LogError } from '@meridian/core'
import { type Address, getAddress, type Hex } from 'viem'
import { max, min } from '../bigint.ts'
import type { ChainContext, Common } from '../chain-context.ts'
import { FinalityViolationError, HeadBehindError, IncompleteLogsError } from '../errors.ts'
import type { MessageOrigin } from '../message.ts'
import { chainTopic, forwardedOrigin, messageTopics, originOf, readLaneNonce } from '../mos.ts'
import type { Cursor } from '../store/types.ts'
import { type ChainView, isWrongAnswer, viewOf } from './endpoints.ts'
import { createPacer } from './pacer.ts'

/** Follows one chain: its messages, its head, its finality. */
export interface Source {
  /** One look: scans up to the head and marks what became final. Returns whether anything changed. */
  step(): Promise<boolean>
  /** The newest final block as of the last look; null before the first. */
  finalized(): BlockPoint | null
}

/** The contract whose logs a source reads. */
interface Emitter {
  readonly address: Address
  /** Topics behind the signature, exactly. */
  readonly topics: readonly Hex[]
  /** Null: a log that carries nothing for us. @throws {LogError} the emitter emits no such log. */
  read(log: Log, blockTimestamp: bigint): MessageOrigin | null
  /** @throws {IncompleteLogsError} the endpoint left out a log of the range that ends with `upTo`. */
  requireComplete(rpc: RpcPort, origins: readonly MessageOrigin[], upTo: bigint, atHead: boolean): Promise<void>
}

/** Messages that are marked final in one look. */
const FINALIZE_LIMIT = 1_000

/**
 * Reads the chain's MOS. Each lane's nonces must follow one another and, at the head, add up to the counter that MOS keeps,
 * so that an endpoint that leaves out a log is not believed.
 *
 * @param targets Chains whose lane counters are held against the logs.
 */
export function createSource(chain: ChainContext, targets: readonly bigint[], common: Common): Source {
  const { store } = common
  const mos = getAddress(chain.mos)

  async function requireComplete(
    rpc: RpcPort,
    origins: readonly MessageOrigin[],
    upTo: bigint,
    atHead: boolean,
  ): Promise<void> {
    const lanes = new Set([...targets, ...origins.map(({ toChain }) => toChain)])
    for (const toChain of lanes) {
      let last = await store.lastNonce(chain.id, mos, toChain)
      for (const { nonce } of origins.filter((o) => o.toChain === toChain)) {
        if (last !== null && nonce <= last) continue
        if (last !== null && nonce !== last + 1n) throw new IncompleteLogsError(chain.id, toChain, last + 1n, nonce)
        last = nonce
      }
      if (!atHead) continue
      const next = await readLaneNonce(rpc, mos, toChain, upTo)
      if (next === 0n) continue
      const known = last === null ? await nonceBeforeStart(rpc, toChain) : last + 1n
      if (known !== null && next > known) throw new IncompleteLogsError(chain.id, toChain, next, known)
    }
  }

  /** The lane's counter before the first block that is read; null where the endpoint does not keep so old a state. */
  async function nonceBeforeStart(rpc: RpcPort, toChain: bigint): Promise<bigint | null> {
    try {
      return await readLaneNonce(rpc, mos, toChain, startOf(chain))
    } catch (error) {
      if (hasCode(error, 'RPC_MALFORMED')) return null
      throw error
    }
  }

  const emitter = { address: mos, topics: [chainTopic(chain.id)], read: originOf, requireComplete }
  return follow(chain, emitter, common)
}

/**
 * Reads what a hub has forwarded of the given chains' messages. A hub keeps no counter; a log that the endpoint leaves out is
 * missed by the lane that forwarded the message, which then looks for it.
 */
export function createHubSource(
  chain: ChainContext & { readonly hub: Address },
  origins: readonly ChainContext[],
  common: Common,
): Source {
  const log = common.log.child({ role: 'source', chain: chain.name })
  const emitter: Emitter = {
    address: getAddress(chain.hub),
    topics: [],
    requireComplete: async () => undefined,
    read(entry, blockTimestamp) {
      try {
        return forwardedOrigin(entry, blockTimestamp, chain.id, origins)
      } catch (error) {
        // a message of a MOS that is not the configured one: it does not stop the others
        if (!(error instanceof LogError)) throw error
        log.warn({ tx: entry.transactionHash, code: error.code, detail: error.message }, 'a forwarded log is not ours')
        return null
      }
    },
  }
  return follow(chain, emitter, common)
}

/** The block before the first one that is read. */
const startOf = (chain: ChainContext): bigint => (chain.startBlock === 0n ? 0n : chain.startBlock - 1n)

/** Milliseconds after which lane counters are read although no block seems to hold a message. */
const COUNT_MS = 300_000
/** Blocks that are read once more at first where what is missing is not among those since the last count. */
const REREAD_BLOCKS = 1_024n
/** New heads without a message that waits for finality before finality is asked for, where it is long in coming. */
const IDLE_HEADS = 8
/** Milliseconds that an endpoint may be behind what was read before it counts as trouble. */
const BEHIND_MS = 60_000
/** Seconds from the final block to the head from which finality is long in coming. */
const LONG_FINALITY = 60n

/**
 * Reads an emitter's logs in ranges. The cursor carries the hash of the block it stands on: where that block is gone, what
 * was only seen above the last final block is forgotten and read again.
 *
 * A block right above the cursor whose header's bloom rules a message out is not searched: the bloom is as true as the header,
 * which the next one has to name as its parent. Once in a while the counters are read all the same.
 */
function follow(chain: ChainContext, emitter: Emitter, common: Common): Source {
  const { store, clock } = common
  const { address } = emitter
  const log = common.log.child({ role: 'source', chain: chain.name })
  const span = createLogSpan(chain.tuning.maxSpan)
  const pacer = createPacer(chain.tuning.pollMs)
  const topics = [messageTopics, ...emitter.topics]
  let finalPoint: BlockPoint | null = null
  let countedAt = Number.NEGATIVE_INFINITY
  /** Up to where the logs were searched and counted; what is above it may have been ruled out by headers alone. */
  let searched: Cursor | null = null
  /** Blocks before that which the next search goes back, since those so far found the logs incomplete. */
  let reach = 0n
  /** The head at the last look, and how many new ones there were since finality was asked for. */
  let lastHead: Hex | null = null
  let heads = 0
  /** Since when no look showed the block under the cursor. Milliseconds. */
  let behindSince: number | null = null

  async function start(rpc: RpcPort): Promise<Cursor> {
    const number = startOf(chain)
    return { number, hash: (await getBlock(rpc, number)).hash, final: null }
  }

  /** Steps back to the last final block when the block under the cursor is gone. */
  async function anchored(rpc: RpcPort, cursor: Cursor, head: BlockHeader): Promise<Cursor> {
    if (head.number === cursor.number + 1n && head.parentHash === cursor.hash) return cursor
    const there = head.number === cursor.number ? head.hash : (await getBlock(rpc, cursor.number)).hash
    if (there === cursor.hash) return cursor
    const base = cursor.final ?? (await start(rpc))
    if (cursor.final !== null) {
      const given = (await getBlock(rpc, cursor.final.number)).hash
      if (given !== cursor.final.hash)
        throw new FinalityViolationError(chain.id, cursor.final.number, cursor.final.hash, given)
    }
    const back: Cursor = { number: base.number, hash: base.hash, final: cursor.final }
    const forgotten = await store.rollback(chain.id, address, back)
    log.warn({ from: String(cursor.number), to: String(back.number), forgotten }, 'reorg')
    return back
  }

  /** Whether the block right above the cursor holds nothing for us, by its own header. */
  function isQuiet(cursor: Cursor, head: BlockHeader): boolean {
    if (head.number !== cursor.number + 1n || head.parentHash !== cursor.hash) return false
    return clock.now() - countedAt < COUNT_MS && !mayHoldLog(head, address, topics)
  }

  /**
   * What is missing may be in a block that a made-up header ruled out: all since the last count is read once more. Where that
   * does not show it either, it was kept back earlier, and each try goes back twice as far.
   */
  async function searchAgain(rpc: RpcPort, cursor: Cursor): Promise<void> {
    const counted = searched ?? (await start(rpc))
    const base = reach === 0n ? counted : await before(rpc, counted, reach)
    // farther than that there is nothing
    reach = max(REREAD_BLOCKS, min(2n * reach, counted.number))
    if (base.number >= cursor.number) return
    await store.rollback(chain.id, address, { ...base, final: cursor.final })
    log.warn({ from: String(cursor.number), to: String(base.number) }, 'logs are missing: read once more')
  }

  /** So many blocks below a cursor, but not below the first that is read. */
  async function before(rpc: RpcPort, { number, final }: Cursor, blocks: bigint): Promise<Cursor> {
    const back = max(number - blocks, startOf(chain))
    return { number: back, hash: (await getBlock(rpc, back)).hash, final }
  }

  async function scan(rpc: LogPort, cursor: Cursor, head: BlockHeader): Promise<Cursor> {
    if (isQuiet(cursor, head)) {
      const at: Cursor = { number: head.number, hash: head.hash, final: cursor.final }
      await store.commitScan(chain.id, address, at, [], clock.now())
      return at
    }
    let at = cursor
    while (at.number < head.number) {
      const upTo = min(at.number + chain.tuning.maxSpan, head.number)
      const logs = await getLogs(
        rpc,
        { address, topics, fromBlock: at.number + 1n, toBlock: upTo },
        rpc.logSpan ?? span,
      )
      const blocks = new Map<bigint, { readonly timestamp: bigint; readonly hash: Hex }>()
      for (const { blockNumber, blockHash } of logs) {
        const block = blocks.get(blockNumber) ?? (await getBlock(rpc, blockNumber))
        if (block.hash !== blockHash) throw new ChainDataError('block hash of a log', block.hash, blockHash)
        blocks.set(blockNumber, block)
      }
      const origins = logs
        .map((entry) => emitter.read(entry, blocks.get(entry.blockNumber)?.timestamp ?? 0n))
        .filter((origin) => origin !== null)
      await emitter.requireComplete(rpc, origins, upTo, upTo === head.number)
      const hash = upTo === head.number ? head.hash : (await getBlock(rpc, upTo)).hash
      at = { number: upTo, hash, final: at.final }
      await store.commitScan(chain.id, address, at, origins, clock.now())
      if (origins.length > 0) log.info({ messages: origins.length, block: String(upTo) }, 'messages seen')
    }
    countedAt = clock.now()
    searched = at
    reach = 0n
    return at
  }

  /** Marks what is final. A row whose block is not the chain's any more is forgotten with everything above it. */
  async function finalize(rpc: RpcPort, cursor: Cursor, final: BlockPoint): Promise<boolean> {
    const seen = await store.inState(chain.id, 'seen', FINALIZE_LIMIT)
    const ready = seen.filter((m) => m.emitter === address && m.blockNumber <= final.number)
    const blocks = new Map(ready.map((m) => [m.blockNumber, m.blockHash]))
    for (const [number, hash] of blocks) {
      const there = number === final.number ? final.hash : (await getBlock(rpc, number)).hash
      if (there === hash) continue
      const base = cursor.final ?? (await start(rpc))
      const forgotten = await store.rollback(chain.id, address, { ...base, final: cursor.final })
      log.warn({ block: String(number), forgotten }, 'reorg')
      return true
    }
    const at = clock.now()
    await store.apply(ready.map((m) => [m, { type: 'finalized', at }] as const))
    // the final point may run ahead of the cursor; what has not been read yet must stay above it
    const known = final.number <= cursor.number && (cursor.final === null || final.number > cursor.final.number)
    if (known) {
      const next: Cursor = { ...cursor, final: { number: final.number, hash: final.hash } }
      await store.commitScan(chain.id, address, next, [], at)
    }
    return ready.length > 0
  }

  /** Whether finality is asked for at a head. Where it takes long and nothing waits for it, that is not each one. */
  async function asksFinality(head: BlockHeader): Promise<boolean> {
    if (finalPoint === null) return true
    if (head.hash === lastHead) return false
    heads += 1
    if (head.timestamp - finalPoint.timestamp <= LONG_FINALITY || heads >= IDLE_HEADS) return true
    return (await store.inState(chain.id, 'seen', 1)).length > 0
  }

  /** Does what an operator wants read once more. What was believed to be final is asked for anew. */
  async function reread(rpc: RpcPort, from: bigint): Promise<void> {
    const number = max(from - 1n, startOf(chain))
    const forgotten = await store.rewind(chain.id, address, { number, hash: (await getBlock(rpc, number)).hash })
    finalPoint = null
    searched = null
    log.warn({ to: String(number), forgotten }, 'read once more, as an operator wants')
  }

  async function look({ rpc, finalized }: ChainView): Promise<boolean> {
    let stored = await store.cursor(chain.id, address)
    if (stored !== null && stored.rereadFrom !== null) {
      await reread(rpc, stored.rereadFrom)
      stored = await store.cursor(chain.id, address)
    }
    // Ethereum's finality is read elsewhere; other chains' is in the head or near it, and asked for along with it
    const along = chain.consensus.kind === 'ethereum' ? null : finalized()
    const [head] = await Promise.all([getBlock(rpc, 'latest'), along])
    const isAsked = along !== null || (await asksFinality(head))
    const final = isAsked ? await (along ?? finalized()) : finalPoint
    if (isAsked) heads = 0
    lastHead = head.hash
    pacer.saw(head, clock.now())
    if (final !== null && (finalPoint === null || final.number >= finalPoint.number)) finalPoint = final
    const cursor = stored ?? (await start(rpc))
    if (head.number < cursor.number) {
      behindSince ??= clock.now()
      // an endpoint that is a little behind another says nothing about the chain
      if (clock.now() - behindSince < BEHIND_MS) return false
      throw new HeadBehindError(chain.id, cursor.number, head.number)
    }
    behindSince = null
    const from = await anchored(rpc, cursor, head)
    const scanned = await scan(rpc, from, head).catch(async (error: unknown) => {
      if (hasCode(error, 'INCOMPLETE_LOGS')) await searchAgain(rpc, from)
      throw error
    })
    const changed = final !== null && (await finalize(rpc, scanned, final))
    return changed || scanned.number !== cursor.number
  }

  return {
    finalized: () => finalPoint,
    async step() {
      if (!pacer.isDue(clock.now())) return false
      const view = viewOf(chain)
      try {
        return await look(view)
      } catch (error) {
        if (isWrongAnswer(error)) view.passOver(error)
        if (hasCode(error, 'FINALITY_VIOLATION'))
          log.error(
            { code: error.code, detail: error.message },
            'a reorg deeper than finality: an operator has to look',
          )
        throw error
      }
    },
  }
}
