import { MeridianError } from '@meridian/core'

type Context = Readonly<Record<string, unknown>>

export type RlpErrorCode =
  | 'RLP_OUT_OF_BOUNDS'
  | 'RLP_NON_CANONICAL_LENGTH'
  | 'RLP_UNEXPECTED_KIND'
  | 'RLP_TRAILING_BYTES'
  | 'RLP_STRING_LENGTH'
  | 'RLP_NON_CANONICAL_INTEGER'
  | 'RLP_INTEGER_TOO_LONG'

/** Bytes that are not the one canonical RLP encoding of what belongs there. Codes as in `RLP.sol`. */
export class RlpError extends MeridianError<RlpErrorCode, Context> {}

export type TrieProofErrorCode =
  | 'TRIE_KEY_LENGTH'
  | 'TRIE_NODE_HASH'
  | 'TRIE_NODE_TOO_SHORT'
  | 'TRIE_CHILD'
  | 'TRIE_ITEM_COUNT'
  | 'TRIE_HEX_PREFIX'
  | 'TRIE_KEY_MISMATCH'
  | 'TRIE_EMPTY_VALUE'
  | 'TRIE_TRAILING_NODES'
  | 'TRIE_PATH_LENGTH'
  | 'TRIE_PATH_TOO_SHORT'
  | 'TRIE_NODE_INDEX'
  | 'TRIE_NODE_MISSING'

/** A trie proof that does not show its key. Codes as in `MerklePatricia.sol`. */
export class TrieProofError extends MeridianError<TrieProofErrorCode, Context> {}

export type TrieBuildErrorCode =
  | 'TRIE_DUPLICATE_KEY'
  | 'TRIE_EMPTY_VALUE'
  | 'TRIE_NO_SUCH_ENTRY'
  | 'TRIE_TOO_MANY_NODES'

/** Entries from which no trie can be built, or an entry that it does not have. */
export class TrieBuildError extends MeridianError<TrieBuildErrorCode, Context> {}

export type ReceiptErrorCode =
  | 'RECEIPT_TYPE'
  | 'RECEIPT_STATUS'
  | 'RECEIPT_ORDER'
  | 'RECEIPT_BLOOM_LENGTH'
  | 'RECEIPT_TOPICS'
  | 'RECEIPT_LOG_INDEX'
  | 'RECEIPT_TRANSACTION_INDEX'
  | 'RECEIPTS_ROOT'

/** A receipt that cannot be encoded or read, or receipts that do not belong to their block. */
export class ReceiptError extends MeridianError<ReceiptErrorCode, Context> {}

export type TransactionErrorCode = 'TRANSACTION_INDEX' | 'TRANSACTIONS_ROOT'

/** Transactions that do not belong to their block, or one that it does not have. */
export class TransactionError extends MeridianError<TransactionErrorCode, Context> {}

export type StateProofErrorCode = 'STATE_ZERO_VALUE' | 'STATE_NONCE' | 'STATE_ANSWER'

/** State that no chain holds, or an answer to `eth_getProof` that is not one. Codes as in `StateProof.sol`. */
export class StateProofError extends MeridianError<StateProofErrorCode, Context> {}

export type HeaderErrorCode = 'HEADER_FIELD_MISSING' | 'HEADER_HASH'

/** A header that lacks a field or does not hash to its block's hash. */
export class HeaderError extends MeridianError<HeaderErrorCode, Context> {}

export type HexErrorCode = 'HEX_MALFORMED' | 'HEX_LENGTH'

/** Text that is not the hex it should be. */
export class HexError extends MeridianError<HexErrorCode, Context> {}
