import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hasCode } from '@meridian/core'
import fc from 'fast-check'
import { numberToHex, pad } from 'viem'
import { backoffMs, legal, type Message, type MessageEvent, messageStates, seen, transition } from './message.ts'
import { batches, memberGas, plan } from './plan.ts'
import { progressBetween } from './progress.ts'

const tx = pad('0x07')

/** A message as the source's log shows it. */
export function fresh(n: number, overrides: Partial<Message> = {}): Message {
  const origin = {
    fromChain: 1n,
    orderId: pad(numberToHex(n)),
    toChain: 2n,
    nonce: BigInt(n),
    mos: pad('0xa1', { size: 20 }),
    fromAddress: pad('0x12', { size: 20 }),
    messageData: '0xabcd',
    gasLimit: 100_000n,
    blockNumber: BigInt(n),
    blockHash: pad(numberToHex(n)),
    blockTimestamp: 1_700_000_000n,
    txHash: pad(numberToHex(n)),
    txIndex: 0,
    logIndex: n,
  } as const
  return { ...seen(origin, 1), ...overrides }
}

const reason = { code: 'X', detail: 'x' }
const event: fc.Arbitrary<MessageEvent> = fc
  .integer({ min: 2, max: 1_000 })
  .chain((at) =>
    fc.constantFrom<MessageEvent>(
      { type: 'finalized', at },
      { type: 'updated', at, tx, gas: 5n },
      { type: 'proven', at },
      { type: 'unproven', at, reason, nextAttemptAt: at },
      { type: 'submitted', at, transactionId: 3 },
      { type: 'dropped', at, reason, nextAttemptAt: at + 5 },
      { type: 'included', at, executed: true, executionReason: null, tx, block: 9n, gas: 5n },
      { type: 'included', at, executed: false, executionReason: '0x01', tx: null, block: 9n, gas: null },
      { type: 'excluded', at },
      { type: 'settled', at, outcome: 'delivered' },
      { type: 'settled', at, outcome: 'failed' },
      { type: 'waiting', at, reason, nextAttemptAt: at + 5, failure: true },
      { type: 'woken', at },
    ),
  )

test('whatever happens: the log’s facts stay, delivered is the end, and each state has what it needs', () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 60 }), (events) => {
      let message = fresh(1)
      for (const happening of events) {
        const before = message
        if (!legal[happening.type].includes(before.state)) {
          assert.throws(
            () => transition(before, happening),
            (e) => hasCode(e, 'ILLEGAL_TRANSITION'),
          )
          continue
        }
        message = transition(before, happening)
        assert.notEqual(before.state, 'delivered')
        const { orderId, blockHash, messageData, nonce, seenAt } = message
        assert.deepEqual(
          { orderId, blockHash, messageData, nonce, seenAt },
          {
            orderId: before.orderId,
            blockHash: before.blockHash,
            messageData: before.messageData,
            nonce: before.nonce,
            seenAt: before.seenAt,
          },
        )
        assert.ok(message.attempts >= before.attempts)
        if (message.state !== 'seen') assert.notEqual(message.finalAt, null)
        if (message.state === 'submitted') assert.notEqual(message.transactionId, null)
        if (message.state === 'included') assert.ok(message.targetBlock !== null && message.executed !== null)
        if (message.state === 'delivered') assert.equal(message.executed, true)
        if (message.state === 'failed') assert.equal(message.executed, false)
        if (message.state !== 'submitted' && message.state !== 'included' && message.settledAt === null)
          assert.equal(message.includedAt, null)
      }
    }),
  )
})

test('no state but delivered is a dead end: from each, a message can still be delivered', () => {
  const sample: readonly MessageEvent[] = fc.sample(event, { numRuns: 400, seed: 1 })
  for (const state of messageStates) {
    if (state === 'delivered') continue
    let reachable: Message[] = [fresh(1, { state, finalAt: 1, transactionId: 3, targetBlock: 1n, executed: true })]
    const found = () => reachable.some((m) => m.state === 'delivered')
    for (let depth = 0; depth < 6 && !found(); depth++) {
      reachable = reachable
        .flatMap((m) => sample.filter((e) => legal[e.type].includes(m.state)).map((e) => transition(m, e)))
        .filter((m, i, all) => all.findIndex((other) => other.state === m.state) === i)
    }
    assert.ok(found(), state)
  }
})

const anyMessage = fc
  .record({
    n: fc.integer({ min: 1, max: 1_000 }),
    state: fc.constantFrom(...messageStates),
    attempts: fc.integer({ min: 0, max: 10 }),
    block: fc.integer({ min: 1, max: 5 }),
    nextAttemptAt: fc.integer({ min: 0, max: 100 }),
    gasLimit: fc.bigInt({ min: 21_000n, max: 10_000_000n }),
    targetBlock: fc.option(fc.bigInt({ min: 0n, max: 20n })),
  })
  .map(({ n, block, ...rest }) => fresh(n, { ...rest, blockNumber: BigInt(block), blockHash: pad(numberToHex(block)) }))
const anyMessages = fc.uniqueArray(anyMessage, { selector: (m) => m.orderId, maxLength: 60 })

test('the plan names each message once at most, every one that is due, and none that is not', () => {
  fc.assert(
    fc.property(anyMessages, fc.option(fc.bigInt({ min: 0n, max: 20n })), (messages, targetFinal) => {
      const actions = plan(messages, { targetFinal }, 50)
      const named = actions.flatMap((a) => (a.type === 'prove' ? a.group.messages : [a.message]))
      assert.equal(new Set(named.map((m) => m.orderId)).size, named.length)
      for (const m of messages) {
        const is = named.includes(m)
        const due = m.nextAttemptAt <= 50
        if (m.state === 'final' || m.state === 'provable' || m.state === 'failed') assert.equal(is, due)
        if (m.state === 'included')
          assert.equal(is, due && m.targetBlock !== null && targetFinal !== null && m.targetBlock <= targetFinal)
        if (m.state === 'seen' || m.state === 'submitted' || m.state === 'delivered') assert.ok(!is)
      }
      for (const a of actions) {
        if (a.type !== 'prove') continue
        for (const m of a.group.messages) assert.equal(m.blockHash, a.group.blockHash)
      }
    }),
  )
})

test('batches hold every message once, and stay within count and gas unless one alone is beyond it', () => {
  fc.assert(
    fc.property(anyMessages, fc.integer({ min: 1, max: 20 }), (messages, maxBatch) => {
      const limits = { maxBatch, maxTransactionGas: 16_777_216n }
      const result = batches(messages, limits)
      assert.deepEqual(
        result
          .flat()
          .map((m) => m.orderId)
          .sort(),
        messages.map((m) => m.orderId).sort(),
      )
      for (const batch of result) {
        assert.ok(batch.length <= maxBatch)
        const gas = batch.reduce((sum, m) => sum + memberGas(m), 0n)
        if (batch.length > 1) assert.ok(gas <= limits.maxTransactionGas)
        for (const m of batch) if (m.attempts >= 5) assert.ok(batch.length <= Math.max(1, maxBatch >> 5))
      }
    }),
  )
})

test('backoff grows to ten minutes and stays there', () => {
  assert.deepEqual([0, 1, 5, 10, 1_000].map(backoffMs), [1_000, 2_000, 32_000, 600_000, 600_000])
})

test('a message that failed and is retried tells that it executed', () => {
  const failed = fresh(1, {
    state: 'failed',
    finalAt: 1,
    provableAt: 1,
    submittedAt: 1,
    includedAt: 5,
    executed: false,
  })
  const retried = transition(failed, {
    type: 'included',
    at: 9,
    executed: true,
    executionReason: null,
    tx,
    block: 4n,
    gas: 7n,
  })
  assert.deepEqual(
    progressBetween(failed, retried).map(({ stage, at }) => [stage, at]),
    [['executed', 9]],
  )
})
