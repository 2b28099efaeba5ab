import { createHash, timingSafeEqual } from 'node:crypto'
import type { HttpBindings } from '@hono/node-server'
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import type { Context, MiddlewareHandler } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { streamSSE } from 'hono/streaming'
import type { Logger } from 'pino'
import type { Compass } from '../compass.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { Telemetry } from '../metrics/telemetry.ts'
import { keyOf } from '../store/decisions.ts'
import type { Store } from '../store/types.ts'
import { reasonOf } from '../worker.ts'
import type { EventHub } from './events.ts'
import type { Operator, OperatorResult } from './operator.ts'
import type { Readiness } from './readiness.ts'
import * as schemas from './schemas.ts'
import { claimView, messageView, plainOf, transactionView } from './views.ts'

/** What the API shows and does. */
export interface ApiDeps {
  readonly compass: Pick<Compass, 'status' | 'claims'>
  readonly store: Store
  readonly telemetry: Telemetry
  readonly readiness: Readiness
  readonly metrics: Metrics
  readonly operator: Operator
  readonly events: EventHub
  /** Bearer token of what writes; null: nothing can be written. */
  readonly token: string | null
  readonly log: Logger
}

/** Bytes of a request's body: the longest that is asked for is a gas limit. */
const MAX_BODY = 4_096
/** Milliseconds between two signs of life on a quiet stream. */
const HEARTBEAT_MS = 15_000
const VERSION = '1'

const json = <Schema extends z.ZodType>(schema: Schema, description: string) => ({
  content: { 'application/json': { schema } },
  description,
})
const notFound = { 404: json(schemas.errorSchema, 'There is no such thing') }
const malformed = { 400: json(schemas.errorSchema, 'A parameter is not what is expected') }
const writing = {
  400: json(schemas.errorSchema, 'A parameter or the body is not what is expected'),
  401: json(schemas.errorSchema, 'The token is missing or another'),
  403: json(schemas.errorSchema, 'No token is configured: nothing can be written'),
  404: json(schemas.resultSchema, 'There is no such thing'),
  409: json(schemas.resultSchema, 'Its state does not allow it'),
  413: json(schemas.errorSchema, 'The body is too large'),
}
const security = [{ bearer: [] }]
const messageIds = { params: schemas.messageParams }

/** `/metrics` and `/health`: what a scraper and an orchestrator ask. */
export function healthApp(deps: Pick<ApiDeps, 'readiness' | 'metrics'>): OpenAPIHono {
  const app = new OpenAPIHono()
  const live = createRoute({
    method: 'get',
    path: '/health/live',
    summary: 'Whether the process answers',
    responses: { 200: json(z.object({ live: z.literal(true) }), 'It does') },
  })
  const ready = createRoute({
    method: 'get',
    path: '/health/ready',
    summary: 'Whether every lane makes progress, or has nothing to do',
    responses: {
      200: json(schemas.healthSchema, 'It does'),
      503: json(schemas.healthSchema, 'A lane makes no progress although it could, or the store cannot be read'),
    },
  })
  app.openapi(live, (context) => context.json({ live: true as const }, 200))
  app.openapi(ready, async (context) => {
    const problems = await deps.readiness.problems()
    return problems.length === 0
      ? context.json({ ready: true, problems: [] }, 200)
      : context.json({ ready: false, problems }, 503)
  })
  app.openAPIRegistry.registerPath({
    method: 'get',
    path: '/metrics',
    summary: 'Metrics, as Prometheus reads them',
    responses: { 200: { description: 'All of them', content: { 'text/plain': { schema: z.string() } } } },
  })
  app.get('/metrics', async (context) => {
    const { contentType, text } = await deps.metrics.render()
    return context.body(text, 200, { 'content-type': contentType })
  })
  return app
}

/** The whole API. Its document is at `/openapi.json`, made of the same schemas that judge what comes in. */
export function apiApp(deps: ApiDeps): OpenAPIHono {
  const { store, telemetry, operator } = deps
  const app = new OpenAPIHono({
    defaultHook: (result, context) => {
      if (result.success) return undefined
      const [issue] = result.error.issues
      const detail = `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'not what is expected'}`
      return context.json({ error: { code: 'BAD_REQUEST', detail } }, 400)
    },
  })
  app.use(
    bodyLimit({
      maxSize: MAX_BODY,
      onError: (context) => fail(context, 413, 'BODY_TOO_LARGE', `${MAX_BODY} bytes at most`),
    }),
  )
  app.use('/v1/*', authorizeWrites(deps.token))
  app.onError((error, context) => {
    const { code, detail } = reasonOf(error)
    if ('status' in error && error.status === 400) return fail(context, 400, 'BAD_REQUEST', 'the body is not JSON')
    deps.log.error({ code, detail, path: context.req.path }, 'a request failed')
    return fail(context, 500, 'INTERNAL', 'the request failed; the log says why')
  })
  app.notFound((context) => fail(context, 404, 'NOT_FOUND', 'no such path; see /openapi.json'))
  app.route('/', healthApp(deps))

  const list = createRoute({
    method: 'get',
    path: '/v1/messages',
    summary: 'Messages, newest first',
    request: { query: schemas.messageQuery },
    responses: { 200: json(schemas.pageSchema, 'A page of them'), ...malformed },
  })
  app.openapi(list, async (context) => {
    const { from, to, open, ...rest } = context.req.valid('query')
    const filter = {
      ...rest,
      fromChain: from === undefined ? undefined : BigInt(from),
      toChain: to === undefined ? undefined : BigInt(to),
      open: open === 'true',
    }
    const { messages, next } = await store.views.messages(filter)
    const decided = await store.decisions.of(messages)
    const views = messages.map((message) => messageView(message, decided.get(keyOf(message)) ?? null))
    return context.json({ messages: views, next }, 200)
  })

  const one = createRoute({
    method: 'get',
    path: '/v1/messages/{fromChain}/{orderId}',
    summary: 'A message, and every transaction that was for it',
    request: messageIds,
    responses: { 200: json(schemas.historySchema, 'It'), ...malformed, ...notFound },
  })
  app.openapi(one, async (context) => {
    const key = keyFrom(context.req.valid('param'))
    const message = await store.message(key)
    if (message === null) return context.json({ error: { code: 'UNKNOWN_MESSAGE', detail: 'no such message' } }, 404)
    const [decided, transactions] = await Promise.all([store.decisions.of([key]), store.views.transactionsOf(key)])
    const view = messageView(message, decided.get(keyOf(key)) ?? null)
    return context.json({ message: view, transactions: transactions.map(transactionView) }, 200)
  })

  const read = <Schema extends z.ZodType>(path: string, summary: string, schema: Schema) =>
    createRoute({ method: 'get', path, summary, responses: { 200: json(schema, 'All of them') } })
  app.openapi(
    read('/v1/lanes', 'Lanes, with what waits', z.array(schemas.laneSchema)),
    async (context) => context.json(plainOf(await telemetry.lanes()) as z.infer<typeof schemas.laneSchema>[], 200), // CAST: states are counts
  )
  app.openapi(read('/v1/light-clients', 'Light clients', z.array(schemas.lightClientSchema)), (context) =>
    context.json(plainOf(telemetry.lightClients()), 200),
  )
  app.openapi(read('/v1/wallets', 'Wallets', z.array(schemas.walletSchema)), (context) =>
    context.json(plainOf(telemetry.wallets()), 200),
  )
  app.openapi(read('/v1/endpoints', "Chains' endpoints", z.array(schemas.endpointSchema)), (context) =>
    context.json(plainOf(telemetry.endpoints()), 200),
  )
  app.openapi(read('/v1/workers', 'Workers, and why one makes no progress', z.array(schemas.workerSchema)), (context) =>
    context.json(plainOf(deps.compass.status().workers), 200),
  )
  const claims = createRoute({
    method: 'get',
    path: '/v1/claims',
    summary: 'What deliveries have earned, newest first',
    request: { query: schemas.claimQuery },
    responses: { 200: json(z.array(schemas.claimSchema), 'Some of them'), ...malformed },
  })
  app.openapi(claims, async (context) =>
    context.json((await deps.compass.claims(context.req.valid('query'))).map(claimView), 200),
  )
  const costs = createRoute({
    method: 'get',
    path: '/v1/costs',
    summary: 'What each route has cost',
    request: { query: schemas.costQuery },
    responses: { 200: json(z.array(schemas.costSchema), 'Gas and wei by route and kind'), ...malformed },
  })
  app.openapi(costs, async (context) =>
    context.json(plainOf(await telemetry.costs(context.req.valid('query').days)), 200),
  )

  const verb = (name: string, summary: string) =>
    createRoute({
      method: 'post',
      path: `/v1/messages/{fromChain}/{orderId}/${name}`,
      summary,
      security,
      request: messageIds,
      responses: { 200: json(schemas.resultSchema, 'Done, or it waits for something'), ...writing },
    })
  const retry = createRoute({
    ...verb('retry', 'Try a message now; run a failed one again'),
    request: { ...messageIds, body: { content: { 'application/json': { schema: schemas.retryBody } } } },
  })
  app.openapi(retry, async (context) => {
    const { gasLimit } = context.req.valid('json')
    const key = keyFrom(context.req.valid('param'))
    return answer(context, await operator.retry(key, gasLimit === undefined ? undefined : BigInt(gasLimit)))
  })
  app.openapi(verb('clear', 'Give up trying; retry takes it up again'), async (context) =>
    answer(context, await operator.clear(keyFrom(context.req.valid('param')))),
  )
  app.openapi(verb('release', 'Let a message past the filters'), async (context) =>
    answer(context, await operator.release(keyFrom(context.req.valid('param')))),
  )
  for (const name of ['pause', 'resume'] as const) {
    const route = createRoute({
      method: 'post',
      path: `/v1/lanes/{from}/{to}/${name}`,
      summary: name === 'pause' ? 'Send nothing more on a lane' : 'Let a lane go on',
      security,
      request: { params: schemas.laneParams },
      responses: { 200: json(schemas.resultSchema, 'Done'), ...writing },
    })
    app.openapi(route, async (context) => {
      const { from, to } = context.req.valid('param')
      return answer(context, await operator[name](BigInt(from), BigInt(to)))
    })
  }

  const reread = createRoute({
    method: 'post',
    path: '/v1/chains/{chain}/reread',
    summary: 'Read the logs of a chain once more, and what is final there',
    security,
    request: {
      params: schemas.chainParams,
      body: { content: { 'application/json': { schema: schemas.rereadBody } }, required: true },
    },
    responses: { 200: json(schemas.resultSchema, 'Done at the next look'), ...writing },
  })
  app.openapi(reread, async (context) => {
    const { chain } = context.req.valid('param')
    return answer(context, await operator.reread(BigInt(chain), BigInt(context.req.valid('json').fromBlock)))
  })

  app.openAPIRegistry.registerPath({
    method: 'get',
    path: '/v1/events',
    summary: 'Server-sent events: message, lane, lightClient, wallet; reset: read everything again',
    request: { headers: z.object({ 'last-event-id': z.string().optional() }) },
    responses: {
      200: { description: 'A stream without end', content: { 'text/event-stream': { schema: z.string() } } },
      503: json(schemas.errorSchema, 'Too many clients'),
    },
  })
  app.get('/v1/events', (context) =>
    // a HEAD is answered by what answers GET, and nobody would read that, or end it
    context.req.method === 'HEAD'
      ? context.body(null, 200, { 'content-type': 'text/event-stream' })
      : stream(context, deps.events),
  )

  app.openAPIRegistry.registerPath({
    method: 'get',
    path: '/openapi.json',
    summary: 'This document',
    responses: { 200: json(z.looseObject({ openapi: z.string() }), 'OpenAPI 3.1') },
  })
  app.openAPIRegistry.registerComponent('securitySchemes', 'bearer', { type: 'http', scheme: 'bearer' })
  app.doc31('/openapi.json', {
    openapi: '3.1.0',
    info: { title: 'Compass', version: VERSION, description: 'Integers that JSON cannot carry are decimal strings.' },
  })
  return app
}

const keyFrom = ({ fromChain, orderId }: { fromChain: string; orderId: string }) => ({
  fromChain: BigInt(fromChain),
  orderId: orderId.toLowerCase() as `0x${string}`, // CAST: the schema has its pattern
})

function answer(context: Context, result: OperatorResult) {
  const reason = result.status === 'done' ? null : { ...result.reason }
  const body = { status: result.status, reason }
  if (result.status !== 'refused') return context.json(body, 200)
  return context.json(body, result.reason.code.startsWith('UNKNOWN') ? 404 : 409)
}

function fail(context: Context, status: 400 | 401 | 403 | 404 | 413 | 500 | 503, code: string, detail: string) {
  return context.json({ error: { code, detail } }, status)
}

/** Reading is open to whoever reaches the port; everything else needs the token. */
function authorizeWrites(token: string | null): MiddlewareHandler {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
  return async (context, next) => {
    if (context.req.method === 'GET' || context.req.method === 'HEAD') return next()
    if (token === null) return fail(context, 403, 'READ_ONLY', 'no api.token is configured')
    const given = /^Bearer (.+)$/.exec(context.req.header('authorization') ?? '')?.[1]
    // digests, so that the comparison says nothing about the length either
    if (given === undefined || !timingSafeEqual(digest(given), digest(token)))
      return fail(context, 401, 'UNAUTHORIZED', 'expected the bearer token')
    return next()
  }
}

function stream(context: Context, events: EventHub) {
  // who does not read keeps what is being written from ever ending: the connection is cut
  const { outgoing }: Partial<HttpBindings> = context.env ?? {}
  const subscriber = events.subscribe(context.req.header('last-event-id') ?? null, () => outgoing?.destroy())
  if (subscriber === null) return fail(context, 503, 'TOO_MANY_STREAMS', 'too many clients of the stream')
  return streamSSE(context, async (sse) => {
    sse.onAbort(subscriber.close)
    const beat = setInterval(() => void sse.write(': alive\n\n').catch(subscriber.close), HEARTBEAT_MS)
    try {
      for (let event = await subscriber.next(); event !== null; event = await subscriber.next())
        await sse.writeSSE({ id: event.id, event: event.type, data: event.data })
    } finally {
      clearInterval(beat)
      subscriber.close()
    }
  })
}
