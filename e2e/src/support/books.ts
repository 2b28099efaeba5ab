import assert from 'node:assert/strict'
import { iLightClientAbi } from '@meridian/abi'
import { mapMessageInTopic, parseMapMessageIn } from '@meridian/core'
import { getAbiItem, toFunctionSelector } from 'viem'
import type { Side } from './two-qbft.ts'

/** `ILightClient.update`. */
const updateSelector = toFunctionSelector(getAbiItem({ abi: iLightClientAbi, name: 'update' }))

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
 * delivered something or moved a light client, but for `spared`: those that a race cost, or that somebody else made with its key.
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
  if (paid - useful <= spared) return
  const idle = (await Promise.all([a, b].map(idleTransactions))).flat()
  assert.ok(idle.length <= spared, `${idle.length} transactions did nothing, ${spared} may:\n${idle.join('\n')}`)
}

/** What the relayer paid for on a side and came to nothing: neither a delivery nor an update of a light client. */
async function idleTransactions(side: Side): Promise<readonly string[]> {
  const { client } = side.deployer
  const { transactions } = await ranOn(side)
  const found: string[] = []
  for (let number = side.contracts.fromBlock; number <= (await client.getBlockNumber()); number++) {
    const block = await client.getBlock({ blockNumber: number, includeTransactions: true })
    for (const { hash, from, to, nonce, input, gas } of block.transactions) {
      if (from.toLowerCase() !== side.relayer.toLowerCase() || transactions.has(hash)) continue
      const { status } = await client.getTransactionReceipt({ hash })
      if (status === 'success' && input.startsWith(updateSelector)) continue
      found.push(
        `chain ${side.contracts.chainId} block ${number} nonce ${nonce} ${status} to ${to} gas ${gas} ${input.slice(0, 10)}`,
      )
    }
  }
  return found
}
