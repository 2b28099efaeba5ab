import { type Attributes, context, type Span, SpanStatusCode, TraceFlags, trace } from '@opentelemetry/api'
import type { Hex } from 'viem'
import type { Compass } from '../compass.ts'
import type { Progress } from '../progress.ts'
import { latencyOf } from './metrics.ts'

const TRACER = 'meridian-compass'
const TRACE_ID_DIGITS = 32
const SPAN_ID_DIGITS = 16

/**
 * A span for each stage of each message, in one trace a message. The trace's id is the beginning of the order id, so that
 * every Compass, restarted or another one, and whoever else knows the order writes into the same trace. Only the API is
 * used: without an SDK that the operator loads (`node --import`) nothing happens.
 *
 * @returns ends it.
 */
export function traceMessages(compass: Pick<Compass, 'subscribe'>): () => void {
  return compass.subscribe((progress) => {
    const latency = latencyOf(progress)
    if (latency === null) return
    const end = progress.at
    const start = end - latency.seconds * 1_000
    const parent = trace.setSpanContext(context.active(), parentOf(progress.orderId))
    const options = { startTime: start, attributes: attributesOf(progress) }
    const span = trace.getTracer(TRACER).startSpan(`message ${latency.stage}`, options, parent)
    markFailure(span, progress)
    span.end(end)
  })
}

/** What stands above a message's spans: nothing that was ever recorded, but the same for all of them. */
function parentOf(orderId: Hex) {
  const digits = orderId
    .slice(2)
    .toLowerCase()
    .padEnd(TRACE_ID_DIGITS + SPAN_ID_DIGITS, '0')
  return {
    traceId: digits.slice(0, TRACE_ID_DIGITS),
    spanId: digits.slice(TRACE_ID_DIGITS, TRACE_ID_DIGITS + SPAN_ID_DIGITS),
    traceFlags: TraceFlags.SAMPLED,
    isRemote: true,
  }
}

function attributesOf({ orderId, fromChain, toChain, data }: Progress): Attributes {
  return {
    'meridian.order_id': orderId,
    'meridian.from_chain': String(fromChain),
    'meridian.to_chain': String(toChain),
    'meridian.source_tx': data.txHash,
    'meridian.attempts': data.attempts,
    ...(data.targetTx === null ? {} : { 'meridian.target_tx': data.targetTx }),
    ...(data.deliveryGas === null ? {} : { 'meridian.delivery_gas': String(data.deliveryGas) }),
    ...(data.outcome === null ? {} : { 'meridian.outcome': data.outcome }),
  }
}

function markFailure(span: Span, { data }: Progress): void {
  if (data.outcome !== 'failed' && data.outcome !== 'expired') return
  span.setStatus({ code: SpanStatusCode.ERROR, message: data.reason?.code ?? data.outcome })
}
