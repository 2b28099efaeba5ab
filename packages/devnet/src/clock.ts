/**
 * One clock for all chains of a devnet. Time is virtual: it may run faster than the wall, stand still, or jump.
 *
 * Chains do not set timers; they attach a {@link ClockWorker} that says when its next work is due. The clock runs the
 * work of all chains in the order of time, one piece after the other, so that a run with `rate` 0 is deterministic.
 */
export interface VirtualClock {
  /** Unix seconds, with fraction. */
  now(): number
  /** Virtual seconds per second of the wall; 0 stands still (only `advanceTo` and `jump` move it). */
  rate(): number
  setRate(rate: number): void
  /** Moves time to `time`, running all work on the way, each at its own due time. */
  advanceTo(time: number): Promise<void>
  /** Moves time by `seconds` at once; work that was due on the way runs late, at the new time. */
  jump(seconds: number): Promise<void>
  /** Resolves when time has reached `time` and the work due by then is done. Rejects when the clock stops. */
  waitUntil(time: number): Promise<void>
  attach(worker: ClockWorker): ClockHandle
  /** Stops running work. Waits for the piece under way. */
  stop(): Promise<void>
}

export interface ClockWorker {
  readonly name: string
  /** Unix seconds of the next work; `Infinity` when there is none. */
  due(): number
  /** Does the work that is due at `now`. Afterwards `due()` must be later than before. */
  run(now: number): Promise<void>
}

export interface ClockHandle {
  /** Tells the clock that `due()` moved. */
  wake(): void
  detach(): void
}

/** The wall as the clock sees it. */
export interface Wall {
  /** Milliseconds, monotone. */
  milliseconds(): number
  /** Calls `callback` after `delay` milliseconds; returns the cancel function. */
  schedule(callback: () => void, delay: number): () => void
}

export interface VirtualClockOptions {
  /** Unix seconds. */
  readonly start: number
  readonly rate: number
  readonly wall?: Wall
  /** Called when a worker throws; the worker is detached. Default: rethrown to the waiting `advanceTo`, else logged. */
  readonly onError?: (worker: string, error: unknown) => void
}

const systemWall: Wall = {
  milliseconds: () => performance.now(),
  schedule: (callback, delay) => {
    const timer = setTimeout(callback, delay)
    return () => clearTimeout(timer)
  },
}

/** `setTimeout` counts in 32 bits. */
const MAX_DELAY_MS = 2 ** 31 - 1

interface Waiter {
  readonly time: number
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

/** See {@link VirtualClock}. */
export function createVirtualClock(options: VirtualClockOptions): VirtualClock {
  const wall = options.wall ?? systemWall
  const workers = new Set<ClockWorker>()
  const waiters = new Set<Waiter>()
  let base = options.start
  let baseWall = wall.milliseconds()
  let rate = options.rate
  let stopped = false
  let cancelTimer: (() => void) | undefined
  let queue: Promise<unknown> = Promise.resolve()
  let pumping = false

  const now = (): number => base + (rate * (wall.milliseconds() - baseWall)) / 1000
  const setNow = (time: number): void => {
    base = time
    baseWall = wall.milliseconds()
  }
  const exclusive = <T>(work: () => Promise<T>): Promise<T> => {
    const result = queue.then(work)
    queue = result.catch(() => undefined)
    return result
  }
  const earliest = (): ClockWorker | undefined => {
    let first: ClockWorker | undefined
    for (const worker of workers) if (first === undefined || worker.due() < first.due()) first = worker
    return first
  }
  const settleWaiters = (): void => {
    const undone = earliest()?.due() ?? Number.POSITIVE_INFINITY
    for (const waiter of waiters) {
      if (waiter.time > now() || waiter.time >= undone) continue
      waiters.delete(waiter)
      waiter.resolve()
    }
  }
  /** Runs what is due by `until`, at its own due time or now, whichever is later. */
  const runDue = async (until: () => number): Promise<void> => {
    while (!stopped) {
      const worker = earliest()
      const due = worker?.due() ?? Number.POSITIVE_INFINITY
      if (worker === undefined || due > until()) return
      if (due > now()) setNow(due)
      try {
        await worker.run(now())
        if (workers.has(worker) && worker.due() <= due)
          throw new Error(`worker ${worker.name} made no progress at ${due}`)
      } catch (error) {
        workers.delete(worker)
        if (options.onError === undefined) throw error
        options.onError(worker.name, error)
      }
      // a machine that never catches up with the clock still reaches each time in the end
      settleWaiters()
    }
  }
  const schedule = (): void => {
    cancelTimer?.()
    cancelTimer = undefined
    if (stopped || rate === 0) return
    let next = earliest()?.due() ?? Number.POSITIVE_INFINITY
    for (const waiter of waiters) next = Math.min(next, waiter.time)
    if (next === Number.POSITIVE_INFINITY) return
    const delay = Math.min(MAX_DELAY_MS, Math.max(0, Math.ceil(((next - now()) / rate) * 1000)))
    cancelTimer = wall.schedule(pump, delay)
  }
  const pump = (): void => {
    if (pumping || stopped) return
    pumping = true
    exclusive(() => runDue(now))
      .catch((error: unknown) => {
        if (!stopped) console.error(error)
      })
      .finally(() => {
        pumping = false
        settleWaiters()
        schedule()
      })
  }
  const move = (target: () => number, stepped: boolean): Promise<void> =>
    exclusive(async () => {
      const time = target()
      if (stepped) await runDue(() => time)
      if (time > now()) setNow(time)
      if (!stepped) await runDue(now)
      settleWaiters()
      schedule()
    })

  return {
    now,
    rate: () => rate,
    setRate(next) {
      setNow(now())
      rate = next
      schedule()
    },
    advanceTo: (time) => move(() => time, true),
    jump: (seconds) => move(() => now() + seconds, false),
    waitUntil(time) {
      if (stopped) return Promise.reject(new Error('the clock is stopped'))
      if (time <= now() && rate === 0) return exclusive(async () => undefined)
      return new Promise((resolve, reject) => {
        waiters.add({ time, resolve, reject })
        schedule()
      })
    },
    attach(worker) {
      workers.add(worker)
      schedule()
      return {
        wake: schedule,
        detach: () => {
          workers.delete(worker)
          schedule()
        },
      }
    },
    async stop() {
      stopped = true
      cancelTimer?.()
      for (const waiter of waiters) waiter.reject(new Error('the clock is stopped'))
      waiters.clear()
      await queue
    },
  }
}
