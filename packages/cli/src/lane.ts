import {
  assertChainId,
  type ChainEndpoint,
  finalityOf,
  type HubEndpoint,
  type Lane,
  type ProvableChain,
  type Sender,
} from '@meridian/sdk'
import type { Command } from 'commander'
import { createPublicClient, createWalletClient, http, type LocalAccount, type PublicClient } from 'viem'
import { chainNamed, type DeployedChain, readDeployment } from './deploy/deployment.ts'
import { consensusOf, portsOf } from './deploy/light-client.ts'
import { UsageError } from './errors.ts'
import { listFlag, urlFlag } from './values.ts'

/** The flags that name a lane of a deployment. */
export interface LaneFlags {
  readonly deployment: string
  readonly from: string
  readonly to: string
  readonly rpc?: readonly string[]
}

/** Milliseconds until a request to an endpoint counts as failed. */
const REQUEST_TIMEOUT = 20_000

/** Adds the flags that name a lane. */
export function withLaneFlags(command: Command): Command {
  return command
    .requiredOption('--deployment <file>', 'deployment file, as `meridian deploy` writes it')
    .requiredOption('--from <chain>', 'chain where the message starts: name or chain id')
    .requiredOption('--to <chain>', 'chain where the message ends: name or chain id')
    .option('--rpc <chain=url>', 'another endpoint than the deployment has; may be repeated', listFlag)
}

/** A reader of the chain behind `url`. */
export function clientOf(url: string): PublicClient {
  return createPublicClient({ transport: http(url, { timeout: REQUEST_TIMEOUT }), pollingInterval: 250 })
}

/** Parlia's nodes answer `finalized` by its votes; a sealed block of QBFT and Istanbul is final. */
const finalityRules = { ethereum: 'tag', parlia: 'tag', istanbul: 'instant', qbft: 'instant' } as const

/** One chain of a deployment as the SDK reads it. */
export function endpointOf(chain: DeployedChain): ChainEndpoint {
  const client = clientOf(chain.rpc)
  return {
    chainId: chain.chainId,
    client,
    mos: chain.mos,
    fromBlock: chain.fromBlock,
    finalized: finalityOf(client, finalityRules[chain.consensus]),
  }
}

/** The lane that the flags name; both endpoints are asked which chain they serve. @throws {@link UsageError} */
export async function laneOf(flags: LaneFlags): Promise<Lane> {
  const { from, to, via } = deployedLane(flags)
  const lane: Lane = {
    from: endpointOf(from),
    to: endpointOf(to),
    ...(via === null ? {} : { via: hubEndpointOf(via) }),
  }
  await Promise.all([lane.from, lane.to, ...(lane.via === undefined ? [] : [lane.via])].map(assertChainId))
  return lane
}

function hubEndpointOf(chain: DeployedChain): HubEndpoint {
  if (chain.hub === undefined) throw new UsageError('--deployment', `chain ${chain.name} has no hub`)
  return { ...endpointOf(chain), hub: chain.hub }
}

/** A lane whose chains' blocks can be proven. `hub`: null where it is direct. */
export interface ProvableLane {
  readonly lane: Lane
  readonly source: ProvableChain
  readonly target: ProvableChain
  readonly hub: ProvableChain | null
}

/** The lane that the flags name, with its chains as chains whose blocks can be proven. @throws as {@link laneOf} */
export async function provableLaneOf(flags: LaneFlags): Promise<ProvableLane> {
  const lane = await laneOf(flags)
  const { from, to, via } = deployedLane(flags)
  const [source, target, hub] = await Promise.all([provableOf(from), provableOf(to), via && provableOf(via)])
  return { lane, source, target, hub }
}

/** Signs and sends for an account on a chain. */
export function senderOn(chain: ChainEndpoint, account: LocalAccount): Sender {
  const { url } = chain.client.transport
  return createWalletClient({ account, transport: http(typeof url === 'string' ? url : undefined) })
}

async function provableOf({ chainId, consensus, rpc, beacon, epochLength }: DeployedChain): Promise<ProvableChain> {
  const info = {
    chainId,
    consensus,
    rpc,
    ...(beacon === undefined ? {} : { beacon }),
    ...(epochLength === undefined ? {} : { epochLength }),
  }
  const ports = portsOf(info)
  return { chainId, consensus: await consensusOf(info, ports), ports }
}

function deployedLane(flags: LaneFlags): {
  readonly from: DeployedChain
  readonly to: DeployedChain
  readonly via: DeployedChain | null
} {
  const deployed = readDeployment(flags.deployment)
  const from = chainNamed(deployed, '--from', flags.from)
  const to = chainNamed(deployed, '--to', flags.to)
  if (from.chainId === to.chainId) throw new UsageError('--to', 'a message must end on another chain than it starts')
  const urls = new Map((flags.rpc ?? []).map((text) => rpcOverride(text)))
  const at = (chain: DeployedChain): DeployedChain => {
    const url = urls.get(chain.name) ?? urls.get(chain.chainId.toString())
    return url === undefined ? chain : { ...chain, rpc: url }
  }
  const route = to.hubRoutes.find(({ chainId }) => chainId === from.chainId)
  const via = deployed.chains.find(({ chainId }) => chainId === route?.via)
  return { from: at(from), to: at(to), via: via === undefined ? null : at(via) }
}

function rpcOverride(text: string): readonly [string, string] {
  const at = text.indexOf('=')
  if (at <= 0) throw new UsageError('--rpc', 'expected CHAIN=URL', text)
  try {
    return [text.slice(0, at), urlFlag(text.slice(at + 1))]
  } catch {
    throw new UsageError('--rpc', 'expected CHAIN=URL with an http or https URL', text)
  }
}
