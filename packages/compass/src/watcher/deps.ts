import type { AcceptedClaim } from '@meridian/consensus'
import type { Address, Hex } from 'viem'
import type { ChainContext, Common } from '../chain-context.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { Submitter } from '../submitter/submitter.ts'

/** What a light client accepted and our own nodes do not have. */
export interface Contradiction extends AcceptedClaim {
  readonly client: Address
  /** Zero: our nodes have nothing there, and are beyond it. */
  readonly own: Hex
  /** The transaction that the client accepted it in; null where only the head itself was seen. */
  readonly tx: Hex | null
}

/** What a watcher is made of. */
export interface WatcherDeps extends Common {
  readonly source: ChainContext
  readonly target: ChainContext
  readonly metrics: Metrics | null
  /** Null: evidence is not sent. */
  readonly submitter: Submitter | null
}
