import { type Chain, defineChain } from 'viem'
import type { DevAccount } from './accounts.ts'
import type { FaultBox } from './rpc/fault.ts'

/** What all chains of a devnet have in common. */
export interface DevnetChain {
  readonly name: string
  readonly kind: 'ethereum' | 'istanbul' | 'parlia' | 'qbft'
  readonly chainId: number
  /** JSON-RPC over HTTP. */
  readonly rpcUrl: string
  /** Beacon REST API, where the chain has one. */
  readonly beaconUrl?: string
  /** The same, as viem wants a chain. */
  readonly viemChain: Chain
  /** Funded development accounts. */
  readonly accounts: readonly DevAccount[]
  /** Process id of the anvil behind the chain. */
  readonly pid: number
  /** Faults of the JSON-RPC endpoint. */
  readonly rpcFaults: FaultBox
  /** Faults of the beacon endpoint, where the chain has one. */
  readonly beaconFaults?: FaultBox
  /** Moves the shared clock over the next `count` blocks or slots of this chain, so that they are made. */
  advance(count: number): Promise<void>
  stop(): Promise<void>
}

/** viem's description of a devnet chain. */
export function viemChainOf(chainId: number, name: string, rpcUrl: string): Chain {
  const nativeCurrency = { name: 'Ether', symbol: 'ETH', decimals: 18 }
  return defineChain({ id: chainId, name, nativeCurrency, rpcUrls: { default: { http: [rpcUrl] } }, testnet: true })
}
