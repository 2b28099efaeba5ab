import { join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import { Kysely, PGliteDialect } from 'kysely'
import { Migrator } from 'kysely/migration'
import { StoreError } from '../errors.ts'
import { lockFolder } from './lock.ts'
import { migrations } from './migrations.ts'
import type { Schema } from './schema.ts'
import { createStore } from './store.ts'
import type { Store } from './types.ts'

const INT8 = 20
const NUMERIC = 1700

/** A migrated database of our own; `close` frees its folder. */
export interface Database {
  readonly db: Kysely<Schema>
  close(): Promise<void>
}

/** Opens and migrates the database in `folder`, or in memory where it is null. @throws as {@link openStore} */
export async function openDatabase(folder: string | null): Promise<Database> {
  const lock = folder === null ? null : lockFolder(folder)
  try {
    const parsers = { [INT8]: (text: string) => BigInt(text), [NUMERIC]: (text: string) => BigInt(text) }
    const pglite = await (folder === null
      ? PGlite.create({ parsers })
      : PGlite.create(join(folder, 'pgdata'), { parsers }))
    const db = new Kysely<Schema>({ dialect: new PGliteDialect({ pglite }) })
    const { error } = await new Migrator({ db, provider: migrations }).migrateToLatest()
    if (error !== undefined) throw error
    const close = async (): Promise<void> => {
      await db.destroy()
      lock?.release()
    }
    return { db, close }
  } catch (cause) {
    lock?.release()
    throw new StoreError(folder ?? 'memory', cause instanceof Error ? cause.message : String(cause), { cause })
  }
}

/**
 * Opens the store in `folder` (made if absent), or in memory where it is null. The folder is locked for as long as the
 * process lives or until `close`. It survives a killed process; PGlite writes without fsync, so a lost power supply may
 * cost it: who needs more points Compass at a PostgreSQL server.
 *
 * @throws {StoreLockedError} another Compass holds the folder. @throws {StoreError} it cannot be read or migrated.
 */
export async function openStore(folder: string | null): Promise<Store> {
  const { db, close } = await openDatabase(folder)
  return createStore(db, close)
}
