import type { Hex } from 'viem'
import type { AcceptedClaim, OwnView, OwnViews, PortNode, RpcPort } from './types.ts'

/**
 * What each execution node has in the place of a head.
 *
 * @param read The hash at that height, null where the node does not have it or does not hold it final yet.
 * @throws what the last node failed with, where none answers.
 */
export async function ownBlocks(
  rpc: RpcPort,
  claim: AcceptedClaim,
  read: (node: RpcPort, claim: AcceptedClaim) => Promise<Hex | null>,
): Promise<OwnViews> {
  const single: RpcPort & PortNode = {
    host: 'the node',
    request: (method, params) => rpc.request(method, params),
    passOver: () => undefined,
  }
  const several = rpc.nodes?.() ?? []
  const nodes = several.length > 0 ? several : [single]
  const outcomes = await Promise.allSettled(nodes.map((node) => read(node, claim)))
  const views: OwnView[] = []
  let failure: unknown
  for (const [i, outcome] of outcomes.entries()) {
    const node = nodes[i]
    if (node === undefined) continue
    if (outcome.status === 'fulfilled') views.push({ host: node.host, hash: outcome.value })
    else failure = outcome.reason
  }
  if (views.length === 0) throw failure
  return { asked: nodes.length, views }
}
