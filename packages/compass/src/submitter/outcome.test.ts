import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Receipt } from '@meridian/chain'
import { pad } from 'viem'
import { type Message, seen, transition } from '../message.ts'
import type { Attempt, OpenTransaction } from '../store/transactions.ts'
import { testOrigin } from '../testing/messages.ts'
import { afterReceipt, type Landed } from './outcome.ts'

const transaction = { id: 3, kind: 'delivery' } as OpenTransaction // CAST: what is read of it
const attempt = { hash: pad('0x07'), cancel: false } as Attempt // CAST: as above
const receipt = { blockNumber: 9n, gasUsed: 60_000n } as Receipt // CAST: as above
const landings: Readonly<Record<string, Landed>> = {
  'it reverted, as somebody had delivered it': {
    attempt,
    receipt,
    reverted: { kind: 'custom', name: 'MOS_AlreadyDelivered', args: {} },
    endings: () => [],
  },
  'the batch passed over it': { attempt, receipt, reverted: null, endings: () => [] },
}

/** How often a message is paid for in an hour while an endpoint shows neither its outcome nor why it is passed over. */
function paidInAnHour(landed: Landed): number {
  let message: Message = { ...seen(testOrigin(1), 0), state: 'provable' }
  let paid = 0
  for (let at = 0; at < 3_600_000; at += 1_000) {
    if (message.nextAttemptAt > at) continue
    paid += 1
    message = transition(message, { type: 'submitted', at, transactionId: transaction.id })
    const [happening] = afterReceipt(transaction, [message], landed, at)
    assert.ok(happening !== undefined)
    message = transition(message, happening[1])
    if (paid === 1) assert.equal(message.nextAttemptAt, at, 'the outcome is asked for at once')
  }
  return paid
}

// once, a node that was stuck at an old block had what others had delivered sent, and paid for, in every block
for (const [name, landed] of Object.entries(landings))
  test(`${name}, and an endpoint does not show it: it is not paid for without end`, () => {
    const paid = paidInAnHour(landed)
    assert.ok(paid <= 20, `${paid} times in an hour`)
  })
