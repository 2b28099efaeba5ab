import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { createRpc, type EndpointMemory, type Rpc } from '@meridian/chain'
import { hasCode } from '@meridian/core'
import { createEndpointKeeper } from './endpoint-keeper.ts'
import { createStore } from './store/store.ts'
import type { Store } from './store/types.ts'
import { createFakeClock } from './testing/fake-node.ts'
import { onEachDatabase, useDatabase } from './testing/test-store.ts'

const CHAIN = 1n
const secret = '5f1d7a84db00d2fce00b31a7fc73224f'
const url = `https://a.example/v2/${secret}`
const DAY = 86_400_000

/** A process: what it remembers of its endpoint, and what keeps that. */
async function boot(store: Store, clock: ReturnType<typeof createFakeClock>, answer: () => Response) {
  let asked = 0
  const known = await store.endpoints.known(CHAIN, clock.now())
  const fetch = async () => {
    asked += 1
    return answer()
  }
  const rpc = createRpc({ urls: [url], fetch, now: clock.now, known })
  const remembered = { known, now: () => rpc.memory() }
  const { keep } = createEndpointKeeper([{ id: CHAIN, remembered }], store.endpoints, clock.now)
  return { rpc, keep, asked: () => asked }
}
const limited = () => new Response('', { status: 429, headers: { 'retry-after': '3000' } })
const refused = (rpc: Rpc) => assert.rejects(rpc.request('x', []), (e) => hasCode(e, 'RPC_RATE_LIMIT'))

onEachDatabase((kind) => {
  const database = useDatabase(kind)
  const current = (): Store => createStore(database().db, database())
  beforeEach(() => database().db.deleteFrom('endpoints').execute())

  test('a killed Compass comes back and does not ask whom it was told to leave alone', async () => {
    const clock = createFakeClock(1_700_000_000_000)
    const first = await boot(current(), clock, limited)
    await refused(first.rpc)
    await first.keep()
    const second = await boot(current(), clock, () => Response.json({ id: 1, result: '0x1' }))
    await refused(second.rpc)
    assert.equal(second.asked(), 0)
    clock.advance(3_000_000)
    assert.equal(await second.rpc.request('x', []), '0x1')
    await second.keep()
    const third = await boot(current(), clock, limited)
    assert.equal(third.rpc.endpoints()[0]?.failures, 0)
  })

  test('every field comes back as it was, of one chain only, and what is no more is forgotten', async () => {
    const { endpoints } = current()
    const one: EndpointMemory = {
      id: '0x01',
      failures: 3,
      restUntil: 1_700_000_000_123,
      limitedUntil: 1_700_000_000_001,
      score: 0.3,
      logBlocks: 125n,
      logBlocksRefused: 250n,
    }
    const two: EndpointMemory = { ...one, id: '0x02', logBlocks: null, logBlocksRefused: null }
    await endpoints.note(CHAIN, [one, two], [], 1_000)
    await endpoints.note(2n, [{ ...one, failures: 9 }], [], 1_000)
    const sorted = async () => [...(await endpoints.known(CHAIN, 1_000))].sort((x, y) => (x.id < y.id ? -1 : 1))
    assert.deepEqual(await sorted(), [one, two])
    await endpoints.note(CHAIN, [{ ...one, failures: 4 }], [two.id], 2_000)
    assert.deepEqual(await sorted(), [{ ...one, failures: 4 }])
    assert.deepEqual(await endpoints.known(CHAIN, 2_000 + 8 * DAY), [], 'nobody has asked it for a week')
  })

  test('nothing is written while nothing changes, but once a day; what could not be written is written the next time', async () => {
    const clock = createFakeClock(1_700_000_000_000)
    const store = current()
    const notes: number[] = []
    let down = true
    const endpoints: Store['endpoints'] = {
      ...store.endpoints,
      async note(...args) {
        if (down) throw new Error('the database is away')
        notes.push(args[1].length)
        return store.endpoints.note(...args)
      },
    }
    const { rpc, keep } = await boot({ ...store, endpoints }, clock, limited)
    await keep()
    await refused(rpc)
    await assert.rejects(keep(), /away/)
    down = false
    await keep()
    await keep()
    assert.deepEqual(notes, [1])
    clock.advance(DAY)
    await keep()
    assert.deepEqual(notes, [1, 1])
  })

  test('no column holds a URL or its key', async () => {
    const { rpc, keep } = await boot(current(), createFakeClock(1_700_000_000_000), limited)
    await refused(rpc)
    await keep()
    const rows = await database().db.selectFrom('endpoints').selectAll().execute()
    const text = JSON.stringify(rows, (_, value) => (typeof value === 'bigint' ? String(value) : value))
    assert.equal(rows.length, 1)
    assert.ok(!text.includes(secret) && !text.includes('example'), text)
  })
})
