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
