import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before } from 'node:test'
import { type OpenCompass, openCompass, type Progress } from '@meridian/compass'
import { mapMessageOutTopic } from '@meridian/core'
import { type Hex, keccak256, stringToHex } from 'viem'
import { configOf, type HubWorld, secretsOf, startHubWorld } from './over-hub.ts'

/** Wei: a fee of 300,000 gas pays for its claim many times over. */
const GAS_PRICE = 1_000_000_000_000n

/** A world over a hub with a Compass, for the tests of a file. */
export interface HubRun {
  world(): HubWorld
  compass(): OpenCompass
  /** Every step that a message has taken so far. */
  readonly steps: readonly Progress[]
  /** Starts another Compass on the same store, after the one before was closed. */
  startCompass(): Promise<void>
  /** A second of the chains passes. */
  tick(): Promise<void>
  /** Resolves when an order has taken a step. */
  reached(orderId: Hex, stage: Progress['stage']): Promise<Progress>
  /** The orders in the hub's logs that forward messages. */
  forwards(): Promise<readonly Hex[]>
  /** A message each way is executed; their order ids. */
  roundTrip(text: string): Promise<readonly Hex[]>
}

/** Starts it before the tests of a file and stops it after them. */
export function useHubRun(): HubRun {
  let world: HubWorld
  let compass: OpenCompass
  let folder: string
  const steps: Progress[] = []

  async function startCompass(): Promise<void> {
    compass = await openCompass(configOf(world, folder), { secrets: { env: secretsOf(world), readFile: () => '' } })
    compass.subscribe((step) => steps.push(step))
    compass.start()
  }
  const tick = async (): Promise<void> => {
    await world.clock.waitUntil(world.clock.now() + 1)
  }
  async function reached(orderId: Hex, stage: Progress['stage']): Promise<Progress> {
    for (;;) {
      const found = steps.find((step) => step.orderId === orderId && step.stage === stage)
      if (found !== undefined) return found
      await tick()
    }
  }

  before(async () => {
    world = await startHubWorld(GAS_PRICE)
    folder = mkdtempSync(join(tmpdir(), 'compass-hub-'))
    await startCompass()
  })
  after(async () => {
    await compass?.close()
    await world?.stop()
    if (folder !== undefined) rmSync(folder, { recursive: true })
  })

  return {
    world: () => world,
    compass: () => compass,
    steps,
    startCompass,
    tick,
    reached,
    async forwards() {
      const { client } = world.h.deployer
      const logs = await client.getLogs({ address: world.hub, fromBlock: 0n, toBlock: 'latest' })
      const sent = logs.filter(({ topics }) => topics[0] === mapMessageOutTopic)
      return sent.map(({ data }): Hex => `0x${data.slice(2, 66)}`)
    },
    async roundTrip(text) {
      const { a, b } = world
      const sent = (await Promise.all([a.send([text]), b.send([text])])).flat().map(({ orderId }) => orderId)
      await Promise.all(sent.map((orderId) => reached(orderId, 'executed')))
      for (const side of [a, b]) assert.ok((await side.received()).includes(keccak256(stringToHex(text))))
      return sent
    },
  }
}
