import { cpus, loadavg, totalmem } from 'node:os'
import type { Peer } from '../scenario.ts'
import { MESSAGE_BYTES } from './load.ts'
import { measureQuiet } from './quiet.ts'
import { measureStart, STORED } from './start.ts'
import { type LoadSettings, POLL_MS, runThroughput, type Throughput } from './throughput.ts'

/** A figure of the relay. */
export interface RelayFigure {
  readonly id: string
  readonly unit: 'messages/s' | 's' | 'MB' | 'MB/min' | 'calls'
  readonly measure: string
  readonly floor: number
  /** Whether the floor is the least that is wanted, rather than the most. */
  readonly atLeast: boolean
  readonly aim: null
  readonly peers: readonly Peer[]
  readonly value: number
}

/** Everything that `bench relay` says. */
export interface RelayReport {
  readonly scenarios: readonly RelayFigure[]
  readonly skipped: readonly { readonly id: string; readonly reason: string }[]
  readonly machine: {
    readonly processor: string
    readonly cores: number
    readonly memoryGb: number
    readonly load: number
  }
  readonly load: LoadSettings & { readonly bytes: number; readonly pollMs: number; readonly memorySeconds: number }
  readonly runs: Readonly<Record<string, Throughput>>
}

/** What to run. */
export interface RelayOptions extends LoadSettings {
  /** Seconds of the memory run, which is loaded with less. */
  readonly memorySeconds: number
  /** Ids to measure; all when empty. */
  readonly only: readonly string[]
}

const MEMORY_RATE = 20
const MEMORY_WARM_UP = 60
const peers: readonly Peer[] = [
  {
    name: 'Hyperlane CLI relayer 7.3.0, as it comes',
    value: 0.25,
    source: 'measured; TypeScript, no batching, no light client',
  },
  { name: 'the same, polling every 50 ms', value: 0.49, source: 'measured; its Rust relayer was not' },
]

const round = (value: number, digits: number): number => Number(value.toFixed(digits))

/** Runs what is wanted, one after the other: two at once would share the cores. */
export async function measureRelay(options: RelayOptions, note: (text: string) => void): Promise<RelayReport> {
  const { only, memorySeconds, ...load } = options
  const wanted = (id: string): boolean => only.length === 0 || only.includes(id)
  const scenarios: RelayFigure[] = []
  const skipped: { id: string; reason: string }[] = []
  const runs: Record<string, Throughput> = {}
  const figure = (
    id: string,
    unit: RelayFigure['unit'],
    measure: string,
    [floor, atLeast]: readonly [number, boolean],
    value: number,
    known: readonly Peer[] = [],
  ): void => {
    if (wanted(id)) scenarios.push({ id, unit, measure, floor, atLeast, aim: null, peers: known, value })
  }
  if (wanted('relay/throughput') || wanted('relay/p95')) {
    const run = await runThroughput(load, note)
    runs.throughput = run
    const over = `over ${load.seconds} s at ${load.rate}/s`
    figure('relay/throughput', 'messages/s', over, [100, true], round(run.perSecond, 1), peers)
    figure('relay/p95', 's', 'final to included', [2.5, false], round(run.latency.p95 / 1_000, 2))
  }
  if (wanted('relay/start-100k')) {
    const took = await measureStart(load.store, note)
    figure('relay/start-100k', 's', `with ${STORED} messages`, [3, false], round(took / 1_000, 2))
  }
  if (wanted('relay/rss-mb')) {
    const memory = { rate: MEMORY_RATE, seconds: memorySeconds, warmUp: MEMORY_WARM_UP, store: load.store }
    const run = await runThroughput(memory, note)
    runs.memory = run
    const limit = load.store === 'postgres' ? 400 : 900
    figure(
      'relay/rss-mb',
      'MB',
      `most in ${memorySeconds} s at ${MEMORY_RATE}/s`,
      [limit, false],
      round(run.memory.max, 0),
    )
    scenarios.push({
      ...{
        id: 'relay/rss-slope',
        unit: 'MB/min',
        measure: 'growth after warm-up',
        floor: 1,
        atLeast: false,
        aim: null,
      },
      ...{ peers: [], value: round(run.memory.slope, 2) },
    })
  }
  if (wanted('relay/rpc-per-block'))
    figure('relay/rpc-per-block', 'calls', 'a chain and block, idle', [2, false], round(await measureQuiet(note), 2))
  const [processor] = cpus()
  return {
    scenarios,
    skipped,
    machine: {
      processor: processor?.model ?? 'unknown',
      cores: cpus().length,
      memoryGb: Math.round(totalmem() / 2 ** 30),
      load: round(loadavg()[0] ?? Number.NaN, 1),
    },
    load: { ...load, bytes: MESSAGE_BYTES, pollMs: POLL_MS, memorySeconds },
    runs,
  }
}

/** The report for a person. */
export function relayTable({ scenarios, machine, load, runs }: RelayReport): string {
  const lines = [
    `machine: ${machine.processor}, ${machine.cores} cores, ${machine.memoryGb} GB; load average ${machine.load}`,
    `load: ${load.rate} messages/s of ${load.bytes} bytes, both ways, ${load.seconds} s after ${load.warmUp} s; store on ${load.store}; a look each ${load.pollMs} ms`,
  ]
  for (const { id, unit, measure, floor, atLeast, value, peers: known } of scenarios) {
    const met = atLeast ? value >= floor : value <= floor
    lines.push(
      `${id.padEnd(20)} ${String(value).padStart(8)} ${unit} (${measure}); floor ${floor}: ${met ? 'met' : 'missed'}`,
    )
    for (const peer of known) lines.push(`    ${String(peer.value).padStart(8)} ${peer.name} (${peer.source})`)
  }
  for (const [name, run] of Object.entries(runs)) {
    const parts = Object.entries(run.processor).map(([part, cores]) => `${part} ${cores.toFixed(2)}`)
    const { p50, p95, p99 } = run.latency
    lines.push(
      `${name}: cores used by ${parts.join(', ')}; ${run.messages.delivered} messages in ${run.messages.transactions} transactions`,
      `    final to included: median ${Math.round(p50)} ms, p95 ${Math.round(p95)}, p99 ${Math.round(p99)}; all done ${run.drainSeconds.toFixed(1)} s after the last was sent`,
    )
  }
  return lines.join('\n')
}
