import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Io } from './io.ts'
import { run } from './run.ts'

/** What a command line did. */
export interface Ran {
  readonly code: number
  readonly out: readonly string[]
  readonly err: readonly string[]
}

/** Runs a command line inside the test's own process. */
export async function runIn(argv: readonly string[], env: Io['env'] = {}): Promise<Ran> {
  const out: string[] = []
  const err: string[] = []
  const code = await run(argv, {
    env,
    out: (line) => void out.push(line),
    err: (line) => void err.push(line),
    signal: new AbortController().signal,
    now: () => 0,
    sleep: async () => {},
  })
  return { code, out, err }
}

/** A folder for one test, removed with it. */
export function scratch(test: { after(run: () => void): void }): (name: string, content: unknown) => string {
  const folder = mkdtempSync(join(tmpdir(), 'meridian-cli-'))
  test.after(() => rmSync(folder, { recursive: true, force: true }))
  return (name, content) => {
    const path = join(folder, name)
    writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
    return path
  }
}
