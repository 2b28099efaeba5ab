import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { call, getBlock } from '@meridian/chain'
import type { ClientState } from '@meridian/consensus'
import { MeridianError } from '@meridian/core'
import type { Logger } from 'pino'
import { type Address, getAddress } from 'viem'
import type { ChainContext } from './chain-context.ts'
import { type ChainWork, createChainWork, type Duty } from './chain-work.ts'
import type { Claim } from './claimer/claim.ts'
import { type Clock, systemClock } from './clock.ts'
import type { Filters } from './filters/gate.ts'
import { backoffMs, legal, type Message, type MessageKey, type MessageState, type Reason } from './message.ts'
import type { Metrics } from './metrics/metrics.ts'
import { readRoute, readStoredClient, retryCalldata } from './mos.ts'
import { memberGas } from './plan.ts'
import { policyOf, retryDelayMs, revertReason } from './policy.ts'
import type { Progress } from './progress.ts'
import { createRoster, LEASE_BEAT_MS } from './roster.ts'
import { type Run, runDuties } from './run.ts'
import type { Store } from './store/types.ts'
import type { SupplyState } from './supply/supply.ts'
import { createSupplyWatch, type SupplyWatch } from './supply/watch.ts'
import { createWorker } from './worker.ts'

/** A direction to serve. */
export interface LaneConfig {
  readonly from: bigint
  readonly to: bigint
}

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
  /** Nothing is sent, and no signer is needed: what would be sent is told. Default: false. */
  readonly dryRun?: boolean
  /** Names this Compass among those that share the store. Default: machine, process and a random number. */
  readonly name?: string
}

const SUPPLY_MS = 15_000
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

/** @throws {MeridianError} `CONFIG` where a lane names a chain that is not there, or one without a signer. */
export function createCompass(deps: CompassDeps): Compass {
  const clock = deps.clock ?? systemClock
  const { store, log } = deps
  const optional = {
    ...(deps.filters === undefined ? {} : { filters: deps.filters }),
    ...(deps.dryRun === undefined ? {} : { dryRun: deps.dryRun }),
  }
  const chains = new Map(deps.chains.map((chain) => [chain.id, { ...chain, mos: getAddress(chain.mos) }]))
  const watches: SupplyWatch[] = []
  /** What each Compass does, whoever else is there. */
  const own: Duty[] = []
  /** What is done here now, by chain. */
  const active = new Map<string, { readonly work: ChainWork; readonly run: Run | null }>()

  function chainOf(id: bigint): ChainContext {
    const chain = chains.get(id)
    if (chain === undefined) throw new MeridianError('CONFIG', `lanes: chain ${id} is not configured`, { given: id })
    return chain
  }

  for (const { from, to } of deps.lanes) {
    chainOf(from)
    const { name, signer } = chainOf(to)
    if (signer === null && deps.dryRun !== true)
      throw new MeridianError('CONFIG', `chains: ${name} needs a signer`, { given: to })
  }

  function workOf(chain: ChainContext, view: Store): ChainWork {
    const from = deps.lanes.filter(({ to }) => to === chain.id).map((lane) => chainOf(lane.from))
    const to = deps.lanes.filter((lane) => lane.from === chain.id).map((lane) => chainOf(lane.to))
    return createChainWork({ chain, from, to, store: view, clock, log, ...optional })
  }

  for (const { name, lock, mint } of deps.supply ?? []) {
    const pair = {
      name,
      lock: { ...lock, chain: chainOf(lock.chain) },
      mint: { ...mint, chain: chainOf(mint.chain) },
    }
    const watch = createSupplyWatch(pair, { clock, log, metrics: deps.metrics ?? null })
    watches.push(watch)
    const worker = createWorker(`supply ${name}`, watch.look, clock, log)
    own.push({ worker, pollMs: deps.supplyMs ?? SUPPLY_MS, wakes: () => false })
  }
  if (store.leases === null) {
    for (const chain of chains.values()) active.set(leaseName(chain), { work: workOf(chain, store), run: null })
    own.push({ worker: createWorker('store', store.tidy, clock, log), pollMs: TIDY_MS, wakes: () => false })
  }

  let running: { readonly abort: AbortController; readonly done: Promise<unknown>; readonly run: Run } | null = null

  const roster =
    store.leases === null
      ? null
      : createRoster(
          store.leases,
          deps.name ?? `${hostname()}:${process.pid}:${randomUUID()}`,
          [...chains.values()].map(leaseName),
          {
            gained(lease) {
              const chain = [...chains.values()].find((one) => leaseName(one) === lease.name)
              if (chain === undefined) return
              const work = workOf(chain, store.fenced(lease))
              active.set(lease.name, { work, run: running === null ? null : runDuties(work.duties, store, clock) })
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

  async function retryFailed(message: Message, gasLimit: bigint | undefined): Promise<Reason | null> {
    const target = chains.get(message.toChain)
    if (target === undefined || !deps.lanes.some(({ to }) => to === message.toChain))
      return { code: 'NO_LANE', detail: `no lane delivers to chain ${message.toChain}` }
    const submitter = active.get(leaseName(target))?.work.submitter ?? null
    if (submitter === null)
      return { code: 'LEASED_ELSEWHERE', detail: `another Compass works for ${target.name}: ask that one` }
    const { rpc } = target.ports
    const { number: head } = await getBlock(rpc, 'latest')
    const vouched = await readStoredClient(rpc, target.mos, message, head)
    const lightClient = vouched ?? (await readRoute(rpc, target.mos, message.fromChain)).lightClient
    const data = retryCalldata(message, lightClient)
    const gas = memberGas({ ...message, gasLimit: gasLimit ?? message.gasLimit }) * 2n
    const simulated = await call(rpc, { to: target.mos, data, from: submitter.address, gas })
    if (!simulated.ok) {
      const reason = revertReason(simulated.revert)
      const at = clock.now()
      const nextAttemptAt = at + retryDelayMs(policyOf(simulated.revert), backoffMs(message.attempts))
      await deps.store.apply([[message, { type: 'waiting', at, reason, nextAttemptAt, failure: true }]])
      return reason
    }
    const job = { kind: 'retry', to: target.mos, data, gasLimit: gas, messages: [message] } as const
    const sent = await submitter.send(job)
    return sent.status === 'sent' ? null : sent.reason
  }

  const duties = (): readonly Duty[] => [...[...active.values()].flatMap(({ work }) => work.duties), ...own]

  return {
    start() {
      if (running !== null) return
      const abort = new AbortController()
      const run = runDuties(own, store, clock)
      running = { abort, done: Promise.all([keepShare(roster === null ? AbortSignal.abort() : abort.signal)]), run }
      for (const [name, { work }] of active) active.set(name, { work, run: runDuties(work.duties, store, clock) })
    },
    async stop() {
      const ending = running
      running = null
      ending?.abort.abort()
      await Promise.all([ending?.run.stop(), ending?.done, ...[...active.values()].map(({ run }) => run?.stop())])
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
        work.maintainers.map(({ fromChain, maintainer }) => ({
          fromChain,
          toChain: work.chain.id,
          client: maintainer.lastRead(),
        })),
      ),
      leases: roster?.held().map(({ name }) => name) ?? null,
      supply: watches.map((watch) => ({ name: watch.name, state: watch.state() })),
    }),
    async retry(key, gasLimit) {
      const message = await deps.store.message(key)
      if (message === null) return { code: 'UNKNOWN_MESSAGE', detail: `no message ${key.orderId}` }
      if (message.state === 'failed') return retryFailed(message, gasLimit)
      if (!legal.woken.includes(message.state)) return null
      await deps.store.apply([[key, { type: 'woken', at: clock.now() }]])
      return null
    },
  }
}

/** The piece of work that several Compasses divide. */
const leaseName = ({ id }: ChainContext): string => `chain ${id}`
