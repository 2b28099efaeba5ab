import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pad } from 'viem'
import type { Backlog, Spending } from '../store/views.ts'
import { type LaneFacts, laneOverview, lightClientOverview, routeCosts, runwayDays } from './overview.ts'

const STALL = 60_000
const NOW = 1_000_000
const row = (change: Partial<Backlog> = {}): Backlog => ({
  fromChain: 1n,
  toChain: 2n,
  state: 'final',
  reason: null,
  count: 1,
  oldestSeenAt: 10,
  firstStepAt: 20,
  lastStepAt: 20,
  ...change,
})
const facts = (change: Partial<LaneFacts> = {}): LaneFacts => ({
  fromChain: 1n,
  toChain: 2n,
  fromName: 'one',
  toName: 'two',
  backlog: [],
  workers: [],
  paused: false,
  lastStepAt: 0,
  now: NOW,
  stallMs: STALL,
  ...change,
})
const stalled = (change: Partial<LaneFacts>) => laneOverview(facts(change)).stalled?.code ?? null

test('a lane with nothing to do is never stalled, however long nothing happens', () => {
  assert.equal(stalled({}), null)
  assert.equal(stalled({ backlog: [row({ toChain: 3n })] }), null, "another lane's")
  for (const state of ['seen', 'included', 'failed'] as const)
    assert.equal(stalled({ backlog: [row({ state })] }), null, state)
})

test('a message that could go and does not stalls its lane, once nothing has moved for long enough', () => {
  for (const state of ['final', 'provable', 'submitted'] as const)
    assert.equal(stalled({ backlog: [row({ state })] }), 'NO_PROGRESS', state)
  assert.equal(stalled({ backlog: [row()], lastStepAt: NOW - STALL + 1 }), null, 'another message moved')
  assert.equal(stalled({ backlog: [row(), row({ state: 'submitted', lastStepAt: NOW - 1 })] }), null)
  assert.equal(stalled({ backlog: [row({ lastStepAt: NOW + 1 })] }), null, "another Compass' clock is a little ahead")
  assert.equal(stalled({ backlog: [row({ lastStepAt: NOW + 86_400_000 })] }), 'NO_PROGRESS', 'a clock was a day ahead')
  assert.equal(stalled({ backlog: [row({ reason: 'WALLET_EMPTY' })] }), 'NO_PROGRESS', 'an operator can mend it')
  assert.equal(stalled({ backlog: [row({ reason: 'SomethingUnknown' })] }), 'NO_PROGRESS')
})

test('what waits for its sender, its chain or the operator’s own word is no reason', () => {
  for (const reason of [
    'FILTERED',
    'FILTERED_SANCTIONS',
    'FILTERED_LIMIT',
    'CLEARED',
    'PAUSED',
    'OUT_OF_ORDER',
    'DEADLINE_PASSED',
  ])
    assert.equal(stalled({ backlog: [row({ reason })] }), null, reason)
  assert.equal(stalled({ backlog: [row({ reason: 'CLEARED' }), row()] }), 'NO_PROGRESS', 'but the other one could')
})

test('a list of sanctions that cannot be read holds everything, and that is no rest', () => {
  assert.equal(stalled({ backlog: [row({ reason: 'FILTERED_LIST_UNREADABLE' })] }), 'NO_PROGRESS')
})

test('trouble of what a lane needs stalls it without a message; trouble of others does not', () => {
  const trouble = { reason: { code: 'RPC_TRANSPORT', detail: 'x' }, since: NOW - STALL, failures: 9 }
  for (const name of ['source one', 'submitter two', 'lane one-two'])
    assert.equal(stalled({ workers: [{ name, trouble }] }), 'RPC_TRANSPORT', name)
  for (const name of ['source two', 'submitter one', 'lane two-one', 'claimer one-two'])
    assert.equal(stalled({ workers: [{ name, trouble }] }), null, name)
  const short = { ...trouble, since: NOW - STALL + 1 }
  assert.equal(stalled({ workers: [{ name: 'source one', trouble: short }] }), null)
  assert.equal(stalled({ workers: [{ name: 'source one', trouble }], paused: true }), null)
})

test('what waits is counted by state and reason; the oldest is of those that could be delivered', () => {
  const backlog = [
    row({ count: 2, oldestSeenAt: 5, reason: 'CLEARED' }),
    row({ count: 3, oldestSeenAt: 7 }),
    row({ state: 'failed', oldestSeenAt: 1, reason: 'EXECUTION_FAILED' }),
    row({ state: 'seen', oldestSeenAt: 9 }),
  ]
  const lane = laneOverview(facts({ backlog }))
  assert.deepEqual(lane.states, { final: 5, failed: 1, seen: 1 })
  assert.deepEqual(lane.reasons, [
    { code: 'CLEARED', count: 2 },
    { code: 'EXECUTION_FAILED', count: 1 },
  ])
  assert.equal(lane.oldestPendingAt, 7)
})

test('a light client’s lag and time to expiry are by the chains’ own clocks', () => {
  const client = {
    address: pad('0x0c', { size: 20 }),
    kind: 'qbft',
    status: 'active',
    head: { number: 5n, timestamp: 1_000n, hash: pad('0x01') },
    expiresAt: 5_000n,
    detail: null,
  } as const
  const lane = { fromChain: 1n, toChain: 2n }
  const known = lightClientOverview(lane, client, { source: 1_060n, target: 4_000n })
  assert.deepEqual([known.lagSeconds, known.expirySeconds], [60, 1_000])
  const expired = lightClientOverview(lane, client, { source: 900n, target: 6_000n })
  assert.deepEqual([expired.lagSeconds, expired.expirySeconds], [0, -1_000])
  const unknown = lightClientOverview(lane, client, { source: null, target: null })
  assert.deepEqual([unknown.lagSeconds, unknown.expirySeconds], [null, null])
})

test('runway: days at the rate of the last day', () => {
  assert.equal(runwayDays(10n ** 18n, 10n ** 17n), 10)
  assert.equal(runwayDays(1n, 0n), null)
  assert.equal(runwayDays(0n, 1n), 0)
  assert.equal(runwayDays(15n, 10n), 1.5)
})

test('the cost of a route: updates by the client that they moved, claims on its source', () => {
  const mos = pad('0xa1', { size: 20 })
  const client = pad('0x0c', { size: 20 })
  const spent = (change: Partial<Spending>): Spending => ({
    chainId: 2n,
    kind: 'delivery',
    to: mos,
    fromChain: 1n,
    toChain: 2n,
    transactions: 1,
    gas: 10n,
    wei: 20n,
    ...change,
  })
  const clients = [{ fromChain: 1n, toChain: 2n, address: client }]
  const costs = routeCosts(
    [
      spent({}),
      spent({ gas: 1n }),
      // sent for nobody's message, and for a message
      spent({ kind: 'update', to: client, fromChain: null, toChain: null, gas: 100n }),
      spent({ kind: 'update', to: client, gas: 50n }),
      // of a client that has been replaced
      spent({ kind: 'update', to: mos, gas: 7n }),
      spent({ kind: 'claim', chainId: 1n, gas: 3n }),
      spent({ kind: 'withdraw', chainId: 1n, fromChain: null, toChain: null }),
    ],
    clients,
  )
  const of = costs.map(({ fromChain, toChain, kind, paidOn, gas, transactions }) => [
    fromChain,
    toChain,
    kind,
    paidOn,
    gas,
    transactions,
  ])
  assert.deepEqual(of, [
    [1n, 2n, 'delivery', 2n, 11n, 2],
    [1n, 2n, 'update', 2n, 157n, 3],
    [1n, 2n, 'claim', 1n, 3n, 1],
  ])
})

test('what a lane over a hub costs there is the lane’s, and its two coins are kept apart', () => {
  const hub = pad('0xb1', { size: 20 })
  const spent = (chainId: bigint, kind: Spending['kind'], wei: bigint, toChain = 2n): Spending => {
    return { chainId, kind, to: hub, fromChain: 1n, toChain, transactions: 1, gas: 1n, wei }
  }
  const costs = routeCosts(
    [
      spent(3n, 'forward', 5n),
      spent(3n, 'forward', 7n, 4n),
      spent(2n, 'delivery', 11n),
      spent(3n, 'retry', 13n),
      spent(2n, 'retry', 17n),
      spent(3n, 'forwardRecords', 19n),
      spent(1n, 'claim', 23n),
      spent(3n, 'update', 29n),
    ],
    [{ fromChain: 1n, toChain: 3n, address: hub }],
  )
  assert.deepEqual(
    costs.map(({ fromChain, toChain, kind, paidOn, wei }) => `${fromChain}-${toChain} ${kind} on ${paidOn}: ${wei}`),
    [
      '1-2 forward on 3: 5',
      '1-4 forward on 3: 7',
      '1-2 delivery on 2: 11',
      '1-2 retry on 3: 13',
      '1-2 retry on 2: 17',
      '1-2 forwardRecords on 3: 19',
      '1-2 claim on 1: 23',
      '1-3 update on 3: 29',
    ],
  )
})
