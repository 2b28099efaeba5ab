import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { bumpedFees, type Market, marketFees } from './fees.ts'

const wei = fc.bigInt({ min: 0n, max: 10n ** 12n })
const market: fc.Arbitrary<Market> = fc.record({
  baseFeePerGas: wei,
  priorityFeePerGas: wei,
  minPriorityFeePerGas: wei,
  cap: wei,
})

test('fees never exceed the cap, and the tip never the fee', () => {
  fc.assert(
    fc.property(market, (m) => {
      const fees = marketFees(m)
      if (fees === null) return assert.ok(m.baseFeePerGas > m.cap)
      assert.ok(fees.maxFeePerGas <= m.cap && fees.maxFeePerGas >= m.baseFeePerGas)
      assert.ok(fees.maxPriorityFeePerGas <= fees.maxFeePerGas)
    }),
  )
})

test('a replacement pays a tenth more in both fees at least, which is what nodes ask for, or is not made', () => {
  fc.assert(
    fc.property(market, market, (then, now) => {
      const before = marketFees(then)
      if (before === null) return
      const bumped = bumpedFees(before, now)
      if (bumped === null) return assert.ok((before.maxFeePerGas * 9n) / 8n + 1n > now.cap)
      assert.ok(bumped.maxFeePerGas <= now.cap)
      assert.ok(bumped.maxFeePerGas * 10n >= before.maxFeePerGas * 11n)
      assert.ok(bumped.maxPriorityFeePerGas * 10n >= before.maxPriorityFeePerGas * 11n)
      assert.ok(bumped.maxPriorityFeePerGas <= bumped.maxFeePerGas)
    }),
  )
})
