/**
 * `npm run chaos [-- --rounds N] [--kills N] [--seed N] [--store folder|postgres|both] [--chains parlia,qbft|ethereum,qbft]`:
 * what goes wrong on chains, endpoints, machines and databases, in random order; prints its seed and stops at the first
 * run that loses a message, runs one twice, or pays for nothing.
 */
import { randomInt } from 'node:crypto'
import { parseArgs } from 'node:util'
import { createEthereumChain, createParliaChain, createQbftChain, type EthereumChain } from '@meridian/devnet'
import { type ChaosStore, runChaos, type Trouble } from '../e2e/src/support/chaos.ts'
import { type StartChain, startTwoChains } from '../e2e/src/support/two-qbft.ts'

/** Rounds that share two chains: then new ones are started, so that what is read back stays short. */
const SLICE = 20
/** Seconds of the chains in a second of the wall: Ethereum's are longer. */
const RATES = { parlia: 10, ethereum: 60 } as const
/** Milliseconds until all is executed: Ethereum takes two epochs to be final. */
const PATIENCE_MS = { parlia: 180_000, ethereum: 420_000 } as const

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '60' },
    kills: { type: 'string', default: '200' },
    seed: { type: 'string' },
    store: { type: 'string', default: 'both' },
    chains: { type: 'string', default: 'parlia,qbft' },
  },
})
const kind = values.chains === 'ethereum,qbft' ? 'ethereum' : 'parlia'
const seed = Number(values.seed ?? randomInt(2 ** 31))
const stores: readonly ChaosStore[] =
  values.store === 'both' ? ['folder', 'postgres'] : [values.store === 'postgres' ? 'postgres' : 'folder']
const note = (text: string): void => void process.stdout.write(`${text}\n`)
note(`seed ${seed} (repeat with --seed ${seed})`)

async function slice(number: number, rounds: number, script?: readonly Trouble[]): Promise<number> {
  const ours = seed + number
  const store = stores[number % stores.length] ?? 'folder'
  let reorgs: EthereumChain | null = null
  const first: StartChain = async (clock) => {
    if (kind === 'parlia') return createParliaChain({ chainId: 7501, clock, epochLength: 200n })
    reorgs = await createEthereumChain({ chainId: 7501, clock })
    return reorgs
  }
  const second: StartChain = (clock) =>
    createQbftChain({ chainId: 7502, clock, blockPeriodSeconds: kind === 'parlia' ? 1 : 6 })
  const chains = await startTwoChains({ starts: [first, second], rate: RATES[kind] })
  try {
    // CAST: it is set by `first`, which the compiler does not follow
    const chain = reorgs as EthereumChain | null
    const reorg = chain === null ? {} : { reorg: (depth: number) => chain.reorg(depth) }
    const more = script === undefined ? {} : { script }
    const patienceMs = PATIENCE_MS[kind]
    const { messages, kills } = await runChaos({
      chains,
      store,
      seed: ours,
      rounds,
      note,
      patienceMs,
      ...reorg,
      ...more,
    })
    note(`slice ${number} (seed ${ours}, store in ${store}): ${messages} messages, each ran once; ${kills} kills`)
    return kills
  } finally {
    await chains.stop()
  }
}

let number = 0
let kills = 0
for (let left = Number(values.rounds); left > 0; left -= SLICE) kills += await slice(number++, Math.min(SLICE, left))
while (kills < Number(values.kills))
  kills += await slice(number++, Math.min(SLICE, Number(values.kills) - kills), ['kill'])
note(`done: ${kills} kills, seed ${seed}`)
