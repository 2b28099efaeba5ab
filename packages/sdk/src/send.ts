import { iMessageServiceAbi } from '@meridian/abi'
import {
  type MessageOptions,
  mapMessageOutTopic,
  mapMessageOutWithOptionsTopic,
  noOptions,
  optionsOf,
  parseMessageOut,
} from '@meridian/core'
import { type Address, encodeFunctionData, type Hex, isAddressEqual, size, zeroAddress } from 'viem'
import type { ChainEndpoint } from './endpoint.ts'
import { NoHubError, RelayError, TransactionFailedError } from './errors.ts'
import { encodeMessage, type Message } from './message.ts'
import { asMessageOptions, type SendOptions } from './options.ts'
import { routeOf } from './prove.ts'
import { type Quote, quote } from './quote.ts'
import { assertAllowance, type Sender, transact } from './transact.ts'

/** A message that its source chain has included. */
export interface SentMessage {
  readonly orderId: Hex
  readonly fromChain: bigint
  readonly toChain: bigint
  readonly sourceTx: Hex
  readonly blockNumber: bigint
  readonly gasUsed: bigint
  readonly fee: Quote
  /** As the message carries them: with its place in the stream, and the refund recipient. Null: it has none. */
  readonly options: MessageOptions | null
}

/**
 * Sends `message` through `transferOut`, or `transferOutWithOptions` where the options ask for anything, and waits until
 * the source chain has included it. The fee is the one quoted just before for this very message; a native fee travels with
 * the call, a token fee needs an allowance for MOS, which passes it on to the fee service.
 *
 * @throws {@link ContractRevertError} {@link AllowanceError} {@link TransactionFailedError}
 * @throws {@link RelayError} {@link NoHubError} a message that a hub is to run is ordered, or the lane goes over none
 */
export async function send(
  from: ChainEndpoint,
  sender: Sender,
  request: {
    readonly toChain: bigint
    readonly message: Message
    readonly feeToken?: Address
    readonly options?: SendOptions
  },
): Promise<SentMessage> {
  const { toChain, message } = request
  const encoded = encodeMessage(message)
  if (message.relay === true) {
    if (request.options?.ordered === true)
      throw new RelayError('a message that a hub runs has no place in a stream', 'not ordered', 'ordered')
    if ((await routeOf(from, toChain)).hub === null) throw new NoHubError(from.chainId, toChain)
  }
  const fee = await quote(from, {
    toChain,
    gasLimit: message.gasLimit,
    length: size(encoded),
    ...(request.feeToken === undefined ? {} : { feeToken: request.feeToken }),
  })
  if (fee.feeToken !== zeroAddress) await assertAllowance(from, from.mos, sender.account.address, fee)
  const value = fee.feeToken === zeroAddress ? fee.amount : 0n
  const options = asMessageOptions(request.options)
  const abi = iMessageServiceAbi
  const name = options === null ? 'transferOut' : 'transferOutWithOptions'
  const args = [toChain, encoded, fee.feeToken] as const
  const data =
    options === null
      ? encodeFunctionData({ abi, functionName: 'transferOut', args })
      : encodeFunctionData({ abi, functionName: 'transferOutWithOptions', args: [...args, options] })
  const receipt = await transact(from, sender, name, { to: from.mos, data, value })
  const sourceTx = receipt.transactionHash
  const log = receipt.logs.find(
    ({ address, topics }) =>
      isAddressEqual(address, from.mos) &&
      (topics[0] === mapMessageOutTopic || topics[0] === mapMessageOutWithOptionsTopic),
  )
  if (log === undefined) throw new TransactionFailedError(name, sourceTx)
  const out = parseMessageOut(log)
  return {
    orderId: out.orderId,
    fromChain: from.chainId,
    toChain,
    sourceTx,
    blockNumber: receipt.blockNumber,
    gasUsed: receipt.gasUsed,
    fee,
    options: out.options === noOptions ? null : optionsOf(out.options),
  }
}
