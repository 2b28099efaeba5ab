import type { EndpointMemory } from '@meridian/chain'
import type { Kysely } from 'kysely'
import type { Hex } from 'viem'
import type { Schema } from './schema.ts'

/** What is remembered of chains' endpoints, for every Compass on the store: they share what a provider counts. */
export interface EndpointStore {
  /** What is remembered of a chain's endpoints. What nobody has noted for a week is of none that is still asked. */
  known(chainId: bigint, now: number): Promise<readonly EndpointMemory[]>
  /** Takes down what changed, and forgets the endpoints of which nothing is to be remembered. */
  note(chainId: bigint, changed: readonly EndpointMemory[], forgotten: readonly Hex[], at: number): Promise<void>
}

/** Milliseconds that an endpoint is remembered without being noted again. */
const KEPT_MS = 7 * 86_400_000

/** The endpoints of a store. */
export function createEndpointStore(db: Kysely<Schema>): EndpointStore {
  return {
    async known(chainId, now) {
      const rows = await db
        .selectFrom('endpoints')
        .selectAll()
        .where('chain_id', '=', chainId)
        .where('noted_at', '>=', BigInt(now - KEPT_MS))
        .execute()
      return rows.map((row) => ({
        id: row.id as Hex, // CAST: `note` writes them
        failures: row.failures,
        restUntil: Number(row.rest_until),
        limitedUntil: Number(row.limited_until),
        score: row.score,
        logBlocks: row.log_blocks,
        logBlocksRefused: row.log_blocks_refused,
      }))
    },
    async note(chainId, changed, forgotten, at) {
      if (forgotten.length > 0)
        await db.deleteFrom('endpoints').where('chain_id', '=', chainId).where('id', 'in', forgotten).execute()
      await db
        .deleteFrom('endpoints')
        .where('noted_at', '<', BigInt(at - KEPT_MS))
        .execute()
      if (changed.length === 0) return
      await db
        .insertInto('endpoints')
        .values(
          changed.map((one) => ({
            chain_id: chainId,
            id: one.id,
            failures: one.failures,
            rest_until: BigInt(Math.ceil(one.restUntil)),
            limited_until: BigInt(Math.ceil(one.limitedUntil)),
            score: one.score,
            log_blocks: one.logBlocks,
            log_blocks_refused: one.logBlocksRefused,
            noted_at: BigInt(at),
          })),
        )
        .onConflict((oc) =>
          oc.columns(['chain_id', 'id']).doUpdateSet((eb) => ({
            failures: eb.ref('excluded.failures'),
            rest_until: eb.ref('excluded.rest_until'),
            limited_until: eb.ref('excluded.limited_until'),
            score: eb.ref('excluded.score'),
            log_blocks: eb.ref('excluded.log_blocks'),
            log_blocks_refused: eb.ref('excluded.log_blocks_refused'),
            noted_at: eb.ref('excluded.noted_at'),
          })),
        )
        .execute()
    },
  }
}
