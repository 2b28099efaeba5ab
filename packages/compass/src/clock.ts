/** Time as an argument: tests hand in their own. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number
  /** Resolves after `ms`, or at once when `signal` aborts; never rejects. */
  sleep(ms: number, signal: AbortSignal): Promise<void>
}

/**
 * The time of a clock that may be set: it follows it forward, and back at half its speed. It never stands, so that what waits
 * until a moment waits twice as long at most, however far the clock is set back.
 *
 * @param wall Milliseconds since the epoch, as the machine has it. @param passed Milliseconds that have passed since whenever.
 */
export function steadyNow(wall: () => number, passed: () => number): () => number {
  let last = { passed: passed(), time: wall() }
  return () => {
    const at = passed()
    const given = wall()
    const kept = last.time + (at - last.passed)
    last = { passed: at, time: given >= kept ? given : Math.max(given, last.time + (at - last.passed) / 2) }
    return Math.floor(last.time)
  }
}

/** The machine's clock. */
export const systemClock: Clock = {
  now: steadyNow(
    () => Date.now(),
    () => performance.now(),
  ),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal.aborted) return resolve()
      const done = () => {
        clearTimeout(timer)
        signal.removeEventListener('abort', done)
        resolve()
      }
      const timer = setTimeout(done, ms)
      signal.addEventListener('abort', done)
    }),
}
