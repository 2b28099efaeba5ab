import { hubAbi, hubBytecode } from '@meridian/abi'
import type { Address } from 'viem'
import type { ChainContracts } from './chain.ts'
import { type ConnectedChain, type Connection, connectAll, type LanePrice } from './connect.ts'
import { type Deployer, initCodeOf } from './deployer.ts'
import type { TimelockCall } from './governance.ts'
import { deployLightClient, type SourceInfo } from './light-client.ts'

/** A chain of a topology, with its own contracts. */
export interface TopologyChain {
  readonly deployer: Deployer
  readonly contracts: ChainContracts
  readonly source: SourceInfo
}

/** The hub of a topology and its light clients: one of each spoke on the hub, and one of the hub on each spoke. */
export interface DeployedHub {
  readonly hub: Address
  /** On the hub's chain, by spoke. */
  readonly ofSpokes: readonly Address[]
  /** On each spoke, of the hub's chain. */
  readonly onSpokes: readonly Address[]
}

/** What a message costs, by its way. */
export interface HubPrices {
  /** Between a spoke and the hub's own chain. */
  readonly direct: LanePrice
  /** Between two spokes: two light clients to update, the forwarding, and the delivery. */
  readonly overHub: LanePrice
}

/** Deploys the hub of a chain. It has no owner: whom it believes it reads from MOS' routes. */
export function deployHub({ deployer, contracts }: Pick<TopologyChain, 'deployer' | 'contracts'>): Promise<Address> {
  return deployer.deploy('the hub', initCodeOf(hubAbi, hubBytecode, [contracts.mos]))
}

/**
 * Deploys a hub and the light clients between it and the spokes: `2N` for `N` spokes, each starting at the newest final block
 * of what it follows.
 */
export async function deployHubTopology(hub: TopologyChain, spokes: readonly TopologyChain[]): Promise<DeployedHub> {
  const ofSpokes = async (): Promise<readonly Address[]> => {
    const clients: Address[] = []
    // one account deploys them all: one transaction after the other
    for (const { source } of spokes) clients.push(await deployLightClient(source, hub.deployer, hub.contracts.timelock))
    return clients
  }
  const onSpokes = Promise.all(
    spokes.map(({ deployer, contracts }) => deployLightClient(hub.source, deployer, contracts.timelock)),
  )
  const onHub = (async () => ({ hub: await deployHub(hub), ofSpokes: await ofSpokes() }))()
  const [there, here] = await Promise.all([onSpokes, onHub])
  return { ...here, onSpokes: there }
}

/**
 * Connects a deployed topology: the spokes with the hub's chain directly, and with each other over the hub.
 *
 * @param delay Seconds that the timelocks wait from then on. @param calls What else each timelock does, the hub's first.
 */
export async function connectHubTopology(
  hub: TopologyChain,
  spokes: readonly TopologyChain[],
  deployed: DeployedHub,
  prices: HubPrices,
  delay: bigint,
  calls: readonly (readonly TimelockCall[])[] = [],
): Promise<void> {
  const at = (clients: readonly Address[], i: number): Address => {
    const client = clients[i]
    if (client === undefined) throw new RangeError(`a light client for spoke ${i}`)
    return client
  }
  const connected = (chain: TopologyChain, connections: readonly Connection[], i: number): ConnectedChain => ({
    ...chain,
    connections,
    calls: calls[i] ?? [],
  })
  const onHub = spokes.map(({ contracts }, i) => ({
    remote: contracts,
    lightClient: at(deployed.ofSpokes, i),
    price: prices.direct,
  }))
  const onSpoke = (i: number): readonly Connection[] => {
    const lightClient = at(deployed.onSpokes, i)
    const others = spokes.filter((_, other) => other !== i)
    return [
      { remote: hub.contracts, lightClient, price: prices.direct },
      ...others.map(({ contracts }) => {
        return { remote: contracts, lightClient, hub: deployed.hub, price: prices.overHub }
      }),
    ]
  }
  const all = [connected(hub, onHub, 0), ...spokes.map((spoke, i) => connected(spoke, onSpoke(i), i + 1))]
  await connectAll(all, delay)
}
