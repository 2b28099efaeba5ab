import { RpcResponseError, RpcTransportError } from '@meridian/chain'
import type { Consensus, RpcPort } from '@meridian/consensus'
import { type Hex, keccak256, numberToHex, pad, parseTransaction, recoverTransactionAddress } from 'viem'
import type { Clock } from '../clock.ts'
import { testConsensus } from './consensus.ts'

interface PooledTransaction {
  readonly hash: Hex
  readonly nonce: number
  readonly maxFeePerGas: bigint
  readonly to: Hex | null | undefined
}

/** A node of one account's chain for tests: a mempool, blocks on demand, and faults. */
export interface FakeNode extends RpcPort {
  /** Puts what is in the pool and pays the base fee into a block. Returns the hashes mined. */
  mine(): readonly Hex[]
  /** Somebody else uses the next nonce of the account. */
  useKeyOutside(): void
  /** Takes the last block back; its transactions return to the pool, or are forgotten. */
  reorg(forget: boolean): void
  readonly pool: Map<number, PooledTransaction>
  /** Every raw transaction that was ever shown. */
  readonly shown: Hex[]
  baseFee: bigint
  balance: bigint
  /** Answers nothing. */
  dead: boolean
  /** Refuses every transaction with these words. */
  refusal: string | null
  /** Transactions to these addresses revert when mined. */
  readonly reverting: Set<string>
  readonly consensus: Consensus
  /** Block that counts as final. */
  final: bigint
}

/** Starts with one block. */
export function createFakeNode(): FakeNode {
  const blocks: { readonly mined: readonly PooledTransaction[]; readonly external: number }[] = [
    { mined: [], external: 0 },
  ]
  const pool = new Map<number, PooledTransaction>()
  const shown: Hex[] = []
  const latestNonce = (): number => blocks.reduce((sum, b) => sum + b.mined.length + b.external, 0)
  const blockHash = (number: number): Hex => keccak256(numberToHex(number + 1))
  const block = (number: number) => ({
    number: numberToHex(number),
    timestamp: numberToHex(1_700_000_000 + number),
    hash: blockHash(number),
    parentHash: number === 0 ? pad('0x00') : blockHash(number - 1),
    receiptsRoot: pad('0x00'),
    gasLimit: '0x3938700',
    baseFeePerGas: numberToHex(node.baseFee),
    transactions: [],
  })
  const refuse = (method: string, message: string): never => {
    throw new RpcResponseError('fake', method, -32000, message, null)
  }

  async function send(raw: Hex): Promise<Hex> {
    shown.push(raw)
    if (node.refusal !== null) refuse('eth_sendRawTransaction', node.refusal)
    const { nonce = 0, maxFeePerGas = 0n, to, gas = 0n } = parseTransaction(raw)
    // CAST: Compass signs type 2 transactions only
    await recoverTransactionAddress({ serializedTransaction: raw as `0x02${string}` })
    if (nonce < latestNonce()) refuse('eth_sendRawTransaction', 'nonce too low')
    if (gas * maxFeePerGas > node.balance)
      refuse('eth_sendRawTransaction', 'insufficient funds for gas * price + value')
    const other = pool.get(nonce)
    const hash = keccak256(raw)
    if (other?.hash === hash) refuse('eth_sendRawTransaction', 'already known')
    if (other !== undefined && maxFeePerGas * 10n < other.maxFeePerGas * 11n)
      refuse('eth_sendRawTransaction', 'replacement transaction underpriced')
    pool.set(nonce, { hash, nonce, maxFeePerGas, to })
    return hash
  }

  function receipt(hash: Hex): unknown {
    for (const [number, { mined }] of blocks.entries()) {
      const found = mined.find((t) => t.hash === hash)
      if (found === undefined) continue
      return {
        transactionHash: hash,
        transactionIndex: '0x0',
        blockNumber: numberToHex(number),
        blockHash: blockHash(number),
        status: node.reverting.has((found.to ?? '').toLowerCase()) ? '0x0' : '0x1',
        cumulativeGasUsed: '0x5208',
        gasUsed: '0x5208',
        effectiveGasPrice: '0x1',
        logsBloom: '0x',
        logs: [],
      }
    }
    return null
  }

  const node: FakeNode = {
    pool,
    shown,
    baseFee: 100n,
    balance: 10n ** 18n,
    dead: false,
    refusal: null,
    reverting: new Set(),
    final: 0n,
    consensus: testConsensus({
      finalized: async () => ({ number: node.final, timestamp: 0n, hash: blockHash(Number(node.final)) }),
    }),
    async request(method, params) {
      if (node.dead) throw new RpcTransportError('fake', method, 'no answer')
      const [first] = params
      switch (method) {
        case 'eth_getBlockByNumber':
          return block(typeof first === 'string' && first.startsWith('0x') ? Number(first) : blocks.length - 1)
        case 'eth_maxPriorityFeePerGas':
          return '0x1'
        case 'eth_getBalance':
          return numberToHex(node.balance)
        case 'eth_getTransactionCount': {
          let nonce = latestNonce()
          while (params[1] === 'pending' && pool.has(nonce)) nonce += 1
          return numberToHex(nonce)
        }
        case 'eth_sendRawTransaction':
          return send(first as Hex) // CAST: Compass sends hex
        case 'eth_getTransactionReceipt':
          return receipt(first as Hex) // CAST: as above
        case 'eth_call':
          return refuse(method, 'execution reverted')
        default:
          throw new Error(`fake node: ${method}`)
      }
    },
    mine() {
      const mined: PooledTransaction[] = []
      for (let nonce = latestNonce(); ; nonce++) {
        const next = pool.get(nonce)
        if (next === undefined || next.maxFeePerGas < node.baseFee) break
        mined.push(next)
        pool.delete(nonce)
      }
      blocks.push({ mined, external: 0 })
      return mined.map(({ hash }) => hash)
    },
    useKeyOutside() {
      pool.delete(latestNonce())
      blocks.push({ mined: [], external: 1 })
    },
    reorg(forget) {
      const last = blocks.pop()
      if (!forget) for (const transaction of last?.mined ?? []) pool.set(transaction.nonce, transaction)
    },
  }
  return node
}

/** A clock that only tests move. */
export function createFakeClock(start = 1_000): Clock & { advance(ms: number): void } {
  let now = start
  return {
    now: () => now,
    sleep: async () => undefined,
    advance: (ms) => {
      now += ms
    },
  }
}
