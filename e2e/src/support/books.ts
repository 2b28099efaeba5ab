import assert from 'node:assert/strict'
import { mapMessageInTopic, parseMapMessageIn } from '@meridian/core'
import type { Side } from './two-qbft.ts'

/** A message on its way to a side. */
export interface Expected {
  readonly to: Side
  readonly orderId: string
}

/** Every order that ran on a side, how often, and in how many transactions. */
export async function ranOn(
  side: Side,
): Promise<{ readonly counts: ReadonlyMap<string, number>; readonly transactions: ReadonlySet<string> }> {
  const logs = await side.deployer.client.getLogs({ address: side.contracts.mos, fromBlock: 0n, toBlock: 'latest' })
  const counts = new Map<string, number>()
  const transactions = new Set<string>()
  for (const log of logs) {
    if (log.topics[0] !== mapMessageInTopic) continue
    const { orderId, result } = parseMapMessageIn(log)
    assert.ok(result)
    counts.set(orderId, (counts.get(orderId) ?? 0) + 1)
    transactions.add(log.transactionHash)
  }
  return { counts, transactions }
}

/**
 * Holds what ran against what was sent: each order once, nothing else, and every transaction that the relayer paid for
 * delivered something, but for `spared`: those that a race cost, or that somebody else made with its key.
 */
export async function everyOrderRanOnce(
  { a, b }: { readonly a: Side; readonly b: Side },
  sent: readonly Expected[],
  spared = 0,
): Promise<void> {
  let paid = 0
  let useful = 0
  for (const side of [a, b]) {
    const { counts, transactions } = await ranOn(side)
    const expected = sent.filter(({ to }) => to === side)
    for (const { orderId } of expected) assert.equal(counts.get(orderId), 1, orderId)
    assert.equal(counts.size, expected.length)
    assert.equal(await side.count(), BigInt(expected.length))
    paid += await side.deployer.client.getTransactionCount({ address: side.relayer })
    useful += transactions.size
  }
  assert.ok(paid - useful <= spared, `${paid} transactions were paid for, ${useful} delivered something`)
}
