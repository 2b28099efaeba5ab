import { connectHubTopology, deployHubTopology, type TopologyChain } from '@meridian/cli/deploy'
import { type CompassConfig, parseConfig } from '@meridian/compass'
import {
  createIstanbulChain,
  createParliaChain,
  createQbftChain,
  createVirtualClock,
  type DevnetChain,
  type IstanbulChain,
  type ParliaChain,
  type QbftChain,
  type VirtualClock,
} from '@meridian/devnet'
import type { HubEndpoint, Lane } from '@meridian/sdk'
import type { Address, Hex } from 'viem'
import { type Deployed, deploySide, SETUP_RATE, type Side, sideOf, source, trust } from './two-qbft.ts'

const EPOCH_LENGTH = 20n
const ISTANBUL_EPOCH = 20
/** Seconds of the chains in a second of the wall. */
const RATE = 4
const SOURCES = { parlia: 7_401, istanbul: 7_402, qbft: 7_403 } as const

/** A chain like BNB's, one like MAP's relay chain with a hub, and a QBFT chain: the outer two have no client of each other. */
export interface HubWorld {
  readonly clock: VirtualClock
  readonly a: Side<ParliaChain>
  readonly b: Side<QbftChain>
  /** The hub's chain; its counter takes messages of both. */
  readonly h: Side<IstanbulChain>
  readonly hub: Address
  /** By their ends; over the hub but for those of the hub's own chain. */
  lane(from: HubSide, to: HubSide): Lane
  stop(): Promise<void>
}

type HubSide = Side<ParliaChain> | Side<QbftChain> | Side<IstanbulChain>

/** Variables that hold the relayer's keys. */
export const secretsOf = ({ a, h, b }: HubWorld): Record<string, string> => ({
  KEY_A: a.relayerKey,
  KEY_H: h.relayerKey,
  KEY_B: b.relayerKey,
})

/** Starts the three chains and connects the outer two over the hub. `gasPrice`: wei for a unit of gas of another chain. */
export async function startHubWorld(gasPrice = 1n): Promise<HubWorld> {
  const clock = createVirtualClock({ start: Math.floor(Date.now() / 1000), rate: SETUP_RATE })
  const chains: DevnetChain[] = []
  const stop = async (): Promise<void> => {
    await clock.stop()
    await Promise.all(chains.map((chain) => chain.stop()))
  }
  try {
    const [parlia, istanbul, qbft] = await Promise.all([
      createParliaChain({ chainId: SOURCES.parlia, clock, epochLength: EPOCH_LENGTH }),
      createIstanbulChain({ chainId: SOURCES.istanbul, clock, blockPeriodSeconds: 2, epochSize: ISTANBUL_EPOCH }),
      createQbftChain({ chainId: SOURCES.qbft, clock, blockPeriodSeconds: 1 }),
    ])
    chains.push(parlia, istanbul, qbft)
    const [a, h, b] = await Promise.all([deploySide(parlia), deploySide(istanbul), deploySide(qbft)])
    const [atA, atH, atB] = [topologyChain(a), topologyChain(h), topologyChain(b)]
    const deployed = await deployHubTopology(atH, [atA, atB])
    const price = { baseGas: 100_000n, updateGas: 0n, includedBytes: 16_384n, gasPerByte: 0n, gasPrice }
    await connectHubTopology(atH, [atA, atB], deployed, { direct: price, overHub: price }, 3_600n)
    await Promise.all([trust(a, b), trust(b, a), trust(h, a)])
    const [sideA, sideH, sideB] = await Promise.all([sideOf(a, b), sideOf(h, b), sideOf(b, a)])
    const via: HubEndpoint = { ...sideH.endpoint, hub: deployed.hub }
    const lane = (from: HubSide, to: HubSide): Lane => {
      const ends = { from: from.endpoint, to: to.endpoint }
      return from === sideH || to === sideH ? ends : { ...ends, via }
    }
    clock.setRate(RATE)
    return { clock, a: sideA, b: sideB, h: sideH, hub: deployed.hub, lane, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

function topologyChain(deployed: Deployed): TopologyChain {
  return { ...deployed, source: source(deployed) }
}

/** Compass' configuration for all lanes, as a file would hold it. `more`: of each chain. */
export function rawConfigOf({ a, h, b, hub }: HubWorld, store: string, more: object = {}): object {
  const chain = (side: HubSide, name: string, key: string) => ({
    id: String(side.contracts.chainId),
    name,
    consensus: side.chain.kind,
    ...(side.chain.kind === 'parlia' ? { network: `epoch-${EPOCH_LENGTH}` } : {}),
    rpc: [side.chain.rpcUrl],
    mos: side.contracts.mos,
    startBlock: String(side.contracts.fromBlock),
    signer: `env:${key}`,
    pollMs: 150,
    rebroadcastMs: 1_000,
    lostAfterMs: 1_000,
    maintainMs: 1_000,
    // a test has no later messages that would pay for the update
    claims: { updateAfterMs: 0 },
    ...more,
  })
  const [idA, idH, idB] = [a, h, b].map((side) => String(side.contracts.chainId))
  return {
    store,
    logLevel: process.env.COMPASS_LOG ?? 'silent',
    chains: [chain(a, 'bsc', 'KEY_A'), { ...chain(h, 'map', 'KEY_H'), hub }, chain(b, 'qbft', 'KEY_B')],
    lanes: [
      { from: idA, to: idB, via: idH },
      { from: idB, to: idA, via: idH },
      { from: idH, to: idB },
    ],
  }
}

/** The same, parsed. */
export const configOf = (world: HubWorld, store: string, more: object = {}): CompassConfig =>
  parseConfig(rawConfigOf(world, store, more))

/** Deploys a contract that answers every call with these bytes. */
export async function deployAnswer(on: Deployed, answer: Hex): Promise<Address> {
  const size = (answer.length - 2) / 2
  // PUSH2 size PUSH1 13 PUSH0 CODECOPY PUSH2 size PUSH0 RETURN, then the bytes; and the same around it as init code
  const returning = (length: number, start: number): Hex => {
    const word = length.toString(16).padStart(4, '0')
    return `0x61${word}60${start.toString(16).padStart(2, '0')}5f3961${word}5ff3`
  }
  const PREFIX = 12
  const runtime = `${returning(size, PREFIX)}${answer.slice(2)}` as const
  return on.deployer.deploy('a contract that answers', `${returning(size + PREFIX, PREFIX)}${runtime.slice(2)}`)
}
