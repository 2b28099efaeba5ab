import type { Hex } from 'viem'
import type { Message } from './message.ts'

/**
 * The steps of a message's way that a person follows. A message over a hub takes those from `final` to `proven` twice: before
 * it is `forwarded`, and after, with the hub as `data.logChain`.
 */
export const stages = [
  'sent',
  'final',
  'lightClientUpdated',
  'proven',
  'delivered',
  'executed',
  'failed',
  'expired',
  'forwarded',
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

const endStage = { delivered: 'executed', failed: 'failed', expired: 'expired', forwarded: 'forwarded' } as const

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
  // its last leg tells how a forwarded message ended
  if (before?.state === 'forwarded' && after.state !== 'final') return []
  const ran = after.outcome === 'delivered' || after.outcome === 'failed'
  const endedNow = after.includedAt !== null && after.outcome !== null && (before?.outcome ?? null) !== after.outcome
  return [
    ...(before === null && after.logChain === after.fromChain ? step('sent', after.seenAt) : []),
    ...step('final', reached('finalAt')),
    ...step('lightClientUpdated', reached('provableAt')),
    ...step('proven', reached('submittedAt')),
    ...(ran ? step('delivered', reached('includedAt')) : []),
    ...(endedNow ? step(endStage[after.outcome], after.includedAt) : []),
    ...step('settled', before === null || before.settledAt !== after.settledAt ? after.settledAt : null),
  ]
}
