/**
 * Many readers or one writer. Anvil changes state in two steps when a block is made; a request in between would see
 * a state that no block has.
 */
export interface Gate {
  read<T>(work: () => Promise<T>): Promise<T>
  write<T>(work: () => Promise<T>): Promise<T>
}

/** An open gate. Writers go in the order of their calls and before readers that come later. */
export function createGate(): Gate {
  let writers: Promise<unknown> = Promise.resolve()
  let waiting = 0
  const readers = new Set<Promise<unknown>>()
  return {
    async read(work) {
      while (waiting > 0) await writers
      const running = work()
      const settled = running.catch(() => undefined)
      readers.add(settled)
      settled.finally(() => readers.delete(settled))
      return running
    },
    write(work) {
      waiting++
      const result = writers.then(async () => {
        await Promise.all(readers)
        return work()
      })
      writers = result
        .catch(() => undefined)
        .finally(() => {
          waiting--
        })
      return result
    },
  }
}
