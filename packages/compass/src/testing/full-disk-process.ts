/** `node full-disk-process.ts FOLDER`: is in the middle of a transaction when our standard input ends, and then commits it. */
import { once } from 'node:events'
import { sql } from 'kysely'
import { openDatabase } from '../store/open.ts'

const [folder] = process.argv.slice(2)
if (folder === undefined) throw new Error('usage: full-disk-process.ts FOLDER')
const database = await openDatabase(folder)
await database.db.transaction().execute(async (trx) => {
  process.stdout.write('begun\n')
  process.stdin.resume()
  await once(process.stdin, 'end')
  // the write-ahead log has to grow now
  await sql`select pg_switch_wal()`.execute(trx)
  await sql`update messages set attempts = 7`.execute(trx)
})
