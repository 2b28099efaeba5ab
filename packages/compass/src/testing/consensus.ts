import type { Consensus } from '@meridian/consensus'

const absent = () => Promise.reject(new Error('not in this test'))

/** A consensus that answers what a test says. Nothing is to be maintained, and whatever else it is asked for fails. */
export function testConsensus<const T extends Partial<Consensus>>(answers: T) {
  return {
    kind: 'qbft' as const,
    finalized: absent,
    readClient: absent,
    proveBlock: absent,
    proveReceiptsRoot: absent,
    maintain: async () => [],
    ownViews: absent,
    misbehaviour: absent,
    ...answers,
  } satisfies Consensus
}
