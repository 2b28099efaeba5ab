import { qbftLightClientAbi, qbftLightClientBytecode } from '@meridian/abi'
import type { RpcPort } from '@meridian/consensus'
import {
  anchorOfHeader,
  createQbftSource,
  qbftClientArgs,
  quorum,
  seatedSeals,
  type TrustAnchor,
} from '@meridian/consensus/qbft'
import { encodeDeployData, type Hex } from 'viem'
import { RunError } from '../errors.ts'

/** Seconds in a day. */
const DAY = 86_400n

/** What a deployer of a QBFT client chooses where nothing is said. */
export const QBFT_POLICY = { trustingPeriod: 7n * DAY, clockDrift: 15n } as const

/** Init code of a QBFT light client that starts at `anchor`. */
export function qbftClientInit(
  chainId: bigint,
  anchor: TrustAnchor,
  policy: { readonly trustingPeriod: bigint; readonly clockDrift?: bigint } = QBFT_POLICY,
): Hex {
  const [id, { number, timestamp, hash, validators }, trusting, drift] = qbftClientArgs(chainId, anchor, policy)
  return encodeDeployData({
    abi: qbftLightClientAbi,
    bytecode: qbftLightClientBytecode,
    args: [id, { number, timestamp, hash, validators }, trusting, drift],
  })
}

/**
 * The newest block of a QBFT chain as a trust anchor, its seals counted. The node is believed for the validators, as
 * nothing before the block vouches for them: compare the block's hash with other sources.
 *
 * @throws {@link RunError} where the block is not sealed by a quorum of its own validators
 */
export async function fetchAnchor(rpc: RpcPort): Promise<TrustAnchor> {
  const header = await createQbftSource(rpc).latest()
  const seals = new Set(seatedSeals(header).map(({ seat }) => seat)).size
  const needed = quorum(header.validators.length)
  if (header.number > 0n && seals < needed) {
    throw new RunError(
      'the QBFT node',
      `block ${header.number} has ${seals} seals of its validators and needs ${needed}`,
    )
  }
  return anchorOfHeader(header)
}
