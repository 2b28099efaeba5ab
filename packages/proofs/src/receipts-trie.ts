import { ReceiptError } from './errors.ts'
import { toHex } from './hex.ts'
import { defaultKeccak, type Keccak256 } from './keccak.ts'
import { encodeReceipts, type RpcReceipt } from './receipt.ts'
import { encodeString, uintBytes } from './rlp.ts'
import { buildTrie, type SharedProofs, type TrieEntry } from './trie.ts'

/** A proof of one receipt. */
export interface ReceiptNodes {
  /** Trie nodes from the root to the leaf, concatenated: `ReceiptProof.nodes`. */
  readonly nodes: Uint8Array
}

/** The receipts trie of a block. */
export interface ReceiptsTrie {
  /** What the header's `receiptsRoot` must be. */
  readonly root: Uint8Array
  readonly size: number
  /** The encoded receipt at `txIndex`: the value that its proof proves. @throws {TrieBuildError} */
  receipt(txIndex: number): Uint8Array
  /** Proof of the receipt at `txIndex`. @throws {TrieBuildError} `TRIE_NO_SUCH_ENTRY` */
  prove(txIndex: number): ReceiptNodes
  /** Proofs that share their nodes: `BatchProof.nodes` and each member's `path`. @throws {TrieBuildError} */
  proveMany(txIndices: readonly number[]): SharedProofs
}

/** Settings of {@link buildReceiptsTrie}. */
export interface ReceiptsTrieOptions {
  readonly keccak?: Keccak256
  /** The header's `receiptsRoot`; another root throws `RECEIPTS_ROOT`, so that a lying endpoint is caught here. */
  readonly expectedRoot?: string
}

/** Key of a transaction's receipt (and of the transaction) in the block's tries: the RLP of its index. */
export const trieKey = (txIndex: number): Uint8Array => encodeString(uintBytes(BigInt(txIndex)))

/**
 * Encodes all receipts of a block, as `eth_getBlockReceipts` returns them, and builds their trie in one pass.
 * @throws {ReceiptError | HexError}
 */
export function buildReceiptsTrie(receipts: readonly RpcReceipt[], options: ReceiptsTrieOptions = {}): ReceiptsTrie {
  const { bytes, ends } = encodeReceipts(receipts)
  const entries: TrieEntry[] = ends.map((end, i) => ({ key: trieKey(i), value: bytes.subarray(ends[i - 1] ?? 0, end) }))
  const trie = buildTrie(entries, options.keccak ?? defaultKeccak)
  if (options.expectedRoot !== undefined && toHex(trie.root) !== options.expectedRoot.toLowerCase()) {
    throw new ReceiptError('RECEIPTS_ROOT', "the receipts are not those of the header's receipts root", {
      expected: options.expectedRoot,
      given: toHex(trie.root),
    })
  }
  return {
    root: trie.root,
    size: receipts.length,
    receipt(txIndex) {
      const entry = entries[txIndex]
      if (entry === undefined) {
        throw new ReceiptError('RECEIPT_TRANSACTION_INDEX', 'the block has no such transaction', {
          expected: `below ${receipts.length}`,
          given: txIndex,
        })
      }
      return entry.value
    },
    prove: (txIndex) => ({ nodes: trie.prove(txIndex) }),
    proveMany: (txIndices) => trie.proveMany(txIndices),
  }
}
