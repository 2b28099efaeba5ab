import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLog } from './log.ts'
import { createRoster } from './roster.ts'
import type { Lease, LeaseStore } from './store/leases.ts'
import { createFakeClock } from './testing/fake-node.ts'

/** Leases of one holder as the database says they are: whatever was renewed lives for `ttlMs`. */
function fakeLeases(clock: { now(): number }, members: () => number) {
  const until = new Map<string, number>()
  const token = new Map<string, bigint>()
  const store: LeaseStore = {
    async beat(holder, names, ttlMs) {
      const share = Math.ceil(names.length / members())
      for (const name of names) {
        const lives = (until.get(name) ?? 0) > clock.now()
        const mine = [...until].filter(([, end]) => end > clock.now()).length
        if (!lives && mine >= share) continue
        if (!lives) token.set(name, (token.get(name) ?? 0n) + 1n)
        until.set(name, clock.now() + ttlMs)
      }
      const held = [...until.keys()].map((name): Lease => ({ name, holder, token: token.get(name) ?? 0n }))
      return { held, members: members() }
    },
    release: async (_, names) => void names.map((name) => until.delete(name)),
    leave: async () => until.clear(),
    list: async () => [],
  }
  return { store, until, token }
}

const settled = () => new Promise((resolve) => setImmediate(resolve))

// once, one long round of a piece that was to be given away kept every other lease from being renewed, and all were lost
test('a piece whose work takes long to end keeps the others renewed, stays ours until then, and is given away after', async () => {
  const clock = createFakeClock()
  let members = 1
  const { store, until } = fakeLeases(clock, () => members)
  let end: () => void = () => undefined
  const lost: string[] = []
  const gained: string[] = []
  const events = {
    gained: ({ name }: Lease) => void gained.push(name),
    async lost(name: string) {
      lost.push(name)
      await new Promise<void>((resolve) => {
        end = resolve
      })
    },
  }
  const roster = createRoster(store, 'one', ['a', 'b'], events, clock, createLog('silent'))
  await roster.beat()
  assert.deepEqual(gained, ['a', 'b'])
  members = 2
  for (let beat = 0; beat < 10; beat++) {
    clock.advance(4_000)
    await roster.beat()
    await settled()
  }
  assert.deepEqual(lost, ['b'], 'told once')
  for (const name of ['a', 'b']) assert.ok((until.get(name) ?? 0) > clock.now(), `${name} is ours still`)
  assert.deepEqual(gained, ['a', 'b'], 'and nothing of it begins anew')
  end()
  await settled()
  assert.deepEqual([...until.keys()], ['a'])
  assert.deepEqual(
    roster.held().map(({ name }) => name),
    ['a'],
  )
})

test('a lease that came back with another token is worked for again only once the old work has ended', async () => {
  const clock = createFakeClock()
  const { store, token } = fakeLeases(clock, () => 1)
  let end: () => void = () => undefined
  const gained: bigint[] = []
  const events = {
    gained: ({ token: by }: Lease) => void gained.push(by),
    lost: () =>
      new Promise<void>((resolve) => {
        end = resolve
      }),
  }
  const roster = createRoster(store, 'one', ['a'], events, clock, createLog('silent'))
  await roster.beat()
  token.set('a', 7n)
  for (let beat = 0; beat < 2; beat++) {
    clock.advance(4_000)
    await roster.beat()
  }
  assert.deepEqual(gained, [1n])
  end()
  await settled()
  await roster.beat()
  assert.deepEqual(gained, [1n, 7n])
})
