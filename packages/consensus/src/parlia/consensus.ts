import { ownBlocks } from '../own-views.ts'
import type { Consensus, SourcePorts } from '../types.ts'
import { readParliaClient } from './client.ts'
import { EPOCH_LENGTH } from './deploy.ts'
import { ParliaSourceError } from './errors.ts'
import { parliaMisbehaviour } from './misbehaviour.ts'
import { FINALITY_DEPTH, maintain, proveBlock } from './prove.ts'
import { createParliaCache, createParliaSource, type ParliaSource } from './source.ts'

/** What of a Parlia chain is not in its headers. */
export interface ParliaSettings {
  /** Blocks in an epoch; BNB Smart Chain's by default. */
  readonly epochLength?: bigint
}

/**
 * Parlia with fast finality as Compass sees it. A block is final once votes for it and for its child are in a header;
 * headers are recomputed to their hashes and votes verified before anything goes into a proof.
 */
export function createParliaConsensus({ epochLength = EPOCH_LENGTH }: ParliaSettings = {}): Consensus {
  const cache = createParliaCache()
  const open = ({ rpc }: SourcePorts): ParliaSource => createParliaSource(rpc, epochLength, cache)
  return {
    kind: 'parlia',
    async finalized(ports) {
      const source = open(ports)
      const latest = await source.latest()
      const found = await source.lastFinal(latest, FINALITY_DEPTH)
      // The genesis block carries no votes: it is final by definition.
      const header = found?.header ?? (latest <= FINALITY_DEPTH ? await source.headerAt(0n) : undefined)
      if (header === undefined)
        throw new ParliaSourceError('PARLIA_NODE_ANSWER', 'no votes make any of the newest blocks final', { latest })
      return { number: header.number, timestamp: header.timestamp, hash: header.hash }
    },
    readClient: readParliaClient,
    proveBlock: (ports, client, block, now) => proveBlock(open(ports), client, block, now),
    // A header is hashed whole, so its receipts root has no shorter proof.
    proveReceiptsRoot: (ports, client, block, now) => proveBlock(open(ports), client, block, now),
    maintain: (ports, client, now) => maintain(open(ports), client, now),
    ownViews: ({ rpc }, claim) =>
      ownBlocks(rpc, claim, async (node, { number, hash }) => {
        // what one node said is not kept for another
        const source = createParliaSource(node, epochLength, createParliaCache())
        const header = await source.findHeader(number)
        if (header === undefined || header.hash === hash.toLowerCase()) return header?.hash ?? null
        const final = await source.lastFinal(await source.latest(), FINALITY_DEPTH)
        // read again: what was there before it was final may have been replaced
        if (final === undefined || final.header.number < number) return null
        return (await createParliaSource(node, epochLength, createParliaCache()).headerAt(number)).hash
      }),
    misbehaviour: (ports, _target, client, accepted, now) => parliaMisbehaviour(open(ports), client, accepted, now),
  }
}
