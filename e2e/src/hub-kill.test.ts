/** Compass dies between the legs of a message, and at every other step of its way over a hub. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { iFeeServiceAbi } from '@meridian/abi'
import { mapMessageInTopic, mapMessageOutTopic, parseMapMessageIn } from '@meridian/core'
import type { Hex } from 'viem'
import type { CompassLine } from './support/compass-run.ts'
import { rawConfigOf, secretsOf, startHubWorld } from './support/over-hub.ts'
import { useCompassProcesses } from './support/use-process.ts'

const { world, startCompass, tick } = useCompassProcesses({
  start: () => startHubWorld(1_000_000_000_000n),
  config: (hub, store) => ({ ...rawConfigOf(hub, store), logLevel: 'info' }),
  secrets: secretsOf,
})

/** The moments at which the process dies: of the first leg, between both, of the second, and of the claim. */
const moments: readonly (readonly [string, (line: CompassLine) => boolean])[] = [
  ['the forward is out', ({ msg }) => msg === 'forward sent'],
  ['the forward is mined', ({ stage }) => stage === 'forwarded'],
  ['the delivery is out', ({ msg }) => msg === 'delivery sent'],
  ['the delivery is mined', ({ stage }) => stage === 'executed'],
  ['the forwarding of the record is out', ({ msg }) => msg === 'forwarding of records sent'],
]

/** How often each order is in a chain's logs of one kind. */
function counted(orders: readonly Hex[]): ReadonlyMap<Hex, number> {
  return new Map([...Map.groupBy(orders, (orderId) => orderId)].map(([orderId, all]) => [orderId, all.length]))
}

async function forwarded(): Promise<ReadonlyMap<Hex, number>> {
  const logs = await world().h.deployer.client.getLogs({ address: world().hub, fromBlock: 0n, toBlock: 'latest' })
  const sent = logs.filter(({ topics }) => topics[0] === mapMessageOutTopic)
  return counted(sent.map(({ data }): Hex => `0x${data.slice(2, 66)}`))
}

async function delivered(): Promise<ReadonlyMap<Hex, number>> {
  const { deployer, contracts } = world().b
  const logs = await deployer.client.getLogs({ address: contracts.mos, fromBlock: 0n, toBlock: 'latest' })
  const ran = logs.filter(({ topics }) => topics[0] === mapMessageInTopic).map((log) => parseMapMessageIn(log))
  assert.ok(ran.every(({ result }) => result))
  return counted(ran.map(({ orderId }) => orderId))
}

// CO-2 and CO-3, over a hub
test('killed at each step of both legs and of the claim, everything is forwarded, delivered and claimed, once', {
  timeout: 280_000,
}, async () => {
  const { a, h, b } = world()
  const sent: Hex[] = []
  for (const [name, fits] of moments) {
    const compass = startCompass()
    assert.ok(await compass.until(({ stage }) => stage === 'started'))
    const messages = await a.send([`before ${name}`])
    sent.push(...messages.map(({ orderId }) => orderId))
    assert.ok(await compass.until(fits), name)
    compass.child.kill('SIGKILL')
    await compass.ended
  }
  const last = startCompass()
  const earned = () =>
    a.deployer.client.getContractEvents({
      abi: iFeeServiceAbi,
      address: a.contracts.feeService,
      eventName: 'FeeEarned',
      fromBlock: 0n,
      strict: true,
    })
  while ((await earned()).length < sent.length) await tick()
  assert.deepEqual(await last.stop(), { code: 0, errors: '' })

  const once = new Map(sent.map((orderId) => [orderId, 1]))
  assert.deepEqual(new Map([...(await forwarded())].sort()), new Map([...once].sort()))
  assert.deepEqual(new Map([...(await delivered())].sort()), new Map([...once].sort()))
  assert.equal(await b.count(), BigInt(sent.length))
  const credits = await earned()
  assert.deepEqual(credits.map(({ args }) => args.orderId).sort(), [...sent].sort())
  assert.ok(credits.every(({ args }) => args.payee === a.relayer))
  // none of the relayer's transactions was in vain
  for (const side of [a, h, b]) {
    const { client } = side.deployer
    const head = await client.getBlockNumber({ cacheTime: 0 })
    for (let number = 0n; number <= head; number++) {
      const block = await client.getBlock({ blockNumber: number, includeTransactions: true })
      for (const { hash, from } of block.transactions) {
        if (from.toLowerCase() !== side.relayer.toLowerCase()) continue
        assert.equal((await client.getTransactionReceipt({ hash })).status, 'success')
      }
    }
  }
})
