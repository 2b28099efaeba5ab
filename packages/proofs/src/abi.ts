import { type Address, encodeAbiParameters, type Hex } from 'viem'
import { toHex } from './hex.ts'

/** `IMessageService.ReceiptProof`. */
export interface ReceiptProof {
  /** For `ILightClient.verifyBlock`. */
  readonly blockProof: Hex
  readonly txIndex: number
  /** Trie nodes from the root to the leaf, concatenated. */
  readonly nodes: Uint8Array
}

/** `IMessageService.BatchMember`. */
export interface BatchMember {
  readonly txIndex: number
  /** Counted inside the receipt. */
  readonly logIndex: number
  /** Indices into the batch's nodes, two bytes each, big-endian. */
  readonly path: Uint8Array
}

/** `IMessageService.BatchProof`. */
export interface BatchProof {
  readonly blockProof: Hex
  readonly nodes: readonly Uint8Array[]
  readonly members: readonly BatchMember[]
}

/** `IProver.LogProof`. */
export interface LogProof {
  /** For `ILightClient.verifyReceiptsRoot`, or for `verifyBlock` where a block is returned. */
  readonly blockProof: Hex
  readonly txIndex: number
  /** Counted inside the receipt. */
  readonly logIndex: number
  /** Nodes of the receipts trie from the root to the leaf, concatenated. */
  readonly nodes: Uint8Array
}

/** `IProver.TransactionProof`. */
export interface TransactionProof {
  /** For `ILightClient.verifyBlock`. */
  readonly blockProof: Hex
  readonly txIndex: number
  /** Nodes of the transactions trie from the root to the leaf, concatenated. */
  readonly nodes: Uint8Array
}

/** `IProver.StorageProof`. */
export interface StorageProof {
  /** For `ILightClient.verifyBlock`. */
  readonly blockProof: Hex
  readonly account: Address
  readonly slot: Hex
  readonly accountNodes: Uint8Array
  readonly storageNodes: Uint8Array
}

const logProofType = [
  {
    type: 'tuple',
    components: [
      { name: 'blockProof', type: 'bytes' },
      { name: 'txIndex', type: 'uint256' },
      { name: 'logIndex', type: 'uint256' },
      { name: 'nodes', type: 'bytes' },
    ],
  },
] as const

const storageProofType = [
  {
    type: 'tuple',
    components: [
      { name: 'blockProof', type: 'bytes' },
      { name: 'account', type: 'address' },
      { name: 'slot', type: 'bytes32' },
      { name: 'accountNodes', type: 'bytes' },
      { name: 'storageNodes', type: 'bytes' },
    ],
  },
] as const

const receiptProofType = [
  {
    type: 'tuple',
    components: [
      { name: 'blockProof', type: 'bytes' },
      { name: 'txIndex', type: 'uint256' },
      { name: 'nodes', type: 'bytes' },
    ],
  },
] as const

const batchProofType = [
  {
    type: 'tuple',
    components: [
      { name: 'blockProof', type: 'bytes' },
      { name: 'nodes', type: 'bytes[]' },
      {
        name: 'members',
        type: 'tuple[]',
        components: [
          { name: 'txIndex', type: 'uint256' },
          { name: 'logIndex', type: 'uint256' },
          { name: 'path', type: 'bytes' },
        ],
      },
    ],
  },
] as const

/** `abi.encode(ReceiptProof)`: the `receiptProof` of `transferIn…`, and what `IProver.verifyReceipt` takes. */
export function encodeReceiptProof({ blockProof, txIndex, nodes }: ReceiptProof): Hex {
  return encodeAbiParameters(receiptProofType, [{ blockProof, txIndex: BigInt(txIndex), nodes: toHex(nodes) }])
}

/** `abi.encode(BatchProof)`: the `batchProof` of `transferInBatch`. */
export function encodeBatchProof({ blockProof, nodes, members }: BatchProof): Hex {
  return encodeAbiParameters(batchProofType, [
    {
      blockProof,
      nodes: nodes.map(toHex),
      members: members.map(({ txIndex, logIndex, path }) => ({
        txIndex: BigInt(txIndex),
        logIndex: BigInt(logIndex),
        path: toHex(path),
      })),
    },
  ])
}

/** `abi.encode(LogProof)`: what `IProver.verifyLog` and `verifyLogInBlock` take. */
export function encodeLogProof({ blockProof, txIndex, logIndex, nodes }: LogProof): Hex {
  return encodeAbiParameters(logProofType, [
    { blockProof, txIndex: BigInt(txIndex), logIndex: BigInt(logIndex), nodes: toHex(nodes) },
  ])
}

/** `abi.encode(TransactionProof)`: what `IProver.verifyTransaction` takes. */
export const encodeTransactionProof = (proof: TransactionProof): Hex => encodeReceiptProof(proof)

/** `abi.encode(StorageProof)`: what `IProver.verifyStorage` takes. */
export function encodeStorageProof({ blockProof, account, slot, accountNodes, storageNodes }: StorageProof): Hex {
  return encodeAbiParameters(storageProofType, [
    { blockProof, account, slot, accountNodes: toHex(accountNodes), storageNodes: toHex(storageNodes) },
  ])
}
