import { isExpired, waiting } from './answers.ts'
import type { BlockPoint, BlockProof, ClientState } from './types.ts'

/** Headers of a chain whose every sealed block is final, each recomputed to its hash. */
export interface SealedChain<Header extends BlockPoint> {
  /** The newest block. */
  latest(): Promise<Header>
  /** The header at a height, undefined where the node has none yet. */
  headerAt(number: bigint): Promise<Header | undefined>
}

/** An answer of the chain's node that cannot be, as the consensus' own error. */
export type WrongAnswer = (message: string, context: Readonly<Record<string, unknown>>) => Error

/** What proves a block of a sealed chain, by where it is. */
export interface SealedProofs {
  /** Seconds that a header may be ahead of the target chain. */
  readonly clockDrift: bigint
  /** Proves it at or below the client's head. */
  known(): Promise<BlockProof>
  /** Proves it above. */
  ahead(): Promise<BlockProof>
}

/**
 * Updates and proof for a block of a sealed chain, as `Consensus.proveBlock` has it, as far as what vouches for it does not
 * matter.
 *
 * @param proofs Of the header, which is the chain's own. @throws `wrong` where the chain has another block there.
 */
export async function proveSealed<Header extends BlockPoint>(
  chain: SealedChain<Header>,
  client: ClientState,
  block: BlockPoint,
  now: bigint,
  wrong: WrongAnswer,
  proofs: (header: Header) => SealedProofs,
): Promise<BlockProof> {
  if (client.status === 'frozen') return waiting({ code: 'CLIENT_UNUSABLE', status: 'frozen' })
  const header = await chain.headerAt(block.number)
  if (header === undefined)
    return waiting({ code: 'NOT_FINAL', finalized: (await chain.latest()).number, wanted: block.number })
  if (header.hash !== block.hash.toLowerCase())
    throw wrong('the chain has another block at this height', {
      number: block.number,
      expected: block.hash,
      given: header.hash,
    })
  const { clockDrift, known, ahead } = proofs(header)
  if (block.number <= client.head.number) return known()
  if (isExpired(client, now)) return waiting({ code: 'CLIENT_UNUSABLE', status: 'expired' })
  const earliest = header.timestamp - clockDrift
  if (now < earliest) return waiting({ code: 'CLOCK_BEHIND', earliest, now })
  return ahead()
}

/** The header at a height that the client knows. @throws `wrong` where the node lacks it. */
export async function requireHeader<Header extends BlockPoint>(
  chain: SealedChain<Header>,
  number: bigint,
  wrong: WrongAnswer,
): Promise<Header> {
  const header = await chain.headerAt(number)
  if (header === undefined) throw wrong('the node lacks a block that the client knows', { number })
  return header
}
