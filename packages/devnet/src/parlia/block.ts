import type { VoteAttestation } from '@meridian/consensus/parlia'
import type { Hex } from 'viem'

/** A block of the sealed chain. */
export interface ParliaBlock {
  readonly number: bigint
  readonly timestamp: bigint
  readonly hash: Hex
  /** What anvil calls the same block. */
  readonly anvilHash: Hex
  /** Votes that it carries. */
  readonly attestation?: VoteAttestation | undefined
  /** The newest block that is justified by votes up to this block, and the newest that is final. */
  readonly justified: bigint
  readonly finalized: bigint
  /** Header fields that differ from anvil's, as JSON-RPC serves them. */
  readonly header: Readonly<Record<string, Hex>>
}
