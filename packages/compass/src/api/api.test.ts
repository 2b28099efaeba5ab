import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { after, beforeEach, test } from 'node:test'
import { serve } from '@hono/node-server'
import { numberToHex, pad } from 'viem'
import { z } from 'zod'
import type { ChainContext } from '../chain-context.ts'
import { createLog } from '../log.ts'
import type { MessageKey, Reason } from '../message.ts'
import { createMetrics, type Metrics } from '../metrics/metrics.ts'
import type { LaneOverview } from '../metrics/overview.ts'
import { createTelemetry, type Telemetry } from '../metrics/telemetry.ts'
import { testHealth } from '../testing/endpoints.ts'
import { createFakeClock, createFakeNode } from '../testing/fake-node.ts'
import { deliver, putMessages, testKey, testMos } from '../testing/messages.ts'
import { useStore } from '../testing/test-store.ts'
import { defaultTuning } from '../tuning.ts'
import { apiApp, healthApp } from './app.ts'
import { createEventHub, type EventHub } from './events.ts'
import { createOperator } from './operator.ts'
import { createReadiness, READINESS_MS, type Readiness } from './readiness.ts'
import { endpointSchema, laneSchema, messageSchema, pageSchema } from './schemas.ts'
import { type HttpServer, listen } from './server.ts'

const current = useStore()
const token = 'a-token-of-enough-characters'
const log = createLog('silent')
const node = createFakeNode()
const signer = { address: testMos, sign: () => Promise.reject(new Error('not here')) }
const chains = [1n, 2n].map(
  (id): ChainContext => ({
    id,
    name: `chain${id}`,
    consensus: node.consensus,
    ports: { rpc: node },
    mos: testMos,
    startBlock: 0n,
    signer: id === 2n ? signer : null,
    payee: null,
    claims: null,
    tuning: defaultTuning,
    endpoints: () => [testHealth(`node${id}`, { failures: 2, lastError: 'no answer' })],
    nodes: () => [{ ...node, name: 'rpc[0]', host: `node${id}`, passOver: () => undefined }],
  }),
)
const lanes = [{ from: 1n, to: 2n }]
const clock = createFakeClock(1_000)
let trouble: { readonly reason: Reason; readonly since: number; readonly failures: number } | null = null
let retried: (readonly [MessageKey, bigint | undefined])[] = []
let telemetry: Telemetry
let events: EventHub
let server: HttpServer | null = null
let app: ReturnType<typeof apiApp>
let metrics: Metrics
let readiness: Readiness

beforeEach(async () => {
  await server?.stop()
  trouble = null
  retried = []
  metrics = createMetrics()
  const store = current()
  const compass = {
    status: () => ({ workers: [{ name: 'lane chain1-chain2', trouble }], clients: [], supply: [], leases: null }),
    subscribe: store.subscribe,
    claims: async () => [],
    async retry(key: MessageKey, gasLimit?: bigint) {
      retried.push([key, gasLimit])
      return null
    },
  }
  const looks = { stallMs: 60_000, balanceMs: 1_000 }
  telemetry = createTelemetry({ compass, store, chains, lanes, metrics, clock, log, ...looks })
  events = createEventHub(2)
  const operator = createOperator({ store, compass, lanes, clock, log })
  readiness = createReadiness(telemetry, clock.now)
  app = apiApp({ compass, store, telemetry, readiness, metrics, operator, events, token, log })
  server = await listen(app, { host: '127.0.0.1', port: 0 }, 'api')
})
after(() => server?.stop())

const at = (path: string) => `${server?.url}${path}`
const get = async (path: string) => {
  const response = await fetch(at(path))
  return { status: response.status, body: (await response.json()) as Record<string, unknown> } // CAST: the test looks
}
const post = (path: string, options: { readonly token?: string | null; readonly body?: string } = {}) =>
  fetch(at(path), {
    method: 'POST',
    headers: {
      ...(options.token === null ? {} : { authorization: `Bearer ${options.token ?? token}` }),
      ...(options.body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(options.body === undefined ? {} : { body: options.body }),
  })
const messagePath = (n: number) => `/v1/messages/1/${testKey(n).orderId}`

test('messages by filter and page; one with every transaction that was for it, without its signed bytes', async () => {
  const store = current()
  await putMessages(store, 3)
  await store.apply([[testKey(1), { type: 'proven', at: 3 }]])
  await deliver(store, 0, [1], 4)
  const first = pageSchema.parse((await get('/v1/messages?limit=2&open=true')).body)
  assert.equal(first.messages.length, 2)
  const second = pageSchema.parse((await get(`/v1/messages?limit=2&after=${first.next}`)).body)
  assert.deepEqual([second.messages.length, second.next], [1, null])
  const submitted = pageSchema.parse((await get('/v1/messages?state=submitted&from=1&to=2')).body)
  assert.deepEqual(
    submitted.messages.map(({ orderId }) => orderId),
    [testKey(1).orderId],
  )
  const { body } = await get(messagePath(1))
  const history = z.object({ message: messageSchema, transactions: z.array(z.looseObject({ kind: z.string() })) })
  const { message, transactions } = history.parse(body)
  assert.deepEqual([message.state, message.submittedAt, transactions.length], ['submitted', 4, 1])
  assert.ok(!JSON.stringify(body).includes('5ec3e7'))
  assert.equal((await get(messagePath(9))).status, 404)
  for (const query of ['limit=0', 'limit=1001', 'from=-1', 'state=lost', 'after=x', 'sender=me'])
    assert.deepEqual((await get(`/v1/messages?${query}`)).status, 400, query)
  assert.equal((await get('/v1/messages/1/0x12')).status, 400)
  assert.equal((await get('/v1/nothing')).status, 404)
})

test('what writes needs the token; without one configured nothing can be written', async () => {
  await putMessages(current(), 1)
  const statusOf = async (given: string | null) => (await post(`${messagePath(1)}/clear`, { token: given })).status
  assert.deepEqual([await statusOf(null), await statusOf('another'), await statusOf(`${token}x`)], [401, 401, 401])
  assert.equal((await current().message(testKey(1)))?.reason, null)
  assert.equal(await statusOf(token), 200)
  const store = current()
  const operator = createOperator({ store, compass: null, lanes, clock, log })
  const compass = { status: () => ({ workers: [], clients: [], supply: [], leases: null }), claims: async () => [] }
  const app = apiApp({ compass, store, telemetry, readiness, metrics, operator, events, token: null, log })
  const authorization = `Bearer ${token}`
  for (const method of ['POST', 'PUT', 'DELETE', 'PATCH']) {
    const response = await app.request(`${messagePath(1)}/retry`, { method, headers: { authorization } })
    assert.equal(response.status, 403, method)
  }
  assert.equal((await app.request(`${messagePath(1)}/retry`)).status, 404, 'reading what is only written')
})

test('clear, retry, release: written down, shown, and refused where the state does not allow it', async () => {
  const store = current()
  await putMessages(store, 2)
  assert.equal((await post(`${messagePath(1)}/clear`)).status, 200)
  const shown = async () => messageSchema.parse(((await get(messagePath(1))).body as { message: unknown }).message)
  assert.deepEqual(
    [(await shown()).decision, (await shown()).reason?.code, (await shown()).state],
    ['cleared', 'CLEARED', 'final'],
  )
  assert.equal((await post(`${messagePath(1)}/retry`, { body: '{"gasLimit":"300000"}' })).status, 200)
  assert.deepEqual(retried, [[testKey(1), 300_000n]])
  assert.equal((await shown()).decision, null)
  assert.equal((await post(`${messagePath(1)}/release`)).status, 200)
  assert.equal((await shown()).decision, 'released')
  await store.apply([[testKey(2), { type: 'proven', at: 3 }]])
  await deliver(store, 0, [2], 4)
  const refused = await post(`${messagePath(2)}/clear`)
  assert.equal(refused.status, 409)
  assert.equal((await post(`${messagePath(9)}/clear`)).status, 404)
  assert.equal((await post(`${messagePath(1)}/retry`, { body: '{"gasLimit":300000}' })).status, 400)
  assert.equal((await post(`${messagePath(1)}/retry`, { body: '{"gas":"1"}' })).status, 400)
  assert.equal((await post(`${messagePath(1)}/retry`, { body: 'no' })).status, 400)
  assert.equal((await post(`${messagePath(1)}/retry`, { body: `"${'x'.repeat(5_000)}"` })).status, 413)
})

test('lanes: paused and resumed; one that is not there is refused', async () => {
  const paused = async () => z.array(laneSchema).parse((await get('/v1/lanes')).body)[0]?.paused
  assert.equal((await post('/v1/lanes/1/2/pause')).status, 200)
  assert.equal(await paused(), true)
  assert.equal((await post('/v1/lanes/1/2/resume')).status, 200)
  assert.equal(await paused(), false)
  assert.equal((await post('/v1/lanes/2/1/pause')).status, 404)
})

test('the logs of a chain are read once more from where an operator says, if they were read that far', async () => {
  const reread = async (chain: string, body: object) =>
    (await post(`/v1/chains/${chain}/reread`, { body: JSON.stringify(body) })).status
  assert.equal(await reread('1', { fromBlock: '5' }), 404, 'nothing was read yet')
  await current().commitScan(1n, testMos, { number: 9n, hash: pad('0x09'), final: null }, [], 1)
  assert.equal(await reread('1', { fromBlock: '10' }), 404)
  assert.equal(await reread('1', { fromBlock: '5' }), 200)
  assert.equal((await current().cursor(1n, testMos))?.rereadFrom, 5n)
  assert.equal(await reread('1', { fromBlock: 5 }), 400)
  assert.equal(await reread('1', {}), 400)
})

test('live is not ready: a lane that could move and does not fails the readiness, and says why', async () => {
  assert.equal((await get('/health/ready')).status, 200)
  trouble = { reason: { code: 'RPC_TRANSPORT', detail: 'no answer' }, since: clock.now(), failures: 1 }
  clock.advance(READINESS_MS)
  assert.equal((await get('/health/ready')).status, 200, 'a short trouble is none')
  clock.advance(60_000)
  const { status, body } = await get('/health/ready')
  assert.deepEqual([status, JSON.stringify(body).includes('RPC_TRANSPORT')], [503, true])
  assert.equal((await get('/health/live')).status, 200)
})

// Whoever reached the port, without a token, could make the store work: every question whether Compass is ready was two queries.
test('however many ask whether it is ready, and however slow the store is, it is looked at once a second', async () => {
  let looks = 0
  const waiting: ((lanes: readonly LaneOverview[]) => void)[] = []
  const lanesOf = () => {
    looks += 1
    return new Promise<readonly LaneOverview[]>((resolve) => waiting.push(resolve))
  }
  const now = createFakeClock(1_000)
  const app = healthApp({ readiness: createReadiness({ lanes: lanesOf }, now.now), metrics })
  const ask = async () => (await app.request('/health/ready')).status
  /** What those who asked are told once the store says `lanes`, and how often it was asked until now. */
  async function told(asked: readonly Promise<number>[], lanes: readonly LaneOverview[] = []) {
    await new Promise(setImmediate)
    for (const resolve of waiting.splice(0)) resolve(lanes)
    return [new Set(await Promise.all(asked)), looks]
  }
  const early = Array.from({ length: 100 }, ask)
  now.advance(10 * READINESS_MS)
  assert.deepEqual(await told([...early, ask()]), [new Set([200]), 1])
  now.advance(READINESS_MS - 1)
  assert.deepEqual(await told([ask()]), [new Set([200]), 1])
  now.advance(1)
  const [lane] = await telemetry.lanes()
  assert.ok(lane)
  const stalled = { ...lane, stalled: { code: 'RPC_TRANSPORT', detail: 'no answer' } }
  assert.deepEqual(await told([ask()], [stalled]), [new Set([503]), 2])
  assert.deepEqual(await told([ask()]), [new Set([503]), 2])
  // a clock that is put back does not keep an answer for as long as it was ahead
  now.advance(-3_600_000)
  assert.deepEqual(await told([ask()]), [new Set([200]), 3])
})

test('a store that cannot be read is not ready, and is not asked by everybody either', async () => {
  let looks = 0
  const lanesOf = () => {
    looks += 1
    return Promise.reject(new Error('no connection'))
  }
  const app = healthApp({ readiness: createReadiness({ lanes: lanesOf }, clock.now), metrics })
  const asked = await Promise.all(Array.from({ length: 10 }, () => app.request('/health/ready')))
  assert.deepEqual(new Set(asked.map(({ status }) => status)), new Set([503]))
  assert.match(await (await app.request('/health/ready')).text(), /"what":"store".*no connection/)
  assert.equal(looks, 1)
})

test('the looks reach the metrics and the lists: wallets, endpoints, backlog', async () => {
  await putMessages(current(), 2)
  node.balance = 10n ** 18n
  await telemetry.look()
  const text = await (await fetch(at('/metrics'))).text()
  assert.match(text, /meridian_messages\{from="1",to="2",state="final"\} 2/)
  assert.match(text, /meridian_endpoint_failures\{chain="2",endpoint="rpc\[0\]",host="node2"\} 2/)
  assert.match(text, /meridian_wallet_balance_wei\{chain="2",address="0x0+a1"\} 1000000000000000000/)
  assert.match(text, /meridian_message_steps_total\{from="1",to="2",stage="final"\} 2/)
  const [wallet] = (await get('/v1/wallets')).body as unknown as { balance: string; runwayDays: unknown }[]
  assert.deepEqual([wallet?.balance, wallet?.runwayDays], ['1000000000000000000', null])
  const endpoints = z.array(endpointSchema).parse((await get('/v1/endpoints')).body)
  assert.deepEqual(
    endpoints.map(({ chainId, name, state, failures, lastError, head }) => [
      chainId,
      name,
      state,
      failures,
      lastError,
      head?.lagSeconds,
    ]),
    [1, 2].map((id) => [String(id), 'rpc[0]', 'asked', 2, 'no answer', 0]),
  )
  for (const path of ['light-clients', 'claims', 'workers', 'costs?days=1'])
    assert.equal((await get(`/v1/${path}`)).status, 200, path)
})

/** Reads a stream until `count` events came. */
async function eventsOf(count: number, lastEventId?: string): Promise<{ id: string; event: string; data: string }[]> {
  const abort = new AbortController()
  const headers = lastEventId === undefined ? {} : { 'last-event-id': lastEventId }
  const response = await fetch(at('/v1/events'), { headers, signal: abort.signal })
  assert.equal(response.status, 200)
  assert.ok(response.body)
  let text = ''
  const found = () =>
    text
      .split('\n\n')
      .slice(0, -1)
      .map((block) => Object.fromEntries(block.split('\n').map((line) => line.split(/: (.*)/s).slice(0, 2))))
  const decoder = new TextDecoder()
  for await (const chunk of response.body) {
    text += decoder.decode(chunk, { stream: true })
    if (found().length >= count) break
  }
  abort.abort()
  return found() as { id: string; event: string; data: string }[] // CAST: the test looks at them
}

test('the stream: each event with its id, and after a break what was missed, or word that it is not known', async () => {
  const reading = eventsOf(2)
  while (events.clients() === 0) await new Promise((resolve) => setImmediate(resolve))
  events.publish('message', { n: 1n })
  events.publish('lane', { n: 2 })
  const both = await reading
  assert.deepEqual(
    both.map(({ event, data }) => [event, data]),
    [
      ['message', '{"n":"1"}'],
      ['lane', '{"n":2}'],
    ],
  )
  const [first, second] = both
  events.publish('wallet', {})
  assert.deepEqual(
    (await eventsOf(2, first?.id)).map(({ event }) => event),
    ['lane', 'wallet'],
  )
  assert.deepEqual(
    (await eventsOf(1, second?.id)).map(({ event }) => event),
    ['wallet'],
  )
  assert.deepEqual(
    (await eventsOf(1, 'ffffffff-1')).map(({ event }) => event),
    ['reset'],
    'another run',
  )
  for (let i = 0; i < 1_001; i++) events.publish('lane', { i })
  assert.deepEqual(
    (await eventsOf(1, first?.id)).map(({ event }) => event),
    ['reset'],
    'too long ago',
  )
})

test('neither many clients nor a slow one take more than their share', async () => {
  const [one, two] = [events.subscribe(null), events.subscribe(null)]
  assert.equal(events.subscribe(null), null)
  const refused = await fetch(at('/v1/events'))
  assert.equal(refused.status, 503)
  await refused.body?.cancel()
  for (let i = 0; i < 1_001; i++) events.publish('lane', { i })
  assert.equal(await one?.next(), null, 'what is too far behind has ended, and comes back with its last event')
  two?.close()
  assert.equal(events.clients(), 0)
})

// once, its connection stayed for good: a thousand of them, and nobody reached the API any more
test('a client that never reads loses its connection', async () => {
  const own = serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 })
  const count = () => new Promise<number>((resolve) => own.getConnections((_, connections) => resolve(connections)))
  await once(own, 'listening')
  const address = own.address()
  assert.ok(typeof address === 'object' && address !== null)
  const socket = connect(address.port, address.address)
  socket.on('error', () => undefined)
  socket.pause()
  socket.write('GET /v1/events HTTP/1.1\r\nhost: x\r\n\r\n')
  const turn = () => new Promise((resolve) => setImmediate(resolve))
  while (events.clients() === 0) await turn()
  assert.equal(await count(), 1)
  const text = 'x'.repeat(20_000)
  while (events.clients() > 0) {
    events.publish('lane', { text })
    await turn()
  }
  // whatever of it the network still holds
  for (let turns = 0; (await count()) > 0; turns++) {
    assert.ok(turns < 10_000, 'the connection is still there')
    await turn()
  }
  socket.destroy()
  own.close()
})

// once, each such request took a place among the clients of the stream for as long as the service ran
test('who asks for the head of the stream alone is no client of it', async () => {
  for (let i = 0; i < 3; i++) assert.equal((await fetch(at('/v1/events'), { method: 'HEAD' })).status, 200)
  assert.equal(events.clients(), 0)
})

test('a client that leaves is forgotten', async () => {
  const url = new URL(at('/'))
  const socket = connect(Number(url.port), url.hostname)
  socket.write('GET /v1/events HTTP/1.1\r\nhost: x\r\n\r\n')
  while (events.clients() === 0) await new Promise((resolve) => setImmediate(resolve))
  socket.destroy()
  while (events.clients() > 0) {
    events.publish('lane', {})
    await new Promise((resolve) => setImmediate(resolve))
  }
})

test('the OpenAPI document says of every route what it takes and answers', async () => {
  const { body } = await get('/openapi.json')
  const operation = z.looseObject({
    summary: z.string(),
    responses: z.record(z.string(), z.unknown()),
    security: z.unknown().optional(),
  })
  const document = z
    .object({
      openapi: z.literal('3.1.0'),
      paths: z.record(
        z.string(),
        z
          .record(z.enum(['get', 'post']), operation)
          .or(z.object({ get: operation }))
          .or(z.object({ post: operation })),
      ),
      components: z.looseObject({
        schemas: z.record(z.string(), z.unknown()),
        securitySchemes: z.looseObject({ bearer: z.unknown() }),
      }),
    })
    .parse({ openapi: body.openapi, paths: body.paths, components: body.components })
  const writing = Object.entries(document.paths).filter(([, methods]) => 'post' in methods)
  assert.equal(writing.length, 6)
  for (const [path, methods] of writing) assert.ok(JSON.stringify(methods).includes('bearer'), path)
  assert.ok(Object.keys(document.paths).length >= 16)
  const served = app.routes.filter(({ method }) => method !== 'ALL').map(({ path }) => path.replace(/:(\w+)/g, '{$1}'))
  assert.deepEqual([...new Set(served)].sort(), Object.keys(document.paths).sort())
  const text = JSON.stringify(body)
  for (const reference of text.matchAll(/"#\/components\/schemas\/(\w+)"/g))
    assert.ok(Object.hasOwn(document.components.schemas, reference[1] ?? ''), reference[0])
})

test('the order id of a path may be in any case', async () => {
  await putMessages(current(), 11)
  const { orderId } = testKey(11)
  assert.equal(orderId, pad(numberToHex(11)))
  assert.equal((await get(`/v1/messages/1/0x${orderId.slice(2).toUpperCase()}`)).status, 200)
})
