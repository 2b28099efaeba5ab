import { createRpc, decodeRevert, describeRevert, type Rpc, RpcResponseError } from '@meridian/chain'
import { startAnvil } from '@meridian/devnet'
import { type Address, getContractAddress, type Hex, hexToBigInt, numberToHex } from 'viem'
import { z } from 'zod'
import { RunError } from './errors.ts'

/** What a call answered. `data` is its return data, or the revert data. */
export interface CallResult {
  readonly ok: boolean
  readonly data: Hex
}

/** A transaction that is mined. */
export interface Mined {
  readonly ok: boolean
  readonly hash: Hex
  readonly gasUsed: bigint
  readonly blockNumber: bigint
}

/**
 * A chain of one's own with Osaka's rules, where every block's time is chosen by the caller. Nothing else sends to it, so
 * each transaction stands alone in its block.
 */
export interface PrivateChain {
  readonly rpc: Rpc
  readonly url: string
  /** The funded account that sends. */
  readonly account: Address
  /** Unix seconds of the newest block. */
  now(): bigint
  /** Mines an empty block of this time; does nothing where the chain is already there or beyond. */
  warp(time: bigint): Promise<void>
  call(to: Address, data: Hex, gas?: bigint): Promise<CallResult>
  /** Sends and mines a transaction a second after the newest block. A revert is a result, not an error. */
  transact(to: Address, data: Hex, options?: TransactOptions): Promise<Mined>
  /** Deploys init code. @throws {@link RunError} with the constructor's own error */
  deploy(initCode: Hex): Promise<Address>
  stop(): Promise<void>
}

/** How a transaction differs from the common one. */
export interface TransactOptions {
  readonly value?: bigint
  readonly gas?: bigint
}

/** EIP-7825: no transaction may have more gas. */
export const TRANSACTION_GAS_CAP = 2n ** 24n
/** The block's gas limit: Ethereum's, in round numbers. */
const BLOCK_GAS = 60_000_000n

const hex = z.templateLiteral(['0x', z.string()])
const receiptSchema = z.object({ status: hex, transactionHash: hex, gasUsed: hex, blockNumber: hex })
const accountsSchema = z.array(hex).min(1)

/** Starts a private chain whose first block has the time `start` (unix seconds). */
export async function createPrivateChain(options: {
  readonly start: bigint
  readonly chainId?: number
}): Promise<PrivateChain> {
  const anvil = await startAnvil({
    chainId: options.chainId ?? 31_337,
    timestamp: Number(options.start) - 1,
    gasLimit: BLOCK_GAS,
    accounts: 2,
  })
  const rpc = createRpc({ urls: [anvil.url], timeoutMs: 60_000 })
  const account = accountsSchema.parse(await rpc.request('eth_accounts', []))[0] ?? '0x'
  let time = options.start
  let nonce = 0n

  const mine = async (at: bigint) => {
    await rpc.request('evm_mine', [numberToHex(at)])
    time = at
  }
  const send = async (transaction: Readonly<Record<string, Hex>>): Promise<Mined> => {
    const hash = hex.parse(await rpc.request('eth_sendTransaction', [{ from: account, ...transaction }]))
    await mine(time + 1n)
    nonce += 1n
    const receipt = receiptSchema.parse(await rpc.request('eth_getTransactionReceipt', [hash]))
    return {
      ok: receipt.status === '0x1',
      hash,
      gasUsed: hexToBigInt(receipt.gasUsed),
      blockNumber: hexToBigInt(receipt.blockNumber),
    }
  }
  const call = async (transaction: Readonly<Record<string, Hex>>): Promise<CallResult> => {
    try {
      return { ok: true, data: hex.parse(await rpc.request('eth_call', [{ from: account, ...transaction }, 'latest'])) }
    } catch (error) {
      if (error instanceof RpcResponseError && error.context.data !== null) {
        return { ok: false, data: error.context.data }
      }
      throw error
    }
  }

  // Calls on anvil's genesis do not see its time.
  await mine(options.start)

  return {
    rpc,
    url: anvil.url,
    account,
    now: () => time,
    async warp(at) {
      if (at > time) await mine(at)
    },
    call: (to, data, gas = TRANSACTION_GAS_CAP) => call({ to, data, gas: numberToHex(gas) }),
    transact: (to, data, { value = 0n, gas = TRANSACTION_GAS_CAP } = {}) =>
      send({ to, data, gas: numberToHex(gas), value: numberToHex(value) }),
    async deploy(initCode) {
      const address = getContractAddress({ from: account, nonce })
      const tried = await call({ data: initCode, gas: numberToHex(TRANSACTION_GAS_CAP) })
      if (!tried.ok) throw new RunError('deployment', describeRevert(decodeRevert(tried.data)))
      const mined = await send({ data: initCode, gas: numberToHex(TRANSACTION_GAS_CAP) })
      if (!mined.ok) throw new RunError('deployment', `transaction ${mined.hash} failed`)
      return address
    },
    stop: () => anvil.stop(),
  }
}
