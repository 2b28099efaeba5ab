import assert from 'node:assert/strict'
import { test } from 'node:test'
import { size } from 'viem'
import { makeBlock, sortedKeys } from '../../test/qbft-chain.ts'
import { encodeSealed } from './encode.ts'
import { encodeUpdates } from './plan.ts'

test('an update of large sets fits a transaction', () => {
  const { header } = makeBlock({ number: 1n, set: sortedKeys([1]) })
  const step = (seals: number) => ({
    header,
    seals: Array.from({ length: seals }, (_, seat) => ({ seat, seal: `0x${'00'.repeat(65)}` as const })),
    range: 0,
  })
  for (const [seals, headers, updates] of [
    [170, 32, 7],
    [3, 32, 1],
    [3, 100, 2],
    [170, 0, 0],
  ] as const) {
    const steps = Array.from({ length: headers }, () => step(seals))
    const encoded = encodeUpdates(steps)
    assert.equal(encoded.length, updates, `${headers} headers of ${seals} seals`)
    const total = encoded.reduce((sum, update) => sum + size(update), 0)
    assert.equal(total, headers * size(encodeSealed(step(seals))), 'no header is left out')
  }
})
