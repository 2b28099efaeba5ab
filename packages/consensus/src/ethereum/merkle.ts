import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, concatBytes, type Hex, hexToBytes } from 'viem'
import { VerifyError, type VerifyErrorCode } from './errors.ts'
import { depthOf, indexOf } from './forks.ts'

/** Branch that does not lead where it should. `what` names the rule, `gindex` the place. */
export interface BranchClaim {
  readonly code: VerifyErrorCode
  readonly gindex: bigint
  readonly leaf: Hex
  readonly branch: readonly Hex[]
  readonly root: Hex
}

function hashPair(left: Uint8Array, right: Uint8Array): Uint8Array {
  return sha256(concatBytes([left, right]))
}

/** The root to which a leaf and its bottom-up branch lead. */
export function rootOfBranch(leaf: Hex, branch: readonly Hex[], index: bigint): Hex {
  let node = hexToBytes(leaf)
  let position = index
  for (const sibling of branch) {
    const other = hexToBytes(sibling)
    node = new Uint8Array((position & 1n) === 1n ? hashPair(other, node) : hashPair(node, other))
    position >>= 1n
  }
  return bytesToHex(node)
}

/**
 * Checks a branch: its exact length, then its root (consensus-specs `is_valid_merkle_branch`).
 * @throws VerifyError `BRANCH_LENGTH`, or the claim's own code.
 */
export function verifyBranch(claim: BranchClaim): void {
  const depth = depthOf(claim.gindex)
  if (claim.branch.length !== depth)
    throw new VerifyError('BRANCH_LENGTH', `a branch of gindex ${claim.gindex} has ${depth} siblings`, {
      branch: claim.code,
      expected: depth,
      given: claim.branch.length,
    })
  const given = rootOfBranch(claim.leaf, claim.branch, indexOf(claim.gindex))
  if (given !== claim.root.toLowerCase())
    throw new VerifyError(claim.code, 'the branch leads to another root', { expected: claim.root, given })
}

/** SSZ leaf of a compressed key: `sha256(key ‖ 0¹⁶)`. */
export function pubkeyLeaf(compressed: Hex): Uint8Array {
  const chunks = new Uint8Array(64)
  chunks.set(hexToBytes(compressed))
  return new Uint8Array(sha256(chunks))
}

/**
 * Multiproof of the leaves at `indices` (ascending, unique) in the tree of `leaves`, whose number is a power of two.
 * Level by level from the leaves: a known node joins the next known node where that is its sibling, any other takes
 * its sibling from the proof.
 */
export function buildMultiproof(leaves: readonly Uint8Array[], indices: readonly number[]): Hex[] {
  const proof: Hex[] = []
  let level = [...leaves]
  let known = [...indices]
  while (level.length > 1 && known.length > 0) {
    const set = new Set(known)
    for (const index of known) {
      const sibling = level[index ^ 1]
      if (!set.has(index ^ 1) && sibling !== undefined) proof.push(bytesToHex(sibling))
    }
    const above: Uint8Array[] = []
    for (let i = 0; i < level.length; i += 2) {
      const [left, right] = [level[i], level[i + 1]]
      if (left === undefined || right === undefined) throw new RangeError('the number of leaves is a power of two')
      above.push(hashPair(left, right))
    }
    level = above
    known = [...new Set(known.map((index) => index >> 1))]
  }
  return proof
}

/** The root of a multiproof as the contract walks it; undefined where the proof is too short or too long. */
export function rootOfMultiproof(
  depth: number,
  nodes: readonly { readonly index: number; readonly leaf: Uint8Array }[],
  proof: readonly Hex[],
): Hex | undefined {
  const rest = proof.map((node) => hexToBytes(node))
  let level = nodes.map(({ index, leaf }) => ({ index, leaf }))
  for (let height = 0; height < depth; height++) {
    const above: { index: number; leaf: Uint8Array }[] = []
    for (let i = 0; i < level.length; i++) {
      const node = level[i]
      if (node === undefined) return undefined
      const next = level[i + 1]
      const joined = next !== undefined && next.index === (node.index ^ 1) ? next.leaf : undefined
      const sibling = joined ?? rest.shift()
      if (sibling === undefined) return undefined
      if (joined !== undefined) i++
      const isRight = (node.index & 1) === 1
      above.push({
        index: node.index >> 1,
        leaf: isRight ? hashPair(sibling, node.leaf) : hashPair(node.leaf, sibling),
      })
    }
    level = above
  }
  const root = level[0]
  return rest.length === 0 && level.length === 1 && root !== undefined ? bytesToHex(root.leaf) : undefined
}
