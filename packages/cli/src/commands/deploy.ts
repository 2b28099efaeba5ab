import { iLightClientAbi } from '@meridian/abi'
import type { ConsensusKind } from '@meridian/consensus'
import { Command } from 'commander'
import type { Address } from 'viem'
import { deployChain, type Roles } from '../deploy/chain.ts'
import { connect, type LanePrice } from '../deploy/connect.ts'
import { createDeployer, type Deployer } from '../deploy/deployer.ts'
import { type DeployedChain, type Deployment, writeDeployment } from '../deploy/deployment.ts'
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

const consensusKinds: readonly ConsensusKind[] = ['ethereum', 'qbft', 'parlia']

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

/** `meridian deploy`: everything that two chains need to exchange messages. */
export function deployCommand(io: Io): Command {
  const command = new Command('deploy').description(
    'deploy timelock, fee service, MOS, gateway, prover and light clients on two chains, connect them, and give up every power',
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
    .requiredOption('--key <reference>', 'key that deploys on both chains: env:NAME or file:PATH')
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
      for (const side of ['a', 'b'] as const) {
        if (flags[`${side}Consensus`] === 'ethereum' && flags[`${side}Beacon`] === undefined) {
          throw new UsageError(`--${side}-beacon`, 'Ethereum needs the beacon REST API')
        }
      }
      if (flags.governor === account.address) throw new UsageError('--governor', 'must not be the deploying account')
      if (flags.pauser === flags.unpauser) throw new UsageError('--unpauser', 'must not be the pauser')
      const say = (text: string) => (flags.json ? undefined : io.out(text))
      const deployed = await deployPair(flags, account, say)
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
  const chain = (
    source: SourceInfo,
    name: string | undefined,
    contracts: typeof onA,
    remote: bigint,
    client: Address,
  ): DeployedChain => ({
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
    lightClients: [{ chainId: remote, address: client }],
  })
  return {
    version: 1,
    chains: [chain(sourceA, names[0], onA, b.chainId, clientOfB), chain(sourceB, names[1], onB, a.chainId, clientOfA)],
  }
}

/** Where a light client starts: the one thing that the endpoints were believed for. */
async function firstBlock(on: Deployer, client: Address, source: SourceInfo): Promise<string> {
  const head = await on.client.readContract({ address: client, abi: iLightClientAbi, functionName: 'head' })
  const unit = source.consensus === 'ethereum' ? 'slot' : 'block'
  return `  on chain ${on.chainId}, chain ${source.chainId} is followed from ${unit} ${head.number}, ${head.hash}`
}

function sourceOf(flags: Flags, side: 'a' | 'b', chainId: bigint): SourceInfo {
  const beacon = flags[`${side}Beacon`]
  const source = { chainId, consensus: flags[`${side}Consensus`], rpc: flags[`${side}Rpc`] }
  const epochLength = flags[`${side}EpochLength`]
  return {
    ...source,
    ...(beacon === undefined ? {} : { beacon }),
    ...(epochLength === undefined ? {} : { epochLength }),
  }
}
