import { plainText } from '@meridian/core'
import type { Insertable, Selectable } from 'kysely'
import type { Address, Hex } from 'viem'
import type { Message } from '../message.ts'
import type { AttemptTable, MessageTable, TransactionTable } from './schema.ts'
import type { Attempt, Transaction } from './transactions.ts'

/** Letters of a reason or an error that are kept. */
const MAX_WORDS = 2_000

/** Words that may be an endpoint's, as the database takes them. */
export const storedWords = (words: string): string => plainText(words.slice(0, MAX_WORDS))

const maybe = (value: bigint | null): number | null => (value === null ? null : Number(value))

/** A message from its row. */
export function toMessage(row: Selectable<MessageTable>): Message {
  return {
    fromChain: row.from_chain,
    orderId: row.order_id as Hex, // CAST: the store writes hex into its hex columns, here and below
    logChain: row.log_chain,
    emitter: row.emitter as Hex, // CAST: as above
    toChain: row.to_chain,
    nonce: row.nonce,
    mos: row.mos as Hex, // CAST: as above
    fromAddress: row.from_address as Hex, // CAST: as above
    messageData: row.message_data as Hex, // CAST: as above
    gasLimit: row.gas_limit,
    target: row.target as Hex | null, // CAST: as above
    options: row.options as Hex, // CAST: as above
    deadline: row.deadline,
    sequence: row.sequence,
    refundRecipient: row.refund_recipient as Hex | null, // CAST: as above
    blockNumber: row.block_number,
    blockHash: row.block_hash as Hex, // CAST: as above
    blockTimestamp: row.block_timestamp,
    txHash: row.tx_hash as Hex, // CAST: as above
    txIndex: row.tx_index,
    logIndex: row.log_index,
    state: row.state as Message['state'], // CAST: only `transition` makes states
    reason: row.reason_code === null ? null : { code: row.reason_code, detail: row.reason_detail ?? '' },
    attempts: row.attempts,
    nextAttemptAt: Number(row.next_attempt_at),
    seenAt: Number(row.seen_at),
    finalAt: maybe(row.final_at),
    provableAt: maybe(row.provable_at),
    submittedAt: maybe(row.submitted_at),
    includedAt: maybe(row.included_at),
    settledAt: maybe(row.settled_at),
    updateTx: row.update_tx as Hex | null, // CAST: as above
    updateGas: row.update_gas,
    transactionId: row.transaction_id,
    targetTx: row.target_tx as Hex | null, // CAST: as above
    targetBlock: row.target_block,
    deliveryGas: row.delivery_gas,
    outcome: row.outcome as Message['outcome'], // CAST: as above
    executed: row.executed,
    executionReason: row.execution_reason as Hex | null, // CAST: as above
  }
}

const maybeBig = (value: number | null): bigint | null => (value === null ? null : BigInt(value))

/** A message's row. */
export function fromMessage(message: Message): Insertable<MessageTable> {
  return {
    from_chain: message.fromChain,
    order_id: message.orderId,
    log_chain: message.logChain,
    emitter: message.emitter,
    to_chain: message.toChain,
    nonce: message.nonce,
    mos: message.mos,
    from_address: message.fromAddress,
    message_data: message.messageData,
    gas_limit: message.gasLimit,
    target: message.target,
    options: message.options,
    deadline: message.deadline,
    sequence: message.sequence,
    refund_recipient: message.refundRecipient,
    block_number: message.blockNumber,
    block_hash: message.blockHash,
    block_timestamp: message.blockTimestamp,
    tx_hash: message.txHash,
    tx_index: message.txIndex,
    log_index: message.logIndex,
    state: message.state,
    reason_code: message.reason?.code ?? null,
    reason_detail: message.reason === null ? null : storedWords(message.reason.detail),
    attempts: message.attempts,
    next_attempt_at: BigInt(message.nextAttemptAt),
    seen_at: BigInt(message.seenAt),
    final_at: maybeBig(message.finalAt),
    provable_at: maybeBig(message.provableAt),
    submitted_at: maybeBig(message.submittedAt),
    included_at: maybeBig(message.includedAt),
    settled_at: maybeBig(message.settledAt),
    update_tx: message.updateTx,
    update_gas: message.updateGas,
    transaction_id: message.transactionId,
    target_tx: message.targetTx,
    target_block: message.targetBlock,
    delivery_gas: message.deliveryGas,
    outcome: message.outcome,
    executed: message.executed,
    execution_reason: message.executionReason,
  }
}

/** A transaction from its row and those of its signed forms. */
export function toTransaction(
  row: Selectable<TransactionTable>,
  attempts: readonly Selectable<AttemptTable>[],
): Transaction {
  return {
    id: row.id,
    chainId: row.chain_id,
    signer: row.signer as Address, // CAST: as above
    nonce: row.nonce,
    kind: row.kind as Transaction['kind'], // CAST: only `reserve` makes kinds
    state: row.state as Transaction['state'], // CAST: only the store makes states
    to: row.to_address as Address, // CAST: as above
    data: row.data as Hex, // CAST: as above
    gasLimit: row.gas_limit,
    createdAt: Number(row.created_at),
    missingSince: maybe(row.missing_since),
    success: row.success,
    hash: row.hash as Hex | null, // CAST: as above
    blockNumber: row.block_number,
    blockHash: row.block_hash as Hex | null, // CAST: as above
    gasUsed: row.gas_used,
    gasPrice: row.gas_price,
    error: row.error,
    attempts: attempts.map(toAttempt),
  }
}

function toAttempt(row: Selectable<AttemptTable>): Attempt {
  return {
    hash: row.hash as Hex, // CAST: as above
    cancel: row.cancel,
    raw: row.raw as Hex, // CAST: as above
    maxFeePerGas: row.max_fee,
    maxPriorityFeePerGas: row.max_priority_fee,
    createdAt: Number(row.created_at),
    sentAt: maybe(row.sent_at),
  }
}
