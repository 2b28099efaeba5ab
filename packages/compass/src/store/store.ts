import { type Kysely, type Transaction as SqlTransaction, sql } from 'kysely'
import type { Address, Hex } from 'viem'
import {
  type Message,
  type MessageEvent,
  type MessageKey,
  type MessageOrigin,
  type MessageState,
  seen,
  transition,
} from '../message.ts'
import { type Progress, progressBetween } from '../progress.ts'
import { streamOf } from '../streams.ts'
import { createClaimStore, submitClaims } from './claims.ts'
import { fromMessage, toMessage, toTransaction } from './rows.ts'
import type { Schema } from './schema.ts'
import type { Cursor, Happening, Store, Transaction } from './types.ts'

/** Rows that still move. Written as the partial indices have it, so that they serve. */
const open = sql<boolean>`state not in ('delivered', 'expired')`

/** The leg that a key names: where it names none, the last one. */
function legOf(db: Kysely<Schema>, { fromChain, orderId, logChain }: MessageKey) {
  const legs = db.selectFrom('messages').selectAll().where('from_chain', '=', fromChain).where('order_id', '=', orderId)
  if (logChain !== undefined) return legs.where('log_chain', '=', logChain)
  return legs.orderBy(sql`log_chain = from_chain`).orderBy('seen_at', 'desc').limit(1)
}

/** A transaction's member: where its key names no leg, the one from its source. */
const memberKey = ({ fromChain, orderId, logChain = fromChain }: MessageKey) =>
  ({ from_chain: fromChain, order_id: orderId, log_chain: logChain }) as const

/** The store over any database of PostgreSQL's dialect; `close` is what closes it. */
export function createStore(db: Kysely<Schema>, close: () => Promise<void>): Store {
  const listeners = new Set<(progress: Progress) => void>()

  async function commit<T>(work: (trx: SqlTransaction<Schema>, steps: Progress[]) => Promise<T>): Promise<T> {
    const steps: Progress[] = []
    const result = await db.transaction().execute((trx) => work(trx, steps))
    for (const step of steps) for (const listener of listeners) listener(step)
    return result
  }

  async function applyIn(
    trx: SqlTransaction<Schema>,
    steps: Progress[],
    happenings: readonly Happening[],
  ): Promise<void> {
    for (const [key, event] of happenings) {
      const row = await legOf(trx, key).forUpdate().executeTakeFirstOrThrow()
      const before = toMessage(row)
      const after = transition(before, event)
      const { from_chain, order_id, log_chain, ...changes } = fromMessage(after)
      await trx
        .updateTable('messages')
        .set(changes)
        .where('from_chain', '=', from_chain)
        .where('order_id', '=', order_id)
        .where('log_chain', '=', log_chain)
        .execute()
      if (after.outcome !== before.outcome) await wakeNext(trx, after)
      steps.push(...progressBetween(before, after))
      if (event.type === 'settled') await arrive(trx, steps, after, event.at)
    }
  }

  /** The first leg of a message over a hub ends as the last one does, whichever is known to have ended first. */
  async function arrive(
    trx: SqlTransaction<Schema>,
    steps: Progress[],
    { fromChain, orderId }: Message,
    at: number,
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
    await applyIn(trx, steps, [[first, { type: 'arrived', at, outcome: ended.state }]])
  }

  /** What waits behind a message of an ordered stream is tried as soon as that message has left the stream. */
  async function wakeNext(trx: SqlTransaction<Schema>, message: Message): Promise<void> {
    if (streamOf(message) === null || message.outcome === null || message.outcome === 'failed') return
    const next = await trx
      .selectFrom('messages')
      .select('order_id')
      .where('from_chain', '=', message.fromChain)
      .where('log_chain', '=', message.logChain)
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
      .where('from_chain', '=', message.fromChain)
      .where('order_id', '=', next.order_id)
      .where('log_chain', '=', message.logChain)
      .execute()
  }

  /**
   * A hub may log a message again, for one whose first log cannot be proven. Where that has failed, the newer log takes the
   * place of the older one; else it changes nothing, so that nobody holds up a message by repeating it.
   */
  async function giveWay(trx: SqlTransaction<Schema>, { fromChain, orderId, logChain, ...log }: MessageOrigin) {
    if (logChain === fromChain) return
    await trx
      .deleteFrom('messages')
      .where('from_chain', '=', fromChain)
      .where('order_id', '=', orderId)
      .where('log_chain', '=', logChain)
      .where('state', 'in', ['seen', 'final', 'provable'])
      .where('attempts', '>', 0)
      .where('block_number', '<', log.blockNumber)
      .execute()
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

  async function withAttempts(rows: readonly Parameters<typeof toTransaction>[0][]): Promise<readonly Transaction[]> {
    if (rows.length === 0) return []
    const attempts = await db
      .selectFrom('attempts')
      .selectAll()
      .where(
        'transaction_id',
        'in',
        rows.map((row) => row.id),
      )
      .orderBy('created_at')
      .execute()
    return rows.map((row) =>
      toTransaction(
        row,
        attempts.filter((a) => a.transaction_id === row.id),
      ),
    )
  }

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
      return { number: row.block_number, hash, final }
    },

    commitScan: (chainId, emitter, cursor, origins, at) =>
      commit(async (trx, steps) => {
        for (const origin of origins) {
          const message = seen(origin, at)
          await giveWay(trx, origin)
          const inserted = await trx
            .insertInto('messages')
            .values(fromMessage(message))
            .onConflict((oc) => oc.columns(['from_chain', 'order_id', 'log_chain']).doNothing())
            .returning('order_id')
            .executeTakeFirst()
          if (inserted !== undefined) steps.push(...progressBetween(null, message))
        }
        await writeCursor(trx, chainId, emitter, cursor)
      }),

    rollback: (chainId, emitter, cursor) =>
      commit(async (trx) => {
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

    async lastNonce(fromChain, mos, toChain) {
      const row = await db
        .selectFrom('messages')
        .select('nonce')
        .where('from_chain', '=', fromChain)
        .where('log_chain', '=', fromChain)
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
        .where('state', '=', state)
        .where(open)
        .orderBy('block_number')
        .limit(limit)
        .execute()
      return rows.map(toMessage)
    },

    async due(fromChain, toChain, states, now, limit, logChain = fromChain) {
      const rows = await db
        .selectFrom('messages')
        .selectAll()
        .where('log_chain', '=', logChain)
        .where('from_chain', '=', fromChain)
        .where('to_chain', '=', toChain)
        .where('state', 'in', [...states])
        .where(open)
        .where('next_attempt_at', '<=', BigInt(now))
        .orderBy('next_attempt_at')
        .orderBy('block_number')
        .orderBy('log_index')
        .limit(limit)
        .execute()
      return rows.map(toMessage)
    },

    reroute: (fromChain, toChain, at) =>
      commit(async (trx, steps) => {
        const rows = await trx
          .selectFrom('messages')
          .selectAll()
          .where('log_chain', '=', fromChain)
          .where('from_chain', '=', fromChain)
          .where('to_chain', '=', toChain)
          .where('state', '=', 'forwarded')
          .where(open)
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
      // a message counts once: a second leg shows in its first as `forwarded`
      const rows = await db
        .selectFrom('messages')
        .select(['from_chain', 'to_chain', 'state'])
        .whereRef('log_chain', '=', 'from_chain')
        .select((eb) => [eb.fn.countAll<bigint>().as('count'), eb.fn.min('seen_at').as('oldest')])
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

    apply: (happenings) => commit((trx, steps) => applyIn(trx, steps, happenings)),

    reserve: (reservation, at) =>
      commit(async (trx, steps) => {
        const row = await trx
          .insertInto('transactions')
          .values({
            chain_id: reservation.chainId,
            signer: reservation.signer,
            nonce: reservation.nonce,
            kind: reservation.kind,
            state: 'pending',
            to_address: reservation.to,
            data: reservation.data,
            gas_limit: reservation.gasLimit,
            created_at: BigInt(at),
            missing_since: null,
            success: null,
            hash: null,
            block_number: null,
            block_hash: null,
            gas_used: null,
            gas_price: null,
            error: null,
          })
          .returningAll()
          .executeTakeFirstOrThrow()
        const attempt = await trx
          .insertInto('attempts')
          .values({
            hash: reservation.attempt.hash,
            transaction_id: row.id,
            cancel: false,
            raw: reservation.attempt.raw,
            max_fee: reservation.attempt.maxFeePerGas,
            max_priority_fee: reservation.attempt.maxPriorityFeePerGas,
            created_at: BigInt(at),
            sent_at: null,
          })
          .returningAll()
          .executeTakeFirstOrThrow()
        for (const key of reservation.messages)
          await trx
            .insertInto('transaction_messages')
            .values({ transaction_id: row.id, ...memberKey(key) })
            .execute()
        if (['delivery', 'forward', 'relay'].includes(reservation.kind)) {
          const event: MessageEvent = { type: 'submitted', at, transactionId: row.id }
          await applyIn(
            trx,
            steps,
            reservation.messages.map((key) => [key, event]),
          )
        }
        await submitClaims(trx, reservation.claims ?? [], row.id)
        return toTransaction(row, [attempt])
      }),

    async attach(transactionId, messages) {
      if (messages.length === 0) return
      await db
        .insertInto('transaction_messages')
        .values(messages.map((m) => ({ transaction_id: transactionId, ...memberKey(m) })))
        .onConflict((oc) => oc.doNothing())
        .execute()
    },

    addAttempt: (transactionId, attempt, at) =>
      commit(async (trx) => {
        await trx
          .insertInto('attempts')
          .values({
            hash: attempt.hash,
            transaction_id: transactionId,
            cancel: attempt.cancel,
            raw: attempt.raw,
            max_fee: attempt.maxFeePerGas,
            max_priority_fee: attempt.maxPriorityFeePerGas,
            created_at: BigInt(at),
            sent_at: null,
          })
          .onConflict((oc) => oc.columns(['transaction_id', 'hash']).doNothing())
          .execute()
      }),

    async markSent(hash, at) {
      await db
        .updateTable('attempts')
        .set({ sent_at: BigInt(at) })
        .where('hash', '=', hash)
        .execute()
    },

    async openTransactions(chainId, signer) {
      const rows = await db
        .selectFrom('transactions')
        .selectAll()
        .where('chain_id', '=', chainId)
        .where('signer', '=', signer)
        .where('state', 'in', ['pending', 'mined'])
        .orderBy('nonce')
        .execute()
      return withAttempts(rows)
    },

    async transaction(id) {
      const rows = await db.selectFrom('transactions').selectAll().where('id', '=', id).execute()
      const [transaction] = await withAttempts(rows)
      return transaction ?? null
    },

    async lastUpdate(chainId, client, since) {
      const row = await db
        .selectFrom('transactions')
        .select(['hash', 'gas_used'])
        .where('chain_id', '=', chainId)
        .where('kind', '=', 'update')
        .where('to_address', '=', client)
        .where('state', 'in', ['mined', 'final'])
        .where('success', '=', true)
        .where('created_at', '>=', BigInt(since))
        .orderBy('id', 'desc')
        .limit(1)
        .executeTakeFirst()
      if (row === undefined || row.hash === null || row.gas_used === null) return null
      return { hash: row.hash as Hex, gasUsed: row.gas_used } // CAST: the ledger writes hex
    },

    async transactionMessages(id) {
      const rows = await db
        .selectFrom('messages')
        .innerJoin('transaction_messages as tm', (join) =>
          join
            .onRef('tm.from_chain', '=', 'messages.from_chain')
            .onRef('tm.order_id', '=', 'messages.order_id')
            .onRef('tm.log_chain', '=', 'messages.log_chain'),
        )
        .selectAll('messages')
        .where('tm.transaction_id', '=', id)
        .execute()
      return rows.map(toMessage)
    },

    settle: (transactionId, patch, happenings) =>
      commit(async (trx, steps) => {
        const set = {
          ...(patch.state === undefined ? {} : { state: patch.state }),
          ...(patch.missingSince === undefined
            ? {}
            : { missing_since: patch.missingSince === null ? null : BigInt(patch.missingSince) }),
          ...(patch.success === undefined ? {} : { success: patch.success }),
          ...(patch.hash === undefined ? {} : { hash: patch.hash }),
          ...(patch.blockNumber === undefined ? {} : { block_number: patch.blockNumber }),
          ...(patch.blockHash === undefined ? {} : { block_hash: patch.blockHash }),
          ...(patch.gasUsed === undefined ? {} : { gas_used: patch.gasUsed }),
          ...(patch.gasPrice === undefined ? {} : { gas_price: patch.gasPrice }),
          ...(patch.error === undefined ? {} : { error: patch.error }),
        }
        if (Object.keys(set).length > 0)
          await trx.updateTable('transactions').set(set).where('id', '=', transactionId).execute()
        await applyIn(trx, steps, happenings)
      }),

    claims: createClaimStore(db),

    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },

    close,
  }
}
