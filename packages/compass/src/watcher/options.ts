import type { Metrics } from '../metrics/metrics.ts'

/** How a Compass watches. */
export interface WatchOptions {
  /** Milliseconds between two looks. */
  readonly pollMs: number
  /** Nothing else is done: no message is carried. */
  readonly only: boolean
  readonly metrics: Metrics | null
}
