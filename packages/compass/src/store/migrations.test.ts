import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from 'kysely'
import { onEachDatabase, useOldStore } from '../testing/test-store.ts'

onEachDatabase((kind) => {
  const leftBy = useOldStore(kind)

  test('a store of the first version is taken over: ends are known, old deliveries are not claimed', async () => {
    const { db, takeOver } = await leftBy('0001_initial')
    for (const [order, state, executed] of [
      ['0x01', 'delivered', 'true'],
      ['0x02', 'failed', 'false'],
      ['0x03', 'final', 'null'],
    ] as const)
      await sql`insert into messages (from_chain, order_id, to_chain, nonce, mos, from_address, message_data, gas_limit,
      block_number, block_hash, block_timestamp, tx_hash, tx_index, log_index, state, attempts, next_attempt_at, seen_at,
      executed) values (1, ${order}, 2, 0, '0x', '0x', '0x', 0, 0, '0x', 0, '0x', 0, 0, ${state}, 0, 0, 0,
      ${sql.raw(executed)})`.execute(db)
    await sql`insert into transactions (chain_id, signer, nonce, kind, state, to_address, data, gas_limit, created_at)
    values (2, '0x', 0, 'delivery', 'final', '0x', '0x', 0, 0)`.execute(db)
    await takeOver()
    const { rows } = await sql<{ outcome: string | null; options: string; sequence: string }>`
    select outcome, options, sequence::text from messages order by order_id`.execute(db)
    assert.deepEqual(rows, [
      { outcome: 'delivered', options: '0x', sequence: '0' },
      { outcome: 'failed', options: '0x', sequence: '0' },
      { outcome: null, options: '0x', sequence: '0' },
    ])
    const read = await sql<{ records_read: boolean }>`select records_read from transactions`.execute(db)
    assert.deepEqual(read.rows, [{ records_read: true }])
  })

  test('a store of the second version is taken over: its messages have one leg, their transactions carry that', async () => {
    const { db, takeOver } = await leftBy('0002_options_and_claims')
    await sql`insert into messages (from_chain, order_id, to_chain, nonce, mos, from_address, message_data, gas_limit,
    block_number, block_hash, block_timestamp, tx_hash, tx_index, log_index, state, attempts, next_attempt_at, seen_at)
    values (1, '0x01', 2, 0, '0xa1', '0x', '0x', 0, 0, '0x', 0, '0x', 0, 0, 'submitted', 0, 0, 0)`.execute(db)
    await sql`insert into transactions (chain_id, signer, nonce, kind, state, to_address, data, gas_limit, created_at)
    values (2, '0x', 0, 'delivery', 'final', '0x', '0x', 0, 0)`.execute(db)
    await sql`insert into transaction_messages (transaction_id, from_chain, order_id) values (1, 1, '0x01')`.execute(db)
    await sql`insert into claims (delivery_id, from_chain, to_chain, fee_service, block_number, block_hash, tx_hash, tx_index,
    state, attempts, next_attempt_at, created_at) values (1, 1, 2, '0x', 0, '0x', '0x', 0, 'open', 0, 0, 0)`.execute(db)
    await takeOver()
    const messages = await sql<{ log_chain: string; emitter: string }>`
    select log_chain::text, emitter from messages`.execute(db)
    assert.deepEqual(messages.rows, [{ log_chain: '1', emitter: '0xa1' }])
    const members = await sql<{ log_chain: string }>`select log_chain::text from transaction_messages`.execute(db)
    assert.deepEqual(members.rows, [{ log_chain: '1' }])
    const claims = await sql<{ record_chain: string }>`select record_chain::text from claims`.execute(db)
    assert.deepEqual(claims.rows, [{ record_chain: '2' }])
  })

  test('a store of the sixth version is taken over: what a transaction cost is the lane of its messages or its claims', async () => {
    const { db, takeOver } = await leftBy('0006_endpoints')
    // 0x01 goes from 1 to 2; 0x02 from 1 to 3 over the hub 22776, a row for each leg; 0x01 of chain 5 goes to 2
    for (const [from, order, log, to] of [
      [1, '0x01', 1, 2],
      [1, '0x02', 1, 3],
      [1, '0x02', 22776, 3],
      [5, '0x01', 5, 2],
    ] as const)
      await sql`insert into messages (from_chain, order_id, log_chain, emitter, to_chain, nonce, mos, from_address,
      message_data, gas_limit, block_number, block_hash, block_timestamp, tx_hash, tx_index, log_index, state, attempts,
      next_attempt_at, seen_at) values (${from}, ${order}, ${log}, '0x', ${to}, 0, '0x', '0x', '0x', 0, 0, '0x', 0, '0x', 0,
      0, 'submitted', 0, 0, 0)`.execute(db)
    for (const [nonce, kind] of (
      ['update', 'delivery', 'relay', 'delivery', 'delivery', 'claim', 'forwardRecords', 'withdraw', 'update'] as const
    ).entries())
      await sql`insert into transactions (chain_id, signer, nonce, kind, state, to_address, data, gas_limit, created_at)
      values (2, '0x', ${nonce}, ${kind}, 'final', '0x', '0x', 0, 0)`.execute(db)
    for (const [transaction, from, order, log] of [
      [1, 1, '0x01', 1],
      [2, 1, '0x01', 1],
      [3, 1, '0x02', 1],
      [4, 1, '0x02', 22776],
      [5, 5, '0x01', 5],
    ] as const)
      await sql`insert into transaction_messages (transaction_id, from_chain, order_id, log_chain)
      values (${transaction}, ${from}, ${order}, ${log})`.execute(db)
    // each delivery earned a fee: one has been claimed, one's record is on its way over the hub, one waits
    for (const [delivery, from, to, record, state, transaction] of [
      [2, 1, 2, 2, 'submitted', 6],
      [4, 1, 3, 3, 'submitted', 7],
      [5, 5, 2, 2, 'open', null],
    ] as const)
      await sql`insert into claims (delivery_id, from_chain, to_chain, record_chain, fee_service, block_number, block_hash,
      tx_hash, tx_index, state, attempts, next_attempt_at, created_at, transaction_id) values (${delivery}, ${from}, ${to},
      ${record}, '0x', 0, '0x', '0x', 0, ${state}, 0, 0, 0, ${transaction})`.execute(db)
    await takeOver()
    const { rows } = await sql<{ kind: string; lane: string | null }>`
    select kind, from_chain || '-' || to_chain as lane from transactions order by id`.execute(db)
    assert.deepEqual(
      rows.map(({ kind, lane }) => [kind, lane]),
      [
        ['update', '1-2'],
        ['delivery', '1-2'],
        ['relay', '1-3'],
        ['delivery', '1-3'],
        ['delivery', '5-2'],
        ['claim', '1-2'],
        ['forwardRecords', '1-3'],
        ['withdraw', null],
        ['update', null],
      ],
    )
  })
})
