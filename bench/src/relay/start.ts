import { writeFileSync } from 'node:fs'
import { openDatabase } from '@meridian/compass/testing/store'
import { sql } from 'kysely'
import { rawConfigOf, secretsOf } from '../../../e2e/src/support/compass-config.ts'
import { type LoadSettings, startCompass, startWorld } from './throughput.ts'

/** Messages in the store: half of them delivered, half waiting for a later time. */
export const STORED = 100_000

/** Milliseconds until the waiting ones are tried again: as long as what failed often is put off. */
const LATER_MS = 3_600_000

/**
 * Milliseconds from the start of the process to the first delivery, with a full store and one message that is new.
 *
 * The stored ones are of an earlier MOS of the same lane, since their logs are on no chain.
 */
export async function measureStart(store: LoadSettings['store'], note: (text: string) => void): Promise<number> {
  const world = await startWorld(store)
  const { chains, configPath, place } = world
  const { a, b } = chains
  try {
    writeFileSync(configPath, JSON.stringify(rawConfigOf(chains, place, { a: { pollMs: 100 }, b: { pollMs: 100 } })))
    const first = startCompass(configPath, secretsOf(chains))
    await a.send(['warm'])
    await first.firstDelivery
    await first.stop()
    note(`${STORED} messages go into the store`)
    const { db, close } = await openDatabase(place)
    const [from, to] = [String(a.contracts.chainId), String(b.contracts.chainId)]
    await sql`insert into messages (from_chain, order_id, log_chain, emitter, to_chain, nonce, mos, from_address,
        message_data, gas_limit, target, options, deadline, sequence, block_number, block_hash, block_timestamp, tx_hash,
        tx_index, log_index, state, attempts, next_attempt_at, seen_at, final_at, reason_code, reason_detail)
      select ${from}::numeric, '0x' || lpad(to_hex(n), 64, '0'), ${from}::numeric, '0x00000000000000000000000000000000000000aa',
        ${to}::numeric, n, '0x00000000000000000000000000000000000000aa', '0x00000000000000000000000000000000000000bb',
        '0x' || repeat('ab', 900), 100000, '0x00000000000000000000000000000000000000cc', '0x', 0, 0, n / 50,
        '0x' || lpad(to_hex(n / 50), 64, '0'), 0, '0x' || lpad(to_hex(n), 64, '0'), 0, 0,
        case when n % 2 = 0 then 'delivered' else 'final' end, 3, ${Date.now() + LATER_MS}, 0, 0,
        case when n % 2 = 0 then null else 'DEADLINE_PASSED' end, null
      from generate_series(1, ${STORED}::integer) as n`.execute(db)
    await close()
    await a.send(['first of many'])
    const second = startCompass(configPath, secretsOf(chains))
    const took = await second.firstDelivery
    await second.stop()
    return took
  } finally {
    await world.stop()
  }
}
