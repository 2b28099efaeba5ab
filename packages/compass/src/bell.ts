import type { Clock } from './clock.ts'

/** Wakes a worker before its time. */
export interface Bell {
  /** Heard at once by who sleeps, and kept for who works. */
  ring(): void
  /** Returns after `ms`, or at once when it rings, has rung since the last sleep, or `signal` aborts. */
  sleep(ms: number, signal: AbortSignal): Promise<void>
}

/** A bell that has not rung. */
export function createBell(clock: Clock): Bell {
  let rung = false
  let nap: AbortController | null = null
  return {
    ring() {
      rung = true
      nap?.abort()
    },
    async sleep(ms, signal) {
      if (!rung) {
        nap = new AbortController()
        await clock.sleep(ms, AbortSignal.any([signal, nap.signal]))
        nap = null
      }
      rung = false
    },
  }
}
