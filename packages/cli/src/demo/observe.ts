import { counterAbi, iLightClientAbi } from '@meridian/abi'
import { mapMessageOutTopic, mapMessageOutWithOptionsTopic } from '@meridian/core'
import type { DemoChain, DemoHub, Follower, World } from './types.ts'
import type { ChainRow, ClientRow } from './view.ts'

const statuses = ['active', 'expired', 'frozen'] as const

/** All chains as they are now, the hub between the others. */
export function observe(world: World): Promise<readonly ChainRow[]> {
  const [a, b] = world.chains
  return Promise.all([a, ...(world.hub === null ? [] : [world.hub]), b].map(rowOf))
}

async function rowOf(chain: DemoChain | DemoHub): Promise<ChainRow> {
  const { client, chainId } = chain.endpoint
  const [head, finalized, counter, ...clients] = await Promise.all([
    client.getBlockNumber({ cacheTime: 0 }),
    chain.endpoint.finalized(),
    'hub' in chain ? forwardedBy(chain) : countOf(chain),
    ...chain.followers.map((follower) => clientOf(chain, follower)),
  ])
  return { name: chain.name, consensus: chain.consensus, chainId, head, finalized, clients, counter }
}

async function clientOf(chain: DemoChain | DemoHub, { name, endpoint, lightClient }: Follower): Promise<ClientRow> {
  const abroad = { address: lightClient, abi: iLightClientAbi } as const
  const [head, status] = await Promise.all([
    endpoint.client.readContract({ ...abroad, functionName: 'head' }),
    endpoint.client.readContract({ ...abroad, functionName: 'status' }),
  ])
  const unit = chain.source.consensus === 'ethereum' ? 'slot' : 'block'
  return { on: name, unit, head: head.number, status: statuses[status] ?? 'unknown' }
}

function countOf({ endpoint, counter }: DemoChain): Promise<bigint> {
  return endpoint.client.readContract({ address: counter, abi: counterAbi, functionName: 'count' })
}

/** Messages that a hub has forwarded. */
async function forwardedBy({ endpoint, hub, contracts }: DemoHub): Promise<bigint> {
  const logs = await endpoint.client.getLogs({ address: hub, fromBlock: contracts.fromBlock, toBlock: 'latest' })
  const topics = new Set<string | undefined>([mapMessageOutTopic, mapMessageOutWithOptionsTopic])
  return BigInt(logs.filter((log) => topics.has(log.topics[0])).length)
}
