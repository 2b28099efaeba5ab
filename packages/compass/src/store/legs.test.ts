/** A message over a hub is two rows, one for each leg; everything else is as with one. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hasCode } from '@meridian/core'
import { numberToHex, pad } from 'viem'
import type { MessageEvent, MessageOrigin } from '../message.ts'
import type { Progress } from '../progress.ts'
import { testOrigin } from '../testing/messages.ts'
import { useStore } from '../testing/test-store.ts'
import type { Store } from './types.ts'

const current = useStore()
const mos = pad('0xa1', { size: 20 })
const hub = pad('0xb1', { size: 20 })
const cursor = (n: number) => ({ number: BigInt(n), hash: pad(numberToHex(n)), final: null })
const orderId = pad('0x01')
const [A, B, H] = [1n, 2n, 3n]
const first = { fromChain: A, orderId, logChain: A }
const last = { fromChain: A, orderId, logChain: H }

/** The log of a leg, in block `n` of its chain. */
function origin(logChain: bigint, n = 5, overrides: Partial<MessageOrigin> = {}): MessageOrigin {
  return testOrigin(n, {
    fromChain: A,
    orderId,
    logChain,
    emitter: logChain === A ? mos : hub,
    toChain: B,
    nonce: 4n,
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

const included = (outcome: 'forwarded' | 'delivered' | 'expired'): MessageEvent => {
  return { type: 'included', at: 40, outcome, executionReason: null, tx: pad('0x09'), block: 9n, gas: 7n }
}

/** Both legs are known and final on their chains. */
async function bothLegs(store: Store): Promise<void> {
  await store.commitScan(A, mos, cursor(5), [origin(A)], 10)
  await store.commitScan(H, hub, cursor(5), [origin(H)], 20)
  for (const leg of [first, last]) await store.apply([[leg, { type: 'finalized', at: 30 }]])
}

test('the first leg ends as the last one does, whichever is known to have ended first', async () => {
  for (const outcome of ['delivered', 'expired'] as const)
    for (const order of ['first', 'last'] as const) {
      const store = current()
      const id = pad(`0x${outcome === 'delivered' ? '1' : '2'}${order === 'first' ? '1' : '2'}`)
      const [one, two] = [first, last].map((leg) => ({ ...leg, orderId: id }))
      assert.ok(one !== undefined && two !== undefined)
      await store.commitScan(A, mos, cursor(5), [origin(A, 5, { orderId: id })], 10)
      await store.commitScan(H, hub, cursor(5), [origin(H, 5, { orderId: id })], 20)
      for (const leg of [one, two]) await store.apply([[leg, { type: 'finalized', at: 30 }]])
      await store.apply([
        [one, included('forwarded')],
        [two, included(outcome)],
      ])
      const settleFirst = () => store.apply([[one, { type: 'settled', at: 50, outcome: 'forwarded' }]])
      const settleLast = () => store.apply([[two, { type: 'settled', at: 60, outcome }]])
      if (order === 'first') {
        await settleFirst()
        assert.equal((await store.message(one))?.state, 'forwarded')
        await settleLast()
      } else {
        await settleLast()
        assert.equal((await store.message(one))?.state, 'included')
        await settleFirst()
      }
      assert.equal((await store.message(one))?.state, outcome)
      assert.equal((await store.message(two))?.state, outcome)
    }
})

test('a failed last leg leaves the first one open: the message is not at its end', async () => {
  const store = current()
  await bothLegs(store)
  const failed: MessageEvent = { ...included('delivered'), type: 'included', outcome: 'failed' } as MessageEvent // CAST: the outcome alone differs
  await store.apply([
    [first, included('forwarded')],
    [first, { type: 'settled', at: 50, outcome: 'forwarded' }],
    [last, failed],
    [last, { type: 'settled', at: 60, outcome: 'failed' }],
  ])
  assert.equal((await store.message(first))?.state, 'forwarded')
  const counts = await store.counts()
  assert.deepEqual(
    counts.map(({ state, count }) => [state, count]),
    [['forwarded', 1]],
  )
})

test('each leg is found by its chain, is due on its own lane, and is taken back with its own logs', async () => {
  const store = current()
  await store.commitScan(A, mos, cursor(5), [origin(A)], 10)
  assert.equal((await store.message({ fromChain: A, orderId }))?.logChain, A)
  await store.commitScan(H, hub, cursor(5), [origin(H)], 20)
  assert.equal((await store.message({ fromChain: A, orderId }))?.logChain, H)
  assert.deepEqual(
    (await store.inState(H, 'seen', 10)).map(({ logChain }) => logChain),
    [H],
  )
  await store.apply([[first, { type: 'finalized', at: 30 }]])
  assert.equal((await store.due(A, B, 40, 10)).length, 1)
  assert.equal((await store.due(A, B, 40, 10, H)).length, 0)
  // a reorg of the hub's chain
  assert.equal(await store.rollback(H, hub, cursor(4)), 1)
  assert.equal(await store.message(last), null)
  assert.equal((await store.message(first))?.state, 'final')
})

test('what a hub forwards says nothing of what its source has sent', async () => {
  const store = current()
  await store.commitScan(H, hub, cursor(5), [origin(H, 5, { nonce: 90n })], 20)
  assert.equal(await store.lastNonce(A, mos, B), null)
  await store.commitScan(A, mos, cursor(5), [origin(A, 5, { orderId: pad('0x02') })], 20)
  assert.equal(await store.lastNonce(A, mos, B), 4n)
})

test('transactions carry legs: that of one never moves the other', async () => {
  const store = current()
  await bothLegs(store)
  const attempt = { hash: pad('0x77'), raw: '0x02', maxFeePerGas: 1n, maxPriorityFeePerGas: 1n } as const
  const job = { kind: 'forward', to: hub, data: '0x01', gasLimit: 1n, messages: [first] } as const
  await store.apply([[first, { type: 'proven', at: 35 }]])
  const { id } = await store.reserve({ chainId: H, signer: mos, nonce: 0, attempt, ...job }, 36)
  const members = await store.transactionMessages(id)
  assert.deepEqual(
    members.map(({ logChain, state }) => [logChain, state]),
    [[A, 'submitted']],
  )
  assert.equal((await store.message(last))?.state, 'final')
})

test('a lane that leaves its hub carries from the source what was only forwarded', async () => {
  const store = current()
  await bothLegs(store)
  assert.equal(await store.reroute(A, B, 100), 0)
  await store.apply([
    [first, included('forwarded')],
    [first, { type: 'settled', at: 50, outcome: 'forwarded' }],
  ])
  assert.equal(await store.reroute(A, B, 100), 1)
  const message = await store.message(first)
  assert.deepEqual([message?.state, message?.outcome, message?.targetTx], ['final', null, null])
  assert.equal((await store.due(A, B, 100, 10)).length, 1)
})

test('a person sees each step of both legs once, and the end once', async () => {
  const store = current()
  const steps: Progress[] = []
  store.subscribe((step) => steps.push(step))
  await bothLegs(store)
  await store.apply([
    [first, included('forwarded')],
    [first, { type: 'settled', at: 50, outcome: 'forwarded' }],
    [last, included('delivered')],
    [last, { type: 'settled', at: 60, outcome: 'delivered' }],
  ])
  assert.deepEqual(
    steps.map(({ stage, data }) => [data.logChain, stage]),
    [
      [A, 'sent'],
      [A, 'final'],
      [H, 'final'],
      [A, 'forwarded'],
      [H, 'delivered'],
      [H, 'executed'],
      [H, 'settled'],
    ],
  )
  await assert.rejects(store.apply([[last, { type: 'arrived', at: 70, outcome: 'expired' }]]), (e) =>
    hasCode(e, 'ILLEGAL_TRANSITION'),
  )
})

test('a message that the hub logs again starts over from there, if its first log failed, and only then', async () => {
  const store = current()
  await bothLegs(store)
  const again = origin(H, 8)
  await store.commitScan(H, hub, cursor(8), [again], 40)
  assert.equal((await store.message(last))?.blockNumber, 5n)
  const reason = { code: 'X', detail: 'its receipt is too long' }
  await store.apply([[last, { type: 'waiting', at: 50, reason, nextAttemptAt: 60, failure: true }]])
  await store.commitScan(H, hub, cursor(8), [origin(H, 5)], 55)
  assert.equal((await store.message(last))?.attempts, 1)
  await store.commitScan(H, hub, cursor(8), [again], 60)
  const message = await store.message(last)
  assert.deepEqual([message?.state, message?.blockNumber, message?.attempts], ['seen', 8n, 0])
})
