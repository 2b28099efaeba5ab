import type { ChildProcess } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type CompassRun, startCompassProcess } from './compass-run.ts'
import { useWorld, type World, type WorldRun } from './use-compass.ts'

/** What a file's tests run on. */
export interface ProcessParts<W extends World> {
  start(): Promise<W>
  /** What Compass' configuration file holds, with its store in a folder. */
  config(world: W, store: string): object
  /** Variables that hold the keys. */
  secrets(world: W): Readonly<Record<string, string>>
  readonly noStore?: boolean
}

/** A world whose Compasses are processes of their own, to be killed. */
export interface WorldWithProcesses<W extends World> extends WorldRun<W> {
  /** Starts one on the store. It ends with the file's tests if nothing has ended it before. */
  startCompass(): CompassRun
}

/** Starts a world before the tests of a file, and stops it and every Compass after them. */
export function useCompassProcesses<W extends World>(parts: ProcessParts<W>): WorldWithProcesses<W> {
  const running = new Set<ChildProcess>()
  let configPath: string
  const run = useWorld(() => parts.start(), {
    noStore: parts.noStore ?? false,
    begin: async () => {
      configPath = join(run.folder(), 'compass.json')
      writeFileSync(configPath, JSON.stringify(parts.config(run.world(), run.store())))
    },
    end: () => {
      for (const child of running) child.kill('SIGKILL')
    },
  })
  return { ...run, startCompass: () => startCompassProcess(configPath, parts.secrets(run.world()), running) }
}
