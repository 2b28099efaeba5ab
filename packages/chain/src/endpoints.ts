import { type Hex, keccak256, stringToHex } from 'viem'
import { hostOf, withoutSecrets } from './http.ts'
import { createLogSpan, type LogSpan } from './logs.ts'

/** What an endpoint serves. */
export type EndpointKind = 'rpc' | 'beacon'

/** Health of one endpoint of several. Times are milliseconds of the injected clock. */
export interface Endpoint {
  readonly url: string
  /** Names it where its URL may not stand: see {@link endpointId}. */
  readonly id: Hex
  /** Its kind and its place among those that were given, as in `rpc[0]`. */
  readonly name: string
  readonly host: string
  /** Blocks of one log query, as its limits turn out to be. */
  readonly logSpan: LogSpan
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
  /** Answers that were found to be wrong by themselves, or by what was proven. */
  wrongAnswers: number
  /** Answers that a quorum of the others contradicted. */
  disagreements: number
  lastError: string | null
  /** Of an answer, smoothed; null before the first. */
  latencyMs: number | null
}

/** An endpoint's health as status and metrics show it. */
export interface EndpointHealth extends Readonly<Omit<Endpoint, 'url' | 'logSpan'>> {
  /** Blocks of one log query. */
  readonly logBlocks: bigint
}

/** What of an endpoint's health is worth keeping over a restart. Times are milliseconds since the epoch. */
export interface EndpointMemory {
  readonly id: Hex
  readonly failures: number
  readonly restUntil: number
  readonly limitedUntil: number
  /** In whole tenths, so that it does not change with every request. */
  readonly score: number
  /** Blocks of one log query, and of one that was refused; null where nothing was ever refused. */
  readonly logBlocks: bigint | null
  readonly logBlocksRefused: bigint | null
}

const REST_BASE_MS = 1_000
const REST_CAP_MS = 60_000
/** The longest that an endpoint may ask to be left alone. */
const LIMIT_CAP_MS = 3_600_000
/** What one request counts in the score and in the latency. */
const SMOOTHING = 0.1
/** An endpoint that fails more often than this is asked after those that do not. */
const POOR_SCORE = 0.5

/** Digits of an endpoint's id: enough to tell a chain's endpoints apart. */
const ID_DIGITS = 32
/** Tenths that a score is kept in. */
const SCORE_STEPS = 10
/** Failures in a row that are kept: more of them change nothing. */
const MAX_FAILURES = 1_000

/** Names an endpoint without its URL, which can hold a key: half a Keccak-256 hash of its kind and URL. */
export function endpointId(kind: EndpointKind, url: string): Hex {
  return keccak256(stringToHex(`meridian endpoint ${kind} ${url}`)).slice(0, 2 + ID_DIGITS) as Hex // CAST: a prefix of hex
}

/** What an endpoint is made with. */
export interface EndpointOptions {
  readonly kind: EndpointKind
  /** Blocks of one log query at most. */
  readonly maxLogBlocks: bigint
  /** What is remembered of endpoints, of whichever ones. */
  readonly known: readonly EndpointMemory[]
  /** Milliseconds. */
  readonly now: number
}

/** Endpoints as they are at first: nothing is known of one but what is remembered. */
export function newEndpoints(urls: readonly string[], options: EndpointOptions): readonly Endpoint[] {
  const { kind, known, maxLogBlocks, now } = options
  return urls.map((url, i) => {
    const id = endpointId(kind, url)
    const counters = { requests: 0, errors: 0, rateLimits: 0, wrongAnswers: 0, disagreements: 0 }
    const memory = known.find((one) => one.id === id)
    // a clock that ran ahead when it was written down must not keep an endpoint away for longer than one that did not
    const limitedUntil = upTo(memory?.limitedUntil, now + LIMIT_CAP_MS)
    const health = {
      failures: upTo(memory?.failures, MAX_FAILURES),
      restUntil: Math.max(upTo(memory?.restUntil, now + REST_CAP_MS), limitedUntil),
      limitedUntil,
      score: memory === undefined ? 1 : upTo(memory.score, 1),
      lastError: null,
      latencyMs: null,
    }
    const learned = memory?.logBlocks == null ? null : { blocks: memory.logBlocks, refusedAt: memory.logBlocksRefused }
    const logSpan = createLogSpan(maxLogBlocks, learned)
    return { url, id, name: `${kind}[${i}]`, host: hostOf(url), logSpan, ...health, ...counters }
  })
}

const upTo = (value: number | undefined, cap: number): number =>
  value === undefined || !(value > 0) ? 0 : Math.min(value, cap)

/** What may be shown of an endpoint: a URL can hold a key. */
export function healthOf({ url: _, logSpan, ...health }: Endpoint): EndpointHealth {
  return { ...health, logBlocks: logSpan.blocks }
}

/** What to keep of an endpoint over a restart; null where it is as good as one that nothing is known of. */
export function memoryOf({ id, failures, restUntil, limitedUntil, score, logSpan }: Endpoint): EndpointMemory | null {
  const tenths = Math.round(score * SCORE_STEPS) / SCORE_STEPS
  const { blocks, refusedAt } = logSpan
  if (failures === 0 && restUntil === 0 && limitedUntil === 0 && tenths === 1 && refusedAt === null) return null
  const kept = Math.min(failures, MAX_FAILURES)
  const span = refusedAt === null ? null : blocks
  return { id, failures: kept, restUntil, limitedUntil, score: tenths, logBlocks: span, logBlocksRefused: refusedAt }
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
  endpoint.lastError = withoutSecrets(reason, endpoint.url)
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

/** Notes that an answer turned out to be wrong, however well it came. `by`: what it was held against. */
export function noteWrongAnswer(endpoint: Endpoint, now: number, reason: string, by: 'data' | 'quorum' = 'data'): void {
  noteFailure(endpoint, now, reason)
  if (by === 'quorum') endpoint.disagreements += 1
  else endpoint.wrongAnswers += 1
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
