import type { Kysely, Selectable, Transaction as SqlTransaction } from 'kysely'
import type { Address, Hex } from 'viem'
import type { Claim, ClaimOrder, ClaimState, ReceiptPlace } from '../claimer/claim.ts'
import type { Reason } from '../message.ts'
import type { ClaimOrderTable, ClaimTable, Schema } from './schema.ts'
import type { Write } from './write.ts'

/** A delivery that is final on its target and whose receipt has not been looked at for records. */
export interface UnreadDelivery {
  /** Its row in the ledger. */
  readonly id: number
  readonly hash: Hex
}

/** A claim as it is found. */
export type FoundClaim = Omit<Claim, 'state' | 'reason' | 'attempts' | 'nextAttemptAt' | 'settledAt' | 'transactionId'>

/** Compass' memory of what its deliveries have earned. Each function is one database transaction. */
export interface ClaimStore {
  /**
   * Final deliveries from one chain to another whose records are not known yet, oldest first.
   *
   * @param relayedOn A hub's chain: instead, the transactions by which the hub ran messages between the two.
   */
  unread(fromChain: bigint, toChain: bigint, limit: number, relayedOn?: bigint): Promise<readonly UnreadDelivery[]>
  /** What a delivery's receipt showed, once: a claim, or null where it earned nothing. */
  found(deliveryId: number, claim: FoundClaim | null): Promise<void>
  /** Claims in a state, by the time of their next try. */
  due(fromChain: bigint, toChain: bigint, state: ClaimState, now: number, limit: number): Promise<readonly Claim[]>
  /** It cannot be settled now, or its transaction came to nothing: it is open again. */
  reopen(deliveryId: number, reason: Reason, nextAttemptAt: number, failure: boolean): Promise<void>
  /** Its records are in another receipt now, from which it goes on, due at once. */
  moved(deliveryId: number, place: ReceiptPlace): Promise<void>
  /** Nothing of it is in escrow any more. */
  settled(deliveryId: number, at: number): Promise<void>
  /** Tokens that fees on a chain were paid in. */
  tokens(fromChain: bigint): Promise<readonly Address[]>
  /** The fee services on a chain that claims were found at. */
  feeServices(fromChain: bigint): Promise<readonly Address[]>
  /** For views: newest first. */
  list(limit: number): Promise<readonly Claim[]>
}

/** Moves claims to the transaction that settles them, in the transaction of the database that takes its nonce. */
export async function submitClaims(
  trx: SqlTransaction<Schema>,
  deliveryIds: readonly number[],
  transactionId: number,
): Promise<void> {
  if (deliveryIds.length === 0) return
  await trx
    .updateTable('claims')
    .set({ state: 'submitted', transaction_id: transactionId, reason_code: null, reason_detail: null })
    .where('delivery_id', 'in', [...deliveryIds])
    .where('state', '=', 'open')
    .execute()
}

/** The claims of a store. */
export function createClaimStore(db: Kysely<Schema>, write: Write): ClaimStore {
  async function withOrders(rows: readonly Selectable<ClaimTable>[]): Promise<readonly Claim[]> {
    if (rows.length === 0) return []
    const ids = rows.map((row) => row.delivery_id)
    const orders = await db.selectFrom('claim_orders').selectAll().where('delivery_id', 'in', ids).execute()
    return rows.map((row) =>
      toClaim(
        row,
        orders.filter((order) => order.delivery_id === row.delivery_id),
      ),
    )
  }

  return {
    async unread(fromChain, toChain, limit, relayedOn) {
      const rows = await db
        .selectFrom('transactions')
        .select(['id', 'hash'])
        .where('chain_id', '=', relayedOn ?? toChain)
        .where('kind', '=', relayedOn === undefined ? 'delivery' : 'relay')
        .where('state', '=', 'final')
        .where('records_read', '=', false)
        .where((eb) =>
          eb.exists(
            eb
              .selectFrom('transaction_messages as tm')
              .innerJoin('messages as m', (join) =>
                join.onRef('m.from_chain', '=', 'tm.from_chain').onRef('m.order_id', '=', 'tm.order_id'),
              )
              .select('tm.order_id')
              .whereRef('tm.transaction_id', '=', 'transactions.id')
              .where('m.from_chain', '=', fromChain)
              .where('m.to_chain', '=', toChain),
          ),
        )
        .orderBy('id')
        .limit(limit)
        .execute()
      // CAST: the ledger writes hex
      return rows.flatMap(({ id, hash }) => (hash === null ? [] : [{ id, hash: hash as Hex }]))
    },

    found: (deliveryId, claim) =>
      write(async (trx) => {
        const { numUpdatedRows } = await trx
          .updateTable('transactions')
          .set({ records_read: true })
          .where('id', '=', deliveryId)
          .where('records_read', '=', false)
          .executeTakeFirst()
        if (claim === null || numUpdatedRows === 0n) return
        await trx.insertInto('claims').values(fromClaim(claim)).execute()
        const orders = claim.orders.map(({ orderId, token, amount }) => ({ order_id: orderId, token, amount }))
        await trx
          .insertInto('claim_orders')
          .values(orders.map((order) => ({ delivery_id: deliveryId, ...order })))
          .execute()
      }),

    async due(fromChain, toChain, state, now, limit) {
      const rows = await db
        .selectFrom('claims')
        .selectAll()
        .where('from_chain', '=', fromChain)
        .where('to_chain', '=', toChain)
        .where('state', '=', state)
        .where('next_attempt_at', '<=', BigInt(now))
        .orderBy('next_attempt_at')
        .orderBy('delivery_id')
        .limit(limit)
        .execute()
      return withOrders(rows)
    },

    async reopen(deliveryId, reason, nextAttemptAt, failure) {
      await write((trx) =>
        trx
          .updateTable('claims')
          .set((eb) => ({
            state: 'open',
            transaction_id: null,
            reason_code: reason.code,
            reason_detail: reason.detail.slice(0, 2_000),
            attempts: failure ? eb('attempts', '+', 1) : eb.ref('attempts'),
            next_attempt_at: BigInt(nextAttemptAt),
          }))
          .where('delivery_id', '=', deliveryId)
          .where('state', '<>', 'settled')
          .execute(),
      )
    },

    async moved(deliveryId, place) {
      await write((trx) =>
        trx
          .updateTable('claims')
          .set({
            ...fromPlace(place),
            state: 'open',
            transaction_id: null,
            reason_code: null,
            reason_detail: null,
            next_attempt_at: 0n,
          })
          .where('delivery_id', '=', deliveryId)
          .where('state', '<>', 'settled')
          .execute(),
      )
    },

    async settled(deliveryId, at) {
      await write((trx) =>
        trx
          .updateTable('claims')
          .set({ state: 'settled', settled_at: BigInt(at), reason_code: null, reason_detail: null })
          .where('delivery_id', '=', deliveryId)
          .execute(),
      )
    },

    async tokens(fromChain) {
      const rows = await db
        .selectFrom('claim_orders')
        .innerJoin('claims', 'claims.delivery_id', 'claim_orders.delivery_id')
        .select('claim_orders.token')
        .distinct()
        .where('claims.from_chain', '=', fromChain)
        .execute()
      return rows.map(({ token }) => token as Address) // CAST: the store writes addresses there
    },

    async feeServices(fromChain) {
      const rows = await db
        .selectFrom('claims')
        .select('fee_service')
        .distinct()
        .where('from_chain', '=', fromChain)
        .execute()
      return rows.map(({ fee_service }) => fee_service as Address) // CAST: as above
    },

    async list(limit) {
      return withOrders(await db.selectFrom('claims').selectAll().orderBy('delivery_id', 'desc').limit(limit).execute())
    },
  }
}

const fromPlace = ({ recordChain, blockNumber, blockHash, txHash, txIndex }: ReceiptPlace) =>
  ({
    record_chain: recordChain,
    block_number: blockNumber,
    block_hash: blockHash,
    tx_hash: txHash,
    tx_index: txIndex,
  }) as const

function fromClaim(claim: FoundClaim): ClaimTable {
  return {
    ...fromPlace(claim),
    delivery_id: claim.deliveryId,
    from_chain: claim.fromChain,
    to_chain: claim.toChain,
    fee_service: claim.feeService,
    state: 'open',
    reason_code: null,
    reason_detail: null,
    attempts: 0,
    next_attempt_at: 0n,
    created_at: BigInt(claim.createdAt),
    settled_at: null,
    transaction_id: null,
  }
}

function toClaim(row: Selectable<ClaimTable>, orders: readonly Selectable<ClaimOrderTable>[]): Claim {
  return {
    deliveryId: row.delivery_id,
    fromChain: row.from_chain,
    toChain: row.to_chain,
    feeService: row.fee_service as Address, // CAST: the store writes hex into its hex columns, here and below
    recordChain: row.record_chain,
    blockNumber: row.block_number,
    blockHash: row.block_hash as Hex, // CAST: as above
    txHash: row.tx_hash as Hex, // CAST: as above
    txIndex: row.tx_index,
    state: row.state as ClaimState, // CAST: only this file writes states
    reason: row.reason_code === null ? null : { code: row.reason_code, detail: row.reason_detail ?? '' },
    attempts: row.attempts,
    nextAttemptAt: Number(row.next_attempt_at),
    createdAt: Number(row.created_at),
    settledAt: row.settled_at === null ? null : Number(row.settled_at),
    transactionId: row.transaction_id,
    orders: orders.map(
      ({ order_id, token, amount }): ClaimOrder => ({
        orderId: order_id as Hex, // CAST: as above
        token: token as Address, // CAST: as above
        amount,
      }),
    ),
  }
}
