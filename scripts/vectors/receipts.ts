/**
 * Writes `vectors/receipts.json`: receipt proofs of synthetic blocks, in the forms in which MOS takes them. The
 * contracts' tests and benchmarks read it. Depends on its seed only.
 */
import { toHex } from '../../packages/proofs/src/hex.ts'
import { buildReceiptsTrie, encodeBatchProof, encodeReceiptProof, logsOf } from '../../packages/proofs/src/index.ts'
import { createRandom, syntheticBlock } from '../../packages/proofs/test/synthetic.ts'
import { writeVectors } from './write.ts'

const seed = 0x6d657269
/** The block's size, the transaction that carries the message, and others on the edges of the key's encoding. */
const shapes = [
  { size: 1, target: 0, others: [] },
  { size: 100, target: 50, others: [0] },
  { size: 300, target: 150, others: [0, 1, 127, 128, 255, 256, 275, 299] },
  { size: 1000, target: 500, others: [] },
]
const random = createRandom(seed)
const blockProof = '0xb10c'

const blocks = shapes.map(({ size, target, others }) => {
  const trie = buildReceiptsTrie(syntheticBlock(random, size, target))
  const proofs = [target, ...others].map((txIndex) => {
    const { nodes } = trie.prove(txIndex)
    return {
      txIndex,
      nodes: toHex(nodes),
      receipt: toHex(trie.receipt(txIndex)),
      logs: logsOf(trie.receipt(txIndex)),
      encoded: encodeReceiptProof({ blockProof, txIndex, nodes }),
    }
  })
  return { size, root: toHex(trie.root), proofs }
})

const batchTrie = buildReceiptsTrie(syntheticBlock(random, 40, 33))
const members = [33, 0, 16, 31]
const { nodes, paths } = batchTrie.proveMany(members)
const batch = {
  root: toHex(batchTrie.root),
  members: members.map((txIndex, i) => ({
    txIndex,
    path: toHex(paths[i] ?? new Uint8Array()),
    receipt: toHex(batchTrie.receipt(txIndex)),
  })),
  nodes: nodes.map(toHex),
  encoded: encodeBatchProof({
    blockProof,
    nodes,
    members: members.map((txIndex, i) => ({ txIndex, logIndex: i, path: paths[i] ?? new Uint8Array() })),
  }),
}

writeVectors({ 'receipts.json': `${JSON.stringify({ seed, blockProof, blocks, batch })}\n` })
