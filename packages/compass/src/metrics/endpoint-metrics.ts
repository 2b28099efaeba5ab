import { Counter, Gauge, type Registry } from 'prom-client'
import type { EndpointOverview } from './endpoints.ts'

/** Two endpoints may share a host: the place in the configuration tells them apart. */
const labelNames = ['chain', 'endpoint', 'host'] as const

/** The figures of endpoints, in a registry. What was true before and is not in the sample is gone. */
export function createEndpointMetrics(registry: Registry): { sample(endpoints: readonly EndpointOverview[]): void } {
  const registers = [registry]
  const gauge = (name: string, help: string) =>
    new Gauge({ name: `meridian_endpoint_${name}`, help, labelNames, registers })
  const counter = <L extends string = never>(name: string, help: string, more: readonly L[] = []) =>
    new Counter({ name: `meridian_endpoint_${name}`, help, labelNames: [...labelNames, ...more], registers })

  const failures = gauge('failures', 'Requests in a row that failed')
  const healthy = gauge('healthy', '1 while an endpoint is asked, 0 while it rests')
  const latency = gauge('latency_seconds', 'Of an answer, smoothed')
  const limitedUntil = gauge('limited_until_timestamp_seconds', 'Until when it asked to be left alone; 0: it did not')
  const headLag = gauge('head_lag_seconds', "From its newest block to the newest one of the chain's endpoints")
  const headAge = gauge('head_age_seconds', "From its newest block to this machine's clock")
  const requests = counter('requests_total', 'Requests made of it')
  const errors = counter('errors_total', 'Requests that failed, and answers that were wrong')
  const rateLimits = counter('rate_limits_total', 'Times that it said that it is asked too often')
  const wrong = counter('wrong_answers_total', 'Answers found wrong, by data or by a quorum of the others', ['by'])
  const all = [failures, healthy, latency, limitedUntil, headLag, headAge, requests, errors, rateLimits, wrong]

  return {
    sample(endpoints) {
      for (const one of all) one.reset()
      for (const one of endpoints) {
        const at = { chain: String(one.chainId), endpoint: one.name, host: one.host }
        failures.set(at, one.failures)
        healthy.set(at, one.state === 'asked' ? 1 : 0)
        if (one.latencyMs !== null) latency.set(at, one.latencyMs / 1_000)
        limitedUntil.set(at, one.state === 'limited' ? one.limitedUntil / 1_000 : 0)
        if (one.head !== null) headLag.set(at, one.head.lagSeconds)
        if (one.head !== null) headAge.set(at, one.head.ageSeconds)
        requests.inc(at, one.requests)
        errors.inc(at, one.errors)
        rateLimits.inc(at, one.rateLimits)
        wrong.inc({ ...at, by: 'data' }, one.wrongAnswers)
        wrong.inc({ ...at, by: 'quorum' }, one.disagreements)
      }
    },
  }
}
