import { type CompassConfig, openCompass, StoreLockedError } from '@meridian/compass'
import { Command } from 'commander'
import { deployedConfig, readConfig, secretsOf } from '../compass/config.ts'
import { readDeployment } from '../deploy/deployment.ts'
import { RunError, UsageError } from '../errors.ts'
import type { Io } from '../io.ts'
import { accountOf, choiceFlag } from '../values.ts'
import { operatorCommands } from './operate.ts'

const levels = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const

interface Flags {
  readonly deployment?: string
  readonly key?: string
  readonly store?: string
  readonly config?: string
  readonly logLevel?: (typeof levels)[number]
  readonly dryRun?: true
}

/** `meridian compass …`. */
export function compassCommand(io: Io, finish: (code: number) => void): Command {
  const command = new Command('compass').description('the service that carries messages').addCommand(startCommand(io))
  for (const child of operatorCommands(io, finish)) command.addCommand(child)
  return command
}

function startCommand(io: Io): Command {
  return new Command('start')
    .description('follow every chain, keep its light clients in step and deliver its messages')
    .option('--config <file>', "Compass' configuration")
    .option('--deployment <file>', 'instead: deployment file, as `meridian deploy` writes it')
    .option('--key <reference>', 'with --deployment: key that pays on every chain, env:NAME or file:PATH')
    .option('--store <folder>', 'with --deployment: where Compass remembers')
    .option('--dry-run', 'send nothing and need no signer: say what would be sent. The store is in memory')
    .option('--log-level <level>', levels.join(', '), choiceFlag(levels))
    .action(async (flags: Flags) => {
      const config = configOf(flags, io)
      const compass = await open(config, flags.dryRun === true, io)
      try {
        compass.start()
        if (!io.signal.aborted) {
          await new Promise((resolve) => io.signal.addEventListener('abort', resolve, { once: true }))
        }
      } finally {
        await compass.close()
      }
    })
}

function configOf(flags: Flags, io: Io): CompassConfig {
  const level = flags.logLevel === undefined ? {} : { logLevel: flags.logLevel }
  if (flags.config !== undefined) {
    const other = (['deployment', 'key', 'store'] as const).find((name) => flags[name] !== undefined)
    if (other !== undefined) throw new UsageError(`--${other}`, 'cannot be given with --config')
    return { ...readConfig(flags.config, io, flags.dryRun === true), ...level }
  }
  const { deployment, key, store } = flags
  if (deployment === undefined) throw new UsageError('--deployment', 'or --config is needed')
  if (key === undefined) throw new UsageError('--key', 'is needed with --deployment')
  if (store === undefined) throw new UsageError('--store', 'is needed with --deployment')
  accountOf('--key', key, io.env)
  return { ...deployedConfig(deployment, readDeployment(deployment), key, store), ...level }
}

async function open(config: CompassConfig, dryRun: boolean, io: Io) {
  try {
    return await openCompass(config, { secrets: secretsOf(io), dryRun })
  } catch (error) {
    if (error instanceof StoreLockedError) throw new RunError('compass', error.message, { cause: error })
    throw error
  }
}
