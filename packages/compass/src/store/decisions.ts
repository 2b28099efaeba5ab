import type { Kysely } from 'kysely'
import type { MessageKey } from '../message.ts'
import type { Schema } from './schema.ts'

/** What an operator decided about a message. `cleared`: it is not tried. `released`: no filter stops it. */
export type MessageDecision = 'cleared' | 'released'

/** What an operator decided, kept across restarts and shared by every Compass on the store. */
export interface DecisionStore {
  /** Of these messages, by `keyOf`. */
  of(messages: readonly MessageKey[]): Promise<ReadonlyMap<string, MessageDecision>>
  /** Null: none any more. */
  decide(message: MessageKey, decision: MessageDecision | null, at: number): Promise<void>
  /** Stops what a lane would send, or lets it go on. */
  pause(fromChain: bigint, toChain: bigint, paused: boolean, at: number): Promise<void>
  paused(): Promise<readonly { readonly fromChain: bigint; readonly toChain: bigint; readonly since: number }[]>
}

/** A message's key as text. */
export const keyOf = ({ fromChain, orderId }: MessageKey): string => `${fromChain}:${orderId.toLowerCase()}`

const MESSAGE = 'message'
const LANE = 'lane'

/** The decisions of a store. */
export function createDecisionStore(db: Kysely<Schema>): DecisionStore {
  async function write(subject: string, key: string, decision: string | null, at: number): Promise<void> {
    if (decision === null) {
      await db.deleteFrom('decisions').where('subject', '=', subject).where('key', '=', key).execute()
      return
    }
    await db
      .insertInto('decisions')
      .values({ subject, key, decision, decided_at: BigInt(at) })
      .onConflict((oc) => oc.columns(['subject', 'key']).doUpdateSet({ decision, decided_at: BigInt(at) }))
      .execute()
  }

  return {
    async of(messages) {
      if (messages.length === 0) return new Map()
      const rows = await db
        .selectFrom('decisions')
        .select(['key', 'decision'])
        .where('subject', '=', MESSAGE)
        .where('key', 'in', messages.map(keyOf))
        .execute()
      return new Map(rows.map(({ key, decision }) => [key, decision as MessageDecision])) // CAST: `decide` writes them
    },
    decide: (message, decision, at) => write(MESSAGE, keyOf(message), decision, at),
    pause: (fromChain, toChain, paused, at) => write(LANE, `${fromChain}:${toChain}`, paused ? 'paused' : null, at),
    async paused() {
      const rows = await db.selectFrom('decisions').selectAll().where('subject', '=', LANE).execute()
      return rows.map(({ key, decided_at }) => {
        const [from = '0', to = '0'] = key.split(':')
        return { fromChain: BigInt(from), toChain: BigInt(to), since: Number(decided_at) }
      })
    },
  }
}
