import { type RawBuilder, type Transaction as SqlTransaction, sql } from 'kysely'
import type { Message, MessageKey } from '../message.ts'
import { fromMessage, toMessage } from './rows.ts'
import type { MessageTable, Schema } from './schema.ts'

/** What a message's columns are, for rows that come as one parameter. */
const columnTypes = {
  from_chain: 'numeric',
  order_id: 'text',
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
const keyColumns: readonly Column[] = ['from_chain', 'order_id']
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
  const { rows } = await sql<Pick<MessageTable, 'from_chain' | 'order_id'>>`
    insert into messages (${names(columns)})
    select ${names(columns)} from ${recordset(messages.map(fromMessage), columns)}
    on conflict (from_chain, order_id) do nothing
    returning from_chain, order_id`.execute(trx)
  return new Set(rows.map((row) => `${row.from_chain}:${row.order_id}`))
}

/** A message's key as text. */
export const keyOf = ({ fromChain, orderId }: MessageKey): string => `${fromChain}:${orderId}`

/** Reads messages and holds their rows until the transaction ends, in one order, so that no two wait for each other. */
export async function lockMessages(
  trx: SqlTransaction<Schema>,
  keys: readonly MessageKey[],
): Promise<ReadonlyMap<string, Message>> {
  if (keys.length === 0) return new Map()
  const wanted = keys.map(({ fromChain, orderId }) => ({ from_chain: fromChain, order_id: orderId }))
  const rows = await trx
    .selectFrom('messages')
    .selectAll()
    .where(sql<boolean>`(from_chain, order_id) in (select from_chain, order_id from ${recordset(wanted, keyColumns)})`)
    .orderBy('from_chain')
    .orderBy('order_id')
    .forUpdate()
    .execute()
  return new Map(rows.map((row) => [`${row.from_chain}:${row.order_id}`, toMessage(row)]))
}

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
    where messages.from_chain = given.from_chain and messages.order_id = given.order_id`.execute(trx)
}

/** Says which messages a transaction is for. */
export async function linkMessages(
  trx: SqlTransaction<Schema>,
  transactionId: number,
  keys: readonly MessageKey[],
): Promise<void> {
  if (keys.length === 0) return
  const rows = keys.map(({ fromChain, orderId }) => ({ from_chain: fromChain, order_id: orderId }))
  await sql`insert into transaction_messages (transaction_id, from_chain, order_id)
    select ${transactionId}::integer, from_chain, order_id from ${recordset(rows, keyColumns)}
    on conflict do nothing`.execute(trx)
}
