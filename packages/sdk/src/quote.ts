import { iMessageServiceAbi } from '@meridian/abi'
import { type Address, zeroAddress } from 'viem'
import type { ChainEndpoint } from './endpoint.ts'
import { named } from './errors.ts'

/** What a message costs. */
export interface Quote {
  /** In the fee token's smallest unit; wei for the native coin. */
  readonly amount: bigint
  /** The zero address for the native coin. */
  readonly feeToken: Address
  /** The fee service: it keeps the fee until the target chain's record says whose it is. */
  readonly receiver: Address
}

/**
 * Asks the source chain's message service what a message with `gasLimit` to `toChain` costs now.
 *
 * @param request.length Bytes of the encoded message ({@link encodeMessage}). Without it, the price of one that is no
 *   longer than the fee service's terms include.
 * @throws {@link ContractRevertError} where the chain or the token has no price
 */
export async function quote(
  from: ChainEndpoint,
  request: {
    readonly toChain: bigint
    readonly gasLimit: bigint
    readonly feeToken?: Address
    readonly length?: number
  },
): Promise<Quote> {
  const { toChain, gasLimit, feeToken = zeroAddress, length = 0 } = request
  const mos = { address: from.mos, abi: iMessageServiceAbi } as const
  const args = [toChain, feeToken, gasLimit, BigInt(length)] as const
  const [amount, receiver] = await named('the quote', () =>
    Promise.all([
      from.client.readContract({ ...mos, functionName: 'quote', args }),
      from.client.readContract({ ...mos, functionName: 'feeService' }),
    ]),
  )
  return { amount, feeToken, receiver }
}
