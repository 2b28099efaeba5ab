import { createBeacon, createRpc, type EndpointMemory, parseAnswer, quantity } from '@meridian/chain'
import type { SourcePorts } from '@meridian/consensus'
import type { Logger } from 'pino'
import type { ChainContext } from './chain-context.ts'
import type { ChainConfig } from './config/schema.ts'
import { consensusRegistry } from './consensus-registry.ts'
import { ConfigError } from './errors.ts'
import { resolveUrl, type Secrets } from './secrets/reference.ts'
import { resolveSigner } from './secrets/signer.ts'
import type { ClaimRule, Tuning } from './tuning.ts'

/**
 * A chain out of its configuration. An endpoint that serves another chain is refused; one that is down is not.
 *
 * @param stopped Ends every request, those on their way as well.
 * @param log Names endpoints that are passed over for what they answered.
 * @param known What is remembered of the chain's endpoints.
 */
export async function connect(
  chain: ChainConfig,
  secrets: Secrets,
  stopped: AbortSignal = new AbortController().signal,
  log?: Logger,
  known: readonly EndpointMemory[] = [],
): Promise<ChainContext> {
  // what is on its way when Compass ends is not waited for
  const stoppable = (url: string, init: RequestInit): Promise<Response> =>
    fetch(url, { ...init, signal: init.signal == null ? stopped : AbortSignal.any([stopped, init.signal]) })

  const urls = (key: 'rpc' | 'beacon', given: readonly string[]) =>
    given.map((url) => resolveUrl(`chains.${chain.name}.${key}`, url, secrets))
  const onPassOver = (host: string, reason: Error): void =>
    log?.warn({ chain: chain.name, host, detail: reason.message }, 'an endpoint is passed over: its answer is wrong')
  const over = { fetch: stoppable, onPassOver, known }
  const rpc = createRpc({ urls: urls('rpc', chain.rpc), maxLogBlocks: chain.maxSpan, ...over })
  const beacon = chain.beacon === undefined ? null : createBeacon({ urls: urls('beacon', chain.beacon), ...over })
  const ports: SourcePorts = beacon === null ? { rpc } : { rpc, beacon }
  const given = await rpc.request('eth_chainId', []).catch(() => null)
  if (given !== null && parseAnswer(quantity, 'eth_chainId', given) !== chain.id)
    throw new ConfigError([
      `chains.${chain.name}.rpc: the endpoint serves chain ${BigInt(String(given))}, not ${chain.id}`,
    ])
  const settings = { chainId: chain.id, network: chain.network }
  const healths = () => [...rpc.endpoints(), ...(beacon?.endpoints() ?? [])]
  return {
    id: chain.id,
    name: chain.name,
    consensus: await consensusRegistry[chain.consensus](settings, ports),
    ports,
    endpoints: healths,
    nodes: rpc.nodes,
    remembered: {
      known: known.filter(({ id }) => healths().some((one) => one.id === id)),
      now: () => [...rpc.memory(), ...(beacon?.memory() ?? [])],
    },
    mos: chain.mos,
    ...(chain.hub === undefined ? {} : { hub: chain.hub }),
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
    quorum: chain.quorum,
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
    ...(chain.l1FeeOracle === undefined ? {} : { l1FeeOracle: chain.l1FeeOracle }),
  }
}
