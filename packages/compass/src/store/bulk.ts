import { type Kysely, type RawBuilder, type Transaction as SqlTransaction, sql } from 'kysely'
import type { Message, MessageKey } from '../message.ts'
import { fromMessage, toMessage } from './rows.ts'
import type { MessageTable, Schema } from './schema.ts'

/** What a message's columns are, for rows that come as one parameter. */
const columnTypes = {
  from_chain: 'numeric',
  order_id: 'text',
  log_chain: 'numeric',
  emitter: 'text',
  to_chain: 'numeric',
  nonce: 'numeric',
  mos: 'text',
  from_address: 'text',
  message_data: 'text',
  gas_limit: 'numeric',
  target: 'text',
  options: 'text',
  deadline: 'numeric',
  sequence: 'numeric',
  refund_recipient: 'text',
  block_number: 'bigint',
  block_hash: 'text',
  block_timestamp: 'bigint',
  tx_hash: 'text',
  tx_index: 'integer',
  log_index: 'integer',
  state: 'text',
  reason_code: 'text',
  reason_detail: 'text',
  attempts: 'integer',
  next_attempt_at: 'bigint',
  seen_at: 'bigint',
  final_at: 'bigint',
  provable_at: 'bigint',
  submitted_at: 'bigint',
  included_at: 'bigint',
  settled_at: 'bigint',
  update_tx: 'text',
  update_gas: 'numeric',
  transaction_id: 'integer',
  target_tx: 'text',
  target_block: 'bigint',
  delivery_gas: 'numeric',
  outcome: 'text',
  executed: 'boolean',
  execution_reason: 'text',
} as const satisfies Readonly<Record<keyof MessageTable, string>>

type Column = keyof MessageTable
const columns = Object.keys(columnTypes) as Column[] // CAST: its own keys
const keyColumns: readonly Column[] = ['from_chain', 'order_id', 'log_chain']
/** What a transition may change; the rest is what the source chain said. */
const changing: readonly Column[] = columns.slice(columns.indexOf('state')).filter((column) => column !== 'seen_at')

const names = (list: readonly Column[]): RawBuilder<unknown> => sql.join(list.map((column) => sql.ref(column)))
const typed = (list: readonly Column[]): RawBuilder<unknown> =>
  sql.join(list.map((column) => sql`${sql.ref(column)} ${sql.raw(columnTypes[column])}`))

/** Rows as one parameter: a statement costs the same for one message and for a thousand. */
function recordset(rows: readonly object[], list: readonly Column[]): RawBuilder<unknown> {
  const json = JSON.stringify(rows, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value))
  return sql`json_to_recordset(${json}::json) as given(${typed(list)})`
}

/** Puts in the messages that are not known yet. @returns their keys, as text. */
export async function insertMessages(
  trx: SqlTransaction<Schema>,
  messages: readonly Message[],
): Promise<ReadonlySet<string>> {
  if (messages.length === 0) return new Set()
  const { rows } = await sql<RowKey>`
    insert into messages (${names(columns)})
    select ${names(columns)} from ${recordset(messages.map(fromMessage), columns)}
    on conflict (from_chain, order_id, log_chain) do nothing
    returning from_chain, order_id, log_chain`.execute(trx)
  return new Set(rows.map(nameOf))
}

type RowKey = Pick<MessageTable, 'from_chain' | 'order_id' | 'log_chain'>
const nameOf = (row: RowKey): string => `${row.from_chain}:${row.order_id}:${row.log_chain}`

/** A leg's key as text. */
export const keyOf = ({ fromChain, orderId, logChain }: Message): string => `${fromChain}:${orderId}:${logChain}`

/** The leg that a key names: where it names none, the last one. */
export function legOf(db: Kysely<Schema>, { fromChain, orderId, logChain }: MessageKey) {
  const legs = db.selectFrom('messages').selectAll().where('from_chain', '=', fromChain).where('order_id', '=', orderId)
  if (logChain !== undefined) return legs.where('log_chain', '=', logChain)
  return legs.orderBy(sql`log_chain = from_chain`).orderBy('seen_at', 'desc').limit(1)
}

/** Legs whose rows are held until the transaction ends. */
export interface Held {
  /** @throws {Error} there is no such leg. */
  get(key: MessageKey): Message
}

/** Reads legs and holds their rows, in one order, so that no two transactions wait for each other. */
export async function lockMessages(trx: SqlTransaction<Schema>, keys: readonly MessageKey[]): Promise<Held> {
  const whole = new Map<string, MessageKey & { readonly logChain: bigint }>()
  for (const { fromChain, orderId, logChain } of keys) {
    const name = `${fromChain}:${orderId}:${logChain ?? ''}`
    if (whole.has(name)) continue
    const named = logChain ?? (await legOf(trx, { fromChain, orderId }).executeTakeFirst())?.log_chain
    if (named !== undefined) whole.set(name, { fromChain, orderId, logChain: named })
  }
  const rows = await trx
    .selectFrom('messages')
    .selectAll()
    .where(
      sql<boolean>`(from_chain, order_id, log_chain) in
        (select from_chain, order_id, log_chain from ${recordset([...whole.values()].map(memberKey), keyColumns)})`,
    )
    .orderBy('from_chain')
    .orderBy('order_id')
    .orderBy('log_chain')
    .forUpdate()
    .execute()
  const found = new Map(rows.map((row) => [nameOf(row), toMessage(row)]))
  return {
    get({ fromChain, orderId, logChain }) {
      const key = whole.get(`${fromChain}:${orderId}:${logChain ?? ''}`)
      const message = found.get(`${fromChain}:${orderId}:${key?.logChain}`)
      if (message === undefined) throw new Error(`no message ${fromChain}:${orderId}`)
      return message
    },
  }
}

/** A transaction's member: where its key names no leg, the one from its source. */
const memberKey = ({ fromChain, orderId, logChain = fromChain }: MessageKey): RowKey => ({
  from_chain: fromChain,
  order_id: orderId,
  log_chain: logChain,
})

/** Writes what transitions change of messages whose rows are held. */
export async function updateMessages(trx: SqlTransaction<Schema>, messages: readonly Message[]): Promise<void> {
  if (messages.length === 0) return
  const list = [...keyColumns, ...changing]
  const rows = messages.map((message) => {
    const row = fromMessage(message)
    return Object.fromEntries(list.map((column) => [column, row[column]]))
  })
  const set = sql.join(changing.map((column) => sql`${sql.ref(column)} = given.${sql.ref(column)}`))
  await sql`update messages set ${set} from ${recordset(rows, list)}
    where messages.from_chain = given.from_chain and messages.order_id = given.order_id
      and messages.log_chain = given.log_chain`.execute(trx)
}

/** Says which messages a transaction is for. */
export async function linkMessages(
  trx: SqlTransaction<Schema>,
  transactionId: number,
  keys: readonly MessageKey[],
): Promise<void> {
  if (keys.length === 0) return
  await sql`insert into transaction_messages (transaction_id, from_chain, order_id, log_chain)
    select ${transactionId}::integer, from_chain, order_id, log_chain from ${recordset(keys.map(memberKey), keyColumns)}
    on conflict do nothing`.execute(trx)
}
