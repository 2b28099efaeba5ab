import type { Hex } from 'viem'
import type { Message } from './message.ts'

/** The steps of a message's way that a person follows. */
export const stages = [
  'sent',
  'final',
  'lightClientUpdated',
  'proven',
  'delivered',
  'executed',
  'failed',
  'expired',
  'settled',
] as const
export type Stage = (typeof stages)[number]

/** A message took a step. */
export interface Progress {
  readonly orderId: Hex
  readonly fromChain: bigint
  readonly toChain: bigint
  readonly stage: Stage
  /** Milliseconds of Compass' clock. */
  readonly at: number
  /** The row after the step. */
  readonly data: Message
}

const endStage = { delivered: 'executed', failed: 'failed', expired: 'expired' } as const

/**
 * The steps between two versions of a row; `before` is null where the row is new. `lightClientUpdated`: the client on the
 * target covers the message's block. `proven`: the whole proof passed the target's own check and is on its way. `settled`: its end is in a final block.
 */
export function progressBetween(before: Message | null, after: Message): readonly Progress[] {
  const { orderId, fromChain, toChain } = after
  const step = (stage: Stage, at: number | null): readonly Progress[] =>
    at === null ? [] : [{ orderId, fromChain, toChain, stage, at, data: after }]
  const reached = (field: 'finalAt' | 'provableAt' | 'submittedAt' | 'includedAt'): number | null =>
    before === null || before[field] === null ? after[field] : null
  const endedNow = after.includedAt !== null && after.outcome !== null && (before?.outcome ?? null) !== after.outcome
  return [
    ...(before === null ? step('sent', after.seenAt) : []),
    ...step('final', reached('finalAt')),
    ...step('lightClientUpdated', reached('provableAt')),
    ...step('proven', reached('submittedAt')),
    ...(after.outcome === 'expired' ? [] : step('delivered', reached('includedAt'))),
    ...(endedNow ? step(endStage[after.outcome], after.includedAt) : []),
    ...step('settled', before === null || before.settledAt !== after.settledAt ? after.settledAt : null),
  ]
}
