import { messageServiceAbi } from '@meridian/abi'
import {
  type Address,
  createPublicClient,
  custom,
  decodeFunctionData,
  encodeAbiParameters,
  encodeEventTopics,
  encodeFunctionResult,
  type Hex,
  numberToHex,
  zeroHash,
} from 'viem'
import type { ChainEndpoint } from '../endpoint.ts'

/** A chain in memory, as far as the SDK looks at one. Tests move it on. */
export interface FakeChain {
  readonly endpoint: ChainEndpoint
  head: bigint
  finalized: bigint
  /** What `outcome` answers. */
  outcome: 0 | 1 | 2
  /** Log queries so far, each as its first and last block. */
  readonly ranges: (readonly [bigint, bigint])[]
  out(order: { readonly orderId: Hex; readonly toChain: bigint; readonly block: bigint; readonly tx: Hex }): void
  in(order: {
    readonly orderId: Hex
    readonly fromChain: bigint
    readonly block: bigint
    readonly tx: Hex
    readonly reason: Hex
  }): void
}

interface FakeLog {
  readonly block: bigint
  readonly topics: readonly unknown[]
  readonly json: Readonly<Record<string, unknown>>
}

/** What viem asks `eth_getLogs` for. */
type Filter = readonly [{ readonly fromBlock: Hex; readonly toBlock: Hex; readonly topics: readonly (Hex | null)[] }]

/** A chain in memory. */
export function createFakeChain(chainId: bigint, mos: Address): FakeChain {
  const logs: FakeLog[] = []
  const add = (block: bigint, tx: Hex, topics: readonly unknown[], data: Hex) =>
    logs.push({
      block,
      topics,
      json: {
        address: mos,
        topics,
        data,
        blockNumber: numberToHex(block),
        blockHash: zeroHash,
        transactionHash: tx,
        transactionIndex: '0x0',
        logIndex: '0x0',
        removed: false,
      },
    })
  const request = async ({ method, params }: { method: string; params?: unknown }): Promise<unknown> => {
    switch (method) {
      case 'eth_blockNumber':
        return numberToHex(chain.head)
      case 'eth_chainId':
        return numberToHex(chainId)
      case 'eth_getLogs': {
        const [{ fromBlock, toBlock, topics }] = params as Filter // CAST: viem's own request
        const [first, last] = [BigInt(fromBlock), BigInt(toBlock)]
        chain.ranges.push([first, last])
        return logs
          .filter(({ block }) => block >= first && block <= last)
          .filter((log) => topics.every((topic, index) => topic === null || topic === log.topics[index]))
          .map(({ json }) => json)
      }
      case 'eth_call': {
        const [{ data }] = params as readonly [{ readonly data: Hex }] // CAST: viem's own request
        const { functionName } = decodeFunctionData({ abi: messageServiceAbi, data })
        if (functionName !== 'outcome') throw new Error(`unexpected call of ${functionName}`)
        return encodeFunctionResult({ abi: messageServiceAbi, functionName, result: chain.outcome })
      }
      default:
        throw new Error(`unexpected ${method}`)
    }
  }
  const chain: FakeChain = {
    endpoint: {
      chainId,
      client: createPublicClient({ transport: custom({ request }, { retryCount: 0 }), cacheTime: 0 }),
      mos,
      fromBlock: 0n,
      finalized: async () => chain.finalized,
    },
    head: 0n,
    finalized: 0n,
    outcome: 0,
    ranges: [],
    out({ orderId, toChain, block, tx }) {
      const args = { fromChain: chainId, toChain }
      const topics = encodeEventTopics({ abi: messageServiceAbi, eventName: 'mapMessageOut', args })
      const types = [{ type: 'bytes32' }, { type: 'bytes' }, { type: 'bytes' }]
      add(block, tx, topics, encodeAbiParameters(types, [orderId, mos, '0x']))
    },
    in({ orderId, fromChain, block, tx, reason }) {
      const args = { fromChain, toChain: chainId }
      const topics = encodeEventTopics({ abi: messageServiceAbi, eventName: 'mapMessageIn', args })
      const types = [{ type: 'bytes32' }, { type: 'bytes' }, { type: 'bytes' }, { type: 'bool' }, { type: 'bytes' }]
      add(block, tx, topics, encodeAbiParameters(types, [orderId, mos, '0x', reason === '0x', reason]))
    },
  }
  return chain
}
