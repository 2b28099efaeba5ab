import type { Clock } from './clock.ts'

/** Wakes a worker before its time. */
export interface Bell {
  /** Heard at once by who sleeps, and kept for who works. */
  ring(): void
  /** Returns after `ms`, or at once when it rings or has rung since the last sleep. */
  sleep(ms: number): Promise<void>
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
    async sleep(ms) {
      if (!rung) {
        nap = new AbortController()
        await clock.sleep(ms, nap.signal)
        nap = null
      }
      rung = false
    },
  }
}
