import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { clientForks, forkAtSlot, networks, periodAtSlot, timeAtSlot } from '../src/ethereum/index.ts'

/** Seconds of a sync-committee period: 8192 slots everywhere, of 12 or of 5 seconds. */
const periodSeconds = { mainnet: 98_304n, sepolia: 98_304n, hoodi: 98_304n, gnosis: 40_960n, chiado: 40_960n }

describe('networks', () => {
  it('are each another chain', () => {
    const all = Object.values(networks)
    for (const key of ['name', 'chainId', 'genesisValidatorsRoot', 'genesisTime'] as const)
      assert.equal(new Set(all.map((network) => network[key])).size, all.length, key)
  })

  for (const [name, network] of Object.entries(networks))
    it(`${name}: periods, slots and the schedule of forks`, () => {
      assert.equal(network.name, name)
      assert.match(network.genesisValidatorsRoot, /^0x[0-9a-f]{64}$/)
      const last = network.forks.at(-1)
      assert.ok(last)
      const slot = last.epoch * network.preset.slotsPerEpoch
      assert.equal(forkAtSlot(network, slot), last)
      assert.notEqual(forkAtSlot(network, slot - 1n), last)
      const start = periodAtSlot(network, slot) * 8192n
      assert.equal(periodAtSlot(network, start - 1n), periodAtSlot(network, start) - 1n)
      const seconds = timeAtSlot(network, start + 8192n) - timeAtSlot(network, start)
      assert.equal(seconds, Object.entries(periodSeconds).find(([known]) => known === name)?.[1])
      // The contract takes one fork an epoch, ascending.
      const forks = clientForks(network)
      for (const [i, fork] of forks.entries()) assert.ok(i === 0 || fork.epoch > (forks[i - 1]?.epoch ?? 0n))
      // Every fork has a version of its own, and all end with what names the network.
      assert.equal(new Set(network.forks.map(({ version }) => version)).size, network.forks.length)
    })

  it('sepolia is under gloas, where its bodies hold no payload', () => {
    const { sepolia } = networks
    assert.ok(sepolia)
    // EIP-7773's announcement: 2026-10-06 13:53:36 UTC.
    assert.equal(timeAtSlot(sepolia, 353_024n * 32n), 1_791_294_816n)
    assert.equal(forkAtSlot(sepolia, 353_024n * 32n).name, 'gloas')
    assert.equal(forkAtSlot(sepolia, 353_024n * 32n - 1n).name, 'fulu')
  })
})
