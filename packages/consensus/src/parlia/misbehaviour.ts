import { type Hex, hexToBytes } from 'viem'
import { evidenceAgainst } from '../evidence.ts'
import type { AcceptedUpdate, ClientState, Evidence } from '../types.ts'
import { encodeEvidence, encodeStoredProof } from './encode.ts'
import { type ParliaHeader, readHeader } from './header.ts'
import { proveByVotes } from './prove.ts'
import type { ParliaSource } from './source.ts'

/** First byte of a list whose length has two bytes: every header's. */
const LONG_LIST = 0xf9

/**
 * Evidence that the head which a client accepted is not the chain's: the accepted header, which the client has stored, and
 * the chain's own block at that height under its votes.
 *
 * @throws {ParliaSourceError} the node does not answer as a node of the chain does.
 */
export async function parliaMisbehaviour(
  source: ParliaSource,
  client: ClientState,
  accepted: AcceptedUpdate,
  now: bigint,
): Promise<Evidence> {
  const header = headerIn(accepted.update, accepted.hash)
  const own = await source.findHeader(accepted.number)
  return evidenceAgainst(
    header,
    own,
    (block) => proveByVotes(source, client, block, now),
    (stored, proof) => encodeEvidence(encodeStoredProof(stored), proof),
  )
}

/** The header with a hash, wherever in an update it stands: its hash is what tells it from anything else. */
function headerIn(update: Hex, hash: Hex): ParliaHeader | undefined {
  const bytes = hexToBytes(update)
  for (let at = bytes.indexOf(LONG_LIST); at >= 0; at = bytes.indexOf(LONG_LIST, at + 1)) {
    try {
      const { header } = readHeader(bytes, at)
      if (header.hash === hash.toLowerCase()) return header
    } catch {
      // no header begins here
    }
  }
  return undefined
}
