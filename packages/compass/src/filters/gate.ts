import type { Logger } from 'pino'
import type { Clock } from '../clock.ts'
import type { LaneLimit } from '../config/schema.ts'
import { type Happening, type Message, NEVER, type Reason } from '../message.ts'
import { keyOf } from '../store/decisions.ts'
import type { Store } from '../store/types.ts'
import { type FilterRules, filterReason, noRules, type Sanctions, withinLimits } from './decide.ts'

/** What is asked before a message costs anything. */
export interface Filters extends FilterRules {
  /** What the list says now. */
  readonly sanctions: () => Sanctions
  /** Limits of a lane. */
  readonly limits: (fromChain: bigint, toChain: bigint) => readonly LaneLimit[]
}

/** Everything is carried, but for what an operator stops. */
export const noFilters: Filters = { ...noRules, sanctions: () => new Set(), limits: () => [] }

/** Lets a lane's messages through, or has them wait with their reason. */
export interface Gate {
  admit(messages: readonly Message[]): Promise<readonly Message[]>
}

/** Milliseconds until what was stopped is asked about again: rules and lists change. */
const ASK_AGAIN_MS = 60_000
const LIMIT_MS = 10_000
const PAUSED_MS = 5_000
export const cleared: Reason = { code: 'CLEARED', detail: 'an operator gave it up; retry takes it up again' }
const paused: Reason = { code: 'PAUSED', detail: 'an operator paused this lane' }

/** The gate of a lane: what an operator decided goes before the filters, and those before the limits. */
export function createGate(
  filters: Filters,
  lane: { readonly fromChain: bigint; readonly toChain: bigint },
  deps: { readonly store: Store; readonly clock: Clock; readonly log: Logger },
): Gate {
  const { store, clock, log } = deps
  const { fromChain, toChain } = lane
  const limits = filters.limits(fromChain, toChain)

  async function isPaused(): Promise<boolean> {
    const lanes = await store.decisions.paused()
    return lanes.some((one) => one.fromChain === fromChain && one.toChain === toChain)
  }

  /** Messages from a hub whose way to it was ours. */
  async function countedBefore(messages: readonly Message[]): Promise<readonly Message[]> {
    const later = messages.filter(({ logChain }) => logChain !== fromChain)
    const firsts = await Promise.all(
      later.map(({ orderId }) => store.message({ fromChain, orderId, logChain: fromChain })),
    )
    return later.filter((_, i) => firsts[i] != null && firsts[i].submittedAt !== null)
  }

  return {
    async admit(messages) {
      if (messages.length === 0) return messages
      const now = clock.now()
      const held: Happening[] = []
      const hold = (message: Message, reason: Reason, nextAttemptAt: number): void => {
        if (message.reason?.code !== reason.code)
          log.warn({ orderId: message.orderId, reason: reason.code, detail: reason.detail }, 'message held')
        held.push([message, { type: 'waiting', at: now, reason, nextAttemptAt, failure: false }])
      }
      const decided = await store.decisions.of(messages)
      const stopped = await isPaused()
      const sanctions = filters.sanctions()
      const passed = messages.filter((message) => {
        const decision = decided.get(keyOf(message))
        if (decision === 'cleared') hold(message, cleared, NEVER)
        else if (stopped) hold(message, paused, now + PAUSED_MS)
        else {
          const reason = decision === 'released' ? null : filterReason(message, filters, sanctions)
          if (reason === null) return true
          hold(message, reason, now + ASK_AGAIN_MS)
        }
        return false
      })
      const used = await Promise.all(
        limits.map(({ windowMs }) => store.views.submittedSince(fromChain, toChain, now - windowMs)),
      )
      // what went over its first leg was counted then, and goes on
      const counted = limits.length === 0 ? [] : await countedBefore(passed)
      const fresh = passed.filter((message) => !counted.includes(message))
      const { admitted, beyond } = withinLimits(fresh, limits, used)
      for (const [message, reason] of beyond) hold(message, reason, now + LIMIT_MS)
      if (held.length > 0) await store.apply(held)
      return passed.filter((message) => counted.includes(message) || admitted.includes(message))
    },
  }
}
