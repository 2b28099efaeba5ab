import type { BeaconPort } from '@meridian/consensus'
import { MeridianError } from '@meridian/core'
import { type Endpoint, inOrder, noteFailure, noteSuccess } from './endpoints.ts'
import { BeaconError } from './errors.ts'
import { type Fetch, hostOf, readBody, retryAfterMs, withoutCredentials } from './http.ts'

/** A beacon node's REST API with failover. */
export interface Beacon extends BeaconPort {
  /** The body as bytes, asked for as `application/octet-stream` (SSZ). */
  getBytes(path: string): Promise<Uint8Array>
}

/** What a connection needs. */
export interface BeaconOptions {
  /** Base URLs, preferred first. */
  readonly urls: readonly string[]
  /** For one request to one endpoint. Default 20,000 ms: a whole state is large. */
  readonly timeoutMs?: number
  /** Bytes of one answer. Default 512 MiB, which holds a mainnet state. */
  readonly maxBytes?: number
  readonly fetch?: Fetch
  /** Milliseconds. */
  readonly now?: () => number
}

/**
 * Beacon REST over HTTP with several endpoints. Each request asks each endpoint at most once. "Not found" is asked of the
 * others too, since nodes keep different histories.
 *
 * @throws {BeaconError} `status` 404 where no endpoint has it; the last failure otherwise.
 */
export function createBeacon(options: BeaconOptions): Beacon {
  if (options.urls.length === 0) throw new MeridianError('CONFIG', 'beacon: no url', { urls: [] })
  const timeoutMs = options.timeoutMs ?? 20_000
  const maxBytes = options.maxBytes ?? 512 * 2 ** 20
  const doFetch = options.fetch ?? fetch
  const now = options.now ?? Date.now
  const endpoints: Endpoint[] = options.urls.map((url) => ({ url, host: hostOf(url), failures: 0, restUntil: 0 }))

  async function one(endpoint: Endpoint, path: string, accept: string): Promise<Uint8Array> {
    const { url, headers } = withoutCredentials(endpoint.url)
    let response: Response
    let body: Uint8Array
    try {
      response = await doFetch(`${url.replace(/\/+$/, '')}${path}`, {
        headers: { accept, ...headers },
        signal: AbortSignal.timeout(timeoutMs),
      })
      body = await readBody(response, maxBytes)
    } catch (cause) {
      noteFailure(endpoint, now())
      throw new BeaconError(endpoint.host, path, null, cause instanceof Error ? cause.message : 'no answer', { cause })
    }
    if (!response.ok) {
      if (response.status === 429 || response.status >= 500) noteFailure(endpoint, now(), retryAfterMs(response))
      throw new BeaconError(endpoint.host, path, response.status, `HTTP ${response.status}`)
    }
    return body
  }

  async function ask<T>(path: string, accept: string, read: (body: Uint8Array, host: string) => T): Promise<T> {
    let failure: BeaconError | undefined
    for (const endpoint of inOrder(endpoints, now())) {
      try {
        const value = read(await one(endpoint, path, accept), endpoint.host)
        noteSuccess(endpoint)
        return value
      } catch (error) {
        if (!(error instanceof BeaconError)) throw error
        if (failure === undefined || failure.context.status === 404 || error.context.status !== 404) failure = error
      }
    }
    throw failure ?? new BeaconError('none', path, null, 'no endpoint')
  }

  return {
    get: (path) =>
      ask(path, 'application/json', (body, host): unknown => {
        try {
          return JSON.parse(new TextDecoder().decode(body))
        } catch (cause) {
          throw new BeaconError(host, path, 200, 'not JSON', { cause })
        }
      }),
    getBytes: (path) => ask(path, 'application/octet-stream', (body) => body),
  }
}
