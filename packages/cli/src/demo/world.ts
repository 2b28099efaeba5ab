import { counterAbi, counterBytecode } from '@meridian/abi'
import { createSigner } from '@meridian/chain'
import {
  type ChainContext,
  type Compass,
  createCompass,
  createLog,
  defaultClaimRule,
  defaultTuning,
  openStore,
  type Store,
} from '@meridian/compass'
import { createDevnet, type DevnetChain } from '@meridian/devnet'
import { type ChainEndpoint, finalityOf, type Lane } from '@meridian/sdk'
import { type Address, encodeFunctionData, type Hex, type LocalAccount } from 'viem'
import { type ChainContracts, deployChain } from '../deploy/chain.ts'
import { connect, type Side } from '../deploy/connect.ts'
import { createDeployer, type Deployer, initCodeOf } from '../deploy/deployer.ts'
import { consensusOf, deployLightClient, portsOf, type SourceInfo } from '../deploy/light-client.ts'
import { ASSET_NAME, type DemoAsset, deployDemoAsset } from './asset.ts'

/** A chain of the demo with everything on it. */
export interface DemoChain {
  readonly name: string
  readonly consensus: string
  readonly source: SourceInfo
  readonly deployer: Deployer
  readonly contracts: ChainContracts
  /** The account that sends the demo's messages. */
  readonly user: LocalAccount
  /** The app that counts the messages of the other chain. */
  readonly counter: Address
  /** The light client on the other chain that follows this one. */
  readonly clientAbroad: Address
  readonly endpoint: ChainEndpoint
}

/** Two connected chains and the Compass between them. */
export interface World {
  readonly chains: readonly [DemoChain, DemoChain]
  readonly compass: Compass
  /** Locked on the first chain, minted on the second. */
  readonly asset: DemoAsset
  /** Orders that carry the asset. */
  readonly transfers: Set<Hex>
  stop(): Promise<void>
}

/** Which chains the demo has. */
export type ChainKinds = readonly ['ethereum' | 'qbft', 'ethereum' | 'qbft']

/** How a world is started. */
export interface WorldOptions {
  readonly kinds: ChainKinds
  /** Virtual seconds per second. */
  readonly rate: number
  /** Told what is being done. */
  readonly phase: (text: string) => void
  readonly signal: AbortSignal
}

/** Accounts of the development mnemonic, by what they do here. */
const roles = { deployer: 0, compass: 1, user: 2, governor: 3, pauser: 4, unpauser: 5, pricer: 6 } as const

const FIRST_CHAIN_ID = 4_201
/** Seconds that every change by the governor waits. */
const TIMELOCK_DELAY = 2n * 86_400n
const PRICE = {
  baseGas: 300_000n,
  updateGas: 150_000n,
  includedBytes: 1_024n,
  gasPerByte: 60n,
  gasPrice: 1_000_000_000n,
} as const
/** Seconds between QBFT blocks with transactions, and without. */
const QBFT_PERIOD = 2
const QBFT_EMPTY_PERIOD = 12
/** Milliseconds between Compass' looks at a chain. */
const COMPASS_POLL = 250
const COMPASS_MAINTAIN = 5_000
/** Milliseconds between two looks at the asset's supply. */
const SUPPLY_POLL = 1_000

const titles = {
  ethereum: 'proof of stake, 512',
  istanbul: 'Istanbul BFT, 4 validators',
  parlia: 'Parlia, 4 validators',
  qbft: 'QBFT, 4 validators',
} as const

/** Starts both chains, deploys everything and starts Compass. What was started is stopped where a step fails. */
export async function startWorld(options: WorldOptions): Promise<World> {
  const { kinds, phase } = options
  const same = kinds[0] === kinds[1]
  const [first, second] = kinds.map((kind, index) => {
    const base = { name: same ? `${kind}-${index + 1}` : kind, chainId: FIRST_CHAIN_ID + index, accounts: 8 }
    return kind === 'ethereum'
      ? ({ kind, ...base } as const)
      : ({ kind, ...base, blockPeriodSeconds: QBFT_PERIOD, emptyBlockPeriodSeconds: QBFT_EMPTY_PERIOD } as const)
  })
  if (first === undefined || second === undefined) throw new RangeError('two chains are needed')
  const stops: (() => Promise<void>)[] = []
  const stop = async () => {
    for (const end of stops.splice(0).reverse()) await end()
  }
  const step = (text: string) => {
    options.signal.throwIfAborted()
    phase(text)
  }
  try {
    step('opening the store')
    // First, while nothing runs: loading the database takes the processor for a moment, and the chains would fall behind.
    const store = await openStore(null)
    stops.push(() => store.close())
    step('starting two chains')
    const clock = { start: Math.floor(Date.now() / 1000), rate: 0 }
    const devnet = await createDevnet([first, second], { clock })
    stops.push(() => devnet.stop())
    devnet.clock.setRate(options.rate)

    step('deploying the message services')
    const pair = devnet.chains as readonly [DevnetChain, DevnetChain] // CAST: one chain for each of the two specs
    const [a, b] = await Promise.all([prepare(pair[0]), prepare(pair[1])])
    step('deploying the light clients, each from what the other chain has finalized')
    const [onA, onB] = await Promise.all([
      deployLightClient(b.source, a.deployer, a.contracts.timelock),
      deployLightClient(a.source, b.deployer, b.contracts.timelock),
    ])
    step('deploying a token and its bridges over the gateways')
    const keepers = {
      pauser: accountOf(pair[0], 'pauser').address,
      unpauser: accountOf(pair[0], 'unpauser').address,
    }
    const asset = await deployDemoAsset(a, b, keepers)
    step('connecting: routes, prices and bridges through the timelock, which then starts to wait')
    const side = (chain: Prepared, lightClient: Address, calls: Side['calls'] = []): Side => {
      return { ...chain, lightClient, price: PRICE, calls }
    }
    await connect(side(a, onA, asset.lockCalls), side(b, onB, asset.mintCalls), TIMELOCK_DELAY)
    step('deploying an app that counts messages on each chain')
    const [counterA, counterB] = await Promise.all([deployCounter(a, b), deployCounter(b, a)])

    step('starting Compass')
    const compass = await startCompass(pair, [a, b], store, asset)
    stops.push(() => compass.stop())
    const chains = [
      { ...a, counter: counterA, clientAbroad: onB },
      { ...b, counter: counterB, clientAbroad: onA },
    ] as const
    return { chains, compass, asset, transfers: new Set(), stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** Both directions. */
export function lanesOf(world: World): readonly (Lane & { readonly source: DemoChain; readonly target: DemoChain })[] {
  const [a, b] = world.chains
  return [
    { from: a.endpoint, to: b.endpoint, source: a, target: b },
    { from: b.endpoint, to: a.endpoint, source: b, target: a },
  ]
}

type Prepared = Omit<DemoChain, 'counter' | 'clientAbroad'>

async function prepare(chain: DevnetChain): Promise<Prepared> {
  const deployer = await createDeployer(chain.rpcUrl, accountOf(chain, 'deployer'))
  const contracts = await deployChain(deployer, {
    governor: accountOf(chain, 'governor').address,
    pauser: accountOf(chain, 'pauser').address,
    unpauser: accountOf(chain, 'unpauser').address,
    pricer: accountOf(chain, 'pricer').address,
  })
  const source = { chainId: BigInt(chain.chainId), consensus: chain.kind, rpc: chain.rpcUrl }
  return {
    name: chain.name,
    consensus: titles[chain.kind],
    source: chain.beaconUrl === undefined ? source : { ...source, beacon: chain.beaconUrl },
    deployer,
    contracts,
    user: accountOf(chain, 'user'),
    endpoint: {
      chainId: deployer.chainId,
      client: deployer.client,
      mos: contracts.mos,
      fromBlock: contracts.fromBlock,
      finalized: finalityOf(deployer.client, chain.kind === 'qbft' ? 'instant' : 'tag'),
    },
  }
}

async function deployCounter(on: Prepared, remote: Prepared): Promise<Address> {
  const { deployer, contracts } = on
  const counter = await deployer.deploy(
    'the counter',
    initCodeOf(counterAbi, counterBytecode, [contracts.mos, deployer.address]),
  )
  await deployer.call(
    'trusting the sender',
    counter,
    encodeFunctionData({
      abi: counterAbi,
      functionName: 'setTrustedRemote',
      args: [remote.contracts.chainId, remote.user.address, true],
    }),
  )
  return counter
}

async function startCompass(
  devnet: readonly [DevnetChain, DevnetChain],
  prepared: readonly [Prepared, Prepared],
  store: Store,
  asset: DemoAsset,
): Promise<Compass> {
  const contexts = prepared.map(async ({ name, source, contracts }, index): Promise<ChainContext> => {
    const ports = portsOf(source)
    return {
      id: source.chainId,
      name,
      consensus: await consensusOf(source, ports),
      ports,
      mos: contracts.mos,
      startBlock: contracts.fromBlock,
      signer: createSigner(accountOf(devnet[index === 0 ? 0 : 1], 'compass')),
      payee: null,
      claims: defaultClaimRule,
      tuning: { ...defaultTuning, pollMs: COMPASS_POLL, maintainMs: COMPASS_MAINTAIN },
    }
  })
  const [from, to] = prepared.map(({ source }) => source.chainId)
  if (from === undefined || to === undefined) throw new RangeError('two chains are needed')
  const compass = createCompass({
    chains: await Promise.all(contexts),
    lanes: [
      { from, to },
      { from: to, to: from },
    ],
    store,
    log: createLog('silent'),
    supply: [
      {
        name: ASSET_NAME,
        lock: { chain: from, address: asset.lockBridge, decimals: 18 },
        mint: { chain: to, address: asset.mintBridge, decimals: 18, read: 'outstanding' },
      },
    ],
    supplyMs: SUPPLY_POLL,
  })
  compass.start()
  return compass
}

function accountOf(chain: { readonly accounts: DevnetChain['accounts'] }, role: keyof typeof roles) {
  const found = chain.accounts[roles[role]]
  if (found === undefined) throw new RangeError(`the devnet has no account for ${role}`)
  return found.account
}
