/** Says when a chain is worth a look: when its next block is due, as far as its blocks keep time. */
export interface Pacer {
  /** Whether there can be something new. `now`: milliseconds. */
  isDue(now: number): boolean
  /** A look came to this head. `timestamp`: unix seconds. */
  saw(head: { readonly number: bigint; readonly timestamp: bigint }, now: number): void
}

/** Blocks one by one in their time before the next one is relied on. */
const STEADY = 3
/** Of an interval, how much earlier each look is that found its block: else a look that came late would stay late. */
const EARLIER = 0.02
/** A chain that is quicker against the clock than its timestamps say runs in a time of its own. */
const SLOWEST_PACE = 0.5
/** Milliseconds without a look at most: what a chain's timestamps say is only so much to be believed. */
const LONGEST_REST = 30_000

/**
 * Learns from heads how far apart blocks are, and how long after its timestamp one is seen, and rests until the next one can be
 * there. A chain whose blocks come more often than it is looked at, or in no order of time, is looked at as ever.
 *
 * @param pollMs Milliseconds between looks that find nothing new.
 */
export function createPacer(pollMs: number): Pacer {
  let last: { readonly number: bigint; readonly timestamp: bigint; readonly at: number } | null = null
  /** Milliseconds between blocks; slots may stay empty. */
  let period = 0
  /** Blocks in a row that kept to it. */
  let steady = 0
  /** Milliseconds from a block's timestamp to the look that is expected to find it. */
  let lag = 0
  let missed = false
  let dueAt = 0

  function keepsTime(head: { readonly number: bigint; readonly timestamp: bigint }, now: number): boolean {
    if (last === null || head.number !== last.number + 1n) return false
    const gap = Number(head.timestamp - last.timestamp) * 1000
    const isOnTime = now - last.at >= gap * SLOWEST_PACE
    const isWhole = period > 0 && gap >= period && gap % period === 0
    if (!isWhole) {
      period = gap
      steady = 0
    }
    return isOnTime && period > pollMs
  }

  return {
    isDue: (now) => now >= dueAt,
    saw(head, now) {
      if (last !== null && head.number === last.number) {
        missed = true
        return
      }
      const time = Number(head.timestamp) * 1000
      steady = keepsTime(head, now) ? steady + 1 : 0
      lag = missed || steady <= STEADY ? now - time : Math.min(lag, now - time) - period * EARLIER
      missed = false
      last = { ...head, at: now }
      dueAt = steady < STEADY ? now : Math.min(time + period + lag, now + LONGEST_REST)
    },
  }
}
