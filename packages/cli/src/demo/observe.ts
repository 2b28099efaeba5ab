import { counterAbi, iLightClientAbi } from '@meridian/abi'
import type { ChainRow } from './view.ts'
import type { DemoChain, World } from './world.ts'

const statuses = ['active', 'expired', 'frozen'] as const

/** Both chains as they are now. */
export function observe(world: World): Promise<readonly ChainRow[]> {
  const [a, b] = world.chains
  return Promise.all([rowOf(a, b), rowOf(b, a)])
}

async function rowOf(chain: DemoChain, other: DemoChain): Promise<ChainRow> {
  const { client, chainId } = chain.endpoint
  const abroad = { address: chain.clientAbroad, abi: iLightClientAbi } as const
  const [head, finalized, clientHead, status, counter] = await Promise.all([
    client.getBlockNumber({ cacheTime: 0 }),
    chain.endpoint.finalized(),
    other.endpoint.client.readContract({ ...abroad, functionName: 'head' }),
    other.endpoint.client.readContract({ ...abroad, functionName: 'status' }),
    client.readContract({ address: chain.counter, abi: counterAbi, functionName: 'count' }),
  ])
  return {
    name: chain.name,
    consensus: chain.consensus,
    chainId,
    head,
    finalized,
    client: {
      on: other.name,
      unit: chain.source.consensus === 'ethereum' ? 'slot' : 'block',
      head: clientHead.number,
      status: statuses[status] ?? 'unknown',
    },
    counter,
  }
}
