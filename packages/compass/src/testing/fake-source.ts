import type { Consensus, RpcPort } from '@meridian/consensus'
import { mapMessageOutTopic, orderId } from '@meridian/core'
import { type Address, encodeAbiParameters, getAddress, type Hex, keccak256, numberToHex, pad, stringToHex } from 'viem'
import { chainTopic } from '../mos.ts'
import { testConsensus } from './consensus.ts'

interface SourceBlock {
  readonly hash: Hex
  readonly parentHash: Hex
  readonly messages: readonly { readonly orderId: Hex; readonly log: Record<string, unknown> }[]
}

/** A source chain for tests: blocks with messages, reorgs, and an endpoint that lies. */
export interface FakeSource extends RpcPort {
  readonly mos: Address
  readonly consensus: Consensus
  /** Appends a block with so many messages to chain 2; returns their order ids. */
  mine(messages: number): readonly Hex[]
  /** Replaces the last `depth` blocks by as many empty ones plus one. */
  reorg(depth: number): void
  final: bigint
  /** The endpoint leaves out the log of these orders. */
  readonly hidden: Set<Hex>
  /** Blocks that the endpoint is behind. */
  behind: number
  readonly calls: string[]
  /** What headers say of logs: nothing, the truth as far as a message is there or not, or that there never is one. */
  blooms: 'none' | 'true' | 'empty'
}

/** Starts with a genesis block. */
export function createFakeSource(): FakeSource {
  const mos = getAddress(pad('0xa1', { size: 20 }))
  const sender = pad('0xc1', { size: 20 })
  const blocks: SourceBlock[] = [{ hash: keccak256('0x00'), parentHash: pad('0x00'), messages: [] }]
  let salt = 0

  function append(count: number): readonly Hex[] {
    const number = blocks.length
    const parentHash = blocks[number - 1]?.hash ?? pad('0x00')
    salt += 1
    const hash = keccak256(stringToHex(`${number} ${salt}`))
    const first = blocks.reduce((sum, b) => sum + b.messages.length, 0)
    const messages = Array.from({ length: count }, (_, i) => {
      const nonce = BigInt(first + i)
      const messageData = stringToHex(`message ${nonce}`)
      const id = orderId({ fromChain: 1n, mos, toChain: 2n, nonce, sender, messageData })
      const data = encodeAbiParameters(
        [{ type: 'bytes32' }, { type: 'bytes' }, { type: 'bytes' }],
        [id, sender, messageData],
      )
      const log = {
        address: mos,
        topics: [mapMessageOutTopic, chainTopic(1n), chainTopic(2n)],
        data,
        blockNumber: numberToHex(number),
        blockHash: hash,
        transactionHash: keccak256(id),
        transactionIndex: numberToHex(i),
        logIndex: numberToHex(i),
      }
      return { orderId: id, log }
    })
    blocks.push({ hash, parentHash, messages })
    return messages.map((m) => m.orderId)
  }

  const header = (number: number): unknown => {
    const block = blocks[number]
    if (block === undefined || number > blocks.length - 1 - node.behind) return null
    const holds = node.blooms === 'true' && block.messages.length > 0
    return {
      number: numberToHex(number),
      timestamp: numberToHex(1_700_000_000 + number),
      hash: block.hash,
      parentHash: block.parentHash,
      receiptsRoot: pad('0x00'),
      gasLimit: '0x1',
      transactions: [],
      ...(node.blooms === 'none' ? {} : { logsBloom: `0x${(holds ? 'ff' : '00').repeat(256)}` }),
    }
  }

  const node: FakeSource = {
    mos,
    final: 0n,
    behind: 0,
    hidden: new Set(),
    calls: [],
    blooms: 'none',
    mine: append,
    reorg(depth) {
      blocks.splice(blocks.length - depth, depth)
      for (let i = 0; i <= depth; i++) append(0)
    },
    consensus: testConsensus({
      finalized: async () => ({
        number: node.final,
        timestamp: 0n,
        hash: blocks[Number(node.final)]?.hash ?? pad('0x00'),
      }),
    }),
    async request(method, params) {
      node.calls.push(method)
      const [first, second] = params
      if (method === 'eth_getBlockByNumber')
        return header(first === 'latest' ? blocks.length - 1 - node.behind : Number(first))
      if (method === 'eth_getLogs') {
        // CAST: Compass' own filter
        const { fromBlock, toBlock } = first as { fromBlock: Hex; toBlock: Hex }
        return blocks
          .slice(Number(fromBlock), Number(toBlock) + 1)
          .flatMap((b) => b.messages.filter((m) => !node.hidden.has(m.orderId)).map((m) => m.log))
      }
      if (method === 'eth_call') {
        const upTo = blocks.slice(0, Number(second) + 1)
        return pad(numberToHex(upTo.reduce((sum, b) => sum + b.messages.length, 0)))
      }
      throw new Error(`fake source: ${method}`)
    },
  }
  return node
}
