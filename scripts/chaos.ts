/**
 * `npm run chaos [-- --rounds N] [--kills N] [--seed N] [--store folder|postgres|both] [--chains parlia,qbft|ethereum,qbft]
 * [--only kill,fullDisk,…] [--rate N]`: what goes wrong on chains, endpoints, machines and databases, in random order, or
 * what is named in turn; prints its seed and stops at the first run that loses a message, runs one twice, or pays for nothing.
 */
import { randomInt } from 'node:crypto'
import { parseArgs } from 'node:util'
import { createEthereumChain, createParliaChain, createQbftChain, type EthereumChain } from '@meridian/devnet'
import { runChaos } from '../e2e/src/support/chaos/chaos.ts'
import type { ChaosStore } from '../e2e/src/support/chaos/machine.ts'
import { isTrouble, type Trouble, troubles } from '../e2e/src/support/chaos/troubles.ts'
import { type StartChain, startTwoChains } from '../e2e/src/support/two-qbft.ts'

/** Rounds that share two chains: then new ones are started, so that what is read back stays short. */
const SLICE = 20
/** Seconds of the chains in a second of the wall, for two idle cores (`--rate`): Ethereum's are longer. */
const RATES = { parlia: 10, ethereum: 60 } as const
/** Milliseconds without an execution until it is a failure: Ethereum takes two epochs to be final. */
const PATIENCE_MS = { parlia: 180_000, ethereum: 420_000 } as const

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '60' },
    kills: { type: 'string', default: '200' },
    seed: { type: 'string' },
    store: { type: 'string', default: 'both' },
    chains: { type: 'string', default: 'parlia,qbft' },
    only: { type: 'string' },
    rate: { type: 'string' },
  },
})
const kind = values.chains === 'ethereum,qbft' ? 'ethereum' : 'parlia'
const seed = Number(values.seed ?? randomInt(2 ** 31))
const stores: readonly ChaosStore[] =
  values.store === 'both' ? ['folder', 'postgres'] : [values.store === 'postgres' ? 'postgres' : 'folder']
const only = values.only?.split(',').map((name): Trouble => {
  if (!isTrouble(name)) throw new Error(`--only ${name}: there are ${troubles.join(', ')}`)
  return name
})
const note = (text: string): void => void process.stdout.write(`${text}\n`)
note(`seed ${seed} (repeat with --seed ${seed})`)

async function slice(number: number, rounds: number, script?: readonly Trouble[]): Promise<number> {
  const ours = seed + number
  const store = stores[number % stores.length] ?? 'folder'
  let ethereum: EthereumChain | undefined
  const first: StartChain = async (clock) => {
    if (kind === 'parlia') return createParliaChain({ chainId: 7501, clock, epochLength: 200n })
    ethereum = await createEthereumChain({ chainId: 7501, clock })
    return ethereum
  }
  const second: StartChain = (clock) =>
    createQbftChain({ chainId: 7502, clock, blockPeriodSeconds: kind === 'parlia' ? 1 : 6 })
  const chains = await startTwoChains({ starts: [first, second], rate: Number(values.rate ?? RATES[kind]) })
  const started = performance.now()
  try {
    const more = script === undefined ? {} : { script }
    const patienceMs = PATIENCE_MS[kind]
    const run = await runChaos({ chains, store, seed: ours, rounds, note, patienceMs, ethereum, ...more })
    const seconds = Math.round((performance.now() - started) / 1_000)
    const { messages, kills } = run
    note(
      `slice ${number} (seed ${ours}, store in ${store}): ${messages} messages, each ran once; ${kills} kills; ${seconds} s`,
    )
    return kills
  } finally {
    await chains.stop()
  }
}

let number = 0
let kills = 0
for (let left = Number(values.rounds); left > 0; left -= SLICE)
  kills += await slice(number++, Math.min(SLICE, left), only)
while (kills < Number(values.kills))
  kills += await slice(number++, Math.min(SLICE, Number(values.kills) - kills), ['kill'])
note(`done: ${kills} kills, seed ${seed}`)
