/** The short form of `npm run chaos`: a few harms on two kinds of consensus. A failing seed becomes a test of its own here. */
import { randomInt } from 'node:crypto'
import { test } from 'node:test'
import { createParliaChain, createQbftChain } from '@meridian/devnet'
import { runChaos } from './support/chaos/chaos.ts'
import { startTwoChains } from './support/two-qbft.ts'

const seed = Number(process.env.MERIDIAN_SEED ?? randomInt(2 ** 31))

// CO-1, CO-2, CO-3
test(`what goes wrong a little at a time loses nothing and pays nothing twice (seed ${seed})`, {
  timeout: 240_000,
}, async (t) => {
  t.diagnostic(`seed ${seed}`)
  const chains = await startTwoChains({
    starts: [
      (clock) => createParliaChain({ chainId: 7401, clock, epochLength: 200n }),
      (clock) => createQbftChain({ chainId: 7402, clock, blockPeriodSeconds: 1 }),
    ],
  })
  t.after(() => chains.stop())
  const script = ['kill', 'wrongReceipts', 'truncated', 'keyUsed'] as const
  await runChaos({ chains, store: 'folder', seed, script, rounds: script.length, note: (text) => t.diagnostic(text) })
})
