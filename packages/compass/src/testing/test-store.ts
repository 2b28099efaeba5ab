import { after, before, beforeEach } from 'node:test'
import { sql } from 'kysely'
import { type Database, openDatabase } from '../store/open.ts'
import { createStore } from '../store/store.ts'
import type { Store } from '../store/types.ts'

/** An empty store for each test of a file, over one database: starting one takes longer than most tests. */
export function useStore(): () => Store {
  let database: Database
  let store: Store
  before(async () => {
    database = await openDatabase(null)
  })
  after(() => database?.close())
  beforeEach(async () => {
    await sql`truncate messages, cursors, transactions, attempts, transaction_messages, claims, claim_orders, decisions restart identity`.execute(
      database.db,
    )
    store = createStore(database.db, async () => undefined)
  })
  return () => store
}
