import { openDatabase } from '@meridian/compass/testing/store'
import type { Expected } from '../books.ts'
import type { Side, TwoChains } from '../two-qbft.ts'

type Database = Awaited<ReturnType<typeof openDatabase>>['db']

/** What a store says that is not so, and what it does not say: a line each. Nobody else may have it open. */
export async function inconsistencies(
  place: string,
  { a, b }: Pick<TwoChains, 'a' | 'b'>,
  sent: readonly Expected[],
): Promise<readonly string[]> {
  const { db, close } = await openDatabase(place)
  try {
    const found = await Promise.all([messagesOf(db, sent), ...[a, b].map((side) => ledgerOf(db, side))])
    return found.flat()
  } finally {
    await close()
  }
}

/** Every message that was sent is there once and at its end, and no other is there. */
async function messagesOf(db: Database, sent: readonly Expected[]): Promise<readonly string[]> {
  const rows = await db
    .selectFrom('messages')
    .select(['order_id', 'state', 'executed', 'outcome', 'reason_code', 'reason_detail'])
    .execute()
  const known = new Map(rows.map((row) => [row.order_id, row]))
  const wanted = new Set(sent.map(({ orderId }) => orderId))
  const missing = [...wanted].filter((orderId) => !known.has(orderId)).map((orderId) => `${orderId} is not there`)
  const open = rows
    .filter(({ state, executed }) => !(['delivered', 'included'].includes(state) && executed === true))
    .map((row) => `${row.order_id} is ${row.state}: ${row.reason_code ?? 'no reason'} ${row.reason_detail ?? ''}`)
  const made = rows.filter(({ order_id: id }) => !wanted.has(id)).map(({ order_id: id }) => `nobody sent ${id}`)
  return [...missing, ...open, ...made]
}

/** Each nonce landed once at most, and what landed is on the chain as it is written down. */
async function ledgerOf(db: Database, { contracts, deployer }: Side): Promise<readonly string[]> {
  const rows = await db
    .selectFrom('transactions')
    .select(['signer', 'nonce', 'hash', 'success', 'state'])
    .where('chain_id', '=', contracts.chainId)
    .where('state', 'in', ['mined', 'final'])
    .execute()
  const problems: string[] = []
  const nonces = new Set<string>()
  for (const { signer, nonce, hash, success, state } of rows) {
    const name = `chain ${contracts.chainId} ${signer} nonce ${nonce} (${state})`
    if (nonces.has(`${signer} ${nonce}`)) problems.push(`${name} landed twice`)
    nonces.add(`${signer} ${nonce}`)
    // CAST: the ledger writes hex
    const receipt = await deployer.client.getTransactionReceipt({ hash: hash as `0x${string}` }).catch(() => null)
    if (receipt === null) problems.push(`${name} is on no block`)
    else if ((receipt.status === 'success') !== success) problems.push(`${name} is ${receipt.status} on chain`)
  }
  return problems
}
