import { readFileSync } from 'node:fs'
import { createBeacon, createRpc, parseAnswer, quantity } from '@meridian/chain'
import type { SourcePorts } from '@meridian/consensus'
import type { Logger } from 'pino'
import type { ChainContext, ClaimRule, Tuning } from './chain-context.ts'
import { type Compass, createCompass } from './compass.ts'
import type { ChainConfig, CompassConfig } from './config/schema.ts'
import { consensusRegistry } from './consensus-registry.ts'
import { ConfigError } from './errors.ts'
import { createLog } from './log.ts'
import { createMetrics } from './metrics/metrics.ts'
import { type MetricsServer, serveMetrics } from './metrics/server.ts'
import { resolveUrl, type Secrets } from './secrets/reference.ts'
import { resolveSigner } from './secrets/signer.ts'
import { openStore } from './store/open.ts'

/** Compass over a store of its own. */
export interface OpenCompass extends Compass {
  /** Where its metrics are; null where the configuration has none. */
  readonly metricsUrl: string | null
  /** Stops, and closes the store. */
  close(): Promise<void>
}

/** What may be handed in. */
export interface OpenOptions {
  readonly secrets?: Secrets
  readonly log?: Logger
}

/** Secrets of the process: its environment and files. */
export const processSecrets: Secrets = {
  env: process.env,
  readFile: (path) => readFileSync(path, 'utf8'),
}

/**
 * Compass from a configuration: opens the store, connects the chains.
 *
 * @throws {StoreLockedError} another Compass holds the folder. @throws {ConfigError} one line a problem.
 */
export async function openCompass(config: CompassConfig, options: OpenOptions = {}): Promise<OpenCompass> {
  const log = options.log ?? createLog(config.logLevel)
  const secrets = options.secrets ?? processSecrets
  const store = await openStore(config.store)
  let server: MetricsServer | null = null
  try {
    const chains = await Promise.all(config.chains.map((chain) => connect(chain, secrets)))
    const metrics = createMetrics()
    const { lanes, supply, supplyMs } = config
    const compass = createCompass({ chains, lanes, store, log, supply, supplyMs, metrics })
    server = config.metrics === undefined ? null : await serveMetrics(metrics, config.metrics.port)
    const metricsUrl = server?.url ?? null
    if (metricsUrl !== null) log.info({ metricsUrl }, 'metrics')
    const running = server
    return {
      ...compass,
      metricsUrl,
      async close() {
        await compass.stop()
        await running?.stop()
        await store.close()
      },
    }
  } catch (error) {
    await server?.stop()
    await store.close()
    throw error
  }
}

/** A chain out of its configuration. An endpoint that serves another chain is refused; one that is down is not. */
export async function connect(chain: ChainConfig, secrets: Secrets): Promise<ChainContext> {
  const urls = (key: 'rpc' | 'beacon', given: readonly string[]) =>
    given.map((url) => resolveUrl(`chains.${chain.name}.${key}`, url, secrets))
  const rpc = createRpc({ urls: urls('rpc', chain.rpc) })
  const ports: SourcePorts =
    chain.beacon === undefined ? { rpc } : { rpc, beacon: createBeacon({ urls: urls('beacon', chain.beacon) }) }
  const given = await rpc.request('eth_chainId', []).catch(() => null)
  if (given !== null && parseAnswer(quantity, 'eth_chainId', given) !== chain.id)
    throw new ConfigError([
      `chains.${chain.name}.rpc: the endpoint serves chain ${BigInt(String(given))}, not ${chain.id}`,
    ])
  const settings = { chainId: chain.id, network: chain.network }
  return {
    id: chain.id,
    name: chain.name,
    consensus: await consensusRegistry[chain.consensus](settings, ports),
    ports,
    endpoints: rpc.endpoints,
    mos: chain.mos,
    startBlock: chain.startBlock,
    signer: chain.signer === undefined ? null : await resolveSigner(chain.signer, secrets),
    moreSigners: await Promise.all(chain.moreSigners.map((one) => resolveSigner(one, secrets))),
    payee: chain.payee ?? null,
    claims: claimRuleOf(chain),
    tuning: tuningOf(chain),
  }
}

function claimRuleOf({ claims }: ChainConfig): ClaimRule | null {
  if (claims === false) return null
  return { ...claims, minAmount: claims.minAmount ?? null }
}

function tuningOf(chain: ChainConfig): Tuning {
  return {
    pollMs: chain.pollMs,
    maxSpan: chain.maxSpan,
    maxFeePerGas: chain.maxFeePerGas,
    minPriorityFeePerGas: chain.minPriorityFeePerGas,
    bumpAfterMs: chain.bumpAfterMs,
    rebroadcastMs: chain.rebroadcastMs,
    lostAfterMs: chain.lostAfterMs,
    maxInFlight: chain.maxInFlight,
    maxBatch: chain.maxBatch,
    maxTransactionGas: chain.maxTransactionGas,
    maintainMs: chain.maintainMs,
    combineUpdates: chain.combineUpdates,
    recordExpiry: chain.recordExpiry,
  }
}
