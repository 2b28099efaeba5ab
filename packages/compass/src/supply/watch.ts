import { call, RpcMalformedError } from '@meridian/chain'
import type { Logger } from 'pino'
import { type Address, decodeFunctionResult, encodeFunctionData, parseAbi } from 'viem'
import type { ChainContext } from '../chain-context.ts'
import type { Clock } from '../clock.ts'
import type { Metrics } from '../metrics/metrics.ts'
import { judged, type SupplyReading, type SupplyState } from './supply.ts'

/** An asset that is locked on one chain and minted on another. */
export interface SupplyPair {
  readonly name: string
  readonly lock: { readonly chain: ChainContext; readonly address: Address; readonly decimals: number }
  readonly mint: {
    readonly chain: ChainContext
    /** The bridge that minted, or the token where nobody else mints it. */
    readonly address: Address
    readonly read: 'outstanding' | 'totalSupply'
    readonly decimals: number
  }
}

/** Watches one asset. */
export interface SupplyWatch {
  readonly name: string
  /** One look. Throws what the endpoints do: what was read before stands, with its time. */
  look(): Promise<void>
  /** What was read last; null before the first. */
  state(): SupplyState | null
}

const abi = parseAbi([
  'function locked() view returns (uint256)',
  'function outstanding() view returns (uint256)',
  'function totalSupply() view returns (uint256)',
])

/** Holds what is outstanding against what is locked, at final blocks, and raises an alarm where it is more. */
export function createSupplyWatch(
  pair: SupplyPair,
  deps: { readonly clock: Clock; readonly log: Logger; readonly metrics: Metrics | null },
): SupplyWatch {
  const log = deps.log.child({ role: 'supply', pair: pair.name })
  let state: SupplyState | null = null

  async function read(): Promise<SupplyReading> {
    const { lock, mint } = pair
    const scale = (decimals: number) => 10n ** BigInt(Math.max(lock.decimals, mint.decimals) - decimals)
    // The minting side first: whatever it counts was locked in a block that is final by now, however long the second
    // reading takes. The other way round, a transfer that was locked and minted between the two would be counted on one
    // side only. A burn is released at the earliest when its own block is final, which the first reading includes, unless
    // it became final, was released, and that was final too, all between the two readings.
    const { number: mintBlock } = await mint.chain.consensus.finalized(mint.chain.ports)
    const minted = await readUint(mint.chain, mint.address, mint.read, mintBlock)
    const { number: lockBlock } = await lock.chain.consensus.finalized(lock.chain.ports)
    const kept = await readUint(lock.chain, lock.address, 'locked', lockBlock)
    return {
      mintBlock,
      outstanding: minted * scale(mint.decimals),
      lockBlock,
      locked: kept * scale(lock.decimals),
    }
  }

  return {
    name: pair.name,
    state: () => state,
    async look() {
      const before = state?.verdict ?? null
      state = judged(state, await read())
      const { verdict, reading } = state
      deps.metrics?.supply(pair.name, { ...reading, ok: verdict !== 'mismatch', at: deps.clock.now() })
      const shown = Object.fromEntries(Object.entries(reading).map(([key, value]) => [key, String(value)]))
      if (verdict === 'mismatch') log.error({ code: 'SUPPLY_MISMATCH', ...shown }, 'more is outstanding than locked')
      else if (verdict === 'suspect') log.warn(shown, 'more is outstanding than locked in one reading')
      else if (before === 'mismatch') log.warn(shown, 'what is outstanding is locked again')
    },
  }
}

async function readUint(
  chain: ChainContext,
  to: Address,
  functionName: 'locked' | 'outstanding' | 'totalSupply',
  block: bigint,
): Promise<bigint> {
  const result = await call(chain.ports.rpc, { to, data: encodeFunctionData({ abi, functionName }) }, block)
  if (!result.ok || result.data === '0x') {
    const why = result.ok ? 'has no answer' : `reverted with ${result.revert.name}`
    throw new RpcMalformedError('endpoint', 'eth_call', `${functionName} of ${to} ${why}`)
  }
  return decodeFunctionResult({ abi, functionName, data: result.data })
}
