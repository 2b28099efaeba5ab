/**
 * `npm run bench` prints a table of gas; `npm run -s bench -- gas --json` prints the same figures as one JSON object.
 * `bench relay [--json] [--seconds N] [--rate N] [--warm-up N] [--memory-seconds N] [--store postgres|pglite] [--only ID,…]`
 * measures Compass. A figure beyond its floor is reported like any other: it is a test's business to fail.
 */
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { measureRelay, relayTable } from './relay/report.ts'
import { measure } from './scenario.ts'
import { scenarios } from './scenarios/index.ts'
import { table } from './table.ts'

function fail(why: string): never {
  process.stderr.write(`bench: ${why}; expected: bench [gas|relay] [--json]\n`)
  process.exit(2)
}

function read() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        json: { type: 'boolean', default: false },
        seconds: { type: 'string', default: '300' },
        rate: { type: 'string', default: '105' },
        'warm-up': { type: 'string', default: '20' },
        'memory-seconds': { type: 'string', default: '3600' },
        store: { type: 'string', default: 'postgres' },
        only: { type: 'string', default: '' },
      },
    })
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error))
  }
}

const { values, positionals } = read()
const [suite = 'gas', surplus] = positionals
if (surplus !== undefined || (suite !== 'gas' && suite !== 'relay')) fail(`unknown argument "${surplus ?? suite}"`)
const number = (name: 'seconds' | 'rate' | 'warm-up' | 'memory-seconds'): number => {
  const value = Number(values[name])
  return Number.isFinite(value) && value > 0 ? value : fail(`--${name} is no number`)
}

if (suite === 'relay') {
  const { store } = values
  if (store !== 'postgres' && store !== 'pglite') fail(`unknown store "${store}"`)
  const report = await measureRelay(
    {
      store,
      rate: number('rate'),
      seconds: number('seconds'),
      warmUp: number('warm-up'),
      memorySeconds: number('memory-seconds'),
      only: values.only === '' ? [] : values.only.split(','),
    },
    (text) => process.stderr.write(`${text}\n`),
  )
  process.stdout.write(`${values.json ? JSON.stringify(report) : relayTable(report)}\n`)
} else {
  const root = join(fileURLToPath(import.meta.url), '..', '..', '..')
  const report = await measure(scenarios, {
    fixtures: process.env.MERIDIAN_FIXTURES ?? join(root, '..', 'shared', 'fixtures'),
  })
  process.stdout.write(`${values.json ? JSON.stringify(report) : table(report)}\n`)
}
