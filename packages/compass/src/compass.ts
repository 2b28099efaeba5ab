import type { ClientState } from '@meridian/consensus'
import { MeridianError } from '@meridian/core'
import type { Logger } from 'pino'
import { type Address, getAddress } from 'viem'
import type { ChainContext } from './chain-context.ts'
import type { Claim } from './claimer/claim.ts'
import { createClaimer } from './claimer/claimer.ts'
import { type Clock, systemClock } from './clock.ts'
import { createMaintainer, type Maintainer } from './maintainer/maintainer.ts'
import { legal, type Message, type MessageKey, type MessageState, type Reason } from './message.ts'
import { createLane } from './messenger/lane.ts'
import { createFirstLeg, createLastLeg, type HubContext, type Leg } from './messenger/leg.ts'
import { retryFailed } from './messenger/retry.ts'
import { createHubSource, createSource, type Source } from './messenger/source.ts'
import type { Metrics } from './metrics/metrics.ts'
import type { Progress } from './progress.ts'
import type { Store } from './store/types.ts'
import { createSubmitter, type Submitter } from './submitter/submitter.ts'
import type { SupplyState } from './supply/supply.ts'
import { createSupplyWatch, type SupplyWatch } from './supply/watch.ts'
import { createWorker, type Worker } from './worker.ts'

/** A direction to serve. */
export interface LaneConfig {
  readonly from: bigint
  readonly to: bigint
  /** The chain whose hub it goes over. Absent: it is direct. */
  readonly via?: bigint
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
}

const SUPPLY_MS = 15_000

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
  const common = { store: deps.store, clock, log: deps.log }
  const chains = new Map(deps.chains.map((chain) => [chain.id, { ...chain, mos: getAddress(chain.mos) }]))
  const submitters = new Map<bigint, Submitter>()
  const sources = new Map<bigint, Source>()
  const maintainers = new Map<string, { fromChain: bigint; toChain: bigint; maintainer: Maintainer }>()
  const watches: SupplyWatch[] = []
  const rounds: Worker[] = []
  const pollOf = new Map<Worker, number>()

  function chainOf(id: bigint): ChainContext {
    const chain = chains.get(id)
    if (chain === undefined) throw new MeridianError('CONFIG', `lanes: chain ${id} is not configured`, { given: id })
    return chain
  }

  function hubOf(id: bigint): HubContext {
    const chain = chainOf(id)
    if (chain.hub === undefined) throw new MeridianError('CONFIG', `chains: ${chain.name} has no hub`, { given: id })
    return { ...chain, hub: getAddress(chain.hub) }
  }

  /** The legs of a lane's way, the last one last. */
  function legsOf({ from, to, via }: LaneConfig): readonly Leg[] {
    const [source, target] = [chainOf(from), chainOf(to)]
    if (via === undefined) return [createLastLeg(source, target, null)]
    const hub = hubOf(via)
    return [createFirstLeg(source, hub, target), createLastLeg(source, target, hub)]
  }

  function add(name: string, pollMs: number, work: () => Promise<unknown>): void {
    const worker = createWorker(name, work, clock, deps.log)
    rounds.push(worker)
    pollOf.set(worker, pollMs)
  }

  /** The one that keeps a chain's light client on another. */
  function maintainerOf(source: ChainContext, target: ChainContext, submitter: Submitter): Maintainer {
    const key = `${source.id}-${target.id}`
    const known = maintainers.get(key)
    if (known !== undefined) return known.maintainer
    const maintainer = createMaintainer(source, target, submitter, common)
    maintainers.set(key, { fromChain: source.id, toChain: target.id, maintainer })
    return maintainer
  }

  const legs = deps.lanes.flatMap(legsOf)
  for (const { target } of legs) {
    const { name, id, signer } = target
    if (signer === null) throw new MeridianError('CONFIG', `chains: ${name} needs a signer`, { given: id })
  }
  const paying = new Set([
    ...legs.map(({ target }) => target.id),
    ...deps.lanes.flatMap(({ from }) => (claimsOn(chainOf(from)) ? [from] : [])),
  ])
  for (const id of paying) {
    const chain = chainOf(id)
    const submitter = createSubmitter(chain, common)
    submitters.set(id, submitter)
    add(`submitter ${chain.name}`, chain.tuning.pollMs, submitter.poll)
  }
  for (const chain of chains.values()) {
    const used = deps.lanes.filter(({ from }) => from === chain.id).map(({ to }) => to)
    const source = createSource(chain, used, common)
    sources.set(chain.id, source)
    add(`source ${chain.name}`, chain.tuning.pollMs, source.step)
  }
  for (const id of new Set(deps.lanes.flatMap(({ via }) => (via === undefined ? [] : [via])))) {
    const hub = hubOf(id)
    const source = createHubSource(hub, [...chains.values()], common)
    add(`hub ${hub.name}`, hub.tuning.pollMs, source.step)
  }
  for (const leg of legs) {
    const { source, target } = leg
    const submitter = submitters.get(target.id)
    if (submitter === undefined) continue
    const maintainer = maintainerOf(source, target, submitter)
    const targetFinal = () => sources.get(target.id)?.finalized()?.number ?? null
    const lane = createLane({ ...common, leg, submitter, maintainer, targetFinal })
    add(nameOf(leg), target.tuning.pollMs, lane.step)
  }
  for (const { from, to, via } of deps.lanes) {
    const [source, target, submitter, wallet] = [chainOf(from), chainOf(to), submitters.get(to), submitters.get(from)]
    if (source.claims === null || wallet === undefined || submitter === undefined) continue
    const hub = via === undefined ? null : hubOf(via)
    const [vouching, onHub] = [hub ?? target, hub === null ? undefined : submitters.get(hub.id)]
    const claimer = createClaimer({
      ...common,
      source,
      target,
      rule: source.claims,
      submitter: wallet,
      // of the chain that vouches for the target on the source: the other way round
      maintainer: maintainerOf(vouching, source, wallet),
      deliverer: submitter.address,
      via:
        hub === null || onHub === undefined
          ? null
          : { hub, submitter: onHub, maintainer: maintainerOf(target, hub, onHub) },
    })
    add(`claimer ${source.name}-${target.name}`, source.tuning.pollMs, claimer.step)
  }
  for (const { name, lock, mint } of deps.supply ?? []) {
    const pair = {
      name,
      lock: { ...lock, chain: chainOf(lock.chain) },
      mint: { ...mint, chain: chainOf(mint.chain) },
    }
    const watch = createSupplyWatch(pair, { clock, log: deps.log, metrics: deps.metrics ?? null })
    watches.push(watch)
    add(`supply ${name}`, deps.supplyMs ?? SUPPLY_MS, watch.look)
  }

  let running: { readonly abort: AbortController; readonly done: Promise<unknown> } | null = null

  async function loop(worker: Worker, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await worker.round()
      await clock.sleep(pollOf.get(worker) ?? 0, signal)
    }
  }

  return {
    start() {
      if (running !== null) return
      const abort = new AbortController()
      running = { abort, done: Promise.all(rounds.map((worker) => loop(worker, abort.signal))) }
    },
    async stop() {
      running?.abort.abort()
      await running?.done
      running = null
    },
    async tick() {
      for (const worker of rounds) await worker.round()
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
      workers: rounds.map((worker) => ({ name: worker.name, trouble: worker.trouble() })),
      clients: [...maintainers.values()].map(({ fromChain, toChain, maintainer }) => ({
        fromChain,
        toChain,
        client: maintainer.lastRead(),
      })),
      supply: watches.map((watch) => ({ name: watch.name, state: watch.state() })),
    }),
    async retry(key, gasLimit) {
      const message = await deps.store.message(key)
      if (message === null) return { code: 'UNKNOWN_MESSAGE', detail: `no message ${key.orderId}` }
      if (message.state === 'failed') {
        const leg = legs.find(
          (l) => l.origin.id === message.fromChain && l.toChain === message.toChain && l.source.id === message.logChain,
        )
        const submitter = leg === undefined ? undefined : submitters.get(leg.target.id)
        if (leg === undefined || submitter === undefined)
          return { code: 'NO_LANE', detail: `no lane delivers to chain ${message.toChain}` }
        return retryFailed(leg, submitter, common, message, gasLimit)
      }
      if (!legal.woken.includes(message.state)) return null
      await deps.store.apply([[key, { type: 'woken', at: clock.now() }]])
      return null
    },
  }
}

/** A lane's legs are told apart by the hub. */
function nameOf({ origin, source, target, toChain }: Leg): string {
  if (source !== origin) return `lane ${origin.name}-${target.name} over ${source.name}`
  return toChain === target.id
    ? `lane ${origin.name}-${target.name}`
    : `lane ${origin.name}-${toChain} to ${target.name}`
}

/** Whether fees that lie on a chain are claimed: it needs a wallet there. */
function claimsOn(chain: ChainContext): boolean {
  return chain.claims !== null && chain.signer !== null
}
