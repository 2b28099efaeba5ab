import { type Kysely, type Transaction as SqlTransaction, sql } from 'kysely'
import type { Hex } from 'viem'
import type { MessageEvent } from '../message.ts'
import { withAttempts } from './attempts.ts'
import { linkMessages } from './bulk.ts'
import { submitClaims } from './claims.ts'
import { storedWords, toMessage, toTransaction } from './rows.ts'
import type { Schema } from './schema.ts'
import type { Attempt, OpenTransaction, Reservation, TransactionPatch } from './transactions.ts'
import type { LedgerStore } from './types.ts'
import type { ApplyIn, Write } from './write.ts'

const transactionColumns = [
  't.id',
  't.chain_id',
  't.signer',
  't.nonce',
  't.kind',
  't.state',
  't.to_address',
  't.gas_limit',
  't.created_at',
  't.missing_since',
  't.success',
  't.hash',
  't.block_number',
  't.block_hash',
  't.gas_used',
  't.gas_price',
  't.error',
  't.from_chain',
  't.to_chain',
] as const
const attemptColumns = [
  'a.hash as hash_of',
  'a.cancel',
  'a.max_fee',
  'a.max_priority_fee',
  'a.created_at as attempted_at',
  'a.sent_at',
] as const

/** The lane that a transaction is for, by the first of its messages or claims: they are all of one. */
async function laneOf(trx: SqlTransaction<Schema>, { messages, claims = [] }: Reservation) {
  const [message] = messages
  const [claim] = claims
  if (message !== undefined)
    return trx
      .selectFrom('messages')
      .select(['from_chain', 'to_chain'])
      .where('from_chain', '=', message.fromChain)
      .where('order_id', '=', message.orderId)
      .limit(1)
      .executeTakeFirst()
  if (claim === undefined) return undefined
  return trx.selectFrom('claims').select(['from_chain', 'to_chain']).where('delivery_id', '=', claim).executeTakeFirst()
}

/** The nonce ledger: every transaction that was signed, and what it was for. */
export function createLedger(db: Kysely<Schema>, write: Write, applyIn: ApplyIn): LedgerStore {
  return {
    reserve: (reservation, at) =>
      write(async (trx, steps) => {
        const lane = await laneOf(trx, reservation)
        const row = await trx
          .insertInto('transactions')
          .values({
            from_chain: lane?.from_chain ?? null,
            to_chain: lane?.to_chain ?? null,
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
        await linkMessages(trx, row.id, reservation.messages)
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
      if (messages.length > 0) await write((trx) => linkMessages(trx, transactionId, messages))
    },

    addAttempt: (transactionId, attempt, at) =>
      write(async (trx) => {
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
      // no decision hangs on it: at worst the same bytes are shown again
      await db
        .updateTable('attempts')
        .set({ sent_at: BigInt(at) })
        .where('hash', '=', hash)
        .execute()
    },

    async openTransactions(chainId, signer) {
      // the bytes stay where they are
      const rows = await db
        .selectFrom('transactions as t')
        .leftJoin('attempts as a', 'a.transaction_id', 't.id')
        .select([...transactionColumns, ...attemptColumns])
        .where('t.chain_id', '=', chainId)
        .where('t.signer', '=', signer)
        .where(sql<boolean>`t.state in ('pending', 'mined')`)
        .orderBy('t.nonce')
        .orderBy('t.id')
        .orderBy('a.created_at')
        .execute()
      const found = new Map<number, OpenTransaction & { attempts: Omit<Attempt, 'raw'>[] }>()
      for (const row of rows) {
        const { data, attempts, ...rest } = toTransaction({ ...row, data: '0x', records_read: false }, [])
        const known = found.get(row.id) ?? { ...rest, attempts: [] }
        found.set(row.id, known)
        if (row.hash_of === null || row.max_fee === null || row.max_priority_fee === null) continue
        known.attempts.push({
          hash: row.hash_of as Hex, // CAST: the ledger writes hex
          cancel: row.cancel ?? false,
          maxFeePerGas: row.max_fee,
          maxPriorityFeePerGas: row.max_priority_fee,
          createdAt: Number(row.attempted_at),
          sentAt: row.sent_at === null ? null : Number(row.sent_at),
        })
      }
      return [...found.values()]
    },

    async lastLanded(chainId, signer) {
      const row = await db
        .selectFrom('transactions')
        .select('nonce')
        .where('chain_id', '=', chainId)
        .where('signer', '=', signer)
        .where('state', 'in', ['mined', 'final'])
        .orderBy('nonce', 'desc')
        .limit(1)
        .executeTakeFirst()
      return row?.nonce ?? null
    },

    async transaction(id) {
      const rows = await db.selectFrom('transactions').selectAll().where('id', '=', id).execute()
      const [transaction] = await withAttempts(db, rows)
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
      write(async (trx, steps) => {
        const set = columnsOf(patch)
        if (Object.keys(set).length > 0)
          await trx.updateTable('transactions').set(set).where('id', '=', transactionId).execute()
        await applyIn(trx, steps, happenings)
      }),

    async finish(ids) {
      if (ids.length === 0) return
      await write((trx) =>
        trx
          .updateTable('transactions')
          .set({ state: 'final' })
          .where('id', 'in', [...ids])
          .where('state', '=', 'mined')
          .execute(),
      )
    },
  }
}

function columnsOf(patch: TransactionPatch) {
  return {
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
    ...(patch.error === undefined ? {} : { error: patch.error === null ? null : storedWords(patch.error) }),
  }
}
