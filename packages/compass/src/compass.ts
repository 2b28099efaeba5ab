import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import type { ClientState } from '@meridian/consensus'
import type { Logger } from 'pino'
import { type Address, getAddress } from 'viem'
import { createBell } from './bell.ts'
import type { ChainContext } from './chain-context.ts'
import { type ChainWork, chainOf, createChainWork, type Duty, type LaneConfig, legsOf, piecesOf } from './chain-work.ts'
import type { Claim } from './claimer/claim.ts'
import { type Clock, systemClock } from './clock.ts'
import { createEndpointKeeper } from './endpoint-keeper.ts'
import type { Filters } from './filters/gate.ts'
import { legal, type Message, type MessageKey, type MessageState, type Reason } from './message.ts'
import { retryFailed } from './messenger/retry.ts'
import type { Metrics } from './metrics/metrics.ts'
import type { Progress } from './progress.ts'
import { createRoster, LEASE_BEAT_MS } from './roster.ts'
import { type Run, runDuties } from './run.ts'
import type { Store } from './store/types.ts'
import type { SupplyState } from './supply/supply.ts'
import { createSupplyWatch, type SupplyWatch } from './supply/watch.ts'
import type { WatchOptions } from './watcher/options.ts'
import { createWorker } from './worker.ts'

/** An asset to watch: locked on one chain, minted on another. */
export interface SupplyConfig {
  readonly name: string
  readonly lock: { readonly chain: bigint; readonly address: Address; readonly decimals: number }
  readonly mint: {
    readonly chain: bigint
    readonly address: Address
    readonly read: 'outstanding' | 'totalSupply'
    readonly decimals: number
  }
}

/** What Compass is made of. */
export interface CompassDeps {
  readonly chains: readonly ChainContext[]
  readonly lanes: readonly LaneConfig[]
  readonly store: Store
  readonly log: Logger
  /** Default: the machine's. */
  readonly clock?: Clock
  /** Default: none. */
  readonly supply?: readonly SupplyConfig[]
  /** Milliseconds between two looks at a supply. Default: 15 seconds. */
  readonly supplyMs?: number
  readonly metrics?: Metrics
  /** Which messages are carried. Default: all. */
  readonly filters?: Filters
  /** Light clients are watched. Default: they are not. */
  readonly watch?: WatchOptions
  /** Nothing is sent, and no signer is needed: what would be sent is told. Default: false. */
  readonly dryRun?: boolean
  /** Names this Compass among those that share the store. Default: machine, process and a random number. */
  readonly name?: string
}

const SUPPLY_MS = 15_000
/** Milliseconds between two looks at whether endpoints are to be remembered otherwise: nothing is asked for it. */
const KEEP_MS = 1_000
/** Milliseconds between two times that an embedded database is told to clean up. */
const TIDY_MS = 60_000

/** One part of Compass and why it makes no progress, if it does not. */
export interface WorkerStatus {
  readonly name: string
  readonly trouble: { readonly reason: Reason; readonly since: number; readonly failures: number } | null
}

/** A light client as Compass last read it. */
export interface ClientStatus {
  readonly fromChain: bigint
  readonly toChain: bigint
  readonly client: ClientState | null
}

/** The service. */
export interface Compass {
  /** Works until `stop`. Chains that are down are waited for. */
  start(): void
  /** Ends after the work under way; the store stays open. */
  stop(): Promise<void>
  /** One round of everything, in a fixed order; for tests and for `--once`. */
  tick(): Promise<void>
  /** Every step of every message, after it is durable. Returns a function that ends the subscription. */
  subscribe(listener: (progress: Progress) => void): () => void
  messages(filter?: { readonly state?: MessageState; readonly limit?: number }): Promise<readonly Message[]>
  message(key: MessageKey): Promise<Message | null>
  /** What deliveries have earned: newest first. */
  claims(filter?: { readonly limit?: number }): Promise<readonly Claim[]>
  status(): {
    readonly workers: readonly WorkerStatus[]
    readonly clients: readonly ClientStatus[]
    readonly supply: readonly { readonly name: string; readonly state: SupplyState | null }[]
    /** Chains that this Compass works for, of several that share the store; null where it is alone. */
    readonly leases: readonly string[] | null
  }
  /**
   * What an operator asks for: a failed message is run again on its target with at least `gasLimit` for the message, any
   * other one is tried now.
   *
   * @returns what it waits for, or null where the retry is on its way.
   */
  retry(key: MessageKey, gasLimit?: bigint): Promise<Reason | null>
}

/** @throws {MeridianError} `CONFIG` where a lane names a chain that is not there, or one without a signer or a hub. */
export function createCompass(deps: CompassDeps): Compass {
  const clock = deps.clock ?? systemClock
  const { store, log } = deps
  const optional = {
    ...(deps.filters === undefined ? {} : { filters: deps.filters }),
    ...(deps.watch === undefined ? {} : { watch: deps.watch }),
    ...(deps.dryRun === undefined ? {} : { dryRun: deps.dryRun }),
  }
  const chains = new Map(deps.chains.map((chain) => [chain.id, { ...chain, mos: getAddress(chain.mos) }]))
  const network = { chains, lanes: deps.lanes }
  const legs = legsOf(network, deps.dryRun === true || deps.watch?.only === true)
  const pieces = new Map(piecesOf(network).map((piece) => [leaseName(piece), piece]))
  const watches: SupplyWatch[] = []
  /** Failed messages whose retry is being made. */
  const retrying = new Set<string>()
  /** What each Compass does, whoever else is there. */
  const own: Duty[] = []
  /** What is done here now. */
  const active = new Map<string, { readonly work: ChainWork; readonly run: Run | null }>()

  for (const { name, lock, mint } of deps.supply ?? []) {
    const pair = {
      name,
      lock: { ...lock, chain: chainOf(network, lock.chain) },
      mint: { ...mint, chain: chainOf(network, mint.chain) },
    }
    const watch = createSupplyWatch(pair, { clock, log, metrics: deps.metrics ?? null })
    watches.push(watch)
    const worker = createWorker(`supply ${name}`, watch.look, clock, log)
    own.push({ worker, pollMs: deps.supplyMs ?? SUPPLY_MS, bell: createBell(clock), wakes: () => false })
  }
  const keeper = createEndpointKeeper(deps.chains, store.endpoints, clock.now)
  const keeping = createWorker('endpoints', keeper.keep, clock, log)
  own.push({ worker: keeping, pollMs: KEEP_MS, bell: createBell(clock), wakes: () => false })

  if (store.leases === null) {
    for (const [name, piece] of pieces)
      active.set(name, { work: createChainWork(network, piece, { store, clock, log, ...optional }), run: null })
    const worker = createWorker('store', store.tidy, clock, log)
    own.push({ worker, pollMs: TIDY_MS, bell: createBell(clock), wakes: () => false })
  }

  let running: { readonly abort: AbortController; readonly done: Promise<unknown>; readonly run: Run } | null = null

  const roster =
    store.leases === null
      ? null
      : createRoster(
          store.leases,
          deps.name ?? `${hostname()}:${process.pid}:${randomUUID()}`,
          [...pieces.keys()],
          {
            gained(lease) {
              const piece = pieces.get(lease.name)
              if (piece === undefined) return
              const work = createChainWork(network, piece, { store: store.fenced(lease), clock, log, ...optional })
              active.set(lease.name, { work, run: running === null ? null : runDuties(work.duties, store) })
            },
            async lost(name) {
              await active.get(name)?.run?.stop()
              active.delete(name)
            },
          },
          clock,
          log,
        )

  async function keepShare(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await roster?.beat()
      await clock.sleep(LEASE_BEAT_MS, signal)
    }
  }

  const duties = (): readonly Duty[] => [...[...active.values()].flatMap(({ work }) => work.duties), ...own]

  return {
    start() {
      if (running !== null) return
      const abort = new AbortController()
      const run = runDuties(own, store)
      running = { abort, done: Promise.all([keepShare(roster === null ? AbortSignal.abort() : abort.signal)]), run }
      for (const [name, { work }] of active) active.set(name, { work, run: runDuties(work.duties, store) })
    },
    async stop() {
      const ending = running
      running = null
      ending?.abort.abort()
      await Promise.all([ending?.run.stop(), ending?.done, ...[...active.values()].map(({ run }) => run?.stop())])
      await keeping.round()
      await roster?.leave()
    },
    async tick() {
      await roster?.beat()
      for (const { worker } of duties()) await worker.round()
    },
    subscribe: (listener) =>
      deps.store.subscribe((progress) => {
        try {
          listener(progress)
        } catch (error) {
          deps.log.error({ error: String(error) }, 'a progress listener threw')
        }
      }),
    messages: (filter) => deps.store.messages(filter),
    message: (key) => deps.store.message(key),
    claims: (filter) => deps.store.claims.list(filter?.limit ?? 1_000),
    status: () => ({
      workers: duties().map(({ worker }) => ({ name: worker.name, trouble: worker.trouble() })),
      clients: [...active.values()].flatMap(({ work }) =>
        work.maintainers.map(({ fromChain, toChain, maintainer }) => ({
          fromChain,
          toChain,
          client: maintainer.lastRead(),
        })),
      ),
      leases: roster?.held().map(({ name }) => name) ?? null,
      supply: watches.map((watch) => ({ name: watch.name, state: watch.state() })),
    }),
    async retry(key, gasLimit) {
      const message = await deps.store.message(key)
      if (message === null) return { code: 'UNKNOWN_MESSAGE', detail: `no message ${key.orderId}` }
      if (message.state === 'failed') {
        const leg = legs.find(
          (l) => l.origin.id === message.fromChain && l.toChain === message.toChain && l.source.id === message.logChain,
        )
        if (leg === undefined) return { code: 'NO_LANE', detail: `no lane delivers to chain ${message.toChain}` }
        const name = [...pieces].find(([, piece]) => piece.includes(leg.target.id))?.[0] ?? ''
        const submitter = active.get(name)?.work.submitters.get(leg.target.id)
        if (submitter === undefined)
          return { code: 'LEASED_ELSEWHERE', detail: `another Compass works for ${leg.target.name}: ask that one` }
        const id = `${key.fromChain}:${key.orderId}`
        if (retrying.has(id)) return { code: 'RETRY_UNDER_WAY', detail: 'a retry of it is being made' }
        retrying.add(id)
        return retryFailed(leg, submitter, { store, clock, log }, message, gasLimit).finally(() => retrying.delete(id))
      }
      if (message.state === 'included' && message.executed === false)
        return { code: 'NOT_FINAL', detail: 'it failed in a block that is not final yet: ask again when it is' }
      if (message.state === 'delivered' || message.state === 'expired')
        return { code: 'ENDED', detail: `it is ${message.state} for good` }
      if (!legal.woken.includes(message.state)) return null
      await deps.store.apply([[key, { type: 'woken', at: clock.now() }]])
      return null
    },
  }
}

/** Names a piece of the work for the Compasses that divide it. */
const leaseName = (piece: readonly bigint[]): string => `chain ${[...piece].sort().join(' and ')}`
