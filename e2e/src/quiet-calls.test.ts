/** What Compass asks of its endpoints when nothing happens: floor `relay/rpc-per-block`. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { connect as connectChains, deployLightClient } from '@meridian/cli/deploy'
import { type Clock, type Compass, connect, createCompass, createLog, openStore, parseConfig } from '@meridian/compass'
import { putEmptyStore } from '@meridian/compass/testing/empty-store'
import { createEthereumChain, createQbftChain, createVirtualClock, type VirtualClock } from '@meridian/devnet'
import { type Deployed, deploySide } from './support/two-qbft.ts'

/** Calls a chain and block; beacon calls and members of a batch count each. */
const FLOOR = 2
/** Seconds of the chains between two looks of Compass: what it does by default. */
const POLL_SECONDS = 2
/** Seconds that are counted. */
const QUIET_SECONDS = 480
const QBFT_SECONDS = 5
const ETHEREUM_SECONDS = 12

/** Counts what goes through `fetch`, by origin and method. */
function countFetches() {
  const real = globalThis.fetch
  const counts = new Map<string, Map<string, number>>()
  const add = (url: string, method: string): void => {
    const { origin } = new URL(url)
    const ofOrigin = counts.get(origin) ?? new Map<string, number>()
    ofOrigin.set(method, (ofOrigin.get(method) ?? 0) + 1)
    counts.set(origin, ofOrigin)
  }
  globalThis.fetch = (input, init) => {
    const url = input instanceof Request ? input.url : String(input)
    const body: unknown = typeof init?.body === 'string' ? JSON.parse(init.body) : null
    const calls = body === null ? [{ method: new URL(url).pathname }] : [body].flat()
    for (const call of calls) add(url, String((call as { method?: unknown }).method)) // CAST: JSON-RPC
    return real(input, init)
  }
  return {
    reset: () => counts.clear(),
    of: (...urls: readonly string[]) =>
      urls.flatMap((url) => [...(counts.get(new URL(url).origin) ?? new Map<string, number>())]),
    restore: () => {
      globalThis.fetch = real
    },
  }
}

describe('when nothing happens', () => {
  let time: VirtualClock
  let ethereum: Deployed
  let qbft: Deployed
  let compass: Compass
  let beaconUrl: string
  let close: () => Promise<void>
  let fetches: ReturnType<typeof countFetches>

  before(async () => {
    time = createVirtualClock({ start: Math.floor(Date.now() / 1000), rate: 20 })
    const [first, second] = await Promise.all([
      createEthereumChain({ chainId: 7411, clock: time, secondsPerSlot: ETHEREUM_SECONDS }),
      createQbftChain({ chainId: 7412, clock: time, blockPeriodSeconds: QBFT_SECONDS }),
    ])
    beaconUrl = first.beaconUrl
    const [a, b] = await Promise.all([deploySide(first), deploySide(second)])
    const sourceA = { chainId: 7411n, consensus: 'ethereum', rpc: first.rpcUrl, beacon: first.beaconUrl } as const
    const sourceB = { chainId: 7412n, consensus: 'qbft', rpc: second.rpcUrl } as const
    const [onA, onB] = await Promise.all([
      deployLightClient(sourceB, a.deployer, a.contracts.timelock),
      deployLightClient(sourceA, b.deployer, b.contracts.timelock),
    ])
    const price = { baseGas: 100_000n, updateGas: 0n, includedBytes: 16_384n, gasPerByte: 0n, gasPrice: 1n }
    await connectChains({ ...a, lightClient: onA, price }, { ...b, lightClient: onB, price }, 3_600n)
    ethereum = a
    qbft = b
    time.setRate(0)

    const folder = mkdtempSync(join(tmpdir(), 'compass-quiet-'))
    await putEmptyStore(folder)
    const chain = (side: Deployed, name: string, beacon?: string) => ({
      id: String(side.contracts.chainId),
      name,
      consensus: side.chain.kind,
      rpc: [side.chain.rpcUrl],
      ...(beacon === undefined ? {} : { beacon: [beacon] }),
      mos: side.contracts.mos,
      startBlock: String(side.contracts.fromBlock),
      signer: `env:KEY_${name.toUpperCase()}`,
    })
    const config = parseConfig({
      store: folder,
      chains: [chain(ethereum, 'ethereum', first.beaconUrl), chain(qbft, 'qbft')],
      lanes: [
        { from: '7411', to: '7412' },
        { from: '7412', to: '7411' },
      ],
    })
    const env = { KEY_ETHEREUM: ethereum.relayerKey, KEY_QBFT: qbft.relayerKey }
    const secrets = { env, readFile: () => '' }
    fetches = countFetches()
    const chains = await Promise.all(config.chains.map((one) => connect(one, secrets)))
    const store = await openStore(folder)
    const clock: Clock = { now: () => Math.round(time.now() * 1000), sleep: async () => undefined }
    compass = createCompass({ chains, lanes: config.lanes, store, log: createLog('silent'), clock })
    close = async () => {
      await store.close()
      await time.stop()
      await Promise.all([first.stop(), second.stop()])
      rmSync(folder, { recursive: true })
    }
  })
  after(async () => {
    fetches?.restore()
    await close?.()
  })

  /** Lets the chains run with Compass looking at them. */
  async function run(seconds: number): Promise<void> {
    for (let passed = 0; passed < seconds; passed += POLL_SECONDS) {
      await time.advanceTo(time.now() + POLL_SECONDS)
      await compass.tick()
    }
  }

  it('a chain is asked twice a block at most', async (t) => {
    await run(90)
    fetches.reset()
    await run(QUIET_SECONDS)
    for (const [name, seconds, urls] of [
      ['ethereum', ETHEREUM_SECONDS, [ethereum.chain.rpcUrl, beaconUrl]],
      ['qbft', QBFT_SECONDS, [qbft.chain.rpcUrl]],
    ] as const) {
      const blocks = QUIET_SECONDS / seconds
      const byMethod = fetches.of(...urls)
      const total = byMethod.reduce((sum, [, count]) => sum + count, 0)
      const shown = byMethod.map(([method, count]) => `${method} ${(count / blocks).toFixed(2)}`).join(', ')
      t.diagnostic(`relay/rpc-per-block ${name}: ${(total / blocks).toFixed(2)} (${shown})`)
      assert.ok(total / blocks <= FLOOR, `${name}: ${total / blocks} calls a block`)
    }
    const troubles = compass.status().workers.filter(({ trouble }) => trouble !== null)
    assert.deepEqual(troubles, [])
  })
})
