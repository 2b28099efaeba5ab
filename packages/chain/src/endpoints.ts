/** Health of one endpoint of several. Times are milliseconds of the injected clock. */
export interface Endpoint {
  readonly url: string
  readonly host: string
  /** Failures in a row. */
  failures: number
  /** Until then the endpoint is asked last. */
  restUntil: number
  /** Until then it is not asked at all: it said that it is asked too often. */
  limitedUntil: number
  /** Share of requests that came to something, the newest counting most: 1 for all. */
  score: number
  requests: number
  errors: number
  rateLimits: number
  /** Answers that were found to be wrong. */
  wrongAnswers: number
  lastError: string | null
  /** Of an answer, smoothed; null before the first. */
  latencyMs: number | null
}

/** An endpoint's health as status and metrics show it. */
export type EndpointHealth = Readonly<Omit<Endpoint, 'url'>>

const REST_BASE_MS = 1_000
const REST_CAP_MS = 60_000
/** The longest that an endpoint may ask to be left alone. */
const LIMIT_CAP_MS = 3_600_000
/** What one request counts in the score and in the latency. */
const SMOOTHING = 0.1
/** An endpoint that fails more often than this is asked after those that do not. */
const POOR_SCORE = 0.5

/** An endpoint that nothing is known of. */
export function newEndpoint(url: string, host: string): Endpoint {
  const counters = { requests: 0, errors: 0, rateLimits: 0, wrongAnswers: 0 }
  const health = { failures: 0, restUntil: 0, limitedUntil: 0, score: 1, lastError: null, latencyMs: null }
  return { url, host, ...health, ...counters }
}

/** What may be shown of an endpoint: a URL can hold a key. */
export function healthOf({ url: _, ...health }: Endpoint): EndpointHealth {
  return health
}

/**
 * Endpoints in the order to ask them: rested ones as configured, those that fail more often than not after them; then those
 * that rest, soonest rested first.
 */
export function inOrder(endpoints: readonly Endpoint[], now: number): readonly Endpoint[] {
  const rested = endpoints.filter((e) => e.restUntil <= now)
  const good = rested.filter((e) => e.score >= POOR_SCORE)
  const poor = rested.filter((e) => e.score < POOR_SCORE).sort((a, b) => b.score - a.score)
  const resting = endpoints.filter((e) => e.restUntil > now).sort((a, b) => a.restUntil - b.restUntil)
  return [...good, ...poor, ...resting]
}

function count(endpoint: Endpoint, outcome: 0 | 1): void {
  endpoint.score += SMOOTHING * (outcome - endpoint.score)
}

/** Notes a failure: the endpoint rests twice as long each time, a minute at most. */
export function noteFailure(endpoint: Endpoint, now: number, reason: string): void {
  endpoint.failures += 1
  endpoint.errors += 1
  endpoint.lastError = reason
  count(endpoint, 0)
  endpoint.restUntil = now + Math.min(REST_BASE_MS * 2 ** Math.min(endpoint.failures - 1, 10), REST_CAP_MS)
}

/**
 * Notes that the endpoint is asked too often. It is left alone as long as it asked for, or twice as long each time.
 * @param askedMs What it asked for; null where it did not say.
 */
export function noteRateLimit(endpoint: Endpoint, now: number, reason: string, askedMs: number | null): void {
  noteFailure(endpoint, now, reason)
  endpoint.rateLimits += 1
  endpoint.limitedUntil = askedMs === null ? endpoint.restUntil : now + Math.min(askedMs, LIMIT_CAP_MS)
  endpoint.restUntil = Math.max(endpoint.restUntil, endpoint.limitedUntil)
}

/** Notes that an answer turned out to be wrong, however well it came. */
export function noteWrongAnswer(endpoint: Endpoint, now: number, reason: string): void {
  noteFailure(endpoint, now, reason)
  endpoint.wrongAnswers += 1
}

/** Notes an answer. `tookMs`: from the request to the answer. */
export function noteSuccess(endpoint: Endpoint, tookMs: number): void {
  endpoint.failures = 0
  endpoint.restUntil = 0
  endpoint.limitedUntil = 0
  endpoint.latencyMs =
    endpoint.latencyMs === null ? tookMs : endpoint.latencyMs + SMOOTHING * (tookMs - endpoint.latencyMs)
  count(endpoint, 1)
}
