import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { findViolations } from './layers.ts'
import { root } from './tool-path.ts'

/** Lays out a small house in a temporary folder and returns what the rule finds in it. */
function rulesBrokenBy(files: Readonly<Record<string, string>>): readonly string[] {
  const folder = mkdtempSync(join(tmpdir(), 'layers-'))
  try {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true })
      writeFileSync(join(folder, path), text)
    }
    writeFileSync(join(folder, 'root.json'), JSON.stringify({ name: 'house', devDependencies: { 'fast-check': '1' } }))
    return findViolations(join(folder, 'packages'), join(folder, 'root.json')).map(({ rule }) => rule)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const manifest = (name: string, dependencies: readonly string[] = []) =>
  JSON.stringify({ name: `@meridian/${name}`, dependencies: Object.fromEntries(dependencies.map((d) => [d, '1'])) })

test('the house keeps its own rule', () => {
  assert.deepEqual(findViolations(join(root, 'packages'), join(root, 'package.json')), [])
})

test('an import that goes up is found', () => {
  const files = {
    'packages/core/package.json': manifest('core', ['@meridian/chain']),
    'packages/core/src/a.ts': "import { createRpc } from '@meridian/chain'\n",
  }
  assert.deepEqual(rulesBrokenBy(files), ['UPWARD'])
})

test('an upward import hidden in a dynamic import or a re-export is found', () => {
  const files = {
    'packages/core/package.json': manifest('core', ['@meridian/chain', '@meridian/cli']),
    'packages/core/src/a.ts': "const late = await import('@meridian/cli')\nexport * from '@meridian/chain'\n",
  }
  assert.deepEqual(rulesBrokenBy(files), ['UPWARD', 'UPWARD'])
})

test('a relative path into another package is found', () => {
  const files = {
    'packages/compass/package.json': manifest('compass'),
    'packages/compass/src/a.ts': "import { x } from '../../core/src/errors.ts'\n",
  }
  assert.deepEqual(rulesBrokenBy(files), ['RELATIVE_ESCAPE'])
})

test('a dependency that the manifest does not name is found, save a shared test tool in a test', () => {
  const files = {
    'packages/core/package.json': manifest('core'),
    'packages/core/src/a.ts': "import { keccak256 } from 'viem'\n",
    'packages/core/src/a.test.ts': "import fc from 'fast-check'\n",
  }
  assert.deepEqual(rulesBrokenBy(files), ['UNDECLARED'])
})

test("Node's own modules in a pure package are found, and allowed in a thin one", () => {
  const files = {
    'packages/proofs/package.json': manifest('proofs'),
    'packages/proofs/src/a.ts': "import { readFileSync } from 'node:fs'\n",
    'packages/chain/package.json': manifest('chain'),
    'packages/chain/src/a.ts': "import { request } from 'node:http'\n",
  }
  assert.deepEqual(rulesBrokenBy(files), ['NODE_IN_PURE'])
})

test('a package that the rule does not list is found', () => {
  const files = { 'packages/misc/package.json': manifest('misc'), 'packages/misc/src/a.ts': 'export {}\n' }
  assert.deepEqual(rulesBrokenBy(files), ['UNKNOWN_PACKAGE'])
})

test('files that import each other, through others and for a type alone too, are found; where they merely meet again they are not', () => {
  const files = {
    'packages/core/package.json': manifest('core'),
    'packages/core/src/a.ts': "import { b } from './b.ts'\n",
    'packages/core/src/b.ts': "import { c } from './deep/c.ts'\n",
    'packages/core/src/deep/c.ts': "import { type A, a } from '../a.ts'\n",
    'packages/core/src/index.ts': "export * from './a.ts'\nexport * from './b.ts'\n",
  }
  assert.deepEqual(rulesBrokenBy(files), ['CYCLE'])
  const typesOnly = { ...files, 'packages/core/src/deep/c.ts': "import type { A } from '../a.ts'\n" }
  assert.deepEqual(rulesBrokenBy(typesOnly), ['CYCLE'])
  const broken = { ...files, 'packages/core/src/deep/c.ts': "export type { A } from './d.ts'\n" }
  assert.deepEqual(rulesBrokenBy({ ...broken, 'packages/core/src/deep/d.ts': 'export {}\n' }), [])
})
