import assert from 'node:assert/strict'
import { iLightClientAbi, iMessageServiceAbi } from '@meridian/abi'
import { mapMessageInTopic, parseMapMessageIn } from '@meridian/core'
import { type Address, decodeFunctionData, getAbiItem, type Hex, type Transaction, toFunctionSelector } from 'viem'
import type { Side } from './two-qbft.ts'

/** `ILightClient.update`. */
const updateSelector = toFunctionSelector(getAbiItem({ abi: iLightClientAbi, name: 'update' }))

/** Blocks that are read side by side. */
const BLOCKS_AT_ONCE = 64n

/** A message on its way to a side. */
export interface Expected {
  readonly to: Side
  readonly orderId: string
}

/** What may have been paid for in vain. */
export interface Allowance {
  /** Transactions: those that a harm itself costs, or that somebody else made with the key. */
  readonly spared?: number
  /** Wallet of a second Compass that shares nothing with the first: a race a message may then be lost. */
  readonly rival?: Address
}

/** What ran on a side. */
export interface Ran {
  /** How often each order did. */
  readonly counts: ReadonlyMap<string, number>
  readonly transactions: ReadonlySet<string>
  /** The transaction that ran an order. */
  readonly by: ReadonlyMap<string, Hex>
}

/** Every order that ran on a side, how often, and in which transactions. */
export async function ranOn(side: Side): Promise<Ran> {
  const logs = await side.deployer.client.getLogs({ address: side.contracts.mos, fromBlock: 0n, toBlock: 'latest' })
  const counts = new Map<string, number>()
  const transactions = new Set<string>()
  const by = new Map<string, Hex>()
  for (const log of logs) {
    if (log.topics[0] !== mapMessageInTopic) continue
    const { orderId, result } = parseMapMessageIn(log)
    assert.ok(result)
    counts.set(orderId, (counts.get(orderId) ?? 0) + 1)
    transactions.add(log.transactionHash)
    by.set(orderId, log.transactionHash)
  }
  return { counts, transactions, by }
}

/**
 * Holds what ran against what was sent: each order once, nothing else, and every transaction that was paid for delivered
 * something or moved a light client, but for what is allowed.
 */
export async function everyOrderRanOnce(
  { a, b }: { readonly a: Side; readonly b: Side },
  sent: readonly Expected[],
  { spared = 0, rival }: Allowance = {},
): Promise<void> {
  let paid = 0
  let useful = 0
  for (const side of [a, b]) {
    const { counts, transactions } = await ranOn(side)
    const expected = sent.filter(({ to }) => to === side)
    for (const { orderId } of expected) assert.equal(counts.get(orderId), 1, orderId)
    assert.equal(counts.size, expected.length)
    assert.equal(await side.count(), BigInt(expected.length))
    for (const address of [side.relayer, ...(rival === undefined ? [] : [rival])])
      paid += await side.deployer.client.getTransactionCount({ address })
    useful += transactions.size
  }
  if (paid - useful <= spared) return
  const idle = (await Promise.all([a, b].map((side) => idleTransactions(side, rival)))).flat()
  const lost = rival === undefined ? [] : idle.filter(({ orders }) => orders.length > 0)
  const races = new Map<Hex, number>()
  for (const orderId of lost.flatMap(({ orders }) => orders)) races.set(orderId, (races.get(orderId) ?? 0) + 1)
  const raced = [...races].filter(([, count]) => count > 1).map(([orderId]) => orderId)
  const list = idle.map(({ text }) => text).join('\n')
  assert.deepEqual(raced, [], `more than one race was lost for these:\n${list}`)
  const rest = idle.length - lost.length
  assert.ok(rest <= spared, `${rest} transactions did nothing, ${spared} may:\n${list}`)
}

/** A transaction that was paid for and came to nothing. */
interface Idle {
  readonly text: string
  /** Messages that it was to deliver, and that the other wallet delivered. */
  readonly orders: readonly Hex[]
}

/** What was paid for on a side and came to nothing: neither a delivery nor an update of a light client. */
async function idleTransactions(side: Side, rival: Address | undefined): Promise<readonly Idle[]> {
  const { client } = side.deployer
  const { transactions, by } = await ranOn(side)
  const payers = new Set([side.relayer, ...(rival === undefined ? [] : [rival])].map((one) => one.toLowerCase()))
  const ours: Transaction[] = []
  // the chain goes on meanwhile, and what comes now is none of this run's
  const head = await client.getBlockNumber()
  for (let first = side.contracts.fromBlock; first <= head; first += BLOCKS_AT_ONCE) {
    const count = Number(head - first < BLOCKS_AT_ONCE ? head - first + 1n : BLOCKS_AT_ONCE)
    const blocks = await Promise.all(
      Array.from({ length: count }, (_, i) =>
        client.getBlock({ blockNumber: first + BigInt(i), includeTransactions: true }),
      ),
    )
    ours.push(...blocks.flatMap((block) => block.transactions).filter(({ from }) => payers.has(from.toLowerCase())))
  }
  const payerOf = new Map(ours.map(({ hash, from }) => [hash, from]))
  const found: Idle[] = []
  for (const { hash, from, to, nonce, input, gas, blockNumber } of ours) {
    if (transactions.has(hash)) continue
    const { status } = await client.getTransactionReceipt({ hash })
    if (status === 'success' && input.startsWith(updateSelector)) continue
    const where = `chain ${side.contracts.chainId} block ${blockNumber} from ${from} nonce ${nonce}`
    const orders = ordersOf(input).filter((orderId) => {
      const winner = payerOf.get(by.get(orderId) ?? '0x')
      return winner !== undefined && winner !== from
    })
    found.push({ text: `${where} ${status} to ${to} gas ${gas} ${input.slice(0, 10)}`, orders })
  }
  return found
}

/** Orders that a call of MOS was to deliver, by its hints; none where it is another call. */
function ordersOf(input: Hex): readonly Hex[] {
  try {
    const { functionName, args } = decodeFunctionData({ abi: iMessageServiceAbi, data: input })
    if (functionName === 'deliver') return [args[2]]
    return functionName === 'transferInBatch' ? args[2] : []
  } catch {
    return []
  }
}
