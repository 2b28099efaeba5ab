import type { Compass } from '@meridian/compass'
import type { ChainEndpoint } from '@meridian/sdk'
import type { Address, Hex, LocalAccount } from 'viem'
import type { DeployedAsset } from '../deploy/assets.ts'
import type { ChainContracts } from '../deploy/chain.ts'
import type { Deployer } from '../deploy/deployer.ts'
import type { SourceInfo } from '../deploy/light-client.ts'

/** A chain of the demo with everything on it. */
export interface DemoChain {
  readonly name: string
  readonly consensus: string
  readonly source: SourceInfo
  readonly deployer: Deployer
  readonly contracts: ChainContracts
  /** The account that sends the demo's messages. */
  readonly user: LocalAccount
  /** The app that counts the messages of the other chain. */
  readonly counter: Address
  /** The light clients that follow this chain. */
  readonly followers: readonly Follower[]
  readonly endpoint: ChainEndpoint
}

/** A light client of a chain on another. */
export interface Follower {
  /** The other chain's. */
  readonly name: string
  readonly endpoint: ChainEndpoint
  readonly lightClient: Address
}

/** The chain between the others, with its hub. */
export interface DemoHub extends Omit<DemoChain, 'counter'> {
  /** Whose wallet Compass has there. */
  readonly relayer: LocalAccount
  readonly hub: Address
}

/** Two chains, connected directly or over a hub, and the Compass between them. */
export interface World {
  readonly chains: readonly [DemoChain, DemoChain]
  /** Null: they are connected directly. */
  readonly hub: DemoHub | null
  readonly compass: Compass
  /** Locked on the first chain, minted on the second. */
  readonly asset: DemoAsset
  /** Orders that carry the asset. */
  readonly transfers: Set<Hex>
  stop(): Promise<void>
}

/** The demo's asset: the first chain's coin, wrapped, and what stands for it on the second. */
export interface DemoAsset extends DeployedAsset {
  readonly token: Address
}
