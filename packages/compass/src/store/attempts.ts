import type { Kysely, Selectable } from 'kysely'
import { toTransaction } from './rows.ts'
import type { Schema, TransactionTable } from './schema.ts'
import type { Transaction } from './transactions.ts'

/** Transactions with every form in which they were signed, in the order of the rows. */
export async function withAttempts(
  db: Kysely<Schema>,
  rows: readonly Selectable<TransactionTable>[],
): Promise<readonly Transaction[]> {
  if (rows.length === 0) return []
  const ids = rows.map(({ id }) => id)
  const attempts = await db
    .selectFrom('attempts')
    .selectAll()
    .where('transaction_id', 'in', ids)
    .orderBy('created_at')
    .execute()
  return rows.map((row) =>
    toTransaction(
      row,
      attempts.filter((attempt) => attempt.transaction_id === row.id),
    ),
  )
}
