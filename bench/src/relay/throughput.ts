import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { type PostgresServer, startPostgres } from '@meridian/compass/testing/postgres'
import { createQbftChain, devAccounts, type QbftChain } from '@meridian/devnet'
import { rawConfigOf, secretsOf } from '../../../e2e/src/support/compass-config.ts'
import { type Side, startTwoChains, type TwoChains } from '../../../e2e/src/support/two-qbft.ts'
import { HEAP_MB } from '../../../packages/cli/bin/heap.js'
import { createLoad } from './load.ts'
import { type BlockTimes, type OrderBlocks, ranOn, sentFrom, watchBlocks } from './observe.ts'

/** How the relay is loaded. */
export interface LoadSettings {
  /** Messages a second, both directions together. */
  readonly rate: number
  /** Seconds that are measured. */
  readonly seconds: number
  /** Seconds before, that are not. */
  readonly warmUp: number
  readonly store: 'pglite' | 'postgres'
}

/** What a run came to. */
export interface Throughput {
  /** Messages included on their targets, a second. */
  readonly perSecond: number
  /** Milliseconds from the final block of the source to the block of the target, by this machine's clock. */
  readonly latency: { readonly p50: number; readonly p95: number; readonly p99: number }
  /** Seconds that a message sent at the end of the run waited at most. */
  readonly drainSeconds: number
  /** MB of Compass at the end, and MB a minute that it grew by after the warm-up. */
  readonly memory: { readonly end: number; readonly max: number; readonly slope: number }
  /** Seconds of processor time in a second of the run, by part. */
  readonly processor: Readonly<Record<string, number>>
  readonly messages: { readonly sent: number; readonly delivered: number; readonly transactions: number }
}

const program = fileURLToPath(new URL('./compass.ts', import.meta.url))
/** Account of the chains' mnemonic that sends: the one that the counters trust. */
const SENDER = 0
/** Batches of messages in a second: an application's traffic is spread, not in bursts. */
const SLICES = 10
/** Milliseconds between Compass' looks at a chain. */
export const POLL_MS = 100
const TICKS_PER_SECOND = 100

/** Compass' process as it reports itself. */
export interface Running {
  readonly child: ChildProcess
  readonly samples: { readonly at: number; readonly rss: number; readonly cpuMs: number }[]
  readonly firstDelivery: Promise<number>
  stop(): Promise<void>
}

/** Starts Compass on a configuration. */
export function startCompass(
  configPath: string,
  env: Readonly<Record<string, string>>,
  flags: readonly string[] = [],
): Running {
  // as `meridian compass start` runs it
  const child = spawn(process.execPath, [`--max-old-space-size=${HEAP_MB}`, ...flags, program, configPath], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const samples: { at: number; rss: number; cpuMs: number }[] = []
  const started = performance.now()
  const firstDelivery = new Promise<number>((resolve) => {
    createInterface({ input: child.stdout }).on('line', (text) => {
      const line: unknown = JSON.parse(text)
      if (typeof line !== 'object' || line === null) return
      if ('rss' in line && 'cpuMs' in line)
        samples.push({ at: performance.now(), rss: Number(line.rss), cpuMs: Number(line.cpuMs) })
      if ('firstDelivery' in line) resolve(performance.now() - started)
    })
  })
  return {
    child,
    samples,
    firstDelivery,
    stop: () =>
      new Promise((resolve) => {
        child.once('exit', () => resolve())
        if (child.exitCode === null) child.kill('SIGTERM')
        else resolve()
      }),
  }
}

/** Processor time of another process and what it started, in milliseconds. */
function processorOf(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return ((Number(fields[11]) + Number(fields[12])) * 1_000) / TICKS_PER_SECOND
}

/** Two QBFT chains of 1 s blocks with 60M gas, and a configuration of Compass between them. */
export async function startWorld(store: LoadSettings['store']): Promise<{
  readonly chains: TwoChains
  /** The chains of `chains.a` and `chains.b`, in this order. */
  readonly qbft: readonly [QbftChain, QbftChain]
  readonly configPath: string
  /** Where the store is. */
  readonly place: string
  stop(): Promise<void>
}> {
  const started = new Map<number, QbftChain>()
  const start = (chainId: number) => async (clock: TwoChains['clock']) => {
    const chain = await createQbftChain({ chainId, clock, blockPeriodSeconds: 1 })
    started.set(chainId, chain)
    return chain
  }
  const chains = await startTwoChains({ starts: [start(7001), start(7002)] })
  // whichever of them was up first
  const qbftOf = ({ chain: { chainId } }: Side): QbftChain => {
    const chain = started.get(chainId)
    if (chain === undefined) throw new Error(`no chain ${chainId}`)
    return chain
  }
  chains.clock.setRate(1)
  const folder = mkdtempSync(join(tmpdir(), 'meridian-relay-'))
  const server: PostgresServer | null = store === 'postgres' ? await startPostgres() : null
  const place = (await server?.createDatabase('compass')) ?? join(folder, 'store')
  const tuning = { pollMs: POLL_MS, maxBatch: 64 }
  const configPath = join(folder, 'compass.json')
  writeFileSync(configPath, JSON.stringify(rawConfigOf(chains, place, { a: tuning, b: tuning })))
  return {
    chains,
    qbft: [qbftOf(chains.a), qbftOf(chains.b)],
    configPath,
    place,
    async stop() {
      await chains.stop()
      await server?.stop()
      rmSync(folder, { recursive: true })
    },
  }
}

export async function runThroughput(settings: LoadSettings, note: (text: string) => void): Promise<Throughput> {
  note(`two QBFT chains, store on ${settings.store}`)
  const { chains, qbft, configPath, stop } = await startWorld(settings.store)
  const { a, b } = chains
  // a profile of Compass where the folder for it is given
  const folder = process.env.RELAY_CPU_PROF
  const flags = folder === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${folder}`]
  const compass = startCompass(configPath, secretsOf(chains), flags)
  try {
    const sender = devAccounts(SENDER + 1)[SENDER]?.account
    if (sender === undefined) throw new Error('no sender')
    const loads = await Promise.all([createLoad(a, b, sender), createLoad(b, a, sender)])
    const times = [watchBlocks(qbft[0].head), watchBlocks(qbft[1].head)] as const
    const begin = performance.now()
    const from = begin + settings.warmUp * 1_000
    const until = from + settings.seconds * 1_000
    let slice = 0
    let cpu: Record<string, number> = {}
    const processor = (): Record<string, number> => {
      const own = process.cpuUsage()
      const [first, second] = qbft.map(({ pid }) => processorOf(pid))
      return {
        compass: compass.samples.at(-1)?.cpuMs ?? 0,
        'chains and load': (own.user + own.system) / 1_000,
        anvil: (first ?? 0) + (second ?? 0),
      }
    }
    let measuring = false
    note(`warm-up of ${settings.warmUp} s, then ${settings.seconds} s at ${settings.rate} messages/s`)
    while (performance.now() < until) {
      if (!measuring && performance.now() >= from) {
        measuring = true
        cpu = processor()
      }
      // what has to be sent by now, by the clock: a slow machine is not given a slower load
      const due = Math.floor(((performance.now() - begin) / 1_000) * settings.rate)
      const missing = due - loads[0].sent() - loads[1].sent()
      await Promise.all([loads[0].send(missing - (missing >> 1)), loads[1].send(missing >> 1)])
      slice += 1
      const next = begin + (slice * 1_000) / SLICES
      await new Promise((resolve) => setTimeout(resolve, Math.max(1, next - performance.now())))
      if (slice % (SLICES * 10) === 0) {
        const [onA, onB] = await Promise.all([a.count(), b.count()])
        note(
          `${Math.round((performance.now() - begin) / 1_000)} s: sent ${loads[0].sent() + loads[1].sent()}, delivered ${onA + onB}`,
        )
      }
    }
    const spent = processor()
    const end = performance.now()
    const total = BigInt(loads[0].sent() + loads[1].sent())
    const limit = end + 120_000
    while ((await a.count()) + (await b.count()) < total && performance.now() < limit)
      await new Promise((resolve) => setTimeout(resolve, 250))
    const drainSeconds = (performance.now() - end) / 1_000
    await compass.stop()
    for (const watch of times) watch.stop()
    const [outA, outB, inA, inB] = await Promise.all([sentFrom(a), sentFrom(b), ranOn(a), ranOn(b)])
    const latencies: number[] = []
    let included = 0
    const collect = (out: OrderBlocks, source: BlockTimes, ran: OrderBlocks, target: BlockTimes): void => {
      for (const [order, block] of out) {
        const [final, done] = [source.at(block), target.at(ran.get(order) ?? -1n)]
        if (final === null || done === null) continue
        // the clocks are one: what ran before it was sent was dated by the wrong chain
        if (done < final) throw new Error(`order ${order} ran ${final - done} ms before it was final`)
        if (done >= from && done < until) included += 1
        if (final >= from && final < until) latencies.push(done - final)
      }
    }
    collect(outA, times[0], inB, times[1])
    collect(outB, times[1], inA, times[0])
    latencies.sort((x, y) => x - y)
    const quantile = (q: number): number =>
      latencies[Math.min(latencies.length - 1, Math.floor(q * latencies.length))] ?? Number.NaN
    const after = compass.samples.filter(({ at }) => at >= from && at < until)
    const seconds = (end - from) / 1_000
    return {
      perSecond: included / settings.seconds,
      latency: { p50: quantile(0.5), p95: quantile(0.95), p99: quantile(0.99) },
      drainSeconds,
      memory: memoryOf(after),
      processor: Object.fromEntries(
        Object.entries(spent).map(([part, ms]) => [part, (ms - (cpu[part] ?? 0)) / 1_000 / seconds]),
      ),
      messages: {
        sent: outA.size + outB.size,
        delivered: inA.size + inB.size,
        transactions: await transactionsOf([a, b]),
      },
    }
  } finally {
    await compass.stop()
    await stop()
  }
}

async function transactionsOf(sides: readonly Side[]): Promise<number> {
  const counts = await Promise.all(
    sides.map(({ deployer, relayer }) => deployer.client.getTransactionCount({ address: relayer })),
  )
  return counts.reduce((sum, count) => sum + count, 0)
}

const MB = 2 ** 20

/** Size and growth, by least squares. */
export function memoryOf(samples: readonly { readonly at: number; readonly rss: number }[]): Throughput['memory'] {
  const points = samples.map(({ at, rss }) => [at / 60_000, rss / MB] as const)
  const mean = (pick: 0 | 1): number => points.reduce((sum, point) => sum + point[pick], 0) / points.length
  const [minutes, size] = [mean(0), mean(1)]
  const over = points.reduce((sum, [x, y]) => sum + (x - minutes) * (y - size), 0)
  const under = points.reduce((sum, [x]) => sum + (x - minutes) ** 2, 0)
  return { end: points.at(-1)?.[1] ?? Number.NaN, max: Math.max(...points.map(([, y]) => y)), slope: over / under }
}
