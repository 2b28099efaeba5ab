import { createProof, type Node, ProofType, Tree } from '@chainsafe/persistent-merkle-tree'
import { ssz } from '@lodestar/types'

/** Sibling hashes from the node at `gindex` up to the root. */
export function branchOf(tree: Node, gindex: bigint): Uint8Array[] {
  return new Tree(tree).getSingleProof(gindex)
}

/** Generalized index of a field of the state. */
export function gindexOf(...path: string[]): bigint {
  return ssz.fulu.BeaconState.getPathInfo(path).gindex
}

/** Lodestar's answer to a descriptor: the leaves of the compact multiproof, in its order. Throws on a bad descriptor. */
export function compactProof(tree: Node, descriptor: Uint8Array): { leaves: Uint8Array[]; descriptor: Uint8Array } {
  const proof = createProof(tree, { type: ProofType.compactMulti, descriptor })
  if (proof.type !== ProofType.compactMulti) throw new Error(`unexpected proof type ${proof.type}`)
  return proof
}
