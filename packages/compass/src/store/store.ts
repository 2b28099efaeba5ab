import { type Kysely, type Transaction as SqlTransaction, sql } from 'kysely'
import type { Address, Hex } from 'viem'
import {
  type Happening,
  type Message,
  type MessageOrigin,
  type MessageState,
  NEVER,
  seen,
  transition,
} from '../message.ts'
import { type Progress, progressBetween } from '../progress.ts'
import { streamOf } from '../streams.ts'
import { insertMessages, keyOf, legOf, lockMessages, updateMessages } from './bulk.ts'
import { createClaimStore } from './claims.ts'
import { createDecisionStore } from './decisions.ts'
import { createEndpointStore } from './endpoints.ts'
import { fenceOf, type LeaseStore } from './leases.ts'
import { createLedger } from './ledger.ts'
import { toMessage } from './rows.ts'
import type { Schema } from './schema.ts'
import type { Cursor, Store } from './types.ts'
import { createViewStore } from './views.ts'
import { type ApplyIn, createWrite, type Fence } from './write.ts'

/** States of what is not on its way, nor at its end. */
const UNSENT = ['seen', 'final', 'provable'] as const satisfies readonly MessageState[]

/** What waits to be delivered. Written as the partial indices have it, so that they serve; so are the other states. */
const deliverable = sql<boolean>`state in ('final', 'provable')`

/** Whether a leg has another one: what ends it may end that. */
const isLegOfTwo = ({ fromChain, logChain, state }: Message): boolean => logChain !== fromChain || state === 'forwarded'

/** What a store is made of beside the database. */
export interface StoreParts {
  /** Null where the database is this process' alone. */
  readonly leases: LeaseStore | null
  /** Whether the database has to be told to clean up after itself. */
  readonly vacuum: boolean
  close(): Promise<void>
}

/** The store over any database of PostgreSQL's dialect. */
export function createStore(db: Kysely<Schema>, parts: StoreParts): Store {
  const listeners = new Set<(progress: Progress) => void>()
  return viewOf(db, parts, listeners, null)
}

/** A view of the store that writes only while its fence lets it; all views have the same listeners. */
function viewOf(
  db: Kysely<Schema>,
  parts: StoreParts,
  listeners: Set<(progress: Progress) => void>,
  fence: Fence | null,
): Store {
  const write = createWrite(db, fence, (progress) => {
    for (const listener of listeners) listener(progress)
  })

  const applyIn: ApplyIn = async (trx, steps, happenings) => {
    if (happenings.length === 0) return
    const held = await lockMessages(
      trx,
      happenings.map(([key]) => key),
    )
    const now = new Map<string, { readonly before: Message; after: Message }>()
    const settled: Message[] = []
    for (const [key, event] of happenings) {
      const before = held.get(key)
      const leg = now.get(keyOf(before)) ?? { before, after: before }
      const after = transition(leg.after, event)
      steps.push(...progressBetween(leg.after, after))
      now.set(keyOf(before), { before, after })
      if (event.type === 'settled' && isLegOfTwo(after)) settled.push(after)
    }
    const legs = [...now.values()]
    await updateMessages(
      trx,
      legs.map(({ after }) => after),
    )
    for (const { before, after } of legs) if (after.outcome !== before.outcome) await wakeNext(trx, after)
    for (const message of settled) await arrive(trx, steps, message)
  }

  /** The first leg of a message over a hub ends as the last one does, whichever is known to have ended first. */
  async function arrive(
    trx: SqlTransaction<Schema>,
    steps: Progress[],
    { fromChain, orderId, settledAt }: Message,
  ): Promise<void> {
    const rows = await trx
      .selectFrom('messages')
      .selectAll()
      .where('from_chain', '=', fromChain)
      .where('order_id', '=', orderId)
      .execute()
    const legs = rows.map(toMessage)
    const first = legs.find(({ logChain, state }) => logChain === fromChain && state === 'forwarded')
    const ended = legs.find(({ state }) => state === 'delivered' || state === 'expired')
    if (first === undefined || (ended?.state !== 'delivered' && ended?.state !== 'expired')) return
    await applyIn(trx, steps, [[first, { type: 'arrived', at: settledAt ?? 0, outcome: ended.state }]])
  }

  /** What waits behind a message of an ordered stream is tried as soon as that message has left the stream. */
  async function wakeNext(trx: SqlTransaction<Schema>, message: Message): Promise<void> {
    if (streamOf(message) === null || message.outcome === null || message.outcome === 'failed') return
    const next = await trx
      .selectFrom('messages')
      .select('order_id')
      .where('log_chain', '=', message.logChain)
      .where('from_chain', '=', message.fromChain)
      .where('mos', '=', message.mos)
      .where('to_chain', '=', message.toChain)
      .where('from_address', '=', message.fromAddress)
      .where('target', '=', message.target)
      .where('sequence', '>', message.sequence)
      .where('state', 'in', ['final', 'provable'])
      .orderBy('sequence')
      .limit(1)
      .executeTakeFirst()
    if (next === undefined) return
    await trx
      .updateTable('messages')
      .set({ next_attempt_at: 0n })
      .where('log_chain', '=', message.logChain)
      .where('from_chain', '=', message.fromChain)
      .where('order_id', '=', next.order_id)
      .execute()
  }

  /**
   * A hub may log a message again, for one whose first log cannot be proven. Where that has failed, the newer log takes the
   * place of the older one; else it changes nothing, so that nobody holds up a message by repeating it.
   */
  async function giveWay(trx: SqlTransaction<Schema>, origins: readonly MessageOrigin[]): Promise<void> {
    for (const { fromChain, orderId, logChain, blockNumber } of origins) {
      if (logChain === fromChain) continue
      await trx
        .deleteFrom('messages')
        .where('from_chain', '=', fromChain)
        .where('order_id', '=', orderId)
        .where('log_chain', '=', logChain)
        .where('state', 'in', UNSENT)
        .where('attempts', '>', 0)
        .where('block_number', '<', blockNumber)
        .execute()
    }
  }

  async function insertSeen(
    trx: SqlTransaction<Schema>,
    messages: readonly Message[],
    steps: Progress[],
  ): Promise<void> {
    const inserted = await insertMessages(trx, messages)
    for (const message of messages) if (inserted.has(keyOf(message))) steps.push(...progressBetween(null, message))
  }

  async function writeCursor(
    trx: SqlTransaction<Schema>,
    chainId: bigint,
    emitter: Address,
    cursor: Cursor,
  ): Promise<void> {
    const values = {
      block_number: cursor.number,
      block_hash: cursor.hash,
      final_number: cursor.final?.number ?? null,
      final_hash: cursor.final?.hash ?? null,
    }
    await trx
      .insertInto('cursors')
      .values({ chain_id: chainId, mos: emitter, ...values })
      .onConflict((oc) => oc.columns(['chain_id', 'mos']).doUpdateSet(values))
      .execute()
  }

  const ofLeg = (logChain: bigint, fromChain: bigint, toChain: bigint) =>
    db
      .selectFrom('messages')
      .selectAll()
      .where('log_chain', '=', logChain)
      .where('from_chain', '=', fromChain)
      .where('to_chain', '=', toChain)

  return {
    async cursor(chainId, emitter) {
      const row = await db
        .selectFrom('cursors')
        .selectAll()
        .where('chain_id', '=', chainId)
        .where('mos', '=', emitter)
        .executeTakeFirst()
      if (row === undefined) return null
      const hash = row.block_hash as Hex // CAST: written by writeCursor
      const finalHash = row.final_hash as Hex | null // CAST: written by writeCursor
      const final =
        row.final_number === null || finalHash === null ? null : { number: row.final_number, hash: finalHash }
      return { number: row.block_number, hash, final, rereadFrom: row.reread_from }
    },

    commitScan: (chainId, emitter, cursor, origins, at) =>
      write(async (trx, steps) => {
        const messages = origins.map((origin) => seen(origin, at))
        await giveWay(trx, origins)
        await insertSeen(trx, messages, steps)
        await writeCursor(trx, chainId, emitter, cursor)
      }),

    rollback: (chainId, emitter, cursor) =>
      write(async (trx) => {
        const { numDeletedRows } = await trx
          .deleteFrom('messages')
          .where('log_chain', '=', chainId)
          .where('emitter', '=', emitter)
          .where('state', '=', 'seen')
          .where('block_number', '>', cursor.number)
          .executeTakeFirst()
        await writeCursor(trx, chainId, emitter, cursor)
        return Number(numDeletedRows)
      }),

    askReread: (chainId, fromBlock) =>
      write(async (trx) => {
        const { numUpdatedRows } = await trx
          .updateTable('cursors')
          .set((eb) => ({ reread_from: eb.fn<bigint>('least', ['reread_from', eb.val(fromBlock)]) }))
          .where('chain_id', '=', chainId)
          .where('block_number', '>=', fromBlock)
          .executeTakeFirst()
        return numUpdatedRows > 0n
      }),

    rewind: (chainId, emitter, { number, hash }) =>
      write(async (trx) => {
        const { numDeletedRows } = await trx
          .deleteFrom('messages')
          .where('log_chain', '=', chainId)
          .where('emitter', '=', emitter)
          .where('state', 'in', UNSENT)
          .where('block_number', '>', number)
          .executeTakeFirst()
        await writeCursor(trx, chainId, emitter, { number, hash, final: null })
        await trx
          .updateTable('cursors')
          .set({ reread_from: null })
          .where('chain_id', '=', chainId)
          .where('mos', '=', emitter)
          .execute()
        return Number(numDeletedRows)
      }),

    correct: ({ logChain, emitter, fromChain, blockNumber }, origins, at) =>
      write(async (trx, steps) => {
        const rows = await trx
          .selectFrom('messages')
          .selectAll()
          .where('log_chain', '=', logChain)
          .where('emitter', '=', emitter)
          .where('from_chain', '=', fromChain)
          .where('block_number', '=', blockNumber)
          .where('state', 'in', UNSENT)
          .execute()
        const messages = origins.map((origin) => seen(origin, at))
        const placeOf = (message: Message): string => `${keyOf(message)} ${message.txIndex} ${message.logIndex}`
        const places = new Set(messages.map(placeOf))
        const madeUp = rows.map(toMessage).filter((row) => !places.has(placeOf(row)))
        for (const { orderId } of madeUp)
          await trx
            .deleteFrom('messages')
            .where('log_chain', '=', logChain)
            .where('from_chain', '=', fromChain)
            .where('order_id', '=', orderId)
            .execute()
        await insertSeen(trx, messages, steps)
        return madeUp.length
      }),

    async lastNonce(fromChain, mos, toChain) {
      const row = await db
        .selectFrom('messages')
        .select('nonce')
        .where('log_chain', '=', fromChain)
        .where('from_chain', '=', fromChain)
        .where('mos', '=', mos)
        .where('to_chain', '=', toChain)
        .orderBy('nonce', 'desc')
        .limit(1)
        .executeTakeFirst()
      return row?.nonce ?? null
    },

    async inState(logChain, state, limit) {
      const rows = await db
        .selectFrom('messages')
        .selectAll()
        .where('log_chain', '=', logChain)
        .where(sql<boolean>`state = ${sql.lit(state)}`)
        .orderBy('block_number')
        .limit(limit)
        .execute()
      return rows.map(toMessage)
    },

    async due(fromChain, toChain, now, limit, logChain = fromChain) {
      const rows = await ofLeg(logChain, fromChain, toChain)
        .where(deliverable)
        .where('next_attempt_at', '<=', BigInt(now))
        .orderBy('next_attempt_at')
        .orderBy('block_number')
        .orderBy('log_index')
        .limit(limit)
        .execute()
      return rows.map(toMessage)
    },

    async landed(fromChain, toChain, upTo, now, limit, logChain = fromChain) {
      const rows = await ofLeg(logChain, fromChain, toChain)
        .where(sql<boolean>`state = 'included'`)
        .where('target_block', '<=', upTo)
        .where('next_attempt_at', '<=', BigInt(now))
        .orderBy('target_block')
        .limit(limit)
        .execute()
      return rows.map(toMessage)
    },

    async failed(fromChain, toChain, now, limit, logChain = fromChain) {
      const rows = await ofLeg(logChain, fromChain, toChain)
        .where(sql<boolean>`state = 'failed'`)
        .where('next_attempt_at', '<=', BigInt(now))
        .orderBy('next_attempt_at')
        .limit(limit)
        .execute()
      return rows.map(toMessage)
    },

    async dueBy(latest) {
      for (const states of [deliverable, sql<boolean>`state = 'included'`, sql<boolean>`state = 'failed'`])
        await db
          .updateTable('messages')
          .set({ next_attempt_at: 0n })
          .where(states)
          .where('next_attempt_at', '>', BigInt(latest))
          .where('next_attempt_at', '<', BigInt(NEVER))
          .execute()
    },

    reroute: (fromChain, toChain, at) =>
      write(async (trx, steps) => {
        const rows = await trx
          .selectFrom('messages')
          .selectAll()
          .where('log_chain', '=', fromChain)
          .where('from_chain', '=', fromChain)
          .where('to_chain', '=', toChain)
          .where(sql<boolean>`state = 'forwarded'`)
          .execute()
        const happenings = rows.map((row): Happening => [toMessage(row), { type: 'rerouted', at }])
        await applyIn(trx, steps, happenings)
        return rows.length
      }),

    async message(key) {
      const row = await legOf(db, key).executeTakeFirst()
      return row === undefined ? null : toMessage(row)
    },

    async messages(filter = {}) {
      let query = db.selectFrom('messages').selectAll()
      if (filter.state !== undefined) query = query.where('state', '=', filter.state)
      const rows = await query
        .orderBy('seen_at', 'desc')
        .orderBy('block_number', 'desc')
        .limit(filter.limit ?? 1_000)
        .execute()
      return rows.map(toMessage)
    },

    async counts() {
      const rows = await db
        .selectFrom('messages')
        .select(['from_chain', 'to_chain', 'state'])
        .select((eb) => [eb.fn.countAll<bigint>().as('count'), eb.fn.min('seen_at').as('oldest')])
        // a message counts once: a second leg shows in its first as `forwarded`
        .whereRef('log_chain', '=', 'from_chain')
        .groupBy(['from_chain', 'to_chain', 'state'])
        .execute()
      return rows.map((row) => ({
        fromChain: row.from_chain,
        toChain: row.to_chain,
        state: row.state as MessageState, // CAST: only `transition` makes states
        count: Number(row.count),
        oldestSeenAt: Number(row.oldest),
      }))
    },

    apply: async (happenings) => {
      if (happenings.length > 0) await write((trx, steps) => applyIn(trx, steps, happenings))
    },

    ...createLedger(db, write, applyIn),
    claims: createClaimStore(db, write),
    decisions: createDecisionStore(db),
    endpoints: createEndpointStore(db),
    views: createViewStore(db),
    leases: parts.leases,
    fenced: (lease) => viewOf(db, parts, listeners, fenceOf(lease)),

    async tidy() {
      if (parts.vacuum) await sql`vacuum (analyze) messages, transactions, attempts, transaction_messages`.execute(db)
    },

    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },

    close: parts.close,
  }
}
