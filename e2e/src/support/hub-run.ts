import assert from 'node:assert/strict'
import { mapMessageOutTopic } from '@meridian/core'
import { type Hex, keccak256, stringToHex } from 'viem'
import { configOf, type HubWorld, secretsOf, startHubWorld } from './over-hub.ts'
import { useCompass, type WorldWithCompass } from './use-compass.ts'

/** Wei: a fee of 300,000 gas pays for its claim many times over. */
const GAS_PRICE = 1_000_000_000_000n

/** A world over a hub with a Compass, for the tests of a file. */
export interface HubRun extends WorldWithCompass<HubWorld, never> {
  /** The orders in the hub's logs that forward messages. */
  forwards(): Promise<readonly Hex[]>
  /** A message each way is executed; their order ids. */
  roundTrip(text: string): Promise<readonly Hex[]>
}

/** Starts it before the tests of a file and stops it after them. */
export function useHubRun(): HubRun {
  const run = useCompass<HubWorld, never>({
    start: () => startHubWorld(GAS_PRICE),
    config: (world, store) => configOf(world, store),
    secrets: secretsOf,
  })
  return {
    ...run,
    async forwards() {
      const { h, hub } = run.world()
      const logs = await h.deployer.client.getLogs({ address: hub, fromBlock: 0n, toBlock: 'latest' })
      const sent = logs.filter(({ topics }) => topics[0] === mapMessageOutTopic)
      return sent.map(({ data }): Hex => `0x${data.slice(2, 66)}`)
    },
    async roundTrip(text) {
      const { a, b } = run.world()
      const sent = (await Promise.all([a.send([text]), b.send([text])])).flat().map(({ orderId }) => orderId)
      await Promise.all(sent.map((orderId) => run.reached(orderId, 'executed')))
      for (const side of [a, b]) assert.ok((await side.received()).includes(keccak256(stringToHex(text))))
      return sent
    },
  }
}
