import { readFileSync } from 'node:fs'
import { createBeacon, createRpc, parseAnswer, quantity } from '@meridian/chain'
import type { SourcePorts } from '@meridian/consensus'
import type { Logger } from 'pino'
import { type ChainContext, defaultTuning, type Tuning } from './chain-context.ts'
import { type Compass, createCompass } from './compass.ts'
import { resolveSigner, type Secrets } from './config/config.ts'
import type { ChainConfig, CompassConfig } from './config/schema.ts'
import { consensusRegistry } from './consensus-registry.ts'
import { ConfigError } from './errors.ts'
import { createLog } from './log.ts'
import { openStore } from './store/open.ts'

/** Compass over a store of its own. */
export interface OpenCompass extends Compass {
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
  try {
    const chains = await Promise.all(config.chains.map((chain) => connect(chain, secrets)))
    const compass = createCompass({ chains, lanes: config.lanes, store, log })
    return {
      ...compass,
      async close() {
        await compass.stop()
        await store.close()
      },
    }
  } catch (error) {
    await store.close()
    throw error
  }
}

/** A chain out of its configuration. An endpoint that serves another chain is refused; one that is down is not. */
export async function connect(chain: ChainConfig, secrets: Secrets): Promise<ChainContext> {
  const rpc = createRpc({ urls: chain.rpc })
  const ports: SourcePorts =
    chain.beacon === undefined ? { rpc } : { rpc, beacon: createBeacon({ urls: chain.beacon }) }
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
    mos: chain.mos,
    startBlock: chain.startBlock,
    signer: chain.signer === undefined ? null : resolveSigner(chain.signer, secrets),
    tuning: tuningOf(chain),
  }
}

function tuningOf(chain: ChainConfig): Tuning {
  return {
    pollMs: chain.pollMs ?? defaultTuning.pollMs,
    maxSpan: chain.maxSpan ?? defaultTuning.maxSpan,
    maxFeePerGas: chain.maxFeePerGas ?? defaultTuning.maxFeePerGas,
    minPriorityFeePerGas: chain.minPriorityFeePerGas ?? defaultTuning.minPriorityFeePerGas,
    bumpAfterMs: chain.bumpAfterMs ?? defaultTuning.bumpAfterMs,
    rebroadcastMs: chain.rebroadcastMs ?? defaultTuning.rebroadcastMs,
    lostAfterMs: chain.lostAfterMs ?? defaultTuning.lostAfterMs,
    maxInFlight: chain.maxInFlight ?? defaultTuning.maxInFlight,
    maxBatch: chain.maxBatch ?? defaultTuning.maxBatch,
    maxTransactionGas: chain.maxTransactionGas ?? defaultTuning.maxTransactionGas,
    maintainMs: chain.maintainMs ?? defaultTuning.maintainMs,
    combineUpdates: chain.combineUpdates ?? defaultTuning.combineUpdates,
  }
}
