import type { EndpointHealth } from '@meridian/chain'

/** A head as an endpoint told it. */
export interface EndpointHead {
  readonly number: bigint
  /** Unix seconds. */
  readonly timestamp: bigint
}

/** An endpoint as an operator looks at it; nothing in it is what its URL keeps to itself. Times are milliseconds. */
export interface EndpointOverview {
  readonly chainId: bigint
  /** Its place in the configuration, as in `rpc[0]`. */
  readonly name: string
  readonly host: string
  /** `limited`: left alone, as it asked to be. `resting`: asked last, since it failed. */
  readonly state: 'asked' | 'resting' | 'limited'
  /** In a row. */
  readonly failures: number
  readonly restUntil: number
  readonly limitedUntil: number
  /** Smoothed; null before the first answer. */
  readonly latencyMs: number | null
  readonly lastError: string | null
  /** Since the start. */
  readonly requests: number
  readonly errors: number
  readonly rateLimits: number
  readonly wrongAnswers: number
  readonly disagreements: number
  /** Blocks of one log query, as its limits turned out to be. */
  readonly logBlocks: bigint
  /** Null while it is not known, and for what is no execution node. */
  readonly head: (EndpointHead & { readonly lagSeconds: number; readonly ageSeconds: number }) | null
}

/**
 * A chain's endpoints as they stand. A head lags by its distance to the newest one that any of them has. Pure.
 *
 * @param heads By name. @param now Milliseconds since the epoch.
 */
export function endpointOverviews(
  chainId: bigint,
  endpoints: readonly EndpointHealth[],
  heads: ReadonlyMap<string, EndpointHead>,
  now: number,
): readonly EndpointOverview[] {
  const newest = [...heads.values()].reduce((best, { timestamp }) => (timestamp > best ? timestamp : best), 0n)
  return endpoints.map(({ name, host, failures, restUntil, limitedUntil, latencyMs, lastError, ...rest }) => {
    const { requests, errors, rateLimits, wrongAnswers, disagreements, logBlocks } = rest
    const head = heads.get(name)
    return {
      chainId,
      name,
      host,
      state: limitedUntil > now ? 'limited' : restUntil > now ? 'resting' : 'asked',
      failures,
      restUntil,
      limitedUntil,
      latencyMs,
      lastError,
      requests,
      errors,
      rateLimits,
      wrongAnswers,
      disagreements,
      logBlocks,
      head:
        head === undefined
          ? null
          : {
              ...head,
              lagSeconds: Number(newest - head.timestamp),
              ageSeconds: Math.max(0, Math.floor(now / 1_000) - Number(head.timestamp)),
            },
    }
  })
}
