import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeMessageData } from '@meridian/core'
import { pad } from 'viem'
import { configSchema } from '../config/schema.ts'
import { createLog } from '../log.ts'
import { NEVER } from '../message.ts'
import { keyOf } from '../store/decisions.ts'
import type { Store } from '../store/types.ts'
import { createFakeClock } from '../testing/fake-node.ts'
import { deliver, putMessages, testKey, testMos, testOrigin } from '../testing/messages.ts'
import { onEachDatabase, useStore } from '../testing/test-store.ts'
import { createGate, type Filters, noFilters } from './gate.ts'

const lane = { fromChain: 1n, toChain: 2n }
const HUB = 3n
const hub = pad('0xb1', { size: 20 })

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

  /** The same messages in a hub's logs, final there: their second leg. */
  async function putSecondLegs(store: Store, count: number): Promise<void> {
    const origins = Array.from({ length: count }, (_, i) => testOrigin(i + 1, { logChain: HUB, emitter: hub }))
    await store.commitScan(HUB, hub, { number: 1n, hash: pad('0x01'), final: null }, origins, 1)
    await store.apply(origins.map((one) => [one, { type: 'finalized', at: 2 }] as const))
  }
  const dueAt = (store: Store, logChain: bigint) => store.due(1n, 2n, 1_000, 100, logChain)
  const reasonOf = async (store: Store, n: number, logChain: bigint) =>
    (await store.message({ ...testKey(n), logChain }))?.reason?.code

  test('over a hub every filter and the sanctions file hold on either leg: whoever forwarded it, we do not deliver it', async () => {
    const sender = pad('0x01', { size: 20 })
    const target = pad('0xb2', { size: 20 })
    const body = encodeMessageData({ msgType: 'MESSAGE', target, payload: '0xdeadbeef', gasLimit: 100_000n })
    const given = { target, messageData: body }
    const rules = (rule: object): Partial<Filters> => ({
      rules: configSchema.shape.filters.parse({ rules: [{ action: 'deny', ...rule }] }).rules,
    })
    const stops: readonly Partial<Filters>[] = [
      rules({ from: [1] }),
      rules({ to: [2] }),
      rules({ sender: [sender] }),
      rules({ target: [target] }),
      rules({ body: { prefix: '0xdeadbeef' } }),
      { otherwise: 'deny' },
      { sanctions: () => new Set([sender]) },
      { sanctions: () => new Set([target]) },
      { sanctions: () => ({ unreadable: 'gone' }) },
    ]
    for (const [logChain, emitter] of [
      [1n, testMos],
      [HUB, hub],
    ] as const)
      for (const stop of stops) {
        const store = current()
        const n = stops.indexOf(stop) + 1
        const origin = testOrigin(n, { ...given, fromAddress: sender, logChain, emitter })
        await store.commitScan(logChain, emitter, { number: 1n, hash: pad('0x01'), final: null }, [origin], 1)
        await store.apply([[origin, { type: 'finalized', at: 2 }]])
        const one = (await dueAt(store, logChain)).filter(({ orderId }) => orderId === origin.orderId)
        assert.equal(one.length, 1)
        assert.equal((await gateOf(store).admit(one)).length, 1, 'without the filter it goes')
        assert.deepEqual(await gateOf(store, stop).admit(one), [], `${n} on ${logChain}`)
        assert.match((await reasonOf(store, n, logChain)) ?? '', /^FILTERED/)
      }
  })

  test('over a hub a rule for the hub’s chain is for its own messages: from and to are where a message starts and ends', async () => {
    const store = current()
    await putMessages(store, 1)
    await putSecondLegs(store, 1)
    const { rules } = configSchema.shape.filters.parse({
      rules: [
        { action: 'deny', from: [String(HUB)] },
        { action: 'deny', to: [String(HUB)] },
      ],
    })
    for (const logChain of [1n, HUB])
      assert.equal((await gateOf(store, { rules }).admit(await dueAt(store, logChain))).length, 1)
  })

  test('over a hub a release, a clearing and a pause hold on both legs', async () => {
    const store = current()
    await putMessages(store, 2)
    await putSecondLegs(store, 2)
    await store.decisions.decide(testKey(1), 'cleared', 3)
    await store.decisions.decide(testKey(2), 'released', 3)
    const gate = gateOf(store, { otherwise: 'deny' })
    for (const logChain of [1n, HUB]) {
      const passed = await gate.admit(await dueAt(store, logChain))
      assert.deepEqual(
        passed.map(({ orderId }) => orderId),
        [testKey(2).orderId],
      )
      assert.equal(await reasonOf(store, 1, logChain), 'CLEARED')
    }
    await store.decisions.pause(1n, 2n, true, 4)
    for (const logChain of [1n, HUB]) assert.deepEqual(await gate.admit(await dueAt(store, logChain)), [])
  })

  test('over a hub a message counts once for a limit, and is not held on its second leg by its own first one', async () => {
    const store = current()
    await putMessages(store, 2)
    const limits = () => [{ windowMs: 1_000_000, maxMessages: 1, maxGas: undefined }]
    const gate = gateOf(store, { limits })
    assert.equal((await gate.admit(await dueAt(store, 1n))).length, 1)
    await store.apply([[testKey(1), { type: 'proven', at: 900 }]])
    await deliver(store, 0, [1], 900)
    await putSecondLegs(store, 2)
    const later = await gate.admit(await dueAt(store, HUB))
    assert.deepEqual(
      later.map(({ orderId }) => orderId),
      [testKey(1).orderId],
      'the other one, which somebody else forwarded, is beyond the limit',
    )
    assert.equal(await reasonOf(store, 2, HUB), 'FILTERED_LIMIT')
    const second = { ...testKey(1), logChain: HUB }
    await store.apply([[second, { type: 'proven', at: 950 }]])
    await store.reserve(
      {
        chainId: 2n,
        signer: hub,
        nonce: 0,
        kind: 'delivery',
        to: hub,
        data: '0x',
        gasLimit: 1n,
        attempt: { hash: pad('0x77'), raw: '0x02', maxFeePerGas: 5n, maxPriorityFeePerGas: 1n },
        messages: [second],
      },
      950,
    )
    assert.equal((await store.views.submittedSince(1n, 2n, 0)).messages, 1)
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
