import { ethereumLightClientAbi, ethereumLightClientBytecode } from '@meridian/abi'
import {
  type Bootstrap,
  bootstrapArgs,
  type ClientPolicy,
  clientForks,
  clientParameters,
  type Network,
} from '@meridian/consensus/ethereum'
import { encodeDeployData, type Hex } from 'viem'

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
