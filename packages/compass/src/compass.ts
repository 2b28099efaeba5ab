import { call, getBlock } from '@meridian/chain'
import type { ClientState } from '@meridian/consensus'
import { MeridianError } from '@meridian/core'
import type { Logger } from 'pino'
import { type Address, getAddress } from 'viem'
import type { ChainContext } from './chain-context.ts'
import type { Claim } from './claimer/claim.ts'
import { createClaimer } from './claimer/claimer.ts'
import { type Clock, systemClock } from './clock.ts'
import { createMaintainer, type Maintainer } from './maintainer/maintainer.ts'
import { backoffMs, legal, type Message, type MessageKey, type MessageState, type Reason } from './message.ts'
import { createLane } from './messenger/lane.ts'
import { createSource, type Source } from './messenger/source.ts'
import type { Metrics } from './metrics/metrics.ts'
import { readRoute, readStoredClient, retryCalldata } from './mos.ts'
import { memberGas } from './plan.ts'
import { policyOf, retryDelayMs, revertReason } from './policy.ts'
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

/** @throws {MeridianError} `CONFIG` where a lane names a chain that is not there, or one without a signer. */
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

  for (const { to } of deps.lanes) {
    const { name, signer } = chainOf(to)
    if (signer === null) throw new MeridianError('CONFIG', `chains: ${name} needs a signer`, { given: to })
  }
  const paying = new Set(deps.lanes.flatMap(({ from, to }) => [to, ...(claimsOn(chainOf(from)) ? [from] : [])]))
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
  for (const { from, to } of deps.lanes) {
    const [source, target, submitter] = [chainOf(from), chainOf(to), submitters.get(to)]
    if (submitter === undefined) continue
    const maintainer = maintainerOf(source, target, submitter)
    const targetFinal = () => sources.get(to)?.finalized()?.number ?? null
    const lane = createLane({ ...common, source, target, submitter, maintainer, targetFinal })
    add(`lane ${source.name}-${target.name}`, target.tuning.pollMs, lane.step)
    const wallet = submitters.get(from)
    if (source.claims === null || wallet === undefined) continue
    const claimer = createClaimer({
      ...common,
      source,
      target,
      rule: source.claims,
      submitter: wallet,
      // of the target on the source: the other way round
      maintainer: maintainerOf(target, source, wallet),
      deliverer: submitter.address,
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

  async function retryFailed(message: Message, gasLimit: bigint | undefined): Promise<Reason | null> {
    const submitter = submitters.get(message.toChain)
    const target = chains.get(message.toChain)
    if (submitter === undefined || target === undefined)
      return { code: 'NO_LANE', detail: `no lane delivers to chain ${message.toChain}` }
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
      if (message.state === 'failed') return retryFailed(message, gasLimit)
      if (!legal.woken.includes(message.state)) return null
      await deps.store.apply([[key, { type: 'woken', at: clock.now() }]])
      return null
    },
  }
}

/** Whether fees that lie on a chain are claimed: it needs a wallet there. */
function claimsOn(chain: ChainContext): boolean {
  return chain.claims !== null && chain.signer !== null
}
