import type { PortNode } from '@meridian/consensus'
import { QuorumError } from './errors.ts'

/** What an endpoint answered, by what can be compared of it. */
interface Vote<N, T> {
  readonly node: N
  readonly key: string
  readonly value: T
}

/**
 * What `quorum` endpoints say alike. As many are asked as that takes; where they differ, or one does not answer, the next ones
 * are asked too. Who says something else than the quorum is passed over and named.
 *
 * @param read What one endpoint says. @param keyOf What of it has to be the same.
 * @throws {QuorumError} too few say the same: who says what.
 */
export async function readByQuorum<N extends PortNode, T>(
  nodes: readonly N[],
  quorum: number,
  what: string,
  read: (node: N) => Promise<T>,
  keyOf: (value: T) => string,
): Promise<T> {
  const votes: Vote<N, T>[] = []
  const failures: unknown[] = []
  for (let asked = 0; asked < nodes.length; ) {
    const missing = quorum - mostVotes(votes)
    const next = nodes.slice(asked, asked + missing)
    asked += next.length
    const outcomes = await Promise.allSettled(next.map(read))
    for (const [i, outcome] of outcomes.entries()) {
      const node = next[i]
      if (node === undefined) continue
      if (outcome.status === 'rejected') failures.push(outcome.reason)
      else votes.push({ node, key: keyOf(outcome.value), value: outcome.value })
    }
    const winner = votes.find(({ key }) => votes.filter((vote) => vote.key === key).length >= quorum)
    if (winner === undefined) continue
    for (const { node, key } of votes)
      if (key !== winner.key)
        node.passOver(new QuorumError(what, quorum, [`${node.host}: ${key}`, `others: ${winner.key}`]))
    return winner.value
  }
  // with none of them answering, why the last one did not says more
  if (votes.length === 0 && failures.length > 0) throw failures.at(-1)
  const said = votes.map(({ node, key }) => `${node.host}: ${key}`)
  throw new QuorumError(what, quorum, said, failures.length === 0 ? undefined : { cause: failures.at(-1) })
}

function mostVotes(votes: readonly { readonly key: string }[]): number {
  const counts = votes.map(({ key }) => votes.filter((vote) => vote.key === key).length)
  return Math.max(0, ...counts)
}
