import { createBeacon, createRpc } from '@meridian/chain'
import type { Consensus, ConsensusKind, SourcePorts } from '@meridian/consensus'
import { createEthereumConsensus, type Network } from '@meridian/consensus/ethereum'
import { istanbulConsensus } from '@meridian/consensus/istanbul'
import { createParliaConsensus } from '@meridian/consensus/parlia'
import { qbftConsensus } from '@meridian/consensus/qbft'
import type { Address } from 'viem'
import { UsageError } from '../errors.ts'
import { networkOf } from './beacon-network.ts'
import type { Deployer } from './deployer.ts'
import { ethereumClientInit, fetchBootstrap, TRUSTING_PERIOD } from './ethereum-client.ts'
import { fetchIstanbulAnchor, ISTANBUL_POLICY, istanbulClientInit } from './istanbul-client.ts'
import { fetchParliaClientInit } from './parlia-client.ts'
import { fetchAnchor, QBFT_POLICY, qbftClientInit } from './qbft-client.ts'

/** A chain as a light client's source. */
export interface SourceInfo {
  readonly chainId: bigint
  readonly consensus: ConsensusKind
  readonly rpc: string
  /** Ethereum only. */
  readonly beacon?: string
  /** Parlia only: blocks in an epoch. Default: BNB Smart Chain's. */
  readonly epochLength?: bigint
}

/** Seconds that a header may be ahead of the chain that checks it: a slot and a little. */
const CLOCK_DRIFT = 15n
/** Seconds' notice that a fork of an Ethereum source must be scheduled ahead. */
const FORK_NOTICE = 86_400n

/** How to read a source chain. */
export function portsOf(source: SourceInfo): SourcePorts {
  const rpc = createRpc({ urls: [source.rpc] })
  return source.beacon === undefined ? { rpc } : { rpc, beacon: createBeacon({ urls: [source.beacon] }) }
}

/** A source's consensus as Compass works with it; asks the beacon node which network it is on. */
export async function consensusOf(source: SourceInfo, ports: SourcePorts): Promise<Consensus> {
  if (source.consensus === 'qbft') return qbftConsensus
  if (source.consensus === 'istanbul') return istanbulConsensus
  if (source.consensus === 'parlia') return createParliaConsensus(source)
  return createEthereumConsensus({ network: await network(source, ports) })
}

/**
 * Deploys the light client of `source` on the deployer's chain, starting at the newest final block that the source's
 * endpoints serve, checked here first.
 *
 * @param forkScheduler Timelock on the target that may schedule forks of an Ethereum source, or epoch lengths of Parlia.
 */
export async function deployLightClient(
  source: SourceInfo,
  target: Deployer,
  forkScheduler: Address,
): Promise<Address> {
  const ports = portsOf(source)
  const name = `the light client of chain ${source.chainId}`
  if (source.consensus === 'qbft') {
    return target.deploy(name, qbftClientInit(source.chainId, await fetchAnchor(ports.rpc), QBFT_POLICY))
  }
  if (source.consensus === 'istanbul') {
    const { chain, anchor } = await fetchIstanbulAnchor(ports.rpc, source.chainId)
    return target.deploy(name, istanbulClientInit(chain, anchor, ISTANBUL_POLICY))
  }
  if (source.consensus === 'parlia') {
    return target.deploy(name, await fetchParliaClientInit(ports.rpc, source, forkScheduler))
  }
  const followed = await network(source, ports)
  return target.deploy(
    name,
    ethereumClientInit(await fetchBootstrap(ports, followed), followed, {
      trustingPeriod: TRUSTING_PERIOD,
      clockDrift: CLOCK_DRIFT,
      forkScheduler,
      forkNotice: FORK_NOTICE,
    }),
  )
}

async function network(source: SourceInfo, ports: SourcePorts): Promise<Network> {
  if (ports.beacon === undefined) throw new UsageError('beacon', `chain ${source.chainId} needs a beacon URL`)
  return networkOf(ports.beacon, source.chainId)
}
