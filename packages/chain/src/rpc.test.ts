import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hasCode } from '@meridian/core'
import { createRpc } from './rpc.ts'

type Body = { id: number; method: string }

/** A fake fetch: one handler an endpoint, and what was asked of each. */
function fakeFetch(handlers: Record<string, (body: Body | Body[]) => Response | Promise<Response>>) {
  const asked: string[] = []
  return {
    asked,
    fetch: async (url: string, init: RequestInit) => {
      asked.push(url)
      const handler = handlers[url]
      assert.ok(handler, url)
      return handler(JSON.parse(String(init.body)))
    },
  }
}
const ok = (result: unknown) => (body: Body | Body[]) =>
  Response.json(Array.isArray(body) ? body.map(({ id }) => ({ jsonrpc: '2.0', id, result })) : { id: body.id, result })
const fails = () => Promise.reject(new TypeError('fetch failed'))

test('a dead endpoint is passed over, and asked last from then on', async () => {
  const http = fakeFetch({ 'http://a/': fails, 'http://b/': ok('0x1') })
  const rpc = createRpc({ urls: ['http://a/', 'http://b/'], fetch: http.fetch, now: () => 0 })
  assert.equal(await rpc.request('eth_blockNumber', []), '0x1')
  assert.equal(await rpc.request('eth_blockNumber', []), '0x1')
  assert.deepEqual(http.asked, ['http://a/', 'http://b/', 'http://b/'])
})

test('each endpoint is asked once, then the failure is the caller’s: no retry storm', async () => {
  const http = fakeFetch({ 'http://a/': fails, 'http://b/': fails })
  const rpc = createRpc({ urls: ['http://a/', 'http://b/'], fetch: http.fetch, now: () => 0 })
  await assert.rejects(rpc.request('eth_blockNumber', []), (e) => hasCode(e, 'RPC_TRANSPORT'))
  assert.equal(http.asked.length, 2)
})

test('an endpoint that recovered is preferred again', async () => {
  let now = 0
  let alive = false
  const http = fakeFetch({ 'http://a/': (b) => (alive ? ok('0xa')(b) : fails()), 'http://b/': ok('0xb') })
  const rpc = createRpc({ urls: ['http://a/', 'http://b/'], fetch: http.fetch, now: () => now })
  assert.equal(await rpc.request('x', []), '0xb')
  alive = true
  now = 1_000
  assert.equal(await rpc.request('x', []), '0xa')
})

test('an error of the node is an answer: no failover, and its revert data is kept', async () => {
  const error = { code: 3, message: 'execution reverted', data: { data: '0x07499e70' } }
  const http = fakeFetch({ 'http://a/': (b) => Response.json({ id: (b as Body).id, error }), 'http://b/': ok('0x') })
  const rpc = createRpc({ urls: ['http://a/', 'http://b/'], fetch: http.fetch, now: () => 0 })
  await assert.rejects(
    rpc.request('eth_call', []),
    (e) => hasCode(e, 'RPC_RESPONSE') && e.context.data === '0x07499e70',
  )
  assert.equal(http.asked.length, 1)
})

test('a rate limit, by status or by text, moves on and rests as long as asked for', async () => {
  let now = 0
  const limit = () => new Response('slow down', { status: 429, headers: { 'retry-after': '30' } })
  const text = (b: Body | Body[]) =>
    Response.json({ id: (b as Body).id, error: { code: -32000, message: 'Too Many Requests' } })
  const http = fakeFetch({ 'http://a/': limit, 'http://b/': text, 'http://c/': ok('0xc') })
  const rpc = createRpc({ urls: ['http://a/', 'http://b/', 'http://c/'], fetch: http.fetch, now: () => now })
  assert.equal(await rpc.request('x', []), '0xc')
  now = 29_999
  await rpc.request('x', [])
  assert.deepEqual(http.asked.slice(3), ['http://b/', 'http://c/'])
})

test('truncated JSON, a foreign id and an oversized answer are malformed or refused, never a result', async () => {
  for (const [handler, code] of [
    [() => new Response('{"id":1,"resu'), 'RPC_MALFORMED'],
    [() => Response.json({ id: 999, result: '0x1' }), 'RPC_MALFORMED'],
    [() => Response.json({ id: 1 }), 'RPC_MALFORMED'],
    [() => new Response('x'.repeat(2_000)), 'RPC_TRANSPORT'],
    [() => new Response('<html>', { status: 502 }), 'RPC_TRANSPORT'],
  ] as const) {
    const rpc = createRpc({ urls: ['http://a/'], fetch: async () => handler(), now: () => 0, maxBytes: 1_000 })
    await assert.rejects(rpc.request('x', []), (e) => hasCode(e, code), code)
  }
})

test('requests of one turn share one HTTP request when batching is on', async () => {
  const http = fakeFetch({ 'http://a/': ok('0x1') })
  const rpc = createRpc({ urls: ['http://a/'], fetch: http.fetch, now: () => 0, batchSize: 10 })
  assert.deepEqual(await Promise.all([rpc.request('x', []), rpc.request('y', [])]), ['0x1', '0x1'])
  assert.equal(http.asked.length, 1)
})

test('credentials and paths of a URL stay out of errors', async () => {
  const rpc = createRpc({ urls: ['http://me:secret@a.example/key'], fetch: fails, now: () => 0 })
  await assert.rejects(rpc.request('x', []), (e) => e instanceof Error && !/secret|key/.test(e.message))
})

test('an endpoint that says how long it wants to be left alone is not asked before that, even when it is the only one', async () => {
  let now = 0
  let limited = true
  const http = fakeFetch({
    'http://a/': (b) => (limited ? new Response('', { status: 429, headers: { 'retry-after': '30' } }) : ok('0xa')(b)),
  })
  const rpc = createRpc({ urls: ['http://a/'], fetch: http.fetch, now: () => now })
  const isLimited = (e: unknown) => hasCode(e, 'RPC_RATE_LIMIT')
  await assert.rejects(rpc.request('x', []), isLimited)
  limited = false
  now = 29_999
  await assert.rejects(
    rpc.request('x', []),
    (e) => isLimited(e) && hasCode(e, 'RPC_RATE_LIMIT') && e.context.retryAfterMs === 1,
  )
  assert.equal(http.asked.length, 1)
  now = 30_000
  assert.equal(await rpc.request('x', []), '0xa')
})

test('what a provider asks for in an error’s data, or as a date, counts too', async () => {
  let now = 0
  const data = { rate: { backoff_seconds: 12 } }
  const limit = (b: Body | Body[]) =>
    Response.json({ id: (b as Body).id, error: { code: -32005, message: 'daily request count exceeded', data } })
  const rpc = createRpc({ urls: ['http://a/'], fetch: fakeFetch({ 'http://a/': limit }).fetch, now: () => now })
  await assert.rejects(rpc.request('x', []), (e) => hasCode(e, 'RPC_RATE_LIMIT') && e.context.retryAfterMs === 12_000)
  assert.equal(rpc.endpoints()[0]?.limitedUntil, 12_000)
  now = Date.parse('2026-01-01T00:00:00Z')
  const dated = () => new Response('', { status: 429, headers: { 'retry-after': 'Thu, 01 Jan 2026 00:00:07 GMT' } })
  const other = createRpc({ urls: ['http://a/'], fetch: async () => dated(), now: () => now })
  await assert.rejects(other.request('x', []), (e) => hasCode(e, 'RPC_RATE_LIMIT') && e.context.retryAfterMs === 7_000)
})

test('one endpoint’s health tells what became of its requests; a found lie is named', async () => {
  let now = 0
  const named: string[] = []
  const http = fakeFetch({ 'http://a/key': ok('0xa'), 'http://b/': fails })
  const rpc = createRpc({
    urls: ['http://a/key', 'http://b/'],
    fetch: http.fetch,
    now: () => now,
    onPassOver: (host, reason) => void named.push(`${host}: ${reason.message}`),
  })
  const [a, b] = rpc.nodes()
  assert.ok(a && b)
  assert.equal(await a.request('x', []), '0xa')
  await assert.rejects(b.request('x', []), (e) => hasCode(e, 'RPC_TRANSPORT'))
  assert.equal(http.asked.length, 2, 'each for itself: no failover')
  a.passOver(new Error('another block hash'))
  assert.deepEqual(named, ['a: another block hash'])
  const [health, other] = rpc.endpoints()
  assert.deepEqual([health?.host, health?.requests, health?.errors, health?.wrongAnswers], ['a', 1, 1, 1])
  assert.equal(health?.lastError, 'another block hash')
  assert.deepEqual([other?.host, other?.requests, other?.errors, other?.wrongAnswers], ['b', 1, 1, 0])
  assert.ok(
    other !== undefined && health.score < 1 && other.score < 1 && health.latencyMs === 0 && other.latencyMs === null,
  )
  now = 60_000
  for (let i = 0; i < 20; i++) a.passOver(new Error('again'))
  now = 600_000
  assert.equal(rpc.nodes()[0]?.host, 'b', 'one that is wrong again and again is asked after the others, rested or not')
})

test('two callers share a read that is on its way, and no answer after it', async () => {
  let n = 0
  const http = fakeFetch({ 'http://a/': (b) => ok(`0x${++n}`)(b) })
  const rpc = createRpc({ urls: ['http://a/'], fetch: http.fetch, now: () => 0 })
  const latest = () => rpc.request('eth_getBlockByNumber', ['latest', false])
  assert.deepEqual(await Promise.all([latest(), latest(), rpc.request('eth_call', []), rpc.request('eth_call', [])]), [
    '0x1',
    '0x1',
    '0x2',
    '0x3',
  ])
  assert.equal(await latest(), '0x4')
})

/** An endpoint of a chain, which answers everything else with the same. */
const ofChain = (id: string, result: unknown) => (b: Body | Body[]) =>
  (Array.isArray(b) ? b : [b]).every(({ method }) => method === 'eth_chainId') ? ok(id)(b) : ok(result)(b)

// once, only the first one that answered was asked, at the start: an endpoint of another chain that took over later said
// which nonce the wallet has there, and everything that was sent from then on waited behind a gap of thousands
test('an endpoint of another chain is not believed anything, whenever it is asked for the first time', async () => {
  let alive = true
  let now = 0
  const http = fakeFetch({
    'http://a/': (b) => (alive ? ofChain('0x1', '0x7')(b) : fails()),
    'http://b/': ofChain('0x2', '0x9999'),
  })
  const rpc = createRpc({ urls: ['http://a/', 'http://b/'], chainId: 1n, fetch: http.fetch, now: () => now })
  const nonce = () => rpc.request('eth_getTransactionCount', [])
  assert.equal(await nonce(), '0x7')
  assert.equal(await nonce(), '0x7')
  assert.equal(http.asked.length, 3, 'its chain is asked for once')
  alive = false
  await assert.rejects(nonce(), (e) => hasCode(e, 'CHAIN_DATA') && /chain id: expected 1, given 2/.test(e.message))
  alive = true
  now = 120_000
  assert.equal(await nonce(), '0x7')
  assert.equal(rpc.endpoints()[1]?.wrongAnswers, 1)
})

test('one that was down at first is asked for its chain when it is back', async () => {
  let alive = false
  const http = fakeFetch({ 'http://a/': (b) => (alive ? ofChain('0x2', '0x9999')(b) : fails()) })
  const rpc = createRpc({ urls: ['http://a/'], chainId: 1n, fetch: http.fetch, now: () => 0 })
  await assert.rejects(rpc.request('eth_getBalance', []), (e) => hasCode(e, 'RPC_TRANSPORT'))
  alive = true
  await assert.rejects(rpc.request('eth_getBalance', []), (e) => hasCode(e, 'CHAIN_DATA'))
})

// once, an endpoint whose node refused what every node can say was asked for it again and again, and the next one never
test('an error to what every node can say is the node’s failure: the next endpoint is asked', async () => {
  const broken = (b: Body | Body[]) =>
    Response.json({ id: (b as Body).id, error: { code: -32_603, message: 'leveldb: closed' } })
  const http = fakeFetch({ 'http://a/': broken, 'http://b/': ok('0x5') })
  let now = 0
  const rpc = createRpc({ urls: ['http://a/', 'http://b/'], fetch: http.fetch, now: () => now })
  const answered = [
    ['eth_getTransactionCount', ['0x00', 'latest']],
    ['eth_getBlockByNumber', ['latest', false]],
    ['eth_getTransactionReceipt', ['0x00']],
    ['eth_getLogs', [{ fromBlock: '0x5', toBlock: '0x5' }]],
  ] as const
  for (const [method, params] of answered) {
    assert.equal(await rpc.request(method, params), '0x5', method)
    assert.equal(rpc.nodes()[0]?.host, 'b', method)
    now += 60_000
  }
  // the request may be at fault: too many blocks, a revert, a transaction that nobody takes
  for (const [method, params] of [
    ['eth_getLogs', [{ fromBlock: '0x5', toBlock: '0x6' }]],
    ['eth_call', []],
    ['eth_sendRawTransaction', []],
  ] as const) {
    await assert.rejects(rpc.request(method, params), (e) => hasCode(e, 'RPC_RESPONSE'), method)
    assert.equal(rpc.nodes()[0]?.host, 'a', method)
  }
  await assert.rejects(
    createRpc({ urls: ['http://a/'], fetch: http.fetch, now: () => 0 }).request('eth_getBalance', []),
    (e) => hasCode(e, 'RPC_RESPONSE') && e.message.includes('leveldb'),
  )
})
