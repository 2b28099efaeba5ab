import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Address, pad, zeroAddress } from 'viem'
import { seen } from '../message.ts'
import { deliveryWork } from '../plan.ts'
import { testOrigin } from '../testing/messages.ts'
import { type ProfitRule, readDataFee, unprofitable } from './profit.ts'

const message = seen(testOrigin(1), 0)
const token = pad('0xdd', { size: 20 })
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
  unprofitable(message, fee, of, deliveryWork, cost, 2)

// CO-9
test('a fee that comes to the cost pays; a unit less does not, and both figures are said', () => {
  assert.equal(verdict(held(needed)), null)
  const reason = verdict(held(needed - 1n))
  assert.equal(reason?.code, 'UNPROFITABLE')
  assert.match(reason?.detail ?? '', new RegExp(`${needed - 1n} wei; delivering it has to bring ${needed}`))
})

test('a fee counts by its token’s price, and one without a price counts nothing', () => {
  const priced = rule({ prices: [{ token, units: 2n * 10n ** 18n }] })
  assert.equal(verdict(held(2n * needed, token), priced), null)
  assert.notEqual(verdict(held(2n * needed - 2n, token), priced), null)
  assert.notEqual(verdict(held(2n ** 200n), priced), null)
  assert.notEqual(verdict(null), null)
})

test('the operator’s percentage moves the line, and a sponsored sender is carried for nothing', () => {
  assert.equal(verdict(held((needed * 3n) / 2n), rule({ minPercent: 150 })), null)
  assert.notEqual(verdict(held(needed), rule({ minPercent: 150 })), null)
  assert.equal(verdict(null, rule({ sponsored: [message.fromAddress] })), null)
})

test('a contract that is no oracle of data fees is not taken for one that charges nothing', async () => {
  await assert.rejects(readDataFee({ request: async () => '0x' }, token, '0x01'), /no oracle/)
  assert.equal(await readDataFee({ request: async () => pad('0x07') }, token, '0x01'), 7n)
})
