import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hasCode } from '@meridian/core'
import { createBeacon } from './beacon.ts'
import { hostOf, withoutSecrets } from './http.ts'
import { getLogs } from './logs.ts'
import { createRpc } from './rpc.ts'

type Body = { id: number; method: string; params: readonly { fromBlock: string; toBlock: string }[] }

/** Endpoints by URL, and whom was asked. */
function net(handlers: Record<string, (body: Body) => Response>) {
  const asked: string[] = []
  return {
    asked,
    fetch: async (url: string, init: RequestInit) => {
      asked.push(url)
      return handlers[url]?.(JSON.parse(String(init.body))) ?? Promise.reject(new TypeError('fetch failed'))
    },
  }
}
const key = '5f1d7a84db00d2fce00b31a7fc73224f'
const [a, b] = [`https://a.example/v2/${key}`, 'https://b.example/'] as const
const limited = () => new Response('', { status: 429, headers: { 'retry-after': '600' } })
const answers = ({ id }: Body) => Response.json({ id, result: '0x1' })

test('who asked to be left alone is left alone by the next process too, however often it restarts', async () => {
  let now = 1_000_000
  const first = net({ [a]: limited })
  const before = createRpc({ urls: [a], fetch: first.fetch, now: () => now })
  await assert.rejects(before.request('x', []), (e) => hasCode(e, 'RPC_RATE_LIMIT'))
  const second = net({ [a]: answers })
  for (let restarts = 0; restarts < 3; restarts++) {
    const rpc = createRpc({ urls: [a], fetch: second.fetch, now: () => now, known: before.memory() })
    await assert.rejects(rpc.request('x', []), (e) => hasCode(e, 'RPC_RATE_LIMIT'))
    assert.deepEqual(rpc.memory(), before.memory())
  }
  assert.equal(second.asked.length, 0)
  now += 600_000
  const later = createRpc({ urls: [a], fetch: second.fetch, now: () => now, known: before.memory() })
  assert.equal(await later.request('x', []), '0x1')
  assert.deepEqual(later.memory()[0]?.limitedUntil, 0)
})

test('failures in a row go on where they stood: a dead endpoint is not asked first, and rests for longer', async () => {
  let now = 0
  const dead = createRpc({ urls: [a, b], fetch: net({ [b]: answers }).fetch, now: () => now })
  for (let i = 0; i < 4; i++) {
    await dead.request('x', [])
    now += 60_000
  }
  now -= 59_999
  const again = net({ [b]: answers })
  const rpc = createRpc({ urls: [a, b], fetch: again.fetch, now: () => now, known: dead.memory() })
  await rpc.request('x', [])
  assert.deepEqual(again.asked, [b])
  now += 60_000
  await rpc.request('x', [])
  const [health] = rpc.endpoints()
  assert.deepEqual([health?.failures, (health?.restUntil ?? 0) - now], [5, 16_000])
})

test('what stands in a memory cannot keep an endpoint away for longer than the endpoint itself could', () => {
  const now = 1_000
  const ahead = { failures: 1e9, restUntil: 1e15, limitedUntil: 1e15, score: 7, logBlocks: -5n, logBlocksRefused: 1n }
  const { id } = createRpc({ urls: [a], now: () => now }).endpoints()[0] ?? {}
  assert.ok(id)
  const rpc = createRpc({ urls: [a], now: () => now, known: [{ id, ...ahead }], maxLogBlocks: 500n })
  const [health] = rpc.endpoints()
  assert.deepEqual(
    [health?.limitedUntil, health?.restUntil, health?.score, health?.logBlocks],
    [now + 3_600_000, now + 3_600_000, 1, 500n],
  )
  const broken = { ...ahead, failures: Number.NaN, restUntil: Number.NaN, limitedUntil: -1, score: Number.NaN }
  const [mended] = createRpc({ urls: [a], now: () => now, known: [{ id, ...broken }] }).endpoints()
  assert.deepEqual([mended?.failures, mended?.restUntil, mended?.limitedUntil, mended?.score], [0, 0, 0, 0])
})

test('each endpoint has a range of its own, and the next process begins with it', async () => {
  const sizes: [string, number][] = []
  const serving = (host: string, limit: number) => (body: Body) => {
    const [filter] = body.params
    const blocks = Number(filter?.toBlock) - Number(filter?.fromBlock) + 1
    sizes.push([host, blocks])
    const error = { code: -32_602, message: `at most ${limit} blocks` }
    return Response.json(blocks > limit ? { id: body.id, error } : { id: body.id, result: [] })
  }
  const http = net({ [a]: serving('a', 100), [b]: serving('b', 10_000) })
  const make = (known: ReturnType<ReturnType<typeof createRpc>['memory']>) =>
    createRpc({ urls: [a, b], fetch: http.fetch, now: () => 0, maxLogBlocks: 800n, known })
  const filter = {
    address: '0x00000000000000000000000000000000000000A1',
    topics: [],
    fromBlock: 0n,
    toBlock: 799n,
  } as const
  const rpc = make([])
  for (const node of rpc.nodes()) await getLogs(node, filter)
  assert.deepEqual(sizes.slice(0, 4), [
    ['a', 800],
    ['a', 400],
    ['a', 200],
    ['a', 100],
  ])
  assert.deepEqual(sizes.at(-1), ['b', 800], 'the other one is not asked for less')
  sizes.length = 0
  const next = make(rpc.memory())
  const [first] = next.nodes()
  assert.ok(first)
  await getLogs(first, { ...filter, toBlock: 199n })
  assert.deepEqual(sizes, [
    ['a', 100],
    ['a', 100],
  ])
})

test('a memory holds no URL: neither its key nor its host', () => {
  const url = `https://me:hunter2@${key}.nodes.example/v2/${key}?apikey=${key}`
  const rpc = createRpc({ urls: [url], fetch: net({}).fetch, now: () => 0 })
  rpc.nodes()[0]?.passOver(new Error('a lie'))
  const beacon = createBeacon({ urls: [url], fetch: net({}).fetch, now: () => 0 })
  beacon.nodes()[0]?.passOver(new Error('a lie'))
  const text = JSON.stringify([rpc.memory(), beacon.memory(), rpc.endpoints(), beacon.endpoints()], (_, value) =>
    typeof value === 'bigint' ? String(value) : value,
  )
  assert.ok(!/hunter2|example\/|apikey/.test(text) && !text.includes(key), text)
  assert.notEqual(rpc.memory()[0]?.id, beacon.memory()[0]?.id, 'one URL that serves both is two endpoints')
})

test('a node that repeats the key which it refuses does not get it shown', async () => {
  const url = `https://user:pass%20word@a.example/v3/${key}?token=abc123`
  const said = `project ${key} of user with pass word or pass%20word and abc123 is over`
  for (const refuse of [
    ({ id }: Body) => Response.json({ id, error: { code: -32_000, message: said } }),
    ({ id }: Body) => Response.json({ id, error: { code: -32_005, message: `${said}: too many requests` } }),
  ]) {
    const bare = `https://a.example/v3/${key}?token=abc123`
    const rpc = createRpc({ urls: [url], fetch: net({ [bare]: refuse }).fetch, now: () => 0 })
    const error = await rpc.request('x', []).then(
      () => assert.fail(),
      (e: unknown) => e,
    )
    assert.ok(error instanceof Error)
    const shown = JSON.stringify([error.message, { ...error }, rpc.endpoints()], (_, v) =>
      typeof v === 'bigint' ? `${v}` : v,
    )
    for (const secret of [key, 'pass word', 'pass%20word', 'abc123']) assert.ok(!shown.includes(secret), shown)
  }
  assert.equal(withoutSecrets('no such method', 'https://a.example/'), 'no such method')
})

test('a key in a host’s name is cut short; names that people give are not', () => {
  for (const [url, shown] of [
    [`https://${key}.nodes.example:8545/`, '5f1d….nodes.example:8545'],
    ['https://0f8fad5b-d9cb-469f-a165-70867728950e.rpc.example', '0f8f….rpc.example'],
    ['https://geth-mainnet-archive-0.geth.svc.cluster.local', 'geth-mainnet-archive-0.geth.svc.cluster.local'],
    ['http://ec2-12-34-56-78.compute-1.example', 'ec2-12-34-56-78.compute-1.example'],
    ['http://[::1]:8545', '[::1]:8545'],
    ['http://127.0.0.1:8545', '127.0.0.1:8545'],
    ['https://ethereum-mainnet.provider.example', 'ethereum-mainnet.provider.example'],
    ['nothing', 'invalid-url'],
  ] as const)
    assert.equal(hostOf(url), shown)
})
