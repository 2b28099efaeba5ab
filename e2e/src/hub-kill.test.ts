/** Compass dies between the legs of a message, and at every other step of its way over a hub. */
import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { iFeeServiceAbi } from '@meridian/abi'
import { mapMessageInTopic, mapMessageOutTopic, parseMapMessageIn } from '@meridian/core'
import type { Hex } from 'viem'
import { type CompassLine, startCompassProcess } from './support/compass-run.ts'
import { type HubWorld, rawConfigOf, secretsOf, startHubWorld } from './support/over-hub.ts'

let world: HubWorld
let folder: string
let configPath: string
const running = new Set<ChildProcess>()

before(async () => {
  world = await startHubWorld(1_000_000_000_000n)
  folder = mkdtempSync(join(tmpdir(), 'compass-hub-kill-'))
  configPath = join(folder, 'compass.json')
  writeFileSync(configPath, JSON.stringify({ ...rawConfigOf(world, join(folder, 'store')), logLevel: 'info' }))
})

after(async () => {
  for (const child of running) child.kill('SIGKILL')
  await world?.stop()
  if (folder !== undefined) rmSync(folder, { recursive: true })
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
  const logs = await world.h.deployer.client.getLogs({ address: world.hub, fromBlock: 0n, toBlock: 'latest' })
  const sent = logs.filter(({ topics }) => topics[0] === mapMessageOutTopic)
  return counted(sent.map(({ data }): Hex => `0x${data.slice(2, 66)}`))
}

async function delivered(): Promise<ReadonlyMap<Hex, number>> {
  const { deployer, contracts } = world.b
  const logs = await deployer.client.getLogs({ address: contracts.mos, fromBlock: 0n, toBlock: 'latest' })
  const ran = logs.filter(({ topics }) => topics[0] === mapMessageInTopic).map((log) => parseMapMessageIn(log))
  assert.ok(ran.every(({ result }) => result))
  return counted(ran.map(({ orderId }) => orderId))
}

// CO-2 and CO-3, over a hub
test('killed at each step of both legs and of the claim, everything is forwarded, delivered and claimed, once', {
  timeout: 280_000,
}, async () => {
  const { a, h, b, clock } = world
  const sent: Hex[] = []
  for (const [name, fits] of moments) {
    const compass = startCompassProcess(configPath, secretsOf(world), running)
    assert.ok(await compass.until(({ stage }) => stage === 'started'))
    const messages = await a.send([`before ${name}`])
    sent.push(...messages.map(({ orderId }) => orderId))
    assert.ok(await compass.until(fits), name)
    compass.child.kill('SIGKILL')
    await compass.ended
  }
  const last = startCompassProcess(configPath, secretsOf(world), running)
  const earned = () =>
    a.deployer.client.getContractEvents({
      abi: iFeeServiceAbi,
      address: a.contracts.feeService,
      eventName: 'FeeEarned',
      fromBlock: 0n,
      strict: true,
    })
  while ((await earned()).length < sent.length) await clock.waitUntil(clock.now() + 1)
  last.child.kill('SIGTERM')
  assert.equal((await last.ended).code, 0)

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
