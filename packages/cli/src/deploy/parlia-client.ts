import { parliaLightClientAbi, parliaLightClientBytecode } from '@meridian/abi'
import { type ParliaParameters, parliaClientArgs, type TrustAnchor } from '@meridian/consensus/parlia'
import { encodeDeployData, type Hex } from 'viem'

/** Seconds in a day. */
const DAY = 86_400n

/** What a deployer of a Parlia client chooses where nothing is said: less than half of the seven days of unbonding. */
export const PARLIA_POLICY = { trustingPeriod: 3n * DAY, clockDrift: 15n } as const

/** Init code of a Parlia light client that starts at `anchor`. */
export function parliaClientInit(parameters: ParliaParameters, anchor: TrustAnchor): Hex {
  const [config, start] = parliaClientArgs(parameters, anchor)
  return encodeDeployData({ abi: parliaLightClientAbi, bytecode: parliaLightClientBytecode, args: [config, start] })
}
