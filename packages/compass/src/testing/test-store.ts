import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, beforeEach, describe } from 'node:test'
import { sql } from 'kysely'
import { Migrator } from 'kysely/migration'
import { migrations } from '../store/migrations.ts'
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

/** A store that an earlier version of Compass left. */
export interface OldStore {
  readonly db: Database['db']
  /** What a Compass of today does with it when it opens it. */
  takeOver(): Promise<void>
}

/** Stores as earlier versions left them, over one database: what is given brings an empty one up to the named migration. */
export function useOldStore(kind: DatabaseKind): (version: string) => Promise<OldStore> {
  const database = useDatabase(kind)
  return async (version) => {
    const { db } = database()
    await sql`drop schema public cascade`.execute(db)
    await sql`create schema public`.execute(db)
    const migrator = new Migrator({ db, provider: migrations })
    const { error } = await migrator.migrateTo(version)
    if (error !== undefined) throw error
    return {
      db,
      async takeOver() {
        const latest = await migrator.migrateToLatest()
        if (latest.error !== undefined) throw latest.error
      },
    }
  }
}

/** The same tests on each database. */
export function onEachDatabase(tests: (kind: DatabaseKind) => void): void {
  for (const kind of databases) describe(kind, () => tests(kind))
}
