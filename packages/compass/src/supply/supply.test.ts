import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RpcPort } from '@meridian/consensus'
import fc from 'fast-check'
import { getAddress, numberToHex, pad, toFunctionSelector } from 'viem'
import { healthApp } from '../api/app.ts'
import type { Readiness } from '../api/readiness.ts'
import { listen } from '../api/server.ts'
import type { ChainContext } from '../chain-context.ts'
import { createLog } from '../log.ts'
import { createMetrics, type Metrics } from '../metrics/metrics.ts'
import { testConsensus } from '../testing/consensus.ts'
import { createFakeClock } from '../testing/fake-node.ts'
import { defaultTuning } from '../tuning.ts'
import { judged, type SupplyReading, type SupplyState } from './supply.ts'
import { createSupplyWatch } from './watch.ts'

const reading = (mintBlock: bigint, outstanding: bigint, locked: bigint): SupplyReading => ({
  mintBlock,
  outstanding,
  lockBlock: mintBlock,
  locked,
})

test('more outstanding than locked is an alarm on the second look, and only on a later block', () => {
  const first = judged(null, reading(5n, 11n, 10n))
  assert.equal(first.verdict, 'suspect')
  assert.equal(judged(first, reading(5n, 11n, 10n)).verdict, 'suspect')
  const second = judged(first, reading(6n, 11n, 10n))
  assert.equal(second.verdict, 'mismatch')
  assert.equal(judged(second, reading(6n, 11n, 10n)).verdict, 'mismatch')
  assert.equal(judged(second, reading(7n, 10n, 10n)).verdict, 'backed')
  assert.equal(judged(first, reading(6n, 10n, 10n)).verdict, 'backed')
})

/** Transfers there and back of a bridge that keeps its rule: each step only once the block of the one before is final. */
interface Transfer {
  readonly amount: bigint
  readonly lockAt: number
  readonly mintAfter: number
  readonly burnAfter: number
  readonly releaseAfter: number
}
const wait = fc.integer({ min: 0, max: 30 })
const transfers: fc.Arbitrary<readonly Transfer[]> = fc.array(
  fc.record({
    amount: fc.bigInt({ min: 1n, max: 1_000n }),
    lockAt: fc.integer({ min: 0, max: 200 }),
    mintAfter: wait,
    burnAfter: wait,
    releaseAfter: wait,
  }),
  { maxLength: 30 },
)

test('no transfer on its way looks like a mismatch, whatever the finality of either chain', () => {
  fc.assert(
    fc.property(
      transfers,
      fc.integer({ min: 0, max: 40 }),
      fc.integer({ min: 0, max: 40 }),
      fc.nat(40),
      (all, lockLag, mintLag, apart) => {
        // between the readings less time passes than the locking chain takes to be final
        const between = Math.min(apart, lockLag)
        const steps = all.map((t) => {
          const mintAt = t.lockAt + lockLag + t.mintAfter
          const burnAt = mintAt + t.burnAfter
          return { ...t, mintAt, burnAt, releaseAt: burnAt + mintLag + t.releaseAfter }
        })
        const sum = (fits: (step: (typeof steps)[number]) => boolean): bigint =>
          steps.filter(fits).reduce((total, { amount }) => total + amount, 0n)
        for (let now = 0; now < 350; now += 7) {
          const mintBlock = now - mintLag
          const lockBlock = now + between - lockLag
          const outstanding = sum((s) => s.mintAt <= mintBlock) - sum((s) => s.burnAt <= mintBlock)
          const locked = sum((s) => s.lockAt <= lockBlock) - sum((s) => s.releaseAt <= lockBlock)
          assert.equal(judged(null, reading(BigInt(now), outstanding, locked)).verdict, 'backed')
        }
      },
    ),
  )
})

test('what was minted out of nothing is found on the second look at the latest, and stays found', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 1_000n }), fc.bigInt({ min: 1n, max: 1_000n }), (locked, forged) => {
      let state: SupplyState | null = null
      for (const block of [1n, 2n, 3n]) state = judged(state, reading(block, locked + forged, locked))
      assert.equal(state?.verdict, 'mismatch')
    }),
  )
})

const consensus = testConsensus({
  finalized: async ({ rpc }) => {
    const number = BigInt(String(await rpc.request('head', [])))
    return { number, hash: pad('0x01'), timestamp: 0n }
  },
})

/** A chain that says one number for a function, at its newest block only. */
function chainOf(id: bigint, functionName: string, told: string[]) {
  const state = { head: 5n, value: 0n as bigint | null }
  const rpc: RpcPort = {
    async request(method, params) {
      if (method === 'head') return numberToHex(state.head)
      const [{ data }, block] = params as [{ data: string }, string] // CAST: the request is this package's own
      assert.equal(data, toFunctionSelector(`${functionName}()`))
      assert.equal(BigInt(block), state.head)
      told.push(functionName)
      return state.value === null ? '0x' : pad(numberToHex(state.value))
    },
  }
  const context: ChainContext = {
    id,
    name: functionName,
    consensus,
    ports: { rpc },
    mos: getAddress(pad('0xa1', { size: 20 })),
    startBlock: 0n,
    signer: null,
    payee: null,
    claims: null,
    tuning: defaultTuning,
  }
  return { state, context }
}

const readiness: Readiness = { problems: async () => [] }
const serve = (metrics: Metrics, port: number) =>
  listen(healthApp({ readiness, metrics }), { host: '127.0.0.1', port }, 'metrics')

test('the watch reads the minting side first, alarms, and shows both sides to Prometheus', async (t) => {
  const told: string[] = []
  const mint = chainOf(2n, 'outstanding', told)
  const lock = chainOf(1n, 'locked', told)
  const logged: Record<string, unknown>[] = []
  const log = createLog('info', { write: (line: string) => void logged.push(JSON.parse(line)) })
  const metrics = createMetrics()
  const server = await serve(metrics, 0)
  t.after(() => server.stop())
  const address = getAddress(pad('0xb1', { size: 20 }))
  const watch = createSupplyWatch(
    {
      name: 'usd',
      lock: { chain: lock.context, address, decimals: 6 },
      mint: { chain: mint.context, address, read: 'outstanding', decimals: 8 },
    },
    { clock: createFakeClock(), log, metrics },
  )
  const scraped = async (name: string) => {
    const text = await (await fetch(`${server.url}/metrics`)).text()
    return Number(new RegExp(`^${name}\\{pair="usd"\\} (\\S+)$`, 'm').exec(text)?.[1])
  }
  lock.state.value = 10n
  mint.state.value = 1_000n
  await watch.look()
  assert.deepEqual(told, ['outstanding', 'locked'])
  assert.deepEqual(
    await Promise.all(['locked', 'outstanding', 'ok'].map((n) => scraped(`meridian_supply_${n}`))),
    [1_000, 1_000, 1],
  )
  mint.state.value = 1_001n
  await watch.look()
  assert.equal(await scraped('meridian_supply_ok'), 1)
  mint.state.head += 1n
  await watch.look()
  assert.equal(await scraped('meridian_supply_ok'), 0)
  assert.deepEqual(
    logged
      .filter(({ code }) => code === 'SUPPLY_MISMATCH')
      .map(({ level, pair, outstanding, locked }) => {
        return [level, pair, outstanding, locked]
      }),
    [[50, 'usd', '1001', '1000']],
  )
  // what cannot be read is no reading: the alarm stands
  mint.state.value = null
  await assert.rejects(watch.look())
  assert.equal(watch.state()?.verdict, 'mismatch')
  mint.state.value = 1_000n
  await watch.look()
  assert.equal(await scraped('meridian_supply_ok'), 1)
})

test('a port that is taken is a problem of the configuration', async (t) => {
  const server = await serve(createMetrics(), 0)
  t.after(() => server.stop())
  await assert.rejects(serve(createMetrics(), Number(new URL(server.url).port)), { code: 'CONFIG' })
})
