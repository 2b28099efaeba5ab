import { readFileSync } from 'node:fs'
import { type CompassConfig, ConfigError, parseConfig, parseConfigFile, type Secrets } from '@meridian/compass'
import { networks } from '@meridian/consensus/ethereum'
import type { Deployment } from '../deploy/deployment.ts'
import { UsageError } from '../errors.ts'
import { readText } from '../files.ts'
import type { Io } from '../io.ts'

/** Compass' configuration for a deployment: a lane for each light client, and one for each route over a hub. */
export function configFrom(deployed: Deployment, signer: string, store: string): Readonly<Record<string, unknown>> {
  return {
    store,
    chains: deployed.chains.map((chain) => ({
      id: String(chain.chainId),
      name: chain.name,
      consensus: chain.consensus,
      network: Object.values(networks).find(({ chainId }) => chainId === chain.chainId)?.name ?? networkOf(chain),
      rpc: [chain.rpc],
      ...(chain.beacon === undefined ? {} : { beacon: [chain.beacon] }),
      mos: chain.mos,
      ...(chain.hub === undefined ? {} : { hub: chain.hub }),
      startBlock: String(chain.fromBlock),
      signer,
    })),
    lanes: deployed.chains.flatMap((chain) => [
      ...chain.lightClients.map((client) => ({ from: String(client.chainId), to: String(chain.chainId) })),
      ...chain.hubRoutes.map(({ chainId, via }) => ({
        from: String(chainId),
        to: String(chain.chainId),
        via: String(via),
      })),
    ]),
  }
}

function networkOf({ epochLength }: Deployment['chains'][number]): string {
  return epochLength === undefined ? 'beacon' : `epoch-${epochLength}`
}

/** A configuration file with what the environment sets over it. @throws {@link UsageError} its first problem. */
export function readConfig(path: string, io: Io, withoutSigners = false): CompassConfig {
  const text = readText(path)
  return checked(path, () => parseConfigFile(text, io.env, { withoutSigners }).config)
}

/** A configuration made of a deployment. @throws {@link UsageError} */
export function deployedConfig(path: string, deployed: Deployment, key: string, store: string): CompassConfig {
  return checked(path, () => parseConfig(configFrom(deployed, key, store)))
}

function checked<T>(source: string, parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    if (error instanceof ConfigError) throw new UsageError(source, error.context.problems[0] ?? error.message)
    throw error
  }
}

/** Where the process finds secrets. */
export const secretsOf = (io: Io): Secrets => ({
  env: io.env,
  readFile: (path) => readFileSync(path, 'utf8'),
})
