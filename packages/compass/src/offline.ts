import { randomUUID } from 'node:crypto'
import { apiApp } from './api/app.ts'
import { createEventHub } from './api/events.ts'
import { createOperator } from './api/operator.ts'
import { createReadiness } from './api/readiness.ts'
import { systemClock } from './clock.ts'
import type { CompassConfig } from './config/schema.ts'
import { createLog } from './log.ts'
import { createMetrics } from './metrics/metrics.ts'
import { createTelemetry } from './metrics/telemetry.ts'
import { storePlace } from './open.ts'
import type { Secrets } from './secrets/reference.ts'
import { openStore } from './store/open.ts'

/** The API over a store that no service works on: what is written there is done when one runs again. */
export interface Offline {
  /** Answers as the API does. `path` begins with `/v1/`. */
  request(path: string, init?: RequestInit): Promise<Response>
  close(): Promise<void>
}

/**
 * Opens a store for a look, or for a decision that the service follows later.
 *
 * @throws {StoreLockedError} a running Compass holds it: ask its API. @throws {StoreError}
 */
export async function openOffline(config: CompassConfig, secrets: Secrets): Promise<Offline> {
  const store = await openStore(storePlace(config.store, secrets))
  const log = createLog('silent')
  const clock = systemClock
  const { lanes, stallMs, balanceMs } = config
  const token = randomUUID()
  const compass = {
    status: () => ({ workers: [], clients: [], supply: [], leases: null }),
    subscribe: store.subscribe,
    claims: ({ limit = 1_000 }: { readonly limit?: number } = {}) => store.claims.list(limit),
  }
  const metrics = createMetrics()
  const telemetry = createTelemetry({
    compass,
    store,
    chains: [],
    lanes,
    metrics,
    clock,
    log,
    stallMs,
    balanceMs,
  })
  const operator = createOperator({ store, compass: null, lanes, clock, log })
  const readiness = createReadiness(telemetry, clock.now)
  const app = apiApp({ compass, store, telemetry, readiness, metrics, operator, events: createEventHub(1), token, log })
  return {
    async request(path, init = {}) {
      const headers = new Headers(init.headers)
      headers.set('authorization', `Bearer ${token}`)
      return app.request(path, { ...init, headers })
    },
    async close() {
      telemetry.stop()
      await store.close()
    },
  }
}
