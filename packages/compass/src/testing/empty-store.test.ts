import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { putEmptyStore } from './empty-store.ts'

test('several that need the empty store at the same time each have one, and it is made whole before anybody copies it', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'compass-empty-store-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const shared = join(folder, 'shared')
  const gate = Promise.withResolvers<void>()
  let making = 0
  const maker = async (into: string): Promise<void> => {
    writeFileSync(join(into, 'first'), '1')
    making += 1
    if (making === 2) gate.resolve()
    await gate.promise
    writeFileSync(join(into, 'second'), '2')
  }
  const places = ['a', 'b'].map((name) => join(folder, name))
  await Promise.all(places.map((place) => putEmptyStore(place, shared, maker)))
  assert.equal(making, 2, 'both found none')
  const late = join(folder, 'late')
  await putEmptyStore(late, shared, () => assert.fail('it is there'))
  for (const place of [...places, late]) assert.equal(readFileSync(join(place, 'second'), 'utf8'), '2')
  assert.deepEqual(readdirSync(shared), ['empty-store'], 'the slower one leaves nothing behind')
})

test('without a folder to share nothing is put: Compass makes its store itself', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'compass-empty-store-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const { MERIDIAN_TEST_SHARED: shared, ...rest } = process.env
  process.env = rest
  t.after(() => {
    if (shared !== undefined) process.env.MERIDIAN_TEST_SHARED = shared
  })
  await putEmptyStore(folder, undefined, () => assert.fail('nobody asked'))
  assert.deepEqual(readdirSync(folder), [])
})
