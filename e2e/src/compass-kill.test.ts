import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { test } from 'node:test'
import { ranOn } from './support/books.ts'
import { rawConfigOf, secretsOf } from './support/compass-config.ts'
import { type Side, startTwoChains } from './support/two-qbft.ts'
import { useCompassProcesses } from './support/use-process.ts'

/** Set COMPASS_KILLS for a longer run. */
const KILLS = Number(process.env.COMPASS_KILLS ?? 5)
const seed = Number(process.env.MERIDIAN_SEED ?? randomInt(2 ** 31))

const { world, startCompass, until } = useCompassProcesses({
  start: () => startTwoChains(),
  config: (chains, store) => rawConfigOf(chains, store),
  secrets: secretsOf,
})

test('a second Compass on the same folder is refused in one line', { timeout: 60_000 }, async () => {
  const first = startCompass()
  assert.ok(await first.until(({ stage }) => stage === 'started'))
  const { code, errors } = await startCompass().ended
  assert.equal(code, 2)
  assert.match(errors, /^the store in .* is in use by another Compass\n$/)
  first.child.kill('SIGKILL')
  await first.ended
})

// CO-2 and CO-3
test(`killed at random moments (seed ${seed}), it delivers everything, once`, { timeout: 240_000 }, async (t) => {
  t.diagnostic(`seed ${seed}`)
  let state = seed
  // xorshift: the same moments for the same seed, as far as the machine allows
  const random = (below: number): number => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % below
  }
  const stages = ['started', 'sent', 'final', 'lightClientUpdated', 'proven', 'delivered', 'executed'] as const
  const sent: { readonly to: Side; readonly orderId: string }[] = []
  for (let round = 0; round < KILLS; round++) {
    const compass = startCompass()
    assert.ok(await compass.until(({ stage }) => stage === 'started'))
    const { a, b } = world()
    const [there, back] = await Promise.all([a.send([`a ${round}`, `a' ${round}`]), b.send([`b ${round}`])])
    sent.push(...there.map(({ orderId }) => ({ to: b, orderId })), ...back.map(({ orderId }) => ({ to: a, orderId })))
    const fresh = new Set<string>([...there, ...back].map(({ orderId }) => orderId))
    const stage = stages[random(stages.length)]
    await compass.until((line) => line.stage === stage && (line.orderId === undefined || fresh.has(line.orderId)))
    compass.child.kill('SIGKILL')
    await compass.ended
  }
  const last = startCompass()
  const { a, b } = world()
  await until(async () => {
    const [onA, onB] = await Promise.all([ranOn(a), ranOn(b)])
    return sent.every(({ to, orderId }) => (to === a ? onA : onB).counts.has(orderId))
  })
  assert.deepEqual(await last.stop(), { code: 0, errors: '' })
  const [onA, onB] = await Promise.all([ranOn(a), ranOn(b)])
  for (const { to, orderId } of sent) assert.equal((to === a ? onA : onB).counts.get(orderId), 1, orderId)
  assert.equal(await a.count(), BigInt(onA.counts.size))
  assert.equal(await b.count(), BigInt(onB.counts.size))
  assert.equal(onA.counts.size + onB.counts.size, sent.length)
  // nothing was paid twice: each transaction of the relayer delivered something
  for (const [side, { transactions }] of [
    [a, onA],
    [b, onB],
  ] as const)
    assert.equal(await side.deployer.client.getTransactionCount({ address: side.relayer }), transactions.size)
})
