import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeOptions } from '@meridian/core'
import type { Hex } from 'viem'
import { recordOf } from './fees.ts'
import { status } from './status.ts'
import { createFakeChain } from './testing/chain.ts'
import { waitForDelivery } from './wait.ts'

const mos = '0x00000000000000000000000000000000000000aa'
const word = (digits: string): Hex => `0x${digits.padStart(64, '0')}`
const sourceTx = word('aa')
const targetTx = word('bb')

function lane() {
  const [from, to] = [createFakeChain(1n, mos), createFakeChain(2n, mos)]
  return { from, to, lane: { from: from.endpoint, to: to.endpoint } }
}

test('a message is sent, final, failed and delivered by what both chains say', async () => {
  const { from, to, lane: both } = lane()
  from.head = 10n
  to.head = 5n
  const orderId = from.out({ toChain: 2n, block: 10n, tx: sourceTx })
  const first = await status(both, orderId)
  assert.deepEqual(first, {
    orderId,
    fromChain: 1n,
    toChain: 2n,
    stage: 'sent',
    sourceTx,
    sourceBlock: 10n,
    deadline: 0n,
    targetTx: null,
    reason: null,
  })
  from.finalized = 10n
  assert.equal((await status(both, orderId)).stage, 'final')
  to.outcome = 1
  to.in({ orderId, fromChain: 1n, block: 5n, tx: targetTx, reason: '0xdead' })
  const failed = await status(both, orderId)
  assert.deepEqual([failed.stage, failed.targetTx, failed.reason], ['failed', targetTx, '0xdead'])
  to.head = 6n
  to.outcome = 2
  to.in({ orderId, fromChain: 1n, block: 6n, tx: word('cc'), reason: '0x' })
  const delivered = await status(both, orderId)
  assert.deepEqual([delivered.stage, delivered.targetTx, delivered.reason], ['delivered', word('cc'), null])
})

test('an order that the source has not sent to this chain is not found, whatever the target says', async () => {
  const { from, to, lane: both } = lane()
  from.head = 10n
  to.outcome = 2
  const orderId = from.out({ toChain: 3n, block: 10n, tx: sourceTx })
  await assert.rejects(status(both, orderId), {
    code: 'ORDER_NOT_FOUND',
    context: { orderId, fromChain: 1n, toChain: 2n },
  })
})

test('the search runs backwards in ranges that public endpoints take, and ends at the first block', async () => {
  const { from, lane: both } = lane()
  from.head = 12_000n
  const orderId = from.out({ toChain: 2n, block: 3n, tx: sourceTx })
  assert.equal((await status(both, orderId)).sourceBlock, 3n)
  assert.deepEqual(from.ranges, [
    [7_001n, 12_000n],
    [2_001n, 7_000n],
    [0n, 2_000n],
  ])
})

test('waiting yields each stage once and ends with delivery', async () => {
  const { from, to, lane: both } = lane()
  from.head = 1n
  const orderId = from.out({ toChain: 2n, block: 1n, tx: sourceTx })
  const steps = [
    () => {},
    () => {
      from.finalized = 1n
    },
    () => {},
    () => {
      to.outcome = 1
      to.in({ orderId, fromChain: 1n, block: 0n, tx: targetTx, reason: '0xdead' })
    },
    () => {
      to.outcome = 2
    },
  ]
  const waits: number[] = []
  const sleep = async (ms: number) => {
    waits.push(ms)
    steps.shift()?.()
  }
  const stages: string[] = []
  for await (const { stage } of waitForDelivery(both, orderId, { waiter: { sleep }, pollMilliseconds: 7 })) {
    stages.push(stage)
  }
  assert.deepEqual(stages, ['sent', 'final', 'failed', 'delivered'])
  assert.deepEqual(waits, [7, 7, 7, 7, 7])
})

test('waiting ends when the caller has had enough', async () => {
  const { from, lane: both } = lane()
  from.head = 1n
  const orderId = from.out({ toChain: 2n, block: 1n, tx: sourceTx })
  const enough = new AbortController()
  const sleep = async () => enough.abort()
  const stages: string[] = []
  for await (const { stage } of waitForDelivery(both, orderId, { waiter: { sleep }, signal: enough.signal })) {
    stages.push(stage)
  }
  assert.deepEqual(stages, ['sent'])
})

test('a message with a deadline shows it, and ends as expired with the record that refunds its fee', async () => {
  const { from, to, lane: both } = lane()
  from.head = 10n
  from.finalized = 10n
  to.head = 5n
  const options = encodeOptions({ deadline: 1_800_000_000n, sequence: 0n, refundRecipient: mos })
  const orderId = from.out({ toChain: 2n, block: 10n, tx: sourceTx, options })
  const waiting = await status(both, orderId)
  assert.deepEqual([waiting.stage, waiting.deadline], ['final', 1_800_000_000n])
  assert.equal(await recordOf(both, orderId), null)
  to.outcome = 3
  to.record({ kind: 'ExpiryRecord', orderId, fromChain: 1n, block: 5n, tx: targetTx, account: mos })
  const stages: string[] = []
  const waiter = { sleep: () => Promise.reject(new Error('it waits no longer')) }
  for await (const { stage } of waitForDelivery(both, orderId, { waiter })) stages.push(stage)
  assert.deepEqual(stages, ['expired'])
  assert.equal((await status(both, orderId)).targetTx, targetTx)
  const record = await recordOf(both, orderId)
  assert.deepEqual([record?.kind, record?.tx], ['expiry', targetTx])
})

test('a message that was run and expired later belongs to who delivered it', async () => {
  const { from, to, lane: both } = lane()
  const orderId = from.out({ toChain: 2n, block: 0n, tx: sourceTx })
  const other = '0x00000000000000000000000000000000000000bb'
  to.head = 9n
  to.record({ kind: 'DeliveryRecord', orderId, fromChain: 1n, block: 4n, tx: word('cc'), account: other })
  to.record({ kind: 'ExpiryRecord', orderId, fromChain: 1n, block: 9n, tx: targetTx, account: mos })
  const record = await recordOf(both, orderId)
  assert.ok(record?.kind === 'delivery')
  assert.deepEqual([record.tx, record.payee.toLowerCase()], [word('cc'), other])
})

function overHub() {
  const { from, to, lane: ends } = lane()
  const via = createFakeChain(3n, '0x00000000000000000000000000000000000000cc')
  return { from, to, via, over: { ...ends, via: { ...via.endpoint, hub: via.endpoint.mos } } }
}

test('a message over a hub shows the forward as a step of its way', async () => {
  const { from, to, via, over } = overHub()
  ;[from.head, from.finalized, via.head] = [10n, 10n, 7n]
  const orderId = from.out({ toChain: 2n, block: 10n, tx: sourceTx })
  const first = await status(over, orderId)
  assert.deepEqual([first.stage, first.passage], ['final', null])
  via.forwarded({ orderId, fromChain: 1n, toChain: 2n, block: 7n, tx: word('dd') })
  const forwarded = await status(over, orderId)
  assert.deepEqual([forwarded.stage, forwarded.targetTx], ['forwarded', null])
  assert.deepEqual(forwarded.passage, { tx: word('dd'), blockNumber: 7n, relayed: null })
  to.head = 5n
  to.outcome = 2
  to.in({ orderId, fromChain: 1n, block: 5n, tx: targetTx, reason: '0x' })
  const delivered = await status(over, orderId)
  assert.deepEqual([delivered.stage, delivered.targetTx, delivered.passage?.tx], ['delivered', targetTx, word('dd')])
})

test('a message that the hub runs ends there: it failed, or names the message that goes on', async () => {
  const { from, via, over } = overHub()
  ;[from.head, from.finalized, via.head] = [10n, 10n, 9n]
  const orderId = from.out({ toChain: 2n, block: 10n, tx: sourceTx })
  via.forwarded({ orderId, fromChain: 1n, toChain: 2n, block: 7n, tx: word('dd'), relayed: null })
  const failed = await status(over, orderId)
  assert.deepEqual([failed.stage, failed.targetTx, failed.reason], ['failed', word('dd'), '0xdead'])
  via.forwarded({ orderId, fromChain: 1n, toChain: 2n, block: 9n, tx: word('ee'), relayed: word('77') })
  const waiter = { sleep: () => Promise.reject(new Error('it waits no longer')) }
  const stages: string[] = []
  for await (const { stage, passage } of waitForDelivery(over, orderId, { waiter }))
    stages.push(`${stage} ${passage?.relayed?.onwardOrderId}`)
  assert.deepEqual(stages, [`relayed ${word('77')}`])
})
