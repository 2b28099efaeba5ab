import type { Address, Hex } from 'viem'
import type { MessageKey } from '../message.ts'

/** `pending`: signed, it may land. `mined`: in a block that may be reorganised. `final`: for good. `lost`: somebody else
 *  used the nonce. `rejected`: no node ever took it, its nonce is free again. */
export type TransactionState = 'pending' | 'mined' | 'final' | 'lost' | 'rejected'
export type TransactionKind =
  | 'delivery'
  | 'forward'
  | 'relay'
  | 'update'
  | 'retry'
  | 'claim'
  | 'forwardRecords'
  | 'withdraw'

/** One signed form of a transaction. `cancel` fills the nonce with nothing. */
export interface Attempt {
  readonly hash: Hex
  readonly cancel: boolean
  readonly raw: Hex
  /** Wei. */
  readonly maxFeePerGas: bigint
  /** Wei. */
  readonly maxPriorityFeePerGas: bigint
  readonly createdAt: number
  readonly sentAt: number | null
}

/** A row of the nonce ledger. Times are milliseconds of Compass' clock. */
export interface Transaction {
  readonly id: number
  readonly chainId: bigint
  readonly signer: Address
  readonly nonce: number
  readonly kind: TransactionKind
  readonly state: TransactionState
  readonly to: Address
  readonly data: Hex
  readonly gasLimit: bigint
  readonly createdAt: number
  /** Since when its nonce is used while no node shows a receipt. */
  readonly missingSince: number | null
  readonly success: boolean | null
  /** Of the form that landed. */
  readonly hash: Hex | null
  readonly blockNumber: bigint | null
  readonly blockHash: Hex | null
  readonly gasUsed: bigint | null
  /** Wei. */
  readonly gasPrice: bigint | null
  readonly error: string | null
  /** Oldest first. */
  readonly attempts: readonly Attempt[]
}

/** A transaction without its bytes, which may be long: most of what is decided needs none of them. */
export interface OpenTransaction extends Omit<Transaction, 'data' | 'attempts'> {
  /** Oldest first. */
  readonly attempts: readonly Omit<Attempt, 'raw'>[]
}

/** What `reserve` writes down before anything is sent. */
export interface Reservation {
  readonly chainId: bigint
  readonly signer: Address
  readonly nonce: number
  readonly kind: TransactionKind
  readonly to: Address
  readonly data: Hex
  readonly gasLimit: bigint
  readonly attempt: Omit<Attempt, 'cancel' | 'createdAt' | 'sentAt'>
  readonly messages: readonly MessageKey[]
  /** Claims that it settles, by their deliveries. */
  readonly claims?: readonly number[]
}

/** What a transaction's row may change to. */
export type TransactionPatch = Partial<
  Pick<
    Transaction,
    'state' | 'missingSince' | 'success' | 'hash' | 'blockNumber' | 'blockHash' | 'gasUsed' | 'gasPrice' | 'error'
  >
>
