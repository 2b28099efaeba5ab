import { getBlock, parseAnswer, quantity } from '@meridian/chain'
import type { Logger } from 'pino'
import type { ChainContext } from '../chain-context.ts'
import type { LaneConfig } from '../chain-work.ts'
import type { Clock } from '../clock.ts'
import type { Compass } from '../compass.ts'
import type { Store } from '../store/types.ts'
import { reasonOf } from '../worker.ts'
import { type EndpointHead, type EndpointOverview, endpointOverviews } from './endpoints.ts'
import type { Metrics, Sample } from './metrics.ts'
import {
  type LaneOverview,
  type LightClientOverview,
  laneOverview,
  lightClientOverview,
  type RouteCost,
  routeCosts,
  runwayDays,
  type WalletOverview,
} from './overview.ts'

/** What an operator is shown, made of the store, the chains and the workers. */
export interface Telemetry {
  /** One look: reads what is due and renews the metrics. Never throws. */
  look(): Promise<void>
  lanes(): Promise<readonly LaneOverview[]>
  lightClients(): readonly LightClientOverview[]
  wallets(): readonly WalletOverview[]
  endpoints(): readonly EndpointOverview[]
  /** What routes have cost in the last `days`. */
  costs(days: number): Promise<readonly RouteCost[]>
  /** What was true at the last look changed: told with the new value. */
  subscribe(listener: (change: OverviewChange) => void): () => void
  stop(): void
}

/** A lane, a light client or a wallet is not as it was. */
export type OverviewChange =
  | { readonly type: 'lane'; readonly value: LaneOverview }
  | { readonly type: 'lightClient'; readonly value: LightClientOverview }
  | { readonly type: 'wallet'; readonly value: WalletOverview }

/** What telemetry is made of. */
export interface TelemetryDeps {
  readonly compass: Pick<Compass, 'status' | 'subscribe'>
  readonly store: Store
  readonly chains: readonly ChainContext[]
  readonly lanes: readonly LaneConfig[]
  readonly metrics: Metrics
  readonly clock: Clock
  readonly log: Logger
  readonly stallMs: number
  /** Milliseconds between two looks at a chain. */
  readonly balanceMs: number
}

const DAY_MS = 86_400_000

/** Looks at the service from outside: it reads, and nothing waits for it. */
export function createTelemetry(deps: TelemetryDeps): Telemetry {
  const { compass, store, chains, lanes, metrics, clock } = deps
  const log = deps.log.child({ role: 'telemetry' })
  const startedAt = clock.now()
  const lastStepAt = new Map<string, number>()
  const final = new Map<bigint, bigint>()
  const latest = new Map<bigint, bigint>()
  const wallets = new Map<string, WalletOverview>()
  const lookedAt = new Map<bigint, number>()
  /** By chain and name of the endpoint. */
  const heads = new Map<bigint, Map<string, EndpointHead>>()
  const listeners = new Set<(change: OverviewChange) => void>()
  const shown = new Map<string, string>()
  const nameOf = (id: bigint): string => chains.find((chain) => chain.id === id)?.name ?? String(id)
  const laneKey = (from: bigint, to: bigint): string => `${from}-${to}`

  const unsubscribe = compass.subscribe((progress) => {
    lastStepAt.set(laneKey(progress.fromChain, progress.toChain), clock.now())
    metrics.step(progress)
  })

  /** Asks every endpoint for its newest block, but those that rest: a head that was read before only gets older. */
  async function lookAtHeads(chain: ChainContext): Promise<void> {
    const known = heads.get(chain.id) ?? new Map<string, EndpointHead>()
    heads.set(chain.id, known)
    const health = chain.endpoints?.() ?? []
    const now = clock.now()
    const asked = (chain.nodes?.() ?? []).filter(({ name }) =>
      health.some((one) => one.name === name && one.restUntil <= now),
    )
    await Promise.all(
      asked.map(async (node) => {
        try {
          known.set(node.name, await getBlock(node, 'latest'))
        } catch (error) {
          log.debug({ chain: chain.name, host: node.host, ...reasonOf(error) }, 'an endpoint has no head')
        }
      }),
    )
  }

  async function lookAtChain(chain: ChainContext): Promise<void> {
    const now = clock.now()
    if (now - (lookedAt.get(chain.id) ?? Number.NEGATIVE_INFINITY) < deps.balanceMs) return
    lookedAt.set(chain.id, now)
    await lookAtHeads(chain)
    const [point, head] = await Promise.all([
      chain.consensus.finalized(chain.ports),
      getBlock(chain.ports.rpc, 'latest'),
    ])
    final.set(chain.id, point.timestamp)
    latest.set(chain.id, head.timestamp)
    const own = [chain.signer, ...(chain.moreSigners ?? [])].flatMap((signer) =>
      signer === null ? [] : [signer.address],
    )
    for (const address of own) {
      const answer = await chain.ports.rpc.request('eth_getBalance', [address, 'latest'])
      const balance = parseAnswer(quantity, 'eth_getBalance', answer)
      const spentPerDay = await store.views.spentBy(chain.id, address, now - DAY_MS)
      wallets.set(`${chain.id}:${address}`, {
        chainId: chain.id,
        address,
        balance,
        readAt: now,
        spentPerDay,
        runwayDays: runwayDays(balance, spentPerDay),
      })
    }
  }

  async function laneOverviews(): Promise<readonly LaneOverview[]> {
    const [backlog, paused] = await Promise.all([store.views.backlog(), store.decisions.paused()])
    const { workers } = compass.status()
    return lanes.map(({ from, to }) =>
      laneOverview({
        fromChain: from,
        toChain: to,
        fromName: nameOf(from),
        toName: nameOf(to),
        backlog,
        workers,
        paused: paused.some((one) => one.fromChain === from && one.toChain === to),
        lastStepAt: lastStepAt.get(laneKey(from, to)) ?? startedAt,
        now: clock.now(),
        stallMs: deps.stallMs,
      }),
    )
  }

  const lightClients = (): readonly LightClientOverview[] =>
    compass.status().clients.flatMap(({ fromChain, toChain, client }) => {
      const known = { source: final.get(fromChain) ?? null, target: latest.get(toChain) ?? null }
      return client === null ? [] : [lightClientOverview({ fromChain, toChain }, client, known)]
    })

  const endpointsNow = (): readonly EndpointOverview[] =>
    chains.flatMap(({ id, endpoints }) =>
      endpointOverviews(id, endpoints?.() ?? [], heads.get(id) ?? new Map(), clock.now()),
    )

  async function costsSince(since: number): Promise<readonly RouteCost[]> {
    return routeCosts(await store.views.spending(since), lightClients())
  }

  function tell(changes: readonly OverviewChange[]): void {
    for (const change of changes) {
      const { value } = change
      const key = 'chainId' in value ? `${value.chainId}:${value.address}` : laneKey(value.fromChain, value.toChain)
      const text = JSON.stringify(value, (name, item: unknown) => {
        // what only says when it was looked at is no change
        if (name === 'readAt' || name === 'lagSeconds' || name === 'expirySeconds') return undefined
        return typeof item === 'bigint' ? String(item) : item
      })
      if (shown.get(`${change.type}:${key}`) === text) continue
      shown.set(`${change.type}:${key}`, text)
      for (const listener of listeners) listener(change)
    }
  }

  async function sample(): Promise<Sample> {
    const now = clock.now()
    const [overviews, costs, reverts] = await Promise.all([
      laneOverviews(),
      costsSince(now - DAY_MS),
      store.views.reverts(),
    ])
    return {
      now,
      lanes: overviews,
      lightClients: lightClients(),
      wallets: [...wallets.values()],
      costs,
      reverts,
      workers: compass.status().workers.map(({ name, trouble }) => ({
        name,
        failures: trouble?.failures ?? 0,
        reason: trouble?.reason.code ?? '',
      })),
      endpoints: endpointsNow(),
    }
  }

  return {
    lanes: laneOverviews,
    lightClients,
    wallets: () => [...wallets.values()],
    endpoints: endpointsNow,
    costs: (days) => costsSince(clock.now() - days * DAY_MS),
    async look() {
      const looks = await Promise.allSettled(chains.map(lookAtChain))
      for (const [i, one] of looks.entries())
        if (one.status === 'rejected')
          log.debug({ chain: chains[i]?.name, ...reasonOf(one.reason) }, 'a chain cannot be looked at')
      try {
        const now = await sample()
        metrics.sample(now)
        tell([
          ...now.lanes.map((value) => ({ type: 'lane', value }) as const),
          ...now.lightClients.map((value) => ({ type: 'lightClient', value }) as const),
          ...now.wallets.map((value) => ({ type: 'wallet', value }) as const),
        ])
      } catch (error) {
        log.warn(reasonOf(error), 'the store cannot be looked at')
      }
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    stop: unsubscribe,
  }
}
