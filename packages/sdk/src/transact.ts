import {
  type Account,
  type Address,
  type Chain,
  erc20Abi,
  type Hex,
  type TransactionReceipt,
  type Transport,
  type WalletClient,
} from 'viem'
import type { ChainEndpoint } from './endpoint.ts'
import { AllowanceError, named, TransactionFailedError } from './errors.ts'

/** Signs and sends for one account. */
export type Sender = WalletClient<Transport, Chain | undefined, Account>

/**
 * Tries a call, sends it, and waits until the chain has included it.
 *
 * @param what Names it in errors. @throws {@link ContractRevertError} {@link TransactionFailedError}
 */
export async function transact(
  on: ChainEndpoint,
  sender: Sender,
  what: string,
  call: { readonly to: Address; readonly data: Hex; readonly value?: bigint },
): Promise<TransactionReceipt> {
  await named(what, () => on.client.call({ ...call, account: sender.account }))
  const hash = await named(what, () => sender.sendTransaction({ ...call, chain: null }))
  const receipt = await on.client.waitForTransactionReceipt({ hash })
  if (receipt.status !== 'success') throw new TransactionFailedError(what, hash)
  return receipt
}

/** Whether `spender` may take the fee from `owner`. @throws {@link AllowanceError} */
export async function assertAllowance(
  on: ChainEndpoint,
  spender: Address,
  owner: Address,
  fee: { readonly feeToken: Address; readonly amount: bigint },
): Promise<void> {
  const given = await named('the fee token', () =>
    on.client.readContract({
      address: fee.feeToken,
      abi: erc20Abi,
      functionName: 'allowance',
      args: [owner, spender],
    }),
  )
  if (given < fee.amount) throw new AllowanceError(fee.feeToken, spender, fee.amount, given)
}
