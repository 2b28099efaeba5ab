import type { Hex } from 'viem'
import type { BlockProof, Evidence, NoEvidence } from './types.ts'

/** No evidence, and why. */
export const noEvidence = (code: NoEvidence, detail: string): Evidence => ({ status: 'none', code, detail })

/**
 * Evidence of two blocks at one height: the header that a client accepted and has stored, and the chain's own.
 *
 * @param prove The chain's own block under its seals or votes. @param encode Evidence with that proof.
 */
export async function evidenceAgainst<Header extends { readonly hash: Hex }>(
  accepted: Header | undefined,
  own: Header | undefined,
  prove: (own: Header) => Promise<BlockProof>,
  encode: (accepted: Header, proof: Hex) => Hex,
): Promise<Evidence> {
  if (accepted === undefined) return noEvidence('UPDATE_NOT_FOUND', 'the bytes do not hold the accepted header')
  if (own === undefined) return noEvidence('NOT_SERVED', 'our nodes have no block at that height')
  if (own.hash === accepted.hash) return noEvidence('NO_CONFLICT', 'our nodes have the accepted block')
  const proof = await prove(own)
  if (proof.status === 'waiting') {
    const { reason } = proof
    if (reason.code === 'CLIENT_UNUSABLE') return noEvidence('EXPIRED', `the client is ${reason.status}`)
    if (reason.code === 'UPDATE_NOT_SERVED') return noEvidence('SET_UNKNOWN', reason.detail)
    return noEvidence('NOT_SERVED', `our own block is not proven yet: ${reason.code}`)
  }
  if (proof.updates.length > 0) return noEvidence('SET_UNKNOWN', "the client does not know our own block's set yet")
  return { status: 'found', data: encode(accepted, proof.proof) }
}
