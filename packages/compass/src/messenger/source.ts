import { getBlock, getLogs, type Log } from '@meridian/chain'
import type { BlockPoint } from '@meridian/consensus'
import { hasCode, LogError } from '@meridian/core'
import { type Address, getAddress, type Hex } from 'viem'
import { min } from '../bigint.ts'
import type { ChainContext, Common } from '../chain-context.ts'
import { FinalityViolationError, IncompleteLogsError } from '../errors.ts'
import type { MessageOrigin } from '../message.ts'
import { chainTopic, forwardedOrigin, messageTopics, originOf, readLaneNonce } from '../mos.ts'
import type { Cursor } from '../store/types.ts'

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
  requireComplete(origins: readonly MessageOrigin[], upTo: bigint, atHead: boolean): Promise<void>
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
  const { rpc } = chain.ports
  const mos = getAddress(chain.mos)

  async function requireComplete(origins: readonly MessageOrigin[], upTo: bigint, atHead: boolean): Promise<void> {
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
      const known = last === null ? await nonceBeforeStart(toChain) : last + 1n
      if (known !== null && next > known) throw new IncompleteLogsError(chain.id, toChain, next, known)
    }
  }

  /** The lane's counter before the first block that is read; null where the endpoint does not keep so old a state. */
  async function nonceBeforeStart(toChain: bigint): Promise<bigint | null> {
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

/**
 * Reads an emitter's logs in ranges. The cursor carries the hash of the block it stands on: where that block is gone, what
 * was only seen above the last final block is forgotten and read again.
 */
function follow(chain: ChainContext, emitter: Emitter, common: Common): Source {
  const { store, clock } = common
  const { rpc } = chain.ports
  const { address } = emitter
  const log = common.log.child({ role: 'source', chain: chain.name })
  let finalPoint: BlockPoint | null = null

  async function start(): Promise<Cursor> {
    const number = startOf(chain)
    return { number, hash: (await getBlock(rpc, number)).hash, final: null }
  }

  /** Steps back to the last final block when the block under the cursor is gone. */
  async function anchored(cursor: Cursor, head: { number: bigint; parentHash: Hex; hash: Hex }): Promise<Cursor> {
    if (head.number === cursor.number + 1n && head.parentHash === cursor.hash) return cursor
    const there = head.number === cursor.number ? head.hash : (await getBlock(rpc, cursor.number)).hash
    if (there === cursor.hash) return cursor
    const base = cursor.final ?? (await start())
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

  async function scan(cursor: Cursor, head: { number: bigint; hash: Hex }): Promise<Cursor> {
    let at = cursor
    while (at.number < head.number) {
      const upTo = min(at.number + chain.tuning.maxSpan, head.number)
      const filter = { address, topics: [messageTopics, ...emitter.topics] }
      const logs = await getLogs(rpc, { ...filter, fromBlock: at.number + 1n, toBlock: upTo }, chain.tuning.maxSpan)
      const timestamps = new Map<bigint, bigint>()
      for (const { blockNumber } of logs)
        if (!timestamps.has(blockNumber)) timestamps.set(blockNumber, (await getBlock(rpc, blockNumber)).timestamp)
      const origins = logs
        .map((entry) => emitter.read(entry, timestamps.get(entry.blockNumber) ?? 0n))
        .filter((origin) => origin !== null)
      await emitter.requireComplete(origins, upTo, upTo === head.number)
      const hash = upTo === head.number ? head.hash : (await getBlock(rpc, upTo)).hash
      at = { number: upTo, hash, final: at.final }
      await store.commitScan(chain.id, address, at, origins, clock.now())
      if (origins.length > 0) log.info({ messages: origins.length, block: String(upTo) }, 'messages seen')
    }
    return at
  }

  /** Marks what is final. A row whose block is not the chain's any more is forgotten with everything above it. */
  async function finalize(cursor: Cursor, final: BlockPoint): Promise<boolean> {
    const seen = await store.inState(chain.id, 'seen', FINALIZE_LIMIT)
    const ready = seen.filter((m) => m.emitter === address && m.blockNumber <= final.number)
    const blocks = new Map(ready.map((m) => [m.blockNumber, m.blockHash]))
    for (const [number, hash] of blocks) {
      const there = number === final.number ? final.hash : (await getBlock(rpc, number)).hash
      if (there === hash) continue
      const base = cursor.final ?? (await start())
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

  return {
    finalized: () => finalPoint,
    async step() {
      const stored = await store.cursor(chain.id, address)
      const [head, final] = await Promise.all([getBlock(rpc, 'latest'), chain.consensus.finalized(chain.ports)])
      if (finalPoint === null || final.number >= finalPoint.number) finalPoint = final
      const cursor = stored ?? (await start())
      // an endpoint that is behind another says nothing about the chain
      if (head.number < cursor.number) return false
      const scanned = await scan(await anchored(cursor, head), head)
      const changed = await finalize(scanned, final)
      return changed || scanned.number !== cursor.number
    },
  }
}
