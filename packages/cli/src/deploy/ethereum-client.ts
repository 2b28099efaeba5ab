import { ethereumLightClientAbi, ethereumLightClientBytecode } from '@meridian/abi'
import type { SourcePorts } from '@meridian/consensus'
import {
  type Bootstrap,
  beaconHeaderRoot,
  bootstrapArgs,
  type ClientPolicy,
  clientForks,
  clientParameters,
  createEthereumSource,
  initializeLightClientStore,
  type Network,
} from '@meridian/consensus/ethereum'
import { encodeDeployData, type Hex } from 'viem'
import { RunError } from '../errors.ts'

/** Seconds in a day. */
const DAY = 86_400n

/**
 * Seconds after which a head expires: half of what mainnet's weak subjectivity allows, so that whoever signed is still
 * staked for a good while after.
 */
export const TRUSTING_PERIOD = 7n * DAY

/**
 * Init code of an Ethereum light client that starts at `bootstrap`. The committee's branch is checked here first.
 *
 * @throws VerifyError where the bootstrap does not hold
 */
export function ethereumClientInit(
  bootstrap: Bootstrap,
  network: Network,
  policy: ClientPolicy = { trustingPeriod: TRUSTING_PERIOD },
): Hex {
  return encodeDeployData({
    abi: ethereumLightClientAbi,
    bytecode: ethereumLightClientBytecode,
    args: [clientParameters(network, policy), clientForks(network), bootstrapArgs(bootstrap, network)],
  })
}

/**
 * The bootstrap of the newest finalized block, from a beacon node, checked as the contract will check it. The node is
 * believed for which block is final: compare the block's root with other sources.
 *
 * @throws {@link RunError} where the node serves none; VerifyError where it does not hold
 */
export async function fetchBootstrap(ports: SourcePorts, network: Network): Promise<Bootstrap> {
  const source = createEthereumSource(ports, network)
  const { finalizedHeader } = await source.finalityUpdate()
  const root = beaconHeaderRoot(finalizedHeader.beacon)
  const bootstrap = await source.bootstrap(root)
  if (bootstrap === undefined) throw new RunError('the beacon node', `serves no light-client bootstrap for ${root}`)
  initializeLightClientStore(bootstrap, network, root)
  return bootstrap
}
