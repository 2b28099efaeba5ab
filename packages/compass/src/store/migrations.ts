import { type Kysely, sql } from 'kysely'
import type { Migration, MigrationProvider } from 'kysely/migration'

/** Amounts and chain ids are `uint256` on chain. */
const uint256 = sql`numeric(78, 0)`

const initial: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .createTable('messages')
      .addColumn('from_chain', uint256, (c) => c.notNull())
      .addColumn('order_id', 'text', (c) => c.notNull())
      .addColumn('to_chain', uint256, (c) => c.notNull())
      .addColumn('nonce', uint256, (c) => c.notNull())
      .addColumn('mos', 'text', (c) => c.notNull())
      .addColumn('from_address', 'text', (c) => c.notNull())
      .addColumn('message_data', 'text', (c) => c.notNull())
      .addColumn('gas_limit', uint256, (c) => c.notNull())
      .addColumn('block_number', 'bigint', (c) => c.notNull())
      .addColumn('block_hash', 'text', (c) => c.notNull())
      .addColumn('block_timestamp', 'bigint', (c) => c.notNull())
      .addColumn('tx_hash', 'text', (c) => c.notNull())
      .addColumn('tx_index', 'integer', (c) => c.notNull())
      .addColumn('log_index', 'integer', (c) => c.notNull())
      .addColumn('state', 'text', (c) => c.notNull())
      .addColumn('reason_code', 'text')
      .addColumn('reason_detail', 'text')
      .addColumn('attempts', 'integer', (c) => c.notNull())
      .addColumn('next_attempt_at', 'bigint', (c) => c.notNull())
      .addColumn('seen_at', 'bigint', (c) => c.notNull())
      .addColumn('final_at', 'bigint')
      .addColumn('provable_at', 'bigint')
      .addColumn('submitted_at', 'bigint')
      .addColumn('included_at', 'bigint')
      .addColumn('settled_at', 'bigint')
      .addColumn('update_tx', 'text')
      .addColumn('update_gas', uint256)
      .addColumn('transaction_id', 'integer')
      .addColumn('target_tx', 'text')
      .addColumn('target_block', 'bigint')
      .addColumn('delivery_gas', uint256)
      .addColumn('executed', 'boolean')
      .addColumn('execution_reason', 'text')
      .addPrimaryKeyConstraint('messages_key', ['from_chain', 'order_id'])
      .execute()
    // what is delivered is never looked for again: the index stays as small as the work
    await sql`create index messages_open on messages (from_chain, to_chain, state, next_attempt_at)
      where state <> 'delivered'`.execute(db)
    await sql`create index messages_lane on messages (from_chain, mos, to_chain, nonce)`.execute(db)
    await db.schema
      .createTable('cursors')
      .addColumn('chain_id', uint256, (c) => c.notNull())
      .addColumn('mos', 'text', (c) => c.notNull())
      .addColumn('block_number', 'bigint', (c) => c.notNull())
      .addColumn('block_hash', 'text', (c) => c.notNull())
      .addColumn('final_number', 'bigint')
      .addColumn('final_hash', 'text')
      .addPrimaryKeyConstraint('cursors_key', ['chain_id', 'mos'])
      .execute()
    await db.schema
      .createTable('transactions')
      .addColumn('id', 'serial', (c) => c.primaryKey())
      .addColumn('chain_id', uint256, (c) => c.notNull())
      .addColumn('signer', 'text', (c) => c.notNull())
      .addColumn('nonce', 'integer', (c) => c.notNull())
      .addColumn('kind', 'text', (c) => c.notNull())
      .addColumn('state', 'text', (c) => c.notNull())
      .addColumn('to_address', 'text', (c) => c.notNull())
      .addColumn('data', 'text', (c) => c.notNull())
      .addColumn('gas_limit', uint256, (c) => c.notNull())
      .addColumn('created_at', 'bigint', (c) => c.notNull())
      .addColumn('missing_since', 'bigint')
      .addColumn('success', 'boolean')
      .addColumn('hash', 'text')
      .addColumn('block_number', 'bigint')
      .addColumn('block_hash', 'text')
      .addColumn('gas_used', uint256)
      .addColumn('gas_price', uint256)
      .addColumn('error', 'text')
      .execute()
    // a nonce belongs to one transaction that may still land or has landed
    await sql`create unique index transactions_nonce on transactions (chain_id, signer, nonce)
      where state in ('pending', 'mined', 'final')`.execute(db)
    await sql`create index transactions_open on transactions (chain_id, signer, nonce)
      where state in ('pending', 'mined')`.execute(db)
    await db.schema
      .createTable('attempts')
      .addColumn('hash', 'text', (c) => c.notNull())
      .addColumn('transaction_id', 'integer', (c) => c.notNull().references('transactions.id'))
      .addColumn('cancel', 'boolean', (c) => c.notNull())
      .addColumn('raw', 'text', (c) => c.notNull())
      .addColumn('max_fee', uint256, (c) => c.notNull())
      .addColumn('max_priority_fee', uint256, (c) => c.notNull())
      .addColumn('created_at', 'bigint', (c) => c.notNull())
      .addColumn('sent_at', 'bigint')
      // signing is deterministic: a nonce that was given back may bring the very same bytes for another transaction
      .addPrimaryKeyConstraint('attempts_key', ['transaction_id', 'hash'])
      .execute()
    await db.schema.createIndex('attempts_hash').on('attempts').column('hash').execute()
    await db.schema
      .createTable('transaction_messages')
      .addColumn('transaction_id', 'integer', (c) => c.notNull().references('transactions.id'))
      .addColumn('from_chain', uint256, (c) => c.notNull())
      .addColumn('order_id', 'text', (c) => c.notNull())
      .addPrimaryKeyConstraint('transaction_messages_key', ['transaction_id', 'from_chain', 'order_id'])
      .execute()
  },
}

const optionsAndClaims: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .alterTable('messages')
      .addColumn('target', 'text')
      .addColumn('options', 'text', (c) => c.notNull().defaultTo('0x'))
      .addColumn('deadline', uint256, (c) => c.notNull().defaultTo(0))
      .addColumn('sequence', uint256, (c) => c.notNull().defaultTo(0))
      .addColumn('refund_recipient', 'text')
      .addColumn('outcome', 'text')
      .execute()
    await sql`update messages set outcome = case when executed then 'delivered' else 'failed' end
      where executed is not null`.execute(db)
    await sql`drop index messages_open`.execute(db)
    await sql`create index messages_open on messages (from_chain, to_chain, state, next_attempt_at)
      where state not in ('delivered', 'expired')`.execute(db)
    await sql`create index messages_stream on messages (from_chain, mos, to_chain, from_address, target, sequence)
      where sequence > 0`.execute(db)
    // what was delivered before there were records has none
    await sql`alter table transactions add column records_read boolean not null default true`.execute(db)
    await sql`alter table transactions alter column records_read set default false`.execute(db)
    await sql`create index transactions_unread on transactions (chain_id, id)
      where kind = 'delivery' and state = 'final' and not records_read`.execute(db)
    await db.schema
      .createTable('claims')
      .addColumn('delivery_id', 'integer', (c) => c.primaryKey().references('transactions.id'))
      .addColumn('from_chain', uint256, (c) => c.notNull())
      .addColumn('to_chain', uint256, (c) => c.notNull())
      .addColumn('fee_service', 'text', (c) => c.notNull())
      .addColumn('block_number', 'bigint', (c) => c.notNull())
      .addColumn('block_hash', 'text', (c) => c.notNull())
      .addColumn('tx_hash', 'text', (c) => c.notNull())
      .addColumn('tx_index', 'integer', (c) => c.notNull())
      .addColumn('state', 'text', (c) => c.notNull())
      .addColumn('reason_code', 'text')
      .addColumn('reason_detail', 'text')
      .addColumn('attempts', 'integer', (c) => c.notNull())
      .addColumn('next_attempt_at', 'bigint', (c) => c.notNull())
      .addColumn('created_at', 'bigint', (c) => c.notNull())
      .addColumn('settled_at', 'bigint')
      .addColumn('transaction_id', 'integer', (c) => c.references('transactions.id'))
      .execute()
    await sql`create index claims_open on claims (from_chain, to_chain, state, next_attempt_at)
      where state <> 'settled'`.execute(db)
    await db.schema
      .createTable('claim_orders')
      .addColumn('delivery_id', 'integer', (c) => c.notNull().references('claims.delivery_id'))
      .addColumn('order_id', 'text', (c) => c.notNull())
      .addColumn('token', 'text', (c) => c.notNull())
      .addColumn('amount', uint256, (c) => c.notNull())
      .addPrimaryKeyConstraint('claim_orders_key', ['delivery_id', 'order_id'])
      .execute()
  },
}

/** A message over a hub has two legs, each a row: the source's log and the hub's. */
const legs: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .alterTable('messages')
      .addColumn('log_chain', uint256, (c) => c.notNull().defaultTo(0))
      .addColumn('emitter', 'text', (c) => c.notNull().defaultTo(''))
      .execute()
    // until now every message was proven from its source's log
    await sql`update messages set log_chain = from_chain, emitter = mos`.execute(db)
    await sql`alter table messages alter column log_chain drop default, alter column emitter drop default,
      drop constraint messages_key, add constraint messages_key primary key (from_chain, order_id, log_chain)`.execute(
      db,
    )
    await sql`drop index messages_open`.execute(db)
    await sql`create index messages_open on messages (log_chain, from_chain, to_chain, state, next_attempt_at)
      where state not in ('delivered', 'expired')`.execute(db)
    await db.schema
      .alterTable('transaction_messages')
      .addColumn('log_chain', uint256, (c) => c.notNull().defaultTo(0))
      .execute()
    await sql`update transaction_messages set log_chain = from_chain`.execute(db)
    await sql`alter table transaction_messages alter column log_chain drop default,
      drop constraint transaction_messages_key,
      add constraint transaction_messages_key primary key (transaction_id, from_chain, order_id, log_chain)`.execute(db)
    // a hub that runs a message makes its record
    await sql`drop index transactions_unread`.execute(db)
    await sql`create index transactions_unread on transactions (chain_id, id)
      where kind in ('delivery', 'relay') and state = 'final' and not records_read`.execute(db)
    // the receipt that proves a claim moves from the target to the hub when its records are forwarded
    await db.schema
      .alterTable('claims')
      .addColumn('record_chain', uint256, (c) => c.notNull().defaultTo(0))
      .execute()
    await sql`update claims set record_chain = to_chain`.execute(db)
    await sql`alter table claims alter column record_chain drop default`.execute(db)
  },
}

const decisions: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .createTable('decisions')
      .addColumn('subject', 'text', (c) => c.notNull())
      .addColumn('key', 'text', (c) => c.notNull())
      .addColumn('decision', 'text', (c) => c.notNull())
      .addColumn('decided_at', 'bigint', (c) => c.notNull())
      .addPrimaryKeyConstraint('decisions_key', ['subject', 'key'])
      .execute()
    // for pages, limits, histories and costs, which look at what ended as well
    await sql`create index messages_newest on messages (seen_at desc, from_chain desc, order_id desc)`.execute(db)
    await sql`create index messages_submitted on messages (from_chain, to_chain, submitted_at)
      where submitted_at is not null`.execute(db)
    await sql`create index transaction_messages_order on transaction_messages (from_chain, order_id)`.execute(db)
    await sql`create index transactions_created on transactions (created_at)`.execute(db)
    await sql`create index transactions_reverted on transactions (chain_id) where success = false`.execute(db)
    await sql`create index messages_backlog on messages (from_chain, to_chain, state)
      where state not in ('delivered', 'expired')`.execute(db)
  },
}

const sharedStore: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    // in the order in which they are read, so that a backlog costs no sorting
    await sql`create index messages_due on messages (log_chain, from_chain, to_chain, next_attempt_at, block_number, log_index)
      where state in ('final', 'provable')`.execute(db)
    await sql`create index messages_landed on messages (log_chain, from_chain, to_chain, target_block)
      where state = 'included'`.execute(db)
    await sql`create index messages_seen on messages (log_chain, block_number) where state = 'seen'`.execute(db)
    await sql`drop index messages_open`.execute(db)
    await sql`create index messages_failed on messages (log_chain, from_chain, to_chain, next_attempt_at)
      where state = 'failed'`.execute(db)
    await sql`create index messages_forwarded on messages (from_chain, to_chain) where state = 'forwarded'`.execute(db)
    // bytes in hex: squeezing them costs more time than it saves, and out of line a row's next version does not copy them
    await sql`alter table messages alter column message_data set storage external`.execute(db)
    await sql`alter table transactions alter column data set storage external`.execute(db)
    await sql`alter table attempts alter column raw set storage external`.execute(db)
    await db.schema
      .createTable('leases')
      .addColumn('name', 'text', (c) => c.primaryKey())
      .addColumn('holder', 'text')
      .addColumn('token', 'bigint', (c) => c.notNull())
      .addColumn('expires_at', 'timestamptz', (c) => c.notNull())
      .execute()
    await db.schema
      .createTable('members')
      .addColumn('holder', 'text', (c) => c.primaryKey())
      .addColumn('expires_at', 'timestamptz', (c) => c.notNull())
      .execute()
  },
}

/** What is remembered of endpoints, so that a restart does not ask one that asked to be left alone. */
const endpoints: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .createTable('endpoints')
      .addColumn('chain_id', uint256, (c) => c.notNull())
      .addColumn('id', 'text', (c) => c.notNull())
      .addColumn('failures', 'integer', (c) => c.notNull())
      .addColumn('rest_until', 'bigint', (c) => c.notNull())
      .addColumn('limited_until', 'bigint', (c) => c.notNull())
      .addColumn('score', 'double precision', (c) => c.notNull())
      .addColumn('log_blocks', 'bigint')
      .addColumn('log_blocks_refused', 'bigint')
      .addColumn('noted_at', 'bigint', (c) => c.notNull())
      .addPrimaryKeyConstraint('endpoints_key', ['chain_id', 'id'])
      .execute()
  },
}

/** What a transaction costs is a lane's, wherever on its way it was paid. */
const lanesOfTransactions: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema.alterTable('transactions').addColumn('from_chain', uint256).addColumn('to_chain', uint256).execute()
    // a transaction's messages are all of one lane, and so are its claims; a forwarding of records that was one of a claim's
    // earlier steps is not told apart any more
    await sql`update transactions t set from_chain = lane.from_chain, to_chain = lane.to_chain
      from (select distinct on (tm.transaction_id) tm.transaction_id, m.from_chain, m.to_chain
        from transaction_messages tm join messages m using (from_chain, order_id, log_chain)) lane
      where lane.transaction_id = t.id`.execute(db)
    await sql`update transactions t set from_chain = c.from_chain, to_chain = c.to_chain
      from claims c where c.transaction_id = t.id`.execute(db)
  },
}

/** From which block on an operator wants a chain's logs read once more; null: from none. */
const reread: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema.alterTable('cursors').addColumn('reread_from', 'bigint').execute()
  },
}

/** Every migration by number, oldest first. One that has been released never changes. */
export const migrations: MigrationProvider = {
  getMigrations: async () => ({
    '0001_initial': initial,
    '0002_options_and_claims': optionsAndClaims,
    '0003_legs': legs,
    '0004_decisions': decisions,
    '0005_shared_store': sharedStore,
    '0006_endpoints': endpoints,
    '0007_lanes_of_transactions': lanesOfTransactions,
    '0008_reread': reread,
  }),
}
