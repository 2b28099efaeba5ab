import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, concatBytes, type Hex, hexToBytes, numberToBytes } from 'viem'

/** A binary SHA-256 tree of which only some nodes matter. */
export interface SparseTree {
  readonly root: Hex
  /** Siblings of a node, bottom-up. */
  branch(gindex: bigint): readonly Hex[]
}

/** The tree that has `leaves` at their generalized indices. Every node that is not above one of them is made up. */
export function sparseTree(leaves: ReadonlyMap<bigint, Hex>): SparseTree {
  const above = new Set<bigint>()
  for (const gindex of leaves.keys()) for (let node = gindex >> 1n; node > 0n; node >>= 1n) above.add(node)
  const nodes = new Map<bigint, Uint8Array>()
  const node = (gindex: bigint): Uint8Array => {
    const known = nodes.get(gindex)
    if (known !== undefined) return known
    const leaf = leaves.get(gindex)
    const value =
      leaf !== undefined
        ? hexToBytes(leaf)
        : above.has(gindex)
          ? sha256(concatBytes([node(2n * gindex), node(2n * gindex + 1n)]))
          : sha256(numberToBytes(gindex, { size: 32 }))
    nodes.set(gindex, value)
    return value
  }
  return {
    root: bytesToHex(node(1n)),
    branch(gindex) {
      const siblings: Hex[] = []
      for (let at = gindex; at > 1n; at >>= 1n) siblings.push(bytesToHex(node(at ^ 1n)))
      return siblings
    },
  }
}
