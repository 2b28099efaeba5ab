import { readFileSync, statSync } from 'node:fs'
import type { Logger } from 'pino'
import { apiApp, healthApp } from './api/app.ts'
import { createEventHub } from './api/events.ts'
import { createOperator } from './api/operator.ts'
import { createReadiness } from './api/readiness.ts'
import { type HttpServer, listen } from './api/server.ts'
import { createBell } from './bell.ts'
import type { ChainContext } from './chain-context.ts'
import { systemClock } from './clock.ts'
import { type Compass, createCompass } from './compass.ts'
import type { CompassConfig } from './config/schema.ts'
import { connect } from './connect.ts'
import { ConfigError } from './errors.ts'
import type { Sanctions } from './filters/decide.ts'
import type { Filters } from './filters/gate.ts'
import { createSanctions } from './filters/sanctions.ts'
import { createLog } from './log.ts'
import { LONGEST_WAIT_MS } from './message.ts'
import { createMetrics } from './metrics/metrics.ts'
import { createTelemetry } from './metrics/telemetry.ts'
import { traceMessages } from './metrics/traces.ts'
import { runDuties } from './run.ts'
import { readSecret, type Secrets } from './secrets/reference.ts'
import { isServer, openStore } from './store/open.ts'
import { createWorker } from './worker.ts'

/** Compass over a store of its own. */
export interface OpenCompass extends Compass {
  /** Where its metrics are; null where the configuration has none. */
  readonly metricsUrl: string | null
  /** Where its API is; null where the configuration has none. */
  readonly apiUrl: string | null
  /** Stops, and closes the store. */
  close(): Promise<void>
}

/** What may be handed in. */
export interface OpenOptions {
  readonly secrets?: Secrets
  readonly log?: Logger
  /** Nothing is sent; the store is in memory. Default: false. */
  readonly dryRun?: boolean
  /** Only light clients are watched; the store is in memory. Default: false. */
  readonly watchOnly?: boolean
}

/** Secrets of the process: its environment and files. */
export const processSecrets: Secrets = {
  env: process.env,
  readFile: (path) => readFileSync(path, 'utf8'),
}

/** Characters of an API token at least. */
const MIN_TOKEN = 16

/** Milliseconds that work under way has to end when Compass does. */
const GRACE_MS = 2_000

/**
 * Compass from a configuration: opens the store, connects the chains, serves the API and the metrics.
 *
 * @throws {StoreLockedError} another Compass holds the folder. @throws {ConfigError} one line a problem.
 */
export async function openCompass(config: CompassConfig, options: OpenOptions = {}): Promise<OpenCompass> {
  const log = options.log ?? createLog(config.logLevel)
  const secrets = options.secrets ?? processSecrets
  const dryRun = options.dryRun ?? false
  const only = options.watchOnly ?? false
  const clock = systemClock
  const ending = new AbortController()
  const token = apiToken(config, secrets)
  const store = await openStore(dryRun || only ? null : storePlace(config.store, secrets))
  const opened: (() => Promise<void> | void)[] = [() => store.close()]
  const closeAll = async (): Promise<void> => {
    for (const close of opened.splice(0).reverse()) await close()
  }
  try {
    await store.dueBy(clock.now() + LONGEST_WAIT_MS)
    const chains: readonly ChainContext[] = await Promise.all(
      config.chains.map(async (chain) => {
        const known = await store.endpoints.known(chain.id, clock.now())
        return connect(chain, secrets, ending.signal, log, known)
      }),
    )
    const metrics = createMetrics()
    const { lanes, supply, supplyMs, stallMs, balanceMs } = config
    const filters = filtersOf(config)
    const watch = config.watcher || only ? { pollMs: config.watcherMs, only, metrics } : undefined
    const watched = watch === undefined ? {} : { watch }
    const compass = createCompass({ ...watched, chains, lanes, store, log, supply, supplyMs, metrics, filters, dryRun })
    const telemetry = createTelemetry({ compass, store, chains, lanes, metrics, clock, log, stallMs, balanceMs })
    opened.push(() => telemetry.stop(), traceMessages(compass))
    const events = createEventHub(config.api?.maxStreams ?? 1)
    opened.push(
      compass.subscribe(({ orderId, fromChain, toChain, stage, at, data }) => {
        const { state, reason } = data
        events.publish('message', { fromChain, toChain, orderId, stage, at, state, reason })
      }),
      telemetry.subscribe(({ type, value }) => events.publish(type, value)),
    )
    const operator = createOperator({ store, compass, lanes, clock, log })
    // one for both ports
    const readiness = createReadiness(telemetry, clock.now)
    const urls: { metrics: string | null; api: string | null } = { metrics: null, api: null }
    const serve = async (key: 'metrics' | 'api', app: Parameters<typeof listen>[0]): Promise<void> => {
      const where = config[key]
      if (where === undefined) return
      const server: HttpServer = await listen(app, where, key)
      opened.push(() => server.stop())
      urls[key] = key === 'metrics' ? `${server.url}/metrics` : server.url
      log.info({ url: urls[key] }, key)
    }
    await serve('metrics', healthApp({ readiness, metrics }))
    await serve('api', apiApp({ compass, store, telemetry, readiness, metrics, operator, events, token, log }))
    opened.push(() => events.close())
    const looking = createWorker('telemetry', telemetry.look, clock, log)
    const duties = [{ worker: looking, pollMs: config.telemetryMs, bell: createBell(clock), wakes: () => false }]
    return {
      ...compass,
      metricsUrl: urls.metrics,
      apiUrl: urls.api,
      start() {
        compass.start()
        const run = runDuties(duties, store)
        opened.push(() => run.stop())
      },
      async close() {
        // work under way may end by itself, but a slow endpoint keeps nobody waiting
        const timer = setTimeout(() => ending.abort(), GRACE_MS)
        await compass.stop()
        clearTimeout(timer)
        ending.abort()
        await closeAll()
      },
    }
  } catch (error) {
    await closeAll()
    throw error
  }
}

/**
 * Where the store is: a folder, a server's URL, or behind its reference either (`env:DATABASE_URL`, `file:PATH`).
 *
 * @throws {ConfigError} never quoting the URL.
 */
export function storePlace(store: string, secrets: Secrets): string {
  if (/^(env|file):/.test(store)) return readSecret('store', store, secrets)
  if (isServer(store) && !URL.canParse(store)) throw new ConfigError(['store: not a URL'])
  if (isServer(store) && new URL(store).password !== '')
    throw new ConfigError(['store: a URL with a password never stands here: expected env:NAME or file:PATH'])
  return store
}

/** The token of the API's writing verbs; null where there is none. @throws {ConfigError} it is too short. */
export function apiToken({ api }: CompassConfig, secrets: Secrets): string | null {
  if (api?.token === undefined) return null
  const token = readSecret('api.token', api.token, secrets)
  if (token.length < MIN_TOKEN)
    throw new ConfigError([`api.token ${api.token}: expected ${MIN_TOKEN} characters or more`])
  return token
}

function filtersOf(config: CompassConfig): Filters {
  const { rules, otherwise } = config.filters
  return {
    rules,
    otherwise,
    sanctions: sanctionsOf(config),
    limits: (from, to) => config.lanes.find((lane) => lane.from === from && lane.to === to)?.limits ?? [],
  }
}

/** What the sanctions file says now; nobody where there is none. */
export function sanctionsOf({ filters: { sanctions } }: CompassConfig): () => Sanctions {
  if (sanctions === undefined) return () => new Set()
  return createSanctions(sanctions, {
    readText: (path) => readFileSync(path, 'utf8'),
    stamp: (path) => {
      const { mtimeMs, size, ino } = statSync(path)
      return `${mtimeMs} ${size} ${ino}`
    },
  })
}
