import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { hasCode } from '@meridian/core'
import { numberToHex, pad } from 'viem'
import type { MessageOrigin } from '../message.ts'
import type { Progress } from '../progress.ts'
import { testOrigin } from '../testing/messages.ts'
import { onEachDatabase, useStore } from '../testing/test-store.ts'
import { openStore } from './open.ts'
import type { Reservation } from './transactions.ts'

const mos = pad('0xa1', { size: 20 })
const signer = pad('0xb1', { size: 20 })
const MAX = 2n ** 256n - 1n

function origin(n: number, overrides: Partial<MessageOrigin> = {}): MessageOrigin {
  return testOrigin(n, {
    emitter: mos,
    mos,
    fromAddress: '0x1234',
    blockNumber: BigInt(n),
    blockHash: pad(numberToHex(n)),
    blockTimestamp: 1_700_000_000n,
    txIndex: 0,
    logIndex: 0,
    ...overrides,
  })
}
const cursor = (n: number) => ({ number: BigInt(n), hash: pad(numberToHex(n)), final: null })
const reservation = (nonce: number, messages: Reservation['messages']): Reservation => ({
  chainId: 2n,
  signer,
  nonce,
  kind: 'delivery',
  to: mos,
  data: '0x01',
  gasLimit: 500_000n,
  attempt: {
    hash: pad(numberToHex(0x1000 + nonce)),
    raw: '0x02',
    maxFeePerGas: MAX,
    maxPriorityFeePerGas: 1n,
  },
  messages,
})

onEachDatabase((kind) => {
  const current = useStore(kind)

  test('a message’s way through the store, with its steps told after each commit', async () => {
    const store = current()
    const steps: Progress[] = []
    store.subscribe((step) => steps.push(step))
    await store.commitScan(1n, mos, cursor(5), [origin(1)], 10)
    await store.commitScan(1n, mos, cursor(6), [origin(1)], 20)
    const key = { fromChain: 1n, orderId: pad('0x01') }
    await store.apply([
      [key, { type: 'finalized', at: 30 }],
      [key, { type: 'updated', at: 40, tx: pad('0x07'), gas: MAX }],
      [key, { type: 'proven', at: 50 }],
    ])
    assert.deepEqual((await store.due(1n, 2n, 60, 10)).length, 1)
    const transaction = await store.reserve(reservation(0, [key]), 60)
    assert.equal((await store.openTransactions(2n, signer)).length, 1)
    assert.equal((await store.transactionMessages(transaction.id))[0]?.state, 'submitted')
    await store.settle(transaction.id, { state: 'mined', gasUsed: 77n, success: true }, [
      [
        key,
        { type: 'included', at: 70, outcome: 'delivered', executionReason: null, tx: pad('0x09'), block: 9n, gas: 77n },
      ],
    ])
    await store.apply([[key, { type: 'settled', at: 80, outcome: 'delivered' }]])
    const message = await store.message(key)
    assert.equal(message?.state, 'delivered')
    assert.equal(message?.updateGas, MAX)
    assert.deepEqual(
      steps.map((s) => [s.stage, s.at]),
      [
        ['sent', 10],
        ['final', 30],
        ['lightClientUpdated', 50],
        ['proven', 60],
        ['delivered', 70],
        ['executed', 70],
        ['settled', 80],
      ],
    )
  })

  // CO-2
  test('what a block’s receipts say takes the place of what was known of it, but for what is on its way', async () => {
    const store = current()
    const at = (n: number, txIndex: number, more: Partial<MessageOrigin> = {}) =>
      origin(n, { blockNumber: 5n, blockHash: pad('0x05'), txIndex, logIndex: txIndex, ...more })
    const elsewhere = [origin(8, { blockNumber: 4n }), at(9, 9, { fromChain: 3n }), at(10, 9, { emitter: pad('0xa2') })]
    const known = [at(1, 0), at(2, 1), at(3, 2), at(4, 3)]
    await store.commitScan(1n, mos, cursor(5), [...known, ...elsewhere], 10)
    await store.apply(known.map((one) => [one, { type: 'finalized', at: 11 }] as const))
    await store.apply([[at(4, 3), { type: 'proven', at: 12 }]])
    await store.reserve(reservation(0, [at(4, 3)]), 13)
    // 1 is as it was, 2 stands elsewhere, 3 was made up in the place of 7, and 4 is submitted
    const logs = { logChain: 1n, emitter: mos, fromChain: 1n, blockNumber: 5n }
    assert.equal(await store.correct(logs, [at(1, 0), at(2, 4), at(7, 2)], 20), 2)
    const rows = await store.messages()
    const told = rows.map(({ orderId, state, logIndex }) => [Number(orderId), state, logIndex])
    assert.deepEqual(
      told.sort(([a], [b]) => Number(a) - Number(b)),
      [
        [1, 'final', 0],
        [2, 'seen', 4],
        [4, 'submitted', 3],
        [7, 'seen', 2],
        [8, 'seen', 0],
        [9, 'seen', 9],
        [10, 'seen', 9],
      ],
    )
    assert.equal((await store.cursor(1n, mos))?.number, 5n)
  })

  test('an illegal event changes nothing of its transaction', async () => {
    const store = current()
    await store.commitScan(1n, mos, cursor(5), [origin(1), origin(2)], 10)
    await assert.rejects(
      store.apply([
        [
          { fromChain: 1n, orderId: pad('0x01') },
          { type: 'finalized', at: 1 },
        ],
        [
          { fromChain: 1n, orderId: pad('0x02') },
          { type: 'proven', at: 1 },
        ],
      ]),
      (e) => hasCode(e, 'ILLEGAL_TRANSITION'),
    )
    assert.equal((await store.inState(1n, 'seen', 10)).length, 2)
  })

  // CO-4
  test('a nonce is never given twice', async () => {
    const store = current()
    await store.reserve(reservation(3, []), 1)
    await assert.rejects(store.reserve({ ...reservation(3, []), attempt: { ...reservation(4, []).attempt } }, 1))
  })

  test('a reorg forgets what was only seen, and nothing that is final', async () => {
    const store = current()
    await store.commitScan(1n, mos, cursor(5), [origin(3), origin(4), origin(5)], 10)
    await store.apply([
      [
        { fromChain: 1n, orderId: pad('0x04') },
        { type: 'finalized', at: 1 },
      ],
    ])
    assert.equal(await store.rollback(1n, mos, cursor(3)), 1)
    assert.equal((await store.inState(1n, 'seen', 10)).length, 1)
    assert.equal((await store.inState(1n, 'final', 10)).length, 1)
    assert.equal((await store.cursor(1n, mos))?.number, 3n)
    assert.equal(await store.lastNonce(1n, mos, 2n), 4n)
  })

  test('the update that landed while a message waited is found, and none from before, of another client, or that failed', async () => {
    const store = current()
    const client = pad('0xc1', { size: 20 })
    const update = { ...reservation(0, []), kind: 'update', to: client } as const
    const { id } = await store.reserve(update, 50)
    assert.equal(await store.lastUpdate(2n, client, 0), null)
    await store.settle(id, { state: 'mined', success: true, hash: pad('0x0f'), gasUsed: 7n }, [])
    assert.deepEqual(await store.lastUpdate(2n, client, 50), { hash: pad('0x0f'), gasUsed: 7n })
    assert.equal(await store.lastUpdate(2n, client, 51), null)
    assert.equal(await store.lastUpdate(2n, mos, 0), null)
    assert.equal(await store.lastUpdate(1n, client, 0), null)
    await store.settle(id, { success: false }, [])
    assert.equal(await store.lastUpdate(2n, client, 0), null)
  })

  // once, what a Compass whose clock was a day ahead had put off for a second waited for that day after a restart
  test('what was put off beyond reason is due again; what was is not, and what was given up is not', async () => {
    const store = current()
    await store.commitScan(1n, mos, cursor(5), [origin(1), origin(2), origin(3)], 10)
    const key = (n: number) => ({ fromChain: 1n, orderId: pad(numberToHex(n)) })
    const put = (n: number, nextAttemptAt: number) =>
      store.apply([
        [key(n), { type: 'finalized', at: 20 }],
        [key(n), { type: 'waiting', at: 20, reason: { code: 'X', detail: 'x' }, nextAttemptAt, failure: true }],
      ])
    await put(1, 86_400_000)
    await put(2, 600_000)
    await put(3, Number.MAX_SAFE_INTEGER)
    await store.dueBy(3_600_000)
    const due = await store.due(1n, 2n, 30, 10)
    assert.deepEqual(
      due.map(({ orderId }) => orderId),
      [key(1).orderId],
    )
    assert.equal((await store.message(key(2)))?.nextAttemptAt, 600_000)
    assert.equal((await store.message(key(3)))?.nextAttemptAt, Number.MAX_SAFE_INTEGER)
  })

  // once, PostgreSQL refused such a reason, and every look of the lane failed with it
  test('the words of a hostile endpoint are kept as far as they are text', async () => {
    const store = current()
    await store.commitScan(1n, mos, cursor(5), [origin(1)], 10)
    const key = { fromChain: 1n, orderId: pad('0x01') }
    const reason = { code: 'RPC_RESPONSE', detail: `no\u0000 \u001b[2Jway\n${'a'.repeat(1_987)}\u{1f525}` }
    const event = { type: 'waiting', at: 20, reason, nextAttemptAt: 30, failure: true } as const
    await store.apply([[key, event]])
    const kept = (await store.message(key))?.reason?.detail
    assert.equal(kept, `no\ufffd \ufffd[2Jway ${'a'.repeat(1_987)}\ufffd`)
    const { id } = await store.reserve(reservation(0, []), 40)
    await store.settle(id, { error: reason.detail }, [])
    assert.match((await store.transaction(id))?.error ?? '', /^no\ufffd \ufffd\[2Jway a/)
    await store.claims.reopen(id, reason, 50, true)
  })
})

test('the folder keeps everything, and refuses a second holder in one line', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'compass-store-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const first = await openStore(folder)
  await first.commitScan(1n, mos, cursor(5), [origin(1, { toChain: MAX })], 10)
  await assert.rejects(
    openStore(folder),
    (e) => hasCode(e, 'STORE_LOCKED') && e instanceof Error && !e.message.includes('\n'),
  )
  await first.close()
  const second = await openStore(folder)
  assert.equal((await second.messages())[0]?.toChain, MAX)
  assert.deepEqual(await second.cursor(1n, mos), { ...cursor(5), rereadFrom: null })
  await second.close()
})
