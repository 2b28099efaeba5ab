import { type Kysely, sql } from 'kysely'
import type { Address } from 'viem'
import type { Message, MessageKey, MessageState } from '../message.ts'
import { withAttempts } from './attempts.ts'
import { toMessage } from './rows.ts'
import type { Schema } from './schema.ts'
import type { Transaction, TransactionKind } from './transactions.ts'

/** Which messages to show. */
export interface MessageFilter {
  readonly fromChain?: bigint | undefined
  readonly toChain?: bigint | undefined
  readonly state?: MessageState | undefined
  /** Code of the reason that it shows. */
  readonly reason?: string | undefined
  readonly orderId?: string | undefined
  readonly sender?: string | undefined
  readonly target?: string | undefined
  /** Only those that are not at their end. */
  readonly open?: boolean | undefined
  /** After the message that `next` named. */
  readonly after?: string | undefined
  readonly limit: number
}

/** Some messages, newest first; `next` names where the rest begins. */
export interface MessagePage {
  readonly messages: readonly Message[]
  readonly next: string | null
}

/** Messages that are not at their end, by lane, state and reason. Times are milliseconds. */
export interface Backlog {
  readonly fromChain: bigint
  readonly toChain: bigint
  readonly state: MessageState
  readonly reason: string | null
  readonly count: number
  readonly oldestSeenAt: number
  /** When one of them took its last step: the one for which that is longest ago, and the last one. */
  readonly firstStepAt: number
  readonly lastStepAt: number
}

/** What transactions to one contract came to. Wei of the chain that they were on. */
export interface Spending {
  readonly chainId: bigint
  readonly kind: TransactionKind
  readonly to: Address
  /** The lane that they were for; null: for none. */
  readonly fromChain: bigint | null
  readonly toChain: bigint | null
  readonly transactions: number
  readonly gas: bigint
  readonly wei: bigint
}

/** Reads of the store for people and metrics; nothing in here decides. */
export interface ViewStore {
  messages(filter: MessageFilter): Promise<MessagePage>
  /** The transactions that were for a message, oldest first. */
  transactionsOf(key: MessageKey): Promise<readonly Transaction[]>
  backlog(): Promise<readonly Backlog[]>
  /** What was submitted on a lane since, each message once, when its first leg was: what limits are held against. */
  submittedSince(fromChain: bigint, toChain: bigint, since: number): Promise<{ messages: number; gas: bigint }>
  /** What landed of what was written down since, by contract. */
  spending(since: number): Promise<readonly Spending[]>
  /** Wei of what landed from a wallet of what was written down since. */
  spentBy(chainId: bigint, signer: Address, since: number): Promise<bigint>
  /** Transactions that reverted, by chain and error. */
  reverts(): Promise<readonly { readonly chainId: bigint; readonly error: string; readonly count: number }[]>
}

const open = sql<boolean>`state not in ('delivered', 'expired')`
const lastStep = sql<bigint>`greatest(seen_at, final_at, provable_at, submitted_at, included_at, settled_at)`

/** `SEEN_AT-FROM_CHAIN-ORDER_ID`: the order of pages. */
const cursorOf = ({ seenAt, fromChain, orderId }: Message): string => `${seenAt}-${fromChain}-${orderId}`
const cursorPattern = /^(\d{1,16})-(\d{1,78})-(0x[0-9a-f]{64})$/i

/** Whether a text is what a page names as `next`. */
export const isCursor = (text: string): boolean => cursorPattern.test(text)

/** The views of a store. */
export function createViewStore(db: Kysely<Schema>): ViewStore {
  return {
    async messages(filter) {
      let query = db.selectFrom('messages').selectAll()
      if (filter.fromChain !== undefined) query = query.where('from_chain', '=', filter.fromChain)
      if (filter.toChain !== undefined) query = query.where('to_chain', '=', filter.toChain)
      if (filter.state !== undefined) query = query.where('state', '=', filter.state)
      if (filter.reason !== undefined) query = query.where('reason_code', '=', filter.reason)
      if (filter.orderId !== undefined) query = query.where('order_id', '=', filter.orderId.toLowerCase())
      if (filter.sender !== undefined) query = query.where(sql`lower(from_address)`, '=', filter.sender.toLowerCase())
      if (filter.target !== undefined) query = query.where(sql`lower(target)`, '=', filter.target.toLowerCase())
      if (filter.open === true) query = query.where(open)
      const [, seenAt, fromChain, orderId] = cursorPattern.exec(filter.after ?? '') ?? []
      if (seenAt !== undefined && fromChain !== undefined && orderId !== undefined)
        query = query.where(
          sql<boolean>`(seen_at, from_chain, order_id) < (${BigInt(seenAt)}, ${BigInt(fromChain)}, ${orderId})`,
        )
      const rows = await query
        .orderBy('seen_at', 'desc')
        .orderBy('from_chain', 'desc')
        .orderBy('order_id', 'desc')
        .limit(filter.limit + 1)
        .execute()
      const messages = rows.slice(0, filter.limit).map(toMessage)
      const last = messages.at(-1)
      return { messages, next: rows.length > filter.limit && last !== undefined ? cursorOf(last) : null }
    },

    async transactionsOf({ fromChain, orderId }) {
      const rows = await db
        .selectFrom('transactions')
        .innerJoin('transaction_messages as tm', 'tm.transaction_id', 'transactions.id')
        .selectAll('transactions')
        .where('tm.from_chain', '=', fromChain)
        .where('tm.order_id', '=', orderId)
        .orderBy('transactions.id')
        .execute()
      return withAttempts(db, rows)
    },

    async backlog() {
      const rows = await db
        .selectFrom('messages')
        .select(['from_chain', 'to_chain', 'state', 'reason_code'])
        .select((eb) => [
          eb.fn.countAll<bigint>().as('count'),
          eb.fn.min('seen_at').as('oldest'),
          sql<bigint>`min(${lastStep})`.as('first_step'),
          sql<bigint>`max(${lastStep})`.as('last_step'),
        ])
        .where(open)
        .groupBy(['from_chain', 'to_chain', 'state', 'reason_code'])
        .execute()
      return rows.map((row) => ({
        fromChain: row.from_chain,
        toChain: row.to_chain,
        state: row.state as MessageState, // CAST: only `transition` makes states
        reason: row.reason_code,
        count: Number(row.count),
        oldestSeenAt: Number(row.oldest),
        firstStepAt: Number(row.first_step),
        lastStepAt: Number(row.last_step),
      }))
    },

    async submittedSince(fromChain, toChain, since) {
      const row = await db
        .selectFrom('messages')
        .select((eb) => [eb.fn.countAll<bigint>().as('count'), eb.fn.sum<bigint | null>('gas_limit').as('gas')])
        .where('from_chain', '=', fromChain)
        .where('to_chain', '=', toChain)
        .where('submitted_at', '>=', BigInt(since))
        .where(({ not, exists, selectFrom }) =>
          not(
            exists(
              selectFrom('messages as first')
                .select('first.order_id')
                .whereRef('first.from_chain', '=', 'messages.from_chain')
                .whereRef('first.order_id', '=', 'messages.order_id')
                .whereRef('first.log_chain', '=', 'messages.from_chain')
                .whereRef('first.log_chain', '<>', 'messages.log_chain')
                .where('first.submitted_at', 'is not', null),
            ),
          ),
        )
        .executeTakeFirstOrThrow()
      return { messages: Number(row.count), gas: BigInt(row.gas ?? 0) }
    },

    async spending(since) {
      const rows = await db
        .selectFrom('transactions')
        .select(['chain_id', 'kind', 'to_address', 'from_chain', 'to_chain'])
        .select((eb) => [
          eb.fn.countAll<bigint>().as('count'),
          eb.fn.sum<bigint | null>('gas_used').as('gas'),
          sql<bigint | null>`sum(gas_used * gas_price)`.as('wei'),
        ])
        .where('state', 'in', ['mined', 'final'])
        .where('created_at', '>=', BigInt(since))
        .groupBy(['chain_id', 'kind', 'to_address', 'from_chain', 'to_chain'])
        .execute()
      return rows.map((row) => ({
        chainId: row.chain_id,
        kind: row.kind as TransactionKind, // CAST: `reserve` writes kinds
        to: row.to_address as Address, // CAST: as above
        fromChain: row.from_chain,
        toChain: row.to_chain,
        transactions: Number(row.count),
        gas: BigInt(row.gas ?? 0),
        wei: BigInt(row.wei ?? 0),
      }))
    },

    async spentBy(chainId, signer, since) {
      const row = await db
        .selectFrom('transactions')
        .select(sql<bigint | null>`sum(gas_used * gas_price)`.as('wei'))
        .where('chain_id', '=', chainId)
        .where('signer', '=', signer)
        .where('state', 'in', ['mined', 'final'])
        .where('created_at', '>=', BigInt(since))
        .executeTakeFirstOrThrow()
      return BigInt(row.wei ?? 0)
    },

    async reverts() {
      const error = sql<string>`coalesce(nullif(split_part(error, '(', 1), ''), 'unknown')`
      const rows = await db
        .selectFrom('transactions')
        .select('chain_id')
        .select((eb) => [error.as('error'), eb.fn.countAll<bigint>().as('count')])
        .where('success', '=', false)
        .groupBy(['chain_id', error])
        .execute()
      return rows.map((row) => ({ chainId: row.chain_id, error: row.error, count: Number(row.count) }))
    },
  }
}
