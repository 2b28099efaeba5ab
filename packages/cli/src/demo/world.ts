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
import { createDevnet, type DevnetChain, type DevnetChainSpec } from '@meridian/devnet'
import { finalityOf, type Lane } from '@meridian/sdk'
import { type Address, encodeFunctionData, type LocalAccount } from 'viem'
import { deployChain, type Roles } from '../deploy/chain.ts'
import { connect, type Side } from '../deploy/connect.ts'
import { createDeployer, initCodeOf } from '../deploy/deployer.ts'
import { connectHubTopology, deployHubTopology } from '../deploy/hub.ts'
import { consensusOf, deployLightClient, portsOf } from '../deploy/light-client.ts'
import { ASSET_NAME, deployDemoAsset } from './asset.ts'
import type { DemoAsset, DemoChain, DemoHub, Follower, World } from './types.ts'

/** Which chains the demo has. */
export type ChainKinds = readonly ['ethereum' | 'qbft', 'ethereum' | 'qbft']
/** How they are connected: `hub` has chains of its own kinds. */
export type Topology = 'pair' | 'hub'

/** How a world is started. */
export interface WorldOptions {
  readonly topology: Topology
  /** Of a pair. */
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
/** Seconds between blocks of the chains of a hub topology, which are also made when there is nothing in them. */
const HUB_TOPOLOGY_PERIOD = 12
/** Blocks in their epochs. */
const EPOCH = 20
/** Milliseconds between Compass' looks at a chain. */
const COMPASS_POLL = 250
const COMPASS_MAINTAIN = 5_000
/** Milliseconds between two looks at the asset's supply. */
const SUPPLY_POLL = 1_000

/** How each kind of chain says what is final. */
const finalityRules = { ethereum: 'tag', parlia: 'tag', istanbul: 'instant', qbft: 'instant' } as const

const titles = {
  ethereum: 'proof of stake, 512',
  istanbul: 'Istanbul BFT, 4 validators',
  parlia: 'Parlia, 4 validators',
  qbft: 'QBFT, 4 validators',
} as const

type Specs = readonly DevnetChainSpec[]

/** Both chains of a pair. */
function pairSpecs(kinds: ChainKinds): Specs {
  const same = kinds[0] === kinds[1]
  return kinds.map((kind, index) => {
    const base = { name: same ? `${kind}-${index + 1}` : kind, chainId: FIRST_CHAIN_ID + index, accounts: 8 }
    return kind === 'ethereum'
      ? ({ kind, ...base } as const)
      : ({ kind, ...base, blockPeriodSeconds: QBFT_PERIOD, emptyBlockPeriodSeconds: QBFT_EMPTY_PERIOD } as const)
  })
}

/** A chain like BNB's, Ethereum, and last the one between them, like MAP's relay chain. */
function hubSpecs(): Specs {
  const base = { accounts: 8, blockPeriodSeconds: HUB_TOPOLOGY_PERIOD }
  return [
    { kind: 'parlia', name: 'bsc', chainId: FIRST_CHAIN_ID, epochLength: BigInt(EPOCH), ...base },
    { kind: 'ethereum', name: 'ethereum', chainId: FIRST_CHAIN_ID + 1, accounts: 8 },
    { kind: 'istanbul', name: 'map', chainId: FIRST_CHAIN_ID + 2, epochSize: EPOCH, ...base },
  ]
}

/** Starts the chains, deploys everything and starts Compass. What was started is stopped where a step fails. */
export async function startWorld(options: WorldOptions): Promise<World> {
  const { kinds, phase, topology } = options
  const specs = topology === 'hub' ? hubSpecs() : pairSpecs(kinds)
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
    step(`starting ${specs.length === 2 ? 'two' : 'three'} chains`)
    const clock = { start: Math.floor(Date.now() / 1000), rate: 0 }
    const devnet = await createDevnet(specs, { clock })
    stops.push(() => devnet.stop())
    devnet.clock.setRate(options.rate)

    step('deploying the message services')
    const [a, b, between] = await Promise.all(devnet.chains.map(prepare))
    if (a === undefined || b === undefined) throw new RangeError('two chains are needed')
    const connected = await connectWorld(a, b, between ?? null, step)
    step('deploying an app that counts messages on each chain')
    const [counterA, counterB] = await Promise.all([deployCounter(a, b), deployCounter(b, a)])

    step('starting Compass')
    const compass = await startCompass(a, b, connected, store)
    stops.push(() => compass.stop())
    const chains = [
      { ...a, counter: counterA, followers: connected.followers.a },
      { ...b, counter: counterB, followers: connected.followers.b },
    ] as const
    return { chains, hub: connected.hub, compass, asset: connected.asset, transfers: new Set(), stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** What connecting leaves behind. */
interface Connected {
  readonly asset: DemoAsset
  readonly hub: DemoHub | null
  readonly followers: { readonly a: readonly Follower[]; readonly b: readonly Follower[] }
}

/** Light clients, the hub if there is one, the asset's bridges, and the operation of the timelocks that makes them count. */
async function connectWorld(
  a: Prepared,
  b: Prepared,
  between: Prepared | null,
  step: (text: string) => void,
): Promise<Connected> {
  const deployingAsset = 'deploying a token and its bridges over the gateways'
  const connecting = 'connecting: routes, prices and bridges through the timelock, which then starts to wait'
  const keepers = { pauser: a.keepers.pauser, unpauser: a.keepers.unpauser }
  const follower = ({ name, endpoint }: Prepared, lightClient: Address): Follower => ({ name, endpoint, lightClient })
  if (between === null) {
    step('deploying the light clients, each from what the other chain has finalized')
    const [onA, onB] = await Promise.all([
      deployLightClient(b.source, a.deployer, a.contracts.timelock),
      deployLightClient(a.source, b.deployer, b.contracts.timelock),
    ])
    step(deployingAsset)
    const asset = await deployDemoAsset(a, b, keepers)
    step(connecting)
    const side = (chain: Prepared, lightClient: Address, calls: Side['calls'] = []): Side => {
      return { ...chain, lightClient, price: PRICE, calls }
    }
    await connect(side(a, onA, asset.lockCalls), side(b, onB, asset.mintCalls), TIMELOCK_DELAY)
    return { asset, hub: null, followers: { a: [follower(b, onB)], b: [follower(a, onA)] } }
  }
  step('deploying the hub, its light clients of both chains, and one of its chain on each of them')
  const deployed = await deployHubTopology(between, [a, b])
  const [ofA, ofB, onA, onB] = [...deployed.ofSpokes, ...deployed.onSpokes]
  if (ofA === undefined || ofB === undefined || onA === undefined || onB === undefined)
    throw new RangeError('four light clients are needed')
  step(deployingAsset)
  const asset = await deployDemoAsset(a, b, keepers, between.source.chainId)
  step(connecting)
  const prices = { direct: PRICE, overHub: { ...PRICE, baseGas: 2n * PRICE.baseGas, updateGas: 2n * PRICE.updateGas } }
  const calls = [[], asset.lockCalls, asset.mintCalls]
  await connectHubTopology(between, [a, b], deployed, prices, TIMELOCK_DELAY, calls)
  return {
    asset,
    hub: { ...between, hub: deployed.hub, followers: [follower(a, onA), follower(b, onB)] },
    followers: { a: [follower(between, ofA)], b: [follower(between, ofB)] },
  }
}

/** Both directions. */
export function lanesOf(world: World): readonly (Lane & { readonly source: DemoChain; readonly target: DemoChain })[] {
  const [a, b] = world.chains
  const via = world.hub === null ? {} : { via: { ...world.hub.endpoint, hub: world.hub.hub } }
  return [
    { from: a.endpoint, to: b.endpoint, source: a, target: b, ...via },
    { from: b.endpoint, to: a.endpoint, source: b, target: a, ...via },
  ]
}

/** A chain before it is connected. */
interface Prepared extends Omit<DemoChain, 'counter' | 'followers'> {
  readonly keepers: Roles
  readonly relayer: LocalAccount
}

async function prepare(chain: DevnetChain): Promise<Prepared> {
  const keepers = {
    governor: accountOf(chain, 'governor').address,
    pauser: accountOf(chain, 'pauser').address,
    unpauser: accountOf(chain, 'unpauser').address,
    pricer: accountOf(chain, 'pricer').address,
  }
  const deployer = await createDeployer(chain.rpcUrl, accountOf(chain, 'deployer'))
  const contracts = await deployChain(deployer, keepers)
  const source = {
    chainId: BigInt(chain.chainId),
    consensus: chain.kind,
    rpc: chain.rpcUrl,
    ...(chain.kind === 'parlia' ? { epochLength: BigInt(EPOCH) } : {}),
  }
  return {
    keepers,
    relayer: accountOf(chain, 'compass'),
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
      finalized: finalityOf(deployer.client, finalityRules[chain.kind]),
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

async function startCompass(a: Prepared, b: Prepared, connected: Connected, store: Store): Promise<Compass> {
  const { asset, hub } = connected
  const contexts = [a, b, ...(hub === null ? [] : [hub])].map(async (chain): Promise<ChainContext> => {
    const { name, source, contracts } = chain
    const ports = portsOf(source)
    return {
      id: source.chainId,
      name,
      consensus: await consensusOf(source, ports),
      ports,
      mos: contracts.mos,
      ...(chain === hub ? { hub: hub.hub } : {}),
      startBlock: contracts.fromBlock,
      signer: createSigner(chain.relayer),
      payee: null,
      claims: defaultClaimRule,
      tuning: { ...defaultTuning, pollMs: COMPASS_POLL, maintainMs: COMPASS_MAINTAIN },
    }
  })
  const [from, to] = [a.source.chainId, b.source.chainId]
  const via = hub === null ? {} : { via: hub.source.chainId }
  const compass = createCompass({
    chains: await Promise.all(contexts),
    lanes: [
      { from, to, ...via },
      { from: to, to: from, ...via },
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
