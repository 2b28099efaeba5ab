import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { findAmbiguousPackings } from './packed.ts'
import { root } from './tool-path.ts'

/** Dynamic arguments of each ambiguous call in a function with these parameters and this body. */
function found(parameters: string, body: string): readonly (readonly string[])[] {
  const folder = mkdtempSync(join(tmpdir(), 'packed-'))
  try {
    const text = `contract A { function f(${parameters}) external pure returns (bytes memory) { return ${body}; } }`
    writeFileSync(join(folder, 'A.sol'), `pragma solidity ^0.8.0;\n${text}\n`)
    return findAmbiguousPackings(folder, join(root, 'node_modules')).map(({ line, types }) => {
      assert.equal(line, 2)
      return types
    })
  } finally {
    rmSync(folder, { recursive: true })
  }
}

test('the contracts pack at most one dynamic argument', () => {
  assert.deepEqual(findAmbiguousPackings(join(root, 'contracts', 'src'), join(root, 'node_modules')), [])
})

// MAPO/Butter, May 2026: a retry was bound to encodePacked(fromAddress, messageData), and the boundary between the two moved
test('two dynamic arguments side by side or apart are found, whatever their types', () => {
  const pair = 'bytes calldata a, bytes calldata b'
  assert.deepEqual(found(pair, 'abi.encodePacked(a, b)'), [['bytes calldata', 'bytes calldata']])
  assert.deepEqual(found(pair, 'abi.encodePacked(a, uint256(1), b)'), [['bytes calldata', 'bytes calldata']])
  assert.equal(found('string calldata a, uint256[] calldata b', 'abi.encodePacked(a, b)').length, 1)
  assert.equal(found('bytes calldata a', 'abi.encodePacked(a, "text")').length, 0)
  assert.equal(found('bytes calldata a', 'abi.encodePacked(a[1:], a[:1])').length, 1)
})

test('one dynamic argument among words is no ambiguity', () => {
  assert.deepEqual(found('bytes calldata a, address b', 'abi.encodePacked(b, a, uint8(1), bytes32(0))'), [])
  assert.deepEqual(found('bytes calldata a, bytes calldata b', 'abi.encode(a, b)'), [])
})
