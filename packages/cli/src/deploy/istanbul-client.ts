import { istanbulLightClientAbi, istanbulLightClientBytecode } from '@meridian/abi'
import type { RpcPort } from '@meridian/consensus'
import {
  createIstanbulSource,
  epochOf,
  type IstanbulChain,
  type IstanbulPolicy,
  istanbulChain,
  istanbulClientArgs,
  requireAnchorKeys,
  sealedHeader,
  type TrustAnchor,
} from '@meridian/consensus/istanbul'
import { encodeDeployData, type Hex } from 'viem'

/** Seconds in a day. */
const DAY = 86_400n

/** What a deployer of an Istanbul client chooses where nothing is said: MAP keeps stake locked for 15 days. */
export const ISTANBUL_POLICY = { trustingPeriod: 10n * DAY, clockDrift: 15n } as const

/** Init code of an Istanbul light client that starts at `anchor`. */
export function istanbulClientInit(
  chain: IstanbulChain,
  anchor: TrustAnchor,
  policy: IstanbulPolicy = ISTANBUL_POLICY,
): Hex {
  return encodeDeployData({
    abi: istanbulLightClientAbi,
    bytecode: istanbulLightClientBytecode,
    args: istanbulClientArgs(chain, anchor, policy),
  })
}

/**
 * The newest block of a MAP relay chain as a trust anchor, its seal checked. The node is believed for the validators, as
 * nothing before the block vouches for them: compare the block's hash and the keys with other sources.
 */
export async function fetchIstanbulAnchor(
  rpc: RpcPort,
  chainId: bigint,
): Promise<{ readonly chain: IstanbulChain; readonly anchor: TrustAnchor }> {
  const source = createIstanbulSource(rpc)
  const header = await source.latest()
  const chain = istanbulChain(chainId, await source.epochSize())
  if (header.number > 0n) await sealedHeader(source, chain, header)
  const { number, timestamp, hash } = header
  const keys = await source.validatorsOf(epochOf(number + 1n, chain.epochSize), chain.epochSize)
  const validators = keys.map(({ g1 }) => g1)
  requireAnchorKeys(validators)
  return { chain, anchor: { number, timestamp, hash, validators } }
}
