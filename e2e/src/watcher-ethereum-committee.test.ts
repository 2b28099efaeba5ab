/** A watcher over Ethereum's light client: a committee that signed another next one than its chain has. */
import './support/minimal-preset.ts'
import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import {
  accept,
  equivocation,
  FROZEN,
  logged,
  looked,
  start,
  status,
  stop,
  until,
  unwatch,
  watch,
} from './support/watched-ethereum.ts'

const TIMEOUT = { timeout: 280_000 }

afterEach(unwatch)
before(() => start([7_513, 7_514]))
after(stop)

test('a false next committee freezes the client before it signs anything', TIMEOUT, async () => {
  const { conflicting } = await equivocation('committee')
  await watch({ signer: true })
  await until(looked)
  await accept(conflicting)
  await until(async () => (await status()) === FROZEN)
  const alarm = logged.find(({ code }) => code === 'CONTRADICTION')
  assert.equal(alarm?.what, 'committee')
  assert.equal(logged.filter(({ msg }) => msg === 'misbehaviour reported').length, 1)
})
