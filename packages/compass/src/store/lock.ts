import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { StoreError, StoreLockedError } from '../errors.ts'

/** A lock on a folder that the operating system frees when the process ends, however it ends. */
export interface FolderLock {
  release(): void
}

/**
 * Locks `folder` against every other process and every other holder in this one. SQLite's exclusive transaction is a lock
 * of the operating system's on `lock.sqlite`; the file itself stays and means nothing.
 *
 * @throws {StoreLockedError} somebody holds it. @throws {StoreError} the folder cannot be made or written.
 */
export function lockFolder(folder: string): FolderLock {
  let database: DatabaseSync | undefined
  try {
    mkdirSync(folder, { recursive: true })
    database = new DatabaseSync(join(folder, 'lock.sqlite'), { timeout: 0 })
    database.exec('BEGIN EXCLUSIVE')
  } catch (cause) {
    database?.close()
    const text = cause instanceof Error ? cause.message : String(cause)
    if (/locked|busy/i.test(text)) throw new StoreLockedError(folder, { cause })
    throw new StoreError(folder, text, { cause })
  }
  const held = database
  return { release: () => held.close() }
}
