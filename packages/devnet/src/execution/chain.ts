import { type Address, type Hex, keccak256 } from 'viem'
import { type Anvil, startAnvil } from '../anvil.ts'
import { DevnetError } from '../errors.ts'
import { isRecord } from '../rpc/blocks.ts'
import { createUpstream, type Upstream } from '../rpc/upstream.ts'
import { assertBlockHash, type ExecutionBlock } from './header.ts'

/** EIP-2935's contract. */
export const HISTORY_ADDRESS: Address = '0x0000F90827F1C53a10cb7A02335B175320002935'

/** EIP-2935: the ring of block hashes has this many slots. */
export const HISTORY_WINDOW = 8191n

/**
 * EIP-2935's code with a STOP put before its `set` part, `get` untouched. The system call would write anvil's hash of
 * the parent; the chain writes its own. It can do so only after the block is mined: anvil keeps the state that it has
 * when the next block begins as that of the newest, so a write before mining would change the state of a block that is
 * sealed already.
 */
const HISTORY_CODE: Hex =
  '0x3373fffffffffffffffffffffffffffffffffffffffe14604657602036036042575f35600143038111604257611fff81430311604257611fff9006545f5260205ff35b5f5ffd5b005f35611fff60014303065500'

/** Anvil as an engine: executes, mines on request, remembers. */
export interface ExecutionEngine {
  readonly upstream: Upstream
  readonly pid: number
  /** Mines the pending transactions into a block of this time (unix seconds) and checks the block's hash. */
  mine(options: { timestamp: number; coinbase?: Address }): Promise<ExecutionBlock>
  /** Writes `hash` where EIP-2935 keeps the hash of block `number`. The state of the newest block changes with it. */
  writeHistory(number: bigint, hash: Hex): Promise<void>
  /** Root of the state as it is now, also where it was changed after the newest block was mined. */
  stateRoot(): Promise<Hex>
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
    async stateRoot() {
      const proof = await upstream.request('eth_getProof', [HISTORY_ADDRESS, [], 'latest'])
      const nodes = isRecord(proof) && Array.isArray(proof.accountProof) ? proof.accountProof : []
      const [top]: readonly unknown[] = nodes
      if (typeof top !== 'string') throw new DevnetError('STATE_ROOT', 'no proof of the state', { proof })
      return keccak256(top as Hex) // CAST: anvil's nodes are hex
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
