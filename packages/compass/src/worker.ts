import type { Logger } from 'pino'
import type { Clock } from './clock.ts'
import { backoffMs, type Reason } from './message.ts'

/** Something done again and again, whose failures are its own. */
export interface Worker {
  readonly name: string
  /** One round, unless it rests after a failure. Never throws. */
  round(): Promise<void>
  /** Why it makes no progress; null while it does. */
  readonly trouble: () => { readonly reason: Reason; readonly since: number; readonly failures: number } | null
}

/** Longest rest after failures: an endpoint that is back is noticed within it. */
const REST_CAP_MS = 30_000

/** A worker that rests longer after each failure, so that a dead endpoint costs little and stops nobody else. */
export function createWorker(name: string, work: () => Promise<unknown>, clock: Clock, log: Logger): Worker {
  let failures = 0
  let restUntil = 0
  let since = 0
  let reason: Reason | null = null
  return {
    name,
    async round() {
      if (clock.now() < restUntil) return
      try {
        await work()
        if (reason !== null) log.info({ worker: name, failures }, 'recovered')
        failures = 0
        reason = null
      } catch (error) {
        const now = clock.now()
        if (reason === null) since = now
        reason = reasonOf(error)
        restUntil = now + Math.min(backoffMs(failures), REST_CAP_MS)
        failures += 1
        log.warn({ worker: name, failures, code: reason.code, detail: reason.detail }, 'no progress')
      }
    },
    trouble: () => (reason === null ? null : { reason, since, failures }),
  }
}

/** An error as a reason; what is no error of Meridian's keeps its message. */
export function reasonOf(error: unknown): Reason {
  const detail = error instanceof Error ? error.message : String(error)
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'INTERNAL'
  return { code, detail }
}
