import { setTimeout as delay } from 'node:timers/promises'

/** What a command may touch of the process that runs it. */
export interface Io {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Writes a line to standard output. */
  out(line: string): void
  /** Writes a line to standard error. */
  err(line: string): void
  /** Aborts when the user asks the command to stop. */
  readonly signal: AbortSignal
  /** Milliseconds since the epoch. */
  now(): number
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>
}

/** Milliseconds in which signals count as one: npm passes on the Ctrl-C that the terminal has sent to us already. */
const ONE_SIGNAL = 1_000

/** The process's own streams, clock and signals. The first SIGINT or SIGTERM aborts, a later one ends at once. */
export function processIo(): Io {
  const abort = new AbortController()
  let first = 0
  const stop = () => {
    if (!abort.signal.aborted) first = Date.now()
    else if (Date.now() - first > ONE_SIGNAL) process.exit(130)
    abort.abort()
  }
  process.on('SIGINT', stop)
  process.on('SIGTERM', stop)
  return {
    env: process.env,
    out: (line) => void process.stdout.write(`${line}\n`),
    err: (line) => void process.stderr.write(`${line}\n`),
    signal: abort.signal,
    now: Date.now,
    sleep,
  }
}

async function sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
  await delay(milliseconds, undefined, signal === undefined ? {} : { signal }).catch((error: unknown) => {
    if (!signal?.aborted) throw error
  })
}
