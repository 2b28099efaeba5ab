import { createBeacon, createRpc, type EndpointMemory, quantity, type Rpc } from '@meridian/chain'
import type { SourcePorts } from '@meridian/consensus'
import type { Logger } from 'pino'
import type { ChainContext } from './chain-context.ts'
import { systemClock } from './clock.ts'
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
  const over = { fetch: stoppable, onPassOver, known, now: systemClock.now }
  const rpc = createRpc({ urls: urls('rpc', chain.rpc), chainId: chain.id, maxLogBlocks: chain.maxSpan, ...over })
  const beacon = chain.beacon === undefined ? null : createBeacon({ urls: urls('beacon', chain.beacon), ...over })
  const ports: SourcePorts = beacon === null ? { rpc } : { rpc, beacon }
  await requireChain(chain, rpc)
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

/** Each endpoint for itself: one that is down is asked when it is back. @throws {ConfigError} one serves another chain. */
async function requireChain({ id, name }: ChainConfig, rpc: Rpc): Promise<void> {
  const given = await Promise.all(
    rpc.nodes().map(async (node) => {
      const answer = quantity.safeParse(await node.request('eth_chainId', []).catch(() => null))
      if (!answer.success || answer.data === id) return []
      return [`chains.${name}.${node.name}: the endpoint serves chain ${answer.data}, not ${id}`]
    }),
  )
  const problems = given.flat()
  if (problems.length > 0) throw new ConfigError(problems)
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
