/** Which alerts fire on which night: the expressions of `alerts.yaml`, evaluated over scrapes of Compass' own registry. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { QuorumError } from '@meridian/chain'
import { pad } from 'viem'
import { parse } from 'yaml'
import { z } from 'zod'
import { filterReason, noRules } from '../filters/decide.ts'
import { seen } from '../message.ts'
import type { Stage } from '../progress.ts'
import { testHealth } from '../testing/endpoints.ts'
import { testOrigin } from '../testing/messages.ts'
import { firing, type Scrape, scrapeOf } from '../testing/promql/evaluate.ts'
import { parseExpression, secondsOf } from '../testing/promql/parse.ts'
import { endpointOverviews } from './endpoints.ts'
import { createMetrics, type Metrics } from './metrics.ts'
import { laneOverview, lightClientOverview, runwayDays } from './overview.ts'

const text = readFileSync(new URL('../../../../deploy/prometheus/alerts.yaml', import.meta.url), 'utf8')
const rule = z.looseObject({ alert: z.string(), expr: z.string(), for: z.string() })
const file = z.object({ groups: z.array(z.object({ rules: z.array(rule) })) }).parse(parse(text))
const alerts = file.groups.flatMap(({ rules }) =>
  rules.map((one) => ({ name: one.alert, expression: parseExpression(one.expr), since: secondsOf(one.for) })),
)

/** Unix seconds at which a night begins, how long it is, when it goes wrong, and between two scrapes. */
const [START, NIGHT, WRONG, EVERY] = [1_700_000_000, 5_400, 2_400, 60]
const lane = { fromChain: 1n, toChain: 2n }
const reason = (code: string) => ({ code, detail: 'x' })

/** What is known of the service at a moment. `minute`: since it went wrong; null before. */
interface Facts {
  up: boolean
  backlog: { state: 'final' | 'provable'; reason: string | null; count: number; age: number }[]
  laneTrouble: string | null
  worker: { failures: number; reason: string }
  client: { status: 'active' | 'frozen'; expiresIn: number }
  balance: bigint
  reverts: number
  endpoint: Parameters<typeof testHealth>[1] & object
  headAge: number
  otherHeadAge: number
  resident: number
  watched: { contradictions: number; disputed: number; unproven: Record<string, number> }
  watchedAge: number
  supply: { ok: boolean; age: number }
  step: Stage | null
}

const well = (): Facts => ({
  up: true,
  backlog: [{ state: 'provable', reason: null, count: 3, age: 20 }],
  laneTrouble: null,
  worker: { failures: 0, reason: '' },
  client: { status: 'active', expiresIn: 500_000 },
  balance: 10n ** 18n,
  reverts: 2,
  endpoint: {},
  headAge: 3,
  otherHeadAge: 5,
  resident: 400e6,
  watched: { contradictions: 0, disputed: 0, unproven: {} },
  watchedAge: 10,
  supply: { ok: true, age: 10 },
  step: 'executed',
})

/** Tells the registry what is so, through the same code that tells it in the service. */
function tell(metrics: Metrics, facts: Facts, at: number): void {
  const now = at * 1_000
  const client = { number: 1n, hash: pad('0x01'), timestamp: BigInt(at - 60) }
  const state = { address: pad('0x0c', { size: 20 }), kind: 'qbft', status: facts.client.status, head: client } as const
  const heads = new Map([
    ['rpc[0]', { number: 1n, timestamp: BigInt(at - facts.headAge) }],
    ['rpc[1]', { number: 1n, timestamp: BigInt(at - facts.otherHeadAge) }],
  ])
  const trouble = facts.laneTrouble === null ? null : { reason: reason(facts.laneTrouble), since: 0, failures: 3 }
  metrics.sample({
    now,
    lanes: [
      laneOverview({
        ...lane,
        fromName: 'a',
        toName: 'b',
        backlog: facts.backlog.map(({ age, ...row }) => {
          const seenAt = now - age * 1_000
          return { ...lane, ...row, oldestSeenAt: seenAt, firstStepAt: now, lastStepAt: now }
        }),
        workers: [{ name: 'source a', trouble }],
        paused: false,
        lastStepAt: now,
        now,
        stallMs: 300_000,
      }),
    ],
    lightClients: [
      lightClientOverview(
        lane,
        { ...state, expiresAt: BigInt(at + facts.client.expiresIn), detail: null },
        { source: BigInt(at), target: BigInt(at) },
      ),
    ],
    wallets: [
      {
        chainId: 2n,
        address: pad('0x01', { size: 20 }),
        balance: facts.balance,
        readAt: now,
        spentPerDay: 10n ** 16n,
        runwayDays: runwayDays(facts.balance, 10n ** 16n),
      },
    ],
    costs: [],
    reverts: [{ chainId: 2n, error: 'X', count: facts.reverts }],
    workers: [{ name: 'source a', ...facts.worker }],
    endpoints: endpointOverviews(
      1n,
      [testHealth('h', facts.endpoint), testHealth('i', { name: 'rpc[1]' })],
      heads,
      now,
    ),
  })
  if (facts.step !== null)
    metrics.step({ ...lane, orderId: pad('0x01'), stage: facts.step, at: now, data: seen(testOrigin(1), now) })
  metrics.watched(lane, { ...facts.watched, open: 0 }, now - facts.watchedAge * 1_000)
  const { ok, age } = facts.supply
  metrics.supply('token', { locked: 5n, outstanding: ok ? 5n : 6n, ok, at: now - age * 1_000 })
}

/** A night's scrapes. `spoil` makes of what is well what is not, from `WRONG` on. */
async function night(spoil: (facts: Facts, minute: number) => void): Promise<readonly Scrape[]> {
  let resident = 0
  const metrics = createMetrics(() => resident)
  const scrapes: Scrape[] = []
  for (let second = 0; second <= NIGHT; second += EVERY) {
    const facts = well()
    if (second >= WRONG) spoil(facts, (second - WRONG) / 60)
    resident = facts.resident
    tell(metrics, facts, START + second)
    const { text: exported } = await metrics.render()
    const up = `up{job="compass",instance="x"} ${facts.up ? 1 : 0}\n`
    scrapes.push(scrapeOf(facts.up ? `${exported}${up}` : up, START + second))
  }
  return scrapes
}

const fired = (scrapes: readonly Scrape[]): readonly string[] =>
  alerts.filter(({ expression, since }) => firing(expression, since, scrapes).length > 0).map(({ name }) => name)

test('a night on which all is well: nobody is woken', async () => {
  assert.deepEqual(fired(await night(() => undefined)), [])
})

const waits = (code: string) => (facts: Facts) => {
  facts.backlog = [{ state: 'final', reason: code, count: 2, age: 60 }]
}
const listed = filterReason(seen(testOrigin(1), 0), noRules, { unreadable: 'gone' })?.code ?? ''
const denied = filterReason(seen(testOrigin(1), 0), { rules: [], otherwise: 'deny' }, new Set())?.code ?? ''

/** Alert, and what it is for. Others that the same trouble sets off are named with it. */
const nights: readonly (readonly [string | readonly string[], (facts: Facts, minute: number) => void])[] = [
  ['CompassDown', (facts) => (facts.up = false)],
  ['LaneStalled', (facts) => (facts.laneTrouble = 'RPC_TRANSPORT')],
  [
    'MessageOld',
    (facts, minute) => (facts.backlog = [{ state: 'final', reason: null, count: 1, age: 3_601 + minute }]),
  ],
  [
    'BacklogGrowing',
    (facts, minute) => (facts.backlog = [{ state: 'final', reason: null, count: 201 + minute, age: 9 }]),
  ],
  ['MessagesFiltered', waits(denied)],
  [['MessagesFiltered', 'SanctionsUnreadable'], waits(listed)],
  ['DeliveryFailed', (facts, minute) => (facts.step = minute === 0 ? 'failed' : 'executed')],
  ['LightClientInactive', (facts) => (facts.client.status = 'frozen')],
  ['LightClientExpiring', (facts) => (facts.client.expiresIn = 86_399)],
  ['WatcherContradiction', (facts) => (facts.watched.contradictions = 1)],
  ['WatcherUnproven', (facts) => (facts.watched.unproven = { NO_SEALS: 1 })],
  ['WatcherDisputed', (facts) => (facts.watched.disputed = 1)],
  ['WatcherSilent', (facts, minute) => (facts.watchedAge = 60 * minute)],
  ['WalletEmptySoon', (facts) => (facts.balance = 2n * 10n ** 16n)],
  ['WalletEmpty', waits('WALLET_EMPTY')],
  ['FeeCap', waits('FEE_CAP')],
  ['Reverts', (facts, minute) => (facts.reverts = 2 + Math.min(6, minute))],
  // it rests, is asked, and rests again
  [
    'EndpointDown',
    (facts, minute) => (facts.endpoint = { failures: 6 + minute, restUntil: minute % 2 === 0 ? Number.MAX_VALUE : 0 }),
  ],
  ['EndpointRateLimited', (facts, minute) => (facts.endpoint = { rateLimits: minute })],
  ['EndpointRateLimited', (facts) => (facts.endpoint = { rateLimits: 1, limitedUntil: (START + 9_000) * 1_000 })],
  ['EndpointBehind', (facts) => (facts.headAge = 130)],
  ['EndpointSlow', (facts) => (facts.endpoint = { latencyMs: 5_001 })],
  ['EndpointLies', (facts, minute) => (facts.endpoint = { disagreements: Math.min(4, minute) })],
  ['EndpointLies', (facts, minute) => (facts.endpoint = { wrongAnswers: Math.min(4, minute) })],
  ['QuorumLost', (facts) => (facts.worker = { failures: 4, reason: new QuorumError('head', 2, []).code })],
  [
    'ChainHeadOld',
    (facts) => {
      facts.headAge = 901
      facts.otherHeadAge = 901
    },
  ],
  // the reason may change from round to round
  ['WorkerFailing', (facts, minute) => (facts.worker = { failures: 11 + minute, reason: minute % 2 ? 'A' : 'B' })],
  ['MemoryHigh', (facts) => (facts.resident = 1.3e9)],
  ['SupplyMismatch', (facts) => (facts.supply.ok = false)],
  ['SupplyUnread', (facts, minute) => (facts.supply.age = 60 * minute)],
]

test('each trouble sets off its own alert and no other; and each alert has its trouble', async () => {
  for (const [expected, spoil] of nights) {
    const names = [expected].flat()
    assert.deepEqual(fired(await night(spoil)), names, names.join())
  }
  const tried = new Set(nights.flatMap(([names]) => names))
  assert.deepEqual(
    alerts.map(({ name }) => name).filter((name) => !tried.has(name)),
    [],
    'an alert that no night sets off',
  )
})

test('what was bad for a minute and is well again wakes nobody whose alert waits', async () => {
  for (const [expected, spoil] of nights) {
    const names = [expected].flat()
    if (names.some((name) => alerts.find((one) => one.name === name)?.since === 0)) continue
    const scrapes = await night((facts, minute) => {
      if (minute < 1) spoil(facts, minute)
    })
    assert.deepEqual(fired(scrapes), [], names.join())
  }
})
