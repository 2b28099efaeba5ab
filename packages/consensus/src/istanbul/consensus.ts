import { ownBlocks } from '../own-views.ts'
import type { Consensus } from '../types.ts'
import { readIstanbulClient } from './client.ts'
import { IstanbulSourceError } from './errors.ts'
import { istanbulMisbehaviour } from './misbehaviour.ts'
import { maintain, proveBlock } from './prove.ts'
import { createIstanbulSource } from './source.ts'
import { readSystemReceipt } from './system-receipt.ts'

/**
 * The MAP relay chain as Compass sees it. Every block is final; headers are recomputed to their hashes and their seals
 * checked before anything goes into a proof.
 */
export const istanbulConsensus: Consensus = {
  kind: 'istanbul',
  async finalized({ rpc }) {
    const header = await createIstanbulSource(rpc).latest()
    // The genesis block carries no seal: it is final by definition.
    if (header.number !== 0n && header.seal === undefined)
      throw new IstanbulSourceError('ISTANBUL_NODE_ANSWER', 'the block has no seal', { number: header.number })
    return { number: header.number, timestamp: header.timestamp, hash: header.hash }
  },
  readClient: readIstanbulClient,
  proveBlock,
  // A header is hashed whole, so its receipts root has no shorter proof.
  proveReceiptsRoot: proveBlock,
  maintain,
  ownViews: ({ rpc }, claim) =>
    ownBlocks(rpc, claim, async (node, { number }) => {
      const header = await createIstanbulSource(node).headerAt(number)
      return header === undefined || (number !== 0n && header.seal === undefined) ? null : header.hash
    }),
  misbehaviour: (source, _target, client, accepted, now) => istanbulMisbehaviour(source, client, accepted, now),
  hiddenReceipts: readSystemReceipt,
}
