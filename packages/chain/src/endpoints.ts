/** Health of one endpoint of several. */
export interface Endpoint {
  readonly url: string
  readonly host: string
  failures: number
  /** Milliseconds of the injected clock; until then the endpoint is asked last. */
  restUntil: number
}

const REST_BASE_MS = 1_000
const REST_CAP_MS = 60_000

/** Endpoints in the order to ask them: rested ones as configured, then those that failed, soonest rested first. */
export function inOrder(endpoints: readonly Endpoint[], now: number): readonly Endpoint[] {
  const rested = endpoints.filter((e) => e.restUntil <= now)
  const resting = endpoints.filter((e) => e.restUntil > now).sort((a, b) => a.restUntil - b.restUntil)
  return [...rested, ...resting]
}

/** Notes a failure: the endpoint rests twice as long each time, or as long as it asked for, a minute at most. */
export function noteFailure(endpoint: Endpoint, now: number, askedMs: number | null = null): void {
  endpoint.failures += 1
  const rest = askedMs ?? REST_BASE_MS * 2 ** Math.min(endpoint.failures - 1, 10)
  endpoint.restUntil = now + Math.min(rest, REST_CAP_MS)
}

/** Notes an answer. */
export function noteSuccess(endpoint: Endpoint): void {
  endpoint.failures = 0
  endpoint.restUntil = 0
}
