import type { EndpointHealth, EndpointMemory, RpcNode, WalletSigner } from '@meridian/chain'
import type { Consensus, SourcePorts } from '@meridian/consensus'
import type { Logger } from 'pino'
import type { Address } from 'viem'
import type { Clock } from './clock.ts'
import type { Filters } from './filters/gate.ts'
import type { Store } from './store/types.ts'
import type { ClaimRule, Tuning } from './tuning.ts'
import type { WatchOptions } from './watcher/options.ts'

/** A chain as Compass works with it. */
export interface ChainContext {
  readonly id: bigint
  readonly name: string
  readonly consensus: Consensus
  readonly ports: SourcePorts
  readonly mos: Address
  /** The contract here that forwards messages between other chains. Absent: no lane goes over this chain. */
  readonly hub?: Address
  /** First block that can hold a message: where MOS was deployed. */
  readonly startBlock: bigint
  /** Null: messages to this chain are followed, not delivered. */
  readonly signer: WalletSigner | null
  /** Wallets that share the signer's work. Default: none. */
  readonly moreSigners?: readonly WalletSigner[]
  /** Who receives the fees that lie on this chain. Null: our signer here, or where there is none the one that delivers. */
  readonly payee: Address | null
  /** Null: fees that lie here are not claimed. */
  readonly claims: ClaimRule | null
  readonly tuning: Tuning
  /** Health of its endpoints; left out where nobody keeps it. */
  readonly endpoints?: () => readonly EndpointHealth[]
  /** Its JSON-RPC endpoints, each for itself; left out where nobody looks at them. */
  readonly nodes?: () => readonly RpcNode[]
  /** What of that outlives a restart; left out where nobody keeps it. */
  readonly remembered?: {
    /** As it was at the start. */
    readonly known: readonly EndpointMemory[]
    now(): readonly EndpointMemory[]
  }
}

/** What every part of Compass gets. */
export interface Common {
  readonly store: Store
  readonly clock: Clock
  readonly log: Logger
  /** Which messages are carried. Default: all. */
  readonly filters?: Filters
  /** Light clients are watched. Default: they are not. */
  readonly watch?: WatchOptions
  /** Nothing is sent: what would be is told. Default: false. */
  readonly dryRun?: boolean
}
