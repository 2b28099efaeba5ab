import type { RpcBlock } from '@meridian/proofs'
import { type Address, type Hex, keccak256, numberToHex, stringToHex, toRlp, zeroHash } from 'viem'
import {
  headerOfBlock,
  parseQbftHeader,
  type QbftHeader,
  quorum,
  sealHeader,
  validatorAddress,
} from '../src/qbft/index.ts'
import type { RpcPort } from '../src/types.ts'

const MIX_HASH: Hex = '0x63746963616c2062797a616e74696e65206661756c7420746f6c6572616e6365'
export const GENESIS_TIME = 1_800_000_000n

/** A validator's private key. */
export const keyOf = (index: number): Hex => keccak256(stringToHex(`qbft test validator ${index}`))

/** Validators' keys, ascending by address as headers list them. */
export const sortedKeys = (indices: readonly number[]): Hex[] =>
  indices.map(keyOf).sort((a, b) => (BigInt(validatorAddress(a)) < BigInt(validatorAddress(b)) ? -1 : 1))

export interface BlockPlan {
  readonly number: bigint
  readonly parentHash?: Hex
  readonly timestamp?: bigint
  /** Keys of the set that the header names. */
  readonly set: readonly Hex[]
  /** Keys that seal; default: the first quorum of the set. */
  readonly signers?: readonly Hex[]
  readonly round?: number
  readonly salt?: string
  /** Validators as they are to lie in the header, where that is not the set's addresses in their order. */
  readonly validators?: readonly Address[]
  readonly vanity?: Hex
  /** Whether fields of later forks follow. */
  readonly forks?: boolean
}

const scalar = (value: bigint): Hex => (value === 0n ? '0x' : numberToHex(value))

/** A header as a node serves it, sealed, in RLP; and the JSON-RPC block that holds it. */
export function makeBlock(plan: BlockPlan): {
  readonly header: QbftHeader
  readonly block: RpcBlock
  readonly served: Hex
} {
  const root = (label: string): Hex => keccak256(stringToHex(`${label} ${plan.number} ${plan.salt ?? ''}`))
  const validators = plan.validators ?? plan.set.map(validatorAddress)
  const vanity = plan.vanity ?? zeroHash
  const timestamp = plan.timestamp ?? GENESIS_TIME + plan.number * 2n
  const parentHash = plan.parentHash ?? root('parent')
  const base = {
    parentHash,
    sha3Uncles: root('uncles'),
    miner: validators[0] ?? `0x${'00'.repeat(20)}`,
    stateRoot: root('state'),
    transactionsRoot: root('transactions'),
    receiptsRoot: root('receipts'),
    logsBloom: `0x${'00'.repeat(256)}`,
    difficulty: '0x1',
    number: numberToHex(plan.number),
    gasLimit: '0x1c9c380',
    gasUsed: '0x5208',
    timestamp: numberToHex(timestamp),
    mixHash: MIX_HASH,
    nonce: '0x0000000000000000',
  } as const
  const withdrawalsRoot = root('withdrawals')
  const extra = (seals: readonly Hex[]): Hex =>
    toRlp([vanity, [...validators], [], scalar(BigInt(plan.round ?? 0)), [...seals]])
  const raw = (extraData: Hex): Hex =>
    toRlp([
      base.parentHash,
      base.sha3Uncles,
      base.miner,
      base.stateRoot,
      base.transactionsRoot,
      base.receiptsRoot,
      base.logsBloom,
      base.difficulty,
      scalar(plan.number),
      base.gasLimit,
      base.gasUsed,
      scalar(timestamp),
      extraData,
      base.mixHash,
      base.nonce,
      ...(plan.forks ? (['0x', withdrawalsRoot] as const) : []),
    ])
  const signers = plan.signers ?? plan.set.slice(0, quorum(plan.set.length))
  const served = sealHeader(raw(extra([])), signers, plan.round ?? 0)
  const header = parseQbftHeader(served)
  const forks = plan.forks ? ({ baseFeePerGas: '0x0', withdrawalsRoot } as const) : {}
  const block: RpcBlock = { ...base, ...forks, extraData: extra(header.seals), hash: header.hash }
  return { header, block, served }
}

export interface TestQbftChain {
  readonly rpc: RpcPort
  header(number: bigint): QbftHeader
  /** Appends a block; its set stays that of the one before unless given. */
  append(plan?: Partial<BlockPlan>): QbftHeader
  /** Requests that were answered so far. */
  requests(): number
}

/** A chain in memory, with the JSON-RPC that the consensus reads. */
export function createTestQbftChain(set: readonly Hex[]): TestQbftChain {
  const blocks: { header: QbftHeader; block: RpcBlock; set: readonly Hex[] }[] = []
  let requests = 0
  const append = (plan: Partial<BlockPlan> = {}): QbftHeader => {
    const parent = blocks.at(-1)
    const next = plan.set ?? parent?.set ?? set
    const made = makeBlock({
      ...plan,
      number: BigInt(blocks.length),
      parentHash: parent?.header.hash ?? zeroHash,
      set: next,
    })
    headerOfBlock(made.block)
    blocks.push({ ...made, set: next })
    return made.header
  }
  append()
  return {
    append,
    requests: () => requests,
    header(number) {
      const found = blocks[Number(number)]
      if (found === undefined) throw new Error(`no block ${number}`)
      return found.header
    },
    rpc: {
      async request(method, [tag]) {
        requests += 1
        if (method !== 'eth_getBlockByNumber') throw new Error(`${method} is not served`)
        return (tag === 'latest' ? blocks.at(-1) : blocks[Number(tag)])?.block ?? null
      },
    },
  }
}
