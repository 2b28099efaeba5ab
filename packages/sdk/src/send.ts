import { iMessageServiceAbi } from '@meridian/abi'
import {
  type Account,
  type Address,
  type Chain,
  erc20Abi,
  type Hex,
  parseEventLogs,
  type Transport,
  type WalletClient,
  zeroAddress,
} from 'viem'
import type { ChainEndpoint } from './endpoint.ts'
import { AllowanceError, named, TransactionFailedError } from './errors.ts'
import { encodeMessage, type Message } from './message.ts'
import { type Quote, quote } from './quote.ts'

/** Signs and sends for one account. */
export type Sender = WalletClient<Transport, Chain | undefined, Account>

/** A message that its source chain has included. */
export interface SentMessage {
  readonly orderId: Hex
  readonly fromChain: bigint
  readonly toChain: bigint
  readonly sourceTx: Hex
  readonly blockNumber: bigint
  readonly gasUsed: bigint
  readonly fee: Quote
}

/**
 * Sends `message` through `transferOut` and waits until the source chain has included it. The fee is the one quoted
 * just before; a native fee travels with the call, a token fee needs an allowance for MOS, which passes
 * it on to the fee service.
 *
 * @throws {@link ContractRevertError} {@link AllowanceError} {@link TransactionFailedError}
 */
export async function send(
  from: ChainEndpoint,
  sender: Sender,
  request: { readonly toChain: bigint; readonly message: Message; readonly feeToken?: Address },
): Promise<SentMessage> {
  const { toChain, message } = request
  const fee = await quote(from, {
    toChain,
    gasLimit: message.gasLimit,
    ...(request.feeToken === undefined ? {} : { feeToken: request.feeToken }),
  })
  if (fee.feeToken !== zeroAddress) await assertAllowance(from, sender.account.address, fee)
  const value = fee.feeToken === zeroAddress ? fee.amount : 0n
  const call = {
    address: from.mos,
    abi: iMessageServiceAbi,
    functionName: 'transferOut',
    args: [toChain, encodeMessage(message), fee.feeToken],
    account: sender.account,
    value,
  } as const
  await named('transferOut', () => from.client.simulateContract(call))
  const sourceTx = await named('transferOut', () => sender.writeContract({ ...call, chain: null }))
  const receipt = await from.client.waitForTransactionReceipt({ hash: sourceTx })
  if (receipt.status !== 'success') throw new TransactionFailedError('transferOut', sourceTx)
  const event = parseEventLogs({ abi: iMessageServiceAbi, eventName: 'mapMessageOut', logs: receipt.logs }).find(
    (log) => log.address.toLowerCase() === from.mos.toLowerCase(),
  )
  if (event === undefined) throw new TransactionFailedError('transferOut', sourceTx)
  return {
    orderId: event.args.orderId,
    fromChain: from.chainId,
    toChain,
    sourceTx,
    blockNumber: receipt.blockNumber,
    gasUsed: receipt.gasUsed,
    fee,
  }
}

async function assertAllowance(from: ChainEndpoint, owner: Address, fee: Quote): Promise<void> {
  const given = await named('the fee token', () =>
    from.client.readContract({
      address: fee.feeToken,
      abi: erc20Abi,
      functionName: 'allowance',
      args: [owner, from.mos],
    }),
  )
  if (given < fee.amount) throw new AllowanceError(fee.feeToken, from.mos, fee.amount, given)
}
