import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from 'kysely'
import { Migrator } from 'kysely/migration'
import { startPostgres } from '../testing/postgres.ts'
import { onEachDatabase } from '../testing/test-store.ts'
import { migrations } from './migrations.ts'
import { connectServer, openEmbedded } from './open.ts'

onEachDatabase((kind) => {
  test('a store of the first version is taken over: ends are known, old deliveries are not claimed', async (t) => {
    const server = kind === 'PostgreSQL' ? await startPostgres() : null
    const { db, close } = server === null ? await openEmbedded(null) : connectServer(await server.createDatabase('old'))
    t.after(async () => {
      await close()
      await server?.stop()
    })
    const migrator = new Migrator({ db, provider: migrations })
    const first = await migrator.migrateTo('0001_initial')
    assert.equal(first.error, undefined)
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
    const latest = await migrator.migrateToLatest()
    assert.equal(latest.error, undefined)
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
})
