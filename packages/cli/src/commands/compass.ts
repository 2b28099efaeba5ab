import { readFileSync } from 'node:fs'
import { type CompassConfig, ConfigError, openCompass, parseConfig, StoreLockedError } from '@meridian/compass'
import { networks } from '@meridian/consensus/ethereum'
import { Command } from 'commander'
import { type DeployedChain, type Deployment, readDeployment } from '../deploy/deployment.ts'
import { RunError, UsageError } from '../errors.ts'
import { readJson } from '../files.ts'
import type { Io } from '../io.ts'
import { accountOf, choiceFlag } from '../values.ts'

const levels = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const

interface Flags {
  readonly deployment?: string
  readonly key?: string
  readonly store?: string
  readonly config?: string
  readonly logLevel?: (typeof levels)[number]
}

/** `meridian compass …`. */
export function compassCommand(io: Io): Command {
  return new Command('compass').description('the service that carries messages').addCommand(startCommand(io))
}

function startCommand(io: Io): Command {
  return new Command('start')
    .description('follow every chain of a deployment, keep its light clients in step and deliver its messages')
    .option('--deployment <file>', 'deployment file, as `meridian deploy` writes it')
    .option('--key <reference>', 'with --deployment: key that pays on every chain, env:NAME or file:PATH')
    .option('--store <folder>', 'with --deployment: where Compass remembers')
    .option('--config <file>', "instead of the three above: Compass' own configuration")
    .option('--log-level <level>', levels.join(', '), choiceFlag(levels))
    .action(async (flags: Flags) => {
      const config = configOf(flags, io)
      const compass = await open(config, io)
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
    const { config } = flags
    return { ...checked(config, () => parseConfig(readJson(config))), ...level }
  }
  const { deployment, key, store } = flags
  if (deployment === undefined) throw new UsageError('--deployment', 'or --config is needed')
  if (key === undefined) throw new UsageError('--key', 'is needed with --deployment')
  if (store === undefined) throw new UsageError('--store', 'is needed with --deployment')
  accountOf('--key', key, io.env)
  const deployed = readDeployment(deployment)
  return checked(deployment, () => parseConfig({ ...level, ...configFrom(deployed, key, store) }))
}

/** Compass' configuration for a deployment: a lane for each light client, and one for each route over a hub. */
function configFrom(deployed: Deployment, signer: string, store: string): Readonly<Record<string, unknown>> {
  return {
    store,
    chains: deployed.chains.map((chain) => ({
      id: chain.chainId,
      name: chain.name,
      consensus: chain.consensus,
      network: networkOf(chain),
      rpc: [chain.rpc],
      ...(chain.beacon === undefined ? {} : { beacon: [chain.beacon] }),
      mos: chain.mos,
      ...(chain.hub === undefined ? {} : { hub: chain.hub }),
      startBlock: chain.fromBlock,
      signer,
    })),
    lanes: deployed.chains.flatMap((chain) => [
      ...chain.lightClients.map((client) => ({ from: client.chainId, to: chain.chainId })),
      ...chain.hubRoutes.map(({ chainId, via }) => ({ from: chainId, to: chain.chainId, via })),
    ]),
  }
}

/** A network by name, or what tells Compass how to read the chain. */
function networkOf({ chainId, epochLength }: DeployedChain): string {
  if (epochLength !== undefined) return `epoch-${epochLength}`
  return Object.values(networks).find((network) => network.chainId === chainId)?.name ?? 'beacon'
}

async function open(config: CompassConfig, io: Io) {
  const secrets = { env: io.env, readFile: (path: string) => readFileSync(path, 'utf8') }
  try {
    return await openCompass(config, { secrets })
  } catch (error) {
    if (error instanceof StoreLockedError) throw new RunError('compass', error.message, { cause: error })
    throw error
  }
}

function checked<T>(source: string, parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    if (error instanceof ConfigError) throw new UsageError(source, error.context.problems[0] ?? error.message)
    throw error
  }
}
