import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hasCode } from '@meridian/core'
import { sql } from 'kysely'
import { pad } from 'viem'
import { useDatabase } from '../testing/test-store.ts'
import { createLeaseStore, type LeaseStore } from './leases.ts'
import { createStore } from './store.ts'

const database = useDatabase('PostgreSQL')
const TTL = 60_000
const mos = pad('0xa1', { size: 20 })
const cursor = { number: 5n, hash: pad('0x05'), final: null }

async function leases(): Promise<LeaseStore> {
  await sql`truncate leases, members, cursors`.execute(database().db)
  return createLeaseStore(database().db)
}
const namesOf = (beat: { readonly held: readonly { readonly name: string }[] }) =>
  beat.held.map(({ name }) => name).sort()
const runOut = (holder: string) =>
  sql`update leases set expires_at = clock_timestamp() - interval '1 second' where holder = ${holder}`.execute(
    database().db,
  )

test('one Compass has all there is; of two each has half, once the first gave the rest back', async () => {
  const store = await leases()
  assert.deepEqual(namesOf(await store.beat('one', ['a', 'b'], TTL)), ['a', 'b'])
  const second = await store.beat('two', ['a', 'b'], TTL)
  assert.deepEqual([namesOf(second), second.members], [[], 2])
  await store.release('one', ['a'])
  assert.deepEqual(namesOf(await store.beat('two', ['a', 'b'], TTL)), ['a'])
  assert.deepEqual(namesOf(await store.beat('one', ['a', 'b'], TTL)), ['b'])
})

test('what ran out is taken over with another token; what did not is not', async () => {
  const store = await leases()
  const [before] = (await store.beat('one', ['a'], TTL)).held
  assert.deepEqual(namesOf(await store.beat('two', ['a'], TTL)), [])
  await runOut('one')
  const [taken] = (await store.beat('two', ['a'], TTL)).held
  assert.equal(taken?.holder, 'two')
  assert.equal(taken?.token, (before?.token ?? 0n) + 1n)
  assert.deepEqual(namesOf(await store.beat('one', ['a'], TTL)), [])
})

test('who leaves hands over at once', async () => {
  const store = await leases()
  await store.beat('one', ['a', 'b'], TTL)
  await store.beat('two', ['a', 'b'], TTL)
  await store.leave('one')
  const { held, members } = await store.beat('two', ['a', 'b'], TTL)
  assert.deepEqual([held.length, members], [2, 1])
})

test('two that ask at the same time never hold the same', async () => {
  const store = await leases()
  const names = ['a', 'b', 'c', 'd', 'e']
  const holders = ['one', 'two', 'three', 'four']
  const beats = await Promise.all(holders.map((holder) => store.beat(holder, names, TTL)))
  const held = beats.flatMap(namesOf)
  assert.equal(new Set(held).size, held.length)
})

// CO-11
test('a Compass that was paused past its lease writes nothing, even if it wakes in the middle of a transaction', async () => {
  const store = await leases()
  const all = createStore(database().db, { ...database(), close: async () => undefined })
  const [lease] = (await store.beat('one', ['a'], TTL)).held
  assert.ok(lease !== undefined)
  const fenced = all.fenced(lease)
  await fenced.commitScan(1n, mos, cursor, [], 1)
  await runOut('one')
  const lost = (e: unknown): boolean => hasCode(e, 'LEASE_LOST')
  await assert.rejects(fenced.commitScan(1n, mos, { ...cursor, number: 6n }, [], 1), lost)
  await store.beat('two', ['a'], TTL)
  await assert.rejects(fenced.commitScan(1n, mos, { ...cursor, number: 6n }, [], 1), lost)
  // it may have come back as a holder of the same piece, under a later token
  await store.release('two', ['a'])
  await store.leave('two')
  await store.beat('one', ['a'], TTL)
  await assert.rejects(fenced.rollback(1n, mos, { ...cursor, number: 6n }), lost)
  assert.equal((await all.cursor(1n, mos))?.number, 5n)
})
