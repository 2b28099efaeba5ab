import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { root } from './tool-path.ts'

const folders = ['contracts/test', 'packages', 'e2e/src']

/** Text of every test there is. */
function* tests(): Generator<string> {
  for (const folder of folders) {
    for (const path of readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })) {
      if (path.includes('node_modules') || !/(\.t\.sol|\.test\.ts)$/.test(path)) continue
      yield readFileSync(join(root, folder, path), 'utf8')
    }
  }
}

test('every invariant is held by a test that cites its number, and every number cited is an invariant', () => {
  const document = readFileSync(join(root, 'docs', 'INVARIANTS.md'), 'utf8')
  const numbered = new Set([...document.matchAll(/\*\*([A-Z]+-\d+)\*\*/g)].map(([, id]) => id))
  assert.ok(numbered.size > 0)
  const kinds = [...new Set([...numbered].map((id) => id?.split('-')[0]))].join('|')
  const cited = new Set([...tests()].flatMap((text) => text.match(new RegExp(`\\b(?:${kinds})-\\d+\\b`, 'g')) ?? []))
  assert.deepEqual(
    [...numbered].filter((id) => id !== undefined && !cited.has(id)),
    [],
    'not cited',
  )
  assert.deepEqual(
    [...cited].filter((id) => !numbered.has(id)),
    [],
    'unknown',
  )
})
