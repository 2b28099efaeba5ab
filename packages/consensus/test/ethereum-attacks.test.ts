/** The list of attacks in the specification names a test for each, and each is there. */
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { test } from 'node:test'

const root = join(import.meta.dirname, '../../..')

test('every attack of the specification has its test', () => {
  const spec = readFileSync(join(root, 'docs/spec/ethereum-light-client.md'), 'utf8')
  const table = spec.slice(spec.indexOf('## Attacks, and the test of each'))
  const rows = [...table.matchAll(/^\| .+? +\| `([^`]+)` +\| `([^`]+)` +\|$/gm)]
  assert.ok(rows.length >= 15, `${rows.length} rows`)
  const paths = globSync(['contracts/test/light-clients/ethereum/*.sol', 'packages/consensus/test/*.ts'], { cwd: root })
  for (const [, file = '', name = ''] of rows) {
    const path = paths.find((one) => basename(one) === file)
    assert.ok(path !== undefined, `${file} is not there`)
    assert.ok(readFileSync(join(root, path), 'utf8').includes(name), `${file} has no ${name}`)
  }
})
