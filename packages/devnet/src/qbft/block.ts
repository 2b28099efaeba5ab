import type { Hex } from 'viem'
import type { ExtraData } from './extra-data.ts'

/** A block of the sealed chain. */
export interface SealedBlock {
  readonly number: bigint
  readonly timestamp: bigint
  /** The chain's block hash: round 0, no seals. */
  readonly hash: Hex
  /** What anvil calls the same block. */
  readonly anvilHash: Hex
  readonly extra: ExtraData
  /** Header fields that differ from anvil's, as JSON-RPC serves them (`extraData` with round and seals). */
  readonly header: Readonly<Record<string, Hex>>
}
