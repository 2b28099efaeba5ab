import type { EndpointHealth } from '@meridian/chain'

/** An endpoint that answers. */
export const testHealth = (host: string, change: Partial<EndpointHealth> = {}): EndpointHealth => ({
  id: '0x01',
  name: 'rpc[0]',
  host,
  failures: 0,
  restUntil: 0,
  limitedUntil: 0,
  score: 1,
  requests: 0,
  errors: 0,
  rateLimits: 0,
  wrongAnswers: 0,
  disagreements: 0,
  lastError: null,
  latencyMs: null,
  logBlocks: 2_000n,
  ...change,
})
