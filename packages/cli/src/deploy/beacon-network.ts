import { readNetwork } from '@meridian/compass'
import type { BeaconPort } from '@meridian/consensus'
import { type Network, networks } from '@meridian/consensus/ethereum'
import { RunError } from '../errors.ts'

/**
 * What names the beacon chain of an execution chain. Mainnet and Sepolia are known here, and the node must have their
 * genesis; for any other chain the node is believed, as it is with the bootstrap: compare both with other sources.
 *
 * @throws {@link RunError} where the node is on another chain
 */
export async function networkOf(beacon: BeaconPort, chainId: bigint): Promise<Network> {
  const served = await readNetwork(beacon, chainId)
  const known = Object.values(networks).find((network) => network.chainId === chainId)
  if (known === undefined) return served
  if (known.genesisValidatorsRoot !== served.genesisValidatorsRoot) {
    throw new RunError('the beacon node', `is not of ${known.name}: its genesis validators root is another`)
  }
  return known
}
