import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const program = fileURLToPath(new URL('./compass-process.ts', import.meta.url))

/** A line of the process: a step of a message has a stage, a line of the log has a message. */
export interface CompassLine {
  readonly stage?: string
  readonly orderId?: string
  readonly msg?: string
  readonly kind?: string
}

/** Compass in a process of its own, by what it prints. */
export interface CompassRun {
  readonly child: ChildProcess
  /** Resolves with the first line that fits, or null when the process ends before. */
  until(fits: (line: CompassLine) => boolean): Promise<boolean>
  readonly ended: Promise<{ readonly code: number | null; readonly errors: string }>
}

/** Starts it; the process is among `running` until it ends, for whoever must end it. */
export function startCompassProcess(
  configPath: string,
  secrets: Readonly<Record<string, string>>,
  running: Set<ChildProcess>,
): CompassRun {
  const env = { ...process.env, ...secrets }
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
  const ended = new Promise<{ code: number | null; errors: string }>((resolve) => {
    child.once('close', (code) => {
      running.delete(child)
      over = true
      wake()
      resolve({ code, errors })
    })
  })
  return {
    child,
    ended,
    until: (fits) =>
      new Promise((resolve) => {
        const look = () => {
          const found = lines.some(fits)
          if (!found && !over) return
          waiting.delete(look)
          resolve(found)
        }
        waiting.add(look)
        look()
      }),
  }
}
