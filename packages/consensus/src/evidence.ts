import type { Hex } from 'viem'
import type { BlockProof } from './types.ts'

/**
 * Evidence of two blocks at one height: the header that a client accepted and has stored, and the chain's own. Null where
 * the update did not hold the one, the chain has not the other, both are the same, or the client has no set any more that
 * vouches for the chain's own.
 *
 * @param prove The chain's own block under its seals or votes. @param encode Evidence with that proof.
 */
export async function evidenceAgainst<Header extends { readonly hash: Hex }>(
  accepted: Header | undefined,
  own: Header | undefined,
  prove: (own: Header) => Promise<BlockProof>,
  encode: (accepted: Header, proof: Hex) => Hex,
): Promise<Hex | null> {
  if (accepted === undefined || own === undefined || own.hash === accepted.hash) return null
  const proof = await prove(own)
  if (proof.status === 'waiting' || proof.updates.length > 0) return null
  return encode(accepted, proof.proof)
}
