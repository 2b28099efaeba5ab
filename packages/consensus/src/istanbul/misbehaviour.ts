import { bytesToBigInt, type Hex, hexToBytes, size } from 'viem'
import { evidenceAgainst } from '../evidence.ts'
import type { AcceptedUpdate, ClientState, Evidence, SourcePorts } from '../types.ts'
import { G1_SIZE, G2_SIZE } from './bn254.ts'
import { encodeEvidence, encodeStoredProof } from './encode.ts'
import { type HashedHeader, readHashForm } from './header.ts'
import { proveBlock } from './prove.ts'
import { sealHints } from './seal.ts'
import { createIstanbulSource } from './source.ts'

/** Layout of a sealed header, as `docs/spec/istanbul-light-client.md` has it. */
const COUNT_SIZE = 1
const BITMAP_SIZE = 32
const ROUND_SIZE = 8

/**
 * Evidence that the head which a client accepted is not the chain's: the accepted header, which the client has stored, and
 * the chain's own block at that height under its seal.
 *
 * @throws {IstanbulSourceError} the node does not answer as a node of the chain does.
 */
export async function istanbulMisbehaviour(
  ports: SourcePorts,
  client: ClientState,
  accepted: AcceptedUpdate,
  now: bigint,
): Promise<Evidence> {
  const header = headersIn(accepted.update).find(({ hash }) => hash === accepted.hash.toLowerCase())
  const own = await createIstanbulSource(ports.rpc).headerAt(accepted.number)
  return evidenceAgainst(
    header,
    own,
    ({ number, timestamp, hash }) => proveBlock(ports, client, { number, timestamp, hash }, now),
    (stored, proof) => encodeEvidence(encodeStoredProof(stored), proof),
  )
}

/** The headers of an update, as far as its bytes can be read. */
function headersIn(update: Hex): readonly HashedHeader[] {
  const bytes = hexToBytes(update)
  const headers: HashedHeader[] = []
  try {
    for (let at = 0; at < bytes.length; ) {
      const { header, to } = readHashForm(bytes, at)
      const roundAt = to + COUNT_SIZE + (bytes[to] ?? 0) * G1_SIZE + BITMAP_SIZE
      const round = bytesToBigInt(bytes.subarray(roundAt, roundAt + ROUND_SIZE))
      headers.push(header)
      at = roundAt + ROUND_SIZE + G1_SIZE + G2_SIZE + size(sealHints(header.hash, round))
    }
  } catch {
    // what follows is no header: another layout, or bytes that the client did not take either
  }
  return headers
}
