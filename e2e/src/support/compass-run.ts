import { type ChildProcess, spawn } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const program = fileURLToPath(new URL('./compass-process.ts', import.meta.url))

/** Where Node keeps what it has compiled: the same modules are loaded at each start. */
const compileCache = join(tmpdir(), 'meridian-compile-cache')

/** A line of the process: a step of a message has a stage, a line of the log has a message. */
export interface CompassLine {
  readonly stage?: string
  readonly orderId?: string
  readonly msg?: string
  readonly kind?: string
  /** Of a line of the log: why there is no progress. */
  readonly code?: string
}

/** Compass in a process of its own, by what it prints. */
export interface CompassRun {
  readonly child: ChildProcess
  /** Resolves with whether a line fits, once one does or the process has ended. `since`: lines that do not count. */
  until(fits: (line: CompassLine) => boolean, since?: number): Promise<boolean>
  /** Lines so far. */
  count(): number
  readonly ended: Promise<CompassEnd>
  /** Asks it to end once it has started, as a service manager does: before that nobody listens for the signal. */
  stop(): Promise<CompassEnd>
}

/** How it ended; the code is null if a signal killed it. */
export interface CompassEnd {
  readonly code: number | null
  readonly errors: string
}

/** Starts it; the process is among `running` until it ends, for whoever must end it. */
export function startCompassProcess(
  configPath: string,
  secrets: Readonly<Record<string, string>>,
  running: Set<ChildProcess>,
): CompassRun {
  const env = { NODE_COMPILE_CACHE: compileCache, ...process.env, ...secrets }
  const child = spawn(process.execPath, [program, configPath], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  running.add(child)
  const lines: CompassLine[] = []
  const waiting = new Set<() => void>()
  let over = false
  let errors = ''
  const wake = () => {
    for (const callback of waiting) callback()
  }
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(JSON.parse(line))
    wake()
  })
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString()
  })
  const ended = new Promise<CompassEnd>((resolve) => {
    child.once('close', (code) => {
      running.delete(child)
      over = true
      wake()
      resolve({ code, errors })
    })
  })
  const until: CompassRun['until'] = (fits, since = 0) =>
    new Promise((resolve) => {
      const look = () => {
        const found = lines.findIndex((line, i) => i >= since && fits(line)) >= 0
        if (!found && !over) return
        waiting.delete(look)
        resolve(found)
      }
      waiting.add(look)
      look()
    })
  return {
    child,
    ended,
    count: () => lines.length,
    until,
    stop: async () => {
      if (await until(({ stage }) => stage === 'started')) child.kill('SIGTERM')
      return ended
    },
  }
}
