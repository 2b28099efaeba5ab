import { assertChainId, type ChainEndpoint, finalityOf, type Lane } from '@meridian/sdk'
import type { Command } from 'commander'
import { createPublicClient, http, type PublicClient } from 'viem'
import { chainNamed, type DeployedChain, readDeployment } from './deploy/deployment.ts'
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

/** One chain of a deployment as the SDK reads it. */
export function endpointOf(chain: DeployedChain): ChainEndpoint {
  const client = clientOf(chain.rpc)
  return {
    chainId: chain.chainId,
    client,
    mos: chain.mos,
    fromBlock: chain.fromBlock,
    finalized: finalityOf(client, chain.consensus === 'ethereum' ? 'tag' : 'instant'),
  }
}

/** The lane that the flags name; both endpoints are asked which chain they serve. @throws {@link UsageError} */
export async function laneOf(flags: LaneFlags): Promise<Lane> {
  const deployed = readDeployment(flags.deployment)
  const from = chainNamed(deployed, '--from', flags.from)
  const to = chainNamed(deployed, '--to', flags.to)
  if (from.chainId === to.chainId) throw new UsageError('--to', 'a message must end on another chain than it starts')
  const urls = new Map((flags.rpc ?? []).map((text) => rpcOverride(text)))
  const [source, target] = [from, to].map((chain) => {
    const url = urls.get(chain.name) ?? urls.get(chain.chainId.toString())
    return endpointOf(url === undefined ? chain : { ...chain, rpc: url })
  })
  if (source === undefined || target === undefined) throw new UsageError('--from', 'expected two chains')
  await Promise.all([assertChainId(source), assertChainId(target)])
  return { from: source, to: target }
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
