import type { Duty } from './chain-work.ts'
import type { Store } from './store/types.ts'

/** Workers at work. */
export interface Run {
  /** Ends after the round under way. */
  stop(): Promise<void>
}

/** Has each worker look as often as it wants, and at once when a message takes a step that it waits for. */
export function runDuties(duties: readonly Duty[], store: Store): Run {
  const abort = new AbortController()

  async function loop({ worker, pollMs, bell }: Duty): Promise<void> {
    while (!abort.signal.aborted) {
      await worker.round()
      await bell.sleep(pollMs, abort.signal)
    }
  }

  const unsubscribe = store.subscribe((progress) => {
    for (const duty of duties) if (duty.wakes(progress)) duty.bell.ring()
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
