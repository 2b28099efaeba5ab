import { parliaLightClientAbi, parliaLightClientBytecode } from '@meridian/abi'
import type { RpcPort } from '@meridian/consensus'
import {
  createParliaSource,
  EPOCH_LENGTH,
  type ParliaParameters,
  parliaClientArgs,
  type TrustAnchor,
} from '@meridian/consensus/parlia'
import { type Address, encodeDeployData, type Hex } from 'viem'
import { RunError } from '../errors.ts'

/** Seconds in a day. */
const DAY = 86_400n
/** Blocks among which a final one is looked for. */
const FINALITY_DEPTH = 256n

/** What a deployer of a Parlia client chooses where nothing is said: less than half of the seven days of unbonding. */
export const PARLIA_POLICY = { trustingPeriod: 3n * DAY, clockDrift: 15n } as const

/** Init code of a Parlia light client that starts at `anchor`. */
export function parliaClientInit(parameters: ParliaParameters, anchor: TrustAnchor): Hex {
  const [config, start] = parliaClientArgs(parameters, anchor)
  return encodeDeployData({ abi: parliaLightClientAbi, bytecode: parliaLightClientBytecode, args: [config, start] })
}

/**
 * The newest final block of a Parlia chain as a trust anchor, with the set that votes on what follows; the votes were
 * checked. The node is believed for the validators, as nothing before the block vouches for them: compare the block's hash
 * with other sources.
 *
 * @throws {@link RunError} where no votes make any of the newest blocks final
 */
export async function fetchParliaAnchor(rpc: RpcPort, epochLength = EPOCH_LENGTH): Promise<TrustAnchor> {
  const source = createParliaSource(rpc, epochLength)
  const final = await source.lastFinal(await source.latest(), FINALITY_DEPTH)
  if (final === undefined)
    throw new RunError('the Parlia node', `no votes make any of the newest ${FINALITY_DEPTH} blocks final`)
  const { number, timestamp, hash } = final.header
  const epoch = await source.epochInForce(number + 2n)
  return {
    number,
    timestamp,
    hash,
    set: await source.setAt(epoch),
    epochTimestamp: (await source.headerAt(epoch)).timestamp,
    first: await source.firstTarget(epoch),
  }
}

/** Init code of the light client of a Parlia chain from its newest final block on. @throws {@link RunError} */
export async function fetchParliaClientInit(
  rpc: RpcPort,
  { chainId, epochLength = EPOCH_LENGTH }: { readonly chainId: bigint; readonly epochLength?: bigint },
  scheduler: Address,
): Promise<Hex> {
  const anchor = await fetchParliaAnchor(rpc, epochLength)
  return parliaClientInit({ chainId, epochLength, policy: { ...PARLIA_POLICY, scheduler } }, anchor)
}
