import type { AggregatedSeal } from '@meridian/consensus/istanbul'
import type { Address, Hex } from 'viem'
import type { HeaderFields } from './seal.ts'

/** A log of the chain's own contracts as `eth_getLogs` serves it: its transaction is the block itself. */
export interface SystemLog {
  readonly address: Address
  readonly topics: readonly Hex[]
  readonly data: Hex
  readonly blockNumber: Hex
  readonly blockHash: Hex
  readonly transactionHash: Hex
  readonly transactionIndex: Hex
  readonly logIndex: Hex
  readonly removed: false
}

/** A block of the sealed chain. */
export interface IstanbulBlock {
  readonly number: bigint
  readonly timestamp: bigint
  /** The chain's block hash: of the header with an empty aggregated seal. */
  readonly hash: Hex
  /** What anvil calls the same block. */
  readonly anvilHash: Hex
  /** Undefined for the genesis block. */
  readonly seal: AggregatedSeal | undefined
  /** Header fields that differ from anvil's, as JSON-RPC serves them. */
  readonly header: HeaderFields
  /** RLP of the header as a node serves it. */
  readonly served: Hex
  /** Logs that the chain's own contracts emitted, in the last block of an epoch. */
  readonly systemLogs: readonly SystemLog[]
}
