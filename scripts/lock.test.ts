import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { root } from './tool-path.ts'

interface LockEntry {
  readonly version?: string
  readonly link?: boolean
  readonly resolved?: string
  readonly hasInstallScript?: boolean
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
  readonly packages: Readonly<Record<string, LockEntry>>
} // CAST: npm's own format
const entries = Object.entries(lock.packages)

test('the lock file names every platform package, so that npm ci works where a registry lacks some', () => {
  const missing = entries.flatMap(([path, entry]) =>
    Object.keys(entry.optionalDependencies ?? {}).filter(
      (name) => !(`node_modules/${name}` in lock.packages) && !(`${path}/node_modules/${name}` in lock.packages),
    ),
  )
  assert.deepEqual(missing, [])
})

test('the lock file names no host', () => {
  assert.deepEqual(
    entries.filter(([, { resolved, link }]) => link !== true && resolved !== undefined).map(([path]) => path),
    [],
  )
})
