/** Runs one at a time, in the order asked. */
export interface Mutex {
  run<T>(work: () => Promise<T>): Promise<T>
}

/** A queue of one. A failure is its caller's and stops nobody behind it. */
export function createMutex(): Mutex {
  let tail: Promise<unknown> = Promise.resolve()
  return {
    run(work) {
      const result = tail.then(work)
      tail = result.catch(() => undefined)
      return result
    },
  }
}
