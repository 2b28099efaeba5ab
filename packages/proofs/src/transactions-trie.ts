import type { Hex } from 'viem'
import { TransactionError } from './errors.ts'
import { fromHex, toHex } from './hex.ts'
import { defaultKeccak, type Keccak256 } from './keccak.ts'
import { trieKey } from './receipts-trie.ts'
import { buildTrie } from './trie.ts'
import { verifyProof } from './trie-proof.ts'

/** The transactions trie of a block. */
export interface TransactionsTrie {
  /** What the header's `transactionsRoot` must be. */
  readonly root: Uint8Array
  readonly size: number
  /** The transaction at `txIndex` as it was signed: the value that its proof proves. @throws {TransactionError} */
  transaction(txIndex: number): Uint8Array
  /** Trie nodes from the root to the leaf, concatenated. @throws {TrieBuildError} `TRIE_NO_SUCH_ENTRY` */
  prove(txIndex: number): Uint8Array
}

/** Settings of {@link buildTransactionsTrie}. */
export interface TransactionsTrieOptions {
  readonly keccak?: Keccak256
  /** The header's `transactionsRoot`; another root throws `TRANSACTIONS_ROOT`: a lying endpoint is caught here. */
  readonly expectedRoot?: string
}

/**
 * Builds the trie of all transactions of a block, each as it was signed (`debug_getRawTransaction`): a legacy
 * transaction's list, or type and payload (EIP-2718).
 * @throws {TransactionError | TrieBuildError | HexError}
 */
export function buildTransactionsTrie(
  transactions: readonly Hex[],
  options: TransactionsTrieOptions = {},
): TransactionsTrie {
  const entries = transactions.map((raw, i) => ({ key: trieKey(i), value: fromHex(raw) }))
  const trie = buildTrie(entries, options.keccak ?? defaultKeccak)
  if (options.expectedRoot !== undefined && toHex(trie.root) !== options.expectedRoot.toLowerCase()) {
    throw new TransactionError('TRANSACTIONS_ROOT', "the transactions are not those of the header's root", {
      expected: options.expectedRoot,
      given: toHex(trie.root),
    })
  }
  return {
    root: trie.root,
    size: transactions.length,
    transaction(txIndex) {
      const entry = entries[txIndex]
      if (entry === undefined) {
        throw new TransactionError('TRANSACTION_INDEX', 'the block has no such transaction', {
          expected: `below ${transactions.length}`,
          given: txIndex,
        })
      }
      return entry.value
    },
    prove: (txIndex) => trie.prove(txIndex),
  }
}

/** The transaction at `txIndex`. Counterpart of `Transactions.verify`. @throws {TrieProofError | RlpError} */
export function verifyTransactionProof(
  transactionsRoot: Uint8Array,
  txIndex: number,
  nodes: Uint8Array,
  keccak: Keccak256 = defaultKeccak,
): Uint8Array {
  return verifyProof(transactionsRoot, trieKey(txIndex), nodes, keccak)
}
