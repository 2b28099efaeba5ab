import { iLightClientAbi } from '@meridian/abi'
import type { ConsensusKind } from '@meridian/consensus'
import { Command } from 'commander'
import type { Address } from 'viem'
import { type ChainContracts, deployChain, type Roles } from '../deploy/chain.ts'
import { connect, type LanePrice } from '../deploy/connect.ts'
import { createDeployer, type Deployer } from '../deploy/deployer.ts'
import { type DeployedChain, type Deployment, writeDeployment } from '../deploy/deployment.ts'
import { connectHubTopology, deployHubTopology, type TopologyChain } from '../deploy/hub.ts'
import { deployLightClient, type SourceInfo } from '../deploy/light-client.ts'
import { UsageError } from '../errors.ts'
import type { Io } from '../io.ts'
import { jsonLine } from '../json.ts'
import {
  accountOf,
  addressFlag,
  boundedFlag,
  choiceFlag,
  nameFlag,
  positiveFlag,
  uintFlag,
  urlFlag,
} from '../values.ts'

interface Flags extends Roles {
  readonly aRpc: string
  readonly aConsensus: ConsensusKind
  readonly aBeacon?: string
  readonly aEpochLength?: bigint
  readonly aName?: string
  readonly bRpc: string
  readonly bConsensus: ConsensusKind
  readonly bBeacon?: string
  readonly bEpochLength?: bigint
  readonly bName?: string
  readonly hubRpc?: string
  readonly hubConsensus?: ConsensusKind
  readonly hubBeacon?: string
  readonly hubEpochLength?: bigint
  readonly hubName?: string
  readonly key: string
  readonly delay: bigint
  readonly baseGas: bigint
  readonly updateGas: bigint
  readonly includedBytes: bigint
  readonly gasPerByte: bigint
  readonly gasPrice: bigint
  readonly out: string
  readonly json?: true
}

const consensusKinds: readonly ConsensusKind[] = ['ethereum', 'qbft', 'parlia', 'istanbul']

/** Two days in seconds: what the timelock waits where nothing is said. */
const DEFAULT_DELAY = 172_800n
/** A delivery with its proof, and the claim of its fee on the other side, rounded up. Gas. */
const DEFAULT_BASE_GAS = 300_000n
/** A third of an update of an Ethereum client: few blocks bring one message only. Gas. */
const DEFAULT_UPDATE_GAS = 150_000n
/** Bytes of an encoded message: a body of about 800. */
const DEFAULT_INCLUDED_BYTES = 1_024n
/** Calldata at its floor price (EIP-7623: 40), the event at the target (8) and the copies in between. Gas a byte. */
const DEFAULT_GAS_PER_BYTE = 60n
/** What the fee service keeps of each. */
const MAX_UINT32 = 2n ** 32n - 1n
const MAX_UINT16 = 2n ** 16n - 1n
const MAX_UINT128 = 2n ** 128n - 1n
/** Wei. */
const DEFAULT_GAS_PRICE = 1_000_000_000n

/** What a message over a hub costs more: it is proven twice, by two light clients. */
const HUB_FACTOR = 2n

/** `meridian deploy`: everything that two chains need to exchange messages, directly or over a hub. */
export function deployCommand(io: Io): Command {
  const command = new Command('deploy').description(
    'deploy timelock, fee service, MOS, gateway, prover and light clients on two chains, connect them, directly or over a hub on a third, and give up every power',
  )
  for (const side of ['a', 'b'] as const) {
    command
      .requiredOption(`--${side}-rpc <url>`, 'JSON-RPC endpoint', urlFlag)
      .requiredOption(`--${side}-consensus <kind>`, consensusKinds.join(', '), choiceFlag(consensusKinds))
      .option(`--${side}-beacon <url>`, 'beacon REST API; Ethereum needs it', urlFlag)
      .option(`--${side}-epoch-length <blocks>`, 'Parlia: blocks in an epoch (default 1000)', positiveFlag)
      .option(`--${side}-name <name>`, 'what the chain is called on the command line', nameFlag)
  }
  return command
    .option('--hub-rpc <url>', 'JSON-RPC endpoint of a third chain, whose hub forwards between the two', urlFlag)
    .option('--hub-consensus <kind>', consensusKinds.join(', '), choiceFlag(consensusKinds))
    .option('--hub-beacon <url>', 'beacon REST API; Ethereum needs it', urlFlag)
    .option('--hub-epoch-length <blocks>', 'Parlia: blocks in an epoch (default 1000)', positiveFlag)
    .option('--hub-name <name>', 'what the chain is called on the command line', nameFlag)
    .requiredOption('--key <reference>', 'key that deploys on all of them: env:NAME or file:PATH')
    .requiredOption('--governor <address>', 'schedules what the timelocks do; not the deploying account', addressFlag)
    .requiredOption('--pauser <address>', 'pauses lanes', addressFlag)
    .requiredOption('--unpauser <address>', 'unpauses lanes; not the pauser', addressFlag)
    .requiredOption('--pricer <address>', 'sets the prices of messages', addressFlag)
    .option('--delay <seconds>', 'what the timelocks wait', uintFlag, DEFAULT_DELAY)
    .option('--base-gas <gas>', "gas charged beside a message's own", boundedFlag(1n, MAX_UINT32), DEFAULT_BASE_GAS)
    .option(
      '--update-gas <gas>',
      "a message's share of light-client updates; 0: somebody sponsors them",
      boundedFlag(0n, MAX_UINT32),
      DEFAULT_UPDATE_GAS,
    )
    .option('--included-bytes <n>', 'bytes that these cover', boundedFlag(0n, MAX_UINT16), DEFAULT_INCLUDED_BYTES)
    .option('--gas-per-byte <gas>', 'gas for each byte beyond', boundedFlag(0n, MAX_UINT16), DEFAULT_GAS_PER_BYTE)
    .option('--gas-price <wei>', 'price of a unit of gas', boundedFlag(0n, MAX_UINT128), DEFAULT_GAS_PRICE)
    .requiredOption('--out <file>', 'deployment file to write')
    .option('--json', 'the deployment as one line of JSON')
    .action(async (flags: Flags) => {
      const account = accountOf('--key', flags.key, io.env)
      if ((flags.hubRpc === undefined) !== (flags.hubConsensus === undefined)) {
        const missing = flags.hubRpc === undefined ? '--hub-rpc' : '--hub-consensus'
        throw new UsageError(missing, 'a hub needs --hub-rpc and --hub-consensus')
      }
      for (const side of ['a', 'b', 'hub'] as const) {
        if (flags[`${side}Consensus`] === 'ethereum' && flags[`${side}Beacon`] === undefined) {
          throw new UsageError(`--${side}-beacon`, 'Ethereum needs the beacon REST API')
        }
      }
      if (flags.governor === account.address) throw new UsageError('--governor', 'must not be the deploying account')
      if (flags.pauser === flags.unpauser) throw new UsageError('--unpauser', 'must not be the pauser')
      const say = (text: string) => (flags.json ? undefined : io.out(text))
      const deployed =
        flags.hubRpc === undefined
          ? await deployPair(flags, account, say)
          : await deployOverHub(flags, flags.hubRpc, account, say)
      writeDeployment(flags.out, deployed)
      if (flags.json) io.out(jsonLine(deployed))
      else say(`written to ${flags.out}; check the blocks from which the light clients start against other sources`)
    })
}

async function deployPair(
  flags: Flags,
  account: Parameters<typeof createDeployer>[1],
  say: (text: string) => void,
): Promise<Deployment> {
  const [a, b] = await Promise.all([createDeployer(flags.aRpc, account), createDeployer(flags.bRpc, account)])
  if (a.chainId === b.chainId) throw new UsageError('--b-rpc', `serves chain ${b.chainId}, as --a-rpc does`)
  const names = [flags.aName ?? `${flags.aConsensus}-${a.chainId}`, flags.bName ?? `${flags.bConsensus}-${b.chainId}`]
  if (names[0] === names[1]) throw new UsageError('--b-name', 'both chains have one name')

  say('timelock, fee service, MOS, gateway and prover on both chains')
  const [onA, onB] = await Promise.all([deployChain(a, flags), deployChain(b, flags)])
  say('a light client of each chain on the other')
  const [sourceA, sourceB] = [sourceOf(flags, 'a', a.chainId), sourceOf(flags, 'b', b.chainId)]
  const [clientOfB, clientOfA] = await Promise.all([
    deployLightClient(sourceB, a, onA.timelock),
    deployLightClient(sourceA, b, onB.timelock),
  ])
  say(await firstBlock(a, clientOfB, sourceB))
  say(await firstBlock(b, clientOfA, sourceA))
  say(`routes and prices; from here on the timelocks wait ${flags.delay} s and the deployer has no power`)
  const { baseGas, updateGas, includedBytes, gasPerByte, gasPrice } = flags
  const price: LanePrice = { baseGas, updateGas, includedBytes, gasPerByte, gasPrice }
  await connect(
    { deployer: a, contracts: onA, lightClient: clientOfB, price },
    { deployer: b, contracts: onB, lightClient: clientOfA, price },
    flags.delay,
  )
  return {
    version: 1,
    chains: [
      deployedChain(sourceA, names[0], onA, [{ chainId: b.chainId, address: clientOfB }]),
      deployedChain(sourceB, names[1], onB, [{ chainId: a.chainId, address: clientOfA }]),
    ],
  }
}

/** Two chains, a third between them, and its hub: four light clients, and two routes over the hub. */
async function deployOverHub(
  flags: Flags,
  hubRpc: string,
  account: Parameters<typeof createDeployer>[1],
  say: (text: string) => void,
): Promise<Deployment> {
  const sides = ['hub', 'a', 'b'] as const
  const deployers = await Promise.all([hubRpc, flags.aRpc, flags.bRpc].map((rpc) => createDeployer(rpc, account)))
  const ids = deployers.map(({ chainId }) => chainId)
  const same = ids.findIndex((id, i) => ids.indexOf(id) < i)
  if (same >= 0) throw new UsageError(`--${sides[same]}-rpc`, `serves chain ${ids[same]}, as another one does`)
  const names = sides.map((side, i) => flags[`${side}Name`] ?? `${flags[`${side}Consensus`]}-${ids[i]}`)
  if (new Set(names).size < names.length) throw new UsageError('--b-name', 'two chains have one name')

  say('timelock, fee service, MOS, gateway and prover on three chains')
  const [hub, ...spokes] = await Promise.all(
    deployers.map(async (deployer, i): Promise<TopologyChain> => {
      const contracts = await deployChain(deployer, flags)
      return { deployer, contracts, source: sourceOf(flags, sides[i] ?? 'b', deployer.chainId) }
    }),
  )
  if (hub === undefined) throw new RangeError('three chains')
  say('the hub, its light clients of both chains, and one of its chain on each of them')
  const deployed = await deployHubTopology(hub, spokes)
  for (const [i, spoke] of spokes.entries()) {
    const [ofSpoke, onSpoke] = [deployed.ofSpokes[i], deployed.onSpokes[i]]
    if (ofSpoke !== undefined) say(await firstBlock(hub.deployer, ofSpoke, spoke.source))
    if (onSpoke !== undefined) say(await firstBlock(spoke.deployer, onSpoke, hub.source))
  }
  say(`routes and prices; from here on the timelocks wait ${flags.delay} s and the deployer has no power`)
  const { baseGas, updateGas, includedBytes, gasPerByte, gasPrice } = flags
  const direct: LanePrice = { baseGas, updateGas, includedBytes, gasPerByte, gasPrice }
  const overHub = { ...direct, baseGas: baseGas * HUB_FACTOR, updateGas: updateGas * HUB_FACTOR }
  await connectHubTopology(hub, spokes, deployed, { direct, overHub }, flags.delay)
  const via = hub.source.chainId
  const clientsOf = (chains: readonly TopologyChain[], addresses: readonly Address[]) =>
    addresses.map((address, i) => ({ chainId: chains[i]?.source.chainId ?? 0n, address }))
  return {
    version: 1,
    chains: [
      {
        ...deployedChain(hub.source, names[0], hub.contracts, clientsOf(spokes, deployed.ofSpokes)),
        hub: deployed.hub,
      },
      ...spokes.map((spoke, i) => {
        const client = deployed.onSpokes.slice(i, i + 1)
        const others = spokes.filter((other) => other !== spoke)
        return {
          ...deployedChain(spoke.source, names[i + 1], spoke.contracts, clientsOf([hub], client)),
          hubRoutes: others.map(({ source }) => ({ chainId: source.chainId, via })),
        }
      }),
    ],
  }
}

function deployedChain(
  source: SourceInfo,
  name: string | undefined,
  contracts: ChainContracts,
  lightClients: DeployedChain['lightClients'],
): DeployedChain {
  return {
    name: name ?? '',
    chainId: source.chainId,
    consensus: source.consensus,
    rpc: source.rpc,
    ...(source.beacon === undefined ? {} : { beacon: source.beacon }),
    ...(source.epochLength === undefined ? {} : { epochLength: source.epochLength }),
    fromBlock: contracts.fromBlock,
    timelock: contracts.timelock,
    feeService: contracts.feeService,
    mos: contracts.mos,
    gateway: contracts.gateway,
    prover: contracts.prover,
    lightClients,
    hubRoutes: [],
  }
}

/** Where a light client starts: the one thing that the endpoints were believed for. */
async function firstBlock(on: Deployer, client: Address, source: SourceInfo): Promise<string> {
  const head = await on.client.readContract({ address: client, abi: iLightClientAbi, functionName: 'head' })
  const unit = source.consensus === 'ethereum' ? 'slot' : 'block'
  return `  on chain ${on.chainId}, chain ${source.chainId} is followed from ${unit} ${head.number}, ${head.hash}`
}

function sourceOf(flags: Flags, side: 'a' | 'b' | 'hub', chainId: bigint): SourceInfo {
  const [rpc, consensus] = [flags[`${side}Rpc`], flags[`${side}Consensus`]]
  if (rpc === undefined || consensus === undefined) throw new UsageError(`--${side}-rpc`, 'is needed')
  const beacon = flags[`${side}Beacon`]
  const epochLength = flags[`${side}EpochLength`]
  return {
    chainId,
    consensus,
    rpc,
    ...(beacon === undefined ? {} : { beacon }),
    ...(epochLength === undefined ? {} : { epochLength }),
  }
}
