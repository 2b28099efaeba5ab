import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { root } from './tool-path.ts'

/** A revert that is expected of a contract's creation in the test's own frame. */
const expectsOfNew = /\bexpect(?:Partial)?Revert\([^;]*;\s*(?:return\s+|[\w.]+(?:\s+\w+)?\s*=\s*)?new\s+[A-Z]\w*\(/g

// forge's dynamic linking replaces `new` by a cheatcode that reverts in the test's frame: the test ends there, as passed
test('no Solidity test expects a revert of `new` without a frame in between', () => {
  const folder = join(root, 'contracts', 'test')
  const hollow = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.sol'))
    .flatMap((path) =>
      [...readFileSync(join(folder, path), 'utf8').matchAll(expectsOfNew)].map(([text]) => `${path}: ${text}`),
    )
  assert.deepEqual(hollow, [])
})

test('what it looks for is found in its forms, and nothing else', () => {
  const found = (text: string): number => [...text.matchAll(expectsOfNew)].length
  assert.equal(found('vm.expectRevert(zero);\n        new Client(1, _anchor(0));'), 1)
  assert.equal(found('vm.expectPartialRevert(A.B.selector);\n client = new Client();'), 1)
  assert.equal(found('vm.expectRevert(abi.encodeWithSelector(A.selector, 1));\n Client c = new Client();'), 1)
  assert.equal(found('vm.expectRevert(zero);\n        this.deploy(1);\n        new Client();'), 0)
})
