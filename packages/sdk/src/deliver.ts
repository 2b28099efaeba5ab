import { iMessageServiceAbi } from '@meridian/abi'
import { type Address, encodeFunctionData, type Hex, zeroAddress } from 'viem'
import type { Lane } from './endpoint.ts'
import { OrderNotFoundError } from './errors.ts'
import { deliveryFromHub, messageTopics } from './hub.ts'
import { findLog, laneTopics } from './logs.ts'
import { logIndexOf, type ProvableChain, proveReceipt } from './prove.ts'
import { type Sender, transact } from './transact.ts'

/**
 * Delivers an order by oneself, with the light-client updates that it needs. Past the order's deadline this records that it
 * expired, which is what a refund of its fee must prove.
 *
 * @param source The chain that `lane.from` is, as a chain whose blocks can be proven; over a hub, the hub's, where the order
 *   must be forwarded already.
 * @param payee Who receives the fee on the source chain. Without it, the sender.
 * @returns the transaction. @throws {@link OrderNotFoundError} {@link ContractRevertError}, as {@link proveReceipt}
 */
export async function deliver(
  lane: Lane,
  source: ProvableChain,
  sender: Sender,
  orderId: Hex,
  payee: Address = zeroAddress,
): Promise<Hex> {
  const { from, to } = lane
  if (lane.via !== undefined) {
    const data = await deliveryFromHub(lane, source, orderId, payee)
    return (await transact(to, sender, 'the delivery', { to: to.mos, data })).transactionHash
  }
  const sent = await findLog(from, messageTopics, laneTopics(lane), ({ data }) => data.startsWith(orderId))
  if (sent === null) throw new OrderNotFoundError(orderId, from.chainId, to.chainId)
  const [{ updates, proof }, logIndex] = await Promise.all([
    proveReceipt(source, to, sent.transactionHash),
    logIndexOf(source, sent),
  ])
  const args = [from.chainId, updates, orderId, payee, BigInt(logIndex), proof] as const
  const data = encodeFunctionData({ abi: iMessageServiceAbi, functionName: 'deliver', args })
  const { transactionHash } = await transact(to, sender, 'the delivery', { to: to.mos, data })
  return transactionHash
}
