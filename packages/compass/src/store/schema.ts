import type { Generated } from 'kysely'

/** Messages: a row for each leg, keyed by where it started, its order id and whose log it is. Times are milliseconds. */
export interface MessageTable {
  from_chain: bigint
  order_id: string
  log_chain: bigint
  emitter: string
  to_chain: bigint
  nonce: bigint
  mos: string
  from_address: string
  message_data: string
  gas_limit: bigint
  target: string | null
  options: string
  deadline: bigint
  sequence: bigint
  refund_recipient: string | null
  block_number: bigint
  block_hash: string
  block_timestamp: bigint
  tx_hash: string
  tx_index: number
  log_index: number
  state: string
  reason_code: string | null
  reason_detail: string | null
  attempts: number
  next_attempt_at: bigint
  seen_at: bigint
  final_at: bigint | null
  provable_at: bigint | null
  submitted_at: bigint | null
  included_at: bigint | null
  settled_at: bigint | null
  update_tx: string | null
  update_gas: bigint | null
  transaction_id: number | null
  target_tx: string | null
  target_block: bigint | null
  delivery_gas: bigint | null
  outcome: string | null
  executed: boolean | null
  execution_reason: string | null
}

/** How far the logs of a MOS, or of a hub, have been read, and the newest block that was final. */
export interface CursorTable {
  chain_id: bigint
  mos: string
  block_number: bigint
  block_hash: string
  final_number: bigint | null
  final_hash: string | null
  /** Block from which on the logs are to be read once more. */
  reread_from: bigint | null
}

/** The nonce ledger: one row for each nonce that Compass has taken. */
export interface TransactionTable {
  id: Generated<number>
  chain_id: bigint
  signer: string
  nonce: number
  kind: string
  state: string
  to_address: string
  data: string
  gas_limit: bigint
  created_at: bigint
  missing_since: bigint | null
  success: boolean | null
  hash: string | null
  block_number: bigint | null
  block_hash: string | null
  gas_used: bigint | null
  gas_price: bigint | null
  error: string | null
  records_read: Generated<boolean>
  /** The lane that it was for; null: for none, or not known. */
  from_chain: bigint | null
  to_chain: bigint | null
}

/** Every signed form of a transaction: replacements share its nonce. */
export interface AttemptTable {
  hash: string
  transaction_id: number
  cancel: boolean
  raw: string
  max_fee: bigint
  max_priority_fee: bigint
  created_at: bigint
  sent_at: bigint | null
}

/** Which messages a transaction delivers, or a light-client update was sent for. */
export interface TransactionMessageTable {
  transaction_id: number
  from_chain: bigint
  order_id: string
  log_chain: bigint
}

/** Fees that a delivery has earned: what its receipt proves on the chain where they lie. Times are milliseconds. */
export interface ClaimTable {
  delivery_id: number
  from_chain: bigint
  to_chain: bigint
  fee_service: string
  record_chain: bigint
  block_number: bigint
  block_hash: string
  tx_hash: string
  tx_index: number
  state: string
  reason_code: string | null
  reason_detail: string | null
  attempts: number
  next_attempt_at: bigint
  created_at: bigint
  settled_at: bigint | null
  transaction_id: number | null
}

/** The orders that a claim is about, with their fees as they were when it was found. */
export interface ClaimOrderTable {
  delivery_id: number
  order_id: string
  token: string
  amount: bigint
}

/** What an operator decided about a message or a lane. */
export interface DecisionTable {
  subject: string
  key: string
  decision: string
  decided_at: bigint
}

/** Which Compass does a piece of work. `token` counts how often it was taken. Times are the database's. */
export interface LeaseTable {
  name: string
  holder: string | null
  token: bigint
  expires_at: Date
}

/** Which Compasses share the database. */
export interface MemberTable {
  holder: string
  expires_at: Date
}

/** What is remembered of an endpoint, by a hash of its URL. Times are milliseconds. */
export interface EndpointTable {
  chain_id: bigint
  id: string
  failures: number
  rest_until: bigint
  limited_until: bigint
  score: number
  log_blocks: bigint | null
  log_blocks_refused: bigint | null
  noted_at: bigint
}

export interface Schema {
  decisions: DecisionTable
  messages: MessageTable
  cursors: CursorTable
  transactions: TransactionTable
  attempts: AttemptTable
  transaction_messages: TransactionMessageTable
  claims: ClaimTable
  claim_orders: ClaimOrderTable
  leases: LeaseTable
  members: MemberTable
  endpoints: EndpointTable
}
