import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hasCode } from '@meridian/core'
import fc from 'fast-check'
import { numberToHex, pad } from 'viem'
import { backoffMs, legal, type Message, type MessageEvent, messageStates, seen, transition } from './message.ts'
import { batches, memberGas, plan } from './plan.ts'
import { progressBetween } from './progress.ts'
import { inOrder, streamOf } from './streams.ts'
import { testOrigin } from './testing/messages.ts'

const tx = pad('0x07')

/** A message as the source's log shows it. */
export function fresh(n: number, overrides: Partial<Message> = {}): Message {
  const origin = testOrigin(n, {
    fromAddress: pad('0x12', { size: 20 }),
    blockNumber: BigInt(n),
    blockHash: pad(numberToHex(n)),
    blockTimestamp: 1_700_000_000n,
    txIndex: 0,
  })
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
      { type: 'included', at, outcome: 'delivered', executionReason: null, tx, block: 9n, gas: 5n },
      { type: 'included', at, outcome: 'failed', executionReason: '0x01', tx: null, block: 9n, gas: null },
      { type: 'included', at, outcome: 'expired', executionReason: null, tx, block: 9n, gas: 7n },
      { type: 'excluded', at },
      { type: 'settled', at, outcome: 'delivered' },
      { type: 'settled', at, outcome: 'failed' },
      { type: 'settled', at, outcome: 'expired' },
      { type: 'included', at, outcome: 'forwarded', executionReason: null, tx, block: 9n, gas: 7n },
      { type: 'settled', at, outcome: 'forwarded' },
      { type: 'arrived', at, outcome: 'delivered' },
      { type: 'arrived', at, outcome: 'expired' },
      { type: 'rerouted', at },
      { type: 'lapsed', at },
      { type: 'waiting', at, reason, nextAttemptAt: at + 5, failure: true },
      { type: 'woken', at },
    ),
  )

// CO-1
test('whatever happens: the log’s facts stay, an end is the end, and each state has what it needs', () => {
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
        assert.ok(before.state !== 'delivered' && before.state !== 'expired')
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
        if (message.state === 'included') assert.ok(message.targetBlock !== null && message.outcome !== null)
        if (message.state === 'delivered') assert.deepEqual([message.outcome, message.executed], ['delivered', true])
        if (message.state === 'failed') assert.deepEqual([message.outcome, message.executed], ['failed', false])
        if (message.state === 'expired') assert.deepEqual([message.outcome, message.executed], ['expired', null])
        if (message.state === 'final' || message.state === 'provable') assert.equal(message.outcome, null)
        if (message.state === 'forwarded') assert.deepEqual([message.outcome, message.executed], ['forwarded', null])
        if (message.state !== 'submitted' && message.state !== 'included' && message.settledAt === null)
          assert.equal(message.includedAt, null)
      }
    }),
  )
})

// The target's head showed an update before its receipt was looked for, so the message had gone on; or the lane adopted the
// update that the submitter had just told of: its gas was missing from the message, or there twice.
test('an update counts once, whoever tells of it and however far the message is', () => {
  const told: MessageEvent = { type: 'updated', at: 5, tx, gas: 7n }
  for (const state of ['final', 'provable', 'submitted', 'included'] as const) {
    const once = transition(fresh(1, { state, finalAt: 1, reason, nextAttemptAt: 9 }), told)
    assert.deepEqual([once.state, once.updateTx, once.updateGas], [state, tx, 7n])
    // what a message that has gone on waits for is not this update
    assert.deepEqual([once.reason, once.nextAttemptAt], state === 'final' ? [null, 0] : [reason, 9])
    assert.deepEqual(transition(once, told), once)
    assert.equal(transition(once, { ...told, tx: pad('0x08') }).updateGas, 14n)
  }
})

test('no other state is a dead end: from each, a message can still be delivered, and can still expire', () => {
  const sample: readonly MessageEvent[] = fc.sample(event, { numRuns: 400, seed: 1 })
  for (const state of messageStates.filter((s) => s !== 'delivered' && s !== 'expired')) {
    let reachable: Message[] = [fresh(1, { state, finalAt: 1, transactionId: 3, targetBlock: 1n, outcome: 'failed' })]
    const found = () => ['delivered', 'expired'].every((end) => reachable.some((m) => m.state === end))
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
    sequence: fc.bigInt({ min: 0n, max: 12n }),
    target: fc.constantFrom(pad('0xd1', { size: 20 }), pad('0xd2', { size: 20 })),
  })
  .map(({ n, block, ...rest }) => fresh(n, { ...rest, blockNumber: BigInt(block), blockHash: pad(numberToHex(block)) }))
/** A sequence of a stream belongs to one message. */
const anyMessages = fc
  .uniqueArray(anyMessage, { selector: (m) => m.orderId, maxLength: 60 })
  .map((all) =>
    all.filter((m, i) => i === all.findIndex((o) => o === m || (placeOf(m) !== null && placeOf(o) === placeOf(m)))),
  )
const placeOf = (message: Message): string | null => {
  const stream = streamOf(message)
  return stream === null ? null : `${stream}:${message.sequence}`
}

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
        if (['seen', 'submitted', 'delivered', 'expired', 'forwarded'].includes(m.state)) assert.ok(!is)
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
      const { batches: result, later } = batches(messages, limits)
      assert.deepEqual([...result.flat(), ...later].map((m) => m.orderId).sort(), messages.map((m) => m.orderId).sort())
      for (const m of later) assert.ok(result.flat().some((other) => streamOf(other) === streamOf(m)))
      for (const batch of result) {
        assert.ok(batch.length <= maxBatch)
        const gas = batch.reduce((sum, m) => sum + memberGas(m), 0n)
        if (batch.length > 1) assert.ok(gas <= limits.maxTransactionGas)
        for (const m of batch) if (m.attempts >= 5) assert.ok(batch.length <= Math.max(1, maxBatch >> 5))
      }
    }),
  )
})

test('a stream keeps its order: one transaction at a time, its members in their places, none skipped', () => {
  fc.assert(
    fc.property(anyMessages, fc.integer({ min: 1, max: 20 }), (messages, maxBatch) => {
      const { batches: result, later } = batches(messages, { maxBatch, maxTransactionGas: 16_777_216n })
      for (const stream of new Set(messages.map(streamOf))) {
        if (stream === null) continue
        const of = (list: readonly Message[]) => list.filter((m) => streamOf(m) === stream).map((m) => m.sequence)
        const sent = result.map(of).filter((list) => list.length > 0)
        assert.ok(sent.length === 1)
        const rising = [...of(messages)].sort((x, y) => Number(x - y))
        assert.deepEqual([...sent.flat(), ...of(later).sort((x, y) => Number(x - y))], rising)
      }
    }),
  )
})

test('what is ready of a stream is what the target would take one after the other; the rest waits, and stops nobody', () => {
  fc.assert(
    fc.property(anyMessages, fc.bigInt({ min: 1n, max: 12n }), fc.nat(), (messages, first, salt) => {
      const streams = [...new Set(messages.map(streamOf))].filter((stream) => stream !== null)
      const awaited = new Map(streams.map((stream) => [stream, first]))
      const expired = (m: Message) => (m.logIndex + salt) % 5 === 0
      const { ready, early } = inOrder(messages, awaited, expired)
      assert.equal(ready.length + early.length, messages.length)
      for (const m of messages) if (streamOf(m) === null) assert.ok(ready.includes(m))
      for (const stream of streams) {
        // the target's own rule, applied to the ready ones in their order: nothing is refused
        const passed = new Set<bigint>()
        const next = () => {
          let sequence = first
          while (passed.has(sequence)) sequence += 1n
          return sequence
        }
        const inTurn = ready.filter((m) => streamOf(m) === stream).sort((x, y) => Number(x.sequence - y.sequence))
        for (const m of inTurn) {
          if (m.sequence < first) continue
          assert.ok(expired(m) || m.sequence === next())
          passed.add(m.sequence)
        }
        for (const [m] of early) if (streamOf(m) === stream) assert.notEqual(m.sequence, next())
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
    outcome: 'failed',
    executed: false,
  })
  const retried = transition(failed, {
    type: 'included',
    at: 9,
    outcome: 'delivered',
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

test('a message that expires was never delivered, and says so once', () => {
  const submitted = fresh(1, { state: 'submitted', finalAt: 1, provableAt: 1, submittedAt: 1, transactionId: 3 })
  const outcome = 'expired' as const
  const included = transition(submitted, {
    type: 'included',
    at: 9,
    outcome,
    executionReason: null,
    tx,
    block: 4n,
    gas: 7n,
  })
  assert.deepEqual(
    progressBetween(submitted, included).map(({ stage }) => stage),
    ['expired'],
  )
  const settled = transition(included, { type: 'settled', at: 10, outcome })
  assert.deepEqual(
    progressBetween(included, settled).map(({ stage }) => stage),
    ['settled'],
  )
})
