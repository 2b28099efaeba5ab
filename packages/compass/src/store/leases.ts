import { type Kysely, sql } from 'kysely'
import { LeaseLostError } from '../errors.ts'
import type { Schema } from './schema.ts'
import type { Fence } from './write.ts'

/** A piece of work that one Compass of several has. `token` is another one each time that it is taken. */
export interface Lease {
  readonly name: string
  readonly holder: string
  readonly token: bigint
}

/** What one look at the leases came to. */
export interface Beat {
  /** Held now, for `ttlMs` from before the look began. */
  readonly held: readonly Lease[]
  /** Compasses that share the database, this one counted. */
  readonly members: number
}

/** Who does what among several Compasses on one database. Time is the database's: machines' clocks do not count. */
export interface LeaseStore {
  /**
   * Says that `holder` lives, renews what it holds, and takes of `names` what nobody holds, up to its share: all of it
   * divided by those that live. More than its share is not taken away from it here: see `release`.
   */
  beat(holder: string, names: readonly string[], ttlMs: number): Promise<Beat>
  /** Gives pieces back, so that others need not wait for them to run out. */
  release(holder: string, names: readonly string[]): Promise<void>
  /** Gives everything back and leaves. */
  leave(holder: string): Promise<void>
}

/** The fence of a lease: whoever lost it writes nothing. The row is held until the commit, so that nobody takes it over
 *  in between. */
export function fenceOf({ name, holder, token }: Lease): Fence {
  return async (trx) => {
    const row = await trx
      .selectFrom('leases')
      .select('token')
      .where('name', '=', name)
      .where('holder', '=', holder)
      .where('token', '=', token)
      .where(sql<boolean>`expires_at > clock_timestamp()`)
      .forShare()
      .executeTakeFirst()
    if (row === undefined) throw new LeaseLostError(name, holder)
  }
}

/** Leases as rows. */
export function createLeaseStore(db: Kysely<Schema>): LeaseStore {
  return {
    beat: (holder, names, ttlMs) =>
      db.transaction().execute(async (trx) => {
        const until = sql<Date>`clock_timestamp() + ${ttlMs} * interval '1 millisecond'`
        await trx
          .insertInto('members')
          .values({ holder, expires_at: until })
          .onConflict((oc) => oc.column('holder').doUpdateSet({ expires_at: until }))
          .execute()
        await sql`delete from members where expires_at < clock_timestamp()
          and holder in (select holder from members where expires_at < clock_timestamp() for update skip locked)`.execute(
          trx,
        )
        const { count } = await trx
          .selectFrom('members')
          .select((eb) => eb.fn.countAll<bigint>().as('count'))
          .executeTakeFirstOrThrow()
        const members = Number(count)
        await trx
          .insertInto('leases')
          .values(
            [...names].sort().map((name) => ({ name, holder: null, token: 0n, expires_at: sql`clock_timestamp()` })),
          )
          .onConflict((oc) => oc.doNothing())
          .execute()
        // what ran out while nobody else took it is ours still: its token says that nothing happened in between
        const kept = await trx
          .updateTable('leases')
          .set({ expires_at: until })
          .where('holder', '=', holder)
          .where('name', 'in', [...names])
          .returning(['name', 'token'])
          .execute()
        const share = Math.ceil(names.length / members)
        const free = await trx
          .selectFrom('leases')
          .select('name')
          .where('name', 'in', [...names])
          .where((eb) => eb.or([eb('holder', 'is', null), eb('expires_at', '<', sql<Date>`clock_timestamp()`)]))
          .where((eb) => eb.or([eb('holder', 'is', null), eb('holder', '<>', holder)]))
          .orderBy('name')
          .limit(Math.max(0, share - kept.length))
          .forUpdate()
          .skipLocked()
          .execute()
        const taken =
          free.length === 0
            ? []
            : await trx
                .updateTable('leases')
                .set((eb) => ({ holder, expires_at: until, token: eb('token', '+', 1n) }))
                .where(
                  'name',
                  'in',
                  free.map(({ name }) => name),
                )
                .returning(['name', 'token'])
                .execute()
        const held = [...kept, ...taken].map(({ name, token }) => ({ name, holder, token }))
        return { held, members }
      }),

    async release(holder, names) {
      if (names.length === 0) return
      await db
        .updateTable('leases')
        .set({ holder: null })
        .where('holder', '=', holder)
        .where('name', 'in', [...names])
        .execute()
    },

    async leave(holder) {
      await db.transaction().execute(async (trx) => {
        await trx.updateTable('leases').set({ holder: null }).where('holder', '=', holder).execute()
        await trx.deleteFrom('members').where('holder', '=', holder).execute()
      })
    },
  }
}
