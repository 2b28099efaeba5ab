import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, beforeEach, describe } from 'node:test'
import { sql } from 'kysely'
import { type Database, openDatabase } from '../store/open.ts'
import { createStore } from '../store/store.ts'
import type { Store } from '../store/types.ts'
import { putEmptyStore } from './empty-store.ts'
import { type PostgresServer, startPostgres } from './postgres.ts'

/** What a store can stand on. */
export const databases = ['PGlite', 'PostgreSQL'] as const
export type DatabaseKind = (typeof databases)[number]

/** A database for a file's tests: starting one takes longer than most tests. */
export function useDatabase(kind: DatabaseKind): () => Database {
  let database: Database
  let server: PostgresServer | null = null
  let folder: string | null = null
  before(async () => {
    if (kind === 'PostgreSQL') {
      server = await startPostgres()
      database = await openDatabase(await server.createDatabase('compass'))
    } else {
      folder = mkdtempSync(join(tmpdir(), 'compass-test-store-'))
      await putEmptyStore(folder)
      database = await openDatabase(folder)
    }
  })
  after(async () => {
    await database?.close()
    await server?.stop()
    if (folder !== null) rmSync(folder, { recursive: true })
  })
  return () => database
}

/** An empty store for each test of a file, over one database. */
export function useStore(kind: DatabaseKind = 'PGlite'): () => Store {
  const database = useDatabase(kind)
  let store: Store
  beforeEach(async () => {
    await sql`truncate messages, cursors, transactions, attempts, transaction_messages, claims, claim_orders, leases,
      members, decisions, endpoints restart identity`.execute(database().db)
    store = createStore(database().db, { ...database(), close: async () => undefined })
  })
  return () => store
}

/** The same tests on each database. */
export function onEachDatabase(tests: (kind: DatabaseKind) => void): void {
  for (const kind of databases) describe(kind, () => tests(kind))
}
