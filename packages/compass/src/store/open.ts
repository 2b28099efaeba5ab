import { Kysely, PGliteDialect, PostgresDialect } from 'kysely'
import { Migrator } from 'kysely/migration'
import pg from 'pg'
import { StoreError, StoreFullError, StoreLockedError } from '../errors.ts'
import { openInFolder, openInMemory } from './embedded.ts'
import { createLeaseStore } from './leases.ts'
import { lockFolder } from './lock.ts'
import { migrations } from './migrations.ts'
import type { Schema } from './schema.ts'
import { createStore, type StoreParts } from './store.ts'
import type { Store } from './types.ts'

/** Types of PostgreSQL by their numbers (`pg_type.oid`), and how each is read: whole, never as a float. */
const INT8 = 20
const NUMERIC = 1700
const parsers: Readonly<Record<number, (text: string) => bigint>> = { [INT8]: BigInt, [NUMERIC]: BigInt }

/** Connections to a server at most. */
const CONNECTIONS = 10
/** Milliseconds that a server may take to let us in, and to answer. */
const CONNECT_MS = 5_000
const STATEMENT_MS = 30_000

/** A migrated database of our own; `close` frees it. */
export interface Database extends StoreParts {
  readonly db: Kysely<Schema>
}

/** Whether a store's place is a PostgreSQL server rather than a folder. */
export const isServer = (place: string): boolean => /^postgres(ql)?:\/\//i.test(place)

/** A place as it may be shown: without what the URL keeps to itself. */
export function placeName(place: string): string {
  if (!isServer(place)) return place
  const [, rest] = /^postgres(?:ql)?:\/\/(?:.*@)?([^?]*)/i.exec(place) ?? []
  return `PostgreSQL at ${rest ?? ''}`
}

/** Opens and migrates the database in a folder, on a server, or in memory where `place` is null. @throws as {@link openStore} */
export async function openDatabase(place: string | null): Promise<Database> {
  let database: Database | undefined
  try {
    database = place !== null && isServer(place) ? connectServer(place) : await openEmbedded(place)
    const { error } = await new Migrator({ db: database.db, provider: migrations }).migrateToLatest()
    if (error !== undefined) throw error
    return database
  } catch (cause) {
    await database?.close()
    if (cause instanceof StoreLockedError || cause instanceof StoreError || cause instanceof StoreFullError) throw cause
    throw new StoreError(placeName(place ?? 'memory'), cause instanceof Error ? cause.message : String(cause), {
      cause,
    })
  }
}

/** An embedded database as it is found. */
export async function openEmbedded(folder: string | null): Promise<Database> {
  const lock = folder === null ? null : lockFolder(folder)
  try {
    const pglite = await (folder === null ? openInMemory({ parsers }) : openInFolder(folder, { parsers }))
    const db = new Kysely<Schema>({ dialect: new PGliteDialect({ pglite }) })
    const close = async (): Promise<void> => {
      await db.destroy()
      lock?.release()
    }
    return { db, leases: null, vacuum: true, close }
  } catch (cause) {
    lock?.release()
    throw cause
  }
}

/** A server's database as it is found; it is reached with the first query. */
export function connectServer(url: string): Database {
  const pool = new pg.Pool({
    connectionString: url,
    max: CONNECTIONS,
    connectionTimeoutMillis: CONNECT_MS,
    statement_timeout: STATEMENT_MS,
    application_name: 'meridian-compass',
    types: { getTypeParser: (oid, format) => parsers[Number(oid)] ?? pg.types.getTypeParser(oid, format) },
  })
  // A connection that breaks is replaced by the next query, and the query under way fails by itself. It also tells it as an
  // event, the pool's where it is idle and its own where it is in use: without a listener that would end the process.
  pool.on('error', () => undefined)
  pool.on('connect', (client) => client.on('error', () => undefined))
  const db = new Kysely<Schema>({ dialect: new PostgresDialect({ pool }) })
  return { db, leases: createLeaseStore(db), vacuum: false, close: () => db.destroy() }
}

/**
 * Opens the store. A folder (made if absent) holds an embedded database and is locked for as long as the process lives or
 * until `close`; it survives a killed process, but PGlite writes without fsync, so a lost power supply may cost it. A URL
 * `postgres://` or `postgresql://` is a server, which several Compasses may share. Null: in memory.
 *
 * @throws {StoreLockedError} another Compass holds the folder. @throws {StoreFullError} its disk is full.
 * @throws {StoreError} it cannot be reached, read or migrated.
 */
export async function openStore(place: string | null): Promise<Store> {
  const { db, ...parts } = await openDatabase(place)
  return createStore(db, parts)
}
