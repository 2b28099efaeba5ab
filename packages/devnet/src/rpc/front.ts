import { keccak256 } from 'viem'
import { encodeReceipt } from '../execution/header.ts'
import type { Gate } from '../gate.ts'
import { isHash, isRecord } from './blocks.ts'
import { invalidParams, notSupported } from './error.ts'
import type { FaultBox } from './fault.ts'
import type { RpcHandler } from './server.ts'
import type { Upstream } from './upstream.ts'

/** What the front of every chain needs to know of its chain. */
export interface FrontDeps {
  readonly upstream: Upstream
  readonly gate: Gate
  /** Makes one block now, ahead of its time. */
  readonly produce: () => Promise<void>
  /** A transaction has arrived. */
  readonly pending: () => void
  readonly jump: (seconds: number) => Promise<void>
  readonly faults: FaultBox
}

/** Methods that would change blocks or time behind the chain's back. */
const CLOSED: ReadonlySet<string> = new Set([
  ...['anvil_reset', 'hardhat_reset', 'evm_revert', 'anvil_revert', 'anvil_reorg', 'anvil_rollback', 'anvil_loadState'],
  ...['evm_setAutomine', 'evm_setIntervalMining', 'anvil_setIntervalMining', 'anvil_setAutomine', 'anvil_setChainId'],
  ...['evm_setNextBlockTimestamp', 'anvil_setNextBlockTimestamp', 'evm_setTime', 'anvil_setTime'],
  ...['anvil_setBlockTimestampInterval', 'anvil_setCoinbase', 'eth_sendUnsignedTransaction'],
])

/** Answers what is alike on all chains; everything else goes to `inner`. */
export function commonFront(deps: FrontDeps, inner: RpcHandler): RpcHandler {
  const held: unknown[] = []
  deps.faults.onChange(() => {
    if (!deps.faults.has('stuckMempool'))
      for (const raw of held.splice(0)) send('eth_sendRawTransaction', [raw]).catch(() => undefined)
  })
  const send = async (method: string, params: readonly unknown[]): Promise<unknown> => {
    const result = await deps.gate.read(() => deps.upstream.request(method, params))
    deps.pending()
    return result
  }
  const handle: RpcHandler = async (method, params) => {
    if (CLOSED.has(method)) throw notSupported(method, 'blocks and time belong to the chain and its virtual clock')
    switch (method) {
      case 'eth_sendRawTransaction': {
        if (deps.faults.has('stuckMempool')) {
          const [raw] = params
          if (typeof raw !== 'string' || !raw.startsWith('0x')) throw invalidParams('raw transaction expected')
          held.push(raw)
          return keccak256(raw as `0x${string}`) // CAST: checked above
        }
        return send(method, params)
      }
      case 'eth_sendTransaction':
        return send(method, params)
      case 'evm_mine':
      case 'anvil_mine':
      case 'hardhat_mine': {
        const count = typeof params[0] === 'string' || typeof params[0] === 'number' ? Number(params[0]) : 1
        for (let index = 0; index < count; index++) await deps.produce()
        return method === 'evm_mine' ? '0x0' : null
      }
      case 'evm_increaseTime':
      case 'anvil_increaseTime':
        await deps.jump(Number(params[0]))
        return `0x${Number(params[0]).toString(16)}`
      case 'debug_getRawReceipts': {
        const receipts = await handle('eth_getBlockReceipts', params)
        if (!Array.isArray(receipts)) throw invalidParams('unknown block')
        return receipts.map(encodeReceipt)
      }
      case 'debug_getRawTransaction':
        return handle('eth_getRawTransactionByHash', params)
      case 'eth_subscribe':
      case 'eth_unsubscribe':
        throw notSupported(method, 'HTTP has no subscriptions; poll')
      default:
        return deps.gate.read(() => inner(method, params))
    }
  }
  return handle
}

/** Parameters of a `debug_getRaw…` call as those of `eth_getBlockBy…`. */
export function blockQuery(params: readonly unknown[]): { method: string; params: readonly unknown[] } {
  const [given] = params
  const reference = isRecord(given) ? (given.blockHash ?? given.blockNumber) : given
  return { method: isHash(reference) ? 'eth_getBlockByHash' : 'eth_getBlockByNumber', params: [reference, true] }
}
