import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pad } from 'viem'
import { createLog } from '../log.ts'
import { keyOf } from '../store/decisions.ts'
import type { Store } from '../store/types.ts'
import { createFakeClock } from '../testing/fake-node.ts'
import { deliver, putMessages, testKey } from '../testing/messages.ts'
import { onEachDatabase, useStore } from '../testing/test-store.ts'
import { createGate, type Filters, NEVER, noFilters } from './gate.ts'

const lane = { fromChain: 1n, toChain: 2n }

onEachDatabase((kind) => {
  const current = useStore(kind)
  const gateOf = (store: Store, filters: Partial<Filters> = {}, clock = createFakeClock()) =>
    createGate({ ...noFilters, ...filters }, lane, { store, clock, log: createLog('silent') })
  const due = (store: Store, now = 1_000) => store.due(1n, 2n, now, 100)

  test('what is filtered waits with its reason and counts no failure; a release lets it through', async () => {
    const store = current()
    await putMessages(store, 2)
    const gate = gateOf(store, { sanctions: () => new Set([pad('0x01', { size: 20 })]) })
    const passed = await gate.admit(await due(store))
    assert.deepEqual(
      passed.map(({ orderId }) => orderId),
      [pad('0x02')],
    )
    const held = await store.message(testKey(1))
    assert.deepEqual([held?.reason?.code, held?.attempts, held?.state], ['FILTERED_SANCTIONS', 0, 'final'])
    assert.deepEqual(
      (await due(store)).map(({ orderId }) => orderId),
      [pad('0x02')],
      'it is not asked about each time',
    )
    await store.decisions.decide(testKey(1), 'released', 3)
    await store.apply([[testKey(1), { type: 'woken', at: 3 }]])
    assert.equal((await gate.admit(await due(store))).length, 2)
  })

  test('a cleared message stays away though something wakes it, until the decision is taken back', async () => {
    const store = current()
    await putMessages(store, 1)
    await store.decisions.decide(testKey(1), 'cleared', 3)
    const gate = gateOf(store)
    for (let i = 0; i < 2; i++) {
      assert.deepEqual(await gate.admit(await due(store)), [])
      const held = await store.message(testKey(1))
      assert.deepEqual([held?.reason?.code, held?.nextAttemptAt], ['CLEARED', NEVER])
      await store.apply([[testKey(1), { type: 'woken', at: 4 }]])
    }
    await store.decisions.decide(testKey(1), null, 5)
    assert.equal((await gate.admit(await due(store))).length, 1)
    assert.deepEqual(await store.decisions.of([testKey(1)]), new Map())
  })

  test('a paused lane holds all but keeps nobody else’s', async () => {
    const store = current()
    await putMessages(store, 2)
    await store.decisions.pause(2n, 1n, true, 3)
    assert.equal((await gateOf(store).admit(await due(store))).length, 2, 'the other direction')
    await store.decisions.pause(1n, 2n, true, 3)
    assert.deepEqual(await gateOf(store).admit(await due(store)), [])
    assert.equal((await store.message(testKey(1)))?.reason?.code, 'PAUSED')
    await store.decisions.pause(1n, 2n, false, 4)
    assert.deepEqual(await store.decisions.paused(), [{ fromChain: 2n, toChain: 1n, since: 3 }])
  })

  test('a limit counts what the store says was submitted in its window', async () => {
    const store = current()
    await putMessages(store, 3)
    const limits = () => [{ windowMs: 1_000, maxMessages: 2, maxGas: undefined }]
    const clock = createFakeClock(5_000)
    const gate = gateOf(store, { limits }, clock)
    assert.equal((await gate.admit(await due(store, 5_000))).length, 2)
    await store.apply([[testKey(1), { type: 'proven', at: 5_000 }]])
    await deliver(store, 0, [1], 5_000)
    clock.advance(500)
    assert.equal((await gate.admit(await due(store, NEVER))).length, 1)
    clock.advance(501)
    assert.equal((await gate.admit(await due(store, NEVER))).length, 2, 'the window has moved on')
  })

  test('pages of messages: newest first, filtered, each once', async () => {
    const store = current()
    await putMessages(store, 5)
    const first = await store.views.messages({ limit: 2 })
    const second = await store.views.messages({ limit: 2, after: first.next ?? '' })
    const third = await store.views.messages({ limit: 2, after: second.next ?? '' })
    const all = [first, second, third].flatMap(({ messages }) => messages)
    assert.equal(new Set(all.map(keyOf)).size, 5)
    assert.equal(third.next, null)
    const by = async (filter: object) => (await store.views.messages({ limit: 10, ...filter })).messages.length
    assert.equal(await by({ sender: pad('0x03', { size: 20 }) }), 1)
    assert.equal(await by({ fromChain: 1n, toChain: 2n, state: 'final', open: true }), 5)
    assert.equal(await by({ toChain: 3n }), 0)
    assert.equal(await by({ reason: 'FILTERED' }), 0)
    const [row, ...more] = await store.views.backlog()
    assert.deepEqual([row?.count, row?.state, row?.oldestSeenAt, row?.lastStepAt, more.length], [5, 'final', 1, 2, 0])
  })
})
