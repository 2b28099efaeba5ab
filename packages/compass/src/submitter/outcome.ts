import type { Receipt, Refusal } from '@meridian/chain'
import type { Happening } from '../message.ts'
import { backoffMs, legal, type Message, type Reason } from '../message.ts'
import type { Ending } from '../mos.ts'
import { policyOf, retryDelayMs, revertReason } from '../policy.ts'
import type { Attempt, OpenTransaction } from '../store/transactions.ts'

/** How a transaction landed. */
export interface Landed {
  readonly attempt: Omit<Attempt, 'raw'>
  readonly receipt: Receipt
  /** Why it reverted; null where it did not. */
  readonly reverted: Refusal | null
  /** What the chain's contracts say in the receipt of the messages from a chain. */
  endings(fromChain: bigint): readonly Ending[]
}

/** Messages that still belong to the transaction: others have moved on since. */
function owned(
  transaction: OpenTransaction,
  messages: readonly Message[],
  state: Message['state'],
): readonly Message[] {
  return messages.filter((m) => m.state === state && m.transactionId === transaction.id)
}

const dropped = (message: Message, reason: Reason, delay: number, at: number): Happening => [
  message,
  { type: 'dropped', at, reason, nextAttemptAt: at + delay },
]

/** Milliseconds that what was paid for and came to nothing waits at least: nothing at first, then longer each time. */
const restMs = ({ attempts }: Message): number => (attempts === 0 ? 0 : backoffMs(attempts))

/** What becomes of the messages of a transaction that will never land. */
export function afterLoss(
  transaction: OpenTransaction,
  messages: readonly Message[],
  reason: Reason,
  at: number,
): readonly Happening[] {
  return owned(transaction, messages, 'submitted').map((m) => dropped(m, reason, backoffMs(m.attempts), at))
}

/** What becomes of the messages of a transaction that a reorg put back among the pending. */
export function afterReorg(
  transaction: OpenTransaction,
  messages: readonly Message[],
  at: number,
): readonly Happening[] {
  return owned(transaction, messages, 'included').map((m) => [m, { type: 'excluded', at }] as const)
}

/** What becomes of the messages of a transaction that is in a block. */
export function afterReceipt(
  transaction: OpenTransaction,
  messages: readonly Message[],
  landed: Landed,
  at: number,
): readonly Happening[] {
  if (landed.attempt.cancel) {
    return afterLoss(transaction, messages, { code: 'CANCELLED', detail: 'its nonce was filled with nothing' }, at)
  }
  switch (transaction.kind) {
    case 'update':
      return afterUpdate(messages, landed, at)
    case 'delivery':
    case 'forward':
    case 'relay':
      return afterDelivery(transaction, messages, landed, at)
    case 'retry':
      return afterRetry(messages, landed, at)
    // they move no message; the Claimer looks at the ledger for them
    case 'claim':
    case 'forwardRecords':
    case 'withdraw':
      return []
  }
}

function afterUpdate(
  messages: readonly Message[],
  { attempt, receipt, reverted }: Landed,
  at: number,
): readonly Happening[] {
  if (reverted === null)
    return messages
      .filter(({ state }) => legal.updated.includes(state))
      .map((m) => [m, { type: 'updated', at, tx: attempt.hash, gas: receipt.gasUsed }])
  return messages
    .filter(({ state }) => state === 'final')
    .map((m) => {
      const nextAttemptAt = at + retryDelayMs(policyOf(reverted), backoffMs(m.attempts))
      return [m, { type: 'waiting', at, reason: revertReason(reverted), nextAttemptAt, failure: true }]
    })
}

function afterDelivery(
  transaction: OpenTransaction,
  messages: readonly Message[],
  { attempt, receipt, reverted, endings }: Landed,
  at: number,
): readonly Happening[] {
  const mine = owned(transaction, messages, 'submitted')
  if (reverted !== null) {
    const policy = policyOf(reverted)
    return mine.map((m) => {
      const delay = Math.max(restMs(m), retryDelayMs(policy, backoffMs(m.attempts)))
      return dropped(m, revertReason(reverted), delay, at)
    })
  }
  // read once: a transaction has as many logs as messages
  const found = new Map<string, Ending>()
  for (const fromChain of new Set(mine.map((m) => m.fromChain)))
    for (const ending of endings(fromChain)) found.set(`${fromChain}:${ending.orderId}`, ending)
  const ended = mine.map((m) => [m, found.get(`${m.fromChain}:${m.orderId}`)] as const)
  const share = BigInt(Math.max(1, ended.filter(([, ending]) => ending !== undefined).length))
  return ended.map(([m, ending]): Happening => {
    // passed over: delivered by somebody else, or the batch stopped before it; the next try asks the chain first
    if (ending === undefined) {
      const skipped = { code: 'SKIPPED', detail: 'the transaction landed without it' }
      return dropped(m, skipped, restMs(m), at)
    }
    const { outcome, reason } = ending
    return [
      m,
      {
        type: 'included',
        at,
        outcome,
        executionReason: outcome === 'failed' ? reason : null,
        tx: attempt.hash,
        block: receipt.blockNumber,
        gas: receipt.gasUsed / share,
      },
    ]
  })
}

function afterRetry(
  messages: readonly Message[],
  { attempt, receipt, reverted, endings }: Landed,
  at: number,
): readonly Happening[] {
  return messages
    .filter((m) => m.state === 'failed')
    .map((m): Happening => {
      const executed = endings(m.fromChain).some(
        ({ orderId, outcome }) => orderId === m.orderId && outcome === 'delivered',
      )
      if (reverted === null && executed) {
        const block = receipt.blockNumber
        return [
          m,
          {
            type: 'included',
            at,
            outcome: 'delivered',
            executionReason: null,
            tx: attempt.hash,
            block,
            gas: receipt.gasUsed,
          },
        ]
      }
      const reason = reverted === null ? { code: 'RETRY_FAILED', detail: 'it failed again' } : revertReason(reverted)
      return [m, { type: 'waiting', at, reason, nextAttemptAt: at + backoffMs(m.attempts), failure: true }]
    })
}
