import type { Hex } from 'viem'
import type { Lane } from './endpoint.ts'
import { type MessageStatus, status } from './status.ts'

/** How time passes between two looks at the chains. */
export interface Waiter {
  /** Resolves after `milliseconds`, or at once when `signal` aborts. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>
}

/** The clock on the wall. */
const wallClock: Waiter = {
  sleep: (milliseconds, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted === true) return resolve()
      const end = (): void => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', end)
        resolve()
      }
      const timer = setTimeout(end, milliseconds)
      signal?.addEventListener('abort', end)
    }),
}

/** Options of {@link waitForDelivery}. */
export interface WaitOptions {
  /** Default: the clock on the wall. */
  readonly waiter?: Waiter
  /** Default: 1,000. */
  readonly pollMilliseconds?: number
  readonly signal?: AbortSignal
}

/**
 * Yields the message's status each time that its stage changes, and ends after `delivered`, `relayed` or `expired`. A `failed`
 * message may yet be retried, so it is yielded and waiting goes on; abort the signal to stop.
 *
 * @throws {@link OrderNotFoundError} where the source has not sent it
 */
export async function* waitForDelivery(
  lane: Lane,
  orderId: Hex,
  options: WaitOptions = {},
): AsyncGenerator<MessageStatus, void, undefined> {
  const { waiter = wallClock, pollMilliseconds = 1_000, signal } = options
  let previous: MessageStatus['stage'] | null = null
  while (!signal?.aborted) {
    const current = await status(lane, orderId)
    if (current.stage !== previous) {
      previous = current.stage
      yield current
      if (['delivered', 'relayed', 'expired'].includes(current.stage)) return
    }
    await waiter.sleep(pollMilliseconds, signal)
  }
}
