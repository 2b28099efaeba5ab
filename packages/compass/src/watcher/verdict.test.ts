import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Hex } from 'viem'
import { verdictOf } from './verdict.ts'

const CLAIM = `0x${'aa'.repeat(32)}` as const
const OTHER = `0x${'bb'.repeat(32)}` as const
const judge = (asked: number, ...hashes: readonly (Hex | null)[]) =>
  verdictOf(CLAIM, { asked, views: hashes.map((hash, i) => ({ host: `node ${i}`, hash })) }).verdict

test('one node decides where it is the only one', () => {
  assert.equal(judge(1, CLAIM), 'held')
  assert.equal(judge(1, CLAIM.toUpperCase().replace('0X', '0x') as Hex), 'held', 'letters of either size')
  assert.equal(judge(1, OTHER), 'contradicted')
  assert.equal(judge(1, null), 'open')
  assert.equal(judge(1), 'open')
})

// CO-10
test('a single node of several that lies, lags or is gone accuses nobody, and hides nothing', () => {
  assert.equal(judge(2, OTHER, CLAIM), 'disputed')
  assert.equal(judge(2, OTHER, null), 'disputed')
  assert.equal(judge(2, OTHER), 'disputed', 'the other one does not answer')
  assert.equal(judge(2, CLAIM, null), 'open', 'a liar that agrees does not end it while the other one is behind')
  assert.equal(judge(2, CLAIM), 'held', 'nobody who answers says otherwise')
  assert.equal(judge(2, OTHER, OTHER), 'contradicted')
  assert.equal(judge(3, OTHER, CLAIM, CLAIM), 'held')
  assert.equal(judge(3, CLAIM, OTHER, OTHER), 'contradicted')
  assert.equal(judge(3, OTHER, OTHER), 'contradicted')
  assert.equal(judge(3, OTHER, null, null), 'disputed')
  assert.equal(judge(4, OTHER, OTHER, CLAIM, CLAIM), 'disputed')
})
