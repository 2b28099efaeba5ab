import { computeDescriptor, createNodeFromProof, type Node, ProofType, Tree } from '@chainsafe/persistent-merkle-tree'
import { bytesToHex, type Hex, hexToBytes } from 'viem'
import { z } from 'zod'
import { NodeAnswerError } from './errors.ts'

/** A leaf of a tree and its bottom-up branch. */
export interface SingleBranch {
  readonly leaf: Hex
  readonly branch: readonly Hex[]
  /** Where leaf and branch lead, by the tree that was answered. */
  readonly root: Hex
}

/** Bounds what a hostile node can make us hash: two for each level, and the deepest index asked for is below 64. */
const MAX_LEAVES = 128

const answerSchema = z.object({
  data: z.object({
    leaves: z.array(z.string().regex(/^0x[0-9a-fA-F]{64}$/)).max(MAX_LEAVES),
    descriptor: z.string().regex(/^0x([0-9a-fA-F]{2}){1,32}$/),
  }),
})

/** The compact multiproof descriptor of one index, as the query wants it. */
export function descriptorOf(gindex: bigint): Hex {
  return bytesToHex(computeDescriptor([gindex]))
}

/** The branch of one index in a tree held in memory. */
export function branchOfNode(node: Node, gindex: bigint): SingleBranch {
  const tree = new Tree(node)
  return {
    leaf: bytesToHex(tree.getRoot(gindex)),
    branch: tree.getSingleProof(gindex).map((sibling) => bytesToHex(sibling)),
    root: bytesToHex(node.root),
  }
}

/**
 * Reads the answer of a proof endpoint: a compact multiproof of one index.
 * @param path For the error. @throws NodeAnswerError where it is not one, or of another index.
 */
export function branchOfAnswer(json: unknown, gindex: bigint, path: string): SingleBranch {
  const parsed = answerSchema.safeParse(json)
  if (!parsed.success)
    throw new NodeAnswerError(`${path}: not a compact multiproof`, {
      path,
      expected: '{data: {leaves, descriptor}}',
      given: parsed.error.issues[0]?.message,
    })
  const { leaves, descriptor } = parsed.data.data
  const expected = descriptorOf(gindex)
  if (descriptor.toLowerCase() !== expected)
    throw new NodeAnswerError(`${path}: a proof of other indices`, { path, expected, given: descriptor })
  try {
    const node = createNodeFromProof({
      type: ProofType.compactMulti,
      leaves: leaves.map((leaf) => hexToBytes(`0x${leaf.slice(2)}`)),
      descriptor: hexToBytes(expected),
    })
    return branchOfNode(node, gindex)
  } catch (cause) {
    throw new NodeAnswerError(`${path}: a multiproof that does not fit its descriptor`, { path, expected }, { cause })
  }
}
