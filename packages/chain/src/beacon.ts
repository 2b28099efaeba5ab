import type { BeaconPort, PortNode } from '@meridian/consensus'
import { MeridianError } from '@meridian/core'
import {
  type Endpoint,
  type EndpointHealth,
  type EndpointMemory,
  healthOf,
  inOrder,
  memoryOf,
  newEndpoints,
  noteFailure,
  noteRateLimit,
  noteSuccess,
  noteWrongAnswer,
} from './endpoints.ts'
import { BeaconError, QuorumError } from './errors.ts'
import { type Fetch, readBody, retryAfterMs, withoutCredentials, withoutSecrets } from './http.ts'
import { DEFAULT_LOG_BLOCKS } from './logs.ts'

/** Beacon nodes' REST API with failover. */
export interface Beacon extends BeaconPort {
  /** The body as bytes, asked for as `application/octet-stream` (SSZ). */
  getBytes(path: string): Promise<Uint8Array>
  nodes(): readonly (BeaconPort & PortNode)[]
  /** Health of every node, for status, metrics and logs. */
  endpoints(): readonly EndpointHealth[]
  /** What to keep over a restart, of the nodes of which something is known. */
  memory(): readonly EndpointMemory[]
}

/** What a connection needs. */
export interface BeaconOptions {
  /** Base URLs, preferred first. */
  readonly urls: readonly string[]
  /** For one request to one endpoint. Default 20,000 ms: a whole state is large. */
  readonly timeoutMs?: number
  /** Bytes of one answer. Default 512 MiB, which holds a mainnet state. */
  readonly maxBytes?: number
  /** What was kept of these nodes, or of others. Default: nothing. */
  readonly known?: readonly EndpointMemory[]
  readonly fetch?: Fetch
  /** Milliseconds since the epoch. */
  readonly now?: () => number
  /** Told of a node whose answer was found to be wrong, by its host. */
  readonly onPassOver?: (host: string, reason: Error) => void
}

/**
 * Beacon REST over HTTP with several endpoints. Each request asks each endpoint at most once, one that is asked too often not
 * before it allows it. "Not found" is asked of the others too, since nodes keep different histories.
 *
 * @throws {BeaconError} `status` 404 where no endpoint has it; the last failure otherwise.
 */
export function createBeacon(options: BeaconOptions): Beacon {
  if (options.urls.length === 0) throw new MeridianError('CONFIG', 'beacon: no url', { urls: [] })
  const timeoutMs = options.timeoutMs ?? 20_000
  const maxBytes = options.maxBytes ?? 512 * 2 ** 20
  const doFetch = options.fetch ?? fetch
  const now = options.now ?? Date.now
  const made = { kind: 'beacon', known: options.known ?? [], maxLogBlocks: DEFAULT_LOG_BLOCKS, now: now() } as const
  const endpoints = newEndpoints(options.urls, made)

  async function one(endpoint: Endpoint, path: string, accept: string): Promise<Uint8Array> {
    if (endpoint.limitedUntil > now()) throw new BeaconError(endpoint.host, path, 429, 'asked too often')
    const { url, headers } = withoutCredentials(endpoint.url)
    const started = now()
    let response: Response
    let body: Uint8Array
    endpoint.requests += 1
    try {
      response = await doFetch(`${url.replace(/\/+$/, '')}${path}`, {
        headers: { accept, ...headers },
        signal: AbortSignal.timeout(timeoutMs),
      })
      body = await readBody(response, maxBytes)
    } catch (cause) {
      const detail = withoutSecrets(cause instanceof Error ? cause.message : 'no answer', endpoint.url)
      noteFailure(endpoint, now(), detail)
      throw new BeaconError(endpoint.host, path, null, detail, { cause })
    }
    if (!response.ok) {
      const detail = `HTTP ${response.status}`
      if (response.status === 429) noteRateLimit(endpoint, now(), detail, retryAfterMs(response, now()))
      else if (response.status >= 500) noteFailure(endpoint, now(), detail)
      throw new BeaconError(endpoint.host, path, response.status, detail)
    }
    noteSuccess(endpoint, now() - started)
    return body
  }

  async function json(endpoint: Endpoint, path: string): Promise<unknown> {
    const body = await one(endpoint, path, 'application/json')
    try {
      return JSON.parse(new TextDecoder().decode(body))
    } catch (cause) {
      noteWrongAnswer(endpoint, now(), 'not JSON')
      throw new BeaconError(endpoint.host, path, 200, 'not JSON', { cause })
    }
  }

  const bytes = (endpoint: Endpoint, path: string) => one(endpoint, path, 'application/octet-stream')

  async function ask<T>(path: string, read: (endpoint: Endpoint, path: string) => Promise<T>): Promise<T> {
    let failure: BeaconError | undefined
    for (const endpoint of inOrder(endpoints, now())) {
      try {
        return await read(endpoint, path)
      } catch (error) {
        if (!(error instanceof BeaconError)) throw error
        if (failure === undefined || failure.context.status === 404 || error.context.status !== 404) failure = error
      }
    }
    throw failure ?? new BeaconError('none', path, null, 'no endpoint')
  }

  return {
    get: (path) => ask(path, json),
    getBytes: (path) => ask(path, bytes),
    nodes: () =>
      inOrder(endpoints, now()).map((endpoint) => ({
        host: endpoint.host,
        get: (path) => json(endpoint, path),
        getBytes: (path) => bytes(endpoint, path),
        passOver(reason) {
          noteWrongAnswer(endpoint, now(), reason.message, reason instanceof QuorumError ? 'quorum' : 'data')
          options.onPassOver?.(endpoint.host, reason)
        },
      })),
    endpoints: () => endpoints.map(healthOf),
    memory: () => endpoints.map(memoryOf).filter((one) => one !== null),
  }
}
