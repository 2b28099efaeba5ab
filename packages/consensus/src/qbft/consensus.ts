import { ownBlocks } from '../own-views.ts'
import type { Consensus } from '../types.ts'
import { readQbftClient } from './client.ts'
import { qbftMisbehaviour } from './misbehaviour.ts'
import { quorumSeals } from './plan.ts'
import { maintain, proveBlock } from './prove.ts'
import { createQbftSource } from './source.ts'

/**
 * QBFT with header voting as Compass sees it. Every block is final; headers are recomputed to their hashes and their
 * seals recovered before anything goes into a proof.
 */
export const qbftConsensus: Consensus = {
  kind: 'qbft',
  async finalized({ rpc }) {
    const header = await createQbftSource(rpc).latest()
    // The genesis block carries no seals: it is final by definition.
    if (header.number !== 0n) quorumSeals(header)
    return { number: header.number, timestamp: header.timestamp, hash: header.hash }
  },
  readClient: readQbftClient,
  proveBlock,
  // A header is hashed whole, so its receipts root has no shorter proof.
  proveReceiptsRoot: proveBlock,
  maintain,
  ownViews: ({ rpc }, claim) =>
    ownBlocks(rpc, claim, async (node, { number }) => {
      const header = await createQbftSource(node).headerAt(number)
      if (header === undefined) return null
      if (number !== 0n) quorumSeals(header)
      return header.hash
    }),
  misbehaviour: (source, _target, client, accepted, now) => qbftMisbehaviour(source, client, accepted, now),
}
