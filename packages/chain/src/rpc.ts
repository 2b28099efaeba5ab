import type { PortNode, RpcPort } from '@meridian/consensus'
import { MeridianError } from '@meridian/core'
import { type Hex, isHex } from 'viem'
import { z } from 'zod'
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
import {
  ChainDataError,
  QuorumError,
  RpcMalformedError,
  RpcRateLimitError,
  RpcResponseError,
  RpcTransportError,
} from './errors.ts'
import { type Fetch, readBody, retryAfterMs, withoutCredentials, withoutSecrets } from './http.ts'
import { DEFAULT_LOG_BLOCKS, type LogPort } from './logs.ts'
import { parseAnswer, quantity } from './schema.ts'

/** A JSON-RPC connection with failover. */
export interface Rpc extends RpcPort {
  /** The endpoints one by one, preferred first, each for itself: no failover. */
  nodes(): readonly RpcNode[]
  /** Health of every endpoint, for status, metrics and logs. */
  endpoints(): readonly EndpointHealth[]
  /** What to keep over a restart, of the endpoints of which something is known. */
  memory(): readonly EndpointMemory[]
}

/** One endpoint of several. */
export interface RpcNode extends LogPort, PortNode {
  /** Its kind and its place among those that were given, as in `rpc[0]`. */
  readonly name: string
}

/** What a connection needs. */
export interface RpcOptions {
  /** HTTP(S) endpoints, preferred first. */
  readonly urls: readonly string[]
  /** Chain that they serve: each endpoint is asked for it before anything else. Default: it is not asked. */
  readonly chainId?: bigint
  /** For one request to one endpoint. Default 10,000 ms. */
  readonly timeoutMs?: number
  /** Requests of one turn of the event loop that share one HTTP request. Default 1: no batching. */
  readonly batchSize?: number
  /** Bytes of one answer. Default 128 MiB, which holds the receipts of the largest blocks. */
  readonly maxBytes?: number
  /** Blocks of one log query at most. Default 2,000. */
  readonly maxLogBlocks?: bigint
  /** What was kept of these endpoints, or of others. Default: nothing. */
  readonly known?: readonly EndpointMemory[]
  readonly fetch?: Fetch
  /** Milliseconds since the epoch. */
  readonly now?: () => number
  /** Told of an endpoint whose answer was found to be wrong, by its host. */
  readonly onPassOver?: (host: string, reason: Error) => void
}

interface Call {
  readonly method: string
  readonly params: readonly unknown[]
}

interface Pending extends Call {
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
}

/** Reads whose answer two callers may share while it is on its way: they say the same to both. */
const SHARED: ReadonlySet<string> = new Set([
  'eth_chainId',
  'eth_getBlockByHash',
  'eth_getBlockByNumber',
  'eth_getLogs',
])

/** What every node of a chain can answer: an error says something about the node, and nothing about the request. */
const EVERY_NODE: ReadonlySet<string> = new Set([
  'eth_chainId',
  'eth_getBalance',
  'eth_getBlockByHash',
  'eth_getBlockByNumber',
  'eth_getTransactionCount',
  'eth_getTransactionReceipt',
  'eth_maxPriorityFeePerGas',
])
const oneBlockSchema = z.looseObject({ fromBlock: z.string(), toBlock: z.string() })

/** The logs of one block are not too many to be asked for. */
function isForEveryNode({ method, params }: Call): boolean {
  if (method !== 'eth_getLogs') return EVERY_NODE.has(method)
  const filter = oneBlockSchema.safeParse(params[0])
  return filter.success && filter.data.fromBlock === filter.data.toBlock
}

const answerSchema = z.object({
  id: z.union([z.number(), z.string(), z.null()]).optional(),
  result: z.unknown().optional(),
  error: z.object({ code: z.number(), message: z.string(), data: z.unknown().optional() }).optional(),
})
type Answer = z.infer<typeof answerSchema>

const CHAIN_ID = 'eth_chainId'
/** EIP-1474's "limit exceeded". */
const LIMIT_EXCEEDED = -32005
/** Where providers say how long to wait. */
const backoffSchema = z.object({ rate: z.object({ backoff_seconds: z.number().min(0).max(86_400) }) })
const RATE_LIMIT_TEXT = /rate.?limit|too many requests|compute units|request limit|quota/i

/**
 * JSON-RPC over HTTP with several endpoints. Each request asks each endpoint at most once: a transport failure, a rate
 * limit, a malformed answer or an error to what every node can say moves on to the next; any other error of the node's is an
 * answer and is thrown as it is. Who calls
 * decides when to ask again: there is no retry in here. An endpoint that is asked too often is left alone as long as it said.
 *
 * @throws {RpcTransportError} {RpcRateLimitError} {RpcMalformedError} of the last endpoint, when all fail.
 * @throws {RpcResponseError} what the node answered.
 */
export function createRpc(options: RpcOptions): Rpc {
  if (options.urls.length === 0) throw new MeridianError('CONFIG', 'rpc: no url', { urls: [] })
  const timeoutMs = options.timeoutMs ?? 10_000
  const batchSize = options.batchSize ?? 1
  const maxBytes = options.maxBytes ?? 128 * 2 ** 20
  const doFetch = options.fetch ?? fetch
  const now = options.now ?? Date.now
  const { known = [], maxLogBlocks = DEFAULT_LOG_BLOCKS } = options
  const endpoints = newEndpoints(options.urls, { kind: 'rpc', known, maxLogBlocks, now: now() })
  const shared = new Map<string, Promise<unknown>>()
  /** Endpoints that are of the chain, or are being asked. */
  const checked = new Map<Endpoint, Promise<void>>()
  let nextId = 1
  let queue: Pending[] = []

  async function post(endpoint: Endpoint, calls: readonly Pending[]): Promise<readonly (Answer | Error)[]> {
    if (options.chainId !== undefined && calls.some(({ method }) => method !== CHAIN_ID))
      await requireChain(endpoint, options.chainId)
    return exchange(endpoint, calls)
  }

  /** Once an endpoint. @throws {ChainDataError} it serves another chain: what it says of ours is wrong, however well it fits. */
  function requireChain(endpoint: Endpoint, expected: bigint): Promise<void> {
    const known = checked.get(endpoint)
    if (known !== undefined) return known
    const check = (async () => {
      const [answer] = await exchange(endpoint, [{ method: CHAIN_ID, params: [] }])
      if (answer instanceof Error) throw answer
      const given = parseAnswer(quantity, CHAIN_ID, answer?.result)
      if (given !== expected) throw new ChainDataError('chain id', String(expected), String(given))
    })()
    checked.set(endpoint, check)
    check.catch(() => checked.delete(endpoint))
    return check
  }

  async function exchange(endpoint: Endpoint, calls: readonly Call[]): Promise<readonly (Answer | Error)[]> {
    const first = calls[0]?.method ?? 'batch'
    const left = endpoint.limitedUntil - now()
    if (left > 0) throw new RpcRateLimitError(endpoint.host, first, left)
    endpoint.requests += calls.length
    const firstId = nextId
    nextId += calls.length
    const bodies = calls.map(({ method, params }, i) => ({ jsonrpc: '2.0', id: firstId + i, method, params }))
    const { url, headers } = withoutCredentials(endpoint.url)
    let response: Response
    let text: string
    try {
      response = await doFetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify(bodies.length === 1 ? bodies[0] : bodies),
        signal: AbortSignal.timeout(timeoutMs),
      })
      text = new TextDecoder().decode(await readBody(response, maxBytes))
    } catch (cause) {
      throw new RpcTransportError(endpoint.host, first, withoutSecrets(describe(cause), endpoint.url), undefined, {
        cause,
      })
    }
    if (response.status === 429) throw new RpcRateLimitError(endpoint.host, first, retryAfterMs(response, now()))
    let json: unknown
    try {
      json = JSON.parse(text)
    } catch (cause) {
      if (!response.ok) throw new RpcTransportError(endpoint.host, first, `HTTP ${response.status}`, response.status)
      throw new RpcMalformedError(endpoint.host, first, 'not JSON', { cause })
    }
    const list = z.array(answerSchema).safeParse(Array.isArray(json) ? json : [json])
    if (!list.success) {
      if (!response.ok) throw new RpcTransportError(endpoint.host, first, `HTTP ${response.status}`, response.status)
      throw new RpcMalformedError(endpoint.host, first, 'not a JSON-RPC answer')
    }
    return calls.map(({ method }, i) => {
      const answer = list.data.find((a) => a.id === firstId + i) ?? onlyAnonymous(list.data, calls.length)
      if (answer === undefined) return new RpcMalformedError(endpoint.host, method, 'no answer with the id asked for')
      if (answer.error === undefined && !('result' in answer))
        return new RpcMalformedError(endpoint.host, method, 'neither result nor error')
      return answer
    })
  }

  function noteError(endpoint: Endpoint, error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error)
    if (error instanceof ChainDataError) {
      noteWrongAnswer(endpoint, now(), reason)
      options.onPassOver?.(endpoint.host, error)
    } else if (!(error instanceof RpcRateLimitError)) noteFailure(endpoint, now(), reason)
    // one that is left alone already was not asked
    else if (endpoint.limitedUntil <= now()) noteRateLimit(endpoint, now(), reason, error.context.retryAfterMs)
  }

  async function attempt(calls: readonly Pending[], among: readonly Endpoint[]): Promise<void> {
    let open = calls
    let last: unknown
    const failed = new Map<Pending, unknown>()
    for (const endpoint of among) {
      const started = now()
      try {
        const answers = await post(endpoint, open)
        const again: Pending[] = []
        open.forEach((call, i) => {
          const answer = answers[i]
          const outcome = answer === undefined ? undefined : settle(endpoint, call, answer)
          if (outcome === undefined || outcome === 'settled') return
          failed.set(call, outcome)
          again.push(call)
        })
        if (again.length === 0) return noteSuccess(endpoint, now() - started)
        noteError(endpoint, again[0] && failed.get(again[0]))
        open = again
      } catch (error) {
        last = error
        for (const call of open) failed.set(call, error)
        noteError(endpoint, error)
      }
    }
    for (const call of open) call.reject(failed.get(call) ?? last)
  }

  function settle({ host, url }: Endpoint, call: Pending, answer: Answer | Error): 'settled' | Error {
    if (answer instanceof Error) return answer
    if (answer.error === undefined) {
      call.resolve(answer.result)
      return 'settled'
    }
    const { code, message, data } = answer.error
    if (RATE_LIMIT_TEXT.test(message) || (code === LIMIT_EXCEEDED && call.method !== 'eth_getLogs'))
      return new RpcRateLimitError(host, call.method, backoffOf(data))
    const error = new RpcResponseError(host, call.method, code, withoutSecrets(message, url), revertData(data))
    if (isForEveryNode(call)) return error
    call.reject(error)
    return 'settled'
  }

  function flush(): void {
    const calls = queue
    queue = []
    for (let i = 0; i < calls.length; i += batchSize)
      void attempt(calls.slice(i, i + batchSize), inOrder(endpoints, now()))
  }

  function send(method: string, params: readonly unknown[]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      queue.push({ method, params, resolve, reject })
      if (queue.length === 1) queueMicrotask(flush)
    })
  }

  /** One request for two callers, where `send` to the same `to` is under way. */
  function share(to: string, method: string, params: readonly unknown[], send: () => Promise<unknown>) {
    if (!SHARED.has(method)) return send()
    const key = JSON.stringify([to, method, params])
    const known = shared.get(key)
    if (known !== undefined) return known
    const answer = send().finally(() => shared.delete(key))
    shared.set(key, answer)
    return answer
  }

  const sendTo = (endpoint: Endpoint, method: string, params: readonly unknown[]): Promise<unknown> =>
    new Promise((resolve, reject) => void attempt([{ method, params, resolve, reject }], [endpoint]))

  return {
    request: (method, params) => share('', method, params, () => send(method, params)),
    nodes: () =>
      inOrder(endpoints, now()).map((endpoint) => ({
        host: endpoint.host,
        name: endpoint.name,
        logSpan: endpoint.logSpan,
        request: (method, params) => share(endpoint.id, method, params, () => sendTo(endpoint, method, params)),
        passOver(reason) {
          noteWrongAnswer(endpoint, now(), reason.message, reason instanceof QuorumError ? 'quorum' : 'data')
          options.onPassOver?.(endpoint.host, reason)
        },
      })),
    endpoints: () => endpoints.map(healthOf),
    memory: () => endpoints.map(memoryOf).filter((one) => one !== null),
  }
}

/** Milliseconds that a provider asks for in an error's data; null where it does not say. */
function backoffOf(data: unknown): number | null {
  const parsed = backoffSchema.safeParse(data)
  return parsed.success ? parsed.data.rate.backoff_seconds * 1000 : null
}

/** Some nodes answer an unreadable request with `id: null`; that is the answer to a request that went alone. */
function onlyAnonymous(answers: readonly Answer[], asked: number): Answer | undefined {
  const [answer] = answers
  return asked === 1 && answers.length === 1 && answer?.id == null && answer?.error !== undefined ? answer : undefined
}

/** Revert data sits in `data`, or one or two levels down, depending on the node. */
function revertData(data: unknown, depth = 0): Hex | null {
  if (isHex(data)) return data
  if (typeof data === 'string') {
    const found = /0x[0-9a-fA-F]{8,}/.exec(data)
    return found !== null && isHex(found[0]) ? found[0] : null
  }
  if (depth < 3 && typeof data === 'object' && data !== null && 'data' in data) return revertData(data.data, depth + 1)
  return null
}

function describe(cause: unknown): string {
  if (!(cause instanceof Error)) return 'no answer'
  if (cause.name === 'TimeoutError') return 'no answer in time'
  const inner = cause.cause
  return inner instanceof Error && 'code' in inner ? String(inner.code) : cause.message
}
