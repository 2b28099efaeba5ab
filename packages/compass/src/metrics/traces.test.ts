import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Attributes, type Context, type Span, type SpanOptions, type SpanStatus, trace } from '@opentelemetry/api'
import { pad } from 'viem'
import { type Message, seen } from '../message.ts'
import { type Progress, progressBetween } from '../progress.ts'
import { testOrigin } from '../testing/messages.ts'
import { traceMessages } from './traces.ts'

interface Recorded {
  readonly name: string
  readonly traceId: string | undefined
  readonly startTime: unknown
  readonly attributes: Attributes
  endTime: unknown
  status: SpanStatus | null
}
const spans: Recorded[] = []

/** As an SDK would: what Compass sees is the API only. */
const recording = {
  getTracer: () => ({
    startSpan(name: string, options: SpanOptions, parent: Context): Span {
      const { startTime, attributes = {} } = options
      const traceId = trace.getSpanContext(parent)?.traceId
      const one: Recorded = { name, traceId, startTime, attributes, endTime: null, status: null }
      spans.push(one)
      const span = trace.wrapSpanContext({ traceId: '', spanId: '', traceFlags: 0 })
      span.end = (time) => {
        one.endTime = time
      }
      span.setStatus = (status) => {
        one.status = status
        return span
      }
      return span
    },
    startActiveSpan: () => assert.fail('not used'),
  }),
}

let listener: ((progress: Progress) => void) | null = null
const compass = {
  subscribe(given: (progress: Progress) => void) {
    listener = given
    return () => {
      listener = null
    }
  },
}

before(() => {
  trace.setGlobalTracerProvider(recording)
})
after(() => trace.disable())

test('a span for each stage, in one trace whose id is the order’s', () => {
  const end = traceMessages(compass)
  const orderId = `0x${'0123456789abcdef'.repeat(4)}` as const
  const first = seen(testOrigin(1, { orderId }), 1_000)
  const way: readonly Partial<Message>[] = [
    { state: 'final', finalAt: 3_000 },
    { state: 'provable', provableAt: 4_000 },
    { state: 'submitted', submittedAt: 4_500 },
    { state: 'included', includedAt: 6_000, outcome: 'delivered', targetTx: pad('0x07'), deliveryGas: 9n },
    { state: 'delivered', settledAt: 9_000 },
  ]
  let now = first
  for (const step of progressBetween(null, first)) listener?.(step)
  for (const change of way) {
    const next = { ...now, ...change }
    for (const step of progressBetween(now, next)) listener?.(step)
    now = next
  }
  assert.deepEqual(
    spans.map(({ name, startTime, endTime }) => [name, startTime, endTime]),
    [
      ['message final', 1_000, 3_000],
      ['message provable', 3_000, 4_000],
      ['message submitted', 4_000, 4_500],
      ['message included', 4_500, 6_000],
      ['message settled', 6_000, 9_000],
    ],
  )
  for (const span of spans) {
    assert.equal(span.traceId, '0123456789abcdef0123456789abcdef')
    assert.equal(span.attributes['meridian.order_id'], orderId)
    assert.equal(span.status, null)
  }
  assert.equal(spans.at(-1)?.attributes['meridian.target_tx'], pad('0x07'))
  const failed: Message = {
    ...now,
    outcome: 'failed',
    reason: { code: 'EXECUTION_FAILED', detail: 'x' },
    settledAt: 9_500,
  }
  for (const step of progressBetween(now, failed)) listener?.(step)
  assert.equal(spans.at(-1)?.status?.message, 'EXECUTION_FAILED')
  end()
  assert.equal(listener, null)
})
