import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openStore } from '@meridian/compass'
import { startPostgres } from '@meridian/compass/testing/postgres'
import { everyOrderRanOnce } from './support/books.ts'
import { rawConfigOf, secretsOf } from './support/compass-config.ts'
import { type Side, startTwoChains } from './support/two-qbft.ts'
import { useCompassProcesses } from './support/use-process.ts'

/** Milliseconds within which a killed Compass is replaced. */
const TAKEOVER_MS = 30_000

const { world, startCompass, until } = useCompassProcesses({
  async start() {
    const [chains, server] = await Promise.all([startTwoChains(), startPostgres()])
    const url = await server.createDatabase('compass')
    const stop = async () => {
      await chains.stop()
      await server.stop()
    }
    return { ...chains, url, stop }
  },
  config: (chains) => rawConfigOf(chains, 'env:DATABASE_URL'),
  secrets: (chains) => ({ ...secretsOf(chains), DATABASE_URL: chains.url }),
  noStore: true,
})

// CO-8
test('two Compasses on one PostgreSQL share the chains; one is killed, the other takes over, nothing is paid twice', async () => {
  const { a, b, url } = world()
  const store = await openStore(url)
  const holders = async (): Promise<readonly (string | null)[]> =>
    (await store.leases?.list())?.map(({ holder }) => holder) ?? []
  const sent: { readonly to: Side; readonly orderId: string }[] = []
  const send = async (round: number): Promise<void> => {
    const [there, back] = await Promise.all([a.send([`a ${round}`, `a' ${round}`]), b.send([`b ${round}`])])
    sent.push(...there.map(({ orderId }) => ({ to: b, orderId })), ...back.map(({ orderId }) => ({ to: a, orderId })))
  }
  const delivered = async (): Promise<boolean> => (await a.count()) + (await b.count()) === BigInt(sent.length)

  const [first, second] = [startCompass(), startCompass()]
  await until(async () => {
    const now = await holders()
    return now.length === 2 && !now.includes(null) && new Set(now).size === 2
  })
  await send(0)
  await until(delivered)

  await send(1)
  // one of the two has written down what it is about to send, or has just sent it
  const fresh = new Set(sent.slice(3).map(({ orderId }) => orderId))
  await first.until(({ stage, orderId }) => stage === 'proven' && orderId !== undefined && fresh.has(orderId))
  const killedAt = Date.now()
  first.child.kill('SIGKILL')
  await first.ended
  await send(2)
  await until(async () => new Set(await holders()).size === 1)
  assert.ok(Date.now() - killedAt < TAKEOVER_MS)
  await until(delivered)
  await everyOrderRanOnce(world(), sent)

  const stoppedAt = Date.now()
  assert.deepEqual(await second.stop(), { code: 0, errors: '' })
  assert.ok(Date.now() - stoppedAt < 5_000)
  assert.deepEqual(await holders(), [null, null])
  await store.close()
})
