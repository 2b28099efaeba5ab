import { type Hex, hexToBytes } from 'viem'
import { evidenceAgainst } from '../evidence.ts'
import type { AcceptedUpdate, ClientState, Evidence, SourcePorts } from '../types.ts'
import { encodeEvidence, encodeStoredProof } from './encode.ts'
import { type QbftHeader, readHeader } from './header.ts'
import { proveBlock } from './prove.ts'
import { createQbftSource } from './source.ts'

/** Layout of a sealed header, as `docs/spec/qbft-light-client.md` has it. */
const RANGE_SIZE = 4
const COUNT_SIZE = 1
const MEMBER_SIZE = 21
const SEAL_SIZE = 66

/**
 * Evidence that the head which a client accepted is not the chain's: the accepted header, which the client has stored, and
 * the chain's own block at that height under its seals.
 *
 * @throws {QbftSourceError} the node does not answer as a QBFT node does.
 */
export async function qbftMisbehaviour(
  ports: SourcePorts,
  client: ClientState,
  accepted: AcceptedUpdate,
  now: bigint,
): Promise<Evidence> {
  const header = headersIn(accepted.update).find(({ hash }) => hash === accepted.hash.toLowerCase())
  const own = await createQbftSource(ports.rpc).headerAt(accepted.number)
  return evidenceAgainst(
    header,
    own,
    ({ number, timestamp, hash }) => proveBlock(ports, client, { number, timestamp, hash }, now),
    (stored, proof) => encodeEvidence(encodeStoredProof(stored), proof),
  )
}

/** The headers of an update, as far as its bytes can be read. */
function headersIn(update: Hex): readonly QbftHeader[] {
  const bytes = hexToBytes(update)
  const headers: QbftHeader[] = []
  try {
    for (let at = 0; at < bytes.length; ) {
      const trusted = bytes[at + RANGE_SIZE] ?? 0
      const sealsAt = at + RANGE_SIZE + COUNT_SIZE + trusted * MEMBER_SIZE
      const { header, to } = readHeader(bytes, sealsAt + COUNT_SIZE + (bytes[sealsAt] ?? 0) * SEAL_SIZE)
      headers.push(header)
      at = to
    }
  } catch {
    // what follows is no header: another layout, or bytes that the client did not take either
  }
  return headers
}
