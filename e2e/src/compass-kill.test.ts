import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { test } from 'node:test'
import { iMOSV3Abi } from '@meridian/abi'
import { mapMessageInTopic, parseMapMessageIn } from '@meridian/core'
import { rawConfigOf, secretsOf } from './support/compass-config.ts'
import { type Side, startTwoChains } from './support/two-qbft.ts'
import { useCompassProcesses } from './support/use-process.ts'

/** Set COMPASS_KILLS for a longer run. */
const KILLS = Number(process.env.COMPASS_KILLS ?? 5)
const seed = Number(process.env.MERIDIAN_SEED ?? randomInt(2 ** 31))

const { world, startCompass, tick } = useCompassProcesses({
  start: () => startTwoChains(),
  config: (chains, store) => rawConfigOf(chains, store),
  secrets: secretsOf,
})

/** Every `mapMessageIn` on a chain, and how often each order ran. */
async function ran(side: Side): Promise<Map<string, number>> {
  const logs = await side.deployer.client.getLogs({ address: side.contracts.mos, fromBlock: 0n, toBlock: 'latest' })
  const counts = new Map<string, number>()
  for (const log of logs) {
    if (log.topics[0] !== mapMessageInTopic) continue
    const { orderId, result } = parseMapMessageIn(log)
    assert.ok(result)
    counts.set(orderId, (counts.get(orderId) ?? 0) + 1)
  }
  return counts
}

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
  for (;;) {
    const [onA, onB] = await Promise.all([ran(a), ran(b)])
    if (sent.every(({ to, orderId }) => (to === a ? onA : onB).has(orderId))) break
    await tick()
  }
  last.child.kill('SIGTERM')
  assert.equal((await last.ended).code, 0)
  const [onA, onB] = await Promise.all([ran(a), ran(b)])
  for (const { to, orderId } of sent) assert.equal((to === a ? onA : onB).get(orderId), 1, orderId)
  assert.equal(await a.count(), BigInt(onA.size))
  assert.equal(await b.count(), BigInt(onB.size))
  assert.equal(onA.size + onB.size, sent.length)
  // nothing was paid twice: each transaction of the relayer delivered something
  for (const side of [a, b]) {
    const nonce = await side.deployer.client.getTransactionCount({ address: side.relayer })
    const receipts = new Set<string>()
    const logs = await side.deployer.client.getContractEvents({
      abi: iMOSV3Abi,
      address: side.contracts.mos,
      eventName: 'mapMessageIn',
      fromBlock: 0n,
    })
    for (const { transactionHash } of logs) receipts.add(transactionHash)
    assert.equal(nonce, receipts.size)
  }
})
