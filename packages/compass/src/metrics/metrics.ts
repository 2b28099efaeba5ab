import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import { z } from 'zod'
import { type Progress, stages } from '../progress.ts'
import { createEndpointMetrics } from './endpoint-metrics.ts'
import type { EndpointOverview } from './endpoints.ts'
import type { LaneOverview, LightClientOverview, RouteCost, WalletOverview } from './overview.ts'

/** What is known of an asset's two sides. */
export interface SupplySample {
  /** Units of the token. */
  readonly locked: bigint
  /** Units of the token. */
  readonly outstanding: bigint
  readonly ok: boolean
  /** When it was read: milliseconds since the epoch. */
  readonly at: number
}

/** All that is known of the service at a moment. Milliseconds. */
export interface Sample {
  readonly now: number
  readonly lanes: readonly LaneOverview[]
  readonly lightClients: readonly LightClientOverview[]
  readonly wallets: readonly WalletOverview[]
  /** Of the last 24 hours. */
  readonly costs: readonly RouteCost[]
  readonly reverts: readonly { readonly chainId: bigint; readonly error: string; readonly count: number }[]
  /** `reason`: the code of why the last round failed; empty where it did not. */
  readonly workers: readonly { readonly name: string; readonly failures: number; readonly reason: string }[]
  readonly endpoints: readonly EndpointOverview[]
}

/** What a metric is. */
export interface MetricKind {
  readonly name: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly labels: readonly string[]
}

/** What the watcher makes of what a light client accepted. */
export interface Watched {
  /** Heads and committees that the chain does not have. */
  readonly contradictions: number
  /** Those that some of our nodes have something else for, but not most. */
  readonly disputed: number
  /** Those that nobody can say anything of yet. */
  readonly open: number
  /** Contradictions that nothing proves, by the code of the reason. */
  readonly unproven: Readonly<Record<string, number>>
}

/** Compass' figures for Prometheus. */
export interface Metrics {
  supply(pair: string, sample: SupplySample): void
  /** A message took a step. */
  step(progress: Progress): void
  /** What was true before and is not in the sample is gone. */
  sample(sample: Sample): void
  /** The watcher looked at a light client. `at`: null where it could not look at everything. */
  watched(lane: { readonly fromChain: bigint; readonly toChain: bigint }, seen: Watched, at: number | null): void
  /** All of it in the exposition format, and that format's content type. */
  render(): Promise<{ readonly contentType: string; readonly text: string }>
  /** What all of it is. */
  catalogue(): readonly MetricKind[]
}

/** Seconds: from a fast chain's block to two Ethereum epochs and a bad day. */
const LATENCY_BUCKETS = [0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 900, 1_200, 1_800, 3_600, 14_400, 86_400]

/** What prom-client's metrics have beside what its types say. */
const kindSchema = z.looseObject({ labelNames: z.array(z.string()) })

/** A registry of its own, so that two of them in a process do not meet. Gauges are doubles: 53 bits of an amount. */
export function createMetrics(residentBytes = () => process.memoryUsage.rss()): Metrics {
  const registry = new Registry()
  const registers = [registry]
  const gauge = <L extends string>(name: string, help: string, labelNames: readonly L[]): Gauge<L> =>
    new Gauge({ name: `meridian_${name}`, help, labelNames, registers })
  const lane = ['from', 'to'] as const
  const labels = ({ fromChain, toChain }: { fromChain: bigint; toChain: bigint }) => ({
    from: String(fromChain),
    to: String(toChain),
  })

  const locked = gauge('supply_locked', 'Units locked against what was minted, at a final block', ['pair'])
  const outstanding = gauge('supply_outstanding', 'Units minted and not burned, at a final block', ['pair'])
  const supplyOk = gauge('supply_ok', '1 while no more is outstanding than locked, 0 from the alarm on', ['pair'])
  const supplyAt = gauge('supply_read_timestamp_seconds', 'When both sides were read last', ['pair'])

  const oldest = gauge('lane_oldest_pending_seconds', 'Age of the oldest message that could be delivered', lane)
  const stalled = gauge('lane_stalled', '1 where a lane makes no progress although it could', lane)
  const paused = gauge('lane_paused', '1 where an operator paused the lane', lane)
  const backlog = gauge('messages', 'Messages that are not at their end, by state', [...lane, 'state'])
  const waiting = gauge('messages_waiting', 'Messages that show a reason, by its code', [...lane, 'reason'])
  const steps = new Counter({
    name: 'meridian_message_steps_total',
    help: 'Steps that messages took',
    labelNames: [...lane, 'stage'],
    registers,
  })
  const latency = new Histogram({
    name: 'meridian_stage_seconds',
    help: 'Time from the stage before to this one: final, provable, submitted, included, settled',
    labelNames: [...lane, 'stage'],
    buckets: LATENCY_BUCKETS,
    registers,
  })

  const clientLag = gauge('light_client_lag_seconds', "From the client's head to the source's final block", lane)
  const clientExpiry = gauge('light_client_expiry_seconds', 'Until the client expires unless its head moves', lane)
  const clientActive = gauge('light_client_active', '1 while the client accepts, 0 when expired or frozen', lane)
  const contradictions = gauge('watcher_contradictions', 'Accepted heads that the source chain does not have', lane)
  const unproven = gauge('watcher_unproven', 'Contradictions without evidence for the client, by why', [
    ...lane,
    'reason',
  ])
  const disputed = gauge('watcher_disputed', 'Accepted heads that our own nodes differ about', lane)
  const openHeads = gauge('watcher_open', 'Accepted heads that our own nodes cannot judge yet', lane)
  const watchedAt = gauge('watcher_look_timestamp_seconds', 'When the watcher looked last', lane)

  const wallet = ['chain', 'address'] as const
  const balance = gauge('wallet_balance_wei', 'What a wallet has', wallet)
  const spent = gauge('wallet_spent_wei_per_day', 'What landed in the last 24 hours', wallet)
  const runway = gauge('wallet_runway_days', 'How long the balance lasts at that rate', wallet)
  const paid = [...lane, 'kind', 'chain'] as const
  const routeGas = gauge('route_gas', 'Gas of the last 24 hours, by kind of transaction, on a chain', paid)
  const routeWei = gauge('route_wei', 'Wei of the last 24 hours, of the chain that it was paid on', paid)
  const reverts = new Counter({
    name: 'meridian_reverts_total',
    help: 'Transactions that reverted, by error',
    labelNames: ['chain', 'error'],
    registers,
  })
  const workers = gauge('worker_failures', 'Rounds in a row that failed', ['worker', 'reason'])
  const endpoints = createEndpointMetrics(registry)
  const memory = gauge('process_resident_bytes', 'Memory of the process', [])

  /** Of each direction, the reasons that stand now: what is gone is not shown as zero. */
  const shownReasons = new Map<string, readonly string[]>()

  const sampled = [
    oldest,
    stalled,
    paused,
    backlog,
    waiting,
    clientLag,
    clientExpiry,
    clientActive,
    balance,
    spent,
    runway,
    routeGas,
    routeWei,
    reverts,
    workers,
  ]

  function sampleLane(one: LaneOverview, now: number): void {
    const at = labels(one)
    oldest.set(at, one.oldestPendingAt === null ? 0 : Math.max(0, now - one.oldestPendingAt) / 1_000)
    stalled.set(at, one.stalled === null ? 0 : 1)
    paused.set(at, one.paused ? 1 : 0)
    // a counter that begins with its first step has not grown by it
    for (const stage of stages) steps.inc({ ...at, stage }, 0)
    for (const [state, count] of Object.entries(one.states)) backlog.set({ ...at, state }, count)
    for (const { code, count } of one.reasons) waiting.set({ ...at, reason: code }, count)
  }

  return {
    supply(pair, sample) {
      locked.set({ pair }, Number(sample.locked))
      outstanding.set({ pair }, Number(sample.outstanding))
      supplyOk.set({ pair }, sample.ok ? 1 : 0)
      supplyAt.set({ pair }, sample.at / 1_000)
    },
    step(progress) {
      const at = labels(progress)
      steps.inc({ ...at, stage: progress.stage })
      const step = latencyOf(progress)
      if (step !== null) latency.observe({ ...at, stage: step.stage }, step.seconds)
    },
    sample(sample) {
      for (const one of sampled) one.reset()
      for (const one of sample.lanes) sampleLane(one, sample.now)
      for (const one of sample.lightClients) {
        const at = labels(one)
        if (one.lagSeconds !== null) clientLag.set(at, one.lagSeconds)
        if (one.expirySeconds !== null) clientExpiry.set(at, one.expirySeconds)
        clientActive.set(at, one.status === 'active' ? 1 : 0)
      }
      for (const one of sample.wallets) {
        const at = { chain: String(one.chainId), address: one.address }
        balance.set(at, Number(one.balance))
        spent.set(at, Number(one.spentPerDay))
        if (one.runwayDays !== null) runway.set(at, one.runwayDays)
      }
      for (const one of sample.costs) {
        const at = { ...labels(one), kind: one.kind, chain: String(one.paidOn) }
        routeGas.set(at, Number(one.gas))
        routeWei.set(at, Number(one.wei))
      }
      for (const { chainId, error, count } of sample.reverts) reverts.inc({ chain: String(chainId), error }, count)
      for (const { name, failures, reason } of sample.workers) workers.set({ worker: name, reason }, failures)
      endpoints.sample(sample.endpoints)
    },
    watched(one, seen, at) {
      const here = labels(one)
      contradictions.set(here, seen.contradictions)
      disputed.set(here, seen.disputed)
      openHeads.set(here, seen.open)
      for (const reason of shownReasons.get(`${here.from}-${here.to}`) ?? []) unproven.remove({ ...here, reason })
      for (const [reason, count] of Object.entries(seen.unproven)) unproven.set({ ...here, reason }, count)
      shownReasons.set(`${here.from}-${here.to}`, Object.keys(seen.unproven))
      if (at !== null) watchedAt.set(here, at / 1_000)
    },
    async render() {
      memory.set(residentBytes())
      return { contentType: registry.contentType, text: await registry.metrics() }
    },
    catalogue: () =>
      registry
        .getMetricsAsArray()
        .filter((metric) => metric instanceof Counter || metric instanceof Gauge || metric instanceof Histogram)
        .map((metric) => ({
          name: metric.name,
          type: metric instanceof Counter ? 'counter' : metric instanceof Gauge ? 'gauge' : 'histogram',
          labels: kindSchema.parse(metric).labelNames,
        })),
  }
}

/** How long the stage took that a step ends; null where it has no beginning here (somebody else delivered it). */
export function latencyOf({ stage, data }: Progress): { readonly stage: string; readonly seconds: number } | null {
  const between = (name: string, from: number | null, to: number | null) =>
    from === null || to === null ? null : { stage: name, seconds: Math.max(0, to - from) / 1_000 }
  switch (stage) {
    case 'final':
      return between('final', data.seenAt, data.finalAt)
    case 'lightClientUpdated':
      return between('provable', data.finalAt, data.provableAt)
    case 'proven':
      return between('submitted', data.provableAt, data.submittedAt)
    case 'delivered':
      return between('included', data.submittedAt, data.includedAt)
    case 'settled':
      return between('settled', data.includedAt, data.settledAt)
    default:
      return null
  }
}
