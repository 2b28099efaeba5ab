import { encodeAbiParameters, type Hex } from 'viem'
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

/** `abi.encode(ReceiptProof)`: the `receiptProof` of `transferIn…`. */
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
