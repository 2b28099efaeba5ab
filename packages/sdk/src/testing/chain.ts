import { iHubAbi, iMessageServiceAbi } from '@meridian/abi'
import { orderId } from '@meridian/core'
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
  outcome: 0 | 1 | 2 | 3
  /** Log queries so far, each as its first and last block. */
  readonly ranges: (readonly [bigint, bigint])[]
  /** Sends an order, with the encoded options if there are any; returns its id. */
  out(order: { readonly toChain: bigint; readonly block: bigint; readonly tx: Hex; readonly options?: Hex }): Hex
  in(order: {
    readonly orderId: Hex
    readonly fromChain: bigint
    readonly block: bigint
    readonly tx: Hex
    readonly reason: Hex
  }): void
  /** As a hub: logs an order of another chain again, or says that it ran it and what it sent on; null: the run failed. */
  forwarded(order: {
    readonly orderId: Hex
    readonly fromChain: bigint
    readonly toChain: bigint
    readonly block: bigint
    readonly tx: Hex
    readonly relayed?: Hex | null
  }): void
  /** Records the delivery or the expiry of an order. */
  record(order: {
    readonly kind: 'DeliveryRecord' | 'ExpiryRecord'
    readonly orderId: Hex
    readonly fromChain: bigint
    readonly block: bigint
    readonly tx: Hex
    readonly account: Address
  }): void
}

interface FakeLog {
  readonly block: bigint
  readonly topics: readonly unknown[]
  readonly json: Readonly<Record<string, unknown>>
}

/** What viem asks `eth_getLogs` for. */
type Filter = readonly [
  { readonly fromBlock: Hex; readonly toBlock: Hex; readonly topics: readonly (Hex | readonly Hex[] | null)[] },
]

/** A chain in memory. */
export function createFakeChain(chainId: bigint, mos: Address): FakeChain {
  const logs: FakeLog[] = []
  let nonce = 0n
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
          .filter((log) => topics.every((topic, index) => topic === null || [topic].flat().includes(hexAt(log, index))))
          .map(({ json }) => json)
      }
      case 'eth_call': {
        const [{ data }] = params as readonly [{ readonly data: Hex }] // CAST: viem's own request
        const { functionName } = decodeFunctionData({ abi: iMessageServiceAbi, data })
        if (functionName !== 'outcome') throw new Error(`unexpected call of ${functionName}`)
        return encodeFunctionResult({ abi: iMessageServiceAbi, functionName, result: chain.outcome })
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
    out({ toChain, block, tx, options }) {
      const args = { fromChain: chainId, toChain }
      const [sender, messageData] = [mos, '0x'] as const
      const id = orderId({
        fromChain: chainId,
        mos,
        toChain,
        nonce: nonce++,
        sender,
        messageData,
        options: options ?? '0x',
      })
      const eventName = options === undefined ? 'mapMessageOut' : 'mapMessageOutWithOptions'
      const topics = encodeEventTopics({ abi: iMessageServiceAbi, eventName, args })
      const bytes = [sender, messageData, ...(options === undefined ? [] : [options])]
      const types = [{ type: 'bytes32' }, ...bytes.map(() => ({ type: 'bytes' }))]
      add(block, tx, topics, encodeAbiParameters(types, [id, ...bytes]))
      return id
    },
    in({ orderId: id, fromChain, block, tx, reason }) {
      const args = { fromChain, toChain: chainId }
      const topics = encodeEventTopics({ abi: iMessageServiceAbi, eventName: 'mapMessageIn', args })
      const types = [{ type: 'bytes32' }, { type: 'bytes' }, { type: 'bytes' }, { type: 'bool' }, { type: 'bytes' }]
      add(block, tx, topics, encodeAbiParameters(types, [id, mos, '0x', reason === '0x', reason]))
    },
    forwarded({ orderId: id, fromChain, toChain, block, tx, relayed }) {
      if (relayed === undefined) {
        const args = { fromChain, toChain }
        const topics = encodeEventTopics({ abi: iHubAbi, eventName: 'mapMessageOut', args })
        const types = [{ type: 'bytes32' }, { type: 'bytes' }, { type: 'bytes' }]
        return void add(block, tx, topics, encodeAbiParameters(types, [id, mos, '0x']))
      }
      const args = { fromChain, toChain, orderId: id }
      const topics = encodeEventTopics({ abi: iHubAbi, eventName: 'MessageRelayed', args })
      const types = [{ type: 'address' }, { type: 'bytes32' }, { type: 'bool' }, { type: 'bytes' }]
      const values = [mos, relayed ?? zeroHash, relayed !== null, relayed === null ? '0xdead' : '0x']
      add(block, tx, topics, encodeAbiParameters(types, values))
    },
    record({ kind, orderId: id, fromChain, block, tx, account }) {
      const topics = encodeEventTopics({ abi: iMessageServiceAbi, eventName: kind, args: { fromChain, orderId: id } })
      const types = [{ type: 'address' }, ...(kind === 'ExpiryRecord' ? [{ type: 'bool' }] : [])]
      const values = kind === 'ExpiryRecord' ? [account, false] : [account]
      add(block, tx, topics, encodeAbiParameters(types, values))
    },
  }
  return chain
}

const hexAt = (log: FakeLog, index: number): Hex => String(log.topics[index]) as Hex // CAST: topics are hex
