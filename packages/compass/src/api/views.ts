import type { z } from '@hono/zod-openapi'
import type { Claim } from '../claimer/claim.ts'
import type { Message } from '../message.ts'
import type { MessageDecision } from '../store/decisions.ts'
import type { Transaction } from '../store/transactions.ts'
import type { claimSchema, messageSchema, transactionSchema } from './schemas.ts'

/** Integers as text, recursively: what JSON can carry whole. */
export type Plain<T> = T extends bigint
  ? string
  : T extends readonly (infer Item)[]
    ? Plain<Item>[]
    : T extends object
      ? { -readonly [Key in keyof T]: Plain<T[Key]> }
      : T

/** A value with its integers as text. */
export function plainOf<T>(value: T): Plain<T> {
  // CAST: JSON is what is made of it, with bigints as text
  return JSON.parse(
    JSON.stringify(value, (_, item: unknown) => (typeof item === 'bigint' ? String(item) : item)),
  ) as Plain<T>
}

const text = (value: bigint | null): string | null => (value === null ? null : String(value))

/** A message as the API shows it: what a person asks for, without its bytes. */
export function messageView(message: Message, decision: MessageDecision | null): z.infer<typeof messageSchema> {
  return {
    fromChain: String(message.fromChain),
    toChain: String(message.toChain),
    orderId: message.orderId,
    nonce: String(message.nonce),
    sender: message.fromAddress,
    target: message.target,
    gasLimit: String(message.gasLimit),
    deadline: String(message.deadline),
    sequence: String(message.sequence),
    state: message.state,
    outcome: message.outcome,
    reason: message.reason === null ? null : { ...message.reason },
    attempts: message.attempts,
    nextAttemptAt: message.nextAttemptAt,
    decision,
    sourceBlock: String(message.blockNumber),
    sourceTx: message.txHash,
    targetBlock: text(message.targetBlock),
    targetTx: message.targetTx,
    deliveryGas: text(message.deliveryGas),
    updateGas: text(message.updateGas),
    executionReason: message.executionReason,
    seenAt: message.seenAt,
    finalAt: message.finalAt,
    provableAt: message.provableAt,
    submittedAt: message.submittedAt,
    includedAt: message.includedAt,
    settledAt: message.settledAt,
  }
}

/** A transaction without its signed bytes: who has them may send them. */
export function transactionView(transaction: Transaction): z.infer<typeof transactionSchema> {
  const { chainId, kind, state, signer, nonce, to, gasLimit, createdAt, success, hash, error, attempts } = transaction
  return {
    chainId: String(chainId),
    kind,
    state,
    signer,
    nonce,
    to,
    gasLimit: String(gasLimit),
    createdAt,
    success,
    hash,
    block: text(transaction.blockNumber),
    gasUsed: text(transaction.gasUsed),
    gasPrice: text(transaction.gasPrice),
    error,
    attempts: attempts.map((attempt) => ({
      hash: attempt.hash,
      cancel: attempt.cancel,
      maxFeePerGas: String(attempt.maxFeePerGas),
      createdAt: attempt.createdAt,
      sentAt: attempt.sentAt,
    })),
  }
}

/** A claim as the API shows it. */
export function claimView(claim: Claim): z.infer<typeof claimSchema> {
  const { deliveryId, fromChain, toChain, state, reason, attempts, createdAt, settledAt, txHash, orders } = claim
  return plainOf({ deliveryId, fromChain, toChain, state, reason, attempts, createdAt, settledAt, txHash, orders })
}
