import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Address, getAddress, pad, zeroAddress } from 'viem'
import { type Claim, isWorthSettling, isWorthWithdrawing, nativeAmount, SETTLE_GAS } from './claim.ts'

const token = getAddress(pad('0x70', { size: 20 }))
const held = (amount: bigint, of: Address = zeroAddress) => [{ orderId: pad('0x01'), token: of, amount }]
const claim = (createdAt: number): Claim => ({
  deliveryId: 1,
  fromChain: 1n,
  toChain: 2n,
  feeService: token,
  recordChain: 2n,
  blockNumber: 1n,
  blockHash: pad('0x01'),
  txHash: pad('0x01'),
  txIndex: 0,
  orders: [],
  state: 'open',
  reason: null,
  attempts: 0,
  nextAttemptAt: 0,
  createdAt,
  settledAt: null,
  transactionId: null,
})
const wei = fc.bigInt({ min: 0n, max: 10n ** 20n })

test('by default a claim pays for its transaction twice over, or it waits', () => {
  const rule = { minAmount: null, maxAgeMs: 1_000, updateAfterMs: 0 }
  fc.assert(
    fc.property(wei, fc.bigInt({ min: 0n, max: 10n ** 12n }), (amount, price) => {
      const worth = isWorthSettling(claim(0), held(amount), rule, price, 999)
      assert.equal(worth, amount > 0n && amount >= 2n * SETTLE_GAS * price)
      // more of it never makes it worth less
      if (worth) assert.ok(isWorthSettling(claim(0), held(amount + 1n), rule, price, 999))
    }),
  )
})

test('the operator’s own amount counts in place of the price, and age in place of both', () => {
  const rule = { minAmount: 5n, maxAgeMs: 1_000, updateAfterMs: 0 }
  assert.ok(isWorthSettling(claim(0), held(5n), rule, 10n ** 18n, 0))
  assert.ok(!isWorthSettling(claim(0), held(4n), rule, 0n, 999))
  assert.ok(isWorthSettling(claim(0), held(4n), rule, 0n, 1_000))
  assert.ok(!isWorthSettling(claim(0), held(10n ** 30n, token), rule, 0n, 999))
  assert.ok(isWorthSettling(claim(0), held(1n, token), rule, 0n, 1_000))
  assert.equal(nativeAmount([...held(3n), ...held(4n), ...held(9n, token)]), 7n)
})

test('nothing is never worth a withdrawal', () => {
  assert.ok(!isWorthWithdrawing(0n, { minAmount: null, maxAgeMs: 0, updateAfterMs: 0 }, 0n))
  assert.ok(!isWorthWithdrawing(0n, { minAmount: 0n, maxAgeMs: 0, updateAfterMs: 0 }, 0n))
  assert.ok(isWorthWithdrawing(1n, { minAmount: null, maxAgeMs: 0, updateAfterMs: 0 }, 0n))
})
