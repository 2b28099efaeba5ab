import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testHealth } from '../testing/endpoints.ts'
import { endpointOverviews } from './endpoints.ts'
import { createMetrics } from './metrics.ts'

const now = 1_700_000_100_000
const head = (seconds: bigint) => ({ number: seconds, timestamp: 1_700_000_000n + seconds })
const empty = { now, lanes: [], lightClients: [], wallets: [], costs: [], reverts: [], workers: [], endpoints: [] }

test('an endpoint is asked, rests or is limited; its head lags behind the newest that any of the chain has', () => {
  const endpoints = [
    testHealth('a', { limitedUntil: now + 1, restUntil: now + 1 }),
    testHealth('b', { name: 'rpc[1]', restUntil: now + 1 }),
    testHealth('c', { name: 'rpc[2]', restUntil: now, limitedUntil: now }),
    testHealth('d', { name: 'beacon[0]' }),
  ]
  const heads = new Map([
    ['rpc[0]', head(40n)],
    ['rpc[2]', head(90n)],
  ])
  assert.deepEqual(
    endpointOverviews(1n, endpoints, heads, now).map(({ name, state, head }) => [
      name,
      state,
      head?.lagSeconds ?? null,
      head?.ageSeconds ?? null,
    ]),
    [
      ['rpc[0]', 'limited', 50, 60],
      ['rpc[1]', 'resting', null, null],
      ['rpc[2]', 'asked', 0, 10],
      ['beacon[0]', 'asked', null, null],
    ],
  )
})

test('two keys at one provider are two series: one that fails does not hide behind the other', async () => {
  const metrics = createMetrics()
  const endpoints = [
    testHealth('same.example', { failures: 7, errors: 7, requests: 9, wrongAnswers: 2, disagreements: 3 }),
    testHealth('same.example', { name: 'rpc[1]', latencyMs: 250, limitedUntil: now + 5_000, rateLimits: 4 }),
  ]
  const heads = new Map([['rpc[1]', head(90n)]])
  metrics.sample({ ...empty, endpoints: endpointOverviews(5n, endpoints, heads, now) })
  // a counter is what it is, however often it is sampled
  metrics.sample({ ...empty, endpoints: endpointOverviews(5n, endpoints, heads, now) })
  const { text } = await metrics.render()
  const [one, two] = ['rpc[0]', 'rpc[1]'].map((name) => `chain="5",endpoint="${name}",host="same.example"`)
  for (const line of [
    `meridian_endpoint_failures{${one}} 7`,
    `meridian_endpoint_failures{${two}} 0`,
    `meridian_endpoint_healthy{${one}} 1`,
    `meridian_endpoint_healthy{${two}} 0`,
    `meridian_endpoint_requests_total{${one}} 9`,
    `meridian_endpoint_errors_total{${one}} 7`,
    `meridian_endpoint_rate_limits_total{${two}} 4`,
    `meridian_endpoint_latency_seconds{${two}} 0.25`,
    `meridian_endpoint_limited_until_timestamp_seconds{${two}} 1700000105`,
    `meridian_endpoint_head_lag_seconds{${two}} 0`,
    `meridian_endpoint_head_age_seconds{${two}} 10`,
    `meridian_endpoint_wrong_answers_total{${one},by="data"} 2`,
    `meridian_endpoint_wrong_answers_total{${one},by="quorum"} 3`,
  ])
    assert.ok(text.split('\n').includes(line), `${line}\n${text}`)
  assert.ok(!text.includes(`meridian_endpoint_latency_seconds{${one}}`), 'nothing is known, so nothing is said')
})
