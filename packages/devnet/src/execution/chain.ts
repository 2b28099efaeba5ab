import type { Address, Hex } from 'viem'
import { type Anvil, startAnvil } from '../anvil.ts'
import { DevnetError } from '../errors.ts'
import { createUpstream, type Upstream } from '../rpc/upstream.ts'
import { assertBlockHash, type ExecutionBlock } from './header.ts'

/** EIP-2935's contract. */
export const HISTORY_ADDRESS: Address = '0x0000F90827F1C53a10cb7A02335B175320002935'

/** EIP-2935: the ring of block hashes has this many slots. */
export const HISTORY_WINDOW = 8191n

/**
 * EIP-2935's code with a STOP put before its `set` part. The system call would write anvil's hash of the parent; the
 * chain's own hash is written in its place, and `get` is untouched.
 */
const HISTORY_CODE: Hex =
  '0x3373fffffffffffffffffffffffffffffffffffffffe14604657602036036042575f35600143038111604257611fff81430311604257611fff9006545f5260205ff35b5f5ffd5b005f35611fff60014303065500'

/** Anvil as an engine: executes, mines on request, remembers. */
export interface ExecutionEngine {
  readonly upstream: Upstream
  readonly pid: number
  /** Mines the pending transactions into a block of this time (unix seconds) and checks the block's hash. */
  mine(options: { timestamp: number; coinbase?: Address }): Promise<ExecutionBlock>
  /** Makes `get(number)` of EIP-2935's contract answer `hash` from the next block on. */
  writeHistory(number: bigint, hash: Hex): Promise<void>
  block(tag: Hex | 'latest'): Promise<ExecutionBlock>
  stop(): Promise<void>
}

export interface EngineOptions {
  readonly chainId: number
  /** Unix seconds of block 0. */
  readonly timestamp: number
  readonly accounts: number
  readonly gasLimit?: bigint
  /** True when the chain's block hashes are not anvil's. */
  readonly ownHistory: boolean
}

/** Starts an engine. */
export async function createEngine(options: EngineOptions): Promise<ExecutionEngine> {
  const { chainId, timestamp, accounts } = options
  const anvil: Anvil = await startAnvil({ chainId, timestamp, accounts, gasLimit: options.gasLimit ?? 60_000_000n })
  const upstream = createUpstream(anvil.url)
  let coinbaseNow: Address | undefined
  if (options.ownHistory) await upstream.request('anvil_setCode', [HISTORY_ADDRESS, HISTORY_CODE])
  return {
    upstream,
    pid: anvil.pid,
    async mine({ timestamp, coinbase }) {
      if (coinbase !== undefined && coinbase !== coinbaseNow) {
        await upstream.request('anvil_setCoinbase', [coinbase])
        coinbaseNow = coinbase
      }
      const mined = await upstream.request('evm_mine_detailed', [{ timestamp: `0x${timestamp.toString(16)}` }])
      if (!Array.isArray(mined) || mined.length !== 1) throw new DevnetError('MINE', 'one block expected', { mined })
      // CAST: anvil's own block; the hash check below covers each header field
      const block = mined[0] as ExecutionBlock
      assertBlockHash(block)
      if (BigInt(block.timestamp) !== BigInt(timestamp))
        throw new DevnetError('MINE', 'wrong timestamp', { expected: timestamp, given: block.timestamp })
      return block
    },
    async writeHistory(number, hash) {
      const slot: Hex = `0x${(number % HISTORY_WINDOW).toString(16)}`
      await upstream.request('anvil_setStorageAt', [HISTORY_ADDRESS, slot, hash])
    },
    async block(tag) {
      // CAST: as in mine()
      const block = (await upstream.request('eth_getBlockByNumber', [tag, true])) as ExecutionBlock
      assertBlockHash(block)
      return block
    },
    async stop() {
      upstream.close()
      await anvil.stop()
    },
  }
}
