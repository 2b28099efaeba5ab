import { statfsSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { type Extension, PGlite } from '@electric-sql/pglite'
import type { PGlite as KyselyPGlite } from 'kysely'
import { StoreFullError } from '../errors.ts'

/**
 * Bytes of its disk that the store leaves alone: below them nothing is written. PostgreSQL cannot go on from a write-ahead
 * log that it cannot lengthen, and that grows by a segment of 16 MiB at a time; this is one for what is under way and three
 * for whoever else writes to the disk between two looks.
 */
export const RESERVE_BYTES = 64 * 2 ** 20

/** Exit code of a process whose embedded database has given up (`sysexits.h`: EX_SOFTWARE). */
export const PANIC_EXIT = 70

/** What needs no room: reads, and the end of a transaction, whose room was there when it began. */
const NEEDS_NO_ROOM = /^\s*(select|show|commit|rollback)\b/i

/** PostgreSQL's own types are read with `parsers`. */
export interface EmbeddedOptions {
  readonly parsers: Readonly<Record<number, (text: string) => unknown>>
}

/** @throws {StoreFullError} the disk of a folder has less than {@link RESERVE_BYTES} free. */
export function requireRoom(folder: string): void {
  const { bavail, bsize } = statfsSync(folder)
  const free = bavail * bsize
  if (free < RESERVE_BYTES) throw new StoreFullError(folder, free, RESERVE_BYTES)
}

/** An embedded database in memory. */
export const openInMemory = ({ parsers }: EmbeddedOptions): Promise<KyselyPGlite> => PGlite.create({ parsers })

/**
 * An embedded database in a folder, which writes only while there is room.
 *
 * @throws {StoreFullError} as every write of it does.
 */
export async function openInFolder(folder: string, { parsers }: EmbeddedOptions): Promise<KyselyPGlite> {
  requireRoom(folder)
  const pglite = await PGlite.create(join(folder, 'pgdata'), { parsers, extensions: { panic: endOnPanic(folder) } })
  return {
    get closed() {
      return pglite.closed
    },
    get ready() {
      return pglite.ready
    },
    waitReady: pglite.waitReady,
    close: () => pglite.close(),
    query(text, parameters, options) {
      if (!NEEDS_NO_ROOM.test(text)) requireRoom(folder)
      return pglite.query(text, parameters, options)
    },
    // thrown, not rejected: Kysely waits for a transaction that has not begun
    transaction(work) {
      requireRoom(folder)
      return pglite.transaction(work)
    },
  }
}

/**
 * A panic means that nothing in memory can be relied on, and that the next start recovers what was committed. A server ends
 * all its processes then; PGlite goes on with the broken state and answers to nothing again, so the process is ended here.
 */
function endOnPanic(folder: string): Extension {
  return {
    name: 'panic',
    setup: async (_pglite, options: object) => {
      let said = ''
      return {
        emscriptenOpts: {
          ...options,
          printErr: (line: string) => {
            if (/PANIC|FATAL/.test(line)) said = line
          },
          onAbort: () => {
            writeSync(2, `the store in ${folder}: the database gave up: ${said}\n`)
            process.exit(PANIC_EXIT)
          },
        },
      }
    },
  }
}
