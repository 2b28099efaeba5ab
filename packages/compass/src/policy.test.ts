import assert from 'node:assert/strict'
import { test } from 'node:test'
import { errorsBySelector } from '@meridian/abi'
import { policies, policyOf, retryDelayMs } from './policy.ts'

test('every error with a policy is one that the contracts have', () => {
  const names = new Set<string>(Object.values(errorsBySelector).map(({ name }) => name))
  for (const name of Object.keys(policies)) assert.ok(names.has(name), name)
})

// CO-5
test('an unknown revert, a reason, a panic, words of a node: each waits, none is done', () => {
  for (const revert of [
    { kind: 'unknown', name: 'Unknown', data: '0xdeadbeef' },
    { kind: 'reason', name: 'Error', reason: 'already delivered' },
    { kind: 'panic', name: 'Panic', code: 17n },
    { kind: 'node', name: 'Node', message: 'execution reverted: MOS_AlreadyDelivered' },
    { kind: 'custom', name: 'SomethingNew', args: {} },
  ] as const)
    assert.equal(policyOf(revert), 'wait')
})

test('what an operator must resolve is not asked for every second', () => {
  assert.equal(retryDelayMs('operator', 1_000), 60_000)
  assert.equal(retryDelayMs('readOutcome', 8_000), 0)
  assert.equal(retryDelayMs('replan', 600_000), 10_000)
  assert.equal(retryDelayMs('wait', 8_000), 8_000)
})

// once, a message that needs more gas than a transaction may have was proven and simulated every second, for ever
test('what the most gas does not cover is tried later each time', () => {
  assert.equal(retryDelayMs(policyOf({ kind: 'custom', name: 'MOS_InsufficientGas', args: {} }), 64_000), 64_000)
})

test('an early member of a stream comes again without waiting longer each time', () => {
  const revert = { kind: 'custom', name: 'MOS_OutOfOrder', args: { expected: 2n, given: 3n } } as const
  assert.equal(policyOf(revert), 'inOrder')
  assert.equal(retryDelayMs('inOrder', 600_000), retryDelayMs('inOrder', 1_000))
})

test('what somebody else may have done is read from the chain at once: deliveries, retries, claims', () => {
  for (const name of [
    'MOS_AlreadyDelivered',
    'MOS_NothingDelivered',
    'MOS_NotStored',
    'MOS_Expired',
    'FeeService_NothingToSettle',
    'FeeService_NothingOwed',
  ])
    assert.equal(retryDelayMs(policyOf({ kind: 'custom', name, args: {} }), 600_000), 0)
})
