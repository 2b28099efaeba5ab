import { iFeeServiceAbi, iMessageServiceAbi } from '@meridian/abi'
import { deliveryRecordTopic, expiryRecordTopic, parseDeliveryRecord, parseExpiryRecord } from '@meridian/core'
import { type Address, encodeFunctionData, type Hex, parseEventLogs, zeroAddress } from 'viem'
import type { ChainEndpoint, Lane } from './endpoint.ts'
import { NoRecordError, NotEscrowedError } from './errors.ts'
import { proveForwardedRecord } from './hub.ts'
import { findLog, topicOf } from './logs.ts'
import { applyUpdates, type ProvableChain, proveReceipt, type ReceiptProof } from './prove.ts'
import { assertAllowance, type Sender, transact } from './transact.ts'

/** A fee that waits for the target chain's record. */
export interface Escrow {
  readonly feeService: Address
  readonly toChain: bigint
  /** The zero address for the native coin. */
  readonly token: Address
  /** Units of the token. */
  readonly amount: bigint
}

/** What the target chain says of an order's fee, and in which transaction. */
export type FeeRecord =
  | { readonly kind: 'delivery'; readonly tx: Hex; readonly payee: Address }
  | { readonly kind: 'expiry'; readonly tx: Hex; readonly refundRecipient: Address; readonly attempted: boolean }

/** A fee that was credited. */
export interface Credit {
  readonly orderId: Hex
  readonly account: Address
  readonly token: Address
  readonly amount: bigint
  /** Whether it went back because the message expired. */
  readonly refund: boolean
}

/**
 * What lies in escrow for an order; null where nothing does, or no longer.
 *
 * @param at The fee service; default: the one that MOS brings fees to now. What was brought to a former one lies there. So
 *   for all functions here.
 */
export async function escrowOf(from: ChainEndpoint, orderId: Hex, at?: Address): Promise<Escrow | null> {
  const feeService = at ?? (await feeServiceOf(from))
  const { toChain, token, amount } = await from.client.readContract({
    address: feeService,
    abi: iFeeServiceAbi,
    functionName: 'escrowOf',
    args: [orderId],
  })
  return toChain === 0n ? null : { feeService, toChain, token, amount }
}

/**
 * Raises the fee of an order that is on its way, in the token that it was paid in; a token needs an allowance for the fee
 * service. Returns what lies in escrow then.
 *
 * @throws {@link NotEscrowedError} {@link AllowanceError} {@link ContractRevertError} {@link TransactionFailedError}
 */
export async function topUp(
  from: ChainEndpoint,
  sender: Sender,
  orderId: Hex,
  amount: bigint,
  at?: Address,
): Promise<Escrow> {
  const escrow = await escrowOf(from, orderId, at)
  if (escrow === null) throw new NotEscrowedError(orderId, from.chainId)
  const { feeService, token } = escrow
  const native = token === zeroAddress
  if (!native) await assertAllowance(from, feeService, sender.account.address, { feeToken: token, amount })
  const data = encodeFunctionData({ abi: iFeeServiceAbi, functionName: 'topUp', args: [orderId, token, amount] })
  await transact(from, sender, 'the top-up', { to: feeService, data, value: native ? amount : 0n })
  return (await escrowOf(from, orderId, feeService)) ?? { ...escrow, amount: escrow.amount + amount }
}

/**
 * The record on the target chain that frees an order's fee; null while there is none. Of an order that failed and expired
 * afterwards it is the one of its delivery: the fee is the deliverer's.
 */
export async function recordOf(lane: Lane, orderId: Hex): Promise<FeeRecord | null> {
  const { from, to } = lane
  const indexed = [topicOf(from.chainId), orderId]
  const delivered = await findLog(to, [deliveryRecordTopic], indexed, () => true)
  if (delivered !== null) {
    return { kind: 'delivery', tx: delivered.transactionHash, payee: parseDeliveryRecord(delivered).payee }
  }
  const expired = await findLog(to, [expiryRecordTopic], indexed, () => true)
  if (expired === null) return null
  const { refundRecipient, attempted } = parseExpiryRecord(expired)
  return { kind: 'expiry', tx: expired.transactionHash, refundRecipient, attempted }
}

/**
 * Proves the record of an order to the source chain: what `FeeService.settle` takes, for a delivery's fee as for a refund.
 * All records of the same transaction are settled with it. Over a hub the record must be forwarded first
 * (`forwardRecord`).
 *
 * @param target The chain that `lane.to` is, as a chain whose blocks can be proven; over a hub, the hub's.
 * @throws {@link NoRecordError} there is none yet. @throws as {@link proveReceipt}
 */
export async function proveRecord(lane: Lane, target: ProvableChain, orderId: Hex): Promise<ReceiptProof> {
  if (lane.via !== undefined) return proveForwardedRecord(lane, target, orderId)
  const record = await recordOf(lane, orderId)
  if (record === null) throw new NoRecordError(orderId, lane.to.chainId)
  return proveReceipt(target, lane.from, record.tx)
}

/**
 * Settles by a proven receipt of `toChain`: applies its updates, credits the fees that its records free. Anybody may.
 *
 * @throws {@link ContractRevertError} {@link TransactionFailedError}
 */
export async function settle(
  from: ChainEndpoint,
  sender: Sender,
  toChain: bigint,
  proof: ReceiptProof,
  at?: Address,
): Promise<readonly Credit[]> {
  await applyUpdates(from, sender, proof)
  const data = encodeFunctionData({ abi: iFeeServiceAbi, functionName: 'settle', args: [toChain, proof.proof] })
  const receipt = await transact(from, sender, 'settle', { to: at ?? (await feeServiceOf(from)), data })
  const events = parseEventLogs({ abi: iFeeServiceAbi, eventName: ['FeeEarned', 'FeeRefunded'], logs: receipt.logs })
  return events.map((event): Credit => {
    const { orderId, token, amount } = event.args
    const refund = event.eventName === 'FeeRefunded'
    const account = event.eventName === 'FeeRefunded' ? event.args.recipient : event.args.payee
    return { orderId, account, token, amount, refund }
  })
}

/** What an account may withdraw. Units of the token. */
export async function owed(
  from: ChainEndpoint,
  account: Address,
  token: Address = zeroAddress,
  at?: Address,
): Promise<bigint> {
  const address = at ?? (await feeServiceOf(from))
  return from.client.readContract({ address, abi: iFeeServiceAbi, functionName: 'owed', args: [account, token] })
}

/** Pays the sender's credit in a token to `to`. Returns the amount. @throws {@link ContractRevertError} */
export async function withdraw(
  from: ChainEndpoint,
  sender: Sender,
  to: Address,
  token: Address = zeroAddress,
  at?: Address,
): Promise<bigint> {
  const data = encodeFunctionData({ abi: iFeeServiceAbi, functionName: 'withdraw', args: [token, to] })
  const { logs } = await transact(from, sender, 'the withdrawal', { to: at ?? (await feeServiceOf(from)), data })
  const paid = parseEventLogs({ abi: iFeeServiceAbi, eventName: 'Withdrawn', logs })
  return paid.reduce((sum, { args }) => sum + args.amount, 0n)
}

function feeServiceOf(from: ChainEndpoint): Promise<Address> {
  return from.client.readContract({ address: from.mos, abi: iMessageServiceAbi, functionName: 'feeService' })
}
