import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hasCode } from '@meridian/core'
import { createBeacon } from './beacon.ts'

const urls = ['http://a/', 'http://b']

test('what one node does not have, another may', async () => {
  const fetch = async (url: string) =>
    url === 'http://a/eth/v1/x' ? new Response('', { status: 404 }) : Response.json({ data: 1 })
  assert.deepEqual(await createBeacon({ urls, fetch, now: () => 0 }).get('/eth/v1/x'), { data: 1 })
})

test('status 404 is what is left when every node says so; a failure outweighs it', async () => {
  const none = createBeacon({ urls, now: () => 0, fetch: async () => new Response('', { status: 404 }) })
  await assert.rejects(none.get('/eth/v1/x'), (e) => hasCode(e, 'BEACON') && e.context.status === 404)
  const half = createBeacon({
    urls,
    now: () => 0,
    fetch: async (url) => new Response('', { status: url.startsWith('http://a') ? 503 : 404 }),
  })
  await assert.rejects(half.get('/eth/v1/x'), (e) => hasCode(e, 'BEACON') && e.context.status === 503)
})

test('bytes are asked for as octet-stream', async () => {
  let accept: string | null = null
  const fetch = async (_: string, init: RequestInit) => {
    accept = new Headers(init.headers).get('accept')
    return new Response(Uint8Array.of(1, 2))
  }
  assert.deepEqual([...(await createBeacon({ urls, fetch }).getBytes('/eth/v2/x'))], [1, 2])
  assert.equal(accept, 'application/octet-stream')
})
