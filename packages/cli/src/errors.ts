import { MeridianError } from '@meridian/core'

/** The caller gave a flag or a file that cannot be used: exit code 2. */
export class UsageError extends MeridianError<'USAGE', { readonly source: string; readonly given?: string }> {
  constructor(source: string, problem: string, given?: string) {
    super('USAGE', `${source}: ${problem}`, given === undefined ? { source } : { source, given })
  }
}

/** What was asked for could not be done: exit code 1. */
export class RunError extends MeridianError<'RUN_FAILED', { readonly action: string }> {
  constructor(action: string, problem: string, options?: ErrorOptions) {
    super('RUN_FAILED', `${action}: ${problem}`, { action }, options)
  }
}

/** Exit codes of the command. */
export const exitCode = { ok: 0, failed: 1, usage: 2 } as const
