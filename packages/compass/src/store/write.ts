import type { Kysely, Transaction as SqlTransaction } from 'kysely'
import type { Happening } from '../message.ts'
import type { Progress } from '../progress.ts'
import type { Schema } from './schema.ts'

/** One transaction of the database. Steps that messages take go into `steps` and are told after the commit. */
export type Write = <T>(work: (trx: SqlTransaction<Schema>, steps: Progress[]) => Promise<T>) => Promise<T>

/** Applies events to messages inside a transaction. */
export type ApplyIn = (
  trx: SqlTransaction<Schema>,
  steps: Progress[],
  happenings: readonly Happening[],
) => Promise<void>

/** Checks inside a transaction that whoever writes may still do so, and keeps it so until the commit. */
export type Fence = (trx: SqlTransaction<Schema>) => Promise<void>

/** How a store writes. @param fence Null where nobody else can write. @param tell Told of each step after the commit. */
export function createWrite(db: Kysely<Schema>, fence: Fence | null, tell: (progress: Progress) => void): Write {
  return async (work) => {
    const steps: Progress[] = []
    const result = await db.transaction().execute(async (trx) => {
      if (fence !== null) await fence(trx)
      return work(trx, steps)
    })
    for (const step of steps) tell(step)
    return result
  }
}
