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
  readonly receiver: Address
}

/**
 * Asks the source chain's message service what a message with `gasLimit` to `toChain` costs now.
 *
 * @throws {@link ContractRevertError} where the chain or the token has no price
 */
export async function quote(
  from: ChainEndpoint,
  request: { readonly toChain: bigint; readonly gasLimit: bigint; readonly feeToken?: Address },
): Promise<Quote> {
  const feeToken = request.feeToken ?? zeroAddress
  const [amount, receiver] = await named('the quote', () =>
    from.client.readContract({
      address: from.mos,
      abi: iMessageServiceAbi,
      functionName: 'getMessageFee',
      args: [request.toChain, feeToken, request.gasLimit],
    }),
  )
  return { amount, feeToken, receiver }
}
