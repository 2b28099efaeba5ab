import type { Duty } from './chain-work.ts'
import type { Clock } from './clock.ts'
import type { Store } from './store/types.ts'

/** Workers at work. */
export interface Run {
  /** Ends after the round under way. */
  stop(): Promise<void>
}

/** Has each worker look as often as it wants, and at once when a message takes a step that it waits for. */
export function runDuties(duties: readonly Duty[], store: Store, clock: Clock): Run {
  const abort = new AbortController()
  const wakers = new Map<Duty, () => void>()

  async function loop(duty: Duty): Promise<void> {
    let woken = false
    let nap = new AbortController()
    wakers.set(duty, () => {
      woken = true
      nap.abort()
    })
    while (!abort.signal.aborted) {
      woken = false
      await duty.worker.round()
      nap = new AbortController()
      if (!woken) await clock.sleep(duty.pollMs, AbortSignal.any([abort.signal, nap.signal]))
    }
  }

  const unsubscribe = store.subscribe((progress) => {
    for (const [duty, wake] of wakers) if (duty.wakes(progress)) wake()
  })
  const done = Promise.all(duties.map(loop))
  return {
    async stop() {
      unsubscribe()
      abort.abort()
      await done
    },
  }
}
