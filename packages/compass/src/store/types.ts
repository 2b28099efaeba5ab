import type { Address, Hex } from 'viem'
import type { Happening, Message, MessageKey, MessageOrigin, MessageState } from '../message.ts'
import type { Progress } from '../progress.ts'
import type { ClaimStore } from './claims.ts'
import type { DecisionStore } from './decisions.ts'
import type { EndpointStore } from './endpoints.ts'
import type { Lease, LeaseStore } from './leases.ts'
import type { Attempt, OpenTransaction, Reservation, Transaction, TransactionPatch } from './transactions.ts'
import type { ViewStore } from './views.ts'

/** How far a chain's MOS has been read. */
export interface Cursor {
  readonly number: bigint
  readonly hash: Hex
  /** The newest block that was final; null before the first. */
  readonly final: { readonly number: bigint; readonly hash: Hex } | null
}

/** A cursor as it is stored. */
export interface StoredCursor extends Cursor {
  /** The block from which on an operator wants the logs read once more; null: none. */
  readonly rereadFrom: bigint | null
}

/** The part of the memory that a wallet is kept in. Each function is one database transaction. */
export interface LedgerStore {
  /** Takes a nonce, keeps the signed bytes, and moves the messages that it carries, or the claims, to `submitted`. */
  reserve(reservation: Reservation, at: number): Promise<Transaction>
  /** Lets more messages wait for a transaction that is on its way. */
  attach(transactionId: number, messages: readonly MessageKey[]): Promise<void>
  addAttempt(transactionId: number, attempt: Omit<Attempt, 'createdAt' | 'sentAt'>, at: number): Promise<void>
  markSent(hash: Hex, at: number): Promise<void>
  /** Pending and mined transactions by nonce. */
  openTransactions(chainId: bigint, signer: Address): Promise<readonly OpenTransaction[]>
  /** The highest nonce of a wallet of which a transaction was seen in a block; null where there is none. */
  lastLanded(chainId: bigint, signer: Address): Promise<number | null>
  transaction(id: number): Promise<Transaction | null>
  /** The newest update of a light client that landed and was sent after `since`; null where there is none. */
  lastUpdate(
    chainId: bigint,
    client: Address,
    since: number,
  ): Promise<{ readonly hash: Hex; readonly gasUsed: bigint } | null>
  transactionMessages(id: number): Promise<readonly Message[]>
  /** Changes a transaction and its messages together. */
  settle(transactionId: number, patch: TransactionPatch, happenings: readonly Happening[]): Promise<void>
  /** Mined transactions whose blocks are final. */
  finish(transactionIds: readonly number[]): Promise<void>
}

/** Compass' memory. Each function is one database transaction. */
export interface Store extends LedgerStore {
  /** How far the logs of an emitter, a MOS or a hub, have been read. */
  cursor(chainId: bigint, emitter: Address): Promise<StoredCursor | null>
  /**
   * Rows and cursor together, so that a killed process neither skips nor repeats a range. Known messages stay as they are; but
   * a hub's newer log takes the place of one that could not be carried.
   */
  commitScan(
    chainId: bigint,
    emitter: Address,
    cursor: Cursor,
    origins: readonly MessageOrigin[],
    at: number,
  ): Promise<void>
  /** Forgets what was seen above the cursor and is not final: the chain was reorganised. */
  rollback(chainId: bigint, emitter: Address, cursor: Cursor): Promise<number>
  /** Notes that a chain's logs are to be read once more from a block on. False: nothing has been read from there on. */
  askReread(chainId: bigint, fromBlock: bigint): Promise<boolean>
  /**
   * Forgets what is known above the cursor, final or not, but for what is on its way or at its end, and the final point with
   * it: an operator wants it read once more. Returns how many messages were forgotten.
   */
  rewind(chainId: bigint, emitter: Address, cursor: Pick<Cursor, 'number' | 'hash'>): Promise<number>
  /**
   * Rows of a chain's messages in a final block become what its receipts say: what they have not is forgotten, what was not known is seen. Rows
   * whose messages are on their way or at their end stay. Returns how many were forgotten.
   */
  correct(
    logs: {
      readonly logChain: bigint
      readonly emitter: Address
      readonly fromChain: bigint
      readonly blockNumber: bigint
    },
    origins: readonly MessageOrigin[],
    at: number,
  ): Promise<number>
  /** The newest nonce that is known of a lane. */
  lastNonce(fromChain: bigint, mos: Address, toChain: bigint): Promise<bigint | null>
  /** Messages whose logs are on one chain in a state, oldest block first. */
  inState(logChain: bigint, state: MessageState, limit: number): Promise<readonly Message[]>
  /**
   * Messages of a lane to be delivered now, oldest try first, so that one that fails again and again starves nobody.
   *
   * @param logChain Whose logs they are: the first leg is the source's, the second a hub's. Default: the source.
   */
  due(fromChain: bigint, toChain: bigint, now: number, limit: number, logChain?: bigint): Promise<readonly Message[]>
  /** Messages of a lane that are included in a block of the target up to `upTo`, oldest first. `logChain`: as in `due`. */
  landed(
    fromChain: bigint,
    toChain: bigint,
    upTo: bigint,
    now: number,
    limit: number,
    logChain?: bigint,
  ): Promise<readonly Message[]>
  /** Messages of a lane that failed and are to be looked at again. `logChain`: as in `due`. */
  failed(fromChain: bigint, toChain: bigint, now: number, limit: number, logChain?: bigint): Promise<readonly Message[]>
  /**
   * Has what was put off until after `latest` looked at again now: the clock that it was put off by was ahead. What is put off
   * for good stays so.
   */
  dueBy(latest: number): Promise<void>
  /** A lane does not go over a hub any more: what a hub has of it is to be carried from its source. Returns how many. */
  reroute(fromChain: bigint, toChain: bigint, at: number): Promise<number>
  message(key: MessageKey): Promise<Message | null>
  /** For views: newest first. */
  messages(filter?: { readonly state?: MessageState; readonly limit?: number }): Promise<readonly Message[]>
  counts(): Promise<
    readonly {
      readonly fromChain: bigint
      readonly toChain: bigint
      readonly state: MessageState
      readonly count: number
      readonly oldestSeenAt: number
    }[]
  >
  /** @throws {IllegalTransitionError} and changes nothing. */
  apply(happenings: readonly Happening[]): Promise<void>
  /** The fees that deliveries have earned. */
  readonly claims: ClaimStore
  /** What an operator decided about messages and lanes. */
  readonly decisions: DecisionStore
  /** What is remembered of endpoints. */
  readonly endpoints: EndpointStore
  /** Reads for people and metrics. */
  readonly views: ViewStore
  /** How several Compasses share this store; null where it is one process' alone. */
  readonly leases: LeaseStore | null
  /** The same store, which writes only while the lease is held. @throws {LeaseLostError} from every function that writes. */
  fenced(lease: Lease): Store
  /** Cleans up after old versions of rows, where the database does not do so by itself. */
  tidy(): Promise<void>
  /** Steps that messages take, after they are committed. Returns a function that ends the subscription. */
  subscribe(listener: (progress: Progress) => void): () => void
  close(): Promise<void>
}
