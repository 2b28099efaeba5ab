import { type Address, type Hex, zeroAddress } from 'viem'
import { max } from '../bigint.ts'
import type { ClaimRule } from '../chain-context.ts'
import type { Reason } from '../message.ts'

/** `open`: to be settled. `submitted`: its transaction may land. `settled`: nothing of it is in escrow any more, for good. */
export type ClaimState = 'open' | 'submitted' | 'settled'

/** An order that a delivery of ours consumed, and its fee. */
export interface ClaimOrder {
  readonly orderId: Hex
  /** The zero address for the native coin. */
  readonly token: Address
  /** Units of the token that lay in escrow when the claim was found; a top-up may have raised it. */
  readonly amount: bigint
}

/** Where the receipt lies that proves a claim. */
export interface ReceiptPlace {
  /** The chain where the messages were delivered, or the hub's, once it has forwarded the records. */
  readonly recordChain: bigint
  readonly blockNumber: bigint
  readonly blockHash: Hex
  readonly txHash: Hex
  readonly txIndex: number
}

/**
 * The fees that one delivering transaction has earned: a receipt with its records proves them all on the chain where they
 * lie. Over a hub the records are forwarded there first, and the receipt is that of the forwarding. Times are milliseconds of
 * Compass' clock.
 */
export interface Claim extends ReceiptPlace {
  /** Row of the delivering transaction in the ledger, or of the one by which a hub ran the message. */
  readonly deliveryId: number
  /** Where the messages started and the fees lie. */
  readonly fromChain: bigint
  /** Where they were delivered. */
  readonly toChain: bigint
  /** Where the fees lay when the claim was found; MOS may bring later ones to another. */
  readonly feeService: Address
  readonly orders: readonly ClaimOrder[]
  readonly state: ClaimState
  readonly reason: Reason | null
  /** Tries to settle that came to nothing. */
  readonly attempts: number
  readonly nextAttemptAt: number
  readonly createdAt: number
  readonly settledAt: number | null
  /** Row of the transaction that settles it, or forwards its records. */
  readonly transactionId: number | null
}

/** Gas of settling a receipt, without updates: block and receipt proof, and a few writes an order. Rounded up. */
export const SETTLE_GAS = 300_000n
/** Gas of a withdrawal, rounded up. */
export const WITHDRAW_GAS = 80_000n
/** How many times over something must pay for its own transaction before it is done for its own sake. */
const WORTH = 2n

/**
 * Whether a claim is worth its transaction now: its fees in the native coin come to the rule's amount, or it is as old as
 * the rule allows. Fees in other tokens have no price here: they wait for company or for their age.
 *
 * @param held What lies in escrow now. @param gasPrice Wei.
 */
export function isWorthSettling(
  claim: Claim,
  held: readonly ClaimOrder[],
  rule: ClaimRule,
  gasPrice: bigint,
  now: number,
): boolean {
  if (now - claim.createdAt >= rule.maxAgeMs) return true
  return nativeAmount(held) >= threshold(rule, SETTLE_GAS * gasPrice)
}

/** Whether a credit in the native coin is worth a withdrawal. @param gasPrice Wei. */
export function isWorthWithdrawing(owed: bigint, rule: ClaimRule, gasPrice: bigint): boolean {
  return owed >= threshold(rule, WITHDRAW_GAS * gasPrice)
}

/** Sum of the fees in the native coin. Wei. */
export function nativeAmount(orders: readonly ClaimOrder[]): bigint {
  return orders.reduce((sum, { token, amount }) => sum + (token === zeroAddress ? amount : 0n), 0n)
}

/** A fee of nothing is worth nothing, whatever gas costs. */
function threshold({ minAmount }: ClaimRule, cost: bigint): bigint {
  return max(minAmount ?? WORTH * cost, 1n)
}
