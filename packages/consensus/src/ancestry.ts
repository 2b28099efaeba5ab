import type { Hex } from 'viem'
import { isExpired, ready, waiting } from './answers.ts'
import type { BlockProof, ClientState } from './types.ts'

/** How far above a block an anchor is looked for, where what vouches for the block itself no longer counts. */
const MAX_ANCESTORS = 64n

/**
 * Proves a block at or below the head of a client whose headers are linked by parent hashes: by itself, or as an ancestor of
 * the first block above it that the client takes.
 *
 * @param above The header at a number, which the chain has.
 * @param prove The proof from an anchor down through `ancestors`, which end at its parent; undefined where the client does
 *        not take the anchor.
 */
export async function proveThroughAncestors<Header extends { readonly number: bigint }>(
  client: ClientState,
  block: Header,
  now: bigint,
  above: (number: bigint) => Promise<Header>,
  prove: (anchor: Header, ancestors: readonly Header[]) => Promise<Hex | undefined>,
): Promise<BlockProof> {
  const ancestors: Header[] = []
  for (let anchor = block; ; anchor = await above(anchor.number + 1n)) {
    const proof = await prove(anchor, ancestors)
    if (proof !== undefined) return ready(proof)
    if (anchor.number >= client.head.number || anchor.number - block.number >= MAX_ANCESTORS) break
    ancestors.unshift(anchor)
  }
  if (isExpired(client, now)) return waiting({ code: 'CLIENT_UNUSABLE', status: 'expired' })
  return waiting({
    code: 'UPDATE_NOT_SERVED',
    detail: `no set that the client still trusts vouches for block ${block.number} or one of the ${MAX_ANCESTORS} above it`,
  })
}
