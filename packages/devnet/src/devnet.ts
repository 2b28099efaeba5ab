import type { DevnetChain } from './chain.ts'
import type { VirtualClock } from './clock.ts'
import { createVirtualClock, type VirtualClockOptions } from './clock.ts'
import { createEthereumChain, type EthereumChain, type EthereumOptions } from './ethereum/chain.ts'
import { createIstanbulChain, type IstanbulChain, type IstanbulOptions } from './istanbul/chain.ts'
import { createParliaChain, type ParliaChain, type ParliaOptions } from './parlia/chain.ts'
import { createQbftChain, type QbftChain, type QbftOptions } from './qbft/chain.ts'

/** One chain of a devnet: its kind and its options, without the clock that all share. */
export type DevnetChainSpec =
  | ({ readonly kind: 'ethereum' } & Omit<EthereumOptions, 'clock'>)
  | ({ readonly kind: 'istanbul' } & Omit<IstanbulOptions, 'clock'>)
  | ({ readonly kind: 'qbft' } & Omit<QbftOptions, 'clock'>)
  | ({ readonly kind: 'parlia' } & Omit<ParliaOptions, 'clock'>)

interface Chains {
  readonly ethereum: EthereumChain
  readonly istanbul: IstanbulChain
  readonly parlia: ParliaChain
  readonly qbft: QbftChain
}
type ChainOf<Spec extends DevnetChainSpec> = Chains[Spec['kind']]

/** Several chains on one clock. */
export interface Devnet<Specs extends readonly DevnetChainSpec[]> {
  readonly clock: VirtualClock
  /** In the order of the specs. */
  readonly chains: { readonly [Index in keyof Specs]: ChainOf<Specs[Index]> }
  /** Stops the clock, the endpoints and every anvil. */
  stop(): Promise<void>
}

export interface DevnetOptions {
  /** Default: starts at the time of the wall and stands still (`rate` 0). */
  readonly clock?: VirtualClockOptions
}

/** Starts all chains; when one does not start, stops those that did. */
export async function createDevnet<const Specs extends readonly DevnetChainSpec[]>(
  specs: Specs,
  options: DevnetOptions = {},
): Promise<Devnet<Specs>> {
  const clock = createVirtualClock(options.clock ?? { start: Math.floor(Date.now() / 1000), rate: 0 })
  const started: DevnetChain[] = []
  const stop = async (): Promise<void> => {
    await clock.stop()
    const results = await Promise.allSettled(started.map((chain) => chain.stop()))
    for (const result of results) if (result.status === 'rejected') throw result.reason
  }
  try {
    for (const spec of specs) started.push(await start(spec, clock))
  } catch (error) {
    await stop()
    throw error
  }
  // CAST: one chain was pushed for each spec, of its kind
  return { clock, chains: started as unknown as Devnet<Specs>['chains'], stop }
}

function start(spec: DevnetChainSpec, clock: VirtualClock): Promise<DevnetChain> {
  switch (spec.kind) {
    case 'ethereum':
      return createEthereumChain({ ...spec, clock })
    case 'istanbul':
      return createIstanbulChain({ ...spec, clock })
    case 'parlia':
      return createParliaChain({ ...spec, clock })
    case 'qbft':
      return createQbftChain({ ...spec, clock })
  }
}
