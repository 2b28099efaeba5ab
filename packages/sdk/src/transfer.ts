import { iTokenBridgeAbi } from '@meridian/abi'
import {
  interoperableAddress,
  mapMessageOutTopic,
  mapMessageOutWithOptionsTopic,
  parseMessageOut,
} from '@meridian/core'
import { type Address, encodeFunctionData, type Hex, isAddressEqual, zeroAddress } from 'viem'
import type { ChainEndpoint } from './endpoint.ts'
import { named } from './errors.ts'
import { type Sender, transact } from './transact.ts'

/** A transfer of tokens that its source chain has included. */
export interface SentTransfer {
  /** The order that carries it; null where it waits at the bridge for its limit. */
  readonly orderId: Hex | null
  readonly fromChain: bigint
  readonly toChain: bigint
  readonly sourceTx: Hex
  readonly blockNumber: bigint
  /** Wei. */
  readonly fee: bigint
}

/** What is to be sent. */
export interface TransferRequest {
  /** The bridge on the source chain: `LockBridge` where the token lives, `MintBridge` where it came to. */
  readonly bridge: Address
  readonly toChain: bigint
  /** Who receives it there. */
  readonly to: Address
  /** Token units. */
  readonly amount: bigint
  /** Unix seconds on the target chain, from which on it is refunded instead. */
  readonly deadline?: bigint
}

/** Fee of a transfer to another chain. Wei. @throws {@link ContractRevertError} */
export function quoteTransfer(from: ChainEndpoint, bridge: Address, toChain: bigint): Promise<bigint> {
  return named('the quote', () =>
    from.client.readContract({
      address: bridge,
      abi: iTokenBridgeAbi,
      functionName: 'quoteTransfer',
      args: [toChain, 0n],
    }),
  )
}

/**
 * Sends tokens to an account on another chain and waits until the source chain has included it. A `LockBridge` takes them
 * by the sender's allowance; a `MintBridge` burns them without one. The fee is the one quoted just before.
 *
 * @throws {@link ContractRevertError} {@link TransactionFailedError}
 */
export async function transferToken(
  from: ChainEndpoint,
  sender: Sender,
  request: TransferRequest,
): Promise<SentTransfer> {
  const { bridge, toChain, to, amount, deadline = 0n } = request
  const fee = await quoteTransfer(from, bridge, toChain)
  const options = { deadline, gasLimit: 0n, refundRecipient: zeroAddress }
  const args = [interoperableAddress(toChain, to), amount, options] as const
  const data = encodeFunctionData({ abi: iTokenBridgeAbi, functionName: 'crosschainTransfer', args })
  const receipt = await transact(from, sender, 'the transfer', { to: bridge, data, value: fee })
  const log = receipt.logs.find(
    ({ address, topics }) =>
      isAddressEqual(address, from.mos) &&
      (topics[0] === mapMessageOutTopic || topics[0] === mapMessageOutWithOptionsTopic),
  )
  return {
    orderId: log === undefined ? null : parseMessageOut(log).orderId,
    fromChain: from.chainId,
    toChain,
    sourceTx: receipt.transactionHash,
    blockNumber: receipt.blockNumber,
    fee,
  }
}
