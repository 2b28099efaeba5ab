/**
 * `npm run bench` prints a table; `npm run -s bench -- gas --json` prints the same figures as one JSON object. A figure
 * above its floor is reported like any other: it is a test's business to fail.
 */
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { measure } from './scenario.ts'
import { scenarios } from './scenarios/index.ts'
import { table } from './table.ts'

const args = process.argv.slice(2)
const surplus = args.filter((arg) => arg !== '--json' && arg !== 'gas')
if (surplus.length > 0) {
  process.stderr.write(`bench: unknown argument "${surplus[0]}"; expected: bench [gas] [--json]\n`)
  process.exit(2)
}
const root = join(fileURLToPath(import.meta.url), '..', '..', '..')
const report = await measure(scenarios, {
  fixtures: process.env.MERIDIAN_FIXTURES ?? join(root, '..', 'shared', 'fixtures'),
})
process.stdout.write(`${args.includes('--json') ? JSON.stringify(report) : table(report)}\n`)
