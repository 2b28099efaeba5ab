import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Address, pad, zeroAddress } from 'viem'
import { seen } from '../message.ts'
import { deliveryWork, forwardWork } from '../plan.ts'
import { testOrigin } from '../testing/messages.ts'
import { type LegCost, type ProfitRule, readDataFee, unprofitable } from './profit.ts'

const message = seen(testOrigin(1), 0)
const token = pad('0xdd', { size: 20 })
const native = (units: bigint) => [{ token: zeroAddress, units }]
const cost = { gasPrice: 10n, dataFee: 1_000n }
/** As the function's own words have it. */
const needed = (deliveryWork.memberGas(message) + deliveryWork.baseGas / 2n) * 10n + 1_000n
const rule = (change: Partial<ProfitRule> = {}): ProfitRule => ({
  prices: [{ token: zeroAddress, units: 10n ** 18n }],
  minPercent: 100,
  sponsored: [],
  ...change,
})
const held = (amount: bigint, of: Address = zeroAddress) => ({ orderId: message.orderId, token: of, amount })
const verdict = (fee: ReturnType<typeof held> | null, of = rule()) =>
  unprofitable(message, fee, of, [{ ...cost, work: deliveryWork, prices: of.prices }], 2)

// CO-9
test('a fee that comes to the cost pays; a unit less does not, and both figures are said', () => {
  assert.equal(verdict(held(needed)), null)
  const reason = verdict(held(needed - 1n))
  assert.equal(reason?.code, 'UNPROFITABLE')
  assert.match(reason?.detail ?? '', new RegExp(`${needed - 1n} wei; delivering it has to bring ${needed}$`))
})

test('a fee counts by its token’s price, and one without a price counts nothing', () => {
  const priced = rule({ prices: [{ token, units: 2n * 10n ** 18n }] })
  assert.equal(verdict(held(2n * needed, token), priced), null)
  assert.notEqual(verdict(held(2n * needed - 2n, token), priced), null)
  assert.notEqual(verdict(held(2n ** 200n), priced), null)
  assert.notEqual(verdict(null), null)
})

test('the operator’s percentage moves the line, and a sponsored sender is carried for nothing', () => {
  assert.equal(verdict(held((needed * 3n + 1n) / 2n), rule({ minPercent: 150 })), null)
  assert.notEqual(verdict(held(needed), rule({ minPercent: 150 })), null)
  assert.equal(verdict(null, rule({ sponsored: [message.fromAddress] })), null)
})

// CO-9
test('over a hub a fee pays for both legs, each in its own coin; what is spent is not asked for again', () => {
  const hubUnits = 3n * 10n ** 18n
  const [first, last] = [
    { work: forwardWork, gasPrice: 7n, dataFee: 0n, prices: native(hubUnits) },
    { ...cost, work: deliveryWork, prices: native(10n ** 18n) },
  ]
  const there = (forwardWork.memberGas(message) + forwardWork.baseGas / 2n) * 7n * 3n
  const judge = (amount: bigint, legs: readonly LegCost[], of = rule()) =>
    unprofitable(message, held(amount), of, legs, 2)
  assert.equal(judge(there + needed, [first, last]), null)
  const reason = judge(there + needed - 1n, [first, last])
  assert.match(reason?.detail ?? '', new RegExp(`has to bring ${there + needed} over its two legs$`))
  assert.notEqual(judge(needed, [first, last]), null, 'the last leg alone is not enough')
  assert.notEqual(judge(there, [first, last]), null, 'nor is the first')
  assert.equal(judge(needed, [last]), null, 'the first is spent')
  assert.match(judge(2n ** 200n, [{ ...first, prices: [] }, last])?.detail ?? '', /no price/, 'a coin of unknown worth')
  assert.equal(unprofitable(message, null, rule({ sponsored: [message.fromAddress] }), [first, last], 2), null)
  assert.match(
    unprofitable(message, null, rule(), [first, last], 2)?.detail ?? '',
    /no fee lies .* wei and \d+ wei over/,
  )
  assert.equal(judge((there + needed) * 2n, [first, last], rule({ minPercent: 200 })), null)
  assert.notEqual(judge((there + needed) * 2n - 1n, [first, last], rule({ minPercent: 200 })), null)
})

test('a contract that is no oracle of data fees is not taken for one that charges nothing', async () => {
  await assert.rejects(readDataFee({ request: async () => '0x' }, token, '0x01'), /no oracle/)
  assert.equal(await readDataFee({ request: async () => pad('0x07') }, token, '0x01'), 7n)
})
