import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from 'kysely'
import { startPostgres } from '../testing/postgres.ts'
import { connectServer } from './open.ts'

// A server was restarted while a connection was in the middle of a transaction: what was written to it next broke twice, once
// as the query's own error and once as an event of the connection that nobody listened to, which ended Compass.
// Chaos, seed 779723142 on ethereum,qbft, round 7.
test('a server that restarts in the midst of transactions fails them, and nothing else', async (t) => {
  const server = await startPostgres()
  t.after(() => server.stop())
  const { db, close } = connectServer(await server.createDatabase('compass'))
  t.after(close)
  let begun = 0
  let restarted: Promise<void> | undefined
  const broken = await Promise.allSettled(
    Array.from({ length: 8 }, () =>
      db.transaction().execute(async (trx) => {
        await sql`select 1`.execute(trx)
        begun += 1
        if (begun === 8) restarted = server.restart()
        while (restarted === undefined) await sql`select 1`.execute(trx)
        // written while nobody may have heard yet that it is gone
        for (;;) await sql`select 1`.execute(trx)
      }),
    ),
  )
  assert.ok(broken.every(({ status }) => status === 'rejected'))
  await restarted
  assert.equal((await sql`select 1 as one`.execute(db)).rows.length, 1)
})
