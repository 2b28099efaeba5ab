import { MeridianError, plainText } from '@meridian/core'
import { Command, CommanderError } from 'commander'
import { BaseError } from 'viem'
import { claimCommand } from './commands/claim.ts'
import { compassCommand } from './commands/compass.ts'
import { configCommand } from './commands/config.ts'
import { deployCommand } from './commands/deploy.ts'
import { lightClientCommand } from './commands/light-client.ts'
import { quoteCommand } from './commands/quote.ts'
import { sendCommand } from './commands/send.ts'
import { statusCommand } from './commands/status.ts'
import { topUpCommand } from './commands/topup.ts'
import { exitCode, UsageError } from './errors.ts'
import type { Io } from './io.ts'

/**
 * Runs one command line and returns the exit code: 0 done, 1 failed, 2 the flags or files are unusable. A failure is
 * one line on standard error.
 */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  let code: number = exitCode.ok
  const program = new Command('meridian')
    .description('Messages between blockchains, verified by light clients')
    .version('0.1.0')
    .helpCommand(false)
  const commands = [
    deployCommand,
    quoteCommand,
    sendCommand,
    statusCommand,
    topUpCommand,
    claimCommand,
    compassCommand,
    configCommand,
    lightClientCommand,
  ]
  for (const build of commands) {
    program.addCommand(
      build(io, (result) => {
        code = result
      }),
    )
  }
  return parseAndRun(program, argv, io, () => code)
}

/** Parses a command line and runs its action. Errors become one line and an exit code. */
export async function parseAndRun(
  program: Command,
  argv: readonly string[],
  io: Io,
  code: () => number,
): Promise<number> {
  prepare(program, io)
  try {
    await program.parseAsync(argv, { from: 'user' })
    return code()
  } catch (error) {
    return report(error, io, program.name())
  }
}

/** Commander must throw, not exit, and must leave the reporting of errors to us: one line each. */
function prepare(command: Command, io: Io): void {
  command.exitOverride()
  command.configureOutput({ writeOut: (text) => io.out(text.trimEnd()), writeErr: () => {}, outputError: () => {} })
  command.allowExcessArguments(false)
  for (const child of command.commands) prepare(child, io)
}

function report(error: unknown, io: Io, name: string): number {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return exitCode.ok
    const text = error.code === 'commander.help' ? `no command given; see ${name} --help` : error.message
    io.err(line(name, text.replace(/^error: /, '')))
    return exitCode.usage
  }
  if (error instanceof UsageError) {
    io.err(line(name, error.message))
    return exitCode.usage
  }
  io.err(line(name, describe(error)))
  return exitCode.failed
}

/** What a person needs of an error, in one line. */
export function describe(error: unknown): string {
  if (error instanceof MeridianError) return error.message
  if (error instanceof BaseError) {
    const details = error.details === undefined || error.details === '' ? '' : ` (${error.details})`
    return `${error.shortMessage}${details}`
  }
  return error instanceof Error ? error.message : String(error)
}

function line(name: string, text: string): string {
  return `${name}: ${plainText(text.replace(/\s*\n\s*/g, ' ').trim())}`
}
